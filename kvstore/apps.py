"""The app."""

from django.apps import AppConfig


class KvstoreConfig(AppConfig):
    """Versioned key/value records."""

    name = "kvstore"
    verbose_name = "Key/value"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks."""
        from kvstore import checks  # noqa: F401, PLC0415 - registered by being imported

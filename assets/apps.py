"""The app."""

from django.apps import AppConfig


class AssetsConfig(AppConfig):
    """Build artifacts by name."""

    name = "assets"
    verbose_name = "Assets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks."""
        from assets import checks  # noqa: F401, PLC0415 - registered by being imported

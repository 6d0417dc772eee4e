"""The app."""

from django.apps import AppConfig


class KvstoreConfig(AppConfig):
    """Versioned key/value records."""

    name = "kvstore"
    verbose_name = "Key/value"
    default_auto_field = "django.db.models.BigAutoField"

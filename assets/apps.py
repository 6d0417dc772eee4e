"""The app."""

from django.apps import AppConfig


class AssetsConfig(AppConfig):
    """Build artifacts by name."""

    name = "assets"
    verbose_name = "Assets"
    default_auto_field = "django.db.models.BigAutoField"

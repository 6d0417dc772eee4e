"""The app."""

from django.apps import AppConfig


class PowerplantConfig(AppConfig):
    """Production plans."""

    name = "powerplant"
    verbose_name = "Production plans"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks."""
        from powerplant import checks  # noqa: F401, PLC0415 - registered by being imported

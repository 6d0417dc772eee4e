"""The project as an app, for its commands and templates."""

from django.apps import AppConfig


class BuildserverConfig(AppConfig):
    """Commands and templates of the project."""

    name = "buildserver"
    verbose_name = "buildserver"

    def ready(self) -> None:
        """Register the checks."""
        from buildserver import checks, schema  # noqa: F401, PLC0415 - registered by being imported

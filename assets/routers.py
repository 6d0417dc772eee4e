"""Keeps the index in the database that ASSETS_DATABASE names."""

from typing import Any

from django.db.models import Model

from assets.conf import conf

LABEL = "assets"


class IndexRouter:
    """For DATABASE_ROUTERS. With ASSETS_DATABASE at `default` it changes nothing."""

    def db_for_read(self, model: type[Model], **_hints: Any) -> str | None:
        """The index's database for the rows of this app; others decide for themselves."""
        return conf.database if model._meta.app_label == LABEL else None  # noqa: SLF001 - Django's documented name

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool | None:
        """Into a database of the index alone goes only the index. `default` gets its tables in any case.

        A migration that was skipped there would be recorded as done and its tables would be missing later.
        """
        return app_label == LABEL if db == conf.database != "default" else None

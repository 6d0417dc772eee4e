"""What carries plans from the process that made them to those that are watched: a file, a table or a Redis channel."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from django.apps import apps
from django.db import connections, router

from powerplant.conf import conf
from powerplant.live.carriers.channel import Channel
from powerplant.live.carriers.file import File
from powerplant.live.carriers.table import Table

__all__ = ["Carrier", "Channel", "File", "Table", "Unsupported", "current"]


class Unsupported(RuntimeError):
    """The database can carry nothing, and POWERPLANT_LIVE names nothing else."""


class Carrier(Protocol):
    """Used by one thread of a process. Every method may raise what its library raises; then comes `close`."""

    @property
    def watching(self) -> bool:
        """Between `watch` and `unwatch`."""

    def watched(self) -> bool:
        """Whether any process watches."""

    def write(self, texts: Sequence[bytes]) -> None:
        """Hand on all of them, in their order."""

    def watch(self) -> None:
        """Watch from here on; to be called again before each `read`, so that other processes know it goes on."""

    def read(self) -> list[bytes]:
        """What any process wrote since, the oldest first. Does not wait."""

    def unwatch(self) -> None:
        """Watch no more."""

    def close(self) -> None:
        """Let go of connections; the next call makes new ones, and a watch goes on where it was if it can."""


def current() -> Carrier:
    """The carrier that POWERPLANT_LIVE names; without it that of the database in which plans are kept."""
    if conf.live.startswith(("redis://", "rediss://")):
        return Channel(conf.live)
    if conf.live:
        return File(Path(conf.live))
    alias = router.db_for_write(apps.get_model("powerplant", "StoredPlan"))
    vendor, name = connections[alias].vendor, str(connections[alias].settings_dict["NAME"])
    if vendor == "mysql":
        return Table(alias)
    if vendor == "sqlite" and Path(name).is_absolute():
        return File(Path(name).with_suffix(".live.sqlite3"))
    raise Unsupported(f"the database {name} ({vendor}) carries no live plans: set POWERPLANT_LIVE to a file or a Redis")

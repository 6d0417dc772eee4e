"""Build artifacts from any Python process: `from buildserver.builder import get_asset`, with nothing to set up before.

Where they are is said by ASSETS_URL, DATABASE_URL and the other variables, as for the server; BUILDSERVER_MOCK_S3=1
puts a mock of S3 with sample builds in their place.
"""

import atexit
import io
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

S3_ASSET_BUCKET = "energyhub-assets"
SETTINGS = "buildserver.settings"
TRIES, TRY_AGAIN_S = 200, 0.05
_lock = threading.Lock()
_ready, _ours = threading.Event(), threading.Event()


class UnknownBuild(KeyError):
    """There is no asset of this build."""

    def __str__(self) -> str:
        """The sentence, which KeyError would put in quotes."""
        return str(self.args[0])


def list_assets() -> list[tuple[str, str | None]]:
    """Every build by name, in byte order, with its image: the text of UTF-8 assets up to 4 KiB, None for others."""
    ready()
    from assets import services  # noqa: PLC0415 - Django must be ready

    return [(asset.name, asset.image) for asset in services.every()]


def get_asset(build: str) -> str:
    """The text of a build's asset; raises UnknownBuild, and UnicodeDecodeError where it is no UTF-8 text."""
    return get_asset_bytes(build).decode()


def get_asset_bytes(build: str) -> bytes:
    """The bytes of a build's asset; raises UnknownBuild, assets.names.BadName, assets.stores.base.StoreAway."""
    ready()
    from assets import services  # noqa: PLC0415 - Django must be ready

    try:
        _, pieces = services.read(services.find(build))
    except services.UnknownAsset as fault:
        raise UnknownBuild(str(fault)) from None
    return b"".join(pieces)


def put_asset(build: str, image: str | bytes, *, replace: bool = False) -> str:
    """Store the text or the bytes as the build's asset, durably; returns their SHA-256 in hex.

    replace    whether other bytes that are there give way; otherwise they are an assets.services.Conflict
    raises     also assets.names.BadName, assets.stores.base.Tangled, StoreFull, StoreAway
    """
    ready()
    from assets import services  # noqa: PLC0415 - Django must be ready

    data, kind = (image.encode(), services.TEXT) if isinstance(image, str) else (image, services.OCTETS)
    about = services.About(content_type=kind)
    return services.put(build, io.BytesIO(data), size_bytes=len(data), replace=replace, about=about).asset.sha256


def ready() -> None:
    """Make Django ready if this process did not: with nothing but the assets, since the other apps take longer."""
    if _ready.is_set():
        return
    from django.apps import apps  # noqa: PLC0415 - each caller pays for what it uses

    with _lock:
        if not apps.ready:
            set_up()
            _ours.set()
        if _ours.is_set():
            make_index()
        _ready.set()


def set_up() -> None:
    """Django with the assets alone."""
    import django  # noqa: PLC0415 - only where it is not ready yet
    from django.conf import settings  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    if os.environ["DJANGO_SETTINGS_MODULE"] == SETTINGS:
        slim(settings)
    django.setup(set_prefix=False)
    atexit.register(connections.close_all)


def forget_connections() -> None:
    """A forked child opens its own: one connection in two processes mixes up what they say and destroys a database."""
    from django.db import connections  # noqa: PLC0415 - Django is ready

    for connection in connections.all(initialized_only=True):
        connection.connection = None


def slim(settings: Any) -> None:
    """The project's settings for a process that only stores and fetches; logs only what is wrong, to stderr."""
    from buildserver import logs  # noqa: PLC0415 - the settings have imported it

    settings.INSTALLED_APPS = ["assets"]
    if logging.getLogger().handlers:
        settings.LOGGING_CONFIG = None  # the process has logging of its own
    else:
        settings.LOGGING = logs.config("WARNING")


def make_index() -> None:
    """Give an embedded database the tables of the index, or what a newer version changed in them.

    Any other database is migrated by who owns it.
    """
    from django.db import connections, router  # noqa: PLC0415
    from django.db.utils import OperationalError  # noqa: PLC0415

    from assets.models import Asset  # noqa: PLC0415 - Django must be ready

    alias = router.db_for_write(Asset)
    connection = connections[alias]
    if connection.vendor != "sqlite":
        return
    Path(connection.settings_dict["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in reversed(range(TRIES)):
        try:
            migrate(connection, alias)
        except OperationalError as fault:
            # Who turns a new database to its journal mode is not waited for by sqlite.
            if "locked" not in str(fault) or not left:
                raise
            connection.close()
            time.sleep(TRY_AGAIN_S)
        else:
            return


def migrate(connection: Any, alias: str) -> None:
    """Migrate what is lacking. Of several processes one does it, all or nothing, while the others wait."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import transaction  # noqa: PLC0415

    if not lacking(connection):
        return
    connection.disable_constraint_checking()  # as sqlite wants it before tables change, and before the transaction
    try:
        with transaction.atomic(using=alias):
            if lacking(connection):
                call_command("migrate", "assets", database=alias, verbosity=0, interactive=False, skip_checks=True)
    finally:
        connection.enable_constraint_checking()


def lacking(connection: Any) -> set[str]:
    """The migrations of the index that the database has not had."""
    import assets  # noqa: PLC0415 - its place is all that is asked for

    wanted = {file.stem for file in Path(str(assets.__file__)).with_name("migrations").glob("[0-9]*.py")}
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'django_migrations'")
        if cursor.fetchone() is None:
            return wanted
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'assets'")
        return wanted - {name for (name,) in cursor.fetchall()}

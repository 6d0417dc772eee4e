"""Django in a process that did not set it up: with one app of ours and nothing else, so that it starts soon."""

import atexit
import logging
import os
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SETTINGS = "buildserver.settings"
TRIES, TRY_AGAIN_S = 200, 0.05
_lock = threading.Lock()
_ready = set[str]()
_ours = threading.Event()
_of_parent: list[Any] = []


def ready(app: str) -> None:
    """Make Django ready if this process did not, and see to the app's tables then.

    raises  RuntimeError where it was made ready for another app alone
    """
    if app in _ready:
        return
    from django.apps import apps  # noqa: PLC0415 - each caller pays for what it uses

    with _lock:
        if not apps.ready:
            set_up(app)
            _ours.set()
        if not apps.is_installed(app):
            raise RuntimeError(f"this process is ready for {', '.join(sorted(_ready))} alone, not for {app}")
        if _ours.is_set():
            make_tables(app)
        _ready.add(app)


def set_up(app: str) -> None:
    """Django with this app alone."""
    import django  # noqa: PLC0415 - only where it is not ready yet
    from django.conf import settings  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    if os.environ["DJANGO_SETTINGS_MODULE"] == SETTINGS:
        slim(settings, app)
    django.setup(set_prefix=False)
    atexit.register(connections.close_all)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget_connections)


def forget_connections() -> None:
    """A forked child opens its own: one connection in two processes mixes up what they say and destroys a database.

    The parent's is not closed either, which would be said to the server, or give up locks.
    """
    from django.db import connections  # noqa: PLC0415 - Django is ready

    for connection in connections.all(initialized_only=True):
        _of_parent.append(connection.connection)
        connection.connection = None


def slim(settings: Any, app: str) -> None:
    """The project's settings for a process that only stores and fetches; logs only what is wrong, to stderr."""
    from buildserver import logs  # noqa: PLC0415 - the settings have imported it

    settings.INSTALLED_APPS = [app]
    if logging.getLogger().handlers:
        settings.LOGGING_CONFIG = None  # the process has logging of its own
    else:
        settings.LOGGING = logs.config("WARNING")


def make_tables(app: str) -> None:
    """Give an embedded database the tables of the app, or what a newer version changed in them.

    Any other database is migrated by who owns it.
    """
    from django.apps import apps  # noqa: PLC0415 - Django must be ready
    from django.db import connections, router  # noqa: PLC0415
    from django.db.utils import OperationalError  # noqa: PLC0415

    alias = router.db_for_write(next(apps.get_app_config(app).get_models()))
    connection = connections[alias]
    if connection.vendor != "sqlite":
        return
    Path(connection.settings_dict["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in reversed(range(TRIES)):
        try:
            migrate(connection, alias, app)
        except OperationalError as fault:
            # Who turns a new database to its journal mode is not waited for by sqlite.
            if "locked" not in str(fault) or not left:
                raise
            connection.close()
            time.sleep(TRY_AGAIN_S)
        else:
            return


def migrate(connection: Any, alias: str, app: str) -> None:
    """Migrate what is lacking. Of several processes one does it, all or nothing, while the others wait."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import transaction  # noqa: PLC0415

    if not lacking(connection, app):
        return
    connection.disable_constraint_checking()  # as sqlite wants it before tables change, and before the transaction
    try:
        with transaction.atomic(using=alias):
            if lacking(connection, app):
                call_command("migrate", app, database=alias, verbosity=0, interactive=False, skip_checks=True)
    finally:
        connection.enable_constraint_checking()


def lacking(connection: Any, app: str) -> set[str]:
    """The migrations of the app that the database has not had."""
    package = find_spec(app)
    wanted = {file.stem for file in Path(str(package and package.origin)).with_name("migrations").glob("[0-9]*.py")}
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'django_migrations'")
        if cursor.fetchone() is None:
            return wanted
        cursor.execute("SELECT name FROM django_migrations WHERE app = %s", [app])
        return wanted - {name for (name,) in cursor.fetchall()}

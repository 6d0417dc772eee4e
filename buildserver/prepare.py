"""What a first start makes and a later one brings up to date: secrets, tables, an admin user, static files."""

import hashlib
import os
import secrets
import sys
from pathlib import Path

from buildserver import env


def prepare(url: str, key: str | None) -> None:
    """Make what is missing beside the secrets; a new key and the admin's password are shown once, when made."""
    import django  # noqa: PLC0415 - the settings need the secrets
    from django.db import connections  # noqa: PLC0415

    django.setup()
    migrate()
    password = make_admin()
    collect_static()
    connections.close_all()  # none is shared with the workers
    if key or password:
        show(url, key, password)


def make_secrets(path: Path) -> str | None:
    """Add SECRET_KEY and a key to `.env` (mode 0600) where none is set; returns the key if it is new."""
    made, key = {}, None
    if not env.text("SECRET_KEY"):
        made["SECRET_KEY"] = secrets.token_urlsafe(48)
    if not env.text("PRESHARED_KEYS") and not env.text("PRESHARED_KEYS_FILE"):
        key = secrets.token_urlsafe(32)
        made["PRESHARED_KEYS"] = f"owner:{key}"
    if made:
        path.parent.mkdir(parents=True, exist_ok=True)
        present = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = "".join(f"{name}={value}\n" for name, value in made.items())
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(present + ("" if present.endswith("\n") or not present else "\n") + lines)
        partial.replace(path)
        os.environ.update(made)
        env.FROM_FILE.update(made)
    return key


def migrate() -> None:
    """Apply the migrations that the database lacks."""
    from django.core.management import call_command  # noqa: PLC0415 - after setup
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        sys.stderr.write("Updating the database\n")
        call_command("migrate", interactive=False, verbosity=0)


def make_admin() -> str | None:
    """The password of a new user `admin` if there is no user at all."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - after setup

    users = get_user_model()._default_manager  # noqa: SLF001 - Django's documented name
    if users.exists():
        return None
    password = secrets.token_urlsafe(18)
    users.create_superuser("admin", password=password)
    return password


def collect_static() -> None:
    """Collect the static files when one of ours or of the packages has changed."""
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.core.management import call_command  # noqa: PLC0415

    stamp = Path(settings.STATIC_ROOT) / "collected.txt"
    state = static_state()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != state:
        sys.stderr.write("Collecting static files\n")
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(state, encoding="utf-8")


def static_state() -> str:
    """A hash of the path, size and time of every static file."""
    from django.contrib.staticfiles.finders import get_finders  # noqa: PLC0415 - after setup

    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def show(url: str, key: str | None, password: str | None) -> None:
    """The new secrets, this once."""
    sys.stdout.write("\nShown this once:\n")
    if key:
        sys.stdout.write(f"  key             {key}   (all scopes; kept in {env.HOME / '.env'})\n")
    if password:
        sys.stdout.write(f"  admin password  {password}   (user admin, {url}/admin/)\n")

"""A throw-away PostgreSQL."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import services

DEBIAN = Path("/usr/lib/postgresql")
NOBODY = "nobody"


def programs() -> Path | None:
    """Where initdb and postgres are: Debian's newest, or beside the one on the PATH."""
    debian = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda file: int(file.parent.parent.name))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def postgres(directory: Path) -> Iterator[tuple[str, int]]:
    """URL and process of an empty PostgreSQL as it is by default, durable; root runs it as nobody."""
    found, port = programs(), services.free_port()
    assert found is not None
    as_user: dict[str, Any] = {"user": NOBODY, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    data = directory / "data"
    data.mkdir(mode=0o700)
    directory.chmod(0o711)
    if as_user:
        shutil.chown(data, NOBODY)
    initdb = [found / "initdb", "-D", data, "-U", "kinto", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/", **as_user)
    command = [found / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd="/", **as_user)
    try:
        services.wait_for(lambda: services.listens(port), process, log)
        create = [found / "psql", "-h", "127.0.0.1", "-p", str(port), "-U", "kinto", "-d", "postgres", "-qc"]
        subprocess.run([*create, "CREATE DATABASE kinto"], check=True)
        yield f"postgresql://kinto@127.0.0.1:{port}/kinto", process.pid
    finally:
        process.terminate()  # its smart shutdown waits for clients, which end before
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

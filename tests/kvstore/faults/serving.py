"""A service whose cache the project does not offer: gunicorn as the project configures it, over `wsgi`."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests import services
from tests.live import PROJECT, environment

KEY = "the-key-of-this-service"


class Served:
    """As tests.live.Service, where the tests ask for it."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str) -> None:
        self.process, self.url, self.key = process, url, KEY
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {KEY}"

    def call(self, method: str, path: str) -> requests.Response:
        return self._session.request(method, self.url + path, timeout=60)

    def close(self) -> None:
        self._session.close()


@contextmanager
def serving(home: Path, cache: str, linger_s: float = 60, **variables: str) -> Iterator[Served]:
    """While it serves; with two workers."""
    found = {
        "PYTHONPATH": str(PROJECT), "SECRET_KEY": "not-a-secret-but-long-enough-for-django-to-be-content-with-it",
        "PRESHARED_KEYS": f"owner:{KEY}", "OPEN_RATE": "none", "LOG_LEVEL": "ERROR", "ALLOWED_HOSTS": "127.0.0.1",
        "TESTED_CACHE": cache, "TESTED_LINGER_S": str(linger_s), **variables,
    }  # fmt: skip
    port, log = services.free_port(), home / "log"
    whole = environment(home, **found)
    migrate = [sys.executable, str(PROJECT / "manage.py"), "migrate", "--verbosity=0"]
    subprocess.run(migrate, cwd=home, env=whole, check=True)
    command = [sys.executable, "-P", "-m", "gunicorn", "-c", "python:buildserver.gunicorn_conf"]
    command += ["--bind", f"127.0.0.1:{port}", "tests.kvstore.faults.wsgi:application"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=home, env=whole, stdout=output, stderr=output)
    served = Served(server, f"http://127.0.0.1:{port}")
    try:
        services.wait_for(lambda: services.listens(port), server, log)
        yield served
    finally:
        served.close()
        server.terminate()
        server.wait(60)

"""The service as a user starts it: a process of its own, a home of its own, a free port, real HTTP."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import requests

PROJECT = Path(__file__).resolve().parent.parent
TOLD = re.compile(r"buildserver on (http://\S+)")
SECRET = re.compile(r"^  (key|admin password) +(\S+)", re.MULTILINE)


def environment(home: Path, **variables: str) -> dict[str, str]:
    """The environment of a fresh user: nothing of ours, nothing of the tests'."""
    kept = ("PATH", "LANG", "SYSTEMROOT", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    (home / "tmp").mkdir(exist_ok=True)
    inherited["TMPDIR"] = str(home / "tmp")
    return {**inherited, "HOME": str(home), "BUILDSERVER_HOME": str(home), "WEB_WORKERS": "2", "PORT": "0", **variables}


class Service:
    """A running service; `url` is its address, `key` and `password` what it showed on its first start."""

    def __init__(self, home: Path, *arguments: str, **variables: str) -> None:
        """Start it and wait until it has told its address."""
        self.environment = environment(home, **variables)
        command = [sys.executable, "-m", "buildserver.cli", "serve", "--prepare", *arguments]
        self.process = subprocess.Popen(
            command, cwd=PROJECT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.output = ""
        self._stopped: int | None = None
        assert self.process.stdout
        for line in self.process.stdout:
            self.output += line
            if told := TOLD.search(line):
                self.url = told[1]
                break
        else:
            self.process.wait()
            raise RuntimeError(f"it ended with {self.process.returncode}: {self.output}")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        secrets = dict(SECRET.findall(self.output))
        self.key, self.password = secrets.get("key", ""), secrets.get("admin password", "")
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {self.key}"

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.output += line

    def call(self, method: str, path: str, **options: object) -> requests.Response:
        """A request to the service, with its key unless `headers` say otherwise."""
        return self.session.request(method, self.url + path, timeout=60, **options)  # type: ignore[arg-type]

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """Stop it as a user or a supervisor does; returns its exit status."""
        if self._stopped is not None:
            return self._stopped
        self.process.send_signal(sign)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self._stopped = self.process.wait()
            raise
        self.session.close()
        self._reader.join(10)
        if self.process.stdout:
            self.process.stdout.close()
        self._stopped = status
        return status

import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import PROJECT, environment

SHOW = """
from buildserver import wsgi
from django.core.signals import request_finished, request_started
for signal in (request_started, request_finished):
    print(sorted(found().__name__ for _, found, _ in signal.receivers))
"""


@pytest.mark.parametrize(
    ("debug", "started"), [("0", "['close_old_connections']"), ("1", "['close_old_connections', 'reset_queries']")]
)
def test_around_a_request_django_does_only_what_is_of_use_here(debug: str, started: str, tmp_path: Path) -> None:
    needed = environment(tmp_path, DEBUG=debug, SECRET_KEY="x" * 50, PRESHARED_KEYS="ci:key")
    command = [sys.executable, "-P", "-c", SHOW]
    shown = subprocess.run(command, cwd=PROJECT, env=needed, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == [started, "['close_old_connections']"]

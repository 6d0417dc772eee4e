"""Makes the tables of a home and saves one value, by the project itself and without a server: KEY VALUE (JSON)."""

import os
import sys

import django

from tests.benchmarks.kv.dialects import PSK, SAVE_GET

if __name__ == "__main__":
    os.environ["LOG_LEVEL"] = "ERROR"  # of this process, not of what is measured later
    django.setup(set_prefix=False)

    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    path, body = SAVE_GET.write(*sys.argv[1:])
    answer = Client(headers=PSK, SERVER_NAME="127.0.0.1").post(path, body, content_type="application/json")
    if answer.status_code not in (200, 201):
        raise SystemExit(f"{path} answered {answer.status_code}: {answer.text}")

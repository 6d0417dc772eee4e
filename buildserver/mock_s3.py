"""A mock of S3 with sample builds in it, and an index of its own, for a look around and for tests.

`BUILDSERVER_MOCK_S3=1` mocks it within the process. For several workers, `python -m buildserver.mock_s3` is a server
on loopback: it prints the variables that lead to it, as one line of JSON, and ends when its standard input is closed.
The mock checks no signature, forgets everything at its end and holds it in memory until then.
"""

import argparse
import atexit
import json
import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from buildserver import standalone
from buildserver.builder import S3_ASSET_BUCKET, ready

ALIAS = "assets_mock"
INDEX_VARIABLE = "BUILDSERVER_MOCK_INDEX"
LOOPBACK = "127.0.0.1"
IMAGE = "asset: 1234.dkr.ecr.us-east-1.amazonaws.com/energyhub/dotcom:{tag}"
SAMPLES = {
    "ci-main-3230": 322,
    "ci-main-3231": 323,
    "ci-main-3233": 324,
    "ci-main-3234": 325,
    "ci-main-3582": 326,
    "ci-main-3590": 327,
    "ci-main-3620": 328,
    "ci-devspike-3028": 329,
    "ci-devspike-3029": 332,
    "ci-devspike-3030": 333,
    "ci-devspike-3031": 334,
    "local-devspike-3031": 335,
    "local-devspike-3032": 336,
}


def overrides(settings: Any) -> dict[str, Any]:
    """The settings that differ while S3 is mocked, for the settings to take in; none while it is not."""
    if index := os.environ.get(INDEX_VARIABLE):
        return with_index(settings.DATABASES, Path(index))
    if not settings.BUILDSERVER_MOCK_S3:
        return {}
    return {
        **with_index(settings.DATABASES, temporary_directory() / "index.sqlite3"),
        "ASSETS_URL": f"s3://{S3_ASSET_BUCKET}?region=us-east-1",
        "ASSETS_PREPARE": "buildserver.mock_s3.start",
    }


def with_index(databases: dict[str, Any], index: Path) -> dict[str, Any]:
    """Settings that keep the index in a database of its own, so that the configured one's rows stay as they are."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": 5, "init_command": "PRAGMA synchronous=OFF;"}
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(index), "OPTIONS": options}
    return {
        "DATABASES": {**databases, ALIAS: database},
        "DATABASE_ROUTERS": ["assets.routers.IndexRouter"],
        "ASSETS_DATABASE": ALIAS,
    }


def temporary_directory() -> Path:
    """The place for a directory that goes with this process, made when something is put there."""
    directory, owner = Path(tempfile.gettempdir(), f"buildserver-mock-{secrets.token_hex(8)}"), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(directory, ignore_errors=True)

    atexit.register(remove)
    return directory


def start() -> None:
    """Mock S3 in this process from here on, with the samples in it. Called before store or index is first used."""
    from moto import mock_aws  # noqa: PLC0415 - a mock is rare, and moto takes long to import

    mock_aws().start()
    fill()


def fill() -> None:
    """Put the samples into the bucket, and what is in the bucket into the index."""
    from assets import services, stores  # noqa: PLC0415 - Django must be ready

    standalone.make_tables("assets")
    store: Any = stores.current()
    store.client.create_bucket(Bucket=S3_ASSET_BUCKET)
    for build, tag in SAMPLES.items():
        store.client.put_object(Bucket=S3_ASSET_BUCKET, Key=build, Body=IMAGE.format(tag=tag).encode())
    for name in store.all_names():
        services.register(name)


def serve(port: int) -> dict[str, str]:
    """Start the server in a thread of this process, filled; returns the variables with which others use it."""
    from moto.moto_server import werkzeug_app as moto  # noqa: PLC0415 - the server alone needs it, and flask
    from werkzeug.serving import make_server  # noqa: PLC0415

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = moto.DomainDispatcherApplication(moto.create_backend_app)
    server = make_server(LOOPBACK, port, application, threaded=True, request_handler=moto.MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    variables = {
        "ASSETS_URL": f"s3://{S3_ASSET_BUCKET}?endpoint_url=http://{LOOPBACK}:{server.port}&region=us-east-1",
        "AWS_ACCESS_KEY_ID": "mock",
        "AWS_SECRET_ACCESS_KEY": "mock",  # pragma: allowlist secret
        "AWS_SESSION_TOKEN": "",
        "BUILDSERVER_MOCK_S3": "",
        INDEX_VARIABLE: str(temporary_directory() / "index.sqlite3"),
    }
    os.environ.update(variables)
    ready()
    fill()
    return variables


def main(arguments: Sequence[str]) -> None:
    """Serve until standard input ends, which it does whatever way its holder goes. Ctrl-C is its holder's matter."""
    parser = argparse.ArgumentParser(prog="python -m buildserver.mock_s3", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    asked = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.write(json.dumps(serve(asked.port)) + "\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main(sys.argv[1:])

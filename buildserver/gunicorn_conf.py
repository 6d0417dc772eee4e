"""Settings of gunicorn: threads, kept-alive connections; long lines reach Django, which refuses them by a problem."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from buildserver import env, logs, serve

bind = f"{env.text('HOST', '127.0.0.1')}:{env.whole('PORT', 8888, 0, 65535)}"
workers = serve.worker_count()
threads = serve.thread_count()
worker_class = "gthread"
keepalive = 75
timeout = 60
graceful_timeout = serve.GRACE_S
preload_app = "--reload" not in sys.argv  # code loaded before the fork cannot be reloaded
limit_request_line = 0
limit_request_field_size = 65536
limit_request_fields = 32768
forwarder_headers = ""  # no client moves the service below another path
forwarded_allow_ips = ""  # the scheme behind a proxy is BEHIND_TLS_PROXY's matter
chdir = str(env.HOME)  # a module of where it was started is not imported
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn's heartbeat files
logconfig_dict = logs.config(env.choice("LOG_LEVEL", "INFO", logs.LEVELS), "ext://sys.stdout")

serve.share_metrics()


def post_worker_init(_worker: object) -> None:
    """Let SIGTERM end the answers that last; gunicorn would wait for them, and has no hook that comes before."""
    from buildserver import watchers  # noqa: PLC0415 - after the settings are loaded

    gunicorn: Any = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        watchers.PLACES.stop()
        gunicorn(number, frame)

    signal.signal(signal.SIGTERM, stop)


def worker_int(_worker: object) -> None:
    """End them on SIGINT and SIGQUIT too: an interpreter waits for its threads."""
    from buildserver import watchers  # noqa: PLC0415 - after the settings are loaded

    watchers.PLACES.stop()


def child_exit(_server: object, worker: object) -> None:
    """Forget the gauges of a worker that is gone."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - after the directory is named

    mark_process_dead(worker.pid)  # type: ignore[attr-defined, no-untyped-call]


def on_exit(_server: object) -> None:
    """Leave no directory behind."""
    serve.drop_metrics(os.environ["PROMETHEUS_MULTIPROC_DIR"], os.getpid())

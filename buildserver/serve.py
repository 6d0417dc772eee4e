"""Serving: the checks before, what `--prepare` makes, and the HTTP server that this process then becomes."""

import atexit
import contextlib
import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildserver import env, prepare

WINDOWS = sys.platform == "win32"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
GRACE_S = 30  # for running requests, when told to stop
METRICS = "buildserver-metrics-"


class CannotServe(RuntimeError):
    """Something is in the way; the message says what to do."""


@dataclass(frozen=True)
class Options:
    """What `builder serve` was asked for, over HOST, PORT, WEB_WORKERS and WEB_SERVER."""

    host: str
    port: int
    server: str
    mock_s3: bool
    reload: bool
    prepare: bool


def worker_count() -> int:
    """WEB_WORKERS, two a core by default; one on Windows."""
    return env.whole("WEB_WORKERS", 1 if WINDOWS else 2 * (os.cpu_count() or 1), 1, 1024)


def thread_count() -> int:
    """WEB_THREADS, eight a worker by default."""
    return env.whole("WEB_THREADS", 8, 1, 1024)


def share_metrics() -> None:
    """Name the directory in which the workers leave their counters, before prometheus_client is imported."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        var = env.HOME / "var"  # not where old files are swept away
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=METRICS, dir=var if var.is_dir() else None)


def drop_metrics(directory: str, owner: int) -> None:
    """Remove a directory that `share_metrics` made, at the end of the process that did and not of its workers."""
    if os.getpid() == owner and Path(directory).name.startswith(METRICS):
        shutil.rmtree(directory, ignore_errors=True)


def serve(options: Options) -> int:
    """Check, prepare, tell the addresses, and serve until told to stop. Raises CannotServe."""
    if options.mock_s3 and options.host not in LOOPBACK:
        raise CannotServe(f"the mock of S3 checks no signature and is for loopback only, not for HOST={options.host}")
    listener = listen(options.host, options.port)
    port = listener.getsockname()[1]
    url = f"http://{shown(options.host)}:{port}"
    os.environ.update(HOST=options.host, PORT=str(port))
    key = prepare.make_secrets(env.HOME / ".env") if options.prepare else None
    if options.mock_s3:
        start_mock_s3()
    check_settings()
    if options.prepare:
        prepare.prepare(url, key)
    return run(options, listener, url)


def listen(host: str, port: int) -> socket.socket:
    """The listening socket, taken before anything else so that a busy port is known at once."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
        if not WINDOWS:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Who connects before the server has set it waits 40 ms for each answer that is sent in two pieces.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as fault:
        busy = fault.errno == errno.EADDRINUSE
        hint = (
            f"stop what uses it, or choose another port: PORT={port + 1} ./runapp"
            if busy
            else "choose another HOST or PORT"
        )
        raise CannotServe(f"{host}:{port} cannot be listened on ({fault.strerror}): {hint}") from None
    return listener


def check_settings() -> None:
    """Read them here, where a fault is one sentence and not a worker's trace. Raises ImproperlyConfigured."""
    worker_count(), thread_count()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buildserver.settings")
    from django.conf import settings  # noqa: PLC0415 - read once the secrets are there

    if not settings.PRESHARED.keys:
        raise CannotServe("no key is configured: set PRESHARED_KEYS or PRESHARED_KEYS_FILE, or start with ./runapp")
    if not env.text("SECRET_KEY"):
        raise CannotServe("SECRET_KEY is not set: give it 50 random characters, or start with ./runapp")


def shown(host: str) -> str:
    """The host as a URL names it; that of every interface is reached as 127.0.0.1."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"[{host}]" if ":" in host else host


def tell(url: str) -> None:
    """The addresses, and a request to paste."""
    sys.stdout.write(f"\nbuildserver on {url}  (API {url}/api/docs/, admin {url}/admin/). Ctrl-C stops it. Try:\n")
    sys.stdout.write(f"  curl -s {url}/process -H 'Content-Type: application/json' -d '{{\"message\": \"hello\"}}'\n\n")
    sys.stdout.flush()


def start_mock_s3() -> None:
    """One moto server for all workers. It ends when our end of the pipe is closed, which a kill -9 does too."""
    ours, theirs = os.pipe()[::-1]
    command = [sys.executable, "-P", "-m", "buildserver.mock_s3"]
    child = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, env=env.without_secrets())  # noqa: S603
    os.close(theirs)
    os.set_inheritable(ours, True)  # kept by the server that this process becomes
    if child.stdout is None or not (said := child.stdout.readline()):
        raise CannotServe("the mock of S3 did not start; the lines above say why")
    os.environ.update(json.loads(said))


def run(options: Options, listener: socket.socket, url: str) -> int:
    """Become gunicorn, or run granian."""
    if options.server == "granian":
        listener.close()
        return run_granian(options, url)
    tell(url)
    command = [sys.executable, "-P", "-m", "gunicorn", "-c", "python:buildserver.gunicorn_conf"]
    command += ["--reload"] if options.reload else []
    os.set_inheritable(listener.fileno(), True)
    command += ["--bind", f"fd://{listener.fileno()}", "buildserver.wsgi:application"]
    os.execve(sys.executable, command, env.without_secrets())  # noqa: S606 - our own Python
    raise AssertionError("not reached: exec does not return")


def run_granian(options: Options, url: str) -> int:
    """Serve by granian, which binds by itself and listens once its first worker runs."""
    share_metrics()
    atexit.register(drop_metrics, os.environ["PROMETHEUS_MULTIPROC_DIR"], os.getpid())
    from granian import Granian  # noqa: PLC0415 - only where it serves
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415

    from buildserver import logs  # noqa: PLC0415

    server = Granian(
        "buildserver.wsgi:application",
        address=options.host,
        port=int(os.environ["PORT"]),
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # a body of HTTP/2 has neither length nor chunks, and WSGI would take it for empty
        workers=worker_count(),
        blocking_threads=thread_count(),
        websockets=False,
        workers_kill_timeout=GRACE_S,
        reload=options.reload,
        log_dictconfig=logs.config(env.choice("LOG_LEVEL", "INFO", logs.LEVELS), "ext://sys.stdout"),
    )
    threading.Thread(target=tell_when_up, args=(url, options.host), daemon=True).start()
    server.serve(target_loader=load_in_granian)
    return 0


def load_in_granian(_target: str) -> Callable[..., Any]:
    """The application in a worker, whose answers that last end when it is told to stop; granian would wait for them."""
    from buildserver import watchers, wsgi  # noqa: PLC0415 - in the worker

    if not WINDOWS:
        watchers.stop_on_signals()
    return wsgi.application


def tell_when_up(url: str, host: str) -> None:
    """Tell the addresses once something accepts."""
    address = (shown(host).strip("[]"), int(os.environ["PORT"]))
    while True:
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
            tell(url)
            return
        time.sleep(0.05)

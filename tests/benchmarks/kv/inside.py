"""CPU of a GET in a process without an HTTP server: Django alone, with one middleware more each, and with the store.

Called with how many rounds; log lines are written to nowhere. Prints a row a step as JSON. Needs the settings of
`beside`.
"""

import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from tests.benchmarks.clock import cpu_s
from tests.benchmarks.kv.dialects import KEY

HELLO, PLAIN, OURS = ("/plain/hello", ""), ("/plain/get", "key=k7"), ("/get", "key=k7")

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def request_to(application: Application, path: str, query: str, body: bytes = b"") -> Callable[[], str]:
    """A call that asks the application once, and returns the status."""
    statuses = [""]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST" if body else "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "RAW_URI": f"{path}?{query}" if query else path,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8888",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "gunicorn",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "4711",
        "HTTP_HOST": "127.0.0.1:8888",
        "HTTP_X_API_KEY": KEY,
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
    }
    if body:
        environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json"}

    def start(status: str, *_: object) -> None:
        statuses[0] = status

    def call() -> str:
        answer = application({**environ, "wsgi.input": io.BytesIO(body)}, start)
        b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        return statuses[0]

    return call


def steps() -> list[tuple[str, Callable[[], str]]]:
    """Each step in words, and a call of it."""
    from django.conf import settings  # noqa: PLC0415
    from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415

    from buildserver import bodies  # noqa: PLC0415 - once Django is set up
    from buildserver.wsgi import application  # noqa: PLC0415

    stack: Sequence[str] = list(settings.MIDDLEWARE)

    def handler(kind: type[WSGIHandler], middleware: Sequence[str]) -> Application:
        settings.MIDDLEWARE = list(middleware)
        return kind()

    request_to(application, "/save", "", b'{"key": "k7", "value": {"name": "build-000007"}}')()
    found = [("Django's handler, a view that says hello", request_to(handler(WSGIHandler, []), *HELLO))]
    found.append(("our handler", request_to(handler(bodies.Handler, []), *HELLO)))
    for count in range(1, len(stack) + 1):
        name = stack[-count].rpartition(".")[2]
        found.append((f"with {name}", request_to(handler(bodies.Handler, stack[-count:]), *HELLO)))
    settings.MIDDLEWARE = stack
    found.append(("hello through the whole application", request_to(application, *HELLO)))
    found.append(("the plain view instead", request_to(application, *PLAIN)))
    found.append(("`/get` instead, without a cache", request_to(application, *OURS)))
    return found


def main(rounds: int) -> None:
    """Measure in turns."""
    import django  # noqa: PLC0415 - set up here

    told = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where the lines of requests go
    django.setup(set_prefix=False)
    calls = steps()
    for name, call in calls:
        status = call()
        if status != "200 OK":
            raise SystemExit(f"{name}: {status}")
    taken: dict[str, list[float]] = {name: [] for name, _ in calls}
    for _ in range(rounds):
        for name, call in calls:
            taken[name].append(1e6 * cpu_s(call)[1])
    told.write(json.dumps([{"layer": name, "us": median(times)} for name, times in taken.items()]) + "\n")
    told.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))

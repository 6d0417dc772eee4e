"""Where the time of a GET goes: over HTTP with more and more in it, and layer by layer inside of a process."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tests.benchmarks.kv import inside as inside_module
from tests.benchmarks.kv.dialects import PSK, Request
from tests.benchmarks.kv.farm import Farm, Server
from tests.benchmarks.kv.hot import filled
from tests.benchmarks.kv.load import Load
from tests.benchmarks.kv.rounds import Cell, How, Tell, measured
from tests.benchmarks.kv.variants import BY_NAME, KEY, SECRET, Ours, Variant, name_of, plain, plain_environment, pong
from tests.live import PROJECT


def layers(servers: Sequence[str], farm: Farm, how: How, tell: Tell) -> dict[str, Any]:
    """`rows` over HTTP, from the bare server to the whole; `inside`: CPU us in a process with one layer more each."""
    cells: list[Cell] = []
    for server in servers:
        tell(f"starting what shows the layers on {server}")
        bare = farm.once(f"pong {server}", partial(pong, server, farm, f"pong {server}"))
        beside = filled(plain(server), farm, how.keys)
        cells += [
            of_path(server, "a WSGI application without Django", farm, bare, "/"),
            of_path(server, "hello: Django and our middleware", farm, beside.server, "/plain/hello"),
            of_path(server, "`/ping`: with DRF", farm, beside.server, "/ping"),
            replace(beside.get(), variant=server, what="plain view: hello, the key's check, the row"),
        ]
        for variant in (whole(server, cache) for cache in ("none", "shm")):
            cells.append(replace(filled(variant, farm, how.keys).get(), variant=server, what=f"`/get`: {variant.name}"))
    found = measured(cells, how, tell)
    tell("layer by layer in a process")
    return {"rows": found, "inside": inside(farm, 2 * how.rounds)}


def whole(server: str, cache: str) -> Variant:
    """Ours, as among the hot keys."""
    return BY_NAME[name_of(Ours(server, cache=cache))]


def of_path(variant: str, what: str, farm: Farm, server: Server, path: str) -> Cell:
    """A route that needs no data."""
    load = Load.of(server.port, "GET", PSK, [Request(path)], farm.directory("requests") / "one")
    return Cell(variant, what, server, lambda _: load, lambda _: None)


def inside(farm: Farm, rounds: int) -> list[dict[str, Any]]:
    """What `inside` tells, in a home of its own."""
    home = farm.directory("inside")
    settings = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.kv.beside.settings", "KVSTORE_SYNCHRONOUS": "NORMAL"}
    settings |= {"PRESHARED_KEYS": f"benchmark:{KEY}", "SECRET_KEY": SECRET, "OPEN_RATE": "none"}
    settings |= {"CACHE_URL": "none://", "PROMETHEUS_MULTIPROC_DIR": str(farm.directory("counters"))}
    variables = plain_environment(home, **settings)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=PROJECT, env=variables, check=True)
    command = [sys.executable, "-W", "ignore", "-m", inside_module.__name__, str(rounds)]
    told = subprocess.run(command, cwd=PROJECT, env=variables, check=True, stdout=subprocess.PIPE, text=True)
    rows: list[dict[str, Any]] = json.loads(told.stdout.rstrip().rpartition("\n")[2])
    return rows

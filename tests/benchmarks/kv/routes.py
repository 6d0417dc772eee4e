"""The routes of the store, each by itself, on ours as it is by default."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from tests.benchmarks.kv.dialects import PSK, SAVE_GET, Request, key_of, raw
from tests.benchmarks.kv.farm import Farm
from tests.benchmarks.kv.hot import filled
from tests.benchmarks.kv.load import Load, Wrong, ask, ask_all, connected
from tests.benchmarks.kv.rounds import Cell, How, Keys, Row, Tell, measured, refusal
from tests.benchmarks.kv.variants import Variant

LIST = "/api/v1/namespaces/default/keys?limit=100"
TXN = "/api/v1/namespaces/default/txn"
DELETES = 5000  # a second that a server may do at most
OPERATIONS = 1000
BY_PATH = replace(SAVE_GET, read=lambda key: Request(f"/get/{key}"))


def routes(variants: Sequence[Variant], farm: Farm, how: How, tell: Tell) -> list[Row]:
    """Rows by variant and route."""
    cells, refused = [], []
    for variant in variants:
        tell(f"starting: {variant.name}")
        keys = filled(variant, farm, how.keys)
        for what, make in kinds(keys, farm, how):
            try:
                cells.append(replace(make(), what=what))
            except Wrong as fault:
                refused.append(refusal(variant.name, what, str(fault)))
    return measured(cells, how, tell) + refused


def kinds(keys: Keys, farm: Farm, how: How) -> Iterator[tuple[str, Callable[[], Cell]]]:
    """What is measured, in words, and what makes its cell, which may find that the route is not there."""
    whole = keys.spoken(raw())
    yield "`GET /get?key=`", keys.get
    yield "`GET /get/K`", keys.spoken(BY_PATH).get
    yield "`GET …/keys/K`", partial(once_read, whole, whole.get)
    yield "`POST /save`", keys.put
    yield "`PUT …/keys/K`", partial(once_read, whole, whole.put)
    yield "`DELETE /delete?key=`", partial(deletes, keys, farm, how)
    yield "list of 100", partial(lists, keys, farm, LIST)
    yield "list of 100 with values", partial(lists, keys, farm, f"{LIST}&values=true")


def once_read(keys: Keys, make: Callable[[], Cell]) -> Cell:
    """The cell, of a dialect that is spoken. Raises Wrong."""
    keys.check([0])
    return make()


def deletes(keys: Keys, farm: Farm, how: How) -> Cell:
    """Deletions of keys that are there: enough of them are written before each round. Raises Wrong."""
    server, count = keys.server, int(DELETES * how.seconds)
    names = [f"deleted-{number}" for number in range(count)]
    load = Load.of(
        server.port,
        "DELETE",
        PSK,
        (Request(f"/delete?key={name}") for name in names),
        farm.directory("requests") / "deletes",
    )

    def write() -> None:
        puts = [{"put": {"key": name, "value": 1}} for name in names]
        batches = [puts[begin : begin + OPERATIONS] for begin in range(0, count, OPERATIONS)]
        ask_all(server.port, "POST", PSK, [Request(TXN, json.dumps({"success": batch})) for batch in batches])

    def prepare(_: int) -> Load:
        write()
        return replace(load, each=True)

    def check(_: int) -> None:
        with connected(server.port) as connection:
            ask(connection, "GET", PSK, SAVE_GET.read(names[0]), (404,))
            ask(connection, "GET", PSK, SAVE_GET.read(names[-1]))

    write()
    return Cell(keys.variant, "", server, prepare, check)


def lists(keys: Keys, farm: Farm, path: str) -> Cell:
    """The first page. Raises Wrong."""
    server = keys.server
    wanted = sorted(map(key_of, range(keys.count)))[:100]

    def check(_: int) -> None:
        with connected(server.port) as connection:
            found = json.loads(ask(connection, "GET", PSK, Request(f"{path}&prefix=k")))
        if [item["key"] for item in found["items"]] != wanted:
            raise Wrong(f"{path} does not list the 100 keys from {wanted[0]}")

    check(0)
    load = Load.of(server.port, "GET", PSK, [Request(f"{path}&prefix=k")], farm.directory("requests") / "list")
    return Cell(keys.variant, "", server, lambda _: load, check)

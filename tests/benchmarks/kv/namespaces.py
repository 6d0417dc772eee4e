"""PUTs into one namespace and into eight: the lock of a namespace's revision lets one commit at a time pass."""

import json

from tests.benchmarks.kv.dialects import PSK, Dialect, Request, key_of, raw, value_of
from tests.benchmarks.kv.farm import Farm, Server
from tests.benchmarks.kv.load import Load, Wrong, ask, ask_all, connected
from tests.benchmarks.kv.rounds import Cell, How, Row, Tell, measured, refusal
from tests.benchmarks.kv.variants import Variant


def namespaces(variant: Variant, counts: tuple[int, ...], farm: Farm, how: How, tell: Tell) -> list[Row]:
    """Rows by the number of namespaces."""
    names = {count: f"{count} namespace{'s' if count > 1 else ''}" for count in counts}
    if need := variant.missing():
        return [refusal(name, "PUT", f"{need} is missing") for name in names.values()]
    tell(f"starting: {variant.name}")
    server = variant.running(farm)
    cells, refused = [], []
    for count, name in names.items():
        try:
            cells.append(
                puts(name, server, [raw(f"bench-{count}-{number}") for number in range(count)], how.keys, farm)
            )
        except Wrong as fault:
            refused.append(refusal(name, "PUT", str(fault)))
    return measured(cells, how, tell) + refused


def puts(name: str, server: Server, dialects: list[Dialect], keys: int, farm: Farm) -> Cell:
    """Of any of the keys, which are shared out among the namespaces. Raises Wrong when a PUT is not taken."""

    def writes(stamp: str) -> list[Request]:
        return [
            dialects[number % len(dialects)].write(key_of(number), value_of(number, stamp)) for number in range(keys)
        ]

    def prepare(number: int) -> Load:
        return Load.of(server.port, "PUT", PSK, writes(f"n{number:04}"), farm.directory("requests") / "puts")

    def check(number: int) -> None:
        with connected(server.port) as connection:
            found = ask(connection, "GET", PSK, dialects[0].read(key_of(0)))
        if json.loads(found) != json.loads(value_of(0, f"n{number:04}")):
            raise Wrong(f"{key_of(0)} of {name} is {found[:100]!r}")

    for request in writes("fille")[: len(dialects)]:  # each namespace is made by one write, and not by sixteen at once
        ask_all(server.port, "PUT", PSK, [request])
    ask_all(server.port, "PUT", PSK, writes("fille"))
    return Cell(name, "PUT", server, prepare, check)

"""A txn of 100 puts beside 100 single saves, on both databases; all figures are those of one key."""

import json
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.benchmarks.kv.dialects import PSK, Request, key_of, value_of
from tests.benchmarks.kv.farm import Farm
from tests.benchmarks.kv.hot import filled
from tests.benchmarks.kv.load import Load, Wrong, ask, connected
from tests.benchmarks.kv.rounds import SEED, Cell, How, Keys, Row, Tell, measured, refusal
from tests.benchmarks.kv.variants import Variant

OPERATIONS = 100
BATCHES = 20
TXN = "/api/v1/namespaces/default/txn"
SINGLE, BATCH = "single", "batch"


def batch(variants: Sequence[Variant], farm: Farm, how: How, tell: Tell) -> list[Row]:
    """Rows of single saves and of batches, by variant."""
    cells, refused = [], []
    for variant in variants:
        if need := variant.missing():
            refused += [refusal(variant.name, what, f"{need} is missing") for what in (SINGLE, BATCH)]
            continue
        tell(f"starting: {variant.name}")
        keys = filled(variant, farm, how.keys)
        cells.append(replace(keys.put(), what=SINGLE))
        try:
            cells.append(batches(keys, farm))
        except Wrong as fault:
            refused.append(refusal(variant.name, BATCH, str(fault)))
    return measured(cells, how, tell) + refused


def batches(keys: Keys, farm: Farm) -> Cell:
    """Batches of any keys, the first of which has the key 0. Raises Wrong when one is not taken."""

    def puts(stamp: str) -> list[Request]:
        draw = Random(SEED)  # noqa: S311 - the same in each run
        chosen = [[0, *draw.sample(range(1, keys.count), OPERATIONS - 1)] for _ in range(BATCHES)]
        return [Request(TXN, json.dumps({"success": [put(key, stamp) for key in numbers]})) for numbers in chosen]

    def prepare(number: int) -> Load:
        keys.stamps.append(f"b{number:04}")
        file = farm.directory("requests") / "batches"
        return Load.of(keys.server.port, "POST", PSK, puts(keys.stamps[-1]), file)

    with connected(keys.server.port) as connection:
        told = json.loads(ask(connection, "POST", PSK, puts(keys.stamps[0])[0]))
    if not told["succeeded"] or len(told["results"]) != OPERATIONS:
        raise Wrong(f"{TXN} of {OPERATIONS} puts answered {json.dumps(told)[:200]}")
    return Cell(keys.variant, BATCH, keys.server, prepare, lambda number: keys.check([0], f"b{number:04}"), OPERATIONS)


def put(number: int, stamp: str) -> dict[str, object]:
    """One operation."""
    return {"put": {"key": key_of(number), "value": json.loads(value_of(number, stamp))}}

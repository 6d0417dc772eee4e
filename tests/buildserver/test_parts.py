"""What is told of a JSON text before it is decoded holds for what it becomes."""

import json
import sys

import pytest

from buildserver.parts import parts

WIDE = "\N{GRINNING FACE}"


def size_bytes(value: object) -> int:
    """Of a decoded value and all in it, each counted where it stands."""
    held: list[object] = []
    if isinstance(value, dict):
        held = [*value, *value.values()]
    elif isinstance(value, list):
        held = value
    return sys.getsizeof(value) + sum(map(size_bytes, held))


@pytest.mark.parametrize(
    "piece",
    [
        "[]",
        "[1.5]",
        "{}",
        "1.5",
        f'"{WIDE}"',
        f'{{"{WIDE}":1.5}}',
        f'{{"{WIDE}":{{"{WIDE}a":[]}}}}',
        '{"a":"b","c":"d"}',
    ],
)
def test_no_part_takes_more_than_130_bytes(piece: str) -> None:
    text = f"[{','.join([piece] * 100)}]"
    assert size_bytes(json.loads(text)) <= 130 * parts(text.encode())


def test_a_plant_of_the_challenge_counts_16() -> None:
    plant = b'{"name":"a","type":"gasfired","efficiency":0.5,"pmin":1,"pmax":2},'
    assert parts(plant) == 16

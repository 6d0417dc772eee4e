"""Bodies that take as much memory as they can, each within the bounds of what is read at all."""

import json
from collections.abc import Callable

from buildserver.parts import parts
from powerplant.conf import MAX_BODY_BYTES, MAX_BODY_PARTS
from tests.benchmarks.planner.fleets import FAMILIES, body, realistic_payload
from tests.powerplant.oracles import capacity, payload, seeded

MOST_PLANTS = 100_000
BYTES_A_NAME = 60  # 100,000 plants then take about 16 MiB
WIDE = "\N{GRINNING FACE}"  # with one of these a text takes four bytes a letter
DEPTH = 90


def family_body(
    family: str, size: int, *, half_a_tenth: bool = False, padded: bool = True, wide: bool = False
) -> bytes:
    """A fleet of the family at 62 % of what it can give; padded, as many bytes as are taken."""
    units = tuple(FAMILIES[family](seeded(f"memory {family} {size}"), size))
    load_mw = int(0.62 * capacity(units)) / 10 + (0.05 if half_a_tenth else 0)
    padding = BYTES_A_NAME if size == MOST_PLANTS and padded else 0
    while True:
        text = body(units, load_mw, padding=padding)
        if wide:
            text = text.replace(b'"name":"', f'"name":"{WIDE}'.encode())
        if len(text) <= MAX_BODY_BYTES:
            return text
        padding -= 1


def faulty_body(size: int) -> bytes:
    """Four faults in each plant, all of which are told."""
    plants = [{"name": 1, "type": "x", "pmin": -1}] * size
    return json.dumps({**realistic_payload(seeded(0), 1), "powerplants": plants}).encode()


def rounded_body(size: int) -> bytes:
    """Three warnings for each plant."""
    plant = {"name": "x", "type": "gasfired", "efficiency": 0.5, "pmin": 10.01, "pmax": 20.09}
    return json.dumps({**payload(size), "powerplants": [plant] * size}).encode()


def named_body(letters: int, size_bytes: int, fill: str = "x", first: str = "") -> bytes:
    """As many plants as fit, each with a name of so many letters; `fill` and `first` as JSON writes them."""
    members = '"type":"gasfired","efficiency":0.5,"pmax":100'
    plants = [f'{{"name":"{first}{i:07}{fill * (letters - 7 - bool(first))}",{members}}}' for i in (0, MOST_PLANTS)]
    count = min((size_bytes - 200) // (len(plants[0].encode()) + 1), MOST_PLANTS)
    rows = (plants[0].replace("0000000", f"{i:07}", 1) for i in range(count))
    fuels = '"fuels":{"gas(euro/MWh)":13.4,"co2(euro/ton)":20}'
    return f'{{"load":{count * 99},{fuels},"powerplants":[{",".join(rows)}]}}'.encode()


def junk_body(
    value: Callable[[int], str], size_bytes: int, around: bytes = b"", most_parts: int = MAX_BODY_PARTS
) -> bytes:
    """A payload (`around`, or an official one) with members that nobody asked for.

    A list with as much of `value`, given its number, as is taken or fits; in what room is left, a text of four bytes a
    letter.
    """
    start = (around or json.dumps(payload()).encode())[:-1] + b',"junk":['
    room_bytes, room_parts = size_bytes - len(start) - 40, most_parts - parts(start) - 10
    pieces = list[bytes]()
    while room_bytes > 0 and room_parts > 0:
        piece = value(len(pieces)).encode() + b","
        room_bytes, room_parts = room_bytes - len(piece), room_parts - parts(piece)
        pieces.append(piece)
    pad = WIDE.encode() + b"x" * room_bytes
    return start + b"".join(pieces[:-1])[:-1] + b'],"text":"' + pad + b'"}'


def objects_in_one_another(number: int) -> str:
    """Each with one member, whose name is no other's."""
    return "".join(f'{{"{WIDE}{number * DEPTH + level:x}":' for level in range(DEPTH)) + "1.5" + "}" * DEPTH


def large_object(number: int) -> str:
    """Of many members, whose names are no other's."""
    return "{" + ",".join(f'"{WIDE}{number * 10_000 + i:x}":1.5' for i in range(10_000)) + "}"


def text_of_wide_letters(number: int) -> str:
    """As short as most names."""
    return f'"{WIDE}{number:x}"'


def question(payload_text: bytes, **members: object) -> bytes:
    """What-if, about a payload."""
    return b'{"payload":' + payload_text + b"," + json.dumps(members)[1:].encode()

"""Merit order as most answers to the challenge have it: quick, and often dearer or without any plan."""

from collections.abc import Sequence

from powerplant.units import Unit


def greedy(units: Sequence[Unit], load: int) -> list[int] | None:
    """By rising cost all that fits; a pmin that is too much is taken from the unit before. None without a plan."""
    outputs = [0] * len(units)
    before = None
    for i in sorted(range(len(units)), key=lambda i: units[i].eur_per_mwh):
        if not load:
            break
        unit = units[i]
        if unit.pmin <= load:
            outputs[i] = min(unit.pmax, load)
        elif before is not None and outputs[before] - (unit.pmin - load) >= units[before].pmin:
            outputs[before] -= unit.pmin - load
            outputs[i] = load = unit.pmin
        else:
            continue
        load -= outputs[i]
        before = i
    return None if load else outputs

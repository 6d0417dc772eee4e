"""1,000 hot keys: every variant, GET and PUT."""

from collections.abc import Sequence
from typing import Any

from tests.benchmarks.kv.farm import Farm
from tests.benchmarks.kv.load import Wrong
from tests.benchmarks.kv.rounds import How, Keys, Tell, measured, refusal
from tests.benchmarks.kv.variants import Variant


def hot(variants: Sequence[Variant], farm: Farm, how: How, tell: Tell) -> dict[str, Any]:
    """`rows` of what was measured, and what was `missing` of the others, by their names."""
    lacking = {variant.name: variant.missing() for variant in variants}
    present = [variant for variant in variants if not lacking[variant.name]]
    missing = {name: need for name, need in lacking.items() if need}
    cells, refused = [], []
    for variant in present:
        tell(f"starting: {variant.name}")
        try:
            keys = filled(variant, farm, how.keys)
        except (Wrong, RuntimeError) as fault:
            refused += [refusal(variant.name, what, str(fault)) for what in ("GET", "PUT")]
        else:
            cells += [keys.get(), keys.put()]
    if how.rounds > 1:
        measured(cells, how._replace(rounds=1, seconds=1), lambda sentence: tell(f"warming up: {sentence}"))
    return {"rows": measured(cells, how, tell) + refused, "missing": missing}


def filled(variant: Variant, farm: Farm, count: int) -> Keys:
    """The variant, running and with its keys. Raises Wrong when it does not take or show them."""
    keys = Keys(variant.name, variant.running(farm), variant.dialect, count, farm.directory("requests"))
    try:
        keys.fill(variant.fill or variant.dialect)
    except Wrong as fault:
        raise Wrong(f"{variant.name}: {fault}") from None
    return keys

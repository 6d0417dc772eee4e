"""The most memory that one request to the application takes, each in a process of its own.

Counted is the whole process (`one_request`): Python, Django, all apps, the body, the answer.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from powerplant.conf import MAX_BODY_BYTES, MAX_DOUBTED_BYTES
from powerplant.units.payload import MAX_NAME_LETTERS
from tests.benchmarks.planner import one_request
from tests.benchmarks.planner.large_bodies import (
    WIDE,
    family_body,
    faulty_body,
    junk_body,
    large_object,
    named_body,
    objects_in_one_another,
    question,
    rounded_body,
    text_of_wide_letters,
)
from tests.live import PROJECT, environment
from tests.powerplant.oracles import payload

PLAN, PLANS = "/productionplan", "/api/v1/plans"
REPORT = f"{PLANS}?store=false"
CURVE = {"from_mw": 0, "to_mw": 1e6, "points": 500}
VARIABLES = {
    "DJANGO_SETTINGS_MODULE": "buildserver.settings",
    "SECRET_KEY": "of-a-benchmark-that-serves-nobody-but-itself-once",  # pragma: allowlist secret
    "PRESHARED_KEYS": f"benchmark:{one_request.KEY}",
    "ALLOWED_HOSTS": "testserver",
    "OPEN_RATE": "none",
    "LOG_LEVEL": "ERROR",
}


def cases(size: int, junk_bytes: int) -> dict[str, tuple[str, Callable[[], bytes]]]:
    """Paths and bodies of requests; `size`: plants, 100,000 being the most that is taken."""
    return {**fleets(size), **names(junk_bytes), **junk(size, junk_bytes), **questions(size, junk_bytes)}


def fleets(size: int) -> dict[str, tuple[str, Callable[[], bytes]]]:
    """Many plants."""
    return {
        "official": (PLAN, lambda: json.dumps(payload()).encode()),
        f"realistic, {size:,} plants": (PLAN, lambda: family_body("realistic", size)),
        f"near, {size:,} plants": (PLAN, lambda: family_body("near", size)),
        f"block, {size:,} plants": (PLAN, lambda: family_body("block", size)),
        f"correlated, {size // 2:,} plants": (PLAN, lambda: family_body("correlated", size // 2)),
        f"correlated, {size:,} plants": (PLAN, lambda: family_body("correlated", size)),
        f"block, {size:,} plants, no tenth": (PLAN, lambda: family_body("block", size, half_a_tenth=True)),
        f"{size:,} plants with four faults each": (PLAN, lambda: faulty_body(size)),
        f"report, correlated, {size:,} plants": (REPORT, lambda: family_body("correlated", size)),
        f"report, correlated, {size:,} plants, names of four bytes a letter": (
            REPORT,
            lambda: family_body("correlated", size, wide=True),
        ),
        f"report kept, correlated, {size:,} plants, names of four bytes a letter": (
            PLANS,
            lambda: family_body("correlated", size, wide=True),
        ),
        f"report, {size:,} plants, all rounded, of one name": (REPORT, lambda: rounded_body(size)),
    }


def names(size_bytes: int) -> dict[str, tuple[str, Callable[[], bytes]]]:
    """Long ones."""
    most, mib = MAX_NAME_LETTERS, f"{size_bytes / 2**20:.3g} MiB"
    wide = partial(named_body, most, size_bytes, first=WIDE)
    escaped = r"\u0001"
    return {
        f"{mib} of names of {most:,} letters": (PLAN, lambda: named_body(most, size_bytes)),
        f"{mib} of names of {most:,} letters, four bytes each": (
            PLAN,
            wide,
        ),
        f"{mib} of names of {most:,} letters, escaped": (PLAN, lambda: named_body(most, size_bytes, escaped)),
        f"report, names of {most:,} letters, four bytes each": (
            REPORT,
            wide,
        ),
        "report, names of 60 letters, four bytes each": (REPORT, lambda: named_body(60, size_bytes, first=WIDE)),
        f"report kept, names of {most:,} letters, escaped": (PLANS, lambda: named_body(most, size_bytes, escaped)),
        f"report kept, names of {most:,} letters, four bytes each": (
            PLANS,
            wide,
        ),
        "the kept report and its request": (f"{PLANS}/1", bytes),
        f"comparison of the four conventions, names of {most:,} letters, four bytes each": (
            f"{PLANS}/compare",
            lambda: b'{"payload":' + named_body(most, size_bytes // 4 - 20, first=WIDE) + b"}",
        ),
        f"comparison of the four conventions, names of {most:,} letters, escaped": (
            f"{PLANS}/compare",
            lambda: b'{"payload":' + named_body(most, size_bytes // 4 - 20, escaped) + b"}",
        ),
        f"curve, 500 loads, names of {most:,} letters, four bytes each": (
            f"{PLANS}/curve",
            lambda: question(named_body(most, size_bytes - 60, first=WIDE), **CURVE),
        ),
    }


def junk(size: int, size_bytes: int) -> dict[str, tuple[str, Callable[[], bytes]]]:
    """As much as is taken of what nobody asked for, in a list and in a text beside it."""
    few = size_bytes * MAX_DOUBTED_BYTES // MAX_BODY_BYTES
    kinds: dict[str, Callable[[int], str]] = {
        "numbers": lambda _: "1.5",
        "lists": lambda _: "[1]",
        "objects": lambda _: '{"a":1.5}',
        "texts": text_of_wide_letters,
        "members of large objects": large_object,
        "objects in one another": objects_in_one_another,
    }
    requests: dict[str, tuple[str, Callable[[], bytes]]] = {
        f"junk: {name}": (PLAN, partial(junk_body, value, size_bytes)) for name, value in kinds.items()
    }
    for name in ("members of large objects", "objects in one another"):
        made = partial(junk_body, kinds[name], few - 20)
        requests[f"junk: {name}, and a NaN"] = (PLAN, lambda made=made: made()[:-1] + b',"load":NaN}')  # type: ignore[misc]
        fleet = partial(family_body, "correlated", size // 2, padded=False)
        requests[f"junk: {name}, report kept"] = (PLANS, partial(junk_body, kinds[name], size_bytes))
        requests[f"junk: {name}, beside {size // 2:,} plants, report kept"] = (
            PLANS,
            lambda value=kinds[name], fleet=fleet: junk_body(value, size_bytes, fleet()),  # type: ignore[misc]
        )
    text = partial(junk_body, lambda _: "0", size_bytes, most_parts=100)
    requests["junk: one text of four bytes a letter"] = (PLAN, text)
    requests["junk: one text of four bytes a letter, report kept"] = (PLANS, text)
    requests["junk: empty lists, more than are taken"] = (
        PLAN,
        lambda: junk_body(lambda _: "[]", size_bytes, most_parts=size_bytes),
    )
    return requests


def questions(size: int, size_bytes: int) -> dict[str, tuple[str, Callable[[], bytes]]]:
    """What-if."""
    return {
        f"curve, 500 loads, block, {size:,} plants": (
            f"{PLANS}/curve",
            lambda: question(family_body("block", size)[:-1] + b"}", **CURVE),
        ),
        f"curve, 500 loads, correlated, {size:,} plants": (
            f"{PLANS}/curve",
            lambda: question(family_body("correlated", size, padded=False), **CURVE),
        ),
        f"comparison, 20 variants, block, {size // 20:,} plants": (
            f"{PLANS}/compare",
            lambda: question(family_body("block", size // 20), variants=[{}] * 20),
        ),
        f"comparison, 4 variants, correlated, {size // 4:,} plants": (
            f"{PLANS}/compare",
            lambda: question(family_body("correlated", size // 4), variants=[{}] * 4),
        ),
        "comparison, junk: objects in one another": (
            f"{PLANS}/compare",
            lambda: question(junk_body(objects_in_one_another, size_bytes - 60), variants=[{}]),
        ),
    }


def memory(size: int, junk_bytes: int, every: int, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """A row a request: status, peak and CPU seconds; of all requests, `every` second, third ... one."""
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        variables = environment(home, PYTHONPATH=str(PROJECT), **VARIABLES)
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=variables, cwd=PROJECT, check=True)
        for name, (path, make) in list(cases(size, junk_bytes).items())[::every]:
            tell(f"memory: {name}")
            sent = home / "body.json"
            sent.write_bytes(make())
            command = [sys.executable, "-m", one_request.__name__, path, str(sent)]
            told = subprocess.run(command, env=variables, cwd=PROJECT, capture_output=True, text=True, check=True)
            rows.append({"case": name, "sent_bytes": sent.stat().st_size, **json.loads(told.stdout)})
    return rows

"""The most memory that one request to the Django view takes, each in a process of its own.

Counted is the whole process (`one_request`): Python, Django, all apps, the body, the answer.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from powerplant.conf import MAX_BODY_BYTES, MAX_BODY_VALUES
from tests.benchmarks.planner import one_request
from tests.benchmarks.planner.fleets import FAMILIES, body, realistic_payload
from tests.live import PROJECT, environment
from tests.powerplant.oracles import capacity, payload, seeded

PLAN, PLANS = "/productionplan", "/api/v1/plans"
VARIABLES = {
    "DJANGO_SETTINGS_MODULE": "buildserver.settings",
    "SECRET_KEY": "of-a-benchmark-that-serves-nobody-but-itself-once",  # pragma: allowlist secret
    "PRESHARED_KEYS": f"benchmark:{one_request.KEY}",
    "ALLOWED_HOSTS": "testserver",
    "OPEN_RATE": "none",
    "LOG_LEVEL": "ERROR",
}
MOST_PLANTS = 100_000
BYTES_A_NAME = 60  # 100,000 plants then take about 16 MiB


def family_body(family: str, size: int, *, half_a_tenth: bool = False, padded: bool = True) -> bytes:
    """A fleet of the family at 62 % of what it can give."""
    units = tuple(FAMILIES[family](seeded(f"memory {family} {size}"), size))
    load_mw = int(0.62 * capacity(units)) / 10 + (0.05 if half_a_tenth else 0)
    padding = BYTES_A_NAME if size == MOST_PLANTS and padded else 0
    text = body(units, load_mw, padding=padding)
    while len(text) > MAX_BODY_BYTES:
        padding -= 1
        text = body(units, load_mw, padding=padding)
    return text


def faulty_body(size: int) -> bytes:
    """Four faults in each plant, all of which are told."""
    plants = [{"name": 1, "type": "x", "pmin": -1}] * size
    return json.dumps({**realistic_payload(seeded(0), 1), "powerplants": plants}).encode()


def rounded_body(size: int) -> bytes:
    """Three warnings for each plant."""
    plant = {"name": "x", "type": "gasfired", "efficiency": 0.5, "pmin": 10.01, "pmax": 20.09}
    return json.dumps({**payload(size), "powerplants": [plant] * size}).encode()


def junk_body(value: str, size_bytes: int, most_values: int = MAX_BODY_VALUES) -> bytes:
    """A payload with a member that nobody asked for: a list with as much of `value` as is taken, or as fits."""
    text = json.dumps({**payload(), "junk": []})
    per_value = 1 + value.count("[") + value.count("{")
    count = min((size_bytes - len(text)) // (len(value) + 1), (most_values - 100) // per_value)
    return text.replace('"junk": []', f'"junk": [{",".join([value] * count)}]').encode()


def full_body(size: int) -> bytes:
    """A large fleet, and as many objects beside it as are taken."""
    text = family_body("correlated", size, padded=False).decode()
    values = text.count(",") + text.count("[") + text.count("{")
    junk = ",".join(['{"a":1.5}'] * ((MAX_BODY_VALUES - values - 10) // 2))
    return f'{text[:-1]},"junk":[{junk}]}}'.encode()


def question(payload_text: bytes, **members: object) -> bytes:
    """What-if, about a payload."""
    return json.dumps({"payload": json.loads(payload_text), **members}).encode()


def cases(size: int, junk_bytes: int) -> dict[str, tuple[str, Callable[[], bytes]]]:
    """Paths and bodies of requests; `size`: plants, 100,000 being the most that is taken."""
    junk = f"{junk_bytes / 2**20:.3g} MiB of"
    curve = {"from_mw": 0, "to_mw": 1e6, "points": 500}
    return {
        "official": (PLAN, lambda: json.dumps(payload()).encode()),
        f"realistic, {size:,} plants": (PLAN, lambda: family_body("realistic", size)),
        f"near, {size:,} plants": (PLAN, lambda: family_body("near", size)),
        f"block, {size:,} plants": (PLAN, lambda: family_body("block", size)),
        f"correlated, {size // 2:,} plants": (PLAN, lambda: family_body("correlated", size // 2)),
        f"correlated, {size:,} plants": (PLAN, lambda: family_body("correlated", size)),
        f"block, {size:,} plants, no tenth": (PLAN, lambda: family_body("block", size, half_a_tenth=True)),
        f"{size:,} plants with four faults each": (PLAN, lambda: faulty_body(size)),
        "as many numbers as are taken, in a member of no meaning": (PLAN, lambda: junk_body("1.5", junk_bytes)),
        "as many lists as are taken, in a member of no meaning": (PLAN, lambda: junk_body("[1]", junk_bytes)),
        "as many objects as are taken, in a member of no meaning": (PLAN, lambda: junk_body('{"a":1.5}', junk_bytes)),
        f"{junk} empty lists": (PLAN, lambda: junk_body("[]", junk_bytes, junk_bytes)),
        f"report, correlated, {size:,} plants": (f"{PLANS}?store=false", lambda: family_body("correlated", size)),
        f"report kept, correlated, {size:,} plants and as many objects as are taken": (PLANS, lambda: full_body(size)),
        "the kept report and its request": (f"{PLANS}/1", bytes),
        f"report, {size:,} plants, all rounded, of one name": (f"{PLANS}?store=false", lambda: rounded_body(size)),
        f"curve, 500 loads, block, {size:,} plants": (
            f"{PLANS}/curve",
            lambda: question(family_body("block", size), **curve),
        ),
        f"comparison, 20 variants, block, {size // 20:,} plants": (
            f"{PLANS}/compare",
            lambda: question(family_body("block", size // 20), variants=[{}] * 20),
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

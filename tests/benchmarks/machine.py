"""What the figures came from."""

import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count, getloadavg
from pathlib import Path
from typing import Any


def machine(ours: Iterable[str], peers: Mapping[str, str]) -> dict[str, Any]:
    """Processor, Python, the versions of `ours` in this environment, and of `peers` as they are told."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return {
        "processor": f"{cpu_count()} cores, {model}",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ours},
        "peers": dict(peers),
    }


def now() -> dict[str, Any]:
    """The hour, and how many processes wanted to run within the last minute, this one among them."""
    return {"when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "load": round(getloadavg()[0], 1)}

"""The CPU time of processes, as the kernel counts it in ticks: only the sum over many requests tells."""

import os
from collections.abc import Iterator
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
OWN, WITH_REAPED = slice(11, 13), slice(11, 15)  # user and system time, then those of children that ended


def children(pid: int) -> list[int]:
    """The processes that this one started."""
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _read(task / "children").split()]


def own_cpu_s(pid: int) -> float:
    """What the process itself has used up to now."""
    return _ticks(pid, OWN) * TICK_S


def tree_cpu_s(pid: int) -> float:
    """What the process and all below it have used up to now, those that ended among them."""
    return sum(_ticks(each, WITH_REAPED) for each in _tree(pid)) * TICK_S


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for child in children(pid):
        yield from _tree(child)


def _ticks(pid: int, fields: slice) -> int:
    return sum(map(int, _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[fields]))


def _read(file: Path) -> str:
    """Nothing of a process or thread that just ended."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""

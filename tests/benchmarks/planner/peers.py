"""The other solvers, each in a process of its own that solves one instance after the other."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from powerplant.dispatch import Unit
from tests.benchmarks import runs
from tests.powerplant import solvers
from tests.powerplant.oracles import cost_eur
from tests.powerplant.solvers import Solver


class Kind(NamedTuple):
    """What a peer runs and needs."""

    script: Path
    packages: tuple[str, ...]


KINDS: Final = {
    "HiGHS": Kind(solvers.HIGHS, ("highspy",)),
    "CP-SAT": Kind(solvers.CPSAT, ("ortools",)),
    "PyPSA": Kind(Path(__file__).with_name("pypsa_peer.py"), ("pypsa", "highspy")),
}
NOT_ASKED: Final = "not asked"
ENDED: Final = "ended"


class Answer(NamedTuple):
    """What a peer says, in EUR and CPU seconds. Only `optimal` and `infeasible` are proven."""

    status: str
    cost_eur: float | None = None
    build_s: float = 0.0
    solve_s: float = 0.0


class Peer:
    """A peer that is started when it is asked, and again after it ended by itself."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        """Its processes end with `stack`."""
        self.name = name
        self._stack = stack
        self._solver: Solver | None = None

    def solve(self, units: Sequence[Unit], load: int, limit_s: float) -> Answer:
        """Its answer to one instance."""
        if self._solver is None:
            self._solver = self._stack.enter_context(solvers.running(KINDS[self.name].script))
            self._solver.solve([Unit(1, 2, 3.0)], 1)  # what it imports late
        try:
            found = self._solver.solve(units, load, limit_s=limit_s)
        except RuntimeError:
            self._solver = None
            return Answer(ENDED)
        cost = None if found.outputs is None else cost_eur(units, found.outputs)
        return Answer(found.status, cost, found.build_s, found.solve_s)


@contextmanager
def available() -> Iterator[list[Peer]]:
    """The peers whose packages are installed."""
    with ExitStack() as stack:
        yield [Peer(name, stack) for name, kind in KINDS.items() if all(versions().get(name) for name in kind.packages)]


def versions() -> dict[str, str]:
    """The versions of what the peers' environment has."""
    return runs.versions(solvers.PYTHON)

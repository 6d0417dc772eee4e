"""The issue's goals, and whether the figures keep them: ratios of CPU us a request within one run."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.benchmarks import targets
from tests.benchmarks.kv.variants import BARE_FASTAPI, ETCD, KINTO_MEMORY, TEXTBOOK, Ours, name_of, plain
from tests.benchmarks.targets import NOT_MEASURED, Parts, Target, Verdict

Row = Mapping[str, Any]

GUNICORN = name_of(Ours("gunicorn"))
NORMAL = name_of(Ours("gunicorn", synchronous="NORMAL"))
GRANIAN = name_of(Ours("granian"))
PUT_SLACK = 0.95  # of the cache: the notes allow 5 % on a PUT


def total_us(row: Row) -> float:
    """CPU of the server and of what stands behind it."""
    return float(row["cpu_us"] + row["behind_us"])


def used(rows: Iterable[Row], variant: str, what: str) -> float | None:
    """What one cell took, or None where it was not measured or had a fault in every round."""
    found = [row for row in rows if row["variant"] == variant and row["what"] == what and row["cpu_us"] is not None]
    return total_us(found[0]) if found else None


def times(rows: Iterable[Row], what: str, dear: str, cheap: str) -> float | None:
    """How many times more one variant took than another."""
    rows = list(rows)
    upper, lower = used(rows, dear, what), used(rows, cheap, what)
    return None if upper is None or lower is None else upper / lower


def _cheaper(what: str, variant: str, than: str, least: float) -> Callable[[Parts], Verdict]:
    """The other one took at least so many times more."""

    def judge(parts: Parts) -> Verdict:
        found = times(parts["hot"]["rows"], what, than, variant)
        return NOT_MEASURED if found is None else Verdict(f"1/{found:.2f}", found >= least)

    return judge


def _lean(parts: Parts) -> Verdict:
    server = "gunicorn"
    variant = name_of(Ours(server, cache="none"))
    found = times(parts["hot"]["rows"], "GET", plain(server).name, variant)
    return NOT_MEASURED if found is None else Verdict(f"{found:.2f}", found >= 0.95)


def _share(than: str, most: float) -> Callable[[Parts], Verdict]:
    """Of the other one's."""

    def judge(parts: Parts) -> Verdict:
        found = times(parts["hot"]["rows"], "GET", GRANIAN, than)
        return NOT_MEASURED if found is None else Verdict(f"{found:.2f}", found <= most)

    return judge


def _gains(rows: Iterable[Row], database: str, what: str) -> dict[str, float]:
    """How many times more is taken without the cache, by the server."""
    rows = list(rows)
    found = {
        server: times(rows, what, name_of(Ours(server, database, "none")), name_of(Ours(server, database, "shm")))
        for server in ("gunicorn", "granian")
    }
    return {server: gain for server, gain in found.items() if gain is not None}


def _told(gains: Mapping[str, float]) -> str:
    return ", ".join(f"{server} {gain:.2f}" for server, gain in gains.items())


def _never_slower(parts: Parts) -> Verdict:
    rows = parts["hot"]["rows"]
    gets, puts = _gains(rows, "sqlite", "GET"), _gains(rows, "sqlite", "PUT")
    if not gets or not puts:
        return NOT_MEASURED
    met = min(round(gain, 2) for gain in gets.values()) >= 1 and min(puts.values()) >= PUT_SLACK
    return Verdict(f"GET {_told(gets)}; PUT {_told(puts)} times", met)


def _pays(parts: Parts) -> Verdict:
    gains = _gains(parts["hot"]["rows"], "MariaDB", "GET")
    return Verdict(f"{_told(gains)} times", gains["granian"] >= 1.4) if "granian" in gains else NOT_MEASURED


def by_database(ratios: Mapping[str, float | None], fits: Callable[[float], bool]) -> Verdict:
    """The worst of the databases counts."""
    found = {name: ratio for name, ratio in ratios.items() if ratio is not None}
    if not found:
        return NOT_MEASURED
    text = ", ".join(f"{name} {'not measured' if ratio is None else f'{ratio:.2f}'}" for name, ratio in ratios.items())
    met = all(map(fits, found.values()))
    return Verdict(f"{text} times", met if len(found) == len(ratios) or not met else None)


def batch_ratios(rows: Iterable[Row]) -> dict[str, float | None]:
    """How many times cheaper a key is in a batch, by the variant."""
    rows = list(rows)
    found: dict[str, float | None] = {}
    for variant in dict.fromkeys(row["variant"] for row in rows):
        single, batch = used(rows, variant, "single"), used(rows, variant, "batch")
        found[variant] = None if single is None or batch is None else single / batch
    return found


def page_ratios(rows: Iterable[Row]) -> dict[str, float | None]:
    """How many times dearer a page is among 500,000 keys than among 1,000, by the database."""
    rows = list(rows)
    databases = dict.fromkeys(row["variant"].partition(",")[0] for row in rows)
    return {name: times(rows, "page", f"{name}, 500,000 keys", f"{name}, 1,000 keys") for name in databases}


TARGETS = [
    Target("hot", "gunicorn: GET at most 1/4 of the textbook", _cheaper("GET", GUNICORN, TEXTBOOK, 4)),
    Target("hot", "gunicorn: GET at most 1/2.5 of Kinto in memory", _cheaper("GET", GUNICORN, KINTO_MEMORY, 2.5)),
    Target("hot", "gunicorn: PUT at most 1/4.5 of the textbook, FULL", _cheaper("PUT", GUNICORN, TEXTBOOK, 4.5)),
    Target("hot", "gunicorn: PUT at most 1/8 of the textbook, NORMAL", _cheaper("PUT", NORMAL, TEXTBOOK, 8)),
    Target("hot", "gunicorn: GET without a cache at least 0.95 times as cheap as the plain view", _lean),
    Target("hot", "granian, cache: GET at most 1/12 of the textbook", _cheaper("GET", GRANIAN, TEXTBOOK, 12)),
    Target("hot", "granian, cache: GET at most 0.75 of etcd's gateway", _share(ETCD, 0.75)),
    Target("hot", "granian, cache: GET at most as much as FastAPI", _share(BARE_FASTAPI, 1)),
    Target("hot", "cache on sqlite: never slower than none (a PUT: within 5 %)", _never_slower),
    Target("hot", "granian, cache on MariaDB: GET at least 1.4 times as cheap as without", _pays),
    Target(
        "batch",
        "a batch of 100 at least 10 times as cheap as 100 singles",
        lambda parts: by_database(batch_ratios(parts["batch"]), lambda ratio: ratio >= 10),
    ),
    Target(
        "keys",
        "a page among 500,000 keys at most 1.5 times one among 1,000",
        lambda parts: by_database(page_ratios(parts["keys"]), lambda ratio: ratio <= 1.5),
    ),
]


def verdicts(parts: Parts) -> list[tuple[str, Verdict]]:
    """Each target with its figure."""
    return targets.verdicts(TARGETS, parts)

"""What was promised, and whether the figures keep it."""

from collections.abc import Callable, Iterable, Mapping
from statistics import median
from typing import Any

from tests.benchmarks import targets
from tests.benchmarks.targets import NOT_MEASURED, Parts, Target, Verdict, of

MB = 10**6
EUR = 1e-4  # costs agree within this


def peer_ratios(rows: Iterable[Mapping[str, Any]], peer: str) -> list[float]:
    """How many times longer the peer took to solve, where it was asked; unproven, it would have taken longer yet."""
    answers = [(row["ours_s"], row["peers"].get(peer, {"solve_s": 0})["solve_s"]) for row in rows]
    return [theirs / ours for ours, theirs in answers if theirs]


def disagreements(rows: Iterable[Mapping[str, Any]]) -> int:
    """Where a peer has a plan below what we proved to be the least, or proved a cost above that of our plan."""
    return sum(
        peer["cost_eur"] < row["cost_eur"] - row["gap_eur"] - EUR
        or (peer["status"] == "optimal" and peer["cost_eur"] > row["cost_eur"] + EUR)
        for row in rows
        for peer in row["peers"].values()
        if peer["cost_eur"] is not None
    )


def _official_ratio(parts: Parts) -> Verdict:
    ratios = [row["ours"] / row["greedy"] for row in parts["official"]]
    return Verdict(f"{', '.join(f'{ratio:.1f}' for ratio in ratios)} times", max(ratios) <= 6)


def _official_time(parts: Parts) -> Verdict:
    times = [row["ours"] * 1e6 for row in parts["official"]]
    return Verdict(f"{', '.join(f'{time:.1f}' for time in times)} us", max(times) < 50)


def _times_faster(family: str, peer: str, least: float) -> Callable[[Parts], Verdict]:
    def verdict(parts: Parts) -> Verdict:
        ratios = peer_ratios(of(parts["contest"], family=family, size=1000), peer)
        if not ratios:
            return NOT_MEASURED
        return Verdict(f"median 1/{median(ratios):,.0f}, worst 1/{min(ratios):,.0f}", median(ratios) >= least)

    return verdict


def _within(family: str, size: int, limit_s: float) -> Callable[[Parts], Verdict]:
    def verdict(parts: Parts) -> Verdict:
        times = [row["ours_s"] for row in of(parts["contest"], family=family, size=size)]
        if not times:
            return NOT_MEASURED
        return Verdict(f"median {median(times) * 1e3:,.1f} ms, worst {max(times) * 1e3:,.1f} ms", max(times) < limit_s)

    return verdict


def _diagnosis(parts: Parts) -> Verdict:
    worst, known = max(row["s"] for row in parts["diagnosis"]), all(row["known"] for row in parts["diagnosis"])
    largest = max(row["size"] for row in parts["diagnosis"])
    missing = "" if known else "; not all nearest loads were found"
    return Verdict(f"worst {worst:.2f} s, up to {largest:,} plants{missing}", worst < 1)


def _memory(parts: Parts) -> Verdict:
    worst = max(parts["memory"], key=lambda row: row["peak_bytes"])
    return Verdict(f"worst {worst['peak_bytes'] / MB:.0f} MB ({worst['case']})", worst["peak_bytes"] < 300 * MB)


def _sets(parts: Parts) -> Verdict:
    seen = parts["agreement"]["sets"]
    return _none(seen, seen["instances"], 30_000, "")


def _cpsat(parts: Parts) -> Verdict:
    seen = parts["agreement"]["cpsat"]
    if not seen:
        return NOT_MEASURED
    return _none(seen, seen.get("optimal", 0) + seen.get("infeasible", 0), 5_000, " decided by it")


def _none(seen: Mapping[str, int], count: int, enough: int, words: str) -> Verdict:
    """No disagreement in enough instances; in fewer it is neither kept nor missed."""
    differed = seen.get("disagreements", 0)
    return Verdict(f"{differed} in {count:,}{words}", False if differed else True if count >= enough else None)


def _no_disagreement(parts: Parts) -> Verdict:
    differed = disagreements(parts["contest"])
    compared = sum(peer["cost_eur"] is not None for row in parts["contest"] for peer in row["peers"].values())
    return Verdict(f"{differed} in {compared} answers", differed == 0) if compared else NOT_MEASURED


def _http(parts: Parts) -> Verdict:
    ratios = [row["plan_cpu_s"] / row["parse_cpu_s"] for row in parts["web"]]
    return Verdict(f"{', '.join(f'{ratio:.2f}' for ratio in ratios)} times", max(ratios) <= 2)


TARGETS = [
    Target("official", "official payloads: at most 6 times merit order", _official_ratio),
    Target("official", "official payloads: below 50 us", _official_time),
    Target("contest", "realistic, n = 1,000: at most 1/100 of HiGHS", _times_faster("realistic", "HiGHS", 100)),
    Target("contest", "block, n = 1,000: at most 1/40 of HiGHS", _times_faster("block", "HiGHS", 40)),
    Target("contest", "block, n = 1,000: at most 1/20 of CP-SAT", _times_faster("block", "CP-SAT", 20)),
    Target("contest", "realistic, n = 50,000: below 20 ms", _within("realistic", 50_000, 0.02)),
    Target("contest", "correlated, n = 1,000: below 0.5 s", _within("correlated", 1000, 0.5)),
    Target("diagnosis", "impossible loads: explained within 1 s", _diagnosis),
    Target("memory", "peak memory of any request: below 300 MB", _memory),
    Target("agreement", "disagreements with all sets of running units (n up to 11), in 30,000: 0", _sets),
    Target("agreement", "disagreements with CP-SAT, in 5,000: 0", _cpsat),
    Target("contest", "no cheaper plan and no other proven cost by any peer", _no_disagreement),
    Target("web", "`POST /productionplan`: at most 2 times a view that only parses and answers", _http),
]


def verdicts(parts: Parts) -> list[tuple[str, Verdict]]:
    """Each target with its figure."""
    return targets.verdicts(TARGETS, parts)

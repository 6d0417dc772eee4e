"""The figures as a page to read."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from tests.benchmarks.page import machine_section, ran, table, targets_section
from tests.benchmarks.planner.contest import EASY
from tests.benchmarks.planner.peers import KINDS, NOT_ASKED
from tests.benchmarks.planner.targets import MB, disagreements, verdicts
from tests.benchmarks.targets import of

Row = Mapping[str, Any]

HEAD = """# The planner, measured

`make bench-planner` wrote this page; nothing on it is typed by hand. Times are CPU time of one thread, medians unless
they say otherwise; other work may have run on the machine, so each part tells its load. Ratios are of figures that were
taken in turns within one run; absolute figures hold for the machine named below and gate nothing. What each family of
fleets is: `tests/benchmarks/planner/fleets.py`.
"""
NOTES = {
    "official": """The three payloads of the challenge, six plants each. *Merit order* takes plants by cost and looks
back at one plant when a pmin does not fit; *reading* turns the decoded payload into units.""",
    "contest": """Each instance was solved by us, by a peer, by us, by the next peer, and so on. The peers solve one
instance after the other in a process of their own, with one thread and a gap of 0; their time to make the model stands
beside the time to solve it, and ratios are of the latter alone. HiGHS has binaries only where pmin > 0. *Realistic*
holds only instances that merit order alone does not solve, and these stand apart from those it does.
A peer that proved none of a family's instances of one size was not asked for larger ones.""",
    "diagnosis": """Why a load is impossible, and the nearest loads below and above that are not.""",
    "memory": """The kernel's high-water mark of a fresh process that loads the whole project and gives it one
request as a server does: Python, Django and all apps are in it, and the body and the answer too. MB are 10^6 bytes.""",
    "agreement": """Costs, feasibility and, among few units, the nearest loads. *All sets* tries every set of running
units; each of these instances was solved by the search for few units and by the one for many. CP-SAT got instances of 4
to 60 units, half of them payloads of the challenge's kind under both wind conventions.""",
    "web": """One gunicorn worker as the project configures it. The other view has the same parser, renderer, throttle,
access and middleware and answers the same list without computing it. CPU is that of the worker by /proc, wall that of
the client on a kept-alive connection, medians.""",
}


def page(parts: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """The whole page. told: the machine, and for each part when it ran, under what load, and with which options."""
    sections = [HEAD, machine_section(told["machine"]), targets_section(verdicts(parts)), _plot(parts)]
    tables = {
        "official": ("The official payloads", _official),
        "contest": ("Ours, merit order and others", _contest),
        "diagnosis": ("Impossible loads", _diagnosis),
        "memory": ("Memory", _memory),
        "agreement": ("Agreement", _agreement),
        "web": ("Over HTTP", _web),
    }
    for part, (title, render) in tables.items():
        if part in parts:
            sections += [f"## {title}\n\n{NOTES[part]}\n", f"{ran(told['parts'][part])}\n", render(parts[part])]
    return "\n".join([*sections, _unproven(parts)])


def _plot(parts: Mapping[str, Any]) -> str:
    return "![CPU time against the number of plants](planner.svg)\n" if parts.get("plot") else ""


def _official(rows: Sequence[Row]) -> str:
    peers = [name for name in KINDS if name in rows[0]]
    return table(
        ["payload", "ours, us", "merit order, us", "ratio", "reading, us", *(f"{name}, us" for name in peers)],
        [
            (
                row["payload"],
                f"{row['ours'] * 1e6:.1f}",
                f"{row['greedy'] * 1e6:.1f}",
                f"{row['ours'] / row['greedy']:.1f}",
                f"{row['read'] * 1e6:.1f}",
                *(f"{row[name] * 1e6:,.0f}" for name in peers),
            )
            for row in rows
        ],
    )


def _cells(rows: Sequence[Row]) -> dict[tuple[str, int], list[Row]]:
    keys = dict.fromkeys((row["family"], row["size"]) for row in rows)
    return {key: of(rows, family=key[0], size=key[1]) for key in keys}


def _contest(rows: Sequence[Row]) -> str:
    cells = _cells(rows)
    ours = table(
        [
            "fleet, n",
            "ours, ms",
            "worst, ms",
            "proven",
            "largest gap",
            "merit order, ms",
            "its plans: best, dearer, none",
        ],
        [
            (
                f"{family} {size:,}",
                _ms(median(row["ours_s"] for row in cell)),
                _ms(max(row["ours_s"] for row in cell)),
                f"{sum(row['gap_eur'] == 0 for row in cell)}/{len(cell)}",
                _gap(cell),
                _ms(median(row["greedy_s"] for row in cell)),
                ", ".join(map(str, _greedy(cell))),
            )
            for (family, size), cell in cells.items()
        ],
    )
    heads = ["fleet, n", "peer", "model, ms", "solve, ms", "proven", "times ours: median", "least"]
    against = [
        line
        for (family, size), cell in cells.items()
        if family != EASY
        for line in _against(f"{family} {size:,}", cell)
    ]
    agreed = f"Proven costs that differ, or a cheaper plan of a peer: {disagreements(rows)}.\n"
    return f"{ours}\n{table(heads, against)}\n{agreed}"


def _against(name: str, cell: Sequence[Row]) -> Iterable[Sequence[object]]:
    """A line a peer."""
    for peer in cell[0]["peers"]:
        answers = [(row["peers"][peer], row["ours_s"]) for row in cell if row["peers"][peer]["status"] != NOT_ASKED]
        timed = [(answer, ours_s) for answer, ours_s in answers if answer["solve_s"]]
        if not timed:
            yield name, peer, "", "", NOT_ASKED if not answers else f"0/{len(answers)}", "", ""
            continue
        proven = sum(answer["status"] == "optimal" for answer, _ in answers)
        ratios = [answer["solve_s"] / ours_s for answer, ours_s in timed]
        more = ">= " if proven < len(answers) else ""
        yield (
            name,
            peer,
            _ms(median(answer["build_s"] for answer, _ in timed)),
            _ms(median(answer["solve_s"] for answer, _ in timed)),
            f"{proven}/{len(answers)}",
            f"{more}{median(ratios):,.0f}",
            f"{min(ratios):,.1f}" if min(ratios) < 10 else f"{min(ratios):,.0f}",
        )


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.3f}" if seconds < 0.01 else f"{seconds * 1e3:,.1f}"


def _gap(cell: Sequence[Row]) -> str:
    largest = max(row["gap_eur"] / (abs(row["cost_eur"]) or 1) for row in cell)
    return f"{largest:.1e}" if largest else "0"


def _greedy(cell: Sequence[Row]) -> tuple[int, int, int]:
    """How many plans of merit order are as good, dearer, or not there."""
    plans = [(row["greedy_eur"], row["cost_eur"]) for row in cell]
    best = sum(cost is not None and cost < ours + 1e-4 for cost, ours in plans)
    none = sum(cost is None for cost, _ in plans)
    return best, len(plans) - best - none, none


def _diagnosis(rows: Sequence[Row]) -> str:
    sizes = sorted({row["size"] for row in rows})
    cases = list(dict.fromkeys(row["case"] for row in rows))
    lines = []
    for case in cases:
        own = of(rows, case=case)
        times = [f"{row['s'] * 1e3:,.1f}" + ("" if row["known"] else " (not found)") for row in own]
        lines.append((case, ", ".join(dict.fromkeys(row["reason"] for row in own)), *times))
    return table(["load", "reason", *(f"n = {size:,}, ms" for size in sizes)], lines)


def _memory(rows: Sequence[Row]) -> str:
    return table(
        ["request", "status", "body, MB", "answer, MB", "CPU, s", "peak, MB"],
        [
            (
                row["case"],
                row["status"],
                f"{row['sent_bytes'] / MB:.1f}",
                f"{row['answer_bytes'] / MB:.1f}",
                f"{row['s']:.2f}",
                f"{row['peak_bytes'] / MB:.0f}",
            )
            for row in rows
        ],
    )


def _agreement(seen: Mapping[str, Mapping[str, int]]) -> str:
    sets, cpsat = seen["sets"], seen["cpsat"]
    lines = [("all sets of running units", sets["instances"], sets.get("possible", 0), sets.get("impossible", 0), 0)]
    if cpsat:
        decided = cpsat.get("optimal", 0), cpsat.get("infeasible", 0)
        lines.append(("CP-SAT", cpsat["instances"], *decided, cpsat["instances"] - sum(decided)))
    differed = [found.get("disagreements", 0) for found in (sets, cpsat)]
    return table(
        ["against", "instances", "possible", "impossible", "not decided by it", "disagreements"],
        [(line[0], *(f"{count:,}" for count in line[1:]), count) for line, count in zip(lines, differed, strict=False)],
    )


def _web(rows: Sequence[Row]) -> str:
    return table(
        [
            "payload",
            "requests each",
            "plan, CPU us",
            "parse only, CPU us",
            "ratio",
            "plan, wall us",
            "parse only, wall us",
        ],
        [
            (
                row["payload"],
                f"{row['requests']:,}",
                f"{row['plan_cpu_s'] * 1e6:,.0f}",
                f"{row['parse_cpu_s'] * 1e6:,.0f}",
                f"{row['plan_cpu_s'] / row['parse_cpu_s']:.2f}",
                f"{row['plan_wall_s'] * 1e6:,.0f}",
                f"{row['parse_wall_s'] * 1e6:,.0f}",
            )
            for row in rows
        ],
    )


def _unproven(parts: Mapping[str, Any]) -> str:
    """What is not known after all this."""
    lines = []
    for (family, size), cell in _cells(parts.get("contest", [])).items():
        gaps = sum(row["gap_eur"] > 0 for row in cell)
        if gaps:
            lines.append(f"{family} {size:,}: {gaps} of {len(cell)} plans of ours, within a budget of 2 s of CPU")
        lines += [
            f"{family} {size:,}: {line[1]} proved {line[4]}"
            for line in _against("", cell)
            if line[4] != NOT_ASKED and line[4].split("/")[0] != line[4].split("/")[1]
        ]
    undecided = parts.get("agreement", {}).get("cpsat", {})
    left = undecided.get("instances", 0) - undecided.get("optimal", 0) - undecided.get("infeasible", 0)
    lines += [f"{left} instances of the agreement were not decided by CP-SAT, and are not counted"] if left else []
    return "## Not proven\n\n" + "\n".join(f"- {line}" for line in lines or ["nothing of what was tried"]) + "\n"

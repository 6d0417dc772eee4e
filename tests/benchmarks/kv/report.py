"""The figures as a page to read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.benchmarks.kv.targets import batch_ratios, page_ratios, total_us, used, verdicts
from tests.benchmarks.kv.variants import TEXTBOOK, THREADS, VARIANTS, WORKERS
from tests.benchmarks.page import machine_section, ran, table, targets_section

Row = Mapping[str, Any]

HEAD = """# The key/value store, measured

`make bench-kv` wrote this page; nothing on it is typed by hand. *CPU* is user and system time of the whole process tree
of a server, by /proc, over a cell, divided by its requests; where a database or Redis stands behind it, that one's CPU
is told apart (*server + behind*) and both count in ratios. Load comes from wrk (1 thread, 16 kept-alive connections,
any of the keys, JSON values of 77 bytes, a pre-shared key in each request unless a note says otherwise) on the same
machine, so that requests per second and p50/p99 are at saturation and share the cores with it: they stand beside, and
judge nothing. Each variant is measured once a round in an order that a seed shuffles; figures are medians of the
rounds, and ratios are of cells of one run. After each cell keys are read back; a round with a refused request, a lost
connection or a wrong value is not used, and told. Other work may have run on the machine, so each part tells its load.
"""
NOTES = {
    "hot": f"""1,000 hot keys. Ours is started by `builder serve` with {WORKERS} workers and {THREADS} threads each,
OPEN_RATE=none and, unless the name says otherwise, everything as by default: LOG_LEVEL is INFO, a line a request, to a
file. GET is `GET /get?key=`, PUT is `POST /save`. MariaDB flushes at each commit. The *textbook* is what startproject
and a ModelViewSet give: its middleware, sqlite with a rollback journal, CONN_MAX_AGE=0, the key in a permission; on
gunicorn as ours, and on sync workers. The *plain view* has our settings, middleware and server, compares the key in
constant time and says one raw statement; its PUT only replaces and counts nothing. FastAPI is on uvicorn with
{WORKERS} processes, its sqlite WAL and NORMAL. *Times* is the textbook's CPU on gunicorn and sqlite divided by the
line's.""",
    "layers": """Over HTTP: the same server asked for more and more, cache and database of sqlite. Inside: CPU of one
process without an HTTP server and without load, the innermost step first; a server with threads takes about half as
much again for the same code. What a step adds is what its name says.""",
    "routes": """Each route by itself, everything as by default; a list is the first page of 100. What is deleted was
written before, by `txn`.""",
    "keys": """A page of 100 by cursor, from the middle of all keys, and GETs of any key. gunicorn, everything as by
default; the keys were copied in SQL before it started. MariaDB's buffer pool is the default one.""",
    "batch": """A `txn` of 100 puts beside single saves; all figures are of one key.""",
    "namespaces": """Raw PUTs on MariaDB, no cache, gunicorn: the lock of a namespace's revision lets one commit at a
time pass.""",
}


def page(parts: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """The whole page. told: the machine, and for each part when it ran, under what load, and with which options."""
    sections = [HEAD, machine_section(told["machine"]), targets_section(verdicts(parts)), _plot(parts)]
    tables: dict[str, tuple[str, Callable[[Any], str]]] = {
        "hot": ("1,000 hot keys", _hot),
        "layers": ("Where the time goes", _layers),
        "routes": ("Route by route", figures),
        "keys": ("Many keys", _keys),
        "batch": ("Batches", _batch),
        "namespaces": ("Namespaces", figures),
    }
    for part, (title, render) in tables.items():
        sections.append(f"## {title}\n\n{NOTES[part]}\n")
        measured = part in parts
        sections += [f"{ran(told['parts'][part])}\n", render(parts[part])] if measured else ["Not measured.\n"]
    return "\n".join([*sections, _faults(parts)])


def _plot(parts: Mapping[str, Any]) -> str:
    drawn = "![CPU of a GET and of a PUT by variant](kv.svg)\n"
    return drawn if parts.get("plot") else "No picture: matplotlib is in .venv-peers-kv, which `make bench-kv` makes.\n"


def cpu(row: Row) -> str:
    """Server, and what is behind it."""
    if row["cpu_us"] is None:
        return "fault"
    behind = f" + {row['behind_us']:,.0f}" if row["behind_us"] else ""
    return f"{row['cpu_us']:,.0f}{behind}"


def _spread(row: Row) -> str:
    return "" if row["spread"] is None else f"{row['spread'][0]:,.0f} to {row['spread'][1]:,.0f}"


def _speed(row: Row) -> tuple[str, str, str]:
    if row["cpu_us"] is None:
        return "", "", ""
    return f"{row['rps']:,.0f}", f"{row['p50_ms']:.1f}", f"{row['p99_ms']:.1f}"


def figures(rows: Sequence[Row]) -> str:
    """A line a cell, as it was measured."""
    heads = ["variant", "what", "CPU, us", "server's spread", "a second", "p50, ms", "p99, ms"]
    lines = [(row["variant"], row["what"], cpu(row), _spread(row), *_speed(row)) for row in rows]
    return table(heads, lines) if rows else ""


def _hot(found: Mapping[str, Any]) -> str:
    rows, notes = found["rows"], {variant.name: variant.note for variant in VARIANTS}
    tables = [
        f"### {what}\n\n{_ranked([row for row in rows if row['what'] == what], used(rows, TEXTBOOK, what), notes)}"
        for what in ("GET", "PUT")
    ]
    missing = [
        f"- {name} was not measured: {need.rpartition(':')[2]} is missing" for name, need in found["missing"].items()
    ]
    return "\n".join([*tables, *missing, ""])


def _ranked(rows: Iterable[Row], textbook_us: float | None, notes: Mapping[str, str]) -> str:
    """The cheapest first."""

    def line(row: Row) -> Sequence[str]:
        times = f"{textbook_us / total_us(row):.1f}" if textbook_us and row["cpu_us"] else ""
        return (row["variant"], cpu(row), _spread(row), times, *_speed(row), notes.get(row["variant"], ""))

    heads = ["variant", "CPU, us", "server's spread", "times", "a second", "p50, ms", "p99, ms", "note"]
    ranked = sorted(rows, key=lambda row: float("inf") if row["cpu_us"] is None else total_us(row))
    return table(heads, map(line, ranked))


def _layers(found: Mapping[str, Any]) -> str:
    lines, before = [], ("", 0.0)
    for row in found["rows"]:
        now = row["cpu_us"]
        added = f"{now - before[1]:+,.0f}" if now is not None and before[0] == row["variant"] else ""
        lines.append((row["variant"], row["what"], cpu(row), added))
        before = (row["variant"], now if now is not None else before[1])
    over_http = table(["server", "asked for", "CPU, us", "more than the line above"], lines)
    steps, last = [], None
    for row in found["inside"]:
        steps.append((row["layer"], f"{row['us']:.1f}", "" if last is None else f"{row['us'] - last:+.1f}"))
        last = row["us"]
    return f"{over_http}\n{table(['inside of a process', 'CPU, us', 'adds'], steps)}"


def _keys(rows: Sequence[Row]) -> str:
    return figures(rows) + _ratios("A page among 500,000 keys took {} times that among 1,000.", page_ratios(rows))


def _batch(rows: Sequence[Row]) -> str:
    return figures(rows) + _ratios("A key in a batch was {} times as cheap.", batch_ratios(rows))


def _ratios(sentence: str, ratios: Mapping[str, float | None]) -> str:
    lines = [f"- {name}: {sentence.format(f'{ratio:.2f}')}" for name, ratio in ratios.items() if ratio is not None]
    return "\n".join(["", *lines, ""]) if lines else ""


def _faults(parts: Mapping[str, Any]) -> str:
    """What went wrong in any round."""
    of_parts = {"hot": parts.get("hot", {}).get("rows", []), "layers": parts.get("layers", {}).get("rows", [])}
    of_parts |= {part: parts.get(part, []) for part in ("routes", "keys", "batch", "namespaces")}
    lines = [
        f"- {part}: {row['variant']}, {row['what']}: {row['faults']} of {row['faults'] + row['rounds']} rounds, "
        f"the last one: {row['fault']}"
        for part, rows in of_parts.items()
        for row in rows
        if row["faults"]
    ]
    return "## Faults\n\n" + "\n".join(lines or ["- none: every request was answered rightly"]) + "\n"

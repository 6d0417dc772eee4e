"""The key/value store's benchmark: that all of it runs, on too little to tell anything, and that it judges rightly."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.benchmarks.kv import report
from tests.benchmarks.kv.dialects import ETCD, KINTO, PSK, SAVE_GET, Dialect, Request, key_of, value_of
from tests.benchmarks.kv.farm import Server, farm
from tests.benchmarks.kv.load import CONNECTIONS, Load
from tests.benchmarks.kv.rounds import How, Keys, measured
from tests.benchmarks.kv.targets import GRANIAN, GUNICORN, NORMAL, TARGETS, by_database, verdicts
from tests.benchmarks.kv.variants import BARE_FASTAPI, BY_NAME, KINTO_MEMORY, TEXTBOOK, Ours, Variant, name_of, plain
from tests.benchmarks.kv.variants import ETCD as ETCD_NAME
from tests.benchmarks.processes import tree_cpu_s
from tests.benchmarks.targets import NOT_MEASURED, Verdict
from tests.live import PROJECT

PARTS = {"hot", "layers", "routes", "keys", "batch", "namespaces"}


@pytest.mark.live
def test_measures_every_part_and_writes_a_page(tmp_path: Path) -> None:
    for program in ("wrk", "mariadbd"):
        services.need(program)
    command = [sys.executable, "-m", "tests.benchmarks.kv", "--quick", "--output", str(tmp_path)]
    # What is measured is not traced for coverage.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    subprocess.run(command, cwd=PROJECT, env=variables, check=True)
    data = json.loads((tmp_path / "kv.json").read_text())
    page = (tmp_path / "kv.md").read_text()
    assert set(data["parts"]) == PARTS
    assert all(note.partition("\n")[0] in page for note in report.NOTES.values())
    assert all(f"| {target.text} |" in page for target in TARGETS)
    parts = data["parts"]
    assert parts["hot"]["missing"] == {}
    assert [step["layer"] for step in parts["layers"]["inside"]][-1] == "`/get` instead, without a cache"
    rows = [row for part in parts.values() for row in (part["rows"] if isinstance(part, dict) else part)]
    assert [row["fault"] for row in rows if row["fault"]] == []
    assert all(row["rounds"] == 1 and row["rps"] > 0 for row in rows)
    subprocess.run([*command, "--only", "namespaces"], cwd=PROJECT, env=variables, check=True)
    again = json.loads((tmp_path / "kv.json").read_text())["parts"]
    assert again["hot"] == parts["hot"]
    assert again["namespaces"] != parts["namespaces"]
    subprocess.run([*command, "--missing"], cwd=PROJECT, env=variables, check=True)
    assert json.loads((tmp_path / "kv.json").read_text())["parts"] == again


class Store(http.server.BaseHTTPRequestHandler):
    """A server of /get and /save that can forget what is written again to a key, or answer it by 500."""

    protocol_version = "HTTP/1.1"
    values: dict[str, Any]
    forgets: set[str]
    refuses: set[str]
    written: list[str]

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def answer(self, status: int, shown: object) -> None:
        body = json.dumps(shown).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        key = self.path.partition("=")[2]
        found = self.values.get(key)
        self.answer(200 if found else 404, {"key": key, "value": found})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.written.append(sent["key"])
        if sent["key"] not in self.forgets or sent["key"] not in self.values:
            self.values[sent["key"]] = sent["value"]
        self.answer(500 if sent["key"] in self.refuses else 200, {})


@pytest.fixture
def store() -> Iterator[tuple[Server, type[Store]]]:
    class Kept(Store):
        values: dict[str, Any] = {}
        forgets: set[str] = set()
        refuses: set[str] = set()
        written: list[str] = []

    class Listener(http.server.ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """wrk leaves without a word."""

    listener = Listener(("127.0.0.1", 0), Kept)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    yield Server(listener.server_address[1], os.getpid()), Kept
    listener.shutdown()
    listener.server_close()
    thread.join()


def put_row(store: tuple[Server, type[Store]], directory: Path) -> dict[str, Any]:
    """A short cell of PUTs to it."""
    services.need("wrk")
    keys = Keys("a store", store[0], SAVE_GET, 50, directory)
    keys.fill(SAVE_GET)
    return measured([keys.put()], How(1, 0.3, 50), lambda _: None)[0]


@pytest.mark.live
class TestACell:
    def test_tells_requests_and_cpu_of_what_answers_rightly(
        self, store: tuple[Server, type[Store]], tmp_path: Path
    ) -> None:
        row = put_row(store, tmp_path)
        assert row["fault"] is None
        assert row["rps"] > 0
        assert row["cpu_us"] > 0
        assert row["p99_ms"] >= row["p50_ms"] > 0

    def test_that_forgets_a_write_is_a_fault_and_has_no_figures(
        self, store: tuple[Server, type[Store]], tmp_path: Path
    ) -> None:
        store[1].forgets.add(key_of(0))
        row = put_row(store, tmp_path)
        assert "which is not what was written last" in row["fault"]
        assert (row["cpu_us"], row["rps"], row["rounds"], row["faults"]) == (None, None, 0, 1)

    def test_with_an_error_of_the_server_is_a_fault(self, store: tuple[Server, type[Store]], tmp_path: Path) -> None:
        services.need("wrk")
        keys = Keys("a store", store[0], SAVE_GET, 50, tmp_path)
        keys.fill(SAVE_GET)
        store[1].refuses.add(key_of(0))
        row = measured([keys.put()], How(1, 0.3, 50), lambda _: None)[0]
        assert "status" in row["fault"]
        assert row["cpu_us"] is None

    @pytest.mark.parametrize("each", [False, True])
    def test_sends_its_first_request_first_or_each_of_them_in_turn(
        self, store: tuple[Server, type[Store]], tmp_path: Path, each: bool
    ) -> None:
        services.need("wrk")
        server, kept = store
        requests = [
            SAVE_GET.write(key_of(number), value_of(number, "order")) for number in range(5 if each else 10_000)
        ]
        load = Load.of(server.port, "POST", PSK, requests, tmp_path / "requests")
        replace(load, each=each).run(0.5, 1)
        if each:
            assert [kept.written.count(key_of(number)) for number in range(4)] == [1, 1, 1, 1]
        else:
            assert kept.written.count(key_of(0)) >= CONNECTIONS
            assert len(set(kept.written)) > CONNECTIONS


@pytest.mark.live
def test_the_farm_leaves_nothing_running() -> None:
    # The shell ends when it is told to, and its server does not.
    command = f"trap 'exit 0' TERM; {sys.executable} -m http.server --bind 127.0.0.1 {{port}} & wait"
    with farm() as running:
        server = running.start("a server", ["sh", "-c", command], {"PATH": os.environ["PATH"]})
        home = running.home
        assert services.listens(server.port)
    assert not services.listens(server.port)
    assert not home.exists()


@pytest.mark.parametrize(
    ("dialect", "answer"),
    [
        (SAVE_GET, {"key": "k3", "value": json.loads(value_of(3, "stamp")), "version": 2}),
        (KINTO, {"data": {**json.loads(value_of(3, "stamp")), "id": "k3", "last_modified": 1}}),
    ],
)
def test_a_value_is_found_in_each_dialects_answer(dialect: Dialect, answer: Any) -> None:
    assert dialect.shown(answer) == json.loads(value_of(3, "stamp"))


def test_etcd_is_told_and_asked_in_base64() -> None:
    path, body = ETCD.write("k3", value_of(3, "stamp"))
    sent = json.loads(body)
    assert path == "/v3/kv/put"
    assert ETCD.shown({"kvs": [{"value": sent["value"]}]}) == json.loads(value_of(3, "stamp"))
    assert ETCD.read("k3") == Request("/v3/kv/range", json.dumps({"key": sent["key"]}))


def test_a_variant_says_which_program_it_lacks() -> None:
    lacking = Variant("x", lambda *_: pytest.fail("started"), SAVE_GET, ("sh", "no-such-program"))
    assert lacking.missing() == "no-such-program"
    assert BY_NAME[TEXTBOOK].missing() is None


def test_the_cpu_of_a_tree_counts_children_that_ended() -> None:
    work = "import time\nwhile time.process_time() < 0.3: pass"
    code = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}]); print('done', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-uc", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"done\n"
        assert tree_cpu_s(process.pid) >= 0.3
        process.communicate(b"\n")


def cell(variant: str, what: str, cpu_us: float, behind_us: float = 0) -> dict[str, Any]:
    """A row of figures."""
    speed = {"rps": 1000.0, "p50_ms": 1.0, "p99_ms": 2.0}
    told = {"spread": [cpu_us, cpu_us], "rounds": 5, "faults": 0, "fault": None}
    return {"variant": variant, "what": what, "cpu_us": cpu_us, "behind_us": behind_us, **speed, **told}


def judged(*rows: dict[str, Any], part: str = "hot") -> dict[str, Verdict]:
    """What is said of these rows."""
    return dict(verdicts({part: {"rows": rows, "missing": {}} if part == "hot" else rows}))


@pytest.mark.parametrize(
    ("target", "what", "ours", "theirs", "least"),
    [
        ("gunicorn: GET at most 1/4 of the textbook", "GET", GUNICORN, TEXTBOOK, 4),
        ("gunicorn: GET at most 1/2.5 of Kinto in memory", "GET", GUNICORN, KINTO_MEMORY, 2.5),
        ("gunicorn: PUT at most 1/4.5 of the textbook, FULL", "PUT", GUNICORN, TEXTBOOK, 4.5),
        ("gunicorn: PUT at most 1/8 of the textbook, NORMAL", "PUT", NORMAL, TEXTBOOK, 8),
        (
            "gunicorn: GET without a cache at least 0.95 times as cheap as the plain view",
            "GET",
            name_of(Ours("gunicorn", cache="none")),
            plain("gunicorn").name,
            0.95,
        ),
        ("granian, cache: GET at most 1/12 of the textbook", "GET", GRANIAN, TEXTBOOK, 12),
        ("granian, cache: GET at most 0.75 of etcd's gateway", "GET", GRANIAN, ETCD_NAME, 1 / 0.75),
        ("granian, cache: GET at most as much as FastAPI", "GET", GRANIAN, BARE_FASTAPI, 1),
        (
            "granian, cache on MariaDB: GET at least 1.4 times as cheap as without",
            "GET",
            name_of(Ours("granian", "MariaDB", "shm")),
            name_of(Ours("granian", "MariaDB", "none")),
            1.4,
        ),
    ],
)
def test_a_target_is_met_or_missed_by_the_ratio(target: str, what: str, ours: str, theirs: str, least: float) -> None:
    assert judged(cell(ours, what, 100), cell(theirs, what, 100 * least + 0.01))[target].met is True
    assert judged(cell(ours, what, 100), cell(theirs, what, 100 * least - 0.5))[target].met is False
    assert judged(cell(ours, what, 50, 50), cell(theirs, what, 100 * least - 0.5))[target].met is False
    assert judged(cell(ours, what, 100))[target] == NOT_MEASURED


@pytest.mark.parametrize(
    ("gains", "met"),
    [((1, 1, 0.96), True), ((1, 0.99, 1), False), ((0.99, 1, 1), False), ((1, 1, 0.94), False)],
)
def test_the_cache_must_not_cost_anything_on_sqlite(gains: tuple[float, float, float], met: bool) -> None:
    gunicorn, granian, puts = gains
    rows = [
        cell(name_of(Ours(server, cache=cache)), what, 1000 * (gain if cache == "none" else 1))
        for server, gets in (("gunicorn", gunicorn), ("granian", granian))
        for what, gain in (("GET", gets), ("PUT", puts))
        for cache in ("none", "shm")
    ]
    assert judged(*rows)["cache on sqlite: never slower than none (a PUT: within 5 %)"].met is met


@pytest.mark.parametrize(("batch_us", "met"), [(10, True), (10.2, False)])
def test_a_batch_must_be_ten_times_as_cheap_with_its_database(batch_us: float, met: bool) -> None:
    rows = cell("sqlite", "single", 60, 41), cell("sqlite", "batch", batch_us - 2, 2)
    assert judged(*rows, part="batch")["a batch of 100 at least 10 times as cheap as 100 singles"].met is met


@pytest.mark.parametrize(("most_us", "met"), [(150, True), (151, False)])
def test_a_page_among_many_keys_must_cost_little_more(most_us: float, met: bool) -> None:
    rows = cell("MariaDB, 1,000 keys", "page", 60, 40), cell("MariaDB, 500,000 keys", "page", most_us - 50, 50)
    assert judged(*rows, part="keys")["a page among 500,000 keys at most 1.5 times one among 1,000"].met is met


def test_a_cell_without_a_clean_round_is_told_and_not_used() -> None:
    without = {"cpu_us": None, "spread": None, "rounds": 0, "faults": 5, "fault": "500 beside 3 answers"}
    rows = [cell(TEXTBOOK, "GET", 1500), {**cell(GUNICORN, "GET", 0), **without}]
    assert judged(*rows)["gunicorn: GET at most 1/4 of the textbook"] == NOT_MEASURED
    page = report.page(*found(rows, {KINTO_MEMORY: "peers:kinto"}))
    assert f"- hot: {GUNICORN}, GET: 5 of 5 rounds, the last one: 500 beside 3 answers" in page
    assert f"| {GUNICORN} | fault |" in page


def test_what_is_missing_is_told() -> None:
    page = report.page(*found([cell(TEXTBOOK, "GET", 1500)], {KINTO_MEMORY: "peers:kinto"}))
    assert f"- {KINTO_MEMORY} was not measured: kinto is missing" in page
    assert page.count("\nNot measured.\n") == len(PARTS) - 1
    assert "No picture" in page


def found(rows: list[dict[str, Any]], missing: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a run of the hot keys alone has to tell."""
    ran = {"when": "today", "before": 0.1, "after": 0.2, "options": {}}
    machine = {"processor": "one", "system": "some", "python": "3", "packages": {}, "peers": {}}
    return {"hot": {"rows": rows, "missing": missing}}, {"machine": machine, "parts": {"hot": ran}}


@pytest.mark.parametrize(
    ("ratios", "met"),
    [
        ({"sqlite": 1.2, "MariaDB": 1.4}, True),
        ({"sqlite": 1.2, "MariaDB": 1.6}, False),
        ({"sqlite": 1.2, "MariaDB": None}, None),
        ({"sqlite": 1.6, "MariaDB": None}, False),
        ({"sqlite": None}, None),
    ],
)
def test_both_databases_must_keep_a_target(ratios: dict[str, float | None], met: bool | None) -> None:
    assert by_database(ratios, lambda ratio: ratio <= 1.5).met is met

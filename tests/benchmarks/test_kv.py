"""The key/value store's benchmark: that all of it runs, on too little to tell anything, and that it judges rightly."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.benchmarks.kv import report
from tests.benchmarks.kv.dialects import ETCD, KINTO, PSK, SAVE_GET, Dialect, Request, key_of, value_of
from tests.benchmarks.kv.farm import Server
from tests.benchmarks.kv.load import Load
from tests.benchmarks.kv.rounds import How, Keys, measured
from tests.benchmarks.kv.targets import GRANIAN, GUNICORN, TARGETS, by_database, verdicts
from tests.benchmarks.kv.variants import BY_NAME, TEXTBOOK, Variant
from tests.benchmarks.kv.variants import ETCD as ETCD_NAME
from tests.benchmarks.processes import tree_cpu_s
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
        if sent["key"] not in self.forgets or sent["key"] not in self.values:
            self.values[sent["key"]] = sent["value"]
        self.answer(500 if sent["key"] in self.refuses else 200, {})


@pytest.fixture
def store() -> Iterator[tuple[Server, type[Store]]]:
    class Kept(Store):
        values: dict[str, Any] = {}
        forgets: set[str] = set()
        refuses: set[str] = set()

    class Listener(http.server.ThreadingHTTPServer):
        request_queue_size = 128

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

    def test_can_send_its_requests_one_after_the_other(self, store: tuple[Server, type[Store]], tmp_path: Path) -> None:
        services.need("wrk")
        server, kept = store
        requests = [SAVE_GET.write(key_of(number), value_of(number, "order")) for number in range(5)]
        load = Load.of(server.port, "POST", PSK, requests, tmp_path / "requests")
        Load(load.port, load.method, load.headers, load.requests, each=True).run(0.3, 1)
        assert set(kept.values) == {key_of(number) for number in range(5)}


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
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(3 * 10**7))']); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        begun = tree_cpu_s(process.pid)
        while tree_cpu_s(process.pid) - begun < 0.2:
            assert process.poll() is None
        process.communicate(b"\n")


def hot(**cpu_us: float) -> dict[str, Any]:
    """What the hot keys' part says, by variant and by kind of request."""
    names = {"gunicorn": GUNICORN, "granian": GRANIAN, "textbook": TEXTBOOK, "etcd": ETCD_NAME}
    rows = [{"variant": names[name], "what": "GET", "cpu_us": used, "behind_us": 0.0} for name, used in cpu_us.items()]
    return {"hot": {"rows": rows, "missing": {}}}


@pytest.mark.parametrize(("textbook_us", "met"), [(1199, False), (1200, True)])
def test_a_target_is_met_or_missed_by_the_ratio(textbook_us: float, met: bool) -> None:
    judged = dict(verdicts(hot(gunicorn=300, textbook=textbook_us)))
    assert judged["gunicorn: GET at most 1/4 of the textbook"].met is met
    assert judged["granian, cache: GET at most 0.75 of etcd's gateway"].figure == "not measured"
    assert judged["a batch of 100 at least 10 times as cheap as 100 singles"].met is None


@pytest.mark.parametrize(("granian_us", "met"), [(75, True), (76, False)])
def test_a_share_of_another_is_judged_the_other_way_round(granian_us: float, met: bool) -> None:
    judged = dict(verdicts(hot(granian=granian_us, etcd=100)))
    assert judged["granian, cache: GET at most 0.75 of etcd's gateway"] == (f"{granian_us / 100:.2f}", met)


def test_a_cell_without_a_clean_round_is_not_measured() -> None:
    parts = hot(gunicorn=300, textbook=1500)
    parts["hot"]["rows"][0]["cpu_us"] = None
    assert dict(verdicts(parts))["gunicorn: GET at most 1/4 of the textbook"].figure == "not measured"


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

"""`builder put-assets`: a directory at once, here and on a server."""

import http.server
import json
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.buildserver.test_cli import builder
from tests.services import free_port

pytestmark = pytest.mark.live


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory with files, one of them below another directory, and links."""
    directory = tmp_path / "dist"
    (directory / "lib").mkdir(parents=True)
    for number in range(5):
        (directory / f"app-{number}.txt").write_text(f"app {number}")
    (directory / "lib" / "ü.so").write_bytes(b"\x7fELF\x00")
    (directory / "empty").touch()
    (directory / "link").symlink_to("app-0.txt")
    (directory / "dangling").symlink_to("never")
    return directory


def put(home: Path, *arguments: object, **variables: str) -> tuple[int, Any, str]:
    """Exit code, what it told as JSON, and what it complained about."""
    ended = builder(home, "put-assets", *map(str, arguments), "--json", **variables)
    return ended.returncode, json.loads(ended.stdout) if ended.stdout else None, ended.stderr.decode()


def test_stores_what_is_not_there(place: dict[str, str], name: str, files: Path, tmp_path: Path) -> None:
    prefix = f"{name}/"
    names = [f"{prefix}app-{number}.txt" for number in range(5)]
    names += [f"{prefix}empty", f"{prefix}lib/ü.so", f"{prefix}link"]
    told = {"stored": names, "unchanged": [], "conflict": [], "refused": {}}
    assert put(tmp_path, files, "--prefix", prefix, "--label", "commit=abc", **place) == (0, told, "")
    assert put(tmp_path, files, "--prefix", prefix, **place) == (0, told | {"stored": [], "unchanged": names}, "")
    got = builder(tmp_path, "get-asset", f"{prefix}lib/ü.so", **place)
    assert got.stdout == b"\x7fELF\x00"
    (files / "app-1.txt").write_text("another")
    (files / "app-9.txt").write_text("new")
    code, told, complaint = put(tmp_path, files, "--prefix", prefix, "--jobs", 1, **place)
    assert (code, told["conflict"], told["stored"]) == (4, [names[1]], [f"{prefix}app-9.txt"])
    assert complaint == f"builder: {names[1]} has other bytes; --replace would replace them\n"
    assert put(tmp_path, files, "--prefix", prefix, "--replace", **place)[1]["stored"] == [names[1]]
    plain = builder(tmp_path, "put-assets", str(files), "--prefix", prefix, **place)
    assert (plain.returncode, plain.stdout, plain.stderr) == (0, b"0 stored, 9 unchanged\n", b"")


def test_takes_what_a_pattern_fits(place: dict[str, str], name: str, files: Path, tmp_path: Path) -> None:
    chosen = ("--include", "*.so", "--include", "app-[01]*")
    told = put(tmp_path, files, "--prefix", f"{name}/", *chosen, **place)[1]
    assert [stored.removeprefix(f"{name}/") for stored in told["stored"]] == ["app-0.txt", "app-1.txt", "lib/ü.so"]
    assert put(tmp_path, files, "--include", "nothing", **place)[1]["stored"] == []


def test_what_cannot_be_stored_keeps_nothing_else_from_it(
    place: dict[str, str],
    name: str,
    files: Path,
    tmp_path: Path,
) -> None:
    (files / "bad\x01name").write_text("x")
    code, told, complaint = put(
        tmp_path, files, "--prefix", f"{name}/", "--include", "bad*", "--include", "app-0*", **place
    )
    # `have` is asked about all names at once, so one that no asset can have is refused before anything is stored.
    assert code == 1
    assert "control character U+0001" in complaint
    assert told is None or told["stored"] == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_told(place: dict[str, str], name: str, files: Path, tmp_path: Path) -> None:
    (files / "app-0.txt").chmod(0)
    code, told, _ = put(tmp_path, files, "--prefix", f"{name}/", **place)
    assert (code, list(told["refused"])) == (1, [f"{name}/app-0.txt"])


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["/no/such/directory"], 3, "/no/such/directory is no directory"),
        (["."], 2, "Invalid value for '--jobs'"),
    ],
)
def test_refuses_what_is_no_directory(tmp_path: Path, arguments: list[str], code: int, told: str) -> None:
    extra = ["--jobs", "0"] if code == 2 else []
    ended = builder(tmp_path, "put-assets", *arguments, *extra)
    assert ended.returncode == code
    assert told in ended.stderr.decode()


class Faltering(http.server.BaseHTTPRequestHandler):
    """Answers each file with 503 twice before it takes it."""

    protocol_version = "HTTP/1.1"
    asked: Counter[str] = Counter()

    def do_POST(self) -> None:
        names = [one["name"] for one in json.loads(self.read())["assets"]]
        self.answer(200, {"missing": names, "present": [], "conflict": []})

    def do_PUT(self) -> None:
        self.read()
        self.asked[self.path] += 1
        if self.asked[self.path] < 3:
            self.answer(503, {"detail": "later"})
        else:
            self.answer(201, {"build": "a", "sha256": "0", "size": 1})

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_tries_again_where_the_server_is_away_for_a_moment(files: Path, tmp_path: Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Faltering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = {"BUILDSERVER_URL": f"http://127.0.0.1:{server.server_port}", "BUILDSERVER_KEY": "k"}
    code, told, complaint = put(tmp_path, files, "--include", "app-[01]*", **there)
    assert (code, told["stored"], complaint) == (0, ["app-0.txt", "app-1.txt"], "")
    assert set(Faltering.asked.values()) == {3}
    server.shutdown()
    server.server_close()


def test_a_server_that_is_not_there_is_told(files: Path, tmp_path: Path) -> None:
    there = {"BUILDSERVER_URL": f"http://127.0.0.1:{free_port()}", "BUILDSERVER_KEY": "k"}
    ended = builder(tmp_path, "put-assets", str(files), **there)
    assert (ended.returncode, ended.stdout) == (5, b"")
    assert "does not answer" in ended.stderr.decode()

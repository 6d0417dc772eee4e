"""`builder` as a user calls it: as a process, here and against a server."""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from buildserver import __version__
from tests.live import PROJECT, Service, environment
from tests.services import free_port

BYTES = bytes(range(256)) * 40


def builder(home: Path, *arguments: str, data: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "buildserver.cli", *arguments]
    variables = {name: value for name, value in environment(home, **variables).items() if name != "PORT"}
    ended = subprocess.run(command, cwd=PROJECT, env=variables, input=data, capture_output=True, check=False)
    assert b"Traceback" not in ended.stderr, ended.stderr.decode()
    return ended


@pytest.mark.live
def test_puts_in_one_process_and_gets_in_another(place: dict[str, str], name: str, tmp_path: Path) -> None:
    put = builder(tmp_path, "put-asset", name, "asset-text", **place)
    assert (put.returncode, put.stdout.decode(), put.stderr) == (0, f"{name}\n", b"")
    got = builder(tmp_path, "get-asset", name, **place)
    assert (got.returncode, got.stdout, got.stderr) == (0, b"asset-text", b"")


@pytest.mark.live
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_stays_a_pipe_and_a_link_a_link(place: dict[str, str], name: str, tmp_path: Path) -> None:
    builder(tmp_path, "put-asset", name, "text", **place)
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    assert builder(tmp_path, "get-asset", name, "-o", str(tmp_path / "pipe"), **place).returncode == 0
    reader.join(10)
    assert (read, (tmp_path / "pipe").is_fifo()) == ([b"text"], True)
    (tmp_path / "aim").write_bytes(b"old")
    (tmp_path / "link").symlink_to("aim")
    assert builder(tmp_path, "get-asset", name, "-o", str(tmp_path / "link"), **place).returncode == 0
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "aim").read_bytes()) == (True, b"text")


@pytest.mark.live
def test_labels_tags_and_deletion(place: dict[str, str], name: str, tmp_path: Path) -> None:
    tag = f"t-{hashlib.sha256(name.encode()).hexdigest()[:20]}"
    put = builder(tmp_path, "put-asset", name, "one", "--label", "commit=3fd1e2a", "--label", "by=a=b", **place)
    assert put.returncode == 0
    moved = builder(tmp_path, "tag", tag, name, "--json", **place)
    told = {"tag": tag, "asset": name, "sha256": hashlib.sha256(b"one").hexdigest(), "size": 3}
    assert (moved.returncode, json.loads(moved.stdout)) == (0, told)
    assert builder(tmp_path, "get-asset", "--tag", tag, **place).stdout == b"one"
    refused = builder(tmp_path, "delete-asset", name, **place)
    assert (refused.returncode, f"has the tag {tag}" in refused.stderr.decode()) == (4, True)
    builder(tmp_path, "put-asset", name + "2", "two", **place)
    assert builder(tmp_path, "tag", tag, name + "2", **place).stdout.decode() == f"{tag} {name}2\n"
    deleted = builder(tmp_path, "delete-asset", name, "--json", **place)
    assert (deleted.returncode, json.loads(deleted.stdout)) == (0, {"build": name, "deleted": True})
    assert builder(tmp_path, "delete-asset", name, **place).returncode == 3
    assert builder(tmp_path, "get-asset", "--tag", tag, **place).stdout == b"two"


@pytest.mark.live
@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["put-asset", "x", "text", "--label", "commit"], 2, "'commit' is not like commit=3fd1e2a"),
        (["put-asset", "x", "text", "--label", "Commit=1"], 1, "the key 'Commit' is not 1 to 63 of"),
        (["put-asset", "x", "text", "--label", "commit=a\nb"], 1, "the value of commit has a control character"),
        (["tag", "-", "x"], 1, "a tag is 1 to 128 of"),
        (["tag", "latest", "never"], 3, "there is no asset 'never'"),
        (["get-asset", "--tag", "never"], 3, "there is no tag never"),
        (["get-asset"], 2, "give BUILD or --tag TAG, one of them"),
        (["get-asset", "x", "--tag", "y"], 2, "give BUILD or --tag TAG, one of them"),
        (["delete-asset", "../x"], 1, "segment 1 of the name is '..'"),
    ],
)
def test_what_cannot_be_said_is_refused_alike(
    place: dict[str, str], tmp_path: Path, arguments: list[str], status: int, told: str
) -> None:
    ended = builder(tmp_path, *arguments, **place)
    assert (ended.returncode, ended.stdout) == (status, b"")
    assert told in ended.stderr.decode()


@pytest.mark.live
def test_keeps_the_exact_bytes_of_files_and_of_standard_input(place: dict[str, str], name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(BYTES)
    put = builder(tmp_path, "put-asset", name, "--file", str(tmp_path / "file"), "--json", **place)
    assert json.loads(put.stdout) == {"build": name, "sha256": hashlib.sha256(BYTES).hexdigest(), "size": len(BYTES)}
    assert builder(tmp_path, "get-asset", name, "-o", str(tmp_path / "out"), **place).returncode == 0
    assert (tmp_path / "out").read_bytes() == BYTES
    assert builder(tmp_path, "put-asset", name + "-", "--file", "-", data=BYTES[1:], **place).returncode == 0
    assert builder(tmp_path, "get-asset", name + "-", **place).stdout == BYTES[1:]
    assert not list(tmp_path.glob(".*partial"))


@pytest.mark.live
def test_refuses_other_bytes_until_they_are_to_replace(place: dict[str, str], name: str, tmp_path: Path) -> None:
    assert builder(tmp_path, "put-asset", name, "one", **place).returncode == 0
    assert builder(tmp_path, "put-asset", name, "one", **place).returncode == 0
    conflict = builder(tmp_path, "put-asset", name, "two", **place)
    assert conflict.returncode == 4
    assert b"has other bytes" in conflict.stderr
    assert builder(tmp_path, "put-asset", name, "two", "--replace", **place).returncode == 0
    assert builder(tmp_path, "get-asset", name, **place).stdout == b"two"


@pytest.mark.live
def test_lists_by_prefix(place: dict[str, str], name: str, tmp_path: Path) -> None:
    for end in ("b", "a"):
        builder(tmp_path, "put-asset", f"{name}/{end}", end, **place)
    assert builder(tmp_path, "list-assets", "--prefix", name, **place).stdout.decode() == f"{name}/a\n{name}/b\n"
    listed = json.loads(builder(tmp_path, "list-assets", "--prefix", f"{name}/a", "--json", **place).stdout)
    digest = hashlib.sha256(b"a").hexdigest()
    assert listed == [{"build": f"{name}/a", "image": "a", "size": 1, "sha256": digest}]
    assert builder(tmp_path, "list-assets", "--prefix", "none/", **place).stdout == b""


@pytest.mark.live
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["get-asset", "nothing/here"], 3, "there is no asset 'nothing/here'"),
        (["put-asset", "../etc", "x"], 1, "segment 1 of the name is '..'"),
        (["put-asset", "x", "--file", "/no/such/file"], 3, "/no/such/file cannot be read: No such file or directory"),
        (["put-asset", "x"], 2, "give the text or --file PATH"),
        (["put-asset", "x", "text", "--file", "-"], 2, "give the text or --file PATH"),
        (["put-asset"], 2, "Missing argument 'BUILD'"),
        (["steal-asset"], 2, "No such command 'steal-asset'"),
    ],
)
def test_ends_with_the_documented_status(
    arguments: list[str], status: int, said: str, place: dict[str, str], tmp_path: Path
) -> None:
    ended = builder(tmp_path, *arguments, **place)
    assert (ended.returncode, ended.stdout) == (status, b"")
    assert said in ended.stderr.decode()


@pytest.mark.live
def test_writes_no_file_when_there_is_nothing_to_write(place: dict[str, str], tmp_path: Path) -> None:
    assert builder(tmp_path, "get-asset", "nothing/here", "-o", str(tmp_path / "out"), **place).returncode == 3
    assert not (tmp_path / "out").exists()


@pytest.mark.live
def test_says_that_a_file_cannot_be_written(place: dict[str, str], name: str, tmp_path: Path) -> None:
    builder(tmp_path, "put-asset", name, "x", **place)
    ended = builder(tmp_path, "get-asset", name, "-o", str(tmp_path / "no" / "out"), **place)
    assert ended.returncode == 1
    assert b"cannot be written: No such file or directory" in ended.stderr


@pytest.mark.parametrize(
    ("variables", "status", "said"),
    [
        ({"BUILDSERVER_URL": "http://127.0.0.1:{port}"}, 5, "does not answer: "),
        ({"BUILDSERVER_URL": "ftp://127.0.0.1"}, 1, "BUILDSERVER_URL: 'ftp://127.0.0.1' is not like https://host:port"),
        ({"BUILDSERVER_URL": "http://a", "BUILDSERVER_KEY": "a b"}, 1, "BUILDSERVER_KEY: a key is printable ASCII"),
        ({"DATABASE_URL": "postgres://x/y"}, 1, "DATABASE_URL: 'postgres' is not sqlite:///path or mysql://"),
        ({"DATABASE_URL": "sqlite:////proc/no/such/db"}, 5, "the index of the assets cannot be opened: "),
        ({"ASSETS_URL": "s3://bucket?endpoint_url=http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "a",
          "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "1"}, 5, "the store is away: "),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_its_variables(
    variables: dict[str, str], status: int, said: str, tmp_path: Path
) -> None:
    port = str(free_port())
    variables = {name: value.format(port=port) for name, value in variables.items()}
    ended = builder(tmp_path, "put-asset", "x", "text", **variables)
    assert ended.returncode == status, ended.stderr
    assert said in ended.stderr.decode()


@pytest.mark.live
def test_a_wrong_key_is_refused(service: Service, tmp_path: Path) -> None:
    ended = builder(tmp_path, "list-assets", BUILDSERVER_URL=service.url, BUILDSERVER_KEY="wrong")
    assert ended.returncode == 1
    assert b"no valid key" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "data"),
    [(["process", "hello"], b""), (["process", "-m", "hello"], b""), (["process", "-"], b"hello\n")],
)
def test_processes_a_message_whichever_way_it_comes(arguments: list[str], data: bytes, tmp_path: Path) -> None:
    assert builder(tmp_path, *arguments, data=data).stdout == b"The received message is: 'hello'\n"
    said = json.loads(builder(tmp_path, *arguments, "--json", data=data).stdout)
    assert said == {"message": "The received message is: 'hello'"}


@pytest.mark.live
def test_processes_a_message_on_the_server_where_one_is_named(service: Service, tmp_path: Path) -> None:
    there = builder(tmp_path, "process", "it's", BUILDSERVER_URL=service.url)
    assert there.stdout == b"The received message is: 'it's'\n"
    nowhere = builder(tmp_path, "process", "hello", BUILDSERVER_URL=f"http://127.0.0.1:{free_port()}")
    assert nowhere.returncode == 5


class Stranger(http.server.BaseHTTPRequestHandler):
    """A server that is not ours."""

    answer = b"<html>"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"assets": []}'])
def test_says_that_what_answers_is_no_buildserver(
    answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stranger, "answer", answer)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ended = builder(tmp_path, "list-assets", BUILDSERVER_URL=f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert ended.returncode == 5
    assert b"is no buildserver" in ended.stderr


@pytest.mark.live
def test_a_wrong_key_is_told_even_in_the_middle_of_a_large_file(service: Service, tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(100 * 2**20)
    wrong = {"BUILDSERVER_URL": service.url, "BUILDSERVER_KEY": "wrong"}
    ended = builder(tmp_path, "put-asset", "x", "--file", str(tmp_path / "large"), **wrong)
    assert (ended.returncode, b"no valid key" in ended.stderr) == (1, True)


@pytest.mark.live
def test_tells_of_a_file_in_json(service: Service, name: str, tmp_path: Path) -> None:
    place = {"BUILDSERVER_URL": service.url, "BUILDSERVER_KEY": service.key}
    builder(tmp_path, "put-asset", name, "text", **place)
    ended = builder(tmp_path, "get-asset", name, "-o", str(tmp_path / "out"), "--json", **place)
    assert json.loads(ended.stdout) == {"build": name, "file": str(tmp_path / "out"), "size": 4}
    assert builder(tmp_path, "get-asset", name, "--json", **place).returncode == 2
    assert builder(tmp_path, "--json", "list-assets", **place).returncode == 2


def test_refuses_a_message_that_is_none_twice_or_no_text(tmp_path: Path) -> None:
    assert builder(tmp_path, "process").returncode == 2
    assert builder(tmp_path, "process", "a", "-m", "b").returncode == 2
    refused = builder(tmp_path, "process", "-", data=b"\xff")
    assert refused.returncode == 1
    assert b"is not UTF-8 text" in refused.stderr


def test_tells_its_version(tmp_path: Path) -> None:
    assert builder(tmp_path, "--version").stdout.decode() == f"builder {__version__}\n"
    told = json.loads(builder(tmp_path, "--version", "--json").stdout)
    assert told["buildserver"] == __version__
    assert {"python", "django", "gunicorn"} <= told.keys()


def test_the_message_command_loads_no_framework() -> None:
    code = "import sys; from buildserver import cli; sys.argv = ['builder', 'process', 'x']; cli.main()"
    variables = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    ended = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=variables, capture_output=True, text=True)  # noqa: PLW1510
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    heavy = ("django.apps", "django.db", "rest_framework", "numpy", "boto3")
    assert not {name for name in imported if name.startswith(heavy)}


PAYLOAD = PROJECT / "docs/payloads/payload3.json"
OFFICIAL = [("windpark1", 90.0), ("windpark2", 21.6), ("gasfiredbig1", 460.0), ("gasfiredbig2", 338.4)]


@pytest.mark.live
def test_plans_a_file_or_standard_input(place: dict[str, str], tmp_path: Path) -> None:
    for answer in (
        builder(tmp_path, "plan", str(PAYLOAD), **place),
        builder(tmp_path, "plan", "-", "--json", data=PAYLOAD.read_bytes(), **place),
    ):
        assert (answer.returncode, answer.stderr) == (0, b"")
        assert [(row["name"], row["p"]) for row in json.loads(answer.stdout)][:4] == OFFICIAL
    table = builder(tmp_path, "plan", str(PAYLOAD), "--table", **place).stdout.decode()
    assert "gasfiredbig2             gasfired     338.4  100.0  460.0" in table
    report = json.loads(
        builder(tmp_path, "plan", str(PAYLOAD), "--report", "--wind", "curtail", "--no-co2", **place).stdout
    )
    assert (report["wind"], report["co2"], round(report["cost_eur"], 6)) == ("curtail", False, 20185.962264)


@pytest.mark.live
def test_a_plan_that_is_refused_ends_with_1_and_every_fault(place: dict[str, str], tmp_path: Path) -> None:
    malformed = builder(tmp_path, "plan", "-", data=b'{"load": -1, "fuels": 3, "powerplants": []}', **place)
    assert (malformed.returncode, malformed.stdout) == (1, b"")
    assert [line.partition(":")[0] for line in malformed.stderr.decode().removeprefix("builder: ").splitlines()] == [
        "#/load", "#/fuels",
    ]  # fmt: skip
    impossible = builder(tmp_path, "plan", "-", data=b'{"load": 0.05, "fuels": {}, "powerplants": []}', **place)
    assert (impossible.returncode, b"is not a multiple of 0.1 MW" in impossible.stderr) == (1, True)
    assert builder(tmp_path, "plan", "nowhere.json", **place).returncode == 3
    assert builder(tmp_path, "plan", str(PAYLOAD), "--wind", "west", **place).returncode == 2


def test_a_plan_here_follows_the_variables_and_starts_no_django(tmp_path: Path) -> None:
    answer = builder(tmp_path, "plan", str(PAYLOAD), "--report", POWERPLANT_WIND="curtail", POWERPLANT_CO2="false")
    assert (json.loads(answer.stdout)["wind"], json.loads(answer.stdout)["co2"]) == ("curtail", False)
    options = ("--report", "--wind", "onoff", "--co2")
    answer = builder(tmp_path, "plan", str(PAYLOAD), *options, POWERPLANT_WIND="curtail", POWERPLANT_CO2="false")
    assert (json.loads(answer.stdout)["wind"], json.loads(answer.stdout)["co2"]) == ("onoff", True)
    many = builder(tmp_path, "plan", str(PAYLOAD), POWERPLANT_MAX_PLANTS="5")
    assert (many.returncode, many.stderr) == (1, b"builder: 6 plants are more than the 5 taken in one request\n")
    started = (
        "import sys; from buildserver.cli import main; main(standalone_mode=False); "
        "assert not {'django.apps', 'rest_framework', 'numpy'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", started, "plan", str(PAYLOAD)]
    ended = subprocess.run(command, cwd=PROJECT, env=environment(tmp_path), capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")

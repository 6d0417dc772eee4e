"""`builder kv`, here and against a server: most of it within this process, some as the processes that a user starts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner, Result
from django.db import InterfaceError, OperationalError

from buildserver.cli import main
from kvstore.backends import sessions
from tests import services
from tests.conftest import Start
from tests.live import PROJECT, Service, environment
from tests.services import free_port

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]
BYTES = bytes(range(256)) * 40


@pytest.fixture(params=["here", "server"])
def place(request: pytest.FixtureRequest) -> dict[str, str]:
    """The variables of a machine of one's own, and of one that talks to a server."""
    if request.param == "here":
        return {}
    service: Service = request.getfixturevalue("service")
    return {"BUILDSERVER_URL": service.url, "BUILDSERVER_KEY": service.key}


class Kv:
    """Calls `builder kv` in a namespace that nobody else uses: the server lives as long as all tests."""

    def __init__(self, home: Path, place: dict[str, str]) -> None:
        self.home, self.place = home, place
        self.namespace = "cli-" + "".join(letter for letter in home.name.lower() if letter.isalnum())[-50:]

    def line(self, arguments: tuple[str, ...]) -> list[str]:
        return ["kv", *arguments, *([] if "--namespace" in arguments else ["--namespace", self.namespace])]

    def __call__(self, *arguments: str, data: bytes = b"") -> Result:
        ended = CliRunner().invoke(main, self.line(arguments), input=data, env=self.place)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return ended

    def out(self, *arguments: str, data: bytes = b"") -> str:
        """What it printed; it ended well."""
        ended = self(*arguments, data=data)
        assert (ended.exit_code, ended.stderr) == (0, "")
        return ended.stdout

    def told(self, *arguments: str) -> Any:
        return json.loads(self.out(*arguments, "--json"))

    def process(
        self, *arguments: str, code: str = "", data: bytes = b"", stdout: IO[bytes] | int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[bytes]:
        """The same as a process of its own, in its home; `code` runs at its end."""
        start = [sys.executable, "-c", f"from buildserver.cli import main; main(standalone_mode=False)\n{code}"]
        start = start if code else [sys.executable, "-m", "buildserver.cli"]
        variables = environment(self.home, **self.place)
        line = [*start, *self.line(arguments)]
        ended = subprocess.run(
            line, cwd=PROJECT, env=variables, input=data, stdout=stdout, stderr=subprocess.PIPE, check=False
        )
        assert b"Traceback" not in ended.stderr, ended.stderr.decode()
        return ended


@pytest.fixture
def kv(place: dict[str, str], tmp_path: Path) -> Kv:
    return Kv(tmp_path, place)


def test_a_value_can_be_put_got_listed_and_deleted(kv: Kv) -> None:
    assert kv.out("put", "ci/ü n?", "hello") == "1\n"
    assert kv.out("put", "ci/ü n?", "wörld") == "2\n"
    assert kv.out("get", "ci/ü n?") == "wörld"
    assert kv.out("list") == "ci/ü n?\n"
    assert kv.out("delete", "ci/ü n?") == "ci/ü n?\n"
    assert kv.out("list") == ""
    assert kv.out("put", "ci/ü n?", "again") == "3\n"


def test_keeps_the_exact_bytes_of_files_and_of_standard_input(kv: Kv, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(BYTES)
    kv.out("put", "a", "--file", str(tmp_path / "file"))
    assert kv("get", "a").stdout_bytes == BYTES
    kv.out("put", "b", "--file", "-", data=BYTES[1:])
    told = kv.told("get", "b", "-o", str(tmp_path / "out"))
    assert told == {"key": "b", "file": str(tmp_path / "out"), "size": len(BYTES) - 1}
    assert (tmp_path / "out").read_bytes() == BYTES[1:]
    assert kv("get", "c", "-o", str(tmp_path / "none")).exit_code == 3
    assert not (tmp_path / "none").exists()


def test_a_value_and_files_need_not_be_utf_8(kv: Kv, tmp_path: Path) -> None:
    file, out = (os.fsencode(tmp_path) + name for name in (b"/\xff", b"/\xfe"))
    assert kv.process("put", "a", os.fsdecode(b"\xff\xfe ")).returncode == 0
    assert kv.process("get", "a").stdout == b"\xff\xfe "
    Path(os.fsdecode(file)).write_bytes(BYTES)
    assert kv.process("put", "a", "--file", os.fsdecode(file)).returncode == 0
    ended = kv.process("get", "a", "-o", os.fsdecode(out), "--json")
    assert (ended.returncode, out in ended.stdout) == (0, True)
    assert Path(os.fsdecode(out)).read_bytes() == BYTES


def test_an_output_that_cannot_be_written_is_told(kv: Kv) -> None:
    kv.process("put", "a", "--file", "-", data=BYTES * 10)
    for arguments in (["get", "a"], ["get", "a", "--json"], ["list"], ["put", "b", "1"]):
        with Path("/dev/full").open("wb") as full:
            ended = kv.process(*arguments, stdout=full)
        said = b"builder: the output cannot be written: No space left on device\n"
        assert (ended.returncode, ended.stderr) == (1, said)


def test_tells_all_there_is_in_json(kv: Kv) -> None:
    value = '{ "n": 123456789012345678901234567890, "x": 1.10 }'
    assert kv.told("put", "a", value, "--type", "json", "--ttl", "60.5", "--meta", "Owner=é", "--meta", "x=a=b") == {
        "key": "a", "version": 1,
    }  # fmt: skip
    assert f'"value":{value}' in kv.out("get", "a", "--json")
    assert f'"value":{value}' in kv.out("list", "--values", "--json")
    told = kv.told("get", "a")
    assert told.keys() == {"key", "version", "size", "content_type", "updated_at", "expires_at", "meta", "value"}
    assert (told["version"], told["size"], told["content_type"]) == (1, len(value), "application/json")
    assert (told["meta"], told["expires_at"] > told["updated_at"]) == ({"owner": "é", "x": "a=b"}, True)
    kv.out("put", "b", "1")
    (item, other) = kv.told("list")
    assert item.keys() == told.keys() - {"value"}
    assert (other["content_type"], other["expires_at"]) == ("text/plain; charset=utf-8", None)
    assert kv.told("get", "b")["value_base64"] == "MQ=="
    assert kv.told("delete", "b") == {"key": "b", "deleted": True}
    assert kv.told("list", "--prefix", "none") == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["v"], "text/plain; charset=utf-8"),
        (["1"], "text/plain; charset=utf-8"),
        (["1", "--type", "json"], "application/json"),
        (["v", "--type", "bytes"], "application/octet-stream"),
        (["--file", "-"], "application/octet-stream"),
        (["--file", "-", "--type", "text"], "text/plain; charset=utf-8"),
        (["--file", "-", "--type", "image/png"], "image/png"),
    ],
)
def test_a_value_has_the_type_that_is_said(given: list[str], expected: str, kv: Kv) -> None:
    kv.out("put", "a", *given)
    assert kv.told("get", "a")["content_type"] == expected


def test_writes_only_over_the_version_that_is_named(kv: Kv) -> None:
    assert kv("put", "a", "0", "--if-version", "1").exit_code == 4
    assert kv.out("put", "a", "1", "--if-absent") == "1\n"
    for arguments in (["put", "a", "2", "--if-absent"], ["put", "a", "2", "--if-version", "0"],
                      ["put", "a", "2", "--if-version", "2"], ["delete", "a", "--if-version", "2"]):  # fmt: skip
        ended = kv(*arguments)
        assert (ended.exit_code, "the current version is 1, not " in ended.stderr) == (4, True)
    assert kv.out("put", "a", "2", "--if-version", "1") == "2\n"
    assert kv.out("delete", "a", "--if-version", "2") == "a\n"
    assert kv.out("put", "a", "3", "--if-version", "0") == "3\n"


def test_lists_by_prefix_and_delimiter_with_values_that_fit_into_a_line(kv: Kv) -> None:
    kv.out("put", "a/1", "one\ttab")
    kv.out("put", "a/2", '{"n": "é"}', "--type", "json")
    kv.out("put", "b", "--file", "-", data=b"\xff")
    kv.out("put", "c", "--file", "-", "--type", "text", data=b"")
    assert kv.out("list", "--values") == (
        'a/1\t(7 bytes of text/plain; charset=utf-8)\na/2\t{"n": "é"}\n'
        "b\t(1 bytes of application/octet-stream)\nc\t\n"
    )  # fmt: skip
    assert kv.out("list", "--prefix", "a/") == "a/1\na/2\n"
    assert kv.out("list", "--delimiter", "/") == "a/\nb\nc\n"
    assert kv.told("list", "--delimiter", "/")[0] == {"prefix": "a/"}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["get", "none"], 3, "there is no key none in the namespace cli-"),
        (["get", "none", "--json"], 3, "there is no key none in the namespace cli-"),
        (["delete", "none"], 3, "there is no key none in the namespace cli-"),
        (["put", "a", "--file", "/no/such/file"], 3, "/no/such/file cannot be read: No such file or directory"),
        (["put", "", "x"], 1, "the key is empty"),
        (["get", "k" * 513], 1, "the key has 513 bytes of UTF-8; at most 512 are allowed"),
        (["put", "a", "x", "--namespace", "Team"], 1, "'Team' is no namespace; that is"),
        (["list", "--namespace", "Team"], 1, "'Team' is no namespace; that is"),
        (["list", "--prefix", "\x7f"], 1, "the key has the control character U+007F at character 1"),
        (["put", "a", "{", "--type", "json"], 1, "the value is not JSON"),
        (["put", "a", "x", "--type", "none"], 1, "'none' is no content type; it is type/subtype"),
        (["put", "a", "x", "--ttl", "1e9"], 1, "ttl is '1000000000.000000'; it is a number of seconds"),
        (["put", "a", "x", "--meta", "a=" + "x" * 1024], 1, "the names after X-Meta- and their values have 1025 bytes"),
        (["put", "a", "x", "--meta", "a=\n"], 1, "the value of X-Meta-a has U+000A at character 1"),
        (["put", "a", "x", "--meta", "a"], 2, "it is like owner=me"),
        (["put", "a", "x", "--ttl", "0"], 2, "--ttl"),
        (["put", "a", "x", "--if-version", "-1"], 2, "--if-version"),
        (["put", "a", "x", "--if-version", "1", "--if-absent"], 2, "--if-absent is --if-version 0; give one of them"),
        (["put", "a"], 2, "give the value or --file PATH, one of them"),
        (["put", "a", "x", "--file", "-"], 2, "give the value or --file PATH, one of them"),
        (["put", "a", "x", "--if-version", str(2**63)], 2, "--if-version"),
        (["put", "a", "x", "--meta", "A=1", "--meta", "a=2"], 2, "a name is given twice"),
        (["get"], 2, "Missing argument 'KEY'"),
        # Bytes that are not UTF-8 reach us as lone surrogates.
        (["put", "\udcff", "x"], 1, "the key has a lone surrogate at character 1"),
        (["get", "a\udcff"], 1, "the key has a lone surrogate at character 2"),
        (["get", "\udcff", "--json"], 1, "the key has a lone surrogate at character 1"),
        (["delete", "\udcff"], 1, "the key has a lone surrogate at character 1"),
        (["list", "--prefix", "\udcff"], 1, "the key has a lone surrogate at character 1"),
        (["list", "--delimiter", "\udcff"], 1, "the key has a lone surrogate at character 1"),
        (["list", "--namespace", "\udcff"], 1, "'\\udcff' is no namespace"),
        (["put", "a", "x", "--type", "text/\udcff"], 1, "'text/\\udcff' is no content type"),
        (["put", "a", "x", "--meta", "\udcff=1"], 1, "'\\udcff' is no name after X-Meta-"),
        (["put", "a", "x", "--meta", "a=\udcff"], 1, "the value of X-Meta-a has U+DCFF at character 1"),
        (["steal"], 2, "No such command 'steal'"),
    ],
)
def test_ends_with_the_documented_status(arguments: list[str], status: int, said: str, kv: Kv) -> None:
    ended = kv(*arguments)
    assert (ended.exit_code, ended.stdout) == (status, "")
    assert said in ended.stderr


def test_a_value_above_the_limit_is_refused(kv: Kv) -> None:
    for data in (b"x" * (2**20 + 1), b"x" * 2**22):
        ended = kv("put", "a", "--file", "-", data=data)
        assert ended.exit_code == 1
        assert "at most 1048576 are allowed" in ended.stderr or "more than 1048576 bytes" in ended.stderr
    assert kv("get", "a").exit_code == 3
    assert kv.out("put", "a", "--file", "-", data=b"x" * 2**20) == "1\n"


ALL = (["put", "a", "1"], ["get", "a"], ["get", "a", "--json"], ["delete", "a"], ["list"], ["list", "--json"])


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"BUILDSERVER_URL": "http://127.0.0.1:{port}"}, "does not answer: "),
        ({"DATABASE_URL": "sqlite:////proc/no/such/db"}, "the database of the records cannot be opened: "),
        pytest.param(
            {"DATABASE_URL": "mysql://a:b@127.0.0.1:{port}/c"}, "the database is away: ",
            marks=pytest.mark.service("mariadbd"),
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("arguments", ALL)
def test_what_is_away_ends_with_5(arguments: list[str], variables: dict[str, str], said: str, tmp_path: Path) -> None:
    port = str(free_port())
    kv = Kv(tmp_path, {name: value.format(port=port) for name, value in variables.items()})
    ended = kv.process(*arguments)
    assert (ended.returncode, said in ended.stderr.decode(), ended.stdout) == (5, True, b""), ended.stderr


@pytest.mark.parametrize("fault", [OperationalError("database is locked"), InterfaceError(0, "")])
@pytest.mark.parametrize("arguments", ALL)
def test_a_database_that_goes_away_meanwhile_ends_with_5(
    arguments: list[str], fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Kv(tmp_path, {})
    here.out("put", "a", "0")

    def away(_connection: object) -> None:
        raise fault

    monkeypatch.setattr(sessions, "be_alive", away)
    ended = here(*arguments)
    assert (ended.exit_code, ended.stderr) == (5, f"builder: the database is away: {fault}\n")


@pytest.mark.parametrize("at", ["here", "server"])
def test_while_the_cache_is_away_reads_go_on_and_writes_end_with_5(at: str, start: Start, tmp_path: Path) -> None:
    first = Kv(tmp_path, {})
    assert first.process("put", "a", "0").returncode == 0
    place = {"CACHE_URL": f"redis://127.0.0.1:{free_port()}/0"}
    if at == "server":
        service = start(**place)
        place = {"BUILDSERVER_URL": service.url, "BUILDSERVER_KEY": service.key}
    kv = Kv(tmp_path, place)
    for arguments in (["put", "a", "1"], ["delete", "a"]):
        ended = kv.process(*arguments)
        assert (ended.returncode, b"the cache is away" in ended.stderr) == (5, True), ended.stderr
    assert kv.process("get", "a").stdout == b"0"
    assert kv.process("list", "--values").stdout == b"a\t0\n"


@pytest.mark.service("mariadbd")
def test_the_same_over_mariadb(start: Start, tmp_path: Path) -> None:
    (tmp_path / "mariadb").mkdir()
    with services.mariadb(tmp_path / "mariadb") as url:
        service = start(DATABASE_URL=url)
        here = Kv(tmp_path, {"DATABASE_URL": url})
        there = Kv(tmp_path, {"BUILDSERVER_URL": service.url, "BUILDSERVER_KEY": service.key})
        assert here.process("put", "é ", "--file", "-", "--meta", "who=ü", data=BYTES).stdout == b"1\n"
        assert there.process("get", "é ").stdout == here.process("get", "é ").stdout == BYTES
        assert there.process("get", "é ", "--json").stdout == here.process("get", "é ", "--json").stdout
        assert there.process("put", "É ", "x", "--if-absent").stdout == b"1\n"
        assert there.process("list", "--values").stdout == here.process("list", "--values").stdout
        for kv in (here, there):
            assert kv.process("delete", "É ", "--if-version", "2").returncode == 4
            assert kv.process("get", "é").returncode == 3
        assert here.process("delete", "É ", "--if-version", "1").returncode == 0
        assert there.process("get", "É ").returncode == 3


def test_a_key_that_may_not_is_refused(service: Service, tmp_path: Path) -> None:
    kv = Kv(tmp_path, {"BUILDSERVER_URL": service.url, "BUILDSERVER_KEY": "wrong"})
    for arguments in (["list"], ["get", "a"], ["put", "a", "x"], ["delete", "a"]):
        ended = kv(*arguments)
        assert (ended.exit_code, "no valid key" in ended.stderr) == (1, True)


def test_lists_more_than_a_page(service: Service, tmp_path: Path) -> None:
    kv = Kv(tmp_path, {"BUILDSERVER_URL": service.url, "BUILDSERVER_KEY": service.key})
    ops = [{"put": {"key": f"{number:04}", "value": number}} for number in range(1000)]
    path = f"/api/v1/namespaces/{kv.namespace}/txn"
    for some in (ops, [{"put": {"key": "x/1", "value": 0}}, {"put": {"key": "a", "value": 0}}]):
        assert service.call("POST", path, json={"success": some}).status_code == 200
    listed = kv.out("list", "--delimiter", "/").split()
    assert listed == [*(f"{number:04}" for number in range(1000)), "a", "x/"]
    assert len(kv.told("list", "--values")) == 1002


def test_a_server_that_runs_sees_at_once_what_is_done_beside_it(start: Start, tmp_path: Path) -> None:
    service, here = start(), Kv(tmp_path, {})
    path = f"/api/v1/namespaces/{here.namespace}/keys/a"
    assert service.call("GET", path).status_code == 404
    for number in range(2):
        assert here.process("put", "a", f"{number}").stdout == b"%d\n" % (number + 1)
        assert [service.call("GET", path).text for _ in range(4)] == [f"{number}"] * 4
    assert here.process("delete", "a").returncode == 0
    assert [service.call("GET", path).status_code for _ in range(4)] == [404] * 4
    assert service.call("PUT", path, data=b"there").status_code == 201
    assert here.process("get", "a").stdout == b"there"


def test_a_machine_of_one_s_own_needs_nothing_set_up_and_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    here = Kv(tmp_path, {})
    heavy = {"boto3", "numpy", "unfold", "drf_spectacular", "django.contrib.auth"}
    ended = here.process(
        "put", "a", "--file", "-", data=BYTES, code=f"import sys; assert not {heavy} & set(sys.modules)"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"1\n", b"")
    assert (tmp_path / "var" / "db.sqlite3").exists()
    assert here.process("get", "a").stdout == BYTES


def test_the_remote_side_loads_no_framework(service: Service, tmp_path: Path) -> None:
    there = Kv(tmp_path, {"BUILDSERVER_URL": service.url, "BUILDSERVER_KEY": service.key})
    heavy = {"django.apps", "django.db", "rest_framework", "numpy"}
    ended = there.process("list", code=f"import sys; assert not {heavy} & set(sys.modules)")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")

import errno
import io
import json
import logging
import logging.config
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from buildserver import logs
from tests.conftest import KEY

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SAID = st.fixed_dictionaries(
    {
        "method": TEXT,
        "path": TEXT,
        "status": st.integers(100, 599),
        "ms": st.floats(0, 1e6).map(lambda ms: round(ms, 2)),
        "key": st.none() | TEXT,
        "address": TEXT,
    }
)


def lines_to(stream: TextIO) -> logs.Lines:
    """The handler of the settings' lines, to another stream."""
    told = logs.config("INFO")
    maker = logging.config.DictConfigurator(told)  # type: ignore[no-untyped-call]
    lines = logs.Lines(stream)
    lines.setFormatter(maker.configure_formatter(dict(told["formatters"]["json"])))  # type: ignore[index]
    lines.addFilter(logs.RequestId())
    return lines


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Lines go to the file, and nothing else listens: pytest's handlers, which are there in each test, step aside."""
    root = logging.getLogger()
    others = root.handlers
    with file.open("w", encoding="utf-8") as stream:
        root.handlers = [lines_to(stream)]
        try:
            yield
        finally:
            root.handlers = others


def test_answers_each_request_with_an_id(anonymous: APIClient) -> None:
    first, second = (anonymous.get("/ping").headers["X-Request-ID"] for _ in range(2))
    assert first != second
    assert len(first) == 16


@pytest.mark.parametrize(
    ("sent", "kept"), [("a-b/C.1:~+=@_", True), ("a" * 128, True), ("a" * 129, False), ("a b", False), ("ä", False)]
)
def test_keeps_a_safe_id_that_was_sent(sent: str, kept: bool, anonymous: APIClient) -> None:
    answer = anonymous.get("/nothing", headers={"X-Request-ID": sent})
    assert (answer.headers["X-Request-ID"] == sent) is kept


def test_what_is_logged_after_a_request_does_not_belong_to_it(anonymous: APIClient) -> None:
    anonymous.get("/ping")
    assert logs.current_request_id.get() == ""


def test_logs_a_line_a_request_without_query_and_key(api: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        api.get("/authorize?token=hidden", headers={"X-Request-ID": "here"})
    (record,) = [record for record in caplog.records if record.name == "buildserver.requests"]
    said = {name: getattr(record, name) for name in ("method", "path", "status", "key", "address")}
    assert said == {"method": "GET", "path": "/authorize", "status": 200, "key": "tests", "address": "127.0.0.1"}
    assert record.ms > 0  # type: ignore[attr-defined]
    assert "hidden" not in str(record.__dict__)
    assert KEY not in str(record.__dict__)


def test_a_line_is_json_with_the_requests_id() -> None:
    stream, logger = io.StringIO(), logging.getLogger("tests.lines")
    formatter = logging.config.DictConfigurator(logs.config("INFO")).configure_formatter(  # type: ignore[no-untyped-call]
        dict(logs.config("INFO")["formatters"]["json"])  # type: ignore[index]
    )
    lines = logging.StreamHandler(stream)
    lines.setFormatter(formatter)
    lines.addFilter(logs.RequestId())
    logger.addHandler(lines)
    token = logs.current_request_id.set("abc")
    logger.warning("late", extra={"by_s": 3})
    logs.current_request_id.reset(token)
    logger.removeHandler(lines)
    said = json.loads(stream.getvalue())
    assert said.pop("time")
    assert said == {"level": "WARNING", "logger": "tests.lines", "message": "late", "by_s": 3, "request_id": "abc"}


def test_the_server_turns_its_lines_to_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = logging.StreamHandler(sys.stderr)
    monkeypatch.setattr(logging.getLogger(), "handlers", [lines])
    logs.to_stdout()
    assert lines.stream is sys.stdout


@pytest.mark.parametrize(
    ("status", "trace", "kept"),
    [(503, False, False), (507, False, False), (503, True, True), (500, False, True)],
)
def test_a_503_that_was_told_where_it_was_found_is_not_told_again(status: int, trace: bool, kept: bool) -> None:
    fault = (ValueError, ValueError("x"), None) if trace else None
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "%s", ("x",), fault)
    record.status_code = status
    assert logs.Unhandled().filter(record) is kept


def test_a_client_that_takes_nothing_is_told_in_a_line_and_other_faults_by_their_trace() -> None:
    for fault, said in (
        (TimeoutError("timed out"), ("INFO", "a client that takes nothing was cut off", None)),
        (OSError("x"), ("ERROR", "Socket error", OSError)),
    ):
        trace = (type(fault), fault, None)
        record = logging.LogRecord("gunicorn.error", logging.ERROR, "", 0, "Socket %s", ("error",), trace)
        assert logs.SlowClient().filter(record)
        kind = record.exc_info[0] if record.exc_info else None
        assert (record.levelname, record.getMessage(), kind) == said


@given(SAID, TEXT)
def test_a_request_is_told_in_the_line_that_logging_would_write(said: dict[str, object], request_id: str) -> None:
    logger = logging.getLogger("tests.told")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    token = logs.current_request_id.set(request_id)
    written = []
    for others in ([], [logging.NullHandler()]):  # who else listens makes it go through `logging`
        stream = io.StringIO()
        logger.handlers = [lines_to(stream), *others]
        logs.tell(logger, "request", said)
        written.append([*json.loads(stream.getvalue()).items()])
        assert stream.getvalue().endswith("}\n")
    logs.current_request_id.reset(token)
    logger.handlers, logger.propagate = [], True
    assert [name for name, _ in written[0][:4]] == ["time", "level", "logger", "message"]
    assert written[0][1:] == written[1][1:]
    assert len(written[0][0][1]) == len(written[1][0][1])


def test_tells_the_time_as_logging_does() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "x", (), None)
    record.created = 1_700_000_000.9
    assert logs.at(1_700_000_000) == logging.Formatter().formatTime(record, logs.TIME) == "2023-11-14T22:13:20+0000"


def test_a_request_is_told_past_logging_where_nobody_else_listens(
    tmp_path: Path, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alone(tmp_path / "lines"), monkeypatch.context() as patch:
        patch.setattr(logging.Logger, "makeRecord", None)
        api.get("/ping", headers={"X-Request-ID": "here"})
    said = json.loads((tmp_path / "lines").read_text())
    assert said.pop("ms") > 0
    assert said.pop("time")
    told = {"level": "INFO", "logger": "buildserver.requests", "message": "request", "request_id": "here"}
    assert said == {**told, "method": "GET", "path": "/ping", "status": 200, "key": "tests", "address": "127.0.0.1"}


def test_a_request_is_not_told_above_its_level(
    tmp_path: Path, anonymous: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    with alone(tmp_path / "lines"):
        with caplog.at_level(logging.WARNING, logger="buildserver.requests"):
            anonymous.get("/ping")
        assert (tmp_path / "lines").read_text() == ""
        anonymous.get("/ping")
        assert (tmp_path / "lines").read_text() != ""


def test_each_line_is_written_by_one_call(
    tmp_path: Path, anonymous: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bytes] = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: [calls.append(bytes(data)), write(file, data)][1])
    with alone(tmp_path / "lines"):
        anonymous.get("/ping")
        logging.getLogger("tests.long").warning("x" * 100_000)
    assert [call.count(b"\n") for call in calls] == [1, 1]
    assert b"".join(calls) == (tmp_path / "lines").read_bytes()


def test_lines_of_threads_do_not_mix(tmp_path: Path) -> None:
    def work() -> None:
        for number in range(50):
            logs.tell(logging.getLogger("tests.told"), "told", {"long": "x" * 3000, "number": number})
            logging.getLogger("tests.logged").warning("y" * 20_000)

    threads = [threading.Thread(target=work) for _ in range(4)]
    logging.getLogger("tests.told").setLevel(logging.INFO)
    with alone(tmp_path / "lines"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    said = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert [line["message"] for line in said].count("told") == len(said) / 2 == 200


def test_a_line_is_whole_though_the_system_takes_it_in_parts(
    tmp_path: Path, anonymous: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    with alone(tmp_path / "lines"):
        anonymous.get("/ping")
    assert json.loads((tmp_path / "lines").read_text())["path"] == "/ping"


def test_a_line_that_cannot_be_written_is_told_and_harms_no_request(
    tmp_path: Path, anonymous: APIClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_file: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    with alone(tmp_path / "lines"), monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert anonymous.get("/ping").status_code == 200
    assert "no space left" in capsys.readouterr().err

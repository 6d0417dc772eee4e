import io
import json
import logging
import logging.config
import sys

import pytest
from rest_framework.test import APIClient

from buildserver import logs
from tests.conftest import KEY


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


@pytest.mark.parametrize(("status", "trace", "kept"), [(503, False, False), (503, True, True), (500, False, True)])
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

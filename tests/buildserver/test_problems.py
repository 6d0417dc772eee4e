import logging
from typing import Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from django.test import RequestFactory
from django.test.utils import override_settings
from rest_framework import exceptions
from rest_framework.test import APIClient

from buildserver import problems

REQUEST = RequestFactory().get("/a b/ü")


def body(response: object) -> dict[str, object]:
    import json  # noqa: PLC0415

    parsed: dict[str, object] = json.loads(response.content)  # type: ignore[attr-defined]
    return parsed


class Infeasible(exceptions.APIException):
    status_code = 422
    members = {"reason": "gap", "nearest_below_mw": 1.5}
    headers = {"X-Plan": "none"}


@pytest.mark.parametrize(
    ("fault", "status", "detail"),
    [
        (Http404("no plan 7"), 404, "no plan 7"),
        (Http404(), 404, "there is nothing here"),
        (PermissionDenied(), 403, "this is not allowed"),
        (RequestDataTooBig(), 413, "the body is too large"),
        (BadRequest("cut short"), 400, "cut short"),
        (SuspiciousOperation(), 400, "the request is malformed"),
        (OperationalError("gone away"), 503, "the database is away"),
        (InterfaceError("closed"), 503, "the database is away"),
        (Infeasible("no plan meets it"), 422, "no plan meets it"),
        (exceptions.Throttled(wait=2.1), 429, "Request was throttled. Expected available in 3 seconds."),
    ],
)
def test_answers_each_exception_as_a_problem(fault: Exception, status: int, detail: str) -> None:
    answer = problems.answer_to(REQUEST, fault)
    assert answer is not None
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    told = body(answer)
    assert (told["status"], told["detail"], told["type"], told["instance"]) == (
        status, detail, "about:blank", "/a%20b/%C3%BC",
    )  # fmt: skip


def test_tells_when_to_come_again_and_what_the_app_adds() -> None:
    away = problems.answer_to(REQUEST, OperationalError())
    wait = problems.answer_to(REQUEST, exceptions.Throttled(wait=2.1))
    impossible = problems.answer_to(REQUEST, Infeasible())
    assert away
    assert wait
    assert impossible
    assert (away.headers["Retry-After"], wait.headers["Retry-After"]) == ("5", "3")
    assert (body(impossible)["reason"], impossible.headers["X-Plan"]) == ("gap", "none")


def test_leaves_what_it_does_not_know_to_become_a_500(caplog: pytest.LogCaptureFixture) -> None:
    assert problems.answer_to(REQUEST, ZeroDivisionError()) is None
    with caplog.at_level(logging.ERROR):
        assert problems.answer_to(REQUEST, IntegrityError("twice")) is None
    assert "database refused" in caplog.text


def test_lists_every_fault_with_its_pointer() -> None:
    fault = exceptions.ValidationError(
        {
            "load": ["too low", exceptions.ErrorDetail("not a number", "type")],
            "powerplants": {"3": {"p/m~in": ["above pmax"]}},
            "rows": [{}, {"a": ["wrong"]}],
            "non_field_errors": ["together"],
        }
    )
    answer = problems.answer_to(REQUEST, fault)
    assert answer
    assert body(answer)["detail"] == "5 faults in the request"
    assert body(answer)["errors"] == [
        {"pointer": "#/load", "code": "invalid", "detail": "too low"},
        {"pointer": "#/load", "code": "type", "detail": "not a number"},
        {"pointer": "#/powerplants/3/p~1m~0in", "code": "invalid", "detail": "above pmax"},
        {"pointer": "#/rows/1/a", "code": "invalid", "detail": "wrong"},
        {"pointer": "#", "code": "invalid", "detail": "together"},
    ]


@pytest.mark.parametrize("path", ["/nothing", "/nothing/", "/kv", "/%ff", "/a%0ab", "/api/v2", "/ping/"])
def test_an_unknown_route_is_a_problem_even_for_a_browser(path: str, anonymous: APIClient) -> None:
    answer = anonymous.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_a_person_outside_the_api_gets_a_page(anonymous: APIClient) -> None:
    answer = anonymous.get("/planner/nothing", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "there is no such route" in answer.content.decode()
    assert anonymous.get("/planner/nothing").headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("debug", [False, True])
def test_an_unexpected_fault_is_a_problem_that_tells_nothing(
    debug: bool, anonymous: APIClient, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.DEBUG = debug
    monkeypatch.setattr("buildserver.views.process", lambda _: 1 // 0)
    anonymous.raise_request_exception = False
    answer = anonymous.post("/process", {"message": "x"}, format="json", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert "ZeroDivision" not in answer.content.decode()


def test_a_page_without_a_database_tells_when_to_come_again(
    anonymous: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> None:
        raise OperationalError("gone away")

    monkeypatch.setattr("django.contrib.admin.sites.AdminSite.has_permission", away)
    anonymous.raise_request_exception = False
    for accept, kind in (("text/html", "text/html; charset=utf-8"), ("*/*", "application/problem+json")):
        answer = anonymous.get("/admin/", headers={"Accept": accept})
        assert (answer.status_code, answer["Retry-After"], answer["Content-Type"]) == (503, "5", kind)
        assert "the database is away" in answer.content.decode()


def test_djangos_own_handlers_answer_problems() -> None:
    assert problems.bad_request(REQUEST, ZeroDivisionError()).status_code == 400
    assert problems.bad_request(REQUEST, RequestDataTooBig()).status_code == 413
    assert body(problems.forbidden(REQUEST, reason="CSRF"))["detail"] == "CSRF"
    assert body(problems.forbidden(REQUEST, PermissionDenied("no")))["detail"] == "no"


@override_settings(DEBUG=True)
def test_debug_does_not_change_the_form_of_a_404(anonymous: APIClient) -> None:
    assert anonymous.get("/nothing").headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("path", "allow"), [("/ping", "GET, HEAD"), ("/process", "POST"), ("/", "GET, HEAD")])
@pytest.mark.parametrize("verb", ["PATCH", "OPTIONS", "TRACE", "DELETE", "BREW"])
def test_a_wrong_verb_is_a_problem_that_names_the_right_ones(
    path: str, allow: str, verb: str, anonymous: APIClient
) -> None:
    answer = anonymous.generic(verb, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)
    assert answer.headers["Content-Type"] == "application/problem+json"

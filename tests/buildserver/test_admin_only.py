from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory

from buildserver import admin_only
from buildserver.admin_only import AdminOnly

Answer = Callable[[HttpRequest], HttpResponseBase]
told: list[str] = []


class Outer:
    """A layer that tells what it sees."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        told.append("outer")
        answer = self.get_response(request)
        told.append(str(answer.status_code))
        return answer


class Inner(Outer):
    """A layer that fails after the view."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        told.append("inner")
        self.get_response(request)
        raise BadRequest("no")


def view(_request: HttpRequest) -> HttpResponse:
    told.append("view")
    return HttpResponse()


def test_passes_the_admin_through_layers_and_the_rest_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_only, "LAYERS", (Outer, Inner))
    passing = AdminOnly(view)
    told.clear()
    assert passing(RequestFactory().get("/ping")).status_code == 200
    assert told == ["view"]
    passing(RequestFactory().get("/admin/x"))
    assert told == ["view", "outer", "inner", "view", "400"]


@pytest.mark.parametrize(("path", "refused"), [("/admin/x/", True), ("/save", False), ("/admin", False)])
def test_asks_for_a_token_in_the_admin_only(path: str, refused: bool) -> None:
    request: Any = RequestFactory().post(path)
    answer = AdminOnly(view).process_view(request, view, (), {})
    assert (answer is not None) is refused
    assert answer is None or answer.status_code == 403

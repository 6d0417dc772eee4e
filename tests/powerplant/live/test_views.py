import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test.utils import override_settings
from rest_framework.test import APIClient, APIRequestFactory

from buildserver.watchers import PLACES
from powerplant.live.hub import Away, Hub
from powerplant.live.views import PlanStream
from tests.powerplant.test_views import payload

pytestmark = pytest.mark.django_db  # closing an answer makes Django look after its connections
STREAM = "/api/v1/plans/stream"
Open = Callable[[], Iterator[bytes]]


@pytest.fixture
def stream(api: APIClient, own_hub: Hub, quick: None) -> Iterator[Open]:
    """Opens the stream, which has said its first comment; every one is closed at the end."""
    opened: list[Any] = []

    def stream() -> Iterator[bytes]:
        opened.append(api.get(STREAM))
        pieces = iter(opened[-1])
        assert next(pieces) == b": watching\n\n"
        return pieces

    yield stream
    for answer in opened:
        answer.close()
    assert not PLACES.taken


def exchange(pieces: Iterator[bytes]) -> Any:
    """The next plan that is shown."""
    event = b""
    while not event.startswith(b"event: plan\n"):
        event = next(pieces)
    return json.loads(event.split(b"\n")[1].removeprefix(b"data: "))


def test_shows_the_request_and_its_answer(stream: Open, anonymous: APIClient) -> None:
    pieces = stream()
    answer = anonymous.post("/productionplan?wind=curtail", payload(), format="json")
    assert exchange(pieces) == {"request": payload(), "answer": answer.json()}


def test_shows_the_problem_where_no_plan_meets_the_load(stream: Open, anonymous: APIClient) -> None:
    pieces = stream()
    told = anonymous.post("/productionplan", payload(load=99999), format="json").json()
    shown = exchange(pieces)
    assert shown["request"]["load"] == 99999
    assert shown["answer"] == {
        name: told[name] for name in ("status", "detail", "reason", "nearest_below_mw", "nearest_above_mw")
    }


def test_does_not_show_what_was_malformed(stream: Open, anonymous: APIClient) -> None:
    pieces = stream()
    assert anonymous.post("/productionplan", payload(load=-1), format="json").status_code == 400
    anonymous.post("/productionplan", payload(load=7), format="json")
    assert exchange(pieces)["request"]["load"] == 7


def test_of_a_large_exchange_it_shows_the_size(stream: Open, anonymous: APIClient) -> None:
    pieces = stream()
    body = json.dumps(payload(comment="x" * 2**20))
    assert anonymous.post("/productionplan", body, content_type="application/json").status_code == 200
    assert exchange(pieces) == {"request": None, "answer": None, "too_large_bytes": len(body)}


def test_its_headers_keep_proxies_from_holding_it_back(api: APIClient, own_hub: Hub) -> None:
    answer = api.get(STREAM, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    said = {name: answer.headers[name] for name in ("Content-Type", "Cache-Control", "X-Accel-Buffering")}
    assert said == {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    assert "Content-Length" not in answer.headers
    answer.close()


def test_needs_the_scope_plan(anonymous: APIClient, reader: APIClient) -> None:
    for client, status in ((anonymous, 401), (reader, 403)):
        answer = client.get(STREAM)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_is_only_to_be_got(method: str, api: APIClient) -> None:
    answer = api.generic(method, STREAM)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


@override_settings(MAX_WATCHERS=1)
def test_without_a_free_place_it_says_when_to_ask_again(stream: Open, api: APIClient) -> None:
    stream()
    answer = api.get(STREAM)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "all 1 places for watchers of this worker are taken"


def test_while_the_carrier_is_away_it_says_when_to_ask_again_and_holds_no_place(
    api: APIClient, own_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise Away("the carrier is away")

    monkeypatch.setattr(own_hub, "watch", away)
    answer = api.get(STREAM)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["detail"] == "the carrier is away"
    assert not PLACES.taken


class TestInAnotherProject:
    """Without a middleware that sets `request.access`."""

    def get(self) -> HttpResponse:
        request = APIRequestFactory().get(STREAM)
        request.path_info = STREAM
        view: Any = PlanStream.as_view(permission_classes=[], throttle_classes=[])
        answer: HttpResponse = view(request)
        return answer

    def test_nobody_may_watch_by_default(self) -> None:
        answer = self.get()
        assert answer.status_code == 403
        assert "plan is allowed to nobody: set request.access in a middleware" in str(answer.content)

    def test_the_app_counts_its_own_places(self, settings: Any) -> None:
        settings.POWERPLANT_ALLOW, settings.POWERPLANT_MAX_WATCHERS = ["plan"], 0
        del settings.POWERPLANT_WATCHERS
        answer = self.get()
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")

"""`GET …/changes` as clients see it, the same on each database: the list, long poll, and the stream in one process."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connections
from pytest_django import Settings
from rest_framework.test import APIClient

from buildserver import watchers
from kvstore import store
from kvstore.keys import path_of
from kvstore.store import changes as log
from kvstore.store import sweeping
from kvstore.views import changes as view
from tests.conftest import KEY
from tests.kvstore.conftest import Clock
from tests.kvstore.views.asking import ROOT, at, delete, get, good, pointers, problem, put, touch
from tests.kvstore.views.conftest import ClientOf
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("records")
URL = f"{ROOT}/ns/changes"
EVENTS = {"Accept": "text/event-stream"}


def told(answer: Any) -> list[tuple[int, str, str, int]]:
    """Revision, key, op and version of each change."""
    return [(one["revision"], one["key"], one["op"], one["version"]) for one in good(answer)["changes"]]


# --- the list -----------------------------------------------------------------------------------------------------


def test_tells_what_happened_in_order(api: APIClient, clock: Clock) -> None:
    put(api, "a")
    put(api, "b", query="?ttl=1")
    put(api, "a")
    touch(api, "a")
    delete(api, at("a"))
    clock.move(1)
    list(sweeping.expire(clock.now))
    answer = get(api, URL)
    assert told(answer) == [
        (1, "a", "put", 1), (2, "b", "put", 1), (3, "a", "put", 2), (4, "a", "put", 2), (5, "a", "delete", 2),
        (6, "b", "expire", 1),
    ]  # fmt: skip
    assert (good(answer)["revision"], answer["X-KV-Revision"], answer["Cache-Control"]) == (6, "6", "no-store")
    assert good(answer)["changes"][-1] == {
        "revision": 6, "key": "b", "op": "expire", "version": 1, "at": "2026-11-20T12:00:01Z",
    }  # fmt: skip


@pytest.mark.parametrize("since", range(7))
def test_tells_what_came_after_a_revision(api: APIClient, since: int) -> None:
    for _ in range(5):
        put(api, "a")
    answer = good(get(api, f"{URL}?since={since}"))
    assert [change["revision"] for change in answer["changes"]] == list(range(since + 1, 6))
    assert answer["revision"] == 5


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 1000])
def test_resuming_by_revision_misses_nothing(api: APIClient, limit: int) -> None:
    for number in range(7):
        put(api, "ab"[number % 2])
    found, since = [], 0
    while page := good(get(api, f"{URL}?since={since}&limit={limit}"))["changes"]:
        found += [change["revision"] for change in page]
        since = page[-1]["revision"]
        assert len(page) <= limit
    assert found == list(range(1, 8))


@pytest.mark.parametrize(
    ("query", "revisions", "resume"),
    [
        ("prefix=a", [1, 3], 5),
        ("prefix=a&limit=1", [1], 1),
        ("prefix=a&limit=2", [1, 3], 5),
        ("prefix=a&since=1&limit=1", [3], 5),
        ("prefix=a&since=3", [], 5),
        ("prefix=x", [], 5),
        ("prefix=a/", [3], 5),
        ("prefix=", [1, 2, 3, 4, 5], 5),
        ("limit=2", [1, 2], 2),
    ],
)
def test_tells_from_where_to_resume(api: APIClient, query: str, revisions: list[int], resume: int) -> None:
    for key in ("a", "b", "a/1", "b", "b"):
        put(api, key)
    answer = get(api, f"{URL}?{query}")
    assert [change["revision"] for change in good(answer)["changes"]] == revisions
    assert (good(answer)["revision"], answer["X-KV-Revision"]) == (resume, "5")


def test_a_namespace_that_is_not_there_is_empty(api: APIClient) -> None:
    answer = get(api, f"{ROOT}/nothing/changes?since=7")
    assert (good(answer), answer["X-KV-Revision"]) == ({"revision": 0, "changes": []}, "0")


def test_who_comes_from_another_life_of_the_database_resumes_from_this_one(api: APIClient) -> None:
    put(api, "a")
    assert good(get(api, f"{URL}?since={2**63 - 1}")) == {"revision": 1, "changes": []}


def test_a_page_has_100_changes_or_up_to_1000(api: APIClient) -> None:
    ops = [{"put": {"key": str(number), "value": number}} for number in range(1000)]
    api.post(f"{ROOT}/ns/txn", {"success": ops}, format="json")
    assert [len(told(get(api, f"{URL}{query}"))) for query in ("", "?limit=1000")] == [100, 1000]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("since=-1", "since"), ("since=x", "since"), ("since=", "since"), (f"since={2**63}", "since"),
        ("wait=61", "wait"), ("wait=-1", "wait"), ("wait=nan", "wait"), ("wait=1e1", "wait"), ("wait=", "wait"),
        ("limit=0", "limit"), ("limit=1001", "limit"), ("prefix=%0A", "prefix"), (f"prefix={'k' * 513}", "prefix"),
        ("since=1&since=1", "since"),
    ],
)  # fmt: skip
def test_refuses_a_malformed_query(api: APIClient, query: str, where: str) -> None:
    assert set(pointers(get(api, f"{URL}?{query}"))) == {f"#/{where}"}


def test_what_is_forgotten_is_told_as_such(api: APIClient, clock: Clock) -> None:
    put(api, "a")
    put(api, "b")
    clock.move(timedelta(days=31).total_seconds())
    put(api, "a")
    list(sweeping.trim_by_age(clock.now - timedelta(days=30)))
    answers = [get(api, URL), get(api, f"{URL}?wait=60"), get(api, URL, **EVENTS), get(api, f"{URL}?since=1")]
    for since, answer in zip((0, 0, 0, 1), answers, strict=True):
        assert problem(answer, 410)["detail"] == (
            f"changes of the namespace ns since revision {since} are not all kept: the log begins after 2; read the "
            "list, and resume from its revision"
        )
        assert answer["X-KV-Revision"] == "3"
    assert told(get(api, f"{URL}?since=2")) == [(3, "a", "put", 2)]
    assert not watchers.PLACES.taken


# --- long poll ----------------------------------------------------------------------------------------------------


class Waiting:
    """A request in a thread of its own."""

    def __init__(self, query: str) -> None:
        self.answer: Any = None
        self._thread = threading.Thread(target=self._ask, args=[f"{URL}?{query}"])
        self._thread.start()

    def _ask(self, url: str) -> None:
        self.answer = APIClient(headers={"Authorization": f"Bearer {KEY}"}).get(url)
        connections.close_all()

    def ends(self) -> Any:
        self._thread.join(60)
        assert self.answer is not None
        return self.answer


@pytest.fixture
def waits() -> Iterator[None]:
    """No place is taken before or after."""
    assert not watchers.PLACES.taken
    yield
    assert not watchers.PLACES.taken


def test_waits_for_the_first_change_of_another_connection(api: APIClient, waits: None) -> None:
    put(api, "a")
    waiting = Waiting("since=1&wait=60")
    until(lambda: watchers.PLACES.taken)
    put(api, "b")
    assert told(waiting.ends()) == [(2, "b", "put", 1)]
    assert waiting.answer["X-KV-Revision"] == "2"


def test_waits_for_a_namespace_that_is_not_there_yet(api: APIClient, waits: None) -> None:
    waiting = Waiting("wait=60")
    until(lambda: watchers.PLACES.taken)
    put(api, "a")
    assert told(waiting.ends()) == [(1, "a", "put", 1)]


def test_waits_for_a_key_with_the_prefix_only(api: APIClient, waits: None) -> None:
    waiting = Waiting("wait=60&prefix=b")
    until(lambda: watchers.PLACES.taken)
    put(api, "a")
    put(api, "b")
    assert told(waiting.ends()) == [(2, "b", "put", 1)]


def test_does_not_wait_where_there_is_something(api: APIClient, waits: None, settings: Settings) -> None:
    settings.MAX_WATCHERS = 0
    put(api, "a")
    assert len(told(get(api, f"{URL}?wait=60"))) == 1


@pytest.mark.parametrize("wait", ["0.01", "0.3"])
def test_answers_without_a_change_when_the_time_is_over(api: APIClient, waits: None, wait: str) -> None:
    put(api, "a")
    assert good(get(api, f"{URL}?since=1&wait={wait}")) == {"revision": 1, "changes": []}


def test_who_waits_learns_that_a_record_has_expired(api: APIClient, clock: Clock, waits: None) -> None:
    put(api, "a", query="?ttl=60")
    clock.move(60)
    assert told(get(api, f"{URL}?since=1&wait=60")) == [(2, "a", "expire", 1)]


def test_a_look_tells_some_of_many_that_have_expired_and_the_next_one_the_rest(
    api: APIClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits is to be answered in time, and a stream to be told that it lives, however many there are."""
    monkeypatch.setattr(sweeping, "STEP", 2)
    for key in "abcde":
        put(api, key, query="?ttl=1")
    clock.move(1)
    looks = view.looks(view.Watched("ns", "", None, 100), 5)
    assert [len(next(looks).items) for _ in range(4)] == [2, 2, 1, 0]


def test_a_place_that_is_not_free_is_503(api: APIClient, settings: Settings, waits: None) -> None:
    settings.MAX_WATCHERS = 0
    for answer in (get(api, f"{URL}?wait=60"), get(api, URL, **EVENTS)):
        assert problem(answer, 503)["detail"] == "all 0 places for watchers of this worker are taken"
        assert answer["Retry-After"] == "5"


def test_a_project_without_places_lets_nobody_wait(api: APIClient, settings: Settings) -> None:
    settings.KVSTORE_WATCHERS = None
    for answer in (get(api, f"{URL}?wait=60"), get(api, URL, **EVENTS)):
        assert problem(answer, 503)["detail"] == "this project lets nobody wait: KVSTORE_WATCHERS is not set"
    assert good(get(api, URL))["changes"] == []


def test_a_process_that_is_about_to_stop_answers_those_who_wait(
    api: APIClient, waits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Waiting("wait=60")
    until(lambda: watchers.PLACES.taken)
    monkeypatch.setattr(watchers.PLACES, "stopping", True)
    assert good(waiting.ends())["changes"] == []


def test_one_whose_writes_are_refused_may_still_wait(api: APIClient, clock: Clock, waits: None) -> None:
    """The cache is away, or the database is locked: nobody can sweep, and everybody can read."""
    put(api, "a", query="?ttl=1")
    clock.move(1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sweeping, "expire", refusing(OperationalError("database is locked")))
        assert good(get(api, f"{URL}?since=1&wait=0.1"))["changes"] == []


def refusing(fault: Exception) -> Callable[..., Iterator[int]]:
    def refuse(*_args: Any) -> Iterator[int]:
        raise fault

    return refuse


# --- the stream ---------------------------------------------------------------------------------------------------

Open = Callable[..., Iterator[bytes]]


@pytest.fixture
def stream(api: APIClient, waits: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the stream, which has said its first comment; every one is closed at the end."""
    monkeypatch.setattr(view, "LOOK_S", 0.01)
    opened: list[Any] = []

    def stream(query: str = "", client: APIClient = api, **headers: str) -> Iterator[bytes]:
        opened.append(client.get(f"{URL}?{query}", headers={**EVENTS, **headers}))
        assert opened[-1].status_code == 200, opened[-1].content
        pieces = iter(opened[-1])
        first = next(pieces)
        assert first.startswith(b": watching\n\n")
        rest = first.removeprefix(b": watching\n\n")
        return prefixed(rest, pieces)

    yield stream
    for answer in opened:
        answer.close()


def prefixed(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces of a stream, without empty ones."""
    if first:
        yield first
    yield from rest


def events(pieces: Iterator[bytes], count: int) -> list[tuple[str, Any]]:
    """The ids and the data of the next events."""
    found: list[tuple[str, Any]] = []
    while len(found) < count:
        for event in next(pieces).decode().split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in event.split("\n"))
            assert fields["event"] == "change"
            found.append((fields["id"], json.loads(fields["data"])))
    return found


def test_a_stream_tells_the_same_items_as_events(api: APIClient, stream: Open, clock: Clock) -> None:
    put(api, "a")
    pieces = stream()
    put(api, "b")
    delete(api, at("a"))
    found = events(pieces, 3)
    assert [data for _, data in found] == good(get(api, URL))["changes"]
    assert [id_ for id_, _ in found] == ["1", "2", "3"]


def test_a_stream_is_not_held_back(api: APIClient, waits: None) -> None:
    answer = get(api, URL, **EVENTS)
    said = {name: answer[name] for name in ("Content-Type", "Cache-Control", "X-Accel-Buffering", "X-KV-Revision")}
    assert said == {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
        "X-KV-Revision": "0",
    }
    assert "Content-Length" not in answer
    answer.close()


@pytest.mark.parametrize(
    ("query", "headers", "ids"),
    [
        ("", {}, ["1", "2", "3"]),
        ("since=1", {}, ["2", "3"]),
        ("", {"Last-Event-ID": "2"}, ["3"]),
        ("since=0", {"Last-Event-ID": "1"}, ["2", "3"]),
        ("since=2", {"Last-Event-ID": ""}, ["3"]),
        ("limit=1", {}, ["1", "2", "3"]),
    ],
)
def test_a_stream_is_resumed_by_its_last_event(
    api: APIClient, stream: Open, query: str, headers: dict[str, str], ids: list[str]
) -> None:
    for _ in range(3):
        put(api, "a")
    assert [id_ for id_, _ in events(stream(query, **headers), len(ids))] == ids


@pytest.mark.parametrize("sent", ["x", "-1", "1.5", str(2**63), "1,2"])
def test_refuses_what_was_never_an_event(api: APIClient, sent: str) -> None:
    answer = api.get(URL, headers={**EVENTS, "Last-Event-ID": sent})
    assert set(pointers(answer)) == {"#/Last-Event-ID"}
    assert not watchers.PLACES.taken


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        ("text/event-stream", True),
        ("text/html, Text/Event-Stream;q=0.9", True),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_streams_to_those_who_name_the_type(api: APIClient, accept: str, streams: bool) -> None:
    answer = api.get(URL, headers={"Accept": accept})
    assert answer.streaming == streams
    answer.close()


def test_a_stream_of_a_narrowed_key_shows_its_places_only(
    api: APIClient, client_of: ClientOf, clock: Clock, waits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "LOOK_S", 0.01)
    for key in ("x", "ci/1", "y", "ci/2"):
        store.put(path_of("team-a", key), store.Value(b"1", "text/plain"), now=clock.now)
    answer = client_of("places").get(f"{ROOT}/team-a/changes", headers=EVENTS)
    pieces = iter(answer)
    assert [data["key"] for _, data in events(prefixed(next(pieces).removeprefix(b": watching\n\n"), pieces), 2)] == [
        "ci/1",
        "ci/2",
    ]
    answer.close()


def test_a_stream_says_something_every_15_seconds(stream: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]

    def sleep(pause_s: float) -> None:
        seconds[0] += 0.25

    monkeypatch.setattr(view.time, "monotonic", lambda: seconds[0])
    monkeypatch.setattr(view.time, "sleep", sleep)
    pieces = stream()
    for end_s in (15, 30, 45):
        assert next(pieces) == b":\nid: 0\n\n"
        assert seconds[0] == end_s


def test_a_stream_goes_on_past_changes_that_it_does_not_show(
    stream: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "COMMENT_S", 0)
    pieces = stream("prefix=mine/")
    assert next(pieces) == b":\nid: 0\n\n"
    for _ in range(3):
        store.put(path_of("ns", "other"), store.Value(b"1", "text/plain"), now=clock.now)
    assert next(pieces) == b":\nid: 3\n\n"


def test_a_stream_tells_that_a_record_has_expired(api: APIClient, clock: Clock, stream: Open) -> None:
    put(api, "a", query="?ttl=60")
    pieces = stream("since=1")
    clock.move(60)
    assert [data["op"] for _, data in events(pieces, 1)] == ["expire"]


def test_a_stream_whose_changes_were_forgotten_meanwhile_says_so_and_ends(
    api: APIClient, clock: Clock, stream: Open
) -> None:
    put(api, "a")
    pieces = stream("since=1")
    put(api, "a")
    put(api, "a")
    clock.move(timedelta(days=31).total_seconds())
    list(sweeping.trim_by_age(clock.now))
    (piece,) = pieces
    assert piece.startswith(
        b'event: forgotten\ndata: {"detail":"changes of the namespace ns since revision 1 are not all kept'
    )


def test_a_stream_ends_while_the_database_is_away_and_is_resumed_after_it(
    api: APIClient, stream: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(api, "a")
    pieces = stream()
    events(pieces, 1)
    with monkeypatch.context() as patched:

        def away(*_args: Any, **_options: Any) -> None:
            raise OperationalError

        patched.setattr(log, "since", away)
        assert list(pieces) == []
    put(api, "b")
    assert [id_ for id_, _ in events(stream(**{"Last-Event-ID": "1"}), 1)] == ["2"]


def test_a_stream_ends_with_its_process(stream: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = stream()
    monkeypatch.setattr(watchers.PLACES, "stopping", True)
    assert list(pieces) == []


def test_a_stream_that_is_closed_before_its_end_gives_its_place_back(api: APIClient, waits: None) -> None:
    for _ in range(watchers.settings.MAX_WATCHERS + 1):
        answer = get(api, URL, **EVENTS)
        assert answer.status_code == 200
        next(iter(answer))
        answer.close()


def test_head_of_a_stream_is_that_of_the_list(api: APIClient, waits: None) -> None:
    put(api, "a")
    answer = api.head(f"{URL}?since=1&wait=60", headers=EVENTS)
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"", "application/json")

"""Idempotency-Key on POST as clients see it, the same on each database."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from rest_framework.test import APIClient

from kvstore import store
from kvstore.keys import path_of
from kvstore.store import answers, sweeping
from kvstore.store.writing import writing
from tests.conftest import KEY
from tests.kvstore.conftest import ALIAS, Clock
from tests.kvstore.views.asking import JSON, ROOT, at, delete, get, good, pointers, post, problem, put, save, touch, txn
from tests.kvstore.views.conftest import ClientOf

pytestmark = pytest.mark.usefixtures("records")
ONE = {"Idempotency_Key": "one"}
DAY_S = 86_400


def ask_save(client: APIClient, value: object = 1, **headers: str) -> Any:
    return save(client, {"key": "a", "value": value}, **headers)


def ask_txn(client: APIClient, value: object = 1, **headers: str) -> Any:
    return txn(
        client, {"success": [{"put": {"key": "a", "value": value}}, {"get": {"key": "a"}}]}, "default", **headers
    )


def ask_restore(client: APIClient, version: object = 1, **headers: str) -> Any:
    return post(client, f"{ROOT}/default/history/a", {"restore": version}, **headers)


def ask_touch(client: APIClient, seconds: object = 1000, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic("POST", f"{at('a', 'default')}?touch&ttl={seconds}", content_type="", headers=named)


Ask = Callable[..., Any]
POSTS = [ask_save, ask_txn, ask_restore, ask_touch]


def seen(answer: Any) -> tuple[Any, ...]:
    """All of an answer but its request's id."""
    return answer.status_code, answer.content, {**answer.headers, "X-Request-ID": ""}


def revision(client: APIClient) -> str:
    return str(get(client, f"{ROOT}/default/keys")["X-KV-Revision"])


@pytest.fixture(autouse=True)
def something(records: str, api: APIClient, clock: Clock) -> None:
    """The key a of the namespace default at version 1."""
    save(api, {"key": "a", "value": 0})


@pytest.mark.parametrize("ask", POSTS)
def test_the_same_request_is_done_once_and_answered_alike(api: APIClient, clock: Clock, ask: Ask) -> None:
    first = ask(api, **ONE)
    assert first.status_code == 200
    clock.move(60)
    ask(api)
    assert seen(ask(api, **ONE)) == seen(first)
    assert revision(api) == "3"


@pytest.mark.parametrize("ask", POSTS)
def test_another_body_under_the_same_key_is_422(api: APIClient, ask: Ask) -> None:
    first = ask(api, **ONE)
    told = problem(ask(api, 2, **ONE), 422)
    assert told["detail"] == "this Idempotency-Key was used for another body within the last 24 hours"
    assert seen(ask(api, **ONE)) == seen(first)
    assert revision(api) == "2"


def test_a_body_is_the_same_only_byte_for_byte(api: APIClient) -> None:
    save(api, '{"key": "a", "value": 1}', **ONE)
    problem(save(api, '{"key": "a", "value":1}', **ONE), 422)


def test_a_created_key_is_told_as_created_again(api: APIClient) -> None:
    for _ in range(2):
        assert good(save(api, {"key": "new", "value": 1}, **ONE), 201) == {"key": "new", "version": 1}


@pytest.mark.parametrize("ask", POSTS)
def test_other_keys_and_other_routes_are_apart(api: APIClient, ask: Ask) -> None:
    ask(api, **ONE)
    assert ask(api, Idempotency_Key="One").status_code == 200
    assert save(api, {"key": "b", "value": 1}, Idempotency_Key="two").status_code == 201
    assert txn(api, {}, "default", Idempotency_Key="three").status_code == 200
    assert txn(api, {}, "other", Idempotency_Key="three").status_code == 200
    assert touch(api, "a", **ONE).status_code == 404
    assert revision(api) == "4"


def test_access_keys_are_apart(api: APIClient, client_of: ClientOf) -> None:
    writer = client_of("writer")
    first = ask_save(api, **ONE)
    assert good(ask_save(writer, **ONE))["version"] == 3
    assert good(ask_save(writer, 2, Idempotency_Key="two"))["version"] == 4
    assert seen(ask_save(api, **ONE)) == seen(first)


def test_what_one_may_not_do_is_not_answered_from_what_one_did(api: APIClient, client_of: ClientOf) -> None:
    ask_save(api, **ONE)
    assert ask_save(client_of("reader"), **ONE).status_code == 403
    assert ask_save(client_of("anonymous"), **ONE).status_code == 401


@pytest.mark.parametrize(("seconds", "version"), [(DAY_S - 0.000001, 2), (DAY_S, 3), (2 * DAY_S, 3)])
def test_an_answer_is_kept_for_24_hours(api: APIClient, clock: Clock, seconds: float, version: int) -> None:
    ask_save(api, **ONE)
    clock.move(seconds)
    assert good(ask_save(api, **ONE))["version"] == version
    assert good(ask_save(api, **ONE))["version"] == version


def test_after_24_hours_the_key_may_be_used_for_another_body(api: APIClient, clock: Clock) -> None:
    ask_save(api, **ONE)
    clock.move(DAY_S)
    assert good(ask_save(api, 2, **ONE))["version"] == 3
    problem(ask_save(api, **ONE), 422)


def test_old_answers_are_swept_in_steps_and_young_ones_are_not(
    api: APIClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "STEP", 2)
    for key in ("first", "second", "third"):
        ask_save(api, Idempotency_Key=key)
    clock.move(1)
    ask_save(api, Idempotency_Key="two")
    clock.move(DAY_S - 1)
    assert list(sweeping.drop_answers(clock.now)) == [2, 1]
    assert good(ask_save(api, Idempotency_Key="two"))["version"] == 5


REFUSALS = {
    "a version that is not there": (404, lambda client: ask_restore(client, 7, **ONE)),
    "a key that is not there": (404, lambda client: touch(client, "nothing", **ONE)),
    "another version": (412, lambda client: save(client, {"key": "a", "value": 1, "version": 7}, **ONE)),
    "a condition": (
        412,
        lambda client: post(client, f"{at('a', 'default')}?touch", content_type="", If_Match='"7"', **ONE),
    ),
    "a quota": (507, lambda client: save(client, {"key": "b", "value": 1}, **ONE)),
    "a quota for all": (
        507,
        lambda client: txn(client, {"success": [{"put": {"key": "b", "value": 1}}]}, "default", **ONE),
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_by_what_is_there_is_kept_too(api: APIClient, clock: Clock, what: str) -> None:
    status, ask = REFUSALS[what]
    quota = f"{ROOT}/default/quota"
    api.generic("PUT", quota, b'{"max_keys": 1}', content_type=JSON)
    first = ask(api)
    problem(first, status)
    # Now it would be done.
    api.generic("PUT", quota, b"{}", content_type=JSON)
    for _ in range(6):
        ask_save(api)
    put(api, "nothing")
    clock.move(1)
    assert seen(ask(api)) == seen(first)
    assert revision(api) == "7"


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b'{"key": "a"}', 400), (b'{"key": "a", "value": "' + b"x" * 2**20 + b'"}', 413)]
)
def test_what_was_malformed_is_not_kept(api: APIClient, body: bytes, status: int) -> None:
    problem(save(api, body, **ONE), status)
    assert good(ask_save(api, **ONE))["version"] == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "é", "a\x7f", "a,b c"])
def test_refuses_what_is_no_idempotency_key(api: APIClient, key: str) -> None:
    for ask in POSTS:
        assert set(pointers(ask(api, Idempotency_Key=key))) == {"#/Idempotency-Key"}
    assert revision(api) == "1"


@pytest.mark.parametrize("key", ["!", "~" * 255, "a,b", '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
def test_takes_every_idempotency_key(api: APIClient, key: str) -> None:
    assert seen(ask_save(api, Idempotency_Key=key)) == seen(ask_save(api, Idempotency_Key=key))
    assert revision(api) == "2"


def test_only_a_post_is_done_once(api: APIClient) -> None:
    assert [put(api, "a", **ONE).status_code for _ in range(2)] == [201, 200]
    assert [delete(api, at("a"), **ONE).status_code for _ in range(2)] == [204, 404]


def test_the_query_is_part_of_what_is_asked(api: APIClient) -> None:
    ask_touch(api, 60, **ONE)
    problem(ask_touch(api, 61, **ONE), 422)


@pytest.mark.parametrize("ask", POSTS)
def test_of_two_at_once_one_is_done_and_both_are_answered_alike(api: APIClient, clock: Clock, ask: Ask) -> None:
    barrier, found = threading.Barrier(2), []

    def one() -> None:
        client = APIClient(headers={"Authorization": f"Bearer {KEY}"})
        barrier.wait()
        found.append(ask(client, **ONE))
        connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen(found[0]) == seen(found[1])
    assert found[0].status_code == 200
    assert revision(api) == "2"


def test_who_comes_while_another_is_at_work_waits_for_its_answer(
    api: APIClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find no answer; the one writes only when the other has been answered."""
    looked = threading.Event()
    find = answers.find

    def find_late(*args: Any) -> Any:
        found = find(*args)
        if threading.current_thread() is late and not looked.is_set():
            looked.set()
            done.wait(30)
        return found

    monkeypatch.setattr(answers, "find", find_late)
    done, told = threading.Event(), []

    def ask() -> None:
        told.append(ask_save(APIClient(headers={"Authorization": f"Bearer {KEY}"}), **ONE))
        connections.close_all()

    late = threading.Thread(target=ask)
    late.start()
    assert looked.wait(30)
    first = ask_save(api, **ONE)
    done.set()
    late.join()
    assert seen(told[0]) == seen(first)
    assert revision(api) == "2"


@pytest.mark.parametrize("other", [False, True])
def test_a_refusal_yields_to_an_answer_that_was_quicker(
    api: APIClient, clock: Clock, monkeypatch: pytest.MonkeyPatch, other: bool
) -> None:
    """The same key is used by another between the look for its answer and the write, which is refused for that."""
    find, quicker = answers.find, []

    def find_early(*args: Any) -> Any:
        found = find(*args)
        monkeypatch.setattr(answers, "find", find)
        quicker.append(save(api, {"key": "a", "value": 2 if other else 1, "version": 1}, **ONE))
        return found

    monkeypatch.setattr(answers, "find", find_early)
    told = save(api, {"key": "a", "value": 1, "version": 1}, **ONE)
    assert good(quicker[0])["version"] == 2
    assert told.status_code == 422 if other else seen(told) == seen(quicker[0])
    assert revision(api) == "2"


def test_what_is_undone_leaves_no_answer_behind(api: APIClient, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> None:
        raise RuntimeError("after the answer was kept")

    with monkeypatch.context() as patched:
        patched.setattr("kvstore.store.writing.Writing.close", fail)
        with pytest.raises(RuntimeError):
            ask_save(api, **ONE)
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM kvstore_answer")
        assert cursor.fetchone() == (0,)
    assert good(ask_save(api, **ONE))["version"] == 2


def test_a_quota_that_is_met_at_the_end_leaves_the_refusal_and_not_the_answer(api: APIClient) -> None:
    api.generic("PUT", f"{ROOT}/default/quota", b'{"max_bytes": 1}', content_type=JSON)
    problem(ask_save(api, 12, **ONE), 507)
    problem(ask_save(api, 12, **ONE), 507)
    assert revision(api) == "1"


def test_an_answer_that_is_too_large_to_be_kept_is_413_and_nothing_is_written(api: APIClient, clock: Clock) -> None:
    """Of quotes and backslashes, which take twice the bytes in a statement of MariaDB."""
    value = json.dumps('"\\' * 250_000).encode()
    keys = [str(number) for number in range(16)]
    for key in keys:
        with writing("default", [path_of("default", key)], clock.now) as transaction:
            transaction.put([(path_of("default", key), store.Value(value, "text/plain" if key == "0" else JSON), None)])
    ops = [{"get": {"key": key}} for key in keys] + [{"put": {"key": "new", "value": 1}}]
    told = problem(txn(api, {"success": ops}, "default", **ONE), 413)["detail"]
    assert told.endswith("bytes; with an Idempotency-Key at most 4194304 are given")
    assert get(api, "/get/new").status_code == 404
    kept = [txn(api, {"success": ops[-4:]}, "default", Idempotency_Key="two") for _ in range(2)]
    assert kept[0].status_code == 200
    assert seen(kept[0]) == seen(kept[1])
    assert txn(api, {"success": ops}, "default").status_code == 200

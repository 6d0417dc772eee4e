import json

import pytest

from powerplant.live.exchanges import MAX_BYTES, encode, event_of, exchange_of


def test_an_event_is_one_line_with_the_request_and_its_answer() -> None:
    request, answer = {"load": 480, "note": "é\n\r\u2028"}, [{"name": "a", "p": 480.0}]
    event = event_of(encode(exchange_of(request, answer, 20)))
    kind, data, *rest = event.split(b"\n")
    assert kind == b"event: plan"
    assert rest == [b"", b""]
    assert b"\r" not in data
    assert json.loads(data.removeprefix(b"data: ")) == {"request": request, "answer": answer}


def test_keeps_integers_of_any_length() -> None:
    assert json.loads(encode(exchange_of({"load": 10**40}, [], 50)))["request"] == {"load": 10**40}


def test_an_exchange_of_a_mebibyte_is_whole_and_a_larger_one_says_its_size() -> None:
    around = len(encode(exchange_of("", [], 0)))
    whole = encode(exchange_of("x" * (MAX_BYTES - around), [], 1))
    assert len(whole) == MAX_BYTES
    assert json.loads(whole)["answer"] == []
    larger = encode(exchange_of("x" * (MAX_BYTES - around + 1), [], 1))
    assert json.loads(larger) == {"request": None, "answer": None, "too_large_bytes": MAX_BYTES + 1}


@pytest.mark.parametrize(("size_bytes", "held"), [(MAX_BYTES, MAX_BYTES), (MAX_BYTES + 1, 0)])
def test_of_a_request_that_is_too_large_by_itself_nothing_is_held(size_bytes: int, held: int) -> None:
    exchange = exchange_of({"load": 1}, [], size_bytes)
    assert exchange.held_bytes == held
    assert (exchange.request is None) is (held == 0)
    told = json.loads(encode(exchange))
    assert told.get("too_large_bytes") == (None if held else size_bytes)

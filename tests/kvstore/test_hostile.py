"""Input that no well-meaning client sends: the documented refusal, the store unchanged, the same on each database."""

from typing import Any

import pytest
from django.db import connections

from tests.kvstore.conftest import ALIAS, TABLES
from tests.kvstore.hostile import CASES, JSON, ROOT, get, nested, put, save, with_value
from tests.kvstore.wire import Request, is_problem, send

pytestmark = pytest.mark.usefixtures("records")


def dump() -> list[Any]:
    """All that is stored."""
    with connections[ALIAS].cursor() as cursor:
        found = []
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table}")
            found.append(sorted(map(repr, cursor.fetchall())))
        return found


@pytest.fixture
def something(records: str) -> None:
    """A few records, one under each key that a case may aim at."""
    for request in (save(with_value("0")), put(b"0"), put(b"0", f"{ROOT}/ns/keys/b?ttl=60")):
        assert send(request).status == 201


def test_each_case_is_refused_as_documented_and_changes_nothing(something: None, subtests: pytest.Subtests) -> None:
    before = dump()
    for name, case in CASES.items():
        with subtests.test(name):
            answer = send(case.request)
            assert answer.status == case.status, answer.body[:500]
            assert is_problem(answer) or case.request.verb == "HEAD"
            assert dump() == before


KEPT = {
    "a number of 30 digits": "123456789012345678901234567890",
    "a fraction of 30 digits": "0.123456789012345678901234567890",
    "1e308": "1e308",
    "-0": "-0",
    "99 levels": nested(99),
    "100 levels": nested(100),
    "100 objects": '{"a":' * 100 + "1" + "}" * 100,
    "an escaped NUL": '"\\u0000"',
    "a pair of surrogates": '"\\ud83d\\ude00"',
    "the same name in two objects": '[{"a": 1}, {"a": {"a": 2}}]',
    "names that differ in case": '{"a": 1, "A": 2}',
    "blanks": "[ 1 ,\t2\r\n]",
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_odd_and_allowed_is_kept_byte_for_byte(name: str) -> None:
    text = KEPT[name]
    requests = {
        "saved": save(f'{{"key": "saved", "value": {text}}}'),
        "put": put(text.encode(), f"{ROOT}/default/keys/put", Content_Type="application/json"),
        "txn": Request("POST", f"{ROOT}/default/txn", txn_of(f'{{"put": {{"key": "txn", "value": {text}}}}}'), JSON),
    }
    for key, request in requests.items():
        assert send(request).status in (200, 201)
        told = f'{{"key":"{key}","value":{text},"version":1,"expires_at":null}}'
        assert send(get(f"/get/{key}")).body == told.encode()
        assert send(get(f"{ROOT}/default/history/{key}?version=1")).body == text.encode()
        assert f'"value":{text}'.encode() in send(get(f"{ROOT}/default/keys?values=true&prefix={key}")).body
        read = Request("POST", f"{ROOT}/default/txn", txn_of(f'{{"get": {{"key": "{key}"}}}}'), JSON)
        assert f'"value":{text}'.encode() in send(read).body


def txn_of(op: str) -> bytes:
    return f'{{"success": [{op}]}}'.encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Case", "case"),
        ("a", "a "),
        ("a", "a%C2%A0"),
        ("%C3%A9", "e%CC%81"),
        ("a/b", "a//b"),
        ("a%252Fb", "a/b"),
        (".", ".."),
        ("a", "%EF%BB%BFa"),
        ("%F0%9F%98%80", "%EF%BF%BD"),
    ],
)
def test_keys_that_look_alike_are_two(one: str, other: str) -> None:
    for number, key in enumerate((one, other)):
        assert send(put(b"%d" % number, f"{ROOT}/ns/keys/{key}")).status == 201
    assert [send(get(f"{ROOT}/ns/keys/{key}")).body for key in (one, other)] == [b"0", b"1"]


@pytest.mark.parametrize("spelled", ["a%2Fb", "a/b", "%61/b", "a%2fb"])
def test_a_key_is_the_same_however_it_is_escaped(spelled: str) -> None:
    assert send(put(b"1", f"{ROOT}/default/keys/a/b")).status == 201
    assert send(get(f"{ROOT}/default/keys/{spelled}")).body == b"1"
    for target in (f"/get/{spelled}", f"/get?key={spelled}"):
        assert send(get(target)).status == 406
    assert send(Request("DELETE", f"/delete/{spelled}")).status == 200


def test_there_are_as_many_cases_as_are_documented() -> None:
    assert len(CASES) > 300

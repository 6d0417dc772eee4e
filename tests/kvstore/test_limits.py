"""Each limit that `/api/v1/limits` tells of records: kept to and passed by one; and each that the code has is told."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connections
from django.test.utils import CaptureQueriesContext

import kvstore
from kvstore.admin.transfer import ImportForm
from kvstore.conf import Conf
from kvstore.keys import NAMESPACE_PATTERN
from kvstore.store import writing
from tests.kvstore import test_hostile
from tests.kvstore.conftest import ALIAS, Clock
from tests.kvstore.hostile import JSON, ROOT, get, nested, put, put_json, save, txn, txn_with, with_key, with_value
from tests.kvstore.test_hostile import txn_of
from tests.kvstore.views.conftest import document
from tests.kvstore.wire import CHUNKED, Answer, Request, is_problem, send

pytestmark = pytest.mark.usefixtures("records")
KEY = f"{ROOT}/ns/keys/a"
OK = (200, 201, 204)
Test = TypeVar("Test", bound=Callable[..., object])
TRIED: set[str] = set()


def told() -> dict[str, int]:
    """What is said of records."""
    answer = send(get("/api/v1/limits"))
    assert answer.status == 200
    found: dict[str, int] = answer.json()["kvstore"]
    return found


def tries(*names: str) -> Callable[[Test], Test]:
    """The test or the trials below are of these limits."""
    TRIED.update(names)
    return lambda test: test


def good(request: Request) -> Answer:
    """An answer that is no refusal."""
    answer = send(request)
    assert answer.status in OK, answer.body[:500]
    return answer


def refused(request: Request, status: int, *, early: bool = True) -> Answer:
    """The documented refusal; nothing was written, and where it is early, the database was asked nothing."""
    before = test_hostile.dump()
    with CaptureQueriesContext(connections[ALIAS]) if early else nullcontext([]) as asked:  # type: ignore[attr-defined]
        answer = send(request)
    assert (answer.status, is_problem(answer)) == (status, True), answer.body[:500]
    assert list(asked) == []
    assert test_hostile.dump() == before
    return answer


# --- limits of one request: what it may be is asked before the database is


@dataclass(frozen=True)
class Trial:
    """A request at the limit, one beyond it, and the status of its refusal."""

    at: Request
    beyond: Request
    status: int = 400


Trials = Callable[[int], Iterator[Trial]]
OF_REQUESTS: dict[str, Trials] = {}


def of(name: str) -> Callable[[Trials], Trials]:
    """The trials below are of this limit."""

    def keep(trials: Trials) -> Trials:
        OF_REQUESTS[name] = tries(name)(trials)
        return trials

    return keep


def declared(request: Request, size_bytes: int) -> Request:
    """The same with a body of this size, of which nothing comes: who reads it answers 400."""
    return replace(request, body=b"", declared=size_bytes)


@of("key_bytes")
def keys(limit: int) -> Iterator[Trial]:
    """In URLs and in bodies; by bytes, not by characters."""
    for at in ("k" * limit, "ü" * (limit // 2), "k" * (limit - 3) + "€"):
        url, beyond = f"{ROOT}/ns/keys/{at.replace('ü', '%C3%BC').replace('€', '%E2%82%AC')}", at + "k"
        yield Trial(put(target=url), put(target=f"{url}k"), 414)
        yield Trial(save(with_key(json.dumps(at))), save(with_key(json.dumps(beyond))))
        yield Trial(txn(txn_of(f'{{"get": {{"key": "{at}"}}}}')), txn(txn_of(f'{{"get": {{"key": "{beyond}"}}}}')))
        yield Trial(get(f"{ROOT}/ns/keys?prefix={url.rpartition('/')[2]}"), get(f"{ROOT}/ns/keys?prefix={'k' * 513}"))


@of("namespace_bytes")
def namespaces(limit: int) -> Iterator[Trial]:
    """Where one is written."""
    at = "n" * limit
    yield Trial(put(target=f"{ROOT}/{at}/keys/a"), put(target=f"{ROOT}/{at}n/keys/a"))


@of("value_bytes")
def values(limit: int) -> Iterator[Trial]:
    """By every way in which a value comes."""
    at, beyond = f'"{"x" * (limit - 2)}"', f'"{"x" * (limit - 1)}"'
    yield Trial(put(b"x" * limit), declared(put(), limit + 1), 413)
    yield Trial(put(b"x" * limit, declared=CHUNKED), put(b"x" * (limit + 1), declared=CHUNKED), 413)
    yield Trial(put_json(at.encode()), put_json(beyond.encode()), 413)
    yield Trial(save(with_value(at)), save(with_value(beyond)), 413)
    yield Trial(txn(txn_with(at)), txn(txn_with(beyond)), 413)


@of("save_body_bytes")
def bodies_of_save(limit: int) -> Iterator[Trial]:
    """Of `/save`, and of what else takes an object beside a txn."""
    for request in (save(with_value("1")), Request("PUT", f"{ROOT}/ns/quota", b"{}", JSON)):
        yield Trial(replace(request, body=request.body.ljust(limit)), declared(request, limit + 1), 413)
    # The largest value has room in it with the longest key, however both are written.
    key = "".join(f"\\u00{ord(letter):02x}" for letter in "k" * 512)
    value = f'"{"x" * (told()["value_bytes"] - 2)}"'
    longest = f'{{"key": "{key}", "value": {value}, "ttl": 315360000.0, "version": 0}}'
    yield Trial(save(longest), save(longest.ljust(limit + 1)), 413)


@of("content_type_characters")
def content_types(limit: int) -> Iterator[Trial]:
    """As a header and in a txn."""
    at = "text/" + "x" * (limit - 5)
    op = '{{"put": {{"key": "a", "value_base64": "", "content_type": "{}"}}}}'
    yield Trial(put(Content_Type=at), put(Content_Type=f"{at}x"))
    yield Trial(txn(txn_of(op.format(at))), txn(txn_of(op.format(f"{at}x"))))


@of("metadata_bytes")
def metadata(limit: int) -> Iterator[Trial]:
    """Names after X-Meta- and values together, in bytes."""
    yield Trial(put(X_Meta_A="x" * (limit - 1)), put(X_Meta_A="x" * limit), 431)
    umlauts = "ü".encode().decode("latin-1") * (limit // 2 - 1)
    yield Trial(put(X_Meta_A=umlauts, X_Meta_B=""), put(X_Meta_A=umlauts, X_Meta_B="x"), 431)


@of("metadata_name_characters")
def metadata_names(limit: int) -> Iterator[Trial]:
    """After X-Meta-."""
    yield Trial(put(**{f"X-Meta-{'a' * limit}": "1"}), put(**{f"X-Meta-{'a' * (limit + 1)}": "1"}))


@of("ttl_s")
def ttls(limit: int) -> Iterator[Trial]:
    """In a query and in bodies."""
    for beyond in (f"{limit + 1}", f"{limit}.01"):
        yield Trial(put(target=f"{KEY}?ttl={limit}"), put(target=f"{KEY}?ttl={beyond}"))
        yield Trial(*(save(f'{{"key": "a", "value": 1, "ttl": {ttl}}}') for ttl in (limit, beyond)))
        op = '{{"put": {{"key": "a", "value": 1, "ttl": {}}}}}'
        yield Trial(*(txn(txn_of(op.format(ttl))) for ttl in (limit, beyond)))


@of("version")
def numbers(limit: int) -> Iterator[Trial]:
    """Of versions and revisions that are named, and of quotas."""
    for query in ("changes?since=", "history/a?version="):
        at = get(f"{ROOT}/ns/changes?since={limit}") if "since" in query else put()
        yield Trial(at, get(f"{ROOT}/ns/{query}{limit + 1}"))
    bound = '{{"max_keys": {0}, "max_bytes": {0}}}'
    yield Trial(*(Request("PUT", f"{ROOT}/ns/quota", bound.format(n).encode(), JSON) for n in (limit, limit + 1)))
    compare = '{{"compare": [{{"key": "a", "version": {}}}]}}'
    yield Trial(*(txn(compare.format(version)) for version in (limit, limit + 1)))


@of("json_depth")
def depths(limit: int) -> Iterator[Trial]:
    """Of a value, whatever surrounds it."""
    for at, beyond in [(nested(limit), nested(limit + 1)), ('{"a":' * limit + "1" + "}" * limit, nested(limit + 1))]:
        yield Trial(put_json(at.encode()), put_json(beyond.encode()))
        yield Trial(save(with_value(at)), save(with_value(beyond)))
        yield Trial(txn(txn_with(at)), txn(txn_with(beyond)))


@of("json_integer_characters")
def integers(limit: int) -> Iterator[Trial]:
    """With their sign. What has a fraction may be longer."""
    for at in ("1" * limit, "-" + "1" * (limit - 1)):
        yield Trial(put_json(at.encode()), put_json(f"{at}1".encode()))
        yield Trial(save(with_value(f"[{at}]")), save(with_value(f"[{at}1]")))
        yield Trial(txn(txn_with(at)), txn(txn_with(f"{at}1")))
        yield Trial(put_json(f"1.{at.lstrip('-')}11".encode()), save(f'{{"key": "a", "value": 1, "ttl": {at}1}}'))


@of("list_items")
def pages(limit: int) -> Iterator[Trial]:
    """Of every list."""
    for url in (f"{ROOT}/ns/keys", f"{ROOT}/ns/changes", f"{ROOT}/ns/history/a", ROOT):
        yield Trial(get(f"{url}?limit={limit}"), get(f"{url}?limit={limit + 1}"))


@of("txn_operations")
def operations(limit: int) -> Iterator[Trial]:
    """Of comparisons, and of each branch."""
    items = {"compare": {"key": "none", "version": 0}, "success": {"put": {"key": "a", "value": 1}}}
    items["failure"] = items["success"]
    whole = {name: [item] * limit for name, item in items.items()}
    for name, item in items.items():
        yield Trial(txn(json.dumps(whole)), txn(json.dumps({**whole, name: [item] * (limit + 1)})))


@of("txn_body_bytes")
def bodies_of_txn(limit: int) -> Iterator[Trial]:
    """Declared or not."""
    body = txn_with("1").encode().ljust(limit)
    yield Trial(txn(body), declared(txn(b""), limit + 1), 413)
    chunked = replace(txn(body), declared=CHUNKED)
    yield Trial(chunked, replace(chunked, body=body + b" "), 413)


@of("changes_wait_s")
def waits(limit: int) -> Iterator[Trial]:
    """Where there is something to tell it is told at once."""
    yield Trial(get(f"{ROOT}/ns/changes?wait={limit}"), get(f"{ROOT}/ns/changes?wait={limit}.001"))


@of("idempotency_key_characters")
def idempotency_keys(limit: int) -> Iterator[Trial]:
    """Of every POST that takes one."""
    for route, body in {
        "/save": with_value("1"),
        f"{ROOT}/ns/txn": "{}",
        f"{ROOT}/ns/history/a": '{"restore": 1}',
    }.items():
        at, beyond = (
            Request("POST", route, body.encode(), {**JSON, "Idempotency-Key": "k" * count})
            for count in (limit, limit + 1)
        )
        yield Trial(at, beyond)
    touch = f"{KEY}?touch"
    yield Trial(*(Request("POST", touch, headers={"Idempotency-Key": "k" * count}) for count in (limit, limit + 1)))


@pytest.mark.parametrize("name", OF_REQUESTS)
def test_what_is_at_a_limit_is_taken_and_one_more_is_refused_early(name: str) -> None:
    limit = told()[name]
    good(put(b"0"))
    for trial in OF_REQUESTS[name](limit):
        good(trial.at)
        refused(trial.beyond, trial.status)


# --- limits of what is there


@tries("faults_told")
def test_as_many_faults_as_are_told_and_that_there_are_more() -> None:
    limit = told()["faults_told"]
    for count, more in ((limit, 0), (limit + 1, 1), (1000, 1)):
        unknown = {str(number): 1 for number in range(count)}
        bodies = [
            save(json.dumps({"key": "a", "value": 1, **unknown})),
            Request("PUT", f"{ROOT}/ns/quota", json.dumps(unknown).encode(), JSON),
            txn(json.dumps({"success": [{}] * count})),
            txn(json.dumps(unknown)),
            save('{"key": "a", "value": {' + ", ".join(f'"{n}": 1, "{n}": 2' for n in range(count)) + "}}"),
        ]
        for request in bodies:
            errors = refused(request, 400).json()["errors"]
            assert [error["code"] for error in errors].count("more") == more
            assert len(errors) == limit + more or {error["pointer"] for error in errors} == {"#/value"}


@tries("list_value_bytes")
def test_a_page_of_values_ends_where_they_are_too_many_bytes() -> None:
    limit, value_bytes = told()["list_value_bytes"], told()["value_bytes"]
    count, rest = divmod(limit, value_bytes)
    assert (count, rest) == (8, 0)
    for number in range(count):
        good(put(b"x" * value_bytes, f"{ROOT}/ns/keys/{number}"))
    whole = good(get(f"{ROOT}/ns/keys?values=true")).json()
    assert (len(whole["items"]), whole["next"]) == (count, None)
    good(put(b"x", f"{ROOT}/ns/keys/{count}"))
    page = good(get(f"{ROOT}/ns/keys?values=true")).json()
    assert len(page["items"]) == count
    following = good(get(f"{ROOT}/ns/keys?values=true&cursor={page['next']}")).json()
    assert ([item["key"] for item in following["items"]], following["next"]) == (["8"], None)
    assert len(good(get(f"{ROOT}/ns/keys")).json()["items"]) == count + 1


@tries("txn_answer_bytes")
def test_a_txn_gives_values_up_to_its_bytes_and_writes_nothing_beyond() -> None:
    limit, value_bytes = told()["txn_answer_bytes"], told()["value_bytes"]
    good(put(b"x" * value_bytes))
    ops = [{"put": {"key": "written", "value": 1}}, *[{"get": {"key": "a"}}] * (limit // value_bytes)]
    assert len(good(txn(json.dumps({"success": ops}))).json()["results"]) == len(ops)
    good(put(b"1", f"{ROOT}/ns/keys/b"))
    answer = refused(txn(json.dumps({"success": [*ops, {"get": {"key": "b"}}]})), 413, early=False)
    assert f"at most {limit}" in answer.json()["detail"]


def quoted(size_bytes: int) -> bytes:
    """JSON of this size."""
    return b'"%s"' % (b"x" * (size_bytes - 2))


@tries("idempotency_answer_bytes")
def test_an_answer_is_kept_up_to_its_bytes_and_nothing_is_done_beyond() -> None:
    limit, value_bytes = told()["idempotency_answer_bytes"], told()["value_bytes"]
    ops = [{"put": {"key": "written", "value": 1}}, *[{"get": {"key": "a"}}] * (limit // value_bytes)]
    body = json.dumps({"success": [*ops, {"get": {"key": "b"}}]}).encode()

    def ask(once: str) -> Request:
        return Request("POST", f"{ROOT}/ns/txn", body, {**JSON, "Idempotency-Key": once} if once else JSON)

    def fill(more: int) -> int:
        """The size of the answer where b has a value of `more`."""
        good(Request("PUT", f"{ROOT}/ns/keys/b", quoted(more), JSON))
        return len(good(ask("")).body)

    good(put_json(quoted(value_bytes - 200)))
    size_bytes = fill(3)
    # The revisions in it have one digit each.
    assert fill(3 + limit - size_bytes) == limit
    kept = good(ask("one"))
    assert len(kept.body) == limit
    assert send(ask("one")) == kept
    good(Request("PUT", f"{ROOT}/ns/keys/b", quoted(4 + limit - size_bytes), JSON))
    assert len(good(ask("")).body) > limit
    answer = refused(ask("two"), 413, early=False)
    assert f"with an Idempotency-Key at most {limit} are given" in answer.json()["detail"]


@tries("idempotency_key_hours")
def test_an_answer_is_given_again_until_its_hours_are_over(clock: Clock) -> None:
    request = Request("POST", "/save", with_value("1").encode(), {**JSON, "Idempotency-Key": "one"})
    assert good(request).json()["version"] == 1
    clock.move(told()["idempotency_key_hours"] * 3600 - 0.000001)
    assert good(request).json()["version"] == 1
    clock.move(0.000001)
    assert good(request).json()["version"] == 2


@tries("history_changes_of_a_key")
def test_the_history_of_a_key_is_trimmed_to_its_changes(records: str) -> None:
    limit = told()["history_changes_of_a_key"]
    for _ in range(limit):
        good(put())
    for number, first in ((limit, 1), (limit + 1, 2)):
        call_command("kv_sweep", verbosity=0)
        items = good(get(f"{ROOT}/ns/history/a")).json()["items"]
        assert [item["version"] for item in items] == list(range(number, first - 1, -1))
        good(put())
    assert send(get(f"{ROOT}/ns/history/a?version=1")).status == 404


@tries("history_days")
def test_the_log_is_trimmed_to_its_days(clock: Clock) -> None:
    days = told()["history_days"]
    good(put())
    clock.move(1)
    good(put())
    clock.now += timedelta(days=days, seconds=-1)
    for versions in ([2, 1], [2]):
        call_command("kv_sweep", verbosity=0)
        items = good(get(f"{ROOT}/ns/history/a")).json()["items"]
        assert [item["version"] for item in items] == versions
        clock.move(1)
    refused(get(f"{ROOT}/ns/changes?since=0"), 410, early=False)


@tries("write_s")
def test_a_write_that_takes_longer_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = told()["write_s"]
    for took_s, version in ((limit, 1), (limit + 0.001, 2)):
        times = iter([0.0, took_s])
        monkeypatch.setattr(writing, "time", SimpleNamespace(monotonic=lambda times=times: next(times)))
        if version == 1:
            good(put())
        else:
            assert refused(put(b"2"), 503, early=False).headers["Retry-After"] == "5"
    assert good(get(KEY)).body == b"1"


@tries("admin_import_bytes")
def test_the_admin_takes_a_file_up_to_its_bytes() -> None:
    limit = told()["admin_import_bytes"]
    before = test_hostile.dump()
    assert not imported(exported(limit + 1))
    assert test_hostile.dump() == before
    assert imported(exported(limit))
    assert len(good(get(f"{ROOT}/ns/keys")).json()["items"]) == 17


def exported(size_bytes: int) -> bytes:
    """An export of 17 records that has this size."""
    record = b'{"key":"%d","version":1,"value":"%s","expires_at":null,"created_at":"%s","updated_at":"%s"}\n'
    time, count = b"2026-01-01T00:00:00Z", 17
    start = b'{"kvstore":1,"namespace":"ns","revision":17,"version_floor":0}\n'
    end = b'{"end":"ns","records":%d,"changes":0,"more":false}\n' % count
    empty = [record % (10 + number, b"", time, time) for number in range(count)]
    each, more = divmod(size_bytes - len(start + end + b"".join(empty)), count)
    lines = [
        record % (10 + number, b"x" * (each + (more if number == 0 else 0)), time, time) for number in range(count)
    ]
    data = b"".join([start, *lines, end])
    assert len(data) == size_bytes
    return data


def imported(data: bytes) -> bool:
    """Whether the admin's form takes the file, and so has imported it."""
    return ImportForm({"on_conflict": "fail"}, {"file": SimpleUploadedFile("f.ndjson", data)}).is_valid()


# --- told, tried, and nothing else in force

# What the code calls a maximum and the route does not tell, with the reason.
UNTOLD = {
    "keys.MAX_PATH_BYTES": "namespace and key together",
    "values.MAX_SHOWN": "of what was sent, in the detail of a refusal",
    "queries.MAX_DIGITS": "those of the highest version",
    "checks.MAX_VALUE_BYTES": "of what can be set as the limit of values",
    "models.MAX_AUTHOR": "the names of access keys are bounded where they are read, those of users cut",
    "backends.rows.MAX_ROWS": "of a statement, of which there may be several",
    "store.importing.MAX_STEP": "lines of a file that are committed together",
    "store.importing.MAX_COUNT": "of the versions in a file",
}
TOLD = {
    "keys.MAX_KEY_BYTES": "key_bytes",
    "keys.MAX_NAMESPACE_BYTES": "namespace_bytes",
    "values.MAX_DEPTH": "json_depth",
    "values.MAX_TYPE_CHARACTERS": "content_type_characters",
    "values.MAX_INTEGER_CHARACTERS": "json_integer_characters",
    "metadata.MAX_BYTES": "metadata_bytes",
    "metadata.MAX_NAME_CHARACTERS": "metadata_name_characters",
    "envelopes.MAX_TTL_S": "ttl_s",
    "envelopes.MAX_FAULTS": "faults_told",
    "conditions.MAX_VERSION": "version",
    "serializers.MAX_LIMIT": "list_items",
    "serializers.MAX_WAIT_S": "changes_wait_s",
    "store.listing.MAX_PAGE_BYTES": "list_value_bytes",
    "transactions.MAX_OPS": "txn_operations",
    "store.transactions.MAX_ANSWER_BYTES": "txn_answer_bytes",
    "store.answers.MAX_KEPT_BYTES": "idempotency_answer_bytes",
    "store.writing.MAX_WRITE_S": "write_s",
    "store.answers.MAX_KEY_CHARACTERS": "idempotency_key_characters",
    "admin.transfer.MAX_UPLOAD_BYTES": "admin_import_bytes",
    "conf.max_value_bytes": "value_bytes",
    "conf.max_body_bytes": "save_body_bytes",
    "conf.max_txn_bytes": "txn_body_bytes",
    "conf.history_count": "history_changes_of_a_key",
    "conf.history_days": "history_days",
}


def maxima() -> set[str]:
    """What the code calls a maximum: constants by module, and settings."""
    root = Path(str(kvstore.__file__)).parent
    found = {f"conf.{name}" for name in vars(Conf) if name.startswith(("max_", "history_"))}
    for file in root.rglob("*.py"):
        module = ".".join(file.relative_to(root).with_suffix("").parts)
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            found |= {
                f"{module}.{one.id}" for one in targets if isinstance(one, ast.Name) and one.id.startswith("MAX_")
            }
    return found


def test_each_limit_that_the_code_has_is_told() -> None:
    assert maxima() == TOLD.keys() | UNTOLD.keys()
    assert set(told()) == {*TOLD.values(), "idempotency_key_hours"}


def test_each_limit_that_is_told_is_tried() -> None:
    assert set(told()) == TRIED


def bounds(schema: object) -> Iterator[int]:
    """Every upper bound in an OpenAPI document."""
    if isinstance(schema, dict):
        yield from (bound for name, bound in schema.items() if name in ("maximum", "maxLength", "maxItems"))
        # A namespace's first character stands apart in its pattern.
        pattern = str(schema.get("pattern", "")).replace(NAMESPACE_PATTERN, "")
        yield from (int(most) for most in re.findall(r"\{\d+,(\d+)\}", pattern))
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from bounds(inner)


def test_the_openapi_document_has_no_bound_that_is_not_told() -> None:
    assert {bound for bound in bounds(document()) if isinstance(bound, int)} <= set(told().values())

"""Reading an export back, the same on each database."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvstore import exports, store
from kvstore.cache import CacheAway
from kvstore.exports import BadLine, Change, End, Header, Item, Record
from kvstore.keys import path_of
from kvstore.models import Namespace
from kvstore.models import Record as Row
from kvstore.store import changes, history, importing, merging, namespaces, sweeping
from kvstore.store.exporting import export
from kvstore.store.importing import NotInFile, Stopped
from kvstore.store.merging import Done, Exists, OnConflict, Section, Wanted
from tests.kvstore.conftest import clear

pytestmark = pytest.mark.usefixtures("records")

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BEFORE = START - timedelta(days=1)
JSON = "application/json"
POLICIES = list(OnConflict)


def put(
    key: str, value: bytes = b"1", *, namespace: str = "ci", now: datetime = START, ttl_s: float | None = None
) -> int:
    return store.put(path_of(namespace, key), store.Value(value, JSON), ttl_s=ttl_s, now=now).version


def delete(key: str, now: datetime = START) -> None:
    store.delete(path_of("ci", key), now=now)


def get(key: str, namespace: str = "ci", now: datetime = START) -> tuple[bytes, int]:
    row = store.get(path_of(namespace, key), now)
    return row.value, row.version


def record(key: str, version: int = 1, value: bytes = b"2", *, at: datetime = START, **more: Any) -> Record:
    about = {"content_type": JSON, "meta": "", "expires_at": None, "created_at": BEFORE, "updated_at": at}
    return Record(key, version, value, **(about | more))


def change(key: str, version: int, revision: int, op: Any = "put", value: bytes | None = b"0") -> Change:
    if op != "put":
        return Change(op, key, version, revision, BEFORE, "laptop")
    return Change(op, key, version, revision, BEFORE, "laptop", value, JSON)


def section(
    *items: Record | Change, revision: int = 9, floor: int = 0, name: str = "ci", more: bool = False
) -> list[Item]:
    records = sum(isinstance(item, Record) for item in items)
    return [Header(name, revision, floor), *items, End(name, records, len(items) - records, more)]


def data_of(items: Sequence[Item] | Iterator[Item]) -> bytes:
    return b"".join(map(exports.encode, items))


def load(items: Sequence[Item] | bytes, on_conflict: str = "skip", now: datetime = START, **more: Any) -> Done:
    data = items if isinstance(items, bytes) else data_of(items)
    more = {"max_value_bytes": 2**20} | more
    return importing.run(io.BytesIO(data), Wanted(OnConflict(on_conflict), lambda: now, **more))


def head(namespace: str = "ci") -> tuple[int, int, int, int, int]:
    """Revision, forgotten revision, version floor, keys and bytes."""
    row = Namespace.objects.get(name=namespace)
    return row.revision, row.forgotten_revision, row.version_floor, row.key_count, row.byte_count


# --- into a store that is empty -------------------------------------------------------------------------------------


def fill() -> None:
    """Records of all kinds, some of them gone, in four namespaces."""
    for number in range(40):
        for _ in range(number % 3 + 1):
            put(f"k/{number}", b'{ "n": %d }' % number, ttl_s=60 if number % 4 == 0 else None, now=BEFORE)
    for number in range(0, 40, 7):
        store.touch(path_of("ci", f"k/{number}"), 9e6, now=BEFORE)
    for number in range(0, 40, 5):
        if number % 4:
            delete(f"k/{number}")
    text = store.Value(bytes(range(256)), "text/plain; charset=utf-8", '{"owner":"é","n":"\\\\"}')
    store.put(path_of("ci", "bytes"), text, ttl_s=1e6, now=START, author="laptop")
    store.put(path_of("ci", "é\U0010ffff \\"), store.Value(b" [1,\n2]\r\n", JSON), now=START)
    put("only", namespace="a")
    put("gone", namespace="empty")
    store.delete(path_of("empty", "gone"), now=START)
    put("gone", namespace="ended")
    namespaces.delete("ended", now=START)
    assert sum(sweeping.expire(START))


@pytest.mark.parametrize("step", [1, 7, 300])
@pytest.mark.parametrize("on_conflict", POLICIES)
def test_a_copy_is_the_same_to_the_letter(step: int, on_conflict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "STEP", step)
    fill()
    data = data_of(export(now=START))
    listed = namespaces.sizes(9)
    clear()
    done = load(data, on_conflict)
    assert done == Done(created=data.count(b'"updated_at"'))
    assert data_of(export(now=START)) == data
    sizes = [(one.name, one.revision, one.keys, one.size_bytes) for one in namespaces.sizes(9)[0]]
    assert sizes == [(one.name, one.revision, one.keys, one.size_bytes) for one in listed[0] if one.name != "empty"]


@pytest.mark.parametrize("step", [1, 7, 300])
def test_a_copy_with_its_history_differs_in_the_revisions_of_old_values_only(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "STEP", step)
    fill()
    items = list(export(now=START, history=True))
    clear()
    done = load(items, history=True)
    lines = sum(isinstance(item, Change) for item in items)
    assert (done.created, done.history, done.history_left_out) == (
        sum(isinstance(item, Record) for item in items), lines, 0,
    )  # fmt: skip
    copied = list(export(now=START, history=True))
    assert [without_revision(item) for item in copied] == [without_revision(item) for item in items]
    clear()
    load(copied, history=True)
    assert list(export(now=START, history=True)) == copied


def test_a_key_whose_history_is_cut_in_two_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "STEP", 1)
    monkeypatch.setattr(importing, "MAX_STEP", 2)
    for number in range(5):
        put("a", b"%d" % number)
    put("b")
    items = list(export(now=START, history=True))
    clear()
    told: list[str] = []
    wanted = Wanted(OnConflict.SKIP, lambda: START, 99, history=True)
    done = importing.run(io.BytesIO(data_of(items)), wanted, lambda what, _: told.append(what))
    assert (done, told.count("imported")) == (Done(created=2, history=6), 4)
    copied = list(export(now=START, history=True))
    assert [without_revision(item) for item in copied[1:]] == [without_revision(item) for item in items[1:]]
    assert head()[0] >= 6


def without_revision(item: Item) -> Item:
    if isinstance(item, Change):
        return Change(
            item.op, item.key, item.version, 1, item.at, item.by, item.value, item.content_type, item.meta,
            item.expires_at,
        )  # fmt: skip
    return item


def test_keeps_version_type_metadata_and_times() -> None:
    meta, until = '{"owner":"x"}', START + timedelta(seconds=5, microseconds=1)
    load(section(record("a", 7, b"\0\xff", content_type="image/png", meta=meta, expires_at=until, at=START)))
    row = Row.objects.get(path="ci/a")
    assert (bytes(row.value), row.version, row.content_type, row.meta) == (b"\0\xff", 7, "image/png", meta)
    assert (row.expires_at, row.created_at, row.updated_at, row.size_bytes) == (until, BEFORE, START, 2)
    assert put("a") == 8


def test_tells_the_log_that_it_was_put_and_by_whom() -> None:
    load(section(record("a", 7)), author="boss", now=START)
    (entry,) = history.entries(path_of("ci", "a"), 9).items
    assert (entry.version, entry.op, entry.at, entry.author) == (7, "put", START, "boss")
    assert history.value_at(path_of("ci", "a"), 7).value.data == b"2"


def test_what_has_expired_since_stays_away_and_its_versions_are_not_given_again() -> None:
    over = record("a", 7, expires_at=START)
    assert load(section(over, record("b", 1), revision=9)) == Done(created=1, expired=1)
    assert [row.path for row in Row.objects.all()] == ["ci/b"]
    assert (put("a"), put("b")) == (8, 2)


def test_versions_of_keys_that_were_deleted_there_are_not_given_again() -> None:
    load(section(record("a", 2), floor=5))
    assert (put("a"), put("new")) == (3, 6)


def test_a_floor_is_raised_where_nothing_else_is_to_be_done() -> None:
    load(section(revision=9))
    load(section(revision=9, floor=7))
    assert put("a") == 8


def test_a_namespace_without_a_key_is_not_listed_and_its_numbers_go_on() -> None:
    load(section(revision=9, floor=5))
    assert namespaces.sizes(9) == ([], False)
    assert head() == (9, 9, 5, 0, 0)
    assert put("a") == 6
    assert head()[0] == 10


def test_a_namespace_that_was_never_written_to_makes_none() -> None:
    load(section(revision=0))
    assert not Namespace.objects.exists()


def test_a_namespace_can_go_under_another_name_and_the_others_stay_away() -> None:
    items = [*section(record("a"), name="x", more=True), *section(record("b"), name="y", more=True)]
    items += section(record("c"), name="z")
    assert load(items, names={"x": "new", "z": "z"}) == Done(created=2)
    assert [row.path for row in Row.objects.all()] == ["new/a", "z/c"]
    with pytest.raises(NotInFile, match=r"^the file has no namespace p, q$"):
        load(items, names={"x": "new", "q": "q", "p": "p"})


# --- among what is here ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_conflict", "at", "done", "there"),
    [
        ("skip", START + timedelta(1), Done(skipped=1), (b"1", 1)),
        ("replace", BEFORE, Done(replaced=1), (b"2", 5)),
        ("newer", START + timedelta(microseconds=1), Done(replaced=1), (b"2", 5)),
        ("newer", START, Done(skipped=1), (b"1", 1)),
        ("newer", BEFORE, Done(skipped=1), (b"1", 1)),
    ],
)
def test_a_key_that_is_there_gives_way_or_not(
    on_conflict: str, at: datetime, done: Done, there: tuple[bytes, int]
) -> None:
    put("a", b"1")
    assert load(section(record("a", 5, at=at)), on_conflict) == done
    assert get("a") == there
    assert head()[3:] == (1, 1)


@pytest.mark.parametrize("on_conflict", POLICIES)
def test_the_same_value_is_left_as_it_is_and_so_can_an_import_be_repeated(on_conflict: str) -> None:
    for number in range(5):
        put(f"{number}", b"1", ttl_s=9)
    data = data_of(export(now=START))
    clear()
    load(data)
    before = head(), list(Row.objects.values())
    assert load(data, on_conflict) == Done(unchanged=5)
    assert (head(), list(Row.objects.values())) == before


@pytest.mark.parametrize(
    "differs",
    [
        {"value": b"2"}, {"value": b"11"}, {"content_type": "application/json; charset=utf-8"}, {"meta": '{"a":"1"}'},
        {"expires_at": START + timedelta(1)},
    ],
)  # fmt: skip
def test_a_record_is_the_same_in_value_type_metadata_and_expiry(differs: dict[str, Any]) -> None:
    put("a", b"1")
    assert load(section(record("a", **({"value": b"1"} | differs))), "replace") == Done(replaced=1)
    assert get("a")[0] == differs.get("value", b"1")


def test_fail_finds_the_conflict_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "STEP", 2)
    put("3", b"1")
    items = section(*(record(f"{number}") for number in range(5)))
    with pytest.raises(Exists, match=r"^line 5: ci/3 is there with another value$"):
        load(items, "fail")
    assert [row.path for row in Row.objects.all()] == ["ci/3"]
    assert head()[0] == 1


@pytest.mark.parametrize("on_conflict", POLICIES)
def test_a_key_that_was_deleted_or_has_expired_is_absent(on_conflict: str) -> None:
    for key in ("gone", "over"):
        put(key, now=BEFORE)
        put(key, ttl_s=24 * 3600 if key == "over" else None, now=BEFORE)
    delete("gone", BEFORE)
    assert load(section(record("gone", 1), record("over", 7)), on_conflict) == Done(created=2)
    assert (get("gone"), get("over")) == ((b"2", 3), (b"2", 7))
    assert Row.objects.get(path="ci/gone").created_revision == Row.objects.get(path="ci/gone").revision
    assert head()[3:] == (2, 2)


def test_newer_lets_a_later_deletion_be() -> None:
    put("a")
    delete("a")
    assert load(section(record("a", 7, at=START)), "newer") == Done(skipped=1)
    assert put("a") == 8
    delete("a")
    assert load(section(record("a", at=START + timedelta(microseconds=1))), "newer") == Done(created=1)


def test_a_replaced_record_has_the_times_of_the_file_and_was_created_when_it_was() -> None:
    put("a")
    put("a")
    load(section(record("a")), "replace")
    row = Row.objects.get(path="ci/a")
    assert (row.created_at, row.updated_at, row.created_revision, row.replaced_bytes) == (BEFORE, START, 1, 1)


def test_versions_that_were_given_before_the_namespace_was_deleted_are_not_given_again() -> None:
    for _ in range(3):
        put("a")
    data = data_of(export(now=START))
    put("a", b"2")
    namespaces.delete("ci", now=START)
    assert load(data) == Done(created=1)
    assert get("a") == (b"1", 5)
    assert namespaces.sizes(9)[0][0].keys == 1


def test_whoever_raises_the_floor_during_an_import_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "STEP", 1)
    put("a", b"0", namespace="other")
    write, calls = Section.write, []

    def delete_between(self: Section, batch: Any) -> Done:
        calls.append(batch)
        if len(calls) == 2:
            for _ in range(4):
                put("b")
            namespaces.delete("ci", now=START)
        return write(self, batch)

    monkeypatch.setattr(Section, "write", delete_between)
    load(section(record("a", 2), record("b", 3), floor=1))
    assert get("b")[1] == 6


def test_keeps_to_the_quota_and_says_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "STEP", 2)
    namespaces.set_quota("ci", 3, None, now=START)
    items = section(*(record(f"{number}") for number in range(5)))
    message = (
        "^stopped before line 4: the namespace ci would have 4 keys; its quota is 3; until there: "
        "2 created, 0 replaced, 0 unchanged, 0 skipped, 0 expired$"
    )
    with pytest.raises(Stopped, match=message) as raised:
        load(items)
    assert isinstance(raised.value.fault, store.QuotaExceeded)
    assert [row.path for row in Row.objects.all()] == ["ci/0", "ci/1"]
    namespaces.set_quota("ci", 5, None, now=START)
    assert load(items, "fail") == Done(created=3, unchanged=2)
    assert head()[3:] == (5, 5)


@pytest.mark.parametrize("fault", [CacheAway("no cache"), OperationalError("gone")])
def test_what_is_away_stops_it(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(merging, "place", fail)
    with pytest.raises(Stopped, match=f"^stopped before line 2: {fault}; until there: 0 created") as raised:
        load(section(record("a")))
    assert raised.value.fault is fault
    assert not Row.objects.exists()


def test_a_key_that_came_meanwhile_stops_an_import_that_is_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "STEP", 1)

    def told(what: str, _position: int) -> None:
        if what == "imported":
            put("b", b"other")

    file = io.BytesIO(data_of(section(record("a"), record("b"))))
    with pytest.raises(Stopped, match=r"^stopped before line 3: line 3: ci/b is there .* until there: 1 created"):
        importing.run(file, Wanted(OnConflict.FAIL, lambda: START, 2**20), told)
    assert get("b") == (b"other", 1)


# --- files that are wrong -------------------------------------------------------------------------------------------

TOO_HIGH = "line 3: the version is 9007199254740992; at most 9007199254740991 is imported"
FAR_ON = "line 2: the namespace's revision and version_floor are at most 9007199254740991"
LONG = Change("delete", "b", 1, 1, START, "x" * 65)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "line 1: the file ends before a header"),
        (data_of(section(record("a"))[:2]), "line 3: the file ends before the end of namespace ci"),
        (data_of(section(record("a"))).replace(b'"value":2', b'"value":'), "line 2: the line is not JSON"),
        (data_of(section(record("a"), record("b", value=b'"%s"' % (b"x" * 99)))), "line 3: the value has 101 bytes"),
        (
            data_of(section(record("a"), record("b", 2**53))),
            "line 3: the version is 9007199254740992; at most 90071992547",
        ),
        (
            data_of(section(record("a"), revision=2**53)),
            "line 2: the namespace's revision and version_floor are at most ",
        ),
        (data_of(section(revision=2**53)), FAR_ON),
        (data_of(section(record("a"), floor=2**53)), FAR_ON),
        (
            data_of(section(record("a"), change("b", 2**53, 1))),
            "line 3: the version is 9007199254740992; at most 900719",
        ),
        (
            data_of(section(record("a"), Change("delete", "b", 1, 1, START, "x" * 65))),
            "line 3: by has 65 characters; at",
        ),
    ],
)
def test_a_file_that_is_wrong_changes_nothing(data: bytes, message: str) -> None:
    with pytest.raises(BadLine) as raised:
        load(data, history=True, max_value_bytes=100)
    assert str(raised.value).startswith(message)
    assert not Namespace.objects.exists()


def test_a_key_that_comes_twice_is_imported_and_then_a_conflict() -> None:
    items = section(record("a", 1, b"1"), record("a", 2, b"2"))
    assert load(items) == Done(created=1, skipped=1)
    clear()
    assert load(items, "replace") == Done(created=1, replaced=1)
    assert get("a") == (b"2", 2)


def test_reads_from_where_the_file_is() -> None:
    file = io.BytesIO(b"some header\n" + data_of(section(record("a"))))
    file.readline()
    assert importing.run(file, Wanted(OnConflict.SKIP, lambda: START, 99)) == Done(created=1)


def test_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "STEP", 2)
    data = data_of(section(*(record(f"{number}") for number in range(5))))
    told: list[tuple[str, int]] = []
    wanted = Wanted(OnConflict.SKIP, lambda: START, 99)
    importing.run(io.BytesIO(data), wanted, lambda *step: told.append(step))
    assert [what for what, _ in told] == ["checked"] * 3 + ["imported"] * 3
    positions = [position for _, position in told]
    assert positions[:3] == positions[3:] == sorted(positions[:3])
    assert positions[-1] == len(data)


def test_large_values_are_committed_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "STATEMENT_BYTES", 100)
    told: list[str] = []
    items = section(*(record(f"{number}", value=b"1" * size) for number, size in enumerate([60, 40, 1, 200, 100, 1])))
    wanted = Wanted(OnConflict.SKIP, lambda: START, 2**20)
    importing.run(io.BytesIO(data_of(items)), wanted, lambda what, _: told.append(what))
    assert told.count("imported") == 5
    assert head()[3:] == (6, 402)


# --- history --------------------------------------------------------------------------------------------------------


def entries(key: str) -> list[tuple[int, str, str]]:
    return [(one.version, one.op, one.author) for one in history.entries(path_of("ci", key), 99).items]


def test_history_comes_with_who_and_when_and_can_be_restored() -> None:
    items = section(
        change("a", 1, 3), change("a", 2, 5), record("a", 2, b"0"), change("b", 4, 6), change("b", 4, 7, "delete")
    )
    assert load(items, history=True) == Done(created=1, history=4)
    assert entries("a") == [(2, "put", "laptop"), (1, "put", "laptop")]
    assert history.value_at(path_of("ci", "a"), 1).at == BEFORE
    assert entries("b") == [(4, "delete", "laptop"), (4, "put", "laptop")]
    assert history.restore(path_of("ci", "b"), 4, now=START).version == 1
    assert get("b")[0] == b"0"


def test_without_being_asked_for_history_stays_away() -> None:
    assert load(section(change("a", 1, 3), record("a", 2))) == Done(created=1)
    assert entries("a") == [(2, "put", "")]


def test_history_of_a_key_that_is_known_here_is_left_out() -> None:
    put("a")
    put("b")
    delete("b")
    items = section(change("a", 1, 3), record("a", 1), change("b", 1, 4), change("c", 1, 5), change("d", 2, 5))
    assert load(items, history=True) == Done(skipped=1, history=2, history_left_out=2)
    assert load(items, history=True) == Done(skipped=1, history_left_out=4)
    assert entries("a") == [(1, "put", "")]


def test_a_key_is_known_here_when_its_own_history_is_over() -> None:
    put("a")
    assert sum(sweeping.trim_by_age(START + timedelta(1)))
    assert load(section(change("a", 5, 5)), history=True) == Done(history_left_out=1)


def test_a_record_is_told_by_a_value_in_its_history_and_by_nothing_else() -> None:
    load(section(change("a", 2, 3, "delete"), record("a", 2)), history=True)
    assert entries("a") == [(2, "put", ""), (2, "delete", "laptop")]


def test_old_values_do_not_get_versions_that_may_have_been_given_here() -> None:
    for _ in range(2):
        put("x")
    namespaces.delete("ci", now=START)
    items = section(change("a", 2, 3), change("a", 3, 4), record("a", 3, b"0"))
    assert load(items, history=True) == Done(created=1, history=1, history_left_out=1)
    assert entries("a") == [(3, "put", "laptop")]


def test_history_that_comes_after_its_record_is_left_out() -> None:
    assert load(section(record("a", 2), change("a", 1, 1)), history=True) == Done(created=1, history_left_out=1)


def test_a_line_of_history_is_never_of_the_future() -> None:
    ahead = Change("put", "a", 1, 1, START + timedelta(days=9000), "", b"1", JSON)
    load(section(ahead, record("a", 2)), history=True)
    assert history.value_at(path_of("ci", "a"), 1).at == START


# --- readers of changes ---------------------------------------------------------------------------------------------


def since(revision: int) -> list[str] | None:
    """The keys that changed; None: forgotten."""
    try:
        return [one.key for one in changes.since("ci", revision, limit=99).items]
    except store.Forgotten:
        return None


def test_a_reader_of_the_other_server_reads_the_list_anew() -> None:
    load(section(record("a"), record("b"), revision=9))
    assert head()[:2] == (9, 9)
    assert [since(revision) for revision in (0, 1, 2, 3, 8)] == [None] * 5
    assert since(9) == []
    put("c")
    assert since(9) == ["c"]


def test_a_reader_of_this_server_that_is_ahead_misses_nothing_and_is_not_disturbed() -> None:
    for number in range(12):
        put(f"{number}")
    load(section(record("a"), record("b"), revision=9))
    assert head()[:2] == (14, 10)
    assert since(9) is None
    assert since(11) == ["11", "a", "b"]


@pytest.mark.parametrize("own", [1, 8, 9])
def test_a_reader_of_this_server_that_was_behind_reads_the_list_anew(own: int) -> None:
    for number in range(own):
        put(f"{number}")
    load(section(record("a"), record("b"), revision=9))
    assert head()[:2] == (12, 10)
    assert [since(revision) for revision in range(10)] == [None] * 10


def test_old_values_are_never_told_as_changes() -> None:
    for number in range(12):
        put(f"{number}")
    load(section(change("a", 1, 3), record("a", 2), change("b", 1, 5), change("b", 1, 6, "delete")), history=True)
    assert [since(revision) for revision in range(16)] == [None] * 16
    assert since(head()[0]) == []


@pytest.mark.parametrize("own", [0, 3, 9, 20])
@pytest.mark.parametrize("with_history", [False, True])
def test_who_reads_the_list_during_an_import_misses_nothing(
    own: int, with_history: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "STEP", 2)
    monkeypatch.setattr(importing, "MAX_STEP", 2)
    for number in range(own):
        put(f"own/{number}")
    lines: list[Record | Change] = []
    for number in range(5):
        lines += [
            change(f"{number}", 1, 2 * number + 1),
            change(f"{number}", 2, 2 * number + 2),
            record(f"{number}", 2, b"0"),
        ]
    seen: list[tuple[int, set[str]]] = []

    def told(what: str, _position: int) -> None:
        if what == "imported":
            seen.append((changes.revision_of("ci"), set(Row.objects.values_list("path", flat=True))))

    wanted = Wanted(OnConflict.SKIP, lambda: START, 99, history=with_history)
    importing.run(io.BytesIO(data_of(section(*lines, revision=10))), wanted, told)
    all_paths = set(Row.objects.values_list("path", flat=True))
    assert len(all_paths) == own + 5
    assert len(seen) > 2
    for revision, paths in seen:
        changed = since(revision)
        assert changed is None or paths | {f"ci/{key}" for key in changed} == all_paths


# --- versions, whatever happened there and here ---------------------------------------------------------------------

KEYS = ["a", "b", "c"]
OPS = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(["put", "put", "put", "delete", "drop", "expire"])), max_size=12
)
Given = dict[tuple[str, int], bytes]


def happen(ops: Sequence[tuple[str, str]], where: bytes) -> Given:
    """What the keys were given in a namespace that is new, by key and version."""
    given: Given = {}
    for number, (key, op) in enumerate(ops):
        value = b'"%s %d"' % (where, number)
        if op in ("put", "expire"):
            given[key, put(key, value, ttl_s=1e-9 if op == "expire" else None, now=BEFORE)] = value
        elif op == "delete":
            with suppress(store.Absent):
                delete(key, BEFORE)
        elif Namespace.objects.filter(name="ci", deleted=False).exists():
            namespaces.delete("ci", now=BEFORE)
    return given


def test_no_version_is_ever_given_twice() -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(OPS, OPS, st.sampled_from(["skip", "replace", "newer"]), st.booleans())
    def check(there: list[tuple[str, str]], here: list[tuple[str, str]], on_conflict: str, with_history: bool) -> None:
        clear()
        given_there = happen(there, b"there")
        data = data_of(export(now=START, history=with_history))
        clear()
        given_here = happen(here, b"here")
        revision = changes.revision_of("ci")
        if not data:
            return
        load(data, on_conflict, history=with_history)
        assert changes.revision_of("ci") >= revision
        for key in KEYS:
            for (other, version), value in values_at(key, given_here.keys() | given_there.keys()).items():
                # Where a key stays as it was, its own versions go on.
                expected = {given_here.get((other, version), value), given_there.get((other, version), value)}
                assert value in expected if value.startswith(b'"here') else expected == {value}
            present = Row.objects.filter(path=f"ci/{key}", deleted=False, expires_at=None).first()
            version = put(key, b"new")
            assert (key, version) not in given_here
            if present is None or bytes(present.value).startswith(b'"there'):
                assert (key, version) not in given_there

    check()


def values_at(key: str, versions: Iterable[tuple[str, int]]) -> Given:
    """The values that can be read at these versions."""
    found: Given = {}
    for _, version in versions:
        with suppress(store.NoVersion):
            found[key, version] = history.value_at(path_of("ci", key), version).value.data
    return found

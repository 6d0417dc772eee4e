"""Any order of all that the store can do, beside a model of dictionaries and lists, on each database."""

import copy
import os
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connections
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kvstore import conditions, store
from kvstore.conditions import Condition
from kvstore.keys import Path, path_of
from kvstore.store import changes, history, listing, namespaces, sweeping, transactions
from kvstore.transactions import Compare, Delete, Get, Put, Txn
from tests.kvstore.conftest import ALIAS, clear
from tests.kvstore.store.asking import START
from tests.kvstore.store.model import Found, Line, Space, refusal

pytestmark = pytest.mark.usefixtures("records")
NIGHTLY = os.environ.get("NIGHTLY", "") == "1"
SPACES = ("default", "ns", "ns-")
HIGHEST = "\U0010ffff"
KEYS = ("a", "A", "a ", "a/", "a/b", "a/b/c", "é", "\ufffd", HIGHEST, f"{HIGHEST}a", f"{HIGHEST}{HIGHEST}")
# A run has up to two namespaces and three keys, so that what is done meets.
PICKED = st.integers(0, 1)
SOME_KEY = st.integers(0, 2)
# Examples and their steps. The short ones come first, so that what fails is short without being made so: to shrink one
# of fifty steps took five minutes.
SIZES = ((2_000, 10), (1_000, 25), (1_000, 60)) if NIGHTLY else ((30, 10), (30, 25), (25, 50))
VALUES = st.binary(max_size=3)
TTLS = st.sampled_from([None, None, None, 0.000001, 0.5, 1, 1, 3])
OFFS = st.sampled_from([0, 0, 0, -1, 1])
PLACES = st.none() | st.lists(st.sampled_from(["", "a", "a/", "a/b", "A", HIGHEST]), min_size=1, max_size=3)
PREFIXES = st.sampled_from(["", "", "a", "a/", "é", HIGHEST, "nothing"])
DELIMITERS = st.sampled_from(["", "/", "/", "a", "b/", HIGHEST])
LIMITS = st.integers(1, 4) | st.just(100)
OPS = st.one_of(
    st.builds(Put, SOME_KEY, VALUES, st.sampled_from(["text/plain", "x/y"]), TTLS),
    st.builds(Get, SOME_KEY),
    st.builds(Delete, SOME_KEY),
)
BRANCH = st.lists(OPS, max_size=8)
COMPARED = st.lists(st.tuples(SOME_KEY, OFFS), max_size=2)
BOUNDS = st.none() | st.integers(0, 6)
HEADERS = st.sampled_from(
    [
        ("If-Match", '"{0}"'), ("If-Match", '"{0}", "{1}"'), ("If-Match", "*"), ("If-Match", 'W/"{0}"'),
        ("If-Match", '"other"'), ("If-None-Match", "*"), ("If-None-Match", '"{0}"'), ("If-None-Match", 'W/"{0}"'),
        ("If-None-Match", '"{1}", "{2}"'), ("save", "{0}"), ("save", "{2}"), *[("none", "")] * 12,
    ]
)  # fmt: skip

# What is done, how often, and with what.
STEPS: dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]] = {
    "put": (12, {"picked": PICKED, "at": SOME_KEY, "value": VALUES, "ttl_s": TTLS, "header": HEADERS}),
    "delete": (4, {"picked": PICKED, "at": SOME_KEY, "header": HEADERS}),
    "touch": (4, {"picked": PICKED, "at": SOME_KEY, "ttl_s": TTLS, "header": HEADERS}),
    "restore": (3, {"picked": PICKED, "at": SOME_KEY, "back": st.integers(0, 3)}),
    "txn": (
        6,
        {
            "picked": PICKED,
            "compared": st.lists(st.tuples(SOME_KEY, OFFS), max_size=2),
            "success": BRANCH,
            "failure": BRANCH,
        },
    ),
    "delete_namespace": (2, {"picked": PICKED}),
    "set_quota": (
        1,
        {"picked": PICKED, "keys": BOUNDS, "size_bytes": BOUNDS},
    ),
    "pass_time": (5, {"seconds": st.sampled_from([0.000001, 0.5, 1, 1, 2])}),
    "expire": (2, {"picked": st.none() | PICKED}),
    "trim_by_count": (1, {"count": st.integers(0, 3)}),
    "trim_by_age": (2, {"seconds": st.sampled_from([0, 0.000001, 1, 3])}),
    "pages": (
        3,
        {
            "picked": PICKED,
            "prefix": PREFIXES,
            "delimiter": DELIMITERS,
            "limit": LIMITS,
            "places": PLACES,
            "values": st.booleans(),
        },
    ),
    "since": (4, {"picked": PICKED, "back": st.integers(0, 8), "prefix": PREFIXES, "limit": LIMITS, "places": PLACES}),
    "past": (2, {"picked": PICKED, "at": SOME_KEY, "limit": LIMITS}),
}  # fmt: skip
WEIGHTED = [name for name, (weight, _) in STEPS.items() for _ in range(weight)]


def condition_of(kind: str, text: str, version: int) -> Condition | None:
    """A condition as a request says it, around the version that is there."""
    text = text.format(version, version + 1, max(version - 1, 0))
    if kind == "save":
        return conditions.of_version(int(text))
    if kind == "none":
        return None
    read = conditions.read_if_match if kind == "If-Match" else conditions.read_if_none_match
    return read(text)


class StoreBesideModel(RuleBasedStateMachine):
    """Each step is done to both, and what they answer compared; after each step everything that is stored."""

    @initialize(
        names=st.lists(st.sampled_from(SPACES), min_size=1, max_size=2, unique=True),
        keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True),
    )
    def begin(self, names: list[str], keys: list[str]) -> None:
        clear()
        self.now = START
        self.keys = keys
        self.names = names
        self.spaces = {name: Space() for name in names}

    def pick(self, picked: int, at: int = 0) -> tuple[str, Space, str]:
        """A namespace of this run, its model, and a key of this run."""
        name = self.names[picked % len(self.names)]
        return name, self.spaces[name], self.key(at)

    def key(self, at: int) -> str:
        """A key of this run."""
        return self.keys[at % len(self.keys)]

    @rule(name=st.sampled_from(WEIGHTED), data=st.data())
    def step(self, name: str, data: st.DataObject) -> None:
        """One of STEPS. As rules they would come equally often: what is written would be deleted as soon."""
        getattr(self, name)(**data.draw(st.fixed_dictionaries(STEPS[name][1]), name))

    # --- single keys

    def put(self, picked: int, at: int, value: bytes, ttl_s: float | None, header: tuple[str, str]) -> None:
        name, space, key = self.pick(picked, at)
        path = path_of(name, key)
        condition = condition_of(*header, space.current(key, self.now))
        expires_at = self.later(ttl_s)

        def save() -> store.Written:
            return store.put(path, store.Value(value, "x/y"), ttl_s=ttl_s, condition=condition, now=self.now)

        expected = refusal(space, key, condition, self.now, put=True)
        if expected is not None:
            self.refused(expected, save)
            return
        created, before, undo = not space.current(key, self.now), space.counts(), copy.deepcopy(space)
        version = space.put(key, value, "x/y", expires_at, self.now)
        if space.over(before):
            self.spaces[name] = undo
            with pytest.raises(store.QuotaExceeded):
                save()
        else:
            assert save() == store.Written(version, space.revision, created, expires_at)

    def delete(self, picked: int, at: int, header: tuple[str, str]) -> None:
        name, space, key = self.pick(picked, at)
        path = path_of(name, key)
        condition = condition_of(*header, space.current(key, self.now))
        expected = refusal(space, key, condition, self.now, put=False)
        if expected is not None:
            self.refused(expected, lambda: store.delete(path, condition=condition, now=self.now))
        else:
            space.bury(key, "delete", self.now)
            assert store.delete(path, condition=condition, now=self.now) == space.revision

    def touch(self, picked: int, at: int, ttl_s: float | None, header: tuple[str, str]) -> None:
        name, space, key = self.pick(picked, at)
        path = path_of(name, key)
        condition = condition_of(*header, space.current(key, self.now))
        expected = refusal(space, key, condition, self.now, put=False)
        if expected is not None:
            self.refused(expected, lambda: store.touch(path, ttl_s, condition=condition, now=self.now))
        else:
            space.touch(key, self.later(ttl_s), self.now)
            written = store.touch(path, ttl_s, condition=condition, now=self.now)
            assert written == store.Written(
                space.records[key].version, space.revision, expires_at=space.records[key].expires_at
            )

    def restore(self, picked: int, at: int, back: int) -> None:
        name, space, key = self.pick(picked, at)
        path = path_of(name, key)
        version = max((version for known, version in space.given if known == key), default=1) - back
        old = space.value_at(key, version)
        if old is None:
            with pytest.raises(store.NoVersion) as raised:
                history.restore(path, version, now=self.now)
            assert raised.value.revision == space.revision_of(key)
            return
        created, before, undo = not space.current(key, self.now), space.counts(), copy.deepcopy(space)
        saved = space.put(key, *old, None, self.now)
        if space.over(before):
            self.spaces[name] = undo
            with pytest.raises(store.QuotaExceeded):
                history.restore(path, version, now=self.now)
        else:
            assert history.restore(path, version, now=self.now) == store.Written(saved, space.revision, created)

    # --- several keys

    def txn(self, picked: int, compared: list[tuple[str, int]], success: list[Any], failure: list[Any]) -> None:
        name, space, _ = self.pick(picked)
        versions = [(self.key(at), space.current(self.key(at), self.now) + off) for at, off in compared]
        compare = tuple(Compare(key, max(version, 0)) for key, version in versions)
        txn = Txn(compare, *(tuple(replace(op, key=self.key(op.key)) for op in ops) for ops in (success, failure)))
        before, undo = space.counts(), copy.deepcopy(space)
        succeeded, results = space.carry_out(txn, self.now)
        if space.over(before):
            self.spaces[name] = undo
            with pytest.raises(store.QuotaExceeded):
                transactions.commit(name, txn, now=self.now)
            return
        outcome = transactions.commit(name, txn, now=self.now)
        assert (outcome.succeeded, outcome.revision) == (succeeded, space.revision)
        assert [shown(result) for result in outcome.results] == results

    def delete_namespace(self, picked: int) -> None:
        name, space, _ = self.pick(picked)
        if space.deleted:
            with pytest.raises(store.NoNamespace):
                namespaces.delete(name, now=self.now)
        else:
            space.delete(self.now)
            assert namespaces.delete(name, now=self.now) == space.revision

    def set_quota(self, picked: int, keys: int | None, size_bytes: int | None) -> None:
        name, space, _ = self.pick(picked)
        space.max_keys, space.max_bytes, space.deleted = keys, size_bytes, False
        namespaces.set_quota(name, keys, size_bytes, now=self.now)

    # --- time

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def expire(self, picked: int | None) -> None:
        name = None if picked is None else self.pick(picked)[0]
        done = sum(space.expire(self.now) for known, space in self.spaces.items() if name in (None, known))
        assert sum(sweeping.expire(self.now, name)) == done

    def trim_by_count(self, count: int) -> None:
        done = sum(space.trim_by_count(count) for space in self.spaces.values())
        assert sum(sweeping.trim_by_count(count)) == done

    def trim_by_age(self, seconds: float) -> None:
        before = self.now - timedelta(seconds=seconds)
        done = sum(space.trim_by_age(before) for space in self.spaces.values())
        assert sum(sweeping.trim_by_age(before)) == done

    # --- questions

    def pages(
        self, picked: int, prefix: str, delimiter: str, limit: int, places: list[str] | None, values: bool
    ) -> None:
        name, space, _ = self.pick(picked)
        expected = list(space.entries(self.now, prefix, delimiter, places))
        paths = None if places is None else [f"{name}/{place}" for place in places]
        wanted = listing.Wanted(name, prefix, delimiter, places=paths, values=values)
        found: list[str] = []
        while True:
            page = listing.page(wanted, limit, self.now)
            assert page.revision == space.revision
            told = [*(item.key for item in page.items), *(f"{group}…" for group in page.prefixes)]
            for item in page.items:
                kept = space.records[item.key]
                assert (item.version, item.size_bytes, item.expires_at) == (
                    kept.version, len(kept.value or b""), kept.expires_at,
                )  # fmt: skip
                assert item.value == (kept.value if values else None)
            assert len(told) <= limit
            found += sorted(told, key=str.encode)
            if page.last is None:
                break
            assert len(told) == limit
            wanted = listing.Wanted(name, prefix, delimiter, after=page.last, places=paths, values=values)
        assert found == sorted(expected, key=str.encode)
        assert len(set(found)) == len(found)

    def since(self, picked: int, back: int, prefix: str, limit: int, places: list[str] | None) -> None:
        name, space, _ = self.pick(picked)
        since = max(space.revision - back, 0)
        paths = None if places is None else [f"{name}/{place}" for place in places]
        try:
            expected = space.since(since, prefix, places, limit)
        except LookupError:
            with pytest.raises(store.Forgotten) as raised:
                changes.since(name, since, prefix=prefix, places=paths, limit=limit)
            assert raised.value.revision == space.revision
            return
        found = changes.since(name, since, prefix=prefix, places=paths, limit=limit)
        assert (found.items, found.revision) == expected
        assert changes.revision_of(name) == space.revision

    def past(self, picked: int, at: int, limit: int) -> None:
        name, space, key = self.pick(picked, at)
        path = path_of(name, key)
        expected = space.history(key)
        there = key in space.records and space.records[key].value is not None
        if not expected and not there:
            with pytest.raises(store.Absent) as raised:
                history.entries(path, limit)
            assert raised.value.revision == space.revision_of(key)
            return
        found, last = [], None
        while True:
            entries = history.entries(path, limit, last)
            found += [(entry.version, entry.revision, entry.op) for entry in entries.items]
            last = entries.last
            if last is None:
                break
        assert found == expected
        for version in {version for known, version in space.given if known == key}:
            assert version_at(path, version) == space.value_at(key, version)

    # --- what is there

    @invariant()
    def everything_that_is_stored_is_right(self) -> None:
        spaces = getattr(self, "spaces", {})
        with connections[ALIAS].cursor() as cursor:
            columns = "revision, version_floor, forgotten_revision, deleted, key_count, byte_count"
            cursor.execute(f"SELECT name, {columns} FROM kvstore_namespace")
            heads = {text(name): tuple(map(int, rest)) for name, *rest in cursor.fetchall()}
            cursor.execute("SELECT namespace, revision, path, op, version, kept, value FROM kvstore_change ORDER BY id")
            lines = [(text(name), *rest) for name, *rest in cursor.fetchall()]
        for name, space in spaces.items():
            if space.revision or not space.deleted:
                assert heads[name] == (space.revision, space.floor, space.forgotten, space.deleted, *space.counts())
            else:
                assert name not in heads
            log = [rest for namespace, *rest in lines if namespace == name]
            assert [seen(*rest) for rest in log] == [line_of(name, line) for line in space.lines]
            assert all(next_[0] > one[0] for one, next_ in pairwise(log))  # the end of an empty namespace has no line
            for key in self.keys:
                self.read(space, path_of(name, key), key)

    def read(self, space: Space, path: Path, key: str) -> None:
        """What a reader of the key sees."""
        if not space.current(key, self.now):
            with pytest.raises(store.Absent) as raised:
                store.get(path, self.now)
            assert raised.value.revision == space.revision_of(key)
            return
        row, kept = store.get(path, self.now), space.records[key]
        assert (row.value, row.version, row.revision, row.expires_at, row.content_type) == (
            kept.value, kept.version, kept.revision, kept.expires_at, kept.content_type,
        )  # fmt: skip

    def later(self, ttl_s: float | None) -> datetime | None:
        return None if ttl_s is None else self.now + timedelta(seconds=ttl_s)

    def refused(self, expected: Exception, call: Any) -> None:
        """The call raises the like of what was expected."""
        with pytest.raises(type(expected)) as raised:
            call()
        if isinstance(expected, store.VersionConflict):
            assert isinstance(raised.value, store.VersionConflict)
            assert (raised.value.current, raised.value.revision) == (expected.current, expected.revision)


def shown(result: Any) -> object:
    """The result of an operation as the model has it."""
    if not isinstance(result, transactions.Got):
        return result
    return None if result.row is None else Found(result.key, result.row.version, result.row.value)


def version_at(path: Path, version: int) -> tuple[bytes, str] | None:
    try:
        value = history.value_at(path, version).value
    except store.NoVersion:
        return None
    return value.data, value.content_type


def text(column: str | bytes) -> str:
    return column.decode() if isinstance(column, bytes) else column


def seen(revision: int, path: str | bytes, op: str, version: int, kept: int, value: bytes | None) -> tuple[Any, ...]:
    return revision, text(path), op, version, bool(kept), None if value is None else bytes(value)


def line_of(name: str, line: Line) -> tuple[Any, ...]:
    return line.revision, f"{name}/{line.key}", line.op, line.version, line.kept, line.value


@pytest.mark.parametrize(("examples", "steps"), SIZES)
def test_agrees_with_the_model(examples: int, steps: int) -> None:
    run = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
        derandomize=not NIGHTLY, database=None, phases=[Phase.generate],
    )  # fmt: skip
    run_state_machine_as_test(StoreBesideModel, settings=run)  # type: ignore[no-untyped-call]

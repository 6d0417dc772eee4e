"""What the store means, as plain dictionaries and lists: slow, and short enough to be believed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kvstore import store
from kvstore.conditions import Condition
from kvstore.store.changes import Happened
from kvstore.store.transactions import DeleteDone, PutDone
from kvstore.transactions import Delete, Get, Op, Put, Txn

NONE = Condition(frozenset(), negated=True)


@dataclass(frozen=True)
class Kept:
    """A record: `value` None is gone, by deletion or because an expiry was swept."""

    version: int
    revision: int
    value: bytes | None
    content_type: str = ""
    expires_at: datetime | None = None

    def current(self, now: datetime) -> int:
        """The version that is there, 0 for none."""
        there = self.value is not None and (self.expires_at is None or self.expires_at > now)
        return self.version if there else 0


@dataclass
class Line:
    """Of the log; `kept`: it is in the history, with its value."""

    revision: int
    key: str
    op: str
    version: int
    at: datetime
    value: bytes | None = None
    content_type: str = ""
    kept: bool = True


@dataclass(frozen=True)
class Found:
    """What a get of a txn is to show."""

    key: str
    version: int
    value: bytes


@dataclass
class Space:
    """A namespace."""

    revision: int = 0
    floor: int = 0
    forgotten: int = 0
    deleted: bool = True
    max_keys: int | None = None
    max_bytes: int | None = None
    records: dict[str, Kept] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    given: set[tuple[str, int]] = field(default_factory=set)  # never again

    def current(self, key: str, now: datetime) -> int:
        """The version that is there, 0 for none."""
        return self.records[key].current(now) if key in self.records else 0

    def revision_of(self, key: str) -> int:
        """Of the last change of the key, as far as it is known."""
        return self.records[key].revision if key in self.records else 0

    def counts(self) -> tuple[int, int]:
        """Keys that are not gone, and the bytes of their values."""
        values = [kept.value for kept in self.records.values() if kept.value is not None]
        return len(values), sum(map(len, values))

    def over(self, before: tuple[int, int]) -> bool:
        """Whether a quota refuses what was done since."""
        limits = self.max_keys, self.max_bytes
        both = zip(self.counts(), before, limits, strict=True)
        return any(limit is not None and now > was and now > limit for now, was, limit in both)

    # --- changes, each with a revision of its own

    def put(self, key: str, value: bytes, content_type: str, expires_at: datetime | None, now: datetime) -> int:
        """The version that it gets."""
        version = (self.records[key].version if key in self.records else self.floor) + 1
        assert (key, version) not in self.given
        self.given.add((key, version))
        self.log(key, "put", version, now, value, content_type)
        self.records[key] = Kept(version, self.revision, value, content_type, expires_at)
        return version

    def touch(self, key: str, expires_at: datetime | None, now: datetime) -> None:
        """Set when it expires."""
        self.log(key, "put", self.records[key].version, now)
        self.records[key] = replace(self.records[key], revision=self.revision, expires_at=expires_at)

    def bury(self, key: str, op: str, now: datetime) -> None:
        """Delete it, or let it expire."""
        self.log(key, op, self.records[key].version, now)
        self.records[key] = Kept(self.records[key].version, self.revision, None)

    def log(
        self, key: str, op: str, version: int, now: datetime, value: bytes | None = None, content_type: str = ""
    ) -> None:
        """Append a line."""
        self.revision += 1
        self.deleted = False
        self.lines.append(Line(self.revision, key, op, version, now, value, content_type))

    def carry_out(self, txn: Txn, now: datetime) -> tuple[bool, list[object]]:
        """Whether the comparisons hold, and the result of each operation."""
        succeeded = all(self.current(one.key, now) == one.version for one in txn.compare)
        return succeeded, [self.one(op, now) for op in (txn.success if succeeded else txn.failure)]

    def one(self, op: Op, now: datetime) -> object:
        """The result of an operation."""
        current = self.current(op.key, now)
        if isinstance(op, Put):
            expires_at = None if op.ttl_s is None else now + timedelta(seconds=op.ttl_s)
            return PutDone(op.key, self.put(op.key, op.value, op.content_type, expires_at, now))
        if isinstance(op, Delete):
            if current:
                self.bury(op.key, "delete", now)
            return DeleteDone(op.key, bool(current))
        assert isinstance(op, Get)
        return Found(op.key, current, self.records[op.key].value or b"") if current else None

    # --- what goes by itself

    def expire(self, now: datetime) -> int:
        """Turn what has expired into what is deleted, by key: how many there were."""
        over = [key for key, kept in self.records.items() if kept.value is not None and not kept.current(now)]
        for key in sorted(over):
            self.bury(key, "expire", now)
        return len(over)

    def trim_by_count(self, count: int) -> int:
        """Forget all but the last changes of each key: of how many keys some were."""
        crowded = 0
        for key in {line.key for line in self.lines}:
            history = [line for line in self.lines if line.key == key and line.kept]
            crowded += len(history) > count
            for line in history[: max(len(history) - count, 0)]:
                line.kept, line.value = False, None
        return crowded

    def trim_by_age(self, before: datetime) -> int:
        """Forget the log up to a moment, and those who were deleted in it: how many lines there were."""
        old = [line for line in self.lines if line.at < before]
        for line in old:
            kept = self.records.get(line.key)
            if kept is not None and kept.revision == line.revision and kept.value is None:
                del self.records[line.key]
                self.floor = max(self.floor, line.version)
            self.forgotten = line.revision
        self.lines = self.lines[len(old) :]
        return len(old)

    def delete(self, now: datetime) -> None:
        """All of it."""
        revision = self.revision
        for key in sorted(self.records):
            self.floor = max(self.floor, self.records[key].version)
            if self.records[key].value is not None:
                self.bury(key, "delete", now)
        self.revision = max(self.revision, revision + 1)
        for line in self.lines:
            line.kept, line.value = False, None
        self.records.clear()
        self.deleted = True

    # --- questions

    def keys(self, now: datetime, prefix: str, places: Sequence[str] | None) -> list[str]:
        """Those that are there, in the order of their bytes."""
        there = (key for key in self.records if self.current(key, now) and key.startswith(prefix))
        return sorted((key for key in there if inside(key, places)), key=str.encode)

    def entries(self, now: datetime, prefix: str, delimiter: str, places: Sequence[str] | None) -> Iterator[str]:
        """Keys, and common prefixes as `prefix…`, each once."""
        last = None
        for key in self.keys(now, prefix, places):
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            told = key if end < 0 else f"{key[: end + len(delimiter)]}…"
            if told != last:
                yield told
            last = told

    def since(self, revision: int, prefix: str, places: Sequence[str] | None, limit: int) -> tuple[list[Happened], int]:
        """The changes after a revision, and from where to resume; raises LookupError where some are forgotten."""
        if revision < self.forgotten:
            raise LookupError
        found = [
            Happened(line.revision, line.key, line.op, line.version, line.at)
            for line in self.lines
            if line.revision > revision and line.key.startswith(prefix) and inside(line.key, places)
        ]
        return found[:limit], found[limit - 1].revision if len(found) > limit else self.revision

    def history(self, key: str) -> list[tuple[int, int, str]]:
        """Version, revision and op of each change that is kept, the newest first."""
        return [
            (line.version, line.revision, line.op) for line in reversed(self.lines) if line.key == key and line.kept
        ]

    def value_at(self, key: str, version: int) -> tuple[bytes, str] | None:
        """What the version was, with its type; None: that is not kept."""
        kept = self.records.get(key)
        if kept is not None and kept.version == version and kept.value is not None:
            return kept.value, kept.content_type
        lines = (line for line in self.lines if (line.key, line.version) == (key, version))
        return next(((line.value, line.content_type) for line in lines if line.value is not None), None)


def inside(key: str, places: Sequence[str] | None) -> bool:
    """Whether the key begins with one of the places."""
    return places is None or any(key.startswith(place) for place in places)


def refusal(space: Space, key: str, condition: Condition | None, now: datetime, *, put: bool) -> Exception | None:
    """What a write with this condition raises; None: it is carried out."""
    current = space.current(key, now)
    if not put and not current:
        return store.Absent(f"ns/{key}", 0)  # type: ignore[arg-type]
    if condition is None or condition.holds(current):
        return None
    return store.VersionConflict("", current, space.revision_of(key))

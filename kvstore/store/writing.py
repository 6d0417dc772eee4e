"""A write: one transaction under the namespace's lock, known to the cache from before it begins until it is committed.

In it: the lock, one statement for the record with no read before it, one for the log, one for the namespace's counts.
Each change takes the namespace's next revision, so that changes come to be seen in the order of their revisions.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError

from kvstore.backends import Buried, Logged, Put, Rows, Stored, Versions, When, moment
from kvstore.cache import cache
from kvstore.conditions import Condition
from kvstore.keys import Path
from kvstore.models import DELETE, EXPIRE, PUT
from kvstore.store.answers import KEPT_FOR, MAX_KEPT_BYTES, Once
from kvstore.store.databases import writing_rows
from kvstore.store.faults import AnswerTooLarge, QuotaExceeded, Repeated

# Of a transaction: well below the time for which a cache expects a commit of a writer that is gone (LINGER_S, 60 s).
MAX_WRITE_S = 25


@dataclass(frozen=True)
class Value:
    """What is kept under a key.

    content_type  as it is given out again, up to 255 characters
    meta          JSON of the user's metadata, empty for none; see `metadata`
    """

    data: bytes
    content_type: str
    meta: str = ""


class Writing:
    """The open transaction.

    revision  that of the last change, or the one found
    deleted   whether the namespace is deleted as a whole, once anything has changed
    """

    def __init__(self, rows: Rows, namespace: str, now: When, author: str) -> None:
        """Lock the namespace."""
        self.rows = rows
        self.head = rows.lock(namespace, now)
        self.now = moment(now)
        self.revision = self.head.revision
        self.deleted = False
        self.given_bytes = 0
        self._namespace = namespace
        self._author = author
        self._keys = 0
        self._bytes = 0

    def wanted(self, path: Path, value: Value, expires_at: datetime | None, revision: int) -> Put:
        """A put as the statements take it."""
        return Put(path, value.data, value.content_type, value.meta, expires_at, revision, self.now)

    def put(self, values: Sequence[tuple[Path, Value, datetime | None]]) -> list[Stored]:
        """Write each value, whatever is there. Each path comes once."""
        puts = [self.wanted(*value, self.revision + number) for number, value in enumerate(values, 1)]
        stored = self.rows.put(puts, self.head.version_floor)
        self.written(puts, stored)
        return stored

    def put_if(self, path: Path, value: Value, expires_at: datetime | None, condition: Condition) -> Stored | None:
        """Write the value where the condition holds; None where it does not."""
        put = self.wanted(path, value, expires_at, self.revision + 1)
        stored = None
        if condition.holds_for_some():
            stored = self.rows.replace(put, versions_of(condition))
        if stored is None and condition.holds(0):
            stored = self.rows.create(put, self.head.version_floor)
        if stored is not None:
            self.written([put], [stored])
        return stored

    def written(self, puts: Sequence[Put], stored: Sequence[Stored]) -> None:
        """Count and log what was put."""
        self.count(
            sum(one.replaced_bytes < 0 for one in stored),
            sum(len(put.value) - max(one.replaced_bytes, 0) for put, one in zip(puts, stored, strict=True)),
        )
        self.log(
            Logged(
                put.revision, put.path, PUT, one.version, self.now, self._author, put.content_type, put.meta,
                len(put.value), put.expires_at, put.value,
            )
            for put, one in zip(puts, stored, strict=True)
        )  # fmt: skip

    def bury(self, path: Path, condition: Condition | None = None, *, expired: bool = False) -> Buried | None:
        """Delete the record, or the one that has expired; None where it is not there or the condition does not hold."""
        if condition is not None and not condition.holds_for_some():
            return None
        versions = versions_of(condition) if condition else None
        found = self.rows.bury(path, self.revision + 1, self.now, versions, expired=expired)
        if found is not None:
            self._keys -= 1
            self._bytes -= found.replaced_bytes
            op = EXPIRE if expired else DELETE
            self.log(
                [Logged(self.revision + 1, path, op, found.version, self.now, self._author, "", "", 0, None, None)]
            )
        return found

    def touch(self, path: Path, expires_at: datetime | None, condition: Condition | None = None) -> Buried | None:
        """Set or clear when the record expires; None as in `bury`."""
        if condition is not None and not condition.holds_for_some():
            return None
        versions = versions_of(condition) if condition else None
        found = self.rows.touch(path, self.revision + 1, expires_at, self.now, versions)
        if found is not None:
            self.log(
                [
                    Logged(
                        self.revision + 1, path, PUT, found.version, self.now, self._author, found.content_type,
                        found.meta, found.size_bytes, expires_at, None,
                    )
                ]
            )  # fmt: skip
        return found

    def count(self, keys: int, size_bytes: int) -> None:
        """Add to what came and went."""
        self._keys += keys
        self._bytes += size_bytes

    def log(self, changes: Iterator[Logged] | Sequence[Logged]) -> None:
        """Append changes, whose revisions follow on."""
        lines = list(changes)
        self.rows.log(self._namespace, lines)
        self.revision = lines[-1].revision

    def close(self) -> None:
        """Write the counts, where anything changed; raises QuotaExceeded."""
        if self.revision == self.head.revision:
            if not self.revision:
                self.rows.unmake(self._namespace)
            return
        self._within("keys", self.head.key_count + self._keys, self.head.max_keys, self._keys)
        self._within("bytes", self.head.byte_count + self._bytes, self.head.max_bytes, self._bytes)
        self.rows.count(self._namespace, self.revision, self._keys, self._bytes, deleted=self.deleted)

    def remember(self, once: Once, result: Any) -> None:
        """Keep the answer of this write; raises AnswerTooLarge, or Repeated where another request was quicker."""
        status, body = once.render(result)
        if len(body) > MAX_KEPT_BYTES:
            raise AnswerTooLarge(len(body), MAX_KEPT_BYTES, kept=True)
        try:
            self.rows.keep_answer(once.token, once.digest, status, self.revision, body, self.now, self.now - KEPT_FOR)
        except IntegrityError:
            raise Repeated from None

    def _within(self, what: str, wanted: int, limit: int | None, more: int) -> None:
        """A quota refuses what makes it worse, never what makes it better."""
        if limit is not None and more > 0 and wanted > limit:
            raise QuotaExceeded(self._namespace, what, wanted, limit)


@contextmanager
def writing(namespace: str, paths: Collection[Path] | None, now: When, author: str = "") -> Iterator[Writing]:
    """A transaction that holds the namespace's lock, committed at the end; an exception undoes all of it.

    paths   those that it may change; None: any
    now     its time, or a function that is asked for it under the lock
    raises  CacheAway before anything is begun; QuotaExceeded; OperationalError where it takes longer than MAX_WRITE_S
    """
    with cache().changing(paths), writing_rows() as rows:
        begun = time.monotonic()
        open_writing = Writing(rows, namespace, now, author)
        yield open_writing
        open_writing.close()
        if time.monotonic() - begun > MAX_WRITE_S:
            raise OperationalError(f"the write took longer than {MAX_WRITE_S} s and is undone")


def versions_of(condition: Condition) -> Versions:
    """The condition as the statements take it: of an absent key they find no row."""
    return Versions(condition.versions - {0}, condition.negated)


def expiry(now: datetime, ttl_s: float | None) -> datetime | None:
    """When what is written now expires."""
    return None if ttl_s is None else now + timedelta(seconds=ttl_s)

"""Several operations as one: all of them are carried out under the namespace's lock, or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from kvstore.backends import Row, When
from kvstore.keys import Path, path_of
from kvstore.store.answers import Once
from kvstore.store.faults import AnswerTooLarge
from kvstore.store.writing import Value, Writing, expiry, writing
from kvstore.transactions import Get, Op, Put, Txn

MAX_ANSWER_BYTES = 16 * 2**20


@dataclass(frozen=True)
class PutDone:
    """The key's new version."""

    key: str
    version: int


@dataclass(frozen=True)
class Got:
    """The record as it stood at this operation's turn; None: absent."""

    key: str
    row: Row | None


@dataclass(frozen=True)
class DeleteDone:
    """Whether the key was there."""

    key: str
    deleted: bool


Result = PutDone | Got | DeleteDone


@dataclass(frozen=True)
class Outcome:
    """Whether the comparisons held, a result for each operation of the branch, the namespace's revision after it."""

    succeeded: bool
    revision: int
    results: Sequence[Result]


def commit(namespace: str, txn: Txn, *, now: When, author: str = "", once: Once | None = None) -> Outcome:
    """Carry out the branch that the comparisons choose; raises QuotaExceeded, AnswerTooLarge, Repeated, CacheAway."""
    written = {path_of(namespace, op.key) for op in (*txn.success, *txn.failure) if not isinstance(op, Get)}
    with writing(namespace, written, now, author) as transaction:
        succeeded = compare(transaction, namespace, txn)
        branch = txn.success if succeeded else txn.failure
        results = [result for ops in runs(branch) for result in carry_out(transaction, namespace, ops)]
        outcome = Outcome(succeeded, transaction.revision, results)
        if once:
            transaction.remember(once, outcome)
    return outcome


def compare(transaction: Writing, namespace: str, txn: Txn) -> bool:
    """Whether each key has the version that is asked for, 0 where it is to be absent."""
    paths = {one.key: path_of(namespace, one.key) for one in txn.compare}
    found = transaction.rows.versions(list(paths.values()), transaction.now)
    return all(found.get(paths[one.key], 0) == one.version for one in txn.compare)


def runs(ops: Sequence[Op]) -> Iterator[list[Op]]:
    """The operations in order, as many of one kind at a time as there are before a key comes again."""
    for _, alike in groupby(ops, type):
        run: list[Op] = []
        names = set[str]()
        for op in alike:
            if op.key in names:
                yield run
                run, names = [], set()
            run.append(op)
            names.add(op.key)
        yield run


def carry_out(transaction: Writing, namespace: str, ops: Sequence[Op]) -> Iterator[Result]:
    """Operations of one kind on different keys."""
    paths = [path_of(namespace, op.key) for op in ops]
    if isinstance(ops[0], Put):
        yield from put(transaction, [op for op in ops if isinstance(op, Put)], paths)
    elif isinstance(ops[0], Get):
        found = read_bounded(transaction, paths)
        for op, path in zip(ops, paths, strict=True):
            row = found.get(path)
            yield Got(op.key, row if row and row.lives(transaction.now) else None)
    else:
        for op, path in zip(ops, paths, strict=True):
            yield DeleteDone(op.key, transaction.bury(path) is not None)


def read_bounded(transaction: Writing, paths: Sequence[Path]) -> dict[Path, Row]:
    """The rows, counted over the whole transaction; raises AnswerTooLarge before they are read."""
    transaction.given_bytes += sum(transaction.rows.sizes(paths).values())
    if transaction.given_bytes > MAX_ANSWER_BYTES:
        raise AnswerTooLarge(transaction.given_bytes, MAX_ANSWER_BYTES)
    return transaction.rows.read_many(paths)


def put(transaction: Writing, puts: Sequence[Put], paths: Sequence[Path]) -> Iterator[PutDone]:
    """All of them in a few statements."""
    values = [
        (path, Value(op.value, op.content_type), expiry(transaction.now, op.ttl_s))
        for op, path in zip(puts, paths, strict=True)
    ]
    for op, stored in zip(puts, transaction.put(values), strict=True):
        yield PutDone(op.key, stored.version)

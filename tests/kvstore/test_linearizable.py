"""The checker of histories, against histories of which one knows, and against a search through all orders."""

import itertools
import random

import pytest

from tests.kvstore.linearizable import NEVER, Operation, violations


def read(start: float, end: float, revision: int, content: object = None, key: str = "k") -> Operation:
    return Operation(key, start, end, revision, content)


def write(start: float, end: float, revision: int | None, content: object = None, key: str = "k") -> Operation:
    return Operation(key, start, end, revision, content, write=True)


def whys(*history: Operation) -> list[str]:
    return [found.why for found in violations(history)]


def test_takes_reads_of_what_was_written() -> None:
    assert whys(read(0, 1, 0), write(2, 3, 1, "a"), read(4, 5, 1, "a"), write(6, 7, 2), read(8, 9, 2)) == []


def test_takes_either_value_while_a_write_is_under_way() -> None:
    history = [write(0, 1, 1, "a"), write(2, 9, 2, "b")]
    assert whys(*history, read(3, 4, 1, "a"), read(5, 6, 2, "b")) == []


def test_finds_a_read_older_than_an_acknowledged_write() -> None:
    told = "a read showed revision 1, but 2 had been told before it began"
    assert whys(write(0, 1, 1, "a"), write(2, 3, 2, "b"), read(4, 5, 1, "a")) == [told]


def test_finds_a_read_older_than_what_another_read_had_shown() -> None:
    history = [write(0, 1, 1, "a"), write(2, 9, 2, "b"), read(3, 4, 2, "b")]
    assert whys(*history, read(5, 6, 1, "a")) == ["a read showed revision 1, but 2 had been told before it began"]


def test_finds_absence_after_a_write() -> None:
    assert whys(write(0, 1, 1, "a"), read(2, 3, 0)) == ["a read showed revision 0, but 1 had been told before it began"]


@pytest.mark.parametrize("revision", [1, 2])
def test_finds_a_write_that_got_no_higher_revision(revision: int) -> None:
    found = whys(write(0, 1, 2, "a"), write(2, 3, revision, "b"))
    assert f"a write was given revision {revision}, but 2 had been told before it began" in found


def test_finds_a_revision_given_twice() -> None:
    assert "revision 1 was given to two writes" in whys(write(0, 3, 1, "a"), write(1, 2, 1, "b"))


def test_finds_what_nobody_wrote() -> None:
    assert whys(write(0, 1, 1, "a"), read(2, 3, 1, "b")) == ["nobody wrote 'b' as revision 1"]
    assert whys(read(2, 3, 7, "b")) == ["nobody wrote 'b' as revision 7"]


def test_finds_a_value_from_the_future() -> None:
    assert whys(read(0, 1, 1, "a"), write(2, 3, 1, "a")) == ["revision 1 was read before its write began",
        "a write was given revision 1, but 1 had been told before it began"]  # fmt: skip


def test_lets_an_unanswered_write_happen_late_or_never() -> None:
    lost = write(0, NEVER, None, "lost")
    assert whys(lost, read(1, 2, 0), read(3, 4, 1, "lost"), read(5, 6, 1, "lost")) == []
    assert whys(lost, write(1, 2, 1, "a"), read(3, 4, 1, "a")) == []


def test_lets_an_unanswered_deletion_happen() -> None:
    assert whys(write(0, 1, 1, "a"), write(2, NEVER, None), read(3, 4, 2)) == []
    assert whys(write(0, 1, 1, "a"), write(2, NEVER, None), read(3, 4, 2), write(5, NEVER, None)) == []


def test_finds_that_an_unanswered_write_was_undone() -> None:
    found = whys(write(0, NEVER, None, "lost"), read(1, 2, 1, "lost"), read(3, 4, 0))
    assert found == ["a read showed revision 0, but 1 had been told before it began"]


def test_finds_that_an_unanswered_write_happened_twice() -> None:
    history = [write(0, NEVER, None, "lost"), read(1, 2, 1, "lost"), write(3, 4, 2, "a"), read(5, 6, 3, "lost")]
    assert "'lost' was shown as revisions 1 and 3" in whys(*history)


def test_finds_that_an_unanswered_write_was_put_before_what_was_seen() -> None:
    history = [write(0, 1, 5, "a"), write(2, NEVER, None, "lost"), read(2, 3, 4, "lost")]
    assert "a write was given revision 4, but 5 had been told before it began" in whys(*history)


def test_keys_have_nothing_to_do_with_one_another() -> None:
    assert whys(write(0, 1, 2, "a"), read(2, 3, 0, key="other"), write(4, 5, 1, "b", key="other")) == []


def possible(history: tuple[Operation, ...]) -> bool:
    """By trying every order that keeps "before": each read must show the last write."""

    def fits(order: tuple[Operation, ...]) -> bool:
        if any(later.end < earlier.start for earlier, later in itertools.combinations(order, 2)):
            return False
        revision, content = 0, None
        for operation in order:
            if operation.write:
                if (operation.revision or 0) <= revision:
                    return False
                revision, content = operation.revision or 0, operation.content
            elif (operation.revision, operation.content) != (revision, content):
                return False
        return True

    return any(map(fits, itertools.permutations(history)))


def test_agrees_with_a_search_through_all_orders() -> None:
    chance, verdicts = random.Random(4), []  # noqa: S311 - examples
    for _ in range(1500):
        history = []
        for number in range(chance.randint(2, 5)):
            start = chance.randint(0, 6) + number / 100
            end = start + chance.randint(0, 4) + 0.5
            revision = chance.randint(0, 2)
            if chance.random() < 0.5:
                history.append(write(start, end, revision + 1, f"r{revision + 1}"))
            else:
                history.append(read(start, end, revision, f"r{revision}" if revision else None))
        verdict = possible(tuple(history))
        assert (not violations(history)) == verdict, history
        verdicts.append(verdict)
    assert 200 < sum(verdicts) < 1300

"""The rows that a process keeps."""

import dataclasses
import random
import threading

import pytest

from kvstore.backends import Row
from kvstore.cache.entries import ENTRY_BYTES, Entries, Entry
from kvstore.keys import Path
from tests.kvstore.cache.rows import row


def entry(path: str, size: int = 100) -> Entry:
    return Entry(Path(path), row(1, bytes(size)), 2, 0)


def there(entries: Entries, names: str) -> str:
    return "".join(name for name in names if entries.get(Path(name)))


def test_an_entry_counts_its_path_its_texts_and_what_is_around_them() -> None:
    texts = {"value": b"12345", "content_type": "a/b", "meta": "{}"}
    there = {field.name for field in dataclasses.fields(Row)}
    found = dataclasses.replace(row(1), **{name: text for name, text in texts.items() if name in there})
    counted = sum(len(text) for name, text in texts.items() if name in there)
    assert Entry(Path("n/key"), found, 0, 0).size_bytes == ENTRY_BYTES + 5 + counted
    assert Entry(Path("n/key"), None, 0, 0).size_bytes == ENTRY_BYTES + 5


def test_the_oldest_goes_at_the_bound() -> None:
    entries = Entries(3 * entry("a").size_bytes)
    for name in "abcd":
        entries.put(Path(name), entry(name))
    assert there(entries, "abcd") == "bcd"


def test_what_was_hit_stays_for_another_round() -> None:
    entries = Entries(3 * entry("a").size_bytes)
    for name in "abc":
        entries.put(Path(name), entry(name))
    found = entries.get(Path("a"))
    assert found
    found.hit = True
    entries.put(Path("d"), entry("d"))
    assert there(entries, "abcd") == "acd"
    for name in "efg":
        entries.put(Path(name), entry(name))
    assert there(entries, "acdefg") == "efg"


def test_ends_where_everything_was_hit() -> None:
    entries = Entries(3 * entry("a").size_bytes)
    for name in "abcd":
        new = entry(name)
        new.hit = True
        entries.put(Path(name), new)
    assert len(there(entries, "abcd")) == 3


def test_a_path_is_counted_once() -> None:
    entries = Entries(2 * entry("a").size_bytes)
    entries.put(Path("b"), entry("b"))
    for _ in range(5):
        entries.put(Path("a"), entry("a"))
    assert there(entries, "ab") == "ab"


def test_what_is_above_the_bound_is_not_kept_and_puts_nothing_else_out() -> None:
    entries = Entries(1000)
    entries.put(Path("a"), entry("a"))
    entries.put(Path("b"), entry("b", 2000))
    assert there(entries, "ab") == "a"
    entries.put(Path("a"), entry("a", 2000))
    assert there(entries, "ab") == ""
    for name in "cde":
        entries.put(Path(name), entry(name))
    assert there(entries, "cde") == "cde"


def test_threads_leave_the_count_right() -> None:
    entries = Entries(20_000)

    def work(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - an example
        for _ in range(500):
            name = str(chance.randrange(100))
            entries.put(Path(name), entry(name, chance.randrange(1000)))

    threads = [threading.Thread(target=work, args=[seed]) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entries._bytes == sum(kept.size_bytes for kept in entries._entries.values())
    assert 0 < entries._bytes <= 20_000


@pytest.mark.parametrize("busy", [False, True])
def test_a_forked_process_keeps_them_unless_they_were_being_changed(busy: bool) -> None:
    entries = Entries(1000)
    entries.put(Path("a"), entry("a"))
    if busy:
        entries._lock.acquire()
    entries.after_fork()
    assert there(entries, "a") == ("" if busy else "a")
    entries.put(Path("b"), entry("b"))
    assert there(entries, "b") == "b"

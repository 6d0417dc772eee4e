"""What every cache does, whichever it is."""

import threading
from collections.abc import Callable

import pytest
from django.db import DatabaseError

from kvstore.cache.base import Cache
from kvstore.cache.pending import Pending
from kvstore.keys import Path
from tests.kvstore.cache.conftest import COHERENT, KEEPING, NEEDS_REDIS, Database, Make
from tests.kvstore.cache.rows import row

A, B, C = Path("default/a"), Path("default/ключ"), Path("other/a")
ALL = ["none", *KEEPING]
all_caches = pytest.mark.parametrize("make", ALL, indirect=True)
keeping_caches = pytest.mark.parametrize("make", KEEPING, indirect=True)
coherent_caches = pytest.mark.parametrize("make", COHERENT, indirect=True)


def missed(cache: Cache, path: Path, load: Database) -> int:
    """How often a read asks the database."""
    before = load.loads
    assert cache.read(path, load) == load.row
    return load.loads - before


@all_caches
def test_reads_what_the_database_has(cache: Cache, load: Database) -> None:
    load.row = row(1)
    assert [cache.read(A, load), cache.read(A, load)] == [row(1), row(1)]


@keeping_caches
def test_asks_the_database_once_for_a_row_that_is_there(cache: Cache, load: Database) -> None:
    load.row = row(1)
    assert [missed(cache, A, load), missed(cache, A, load)] == [1, 0]


@keeping_caches
def test_asks_the_database_once_for_a_row_that_is_not_there(cache: Cache, load: Database) -> None:
    assert [missed(cache, A, load), missed(cache, A, load)] == [1, 0]


@keeping_caches
def test_keeps_paths_apart(cache: Cache, load: Database) -> None:
    load.row = row(1)
    assert [missed(cache, path, load) for path in (A, B, C, A, B, C)] == [1, 1, 1, 0, 0, 0]


@keeping_caches
def test_keeps_a_row_of_any_bytes(cache: Cache, load: Database) -> None:
    load.row = row(2**62, bytes(range(256)) * 1000)
    assert [missed(cache, A, load), missed(cache, A, load)] == [1, 0]


def test_keeps_nothing_without_a_cache(load: Database) -> None:
    from kvstore.cache.none import Nothing  # noqa: PLC0415

    assert [missed(Nothing(), A, load), missed(Nothing(), A, load)] == [1, 1]


@all_caches
def test_a_read_after_a_write_shows_it(cache: Cache, load: Database) -> None:
    load.row = row(1)
    cache.read(A, load)
    with cache.changing([A]):
        load.row = row(2)
    assert cache.read(A, load) == row(2)


@coherent_caches
def test_a_read_in_another_process_shows_a_write(make: Make, load: Database) -> None:
    here, there = make(), make()
    load.row = row(1)
    assert there.read(A, load) == row(1)
    with here.changing([A]):
        load.row = row(2)
    assert there.read(A, load) == row(2)


@coherent_caches
@pytest.mark.parametrize("paths", [[A], [C, A, B], None])
def test_nobody_hits_or_keeps_what_is_being_changed(make: Make, load: Database, paths: list[Path] | None) -> None:
    here, there = make(), make()
    load.row = row(1)
    there.read(A, load)
    with here.changing(paths):
        assert [missed(cache, A, load) for cache in (here, there, here, there)] == [1, 1, 1, 1]
        load.row = row(2)
        assert there.read(A, load) == row(2)
    assert there.read(A, load) == row(2)


@keeping_caches
def test_a_write_leaves_other_paths_as_they_are(cache: Cache, load: Database) -> None:
    load.row = row(1)
    for path in (A, B, C):
        cache.read(path, load)
    with cache.changing([B, C]):
        assert [missed(cache, path, load) for path in (A, B, C)] == [0, 1, 1]
    assert missed(cache, A, load) == 0


@keeping_caches
def test_a_write_of_any_path_makes_all_old(cache: Cache, load: Database) -> None:
    for path in (A, B, C):
        cache.read(path, load)
    with cache.changing(None):
        load.row = row(1)
    assert [missed(cache, path, load) for path in (A, B, C, A, B, C)] == [1, 1, 1, 0, 0, 0]


@all_caches
def test_a_write_of_no_path_is_a_write(cache: Cache, load: Database) -> None:
    with cache.changing([]):
        load.row = row(1)
    assert cache.read(A, load) == row(1)


@keeping_caches
def test_a_write_of_a_thousand_paths_makes_each_old(cache: Cache, load: Database) -> None:
    paths = [Path(f"default/{number}") for number in range(1000)]
    for path in paths[::100]:
        cache.read(path, load)
    with cache.changing(paths):
        load.row = row(1)
    assert {cache.read(path, load) for path in paths[::100]} == {row(1)}


@all_caches
@pytest.mark.parametrize("fault", [LookupError, DatabaseError, KeyboardInterrupt, SystemExit])
def test_what_a_write_raises_passes_through_and_the_next_one_works(
    cache: Cache, load: Database, fault: type[BaseException]
) -> None:
    def write() -> None:
        with cache.changing([A]):
            load.row = row(1)
            raise fault

    cache.read(A, load)
    with pytest.raises(fault):
        write()
    assert cache.read(A, load) == row(1)
    with cache.changing([A]):
        load.row = row(2)
    assert cache.read(A, load) == row(2)


@keeping_caches
def test_keeps_again_after_a_write_that_was_refused(cache: Cache, load: Database) -> None:
    with pytest.raises(LookupError), cache.changing([A]):
        raise LookupError
    assert [missed(cache, A, load), missed(cache, A, load)] == [1, 0]


@all_caches
def test_what_a_load_raises_passes_through_and_is_not_kept(cache: Cache, load: Database) -> None:
    def fail() -> None:
        raise DatabaseError("away")

    with pytest.raises(DatabaseError, match=r"^away$"):
        cache.read(A, fail)
    load.row = row(1)
    assert cache.read(A, load) == row(1)


@all_caches
def test_refuses_a_write_within_a_write_which_could_wait_for_itself(cache: Cache, load: Database) -> None:
    told = r"^changing\(\) within changing\(\): one write is one transaction, name all its paths at once$"
    with cache.changing([A]), pytest.raises(RuntimeError, match=told), cache.changing([B]):
        pass
    with cache.changing([B]):
        load.row = row(1)
    assert cache.read(B, load) == row(1)


@keeping_caches
def test_what_was_loaded_across_a_write_is_not_kept(cache: Cache, load: Database) -> None:
    def slowly() -> object:
        found = load()
        with cache.changing([A]):
            load.row = row(1)
        return found

    assert cache.read(A, slowly) is None  # type: ignore[arg-type]
    assert cache.read(A, load) == row(1)


@keeping_caches
@pytest.mark.parametrize("paths", [[A], None])
def test_a_late_fill_does_not_put_out_what_was_kept_since(
    cache: Cache, load: Database, paths: list[Path] | None
) -> None:
    _, _, lease = cache.ask(A)
    with cache.changing(paths):
        load.row = row(1)
    cache.read(A, load)
    cache.fill(A, lease, None)
    assert cache.ask(A) == (True, row(1), None)


@all_caches
def test_many_threads_at_once_never_read_what_is_old(cache: Cache) -> None:
    paths = [A, B, C]
    committed = dict.fromkeys(paths, 0)
    faults: list[str] = []
    locks = {path: threading.Lock() for path in paths}

    def write(path: Path) -> None:
        with cache.changing([path]), locks[path]:
            committed[path] += 1

    def look(path: Path) -> None:
        least = committed[path]
        found = cache.read(path, lambda: row(committed[path]))
        if found is None or found.revision < least:
            faults.append(f"{path}: {found} after {least}")

    def work(do: Callable[[Path], None]) -> None:
        for number in range(60):
            do(paths[number % 3])

    threads = [threading.Thread(target=work, args=[do]) for do in (write, write, look, look, look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert committed == dict.fromkeys(paths, 40)


@pytest.mark.parametrize("make", [pytest.param("redis", marks=NEEDS_REDIS)], indirect=True)
def test_the_row_that_comes_from_redis_is_the_one_that_was_kept(cache: Pending, load: Database) -> None:
    load.row = row(7)
    assert cache.read(A, load) == cache.read(A, load) == row(7)
    assert load.loads == 1

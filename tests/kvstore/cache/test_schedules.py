"""Every interleaving of writers and readers, on every cache; and caches that are wrong, which the same search finds."""

from collections.abc import Iterator
from pathlib import Path as File

import pytest

from kvstore.keys import Path
from tests.kvstore.cache import kinds
from tests.kvstore.cache.kinds import (
    NEIGHBOUR,
    PATH,
    DeleteAfterWrite,
    DirtyMark,
    InOneStore,
    InRedis,
    Kind,
    PendingByRevision,
    SetAfterWrite,
    Wrong,
)
from tests.kvstore.cache.schedules import Actor, Schedule, run, schedules

NEEDS_REDIS = pytest.mark.service("redis-server")
STAMPED = ["shared, sqlite", "shared, MariaDB", "local"]
ALL = ["none", *STAMPED, pytest.param("redis", marks=NEEDS_REDIS)]

WRITES, READS, LOOKS = "begin commit end", "ask load fill", "look"
DIES = ["begin die wait", "begin commit die wait"]
# What only a database that is another process can do: it commits for a writer that is gone.
DIES_AND_COMMITS = ["begin die commit wait", "begin lost commit wait", "begin commit lost wait", "begin lost wait"]


@pytest.fixture(params=ALL)
def kind(request: pytest.FixtureRequest, tmp_path: File) -> Iterator[Kind]:
    """Two processes with each cache."""
    made: Kind = {
        "none": kinds.Without,
        "shared, sqlite": lambda: kinds.shared(tmp_path / "cache", lingers=False),
        "shared, MariaDB": lambda: kinds.shared(tmp_path / "cache", lingers=True),
        "local": kinds.local,
        "redis": lambda: InRedis(request.getfixturevalue("redis_url")),
    }[request.param]()
    yield made
    made.close()


def wrong(kind: Kind, *actors: Actor) -> tuple[Schedule, list[object]] | None:
    """The first interleaving with a violation, and what is wrong with it; None: all are right."""
    tried = 0
    for schedule in schedules(kind, actors):
        tried += 1
        if found := run(kind, actors, schedule):
            return schedule, [violation.why for violation in found]
    assert tried >= 20, "hardly any interleaving was tried"
    return None


def test_two_writers_a_reader_and_an_observer(kind: Kind) -> None:
    assert wrong(kind, Actor(0, WRITES), Actor(1, WRITES), Actor(0, READS), Actor(1, LOOKS)) is None


@pytest.mark.parametrize("kind", STAMPED, indirect=True)
def test_two_writers_and_two_readers(kind: Kind) -> None:
    assert wrong(kind, Actor(0, WRITES), Actor(1, WRITES), Actor(0, READS), Actor(1, READS)) is None


def test_a_writer_of_any_path_beside_one_of_this_path(kind: Kind) -> None:
    assert wrong(kind, Actor(0, WRITES, None), Actor(1, WRITES), Actor(1, READS)) is None


@pytest.mark.parametrize("steps", DIES)
@pytest.mark.parametrize("path", [PATH, None])
def test_a_writer_that_is_killed(kind: Kind, steps: str, path: Path | None) -> None:
    assert wrong(kind, Actor(0, steps, path), Actor(1, WRITES), Actor(0, READS)) is None


@pytest.mark.parametrize("steps", DIES_AND_COMMITS)
@pytest.mark.parametrize("path", [PATH, None])
@pytest.mark.parametrize("kind", [kind for kind in ALL if kind != "shared, sqlite"], indirect=True)
def test_a_writer_that_is_gone_and_may_be_committed_all_the_same(kind: Kind, steps: str, path: Path | None) -> None:
    assert wrong(kind, Actor(0, steps, path), Actor(1, WRITES), Actor(0, READS)) is None


@pytest.mark.parametrize("steps", DIES_AND_COMMITS)
@pytest.mark.parametrize("kind", ["shared, MariaDB"], indirect=True)
def test_a_later_writer_of_the_same_slot_does_not_open_it(kind: Kind, steps: str) -> None:
    assert wrong(kind, Actor(0, steps), Actor(1, WRITES, NEIGHBOUR), Actor(0, READS), Actor(1, LOOKS)) is None


@pytest.mark.parametrize("kind", ["shared, MariaDB"], indirect=True)
def test_two_writers_that_are_gone(kind: Kind) -> None:
    steps = "begin die commit wait"
    assert wrong(kind, Actor(0, steps), Actor(1, steps, NEIGHBOUR), Actor(0, READS)) is None


@NEEDS_REDIS
@pytest.mark.parametrize("kind", ["redis"], indirect=True)
@pytest.mark.parametrize("steps", [WRITES, "begin die commit wait"])
@pytest.mark.parametrize("loss", ["forget", "flush"])
def test_a_redis_that_forgets(kind: InRedis, steps: str, loss: str) -> None:
    kind.redis.config_set("maxmemory", "1gb")
    kind.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert wrong(kind, Actor(0, steps), Actor(1, READS), Actor(0, loss), Actor(0, LOOKS)) is None
    finally:
        kind.redis.config_set("maxmemory", 0)
        kind.redis.config_set("maxmemory-policy", "noeviction")


# --- positive controls -------------------------------------------------------------------------------------------


def test_finds_that_a_cache_a_process_is_wrong() -> None:
    found = wrong(kinds.two_locals(), Actor(0, WRITES), Actor(1, READS), Actor(1, READS))
    assert found
    assert "a read showed revision 0, but 1 had been told before it began" in found[1]


@pytest.mark.parametrize("textbook", [SetAfterWrite, DeleteAfterWrite, DirtyMark, PendingByRevision])
def test_finds_that_the_textbooks_are_wrong(textbook: type[Wrong]) -> None:
    dies = wrong(InOneStore(textbook), Actor(0, "begin commit die"), Actor(1, WRITES), Actor(1, READS))
    lives = wrong(InOneStore(textbook), Actor(0, WRITES), Actor(1, READS), Actor(1, LOOKS))
    assert dies or lives


@NEEDS_REDIS
@pytest.mark.parametrize("kind", ["redis"], indirect=True)
def test_finds_what_is_deleted_by_hand_from_a_redis_that_never_evicts(kind: InRedis) -> None:
    assert wrong(kind, Actor(0, WRITES), Actor(1, READS), Actor(0, "forget"), Actor(0, LOOKS))


# --- schedules with a name ---------------------------------------------------------------------------------------

NAMED = {
    "a mark that another writer clears": (
        [Actor(0, "begin commit die"), Actor(1, WRITES)], (0, 1, 1, 1, 0, 0), [DirtyMark],
    ),
    "a late fill": (
        [Actor(0, WRITES), Actor(1, READS)], (1, 1, 0, 0, 0, 1), [SetAfterWrite, DeleteAfterWrite, PendingByRevision],
    ),
    "writers that end in reverse": ([Actor(0, WRITES), Actor(1, WRITES)], (0, 1, 0, 1, 1, 0), [SetAfterWrite]),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_the_named_schedules_do_no_harm_where_they_can_be(kind: Kind, name: str) -> None:
    actors, schedule, _ = NAMED[name]
    possible = schedule in schedules(kind, actors)
    assert possible == (name == "a late fill" or not kind.exclusive)
    assert not possible or run(kind, actors, schedule) == []


@pytest.mark.parametrize("name", NAMED)
def test_the_named_schedules_show_what_is_wrong(name: str) -> None:
    actors, schedule, textbooks = NAMED[name]
    for textbook in textbooks:
        assert run(InOneStore(textbook), actors, schedule)

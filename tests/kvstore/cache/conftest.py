"""Each cache as it is made for use, as many "processes" of it as a test wants."""

from collections.abc import Callable, Iterator
from pathlib import Path as File
from typing import Any

import pytest
from redis import Redis

from kvstore.backends import Row
from kvstore.cache.base import Cache
from kvstore.cache.local import Local
from kvstore.cache.none import Nothing
from kvstore.cache.pending import Pending
from kvstore.cache.shared import Shared
from kvstore.cache.stamps import Stamps
from tests.kvstore.cache.rows import owner

Make = Callable[[], Cache]
MAX_BYTES = 2**20
NEEDS_REDIS = pytest.mark.service("redis-server")
KEEPING = ["shared", "local", pytest.param("redis", marks=NEEDS_REDIS)]
COHERENT = ["none", "shared", pytest.param("redis", marks=NEEDS_REDIS)]


class Database:
    """What `load` returns, and how often it was asked."""

    def __init__(self) -> None:
        self.row: Row | None = None
        self.loads = 0

    def __call__(self) -> Row | None:
        self.loads += 1
        return self.row


@pytest.fixture
def load() -> Database:
    """A database in which nothing is yet."""
    return Database()


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """An empty Redis whose hash of all paths is open, as it is when it has been up for a while."""
    with Redis.from_url(redis_url) as client:
        client.flushall()
        client.hset(f"kvstore:{run_of(client)}:", "open", "first")
        yield client


def run_of(client: Redis) -> str:
    """The id of its run."""
    information: dict[str, Any] = client.info("server")
    return str(information["run_id"])


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: File) -> Iterator[Make]:
    """Makes caches of the kind in `request.param`, each as in a process of its own; closes them."""
    made: list[Pending] = []

    def pending() -> Cache:
        request.getfixturevalue("redis")
        made.append(Pending(request.getfixturevalue("redis_url"), owner))
        return made[-1]

    table = Stamps(tmp_path / "cache", 0)
    yield {
        "none": Nothing,
        "shared": lambda: Shared(lambda: table, MAX_BYTES),
        "local": lambda: Local(MAX_BYTES, 0),
        "redis": pending,
    }[request.param]
    for cache in made:
        cache.close()


@pytest.fixture
def cache(make: Make) -> Cache:
    """One."""
    return make()

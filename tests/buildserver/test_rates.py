import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test.utils import override_settings
from rest_framework.test import APIClient

from buildserver import rates
from buildserver.rates import BUCKETS, RedisTable, Table, hash_of
from tests.live import PROJECT


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    table = Table(tmp_path / "rates")
    monkeypatch.setattr(rates, "table", lambda: table)
    monkeypatch.setattr("buildserver.rates.time.time", lambda: 6_000_030.0)  # the middle of a minute
    with override_settings(OPEN_RATE=(3, 60)):
        yield table


def ask(client: APIClient, address: str = "192.0.2.1") -> int:
    return int(client.post("/process", {"message": "x"}, format="json", REMOTE_ADDR=address).status_code)


@pytest.mark.usefixtures("fresh")
def test_refuses_an_address_above_its_rate_until_the_window_ends(anonymous: APIClient) -> None:
    assert [ask(anonymous) for _ in range(5)] == [200, 200, 200, 429, 429]
    assert ask(anonymous, "192.0.2.2") == 200
    answer = anonymous.post("/process", {"message": "x"}, format="json", REMOTE_ADDR="192.0.2.1")
    assert (answer.headers["Retry-After"], answer.headers["Content-Type"]) == ("30", "application/problem+json")


@pytest.mark.usefixtures("fresh")
def test_the_window_before_weighs_by_what_is_left_of_it(anonymous: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [ask(anonymous) for _ in range(3)] == [200, 200, 200]
    monkeypatch.setattr("buildserver.rates.time.time", lambda: 6_000_030.0 + 60)  # half of the three still counts
    assert [ask(anonymous) for _ in range(2)] == [200, 429]
    monkeypatch.setattr("buildserver.rates.time.time", lambda: 6_000_030.0 + 180)
    assert [ask(anonymous) for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.usefixtures("fresh")
def test_routes_that_compute_nothing_and_no_rate_are_not_counted(anonymous: APIClient) -> None:
    assert {anonymous.get("/ping").status_code for _ in range(9)} == {200}
    with override_settings(OPEN_RATE=None):
        assert {ask(anonymous) for _ in range(9)} == {200}


COUNT_MANY = """
import sys, pathlib
from buildserver.rates import Table
table = Table(pathlib.Path(sys.argv[1]))
for _ in range(500):
    table.count(7, 1, 10**6)
"""


def test_no_count_is_lost_among_processes_and_threads(tmp_path: Path) -> None:
    path, table = tmp_path / "rates", Table(tmp_path / "rates")
    threads = [threading.Thread(target=lambda: [table.count(7, 1, 10**6) for _ in range(500)]) for _ in range(4)]
    variables = {**os.environ, "DJANGO_SETTINGS_MODULE": "buildserver.settings"}
    command = [sys.executable, "-c", COUNT_MANY, str(path)]
    others = [subprocess.Popen(command, cwd=PROJECT, env=variables) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait() for other in others] == [0, 0]
    assert table.count(7, 1, 10**6) == (3001, 0)


def test_a_full_bucket_forgets_its_oldest_address(tmp_path: Path) -> None:
    table = Table(tmp_path / "rates")
    same_bucket = [1 + BUCKETS * index for index in range(5)]
    for window, who in enumerate(same_bucket):
        table.count(who, window, 9)
    assert table.count(same_bucket[4], 4, 9) == (2, 0)
    assert table.count(same_bucket[0], 4, 9) == (1, 0)


def test_a_count_stops_just_above_its_limit(tmp_path: Path) -> None:
    table = Table(tmp_path / "rates")
    assert [table.count(1, 1, 2)[0] for _ in range(5)] == [1, 2, 3, 3, 3]


def test_works_in_one_process_where_files_cannot_be_locked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rates, "fcntl", None)
    table = Table(tmp_path / "rates")
    assert [table.count(1, 1, 9) for _ in range(2)] == [(1, 0), (2, 0)]
    assert not (tmp_path / "rates").exists()


def test_one_ipv6_network_is_one_client() -> None:
    assert hash_of("2001:db8::1") == hash_of("2001:db8::ffff:1")
    assert hash_of("2001:db8::1") != hash_of("2001:db8:0:1::1")
    assert hash_of("192.0.2.1") != hash_of("192.0.2.2")


@override_settings(OPEN_RATE=(9, 60))
def test_hosts_count_together_in_redis(redis_url: str, tmp_path: Path) -> None:
    first, second = (RedisTable(redis_url, Table(tmp_path / name)) for name in "ab")
    assert first.count(5, 1, 9) == (1, 0)
    assert second.count(5, 1, 9) == (2, 0)
    assert second.count(5, 2, 9) == (1, 2)


@override_settings(OPEN_RATE=(9, 60))
def test_a_host_counts_alone_while_redis_is_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    alone = RedisTable("redis://127.0.0.1:1/0", Table(tmp_path / "rates"))
    assert [alone.count(5, 1, 9) for _ in range(2)] == [(1, 0), (2, 0)]
    assert "rate limit counts on this host alone" in caplog.text


def test_the_table_is_redis_where_the_cache_is() -> None:
    rates.table.cache_clear()
    with override_settings(CACHE_URL="redis://127.0.0.1:1/0"):
        assert isinstance(rates.table(), RedisTable)
    rates.table.cache_clear()
    assert isinstance(rates.table(), Table)
    rates.table.cache_clear()

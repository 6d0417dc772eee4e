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
from buildserver.rates import BUCKETS, RedisTable, Table, Window, hash_of
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


def at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr("buildserver.rates.time.time", lambda: 6_000_000.0 + seconds)


def refusal_s(client: APIClient) -> int:
    answer = client.post("/process", {"message": "x"}, format="json", REMOTE_ADDR="192.0.2.1")
    assert (answer.status_code, answer.headers["Content-Type"]) == (429, "application/problem+json")
    return int(answer.headers["Retry-After"])


@pytest.mark.usefixtures("fresh")
def test_refuses_an_address_above_its_rate(anonymous: APIClient) -> None:
    assert [ask(anonymous) for _ in range(5)] == [200, 200, 200, 429, 429]
    assert ask(anonymous, "192.0.2.2") == 200


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_who_waits_as_told_is_let_through_and_not_before(
    limit: int, anonymous: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 30.0
    with override_settings(OPEN_RATE=(limit, 60)):
        for _ in range(limit):
            assert ask(anonymous) == 200
        for _ in range(8):
            at(monkeypatch, now)
            wait = refusal_s(anonymous)
            at(monkeypatch, now + wait - 1)
            assert ask(anonymous) == 429
            now += wait
            at(monkeypatch, now)
            assert ask(anonymous) == 200


@pytest.mark.usefixtures("fresh")
def test_a_steady_excess_still_gets_its_rate(anonymous: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = []
    with override_settings(OPEN_RATE=(30, 60)):
        for minute in range(4):
            for step in range(40):
                at(monkeypatch, 60 * minute + 1.5 * step)
                accepted.append(ask(anonymous) == 200)
    by_minute = [sum(accepted[40 * minute : 40 * minute + 40]) for minute in range(4)]
    assert by_minute[0] == 30
    assert all(28 <= count <= 31 for count in by_minute[1:]), by_minute


@pytest.mark.usefixtures("fresh")
def test_routes_that_compute_nothing_and_no_rate_are_not_counted(anonymous: APIClient) -> None:
    assert {anonymous.get("/ping").status_code for _ in range(9)} == {200}
    with override_settings(OPEN_RATE=None):
        assert {ask(anonymous) for _ in range(9)} == {200}


COUNT_MANY = """
import sys, pathlib
from buildserver.rates import Table, Window
table = Table(pathlib.Path(sys.argv[1]))
for _ in range(500):
    table.take(7, Window(1, 0.0), 10**6)
"""


def test_no_count_is_lost_among_processes_and_threads(tmp_path: Path) -> None:
    path, table = tmp_path / "rates", Table(tmp_path / "rates")

    def many() -> None:
        for _ in range(500):
            table.take(7, Window(1, 0.0), 10**6)

    threads = [threading.Thread(target=many) for _ in range(4)]
    variables = {**os.environ, "DJANGO_SETTINGS_MODULE": "buildserver.settings"}
    command = [sys.executable, "-c", COUNT_MANY, str(path)]
    others = [subprocess.Popen(command, cwd=PROJECT, env=variables) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait() for other in others] == [0, 0]
    assert table.take(7, Window(1, 0.0), 10**6) == (True, 3001, 0)


def test_a_full_bucket_forgets_its_oldest_address(tmp_path: Path) -> None:
    table = Table(tmp_path / "rates")
    same_bucket = [1 + BUCKETS * index for index in range(5)]
    for number, who in enumerate(same_bucket):
        table.take(who, Window(number, 0.0), 9)
    assert table.take(same_bucket[4], Window(4, 0.0), 9) == (True, 2, 0)
    assert table.take(same_bucket[0], Window(4, 0.0), 9) == (True, 1, 0)


def test_works_in_one_process_where_files_cannot_be_locked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rates, "fcntl", None)
    table = Table(tmp_path / "rates")
    assert [table.take(1, Window(1, 0.0), 9) for _ in range(2)] == [(True, 1, 0), (True, 2, 0)]
    assert not (tmp_path / "rates").exists()


def test_one_ipv6_network_is_one_client_and_wrapped_ipv4_addresses_are_apart() -> None:
    assert hash_of("2001:db8::1") == hash_of("2001:db8::ffff:1")
    assert hash_of("2001:db8::1") != hash_of("2001:db8:0:1::1")
    assert hash_of("192.0.2.1") != hash_of("192.0.2.2")
    assert hash_of("::ffff:192.0.2.1") == hash_of("192.0.2.1")
    assert hash_of("not an address") != hash_of("")


@override_settings(OPEN_RATE=(2, 60))
def test_hosts_count_together_in_redis(redis_url: str, tmp_path: Path) -> None:
    first, second = (RedisTable(redis_url, Table(tmp_path / name)) for name in "ab")
    assert first.take(5, Window(1, 0.5), 2) == (True, 1, 0)
    assert second.take(5, Window(1, 0.5), 2) == (True, 2, 0)
    assert first.take(5, Window(1, 0.5), 2) == (False, 2, 0)
    assert second.take(5, Window(2, 0.5), 2) == (True, 1, 2)
    assert second.take(5, Window(2, 0.5), 2) == (False, 1, 2)


@override_settings(OPEN_RATE=(9, 60))
def test_a_host_counts_alone_while_redis_is_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    alone = RedisTable("redis://127.0.0.1:1/0", Table(tmp_path / "rates"))
    assert [alone.take(5, Window(1, 0.0), 9) for _ in range(2)] == [(True, 1, 0), (True, 2, 0)]
    assert "rate limit counts on this host alone" in caplog.text


@pytest.fixture
def unmade() -> Iterator[None]:
    rates._table.cache_clear()
    yield
    rates._table.cache_clear()


@pytest.mark.usefixtures("unmade")
def test_the_table_is_redis_where_the_cache_is() -> None:
    with override_settings(CACHE_URL="redis://127.0.0.1:1/0"):
        assert isinstance(rates.table(), RedisTable)
    rates._table.cache_clear()
    assert isinstance(rates.table(), Table)


@pytest.mark.usefixtures("unmade")
def test_counts_in_the_process_where_no_file_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "var").write_text("a file where the directory would be")
    monkeypatch.setattr("buildserver.env.HOME", tmp_path)
    table = rates.table()
    assert isinstance(table, Table)
    assert table.take(1, Window(1, 0.0), 9) == (True, 1, 0)
    assert "rate limit counts in each process alone" in caplog.text

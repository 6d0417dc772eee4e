import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections
from django.db.utils import DatabaseError
from django.test.utils import override_settings
from redis import Redis
from redis.exceptions import RedisError

from powerplant.live import carriers
from powerplant.live.carriers import Channel, File, Table, Unsupported, log
from powerplant.live.carriers.log import KEPT_BYTES
from tests import services
from tests.powerplant.live.conftest import LOGS, Make
from tests.waiting import until


def received(carrier: carriers.Carrier, count: int) -> list[bytes]:
    """What it reads, once that many came; a channel's messages are still on their way when they were written."""
    read: list[bytes] = []

    def enough() -> bool:
        read.extend(carrier.read())
        return len(read) >= count

    until(enough)
    return read


def test_what_one_writes_all_that_watch_read_once_in_its_order(make: Make) -> None:
    writer, readers = make(), [make(), make()]
    for reader in readers:
        reader.watch()
    writer.write([b"1", b"2"])
    writer.write([b"3"])
    assert [received(reader, 3) for reader in readers] == [[b"1", b"2", b"3"]] * 2
    assert [reader.read() for reader in readers] == [[], []]


def test_reads_what_it_wrote_itself(make: Make) -> None:
    carrier = make()
    carrier.watch()
    carrier.write([b"1"])
    assert received(carrier, 1) == [b"1"]


def test_reads_nothing_that_was_written_before_it_watched(make: Make) -> None:
    early, late = make(), make()
    early.watch()
    early.write([b"before"])
    late.watch()
    early.write([b"after"])
    assert received(late, 1) == [b"after"]


def test_is_watched_once_somebody_watches(make: Make) -> None:
    writer, reader = make(), make()
    assert not writer.watched()
    assert not reader.watching
    reader.watch()
    assert writer.watched()
    assert reader.watching
    reader.unwatch()
    assert not reader.watching


def test_is_not_watched_any_more_a_while_after_the_last_one_left(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "WATCHED_S", 0.3)
    writer, reader = make(), make()
    reader.watch()
    reader.unwatch()
    until(lambda: not writer.watched())


def test_stays_watched_while_the_watching_goes_on(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "WATCHED_S", -1)  # a sign of life that is over at once is due again at once
    writer, reader = make(), make()
    reader.watch()
    monkeypatch.setattr(log, "WATCHED_S", 60)
    reader.watch()
    assert writer.watched()


def test_who_watches_again_reads_nothing_of_the_time_between(make: Make) -> None:
    writer, reader, other = make(), make(), make()
    reader.watch()
    other.watch()
    reader.unwatch()
    writer.write([b"between"])
    reader.watch()
    writer.write([b"after"])
    assert received(other, 2) == [b"between", b"after"]
    assert received(reader, 1) == [b"after"]


def test_carries_bytes_as_they_are_also_a_mebibyte_of_them(make: Make) -> None:
    writer, reader = make(), make()
    reader.watch()
    texts = [bytes(range(256)) * 4096, "ü\u2028'\"\\%s?".encode()]
    for _ in range(5):
        writer.write(texts)
    assert received(reader, 10) == texts * 5


def test_goes_on_after_its_connections_were_closed(make: Make) -> None:
    writer, reader = make(), make()
    reader.watch()
    for carrier in (writer, reader, reader):
        carrier.close()
    reader.watch()
    assert writer.watched()
    writer.write([b"1"])
    assert received(reader, 1) == [b"1"]


def test_misses_nothing_of_what_many_write_at_a_time(make: Make) -> None:
    readers, writers, each = [make(), make()], 4, 25
    for reader in readers:
        reader.watch()
    ready = threading.Barrier(writers)

    def write(carrier: carriers.Carrier, writer: int) -> None:
        ready.wait(60)
        for number in range(each):
            carrier.write([b"%d %d a" % (writer, number), b"%d %d b" % (writer, number)])
        carrier.close()

    threads = [threading.Thread(target=write, args=(make(), writer)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for reader in readers:
        read = received(reader, writers * each * 2)
        for writer in range(writers):
            wrote = [
                text
                for number in range(each)
                for text in (b"%d %d a" % (writer, number), b"%d %d b" % (writer, number))
            ]
            assert [text for text in read if text.startswith(b"%d " % writer)] == wrote
        assert len(read) == writers * each * 2
    for thread in threads:
        thread.join(60)


@pytest.mark.parametrize("make", LOGS, indirect=True)
def test_what_was_written_while_its_connections_were_closed_is_read_from_a_log(make: Make) -> None:
    writer, reader = make(), make()
    reader.watch()
    reader.close()
    writer.write([b"1"])
    reader.watch()
    assert reader.read() == [b"1"]


@pytest.mark.parametrize("make", LOGS, indirect=True)
def test_a_log_keeps_the_last_mebibytes(make: Make) -> None:
    writer, reader = make(), make()
    reader.watch()
    text = b"x" * 2**20
    for _ in range(4):
        writer.write([text] * 6)
    assert len(reader.read()) == KEPT_BYTES / 2**20
    writer.write([b"next"])
    assert reader.read() == [b"next"]


@pytest.mark.parametrize("make", LOGS, indirect=True)
def test_a_log_that_was_emptied_is_read_from_its_beginning(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, reader = make(), make()
    reader.watch()
    writer.write([b"a long text"])
    reader.read()
    with writer._cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("DELETE FROM powerplant_live")
    monkeypatch.setattr(reader, "_sign_at", float("-inf"))
    reader.watch()
    writer.write([b"short"])
    assert reader.read() == [b"short"]


@pytest.mark.parametrize("make", LOGS, indirect=True)
def test_a_write_that_fails_writes_nothing_of_its_batch(make: Make) -> None:
    writer, reader = make(), make()
    reader.watch()
    with pytest.raises((sqlite3.Error, DatabaseError, TypeError)):
        writer.write([b"1", None])  # type: ignore[list-item]
    writer.write([b"2"])
    assert reader.read() == [b"2"]


# --- the file -------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[Path, File, File]]:
    """A path, with a writer and a reader there."""
    path = tmp_path / "live.sqlite3"
    pair = File(path), File(path)
    yield path, *pair
    for carrier in pair:
        carrier.close()


Pair = tuple[Path, File, File]


def test_the_file_is_made_when_somebody_watches_and_not_before(file: Pair) -> None:
    path, writer, reader = file
    assert not writer.watched()
    assert list(path.parent.iterdir()) == []
    reader.watch()
    assert path.exists()


def test_a_file_that_was_removed_is_made_anew(file: Pair) -> None:
    path, writer, reader = file
    reader.watch()
    writer.write([b"1"])
    reader.read()
    path.unlink()
    assert not writer.watched()
    with pytest.raises(FileNotFoundError):
        writer.write([b"2"])
    reader.watch()
    assert writer.watched()
    writer.write([b"3"])
    assert reader.read() == [b"3"]


def test_a_file_that_another_one_replaced_is_opened_anew(file: Pair, tmp_path: Path) -> None:
    path, writer, reader = file
    reader.watch()
    assert writer.watched()
    path.rename(tmp_path / "aside")
    other = File(path)
    other.watch()
    writer.write([b"1"])
    assert other.read() == [b"1"]
    other.close()


def test_a_file_that_is_no_database_is_replaced(file: Pair) -> None:
    path, writer, reader = file
    path.write_bytes(b"what a power failure left" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        reader.watch()
    reader.watch()
    writer.write([b"1"])
    assert reader.read() == [b"1"]


def test_a_broken_file_that_was_replaced_already_stays(file: Pair) -> None:
    path, _, reader = file
    reader.watch()
    reader._inode += 1
    reader._discard()
    assert path.exists()


def test_what_is_in_the_way_is_told_and_removed_it_is_no_obstacle(file: Pair) -> None:
    path, writer, reader = file
    path.mkdir()
    for method in (reader.watch, writer.watched):
        with pytest.raises(sqlite3.OperationalError):
            method()
    path.rmdir()
    reader.watch()
    assert writer.watched()


def test_where_no_file_can_be_made_it_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    carrier = File(tmp_path / "missing" / "live.sqlite3")
    assert not carrier.watched()
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        carrier.watch()
    assert list(tmp_path.iterdir()) == []


def test_many_processes_that_make_the_file_at_a_time_share_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "live.sqlite3"
    numbers = iter(range(100))
    monkeypatch.setattr(os, "getpid", lambda: next(numbers))  # a process's partial file has its number
    ready, carriers_made, faults = threading.Barrier(8), [], []

    def watch() -> None:
        ready.wait(60)
        try:
            carrier = File(path)
            carrier.watch()
            carrier.write([b"x"])
            carrier.close()
            carriers_made.append(carrier._position)
        except Exception as fault:  # noqa: BLE001 - told by the assertion
            faults.append(fault)

    threads = [threading.Thread(target=watch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (faults, len(carriers_made)) == ([], 8)
    with sqlite3.connect(path) as check:
        assert check.execute("SELECT MAX(end_bytes) FROM powerplant_live").fetchone() == (8,)
    check.close()
    left = {file.name.removeprefix("live.sqlite3") for file in tmp_path.iterdir()}
    assert left <= {"", "-wal", "-shm"}


# --- the tables -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_sqlite_has_no_tables_of_it() -> None:
    assert not [name for name in connection.introspection.table_names() if name.startswith("powerplant_live")]


@pytest.mark.service("mariadbd")
def test_a_connection_that_was_lost_in_a_rest_is_made_anew(tables: Iterator[str]) -> None:
    alias, other = next(tables), next(tables)
    carrier = Table(alias)
    assert not carrier.watched()
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        (number,) = cursor.fetchone()
    with connections[other].cursor() as cursor:
        cursor.execute(f"KILL {number}")
    connections[alias].health_check_enabled = True
    assert not carrier.watched()


# --- the channel ----------------------------------------------------------------------------------------------------


@pytest.mark.service("redis-server")
def test_databases_of_one_redis_do_not_see_one_anothers_plans(redis_url: str) -> None:
    ours, theirs = Channel(redis_url), Channel(redis_url.removesuffix("/0") + "/1")
    ours.watch()
    assert not theirs.watched()
    theirs.write([b"theirs"])
    ours.write([b"ours"])
    assert received(ours, 1) == [b"ours"]
    ours.close()
    theirs.close()


@pytest.mark.service("redis-server")
def test_a_subscription_that_redis_ended_is_told_and_made_anew(redis_url: str) -> None:
    writer, reader = Channel(redis_url), Channel(redis_url)
    reader.watch()
    with Redis.from_url(redis_url) as client:
        client.client_kill_filter(_type="pubsub")

        def ended() -> bool:
            try:
                return bool(reader.read())
            except RedisError:
                return True

        until(ended)
    reader.close()
    reader.watch()
    writer.write([b"1"])
    assert received(reader, 1) == [b"1"]
    reader.close()
    writer.close()


def test_without_redis_everything_is_told() -> None:
    channel = Channel(f"redis://127.0.0.1:{services.free_port()}/0")
    for method in (channel.watched, channel.watch, lambda: channel.write([b"1"])):
        with pytest.raises(RedisError):
            method()
    channel.close()


# --- which one ------------------------------------------------------------------------------------------------------


@override_settings(POWERPLANT_LIVE="redis://127.0.0.1:1/0")
def test_a_redis_url_names_a_channel() -> None:
    assert isinstance(carriers.current(), Channel)


@override_settings(POWERPLANT_LIVE="/somewhere/live.sqlite3")
def test_a_path_names_a_file() -> None:
    chosen = carriers.current()
    assert isinstance(chosen, File)
    assert chosen._path == Path("/somewhere/live.sqlite3")


@pytest.mark.parametrize(
    ("engine", "name", "kind"),
    [
        ("sqlite3", "/somewhere/db.sqlite3", File),
        ("sqlite3", ":memory:", None),
        ("sqlite3", "file:memory?mode=memory", None),
        pytest.param("mysql", "buildserver", Table, marks=pytest.mark.service("mariadbd")),
    ],
)
@override_settings(POWERPLANT_LIVE="")
def test_without_a_name_the_database_decides(
    engine: str, name: str, kind: type | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "mysql":
        pytest.importorskip("MySQLdb")
    config = connections.configure_settings({"default": {"ENGINE": f"django.db.backends.{engine}", "NAME": name}})
    connections.settings["chosen"] = config["default"]
    monkeypatch.setattr(carriers.router, "db_for_write", lambda _model: "chosen")
    try:
        if kind is None:
            with pytest.raises(Unsupported, match=r"carries no live plans: set POWERPLANT_LIVE to a file or a Redis"):
                carriers.current()
        else:
            chosen = carriers.current()
            assert isinstance(chosen, kind)
            assert str(getattr(chosen, "_path", "/somewhere/db.live.sqlite3")) == "/somewhere/db.live.sqlite3"
    finally:
        del connections["chosen"], connections.settings["chosen"]

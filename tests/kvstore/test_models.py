"""The tables."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections
from django.db.models import Model

from kvstore.models import Answer, ByteText, Change, Namespace, NotHere, ReadModel, Record
from tests.kvstore.conftest import ALIAS

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def record(path: str, **more: Any) -> Record:
    columns: dict[str, Any] = {
        "value": b"1", "content_type": "text/plain", "meta": "", "size_bytes": 1, "replaced_bytes": -1, "version": 1,
        "revision": 1, "created_revision": 1, "created_at": NOW, "updated_at": NOW, "deleted": False,
    }  # fmt: skip
    return Record(path=path, **(columns | more))


def insert(row: ReadModel) -> None:
    """Past the store, as nobody should."""
    Model.save_base(row, force_insert=True)


@pytest.mark.parametrize(
    "row", [record("a/b"), Namespace(name="a"), Change(), Answer()], ids=lambda row: type(row).__name__
)
def test_rows_are_written_by_the_store_alone(row: ReadModel) -> None:
    told = "^rows of kvstore are written by kvstore.store alone, which keeps caches and revisions right$"
    for write in (row.save, row.delete, type(row).objects.create, type(row).objects.all().delete):
        with pytest.raises(NotHere, match=told):
            write()
    with pytest.raises(NotHere, match=told):
        type(row).objects.update(revision=7)
    with pytest.raises(NotHere, match=told):
        type(row).objects.bulk_create([row])


@pytest.mark.django_db
def test_migrations_make_the_models_as_they_are() -> None:
    call_command("makemigrations", "kvstore", check=True, dry_run=True, stdout=StringIO())


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize(
    ("more", "constraint"),
    [
        ({"version": 0}, "kvstore_record_version"),
        ({"revision": 0, "created_revision": 0}, "kvstore_record_revision"),
        ({"created_revision": 2}, "kvstore_record_revision"),
    ],
)
def test_the_database_refuses_versions_that_cannot_be(more: dict[str, int], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        insert(record("default/a", **more))


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize(
    ("more", "constraint"),
    [
        ({"forgotten_revision": 2}, "kvstore_namespace_revision"),
        ({"key_count": -1}, "kvstore_namespace_counts"),
        ({"byte_count": -1}, "kvstore_namespace_counts"),
    ],
)
def test_the_database_refuses_a_namespace_that_cannot_be(more: dict[str, int], constraint: str) -> None:
    columns = {
        "revision": 1, "version_floor": 0, "forgotten_revision": 0, "key_count": 0, "byte_count": 0, "deleted": False,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=constraint):
        insert(Namespace(name="a", created_at=NOW, **(columns | more)))


@pytest.mark.usefixtures("records")
def test_paths_are_unique_and_sorted_by_bytes() -> None:
    paths = ["a/A", "a/a", "a/a ", "a/b", "a/\u00e9", "a/\uffee", "a/\U0001f600", "b/a"]
    for path in reversed(paths):
        insert(record(path))
    assert [str(one) for one in Record.objects.all()] == paths
    with pytest.raises(IntegrityError):
        insert(record("a/a "))


@pytest.mark.usefixtures("records")
def test_finds_records_by_the_start_of_their_path() -> None:
    for path in ["a/A", "a/a", "a/a%", "a/a/b", "a/b", "a.b/a", "\u00e9", "\U0010ffff"]:
        insert(record(path))
    found = {
        prefix: [one.path for one in Record.objects.starting_with(prefix)]
        for prefix in ("a/", "a/a", "a/a%", "\U0010ffff", "c")
    }
    assert found == {
        "a/": ["a/A", "a/a", "a/a%", "a/a/b", "a/b"], "a/a": ["a/a", "a/a%", "a/a/b"], "a/a%": ["a/a%"],
        "\U0010ffff": ["\U0010ffff"], "c": [],
    }  # fmt: skip


@pytest.mark.usefixtures("records")
def test_the_primary_key_finds_them() -> None:
    queryset = Record.objects.starting_with("a/").only("path")
    plan = queryset.explain()
    assert "PRIMARY" in plan or "sqlite_autoindex_kvstore_record_1" in plan, plan


@pytest.mark.usefixtures("records")
def test_a_path_is_bytes_in_mariadb_and_text_elsewhere(records: str) -> None:
    column = Record._meta.get_field("path")
    assert isinstance(column, ByteText)
    assert column.db_type(connections[ALIAS]) == {"sqlite": "text", "mariadb": "varbinary(577)"}[records]


def test_a_record_knows_its_namespace_its_key_and_its_state() -> None:
    one = record("team-a/x/y", expires_at=NOW)
    assert (one.namespace, one.key, str(one), str(Namespace(name="a"))) == ("team-a", "x/y", "team-a/x/y", "a")
    assert [one.state(NOW.replace(year=year)) for year in (2025, 2026, 2027)] == ["live", "expired", "expired"]
    assert record("a/b").state(NOW) == "live"
    assert record("a/b", deleted=True, expires_at=NOW).state(NOW.replace(year=2025)) == "deleted"

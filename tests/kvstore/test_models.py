"""The tables."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections

from kvstore.models import ByteText, Namespace, Record
from tests.kvstore.conftest import ALIAS

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def record(path: str, **more: Any) -> Record:
    columns: dict[str, Any] = {
        "value": b"1", "content_type": "text/plain", "version": 1, "revision": 1, "created_revision": 1,
        "created_at": NOW, "updated_at": NOW, "deleted": False,
    }  # fmt: skip
    return Record(path=path, **(columns | more))


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
        record("default/a", **more).save(force_insert=True)


@pytest.mark.usefixtures("records")
def test_the_database_refuses_a_namespace_without_a_write() -> None:
    with pytest.raises(IntegrityError, match="kvstore_namespace_revision"):
        Namespace.objects.create(name="a", revision=0, created_at=NOW)


@pytest.mark.usefixtures("records")
def test_paths_are_unique_and_sorted_by_bytes() -> None:
    paths = ["a/A", "a/a", "a/a ", "a/b", "a/\u00e9", "a/\uffee", "a/\U0001f600", "b/a"]
    Record.objects.bulk_create(record(path) for path in reversed(paths))
    assert [str(one) for one in Record.objects.all()] == paths
    with pytest.raises(IntegrityError):
        record("a/a ").save(force_insert=True)


@pytest.mark.usefixtures("records")
def test_finds_records_by_the_start_of_their_path() -> None:
    Record.objects.bulk_create(
        record(path) for path in ["a/A", "a/a", "a/a%", "a/a/b", "a/b", "a.b/a", "\u00e9", "\U0010ffff"]
    )
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

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from django.utils import timezone

from assets import services
from assets.models import Asset

# In byte order; most databases would compare some of these as the same, or otherwise ordered.
NAMES = ["A", "B", "a", "a b", "a-", "a.", "a0", "b", "e", "ß", "à", "á", "\ud7ff", "\ue000", "\uffff", "\U00010000"]
pytestmark = pytest.mark.django_db


def add(name: str, store: str = "var/assets", size: int = 1) -> Asset:
    fields = {"sha256": "0" * 64, "stamp": "s", "content_type": "text/plain", "created_at": timezone.now()}
    return Asset.objects.create(store=store, name=name, size=size, **fields)


@pytest.fixture(autouse=True)
def here(settings: Any) -> None:
    settings.ASSETS_URL = "var/assets"


def test_names_are_compared_and_ordered_by_their_bytes() -> None:
    for name in reversed(NAMES):
        add(name)
    found = list(Asset.objects.here().order_by("name").values_list("name", flat=True))
    assert found == NAMES == sorted(NAMES, key=str.encode)
    for name in NAMES:
        assert Asset.objects.get(name=name).name == name


@pytest.mark.parametrize("prefix", ["", "a", "a ", "\ud7ff", "\U00010000", "z"])
def test_finds_names_below_a_prefix(prefix: str) -> None:
    for name in NAMES:
        add(name)
    assert {row.name for row in Asset.objects.below([prefix])} == {name for name in NAMES if name.startswith(prefix)}


def test_finds_parents_and_children_of_a_name() -> None:
    for name in ("a", "a/b/c", "a/b!", "a/b0", "a/bc", "d"):
        add(name)
    assert {row.name for row in Asset.objects.tangled_with("a/b")} == {"a", "a/b/c"}


def test_one_name_has_one_row_in_a_store() -> None:
    add("a")
    add("a", store="s3://other/")
    with pytest.raises(IntegrityError):
        add("a")


def test_rows_of_another_store_are_as_if_they_were_not_there() -> None:
    add("a", store="s3://other/")
    assert not Asset.objects.here().exists()
    with pytest.raises(services.UnknownAsset, match="there is no asset 'a'"):
        services.find("a")


def test_a_size_is_not_negative() -> None:
    with pytest.raises(IntegrityError):
        add("a", size=-1)


def test_is_shown_by_its_name() -> None:
    assert str(Asset(name="ci/1")) == "ci/1"


def test_the_migrations_have_every_change_of_the_models() -> None:
    call_command("makemigrations", "assets", check=True, dry_run=True, stdout=io.StringIO())


class MySQL:
    vendor = "mysql"


def test_mysql_is_given_bytes_and_gives_bytes() -> None:
    field: Any = Asset._meta.get_field("name")
    assert field.get_db_prep_value("é", MySQL(), prepared=True) == "é".encode()
    assert field.from_db_value("é".encode()) == "é"

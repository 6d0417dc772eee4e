from typing import Any

import pytest
from django.contrib.auth import get_user_model

from assets.models import Asset
from assets.routers import IndexRouter


@pytest.mark.parametrize(("database", "found"), [("default", "default"), ("index", "index")])
def test_rows_of_the_app_are_where_the_setting_says(settings: Any, database: str, found: str) -> None:
    settings.ASSETS_DATABASE = database
    router = IndexRouter()
    assert (router.db_for_read(Asset), router.db_for_write(Asset)) == (found, found)
    assert (router.db_for_read(get_user_model()), router.db_for_write(get_user_model())) == (None, None)


def test_a_database_of_the_index_has_nothing_else(settings: Any) -> None:
    settings.ASSETS_DATABASE = "index"
    router = IndexRouter()
    assert (router.allow_migrate("index", "assets"), router.allow_migrate("index", "auth")) == (True, False)


@pytest.mark.parametrize("database", ["default", "index"])
def test_the_default_database_gets_the_tables_in_any_case(settings: Any, database: str) -> None:
    settings.ASSETS_DATABASE = database
    assert IndexRouter().allow_migrate("default", "assets") is None

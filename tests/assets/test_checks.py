from typing import Any

import pytest
from django.core.checks import run_checks

from assets import checks


def found() -> list[tuple[str | None, str, str]]:
    return [(one.id, one.msg, one.hint or "") for one in run_checks(tags=["assets"])]


def test_finds_nothing_wrong_with_the_defaults() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "number", "message"),
    [
        (
            "ASSETS_URL",
            "s3://hidden@builds",
            "assets.E001",
            "ASSETS_URL: credentials are not part of the URL",
        ),
        ("ASSETS_URL", f"s3://builds?prefix={'p' * 512}", "assets.E002", "ASSETS_URL: the prefix is too long"),
        ("ASSETS_MAX_BYTES", 0, "assets.E003", "ASSETS_MAX_BYTES is 0"),
        ("ASSETS_MIN_FREE_BYTES", "1G", "assets.E003", "ASSETS_MIN_FREE_BYTES is '1G'"),
        ("ASSETS_ALLOW", ["assets:delete"], "assets.E004", "ASSETS_ALLOW is ['assets:delete']"),
        ("ASSETS_ALLOW", "assets:read", "assets.E004", "ASSETS_ALLOW is 'assets:read'"),
        ("ASSETS_DATABASE", "elsewhere", "assets.E005", "ASSETS_DATABASE: 'elsewhere' is not used as the index"),
    ],
)
def test_names_the_setting_that_cannot_work(settings: Any, name: str, value: Any, number: str, message: str) -> None:
    setattr(settings, name, value)
    [(its_number, its_message, hint)] = found()
    assert its_number == number
    assert its_message.startswith(message)
    assert hint
    assert "hidden" not in its_message + hint


def test_an_index_of_its_own_needs_the_router(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES, "index", {})
    settings.ASSETS_DATABASE = "index"
    settings.DATABASE_ROUTERS = []
    assert [one.id for one in checks.check_database()] == ["assets.E005"]
    settings.DATABASE_ROUTERS = ["assets.routers.IndexRouter"]
    assert checks.check_database() == []

import os
import stat
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.test.utils import override_settings

from buildserver import prepare


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "PRESHARED_KEYS", "PRESHARED_KEYS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", dict(os.environ))


@pytest.mark.usefixtures("bare")
def test_writes_missing_secrets_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "home" / ".env"
    key = prepare.make_secrets(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert lines.keys() == {"SECRET_KEY", "PRESHARED_KEYS"}
    assert lines["PRESHARED_KEYS"] == f"owner:{key}"
    assert len(lines["SECRET_KEY"]) >= 50
    assert prepare.make_secrets(file) is None
    assert file.read_text().count("SECRET_KEY") == 1


@pytest.mark.usefixtures("bare")
def test_keeps_what_the_file_says_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=9999")
    monkeypatch.setitem(os.environ, "PRESHARED_KEYS_FILE", "keys")
    assert prepare.make_secrets(file) is None
    lines = file.read_text().splitlines()
    assert lines[0] == "PORT=9999"
    assert lines[1].startswith("SECRET_KEY=")
    assert len(lines) == 2


@pytest.mark.django_db
def test_makes_an_admin_user_only_where_there_is_nobody() -> None:
    password = prepare.make_admin()
    user = get_user_model().objects.get()
    assert password
    assert (user.get_username(), user.is_superuser, user.check_password(password)) == ("admin", True, True)
    assert prepare.make_admin() is None


def test_collects_static_files_only_when_one_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.css").write_text("a")
    storage = "django.contrib.staticfiles.storage.StaticFilesStorage"
    finder = "django.contrib.staticfiles.finders.FileSystemFinder"
    root = tmp_path / "static"
    with override_settings(
        STATIC_ROOT=root, STATICFILES_DIRS=[source], STATICFILES_FINDERS=[finder],
        STORAGES={"staticfiles": {"BACKEND": storage}},
    ):  # fmt: skip
        finders.get_finder.cache_clear()
        prepare.collect_static()
        (root / "a.css").unlink()
        prepare.collect_static()
        assert not (root / "a.css").exists()
        (source / "b.css").write_text("b")
        prepare.collect_static()
        assert (root / "a.css").exists()
    finders.get_finder.cache_clear()

import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from assets import conf as module
from assets.conf import READ, WRITE, Conf, conf, places, require, sender

calls: list[str] = []


def prepare() -> None:
    """Uses what it prepares, as a mock does."""
    module.conf.prepare()
    calls.append("called")


def prepare_badly() -> None:
    calls.append("called")
    raise RuntimeError("there is no mock")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "conf", Conf())
    calls.clear()


def test_has_defaults(settings: Any) -> None:
    for name in ("URL", "HOME", "MAX_BYTES", "MIN_FREE_BYTES"):
        if hasattr(settings, f"ASSETS_{name}"):
            delattr(settings, f"ASSETS_{name}")
    assert (conf.url, conf.max_bytes, conf.min_free_bytes) == ("var/assets", 5 * 2**30, 2**30)
    assert conf.home == Path.cwd()


def test_reads_a_setting_when_it_is_used(settings: Any) -> None:
    settings.ASSETS_MAX_BYTES = 7
    settings.ASSETS_HOME = "/srv"
    assert (conf.max_bytes, conf.home) == (7, Path("/srv"))


def test_prepares_once_in_a_process(settings: Any) -> None:
    settings.ASSETS_PREPARE = f"{__name__}.prepare"
    threads = [threading.Thread(target=module.conf.prepare) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["called"]


def test_prepares_again_when_it_failed(settings: Any) -> None:
    settings.ASSETS_PREPARE = f"{__name__}.prepare_badly"
    for _ in range(2):
        with pytest.raises(RuntimeError, match="there is no mock"):
            module.conf.prepare()
    assert calls == ["called", "called"]


def test_without_access_of_the_project_nobody_may_do_anything() -> None:
    with pytest.raises(PermissionDenied, match=r"assets:read is allowed to nobody: set request\.access in"):
        require(HttpRequest(), READ, "a")


def test_without_access_of_the_project_a_setting_decides(settings: Any) -> None:
    settings.ASSETS_ALLOW = [READ]
    require(HttpRequest(), READ, "a")
    with pytest.raises(PermissionDenied, match="assets:write is allowed to nobody"):
        require(HttpRequest(), WRITE, "a")
    assert (places(HttpRequest(), READ), sender(HttpRequest())) == (None, "")

"""Where `builder` works."""

from pathlib import Path

import pytest

from tests.live import Service


@pytest.fixture(params=["here", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The variables of a machine of one's own, and of one that talks to a server."""
    if request.param == "here":
        return {}
    service: Service = request.getfixturevalue("service")
    return {"BUILDSERVER_URL": service.url, "BUILDSERVER_KEY": service.key}


@pytest.fixture
def name(tmp_path: Path) -> str:
    """A name nobody else uses: the server lives as long as all tests."""
    return f"cli/{tmp_path.name}/ü n"

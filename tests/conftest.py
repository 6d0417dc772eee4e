"""The tests' own environment: no `.env`, no key and no path of the machine's user is used."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

HOME = tempfile.TemporaryDirectory(prefix="buildserver-tests-")
TEST_HOME = HOME.name
KEY = "the-key-of-the-tests"
READER = "a-key-that-only-reads"
KEYS_FILE = os.path.join(TEST_HOME, "keys")  # noqa: PTH118 - before any import of the project

with open(KEYS_FILE, "w", encoding="utf-8") as file:  # noqa: PTH123
    file.write(f"tests {KEY} *\nreader {READER} kv:read assets:read cache:read\nnarrow narrow-key ")
    file.write("kv:write@team-a/ci/ kv:read@team-a assets:read@releases/ assets:write@releases/\n")

for variable in [
    name for name in os.environ if name.startswith(("BUILDSERVER_", "KVSTORE_", "ASSETS_", "POWERPLANT_"))
]:
    del os.environ[variable]
os.environ.update(
    BUILDSERVER_HOME=TEST_HOME,
    SECRET_KEY="not-a-secret-but-long-enough-for-django-to-be-content-with-it",  # pragma: allowlist secret
    PRESHARED_KEYS_FILE=KEYS_FILE,
    PRESHARED_KEYS="",
    OPEN_RATE="none",
    ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
)
for variable in ("DATABASE_URL", "CACHE_URL", "CLOSED_ROUTES", "DEBUG", "LOG_LEVEL", "TRUSTED_PROXIES"):
    os.environ.pop(variable, None)

# The settings are read here, where the environment is ours, and not by a name in the environment, which the processes
# of pytest-xdist would inherit and read too early.
os.environ["DJANGO_SETTINGS_MODULE"] = "buildserver.settings"
from django.conf import settings  # noqa: E402

assert settings.configured or settings.SECRET_KEY
del os.environ["DJANGO_SETTINGS_MODULE"]
settings.STATIC_ROOT.mkdir(parents=True)
settings.POWERPLANT_LIVE = os.path.join(TEST_HOME, "live.sqlite3")  # noqa: PTH118 - the database is in memory
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

import pytest  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from tests import services  # noqa: E402
from tests.live import Service  # noqa: E402

Start = Callable[..., Service]


@pytest.fixture
def anonymous() -> APIClient:
    """A client without a key."""
    return APIClient()


@pytest.fixture
def api() -> APIClient:
    """A client whose key may do all."""
    return APIClient(headers={"Authorization": f"Bearer {KEY}"})


@pytest.fixture
def reader() -> APIClient:
    """A client whose key may read records, assets and cache entries."""
    return APIClient(headers={"X-API-Key": READER})


@pytest.fixture
def narrow() -> APIClient:
    """A client whose key is narrowed to kv team-a (writing below ci/) and assets below releases/."""
    return APIClient(headers={"Authorization": "Bearer narrow-key"})


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with its embedded defaults, started once for all tests of a worker."""
    running = Service(tmp_path_factory.mktemp("service"), OPEN_RATE="none")
    yield running
    running.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts services at home in the test's directory; those that the test leaves running are stopped after it."""
    started: list[Service] = []

    def start(*arguments: str, **variables: str) -> Service:
        started.append(Service(tmp_path, *arguments, **variables))
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DATABASE_URL of a throw-away MariaDB."""
    with services.mariadb(tmp_path_factory.mktemp("mariadb")) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """CACHE_URL of a throw-away Redis."""
    with services.redis(tmp_path_factory.mktemp("redis")) as url:
        yield url

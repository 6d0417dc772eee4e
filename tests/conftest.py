"""The tests' own environment: no `.env`, no key and no path of the machine's user is used."""

import os
import tempfile

TEST_HOME = tempfile.mkdtemp(prefix="buildserver-tests-")
KEY = "the-key-of-the-tests"
READER = "a-key-that-only-reads"
KEYS_FILE = os.path.join(TEST_HOME, "keys")  # noqa: PTH118 - before any import of the project

with open(KEYS_FILE, "w", encoding="utf-8") as file:  # noqa: PTH123
    file.write(f"tests {KEY} *\nreader {READER} kv:read assets:read cache:read\nnarrow narrow-key ")
    file.write("kv:write@team-a/ci/ kv:read@team-a assets:read@releases/ assets:write@releases/\n")

for variable in [name for name in os.environ if name.startswith(("BUILDSERVER_", "KVSTORE_", "ASSETS_", "POWERPLANT_"))]:
    del os.environ[variable]
os.environ.update(
    BUILDSERVER_HOME=TEST_HOME,
    SECRET_KEY="not-a-secret-but-long-enough-for-django-to-be-content-with-it",
    PRESHARED_KEYS_FILE=KEYS_FILE,
    PRESHARED_KEYS="",
    OPEN_RATE="none",
    ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
)
for variable in ("DATABASE_URL", "CACHE_URL", "CLOSED_ROUTES", "DEBUG", "LOG_LEVEL", "TRUSTED_PROXIES"):
    os.environ.pop(variable, None)

import pytest  # noqa: E402 - after the environment is set
from rest_framework.test import APIClient  # noqa: E402


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

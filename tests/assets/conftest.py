"""Both stores, and requests as a server hands them to Django."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from pytest_django import Settings

from assets import stores
from assets.stores import s3
from assets.stores.base import AssetStore
from buildserver import keys
from buildserver.bodies import Handler
from tests.conftest import KEY

BUCKET = "energyhub-assets"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads are counted at once: no thread outlives a test."""
    monkeypatch.setattr("assets.services.counting.PAUSE_S", 0)


@pytest.fixture
def directory(settings: Any, tmp_path: Path) -> AssetStore:
    """An empty directory as the store in force."""
    settings.ASSETS_URL = str(tmp_path / "store")
    settings.ASSETS_MIN_FREE_BYTES = 0
    return stores.current()


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    """A mock of S3 within this process, for a module: its client takes a third of a second to make."""
    with mock_aws():
        s3.forget_clients()
        yield
    s3.forget_clients()


@pytest.fixture
def bucket(settings: Any, aws: None) -> Iterator[Any]:
    """An empty bucket as the store in force."""
    settings.ASSETS_URL = f"s3://{BUCKET}?region=us-east-1&prefix=ci"
    store: Any = stores.current()
    store.client.create_bucket(Bucket=BUCKET)
    yield store
    left = store.client.list_buckets()["Buckets"]
    for entry in store.client.list_objects_v2(Bucket=BUCKET).get("Contents", []) if left else []:
        store.client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    if left:
        store.client.delete_bucket(Bucket=BUCKET)


@pytest.fixture(params=["directory", "bucket"])
def store(request: pytest.FixtureRequest) -> AssetStore:
    """Each store in turn."""
    found: AssetStore = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def team(settings: Settings) -> dict[str, str]:
    """The header of a key that reads and writes below `team/` alone."""
    made = keys.make("team", "the-key-of-a-team", ["assets:read@team/", "assets:write@team/"])
    settings.PRESHARED = keys.KeyRing([*settings.PRESHARED.keys, made])
    return {"AUTHORIZATION": "Bearer the-key-of-a-team"}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.content)


class Server:
    """The WSGI application of the project with a key that may do all; bodies arrive as a server hands them on."""

    def __init__(self) -> None:
        self.handler = Handler()

    def __call__(
        self, method: str, url: str, body: bytes = b"", *, declared: int | None = -1, **headers: str
    ) -> Answer:
        """`declared`: the Content-Length, the body's own by default; None for a chunked body."""
        path, _, query = url.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "HTTP_AUTHORIZATION": f"Bearer {KEY}",
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            **{name if name == "CONTENT_TYPE" else f"HTTP_{name}": value for name, value in headers.items()},
        }
        if declared is None:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        else:
            environ["CONTENT_LENGTH"] = str(len(body) if declared == -1 else declared)
        return self._run(environ)

    def _run(self, environ: dict[str, Any]) -> Answer:
        begun: list[Any] = []
        response = self.handler(environ, lambda status, headers, *_rest: begun.extend((status, headers)))
        try:
            content = b"".join(response)
        finally:
            response.close()
        return Answer(int(begun[0].split()[0]), dict(begun[1]), content)


@pytest.fixture
def server(db: None) -> Server:
    """The project behind a server."""
    return Server()

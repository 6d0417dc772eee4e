"""Statements about assets: their form, and that they speak of the asset's own bytes."""

import base64
import hashlib
import json
from typing import Any

import pytest

from assets import statements
from assets.models import Provenance
from assets.statements import BadStatement, OtherSubject
from tests.assets.conftest import Server

URL, ASSETS = "/api/v1/provenance", "/api/v1/assets"
SHA = hashlib.sha256(b"one").hexdigest()
GOOD: dict[str, Any] = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "a", "digest": {"sha256": SHA}}],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {"buildDefinition": {"buildType": "https://example.org/ci"}},
}


def sent(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes, indent=1).encode()


def envelope(statement: bytes = sent(), **changes: Any) -> bytes:
    payload = base64.b64encode(statement).decode()
    whole = {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": [{"sig": "MEU="}]}
    return json.dumps(whole | changes).encode()


@pytest.mark.parametrize(
    "statement",
    [
        sent(),
        sent(subject=[{"digest": {"sha512": "00"}}, {"digest": {"sha256": SHA.upper()}}]),
        sent(more={"a": [1]}),
        envelope(),
    ],
)
def test_takes_statements_about_the_bytes(statement: bytes) -> None:
    statements.check(statement, SHA)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (b"", "the statement is not JSON"),
        (b"\xff", "the statement is not JSON"),
        (b"[" * 100_000, "the statement is not JSON"),
        (b"[]", 'the statement has no "_type"'),
        (sent(_type="https://in-toto.io/Statement/v0.1"), 'no "_type": "https://in-toto.io/Statement/v1"'),
        (sent(predicateType=None), 'no text "predicateType"'),
        (sent(subject=[]), "no list of 1 to 1000 subjects"),
        (sent(subject={}), "no list of 1 to 1000 subjects"),
        (sent(subject=[{"digest": {"sha256": SHA}}] * 1001), "no list of 1 to 1000 subjects"),
        (sent(subject=["a"]), "a subject of the statement has no digest"),
        (sent(subject=[{"digest": {}}]), "a subject of the statement has no digest"),
        (envelope(payloadType="text/plain"), "no payload of the type application/vnd.in-toto"),
        (envelope(payload=7), "no payload of the type"),
        (envelope(payload="*"), "the payload of the envelope is not base64"),
        (envelope(signatures=None), "the envelope has no signatures"),
        (envelope(b"[]"), 'the statement has no "_type"'),
    ],
)
def test_refuses_what_is_no_statement(statement: bytes, told: str) -> None:
    with pytest.raises(BadStatement, match=told.replace(".", r"\.")):
        statements.check(statement, SHA)


@pytest.mark.parametrize(
    "statement",
    [
        sent(subject=[{"digest": {"sha256": "0" * 64}}]),
        sent(subject=[{"digest": {"sha256": 7}}]),
        envelope(sent(subject=[{"digest": {"sha512": SHA}}])),
    ],
)
def test_refuses_statements_about_other_bytes(statement: bytes) -> None:
    with pytest.raises(OtherSubject, match=f"no subject of the statement has the asset's sha256 {SHA}"):
        statements.check(statement, SHA)


# --- over HTTP ----------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(server: Server, directory: object) -> None:
    assert server("PUT", f"{ASSETS}/team/a", b"one").status == 201


def put(server: Server, body: bytes, name: str = "team/a", query: str = "", **headers: str) -> Any:
    return server("PUT", f"{URL}/{name}{query}", body, CONTENT_TYPE="application/vnd.in-toto+json", **headers)


@pytest.mark.django_db
@pytest.mark.usefixtures("stored")
def test_a_statement_is_given_back_as_it_came(server: Server) -> None:
    assert server("GET", f"{URL}/team/a").status == 404
    made = put(server, sent())
    assert (made.status, made.json) == (201, {"name": "team/a", "sha256": SHA})
    shown = server("GET", f"{URL}/team/a")
    assert (shown.content, shown.headers["Content-Type"]) == (sent(), "application/vnd.in-toto+json")
    assert shown.headers["Content-Security-Policy"] == "sandbox"
    assert put(server, envelope()).status == 200
    assert server("GET", f"{URL}/team/a").content == envelope()


@pytest.mark.django_db
@pytest.mark.usefixtures("stored")
def test_a_statement_stays_with_the_bytes_it_speaks_of(server: Server) -> None:
    put(server, sent())
    server("PUT", f"{ASSETS}/team/a?replace=true", b"two")
    assert server("GET", f"{URL}/team/a").status == 404
    assert put(server, sent()).status == 422
    assert put(server, sent(), query=f"?sha256={SHA}").status == 200
    assert server("GET", f"{URL}/team/a?sha256={SHA.upper()}").content == sent()
    assert server("GET", f"{URL}/team/a?sha256={'0' * 64}").status == 404
    server("DELETE", f"{ASSETS}/team/a")
    assert Provenance.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("stored")
def test_what_cannot_be_kept_is_refused(server: Server, team: dict[str, str]) -> None:
    assert put(server, b"{}").status == 400
    assert put(server, sent(subject=[{"digest": {"sha256": "0" * 64}}])).status == 422
    assert put(server, sent(), "never").status == 404
    assert put(server, sent(), "../a").status == 400
    assert put(server, b" " * (2**20 + 1)).status == 413
    assert server("PUT", f"{URL}/team/a", b" " * (2**20 + 1), declared=None).status == 413
    assert put(server, sent(), query="?sha256=0").status == 400
    assert put(server, sent(), **team).status == 201
    assert put(server, sent(), "other/a", **team).status == 403
    assert server("GET", f"{URL}/other/a", **team).status == 403
    assert server("GET", f"{URL}/team/a", AUTHORIZATION="").status == 401

"""The API does what its OpenAPI document says, tried by schemathesis against the running server."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from drf_spectacular.validation import validate_schema

from tests.live import PROJECT, Service


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    file = tmp_path_factory.mktemp("schema") / "openapi.json"
    call_command("spectacular", "--format", "openapi-json", "--file", str(file), "--fail-on-warn", "--validate")
    read: dict[str, dict[str, dict[str, dict[str, object]]]] = json.loads(file.read_text())
    return read


def test_the_document_is_valid_and_made_without_a_warning(document: dict[str, object]) -> None:
    validate_schema(document)
    assert document["openapi"] == "3.1.0"


def test_every_route_but_the_pages_is_in_the_document(document: dict[str, dict[str, object]]) -> None:
    from buildserver.urls import urlpatterns  # noqa: PLC0415 - after Django's set-up

    pages = {"", "favicon.ico", "api/schema/", "api/docs/", "admin/", r"^(?P<page>admin|api/docs|api/schema)$"}
    routes: set[str] = set()
    for pattern in urlpatterns:
        inner = getattr(pattern, "url_patterns", None)
        route = str(pattern.pattern)
        routes |= {str(sub.pattern) for sub in inner} if inner and not route else {route}
    named = {"/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route) for route in routes - pages}
    assert named == set(document["paths"])


@pytest.mark.live
def test_schemathesis_finds_no_fault(service: Service, tmp_path: Path) -> None:
    config = str(PROJECT / "tests/schemathesis.toml")
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", config]
    command += ["run", f"{service.url}/api/schema/", "--header", f"Authorization: Bearer {service.key}"]
    command += ["--checks", "all", "--max-examples", "15", "--generation-deterministic", "--continue-on-failure"]
    # How many of schemathesis's random texts fit the pattern of an asset's name, and how soon, says nothing of the API.
    command += ["--suppress-health-check", "filter_too_much,too_slow"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-20_000:]
    assert service.call("GET", "/ping").status_code == 200

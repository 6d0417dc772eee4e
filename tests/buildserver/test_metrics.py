from pathlib import Path

import pytest
from rest_framework.test import APIClient

from buildserver import metrics


def test_metrics_need_the_scope_admin(anonymous: APIClient, reader: APIClient) -> None:
    assert anonymous.get("/metrics").status_code == 401
    refused = reader.get("/metrics")
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/problem+json")


def test_counts_by_the_routes_pattern(api: APIClient) -> None:
    api.get("/ping")
    api.get("/nothing/at/all")
    api.generic("BREW", "/ping")
    answer = api.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    text = answer.content.decode()
    assert 'buildserver_requests_total{method="GET",route="ping",status="200"}' in text
    assert 'buildserver_requests_total{method="other",route="ping",status="405"}' in text
    assert "nothing/at/all" not in text
    assert 'buildserver_request_seconds_bucket{le="0.001",route="ping"}' in text


def test_reads_the_workers_directory_where_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert metrics.registry() is not metrics.REGISTRY


def test_keeps_the_series_it_counts_in_up_to_a_number(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def counted() -> float:
        found = metrics.REGISTRY.get_sample_value(
            "buildserver_requests_total", {"method": "GET", "route": "ping", "status": "200"}
        )
        return found or 0

    monkeypatch.setattr(metrics, "SERIES", {})
    monkeypatch.setattr(metrics, "KEPT_SERIES", 1)
    before = counted()
    api.get("/ping")
    api.get("/nothing")
    api.get("/ping")
    assert list(metrics.SERIES) == [("GET", "ping", 200)]
    monkeypatch.setattr(metrics, "SERIES", {})
    monkeypatch.setattr(metrics, "KEPT_SERIES", 0)
    api.get("/ping")
    assert metrics.SERIES == {}
    assert counted() == before + 3

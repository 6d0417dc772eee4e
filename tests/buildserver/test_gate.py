import io
from typing import Any

import pytest
from django.test.utils import override_settings
from rest_framework.test import APIClient

from buildserver import gate
from buildserver.bodies import Request


@pytest.mark.parametrize(
    ("path", "query", "headers", "status", "detail"),
    [
        ("/" + "a" * 8190, "", {}, 414, "the URL is longer than 8190 bytes"),
        ("/ping", "q=" + "a" * 8190, {}, 414, "the URL is longer than 8190 bytes"),
        ("/ping", "", {"X-Long": "a" * 8191}, 431, "the header X-Long is longer than 8190 bytes"),
        ("/get/a\0b", "", {}, 400, "the path is not UTF-8 text without NUL"),
        ("/ping", "q=%FF%FE", {}, 400, "the query is not UTF-8 text without NUL"),
        ("/ping", "q=a%00", {}, 400, "the query is not UTF-8 text without NUL"),
        ("/ping", "q=a\0", {}, 400, "the query is not UTF-8 text without NUL"),
        ("/ping", "", {"Host": "evil.example"}, 400, "Invalid HTTP_HOST header: 'evil.example'. You may need to add"),
    ],
)
def test_refuses_before_any_route(
    path: str, query: str, headers: dict[str, str], status: int, detail: str, anonymous: APIClient
) -> None:
    answer = anonymous.get("/ping", headers=headers, PATH_INFO=path, QUERY_STRING=query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize(("header", "name"), [("X-Meta-Owner", "HTTP_X_META_OWNER"), ("Content-Type", "CONTENT_TYPE")])
def test_refuses_what_granian_may_have_emptied(header: str, name: str) -> None:
    """It does so with every value outside ASCII."""

    def refusal(value: str, server: str) -> Any:
        environ = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/a", "wsgi.input": io.BytesIO(), "HTTP_HOST": "localhost"}
        return gate.refusal(Request({**environ, "SERVER_SOFTWARE": server, name: value}))

    refused = refusal("", "Granian")
    assert refused.status_code == 400
    assert (
        f"the header {header} is empty, or not ASCII, which is taken where gunicorn serves" in refused.content.decode()
    )
    assert (refusal("a/b", "Granian"), refusal("", "gunicorn/27.0.1")) == (None, None)


def test_the_escaped_length_counts_where_the_server_tells_it(anonymous: APIClient) -> None:
    assert anonymous.get("/ping", RAW_URI="/" + "%41" * 3000).status_code == 414


def test_gives_each_whole_answer_its_length(anonymous: APIClient) -> None:
    answer = anonymous.get("/ping")
    assert answer.headers["Content-Length"] == str(len(answer.content))


def test_refuses_a_path_whose_bytes_are_not_utf8() -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/get/\xff\xfe",
        "wsgi.input": io.BytesIO(),
        "HTTP_HOST": "localhost",
    }
    refused = gate.refusal(Request(environ))
    assert refused is not None
    assert refused.status_code == 400
    assert gate.refusal(Request({**environ, "PATH_INFO": "/get/\xc3\xa4"})) is None


def test_a_host_that_was_allowed_is_refused_once_it_is_not(anonymous: APIClient) -> None:
    with override_settings(ALLOWED_HOSTS=["a.example"]):
        assert [anonymous.get("/ping", headers={"Host": "a.example"}).status_code for _ in range(2)] == [200, 200]
    assert anonymous.get("/ping", headers={"Host": "a.example"}).status_code == 400


@override_settings(ALLOWED_HOSTS=["*"])
def test_remembers_a_few_hosts_and_never_a_refused_one(anonymous: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "KNOWN_HOSTS", {})
    for number in range(100):
        assert anonymous.get("/ping", headers={"Host": f"h{number}.example"}).status_code == 200
        assert anonymous.get("/ping", headers={"Host": f"no host {number}"}).status_code == 400
        assert 0 < len(gate.KNOWN_HOSTS) <= gate.MAX_KNOWN_HOSTS
    assert all(host.endswith(".example") for host in gate.KNOWN_HOSTS)


def test_only_headers_count_among_what_the_server_tells(anonymous: APIClient) -> None:
    assert anonymous.get("/ping", SOMETHING="a" * 9000).status_code == 200
    assert anonymous.generic("GET", "/ping", content_type="a" * 9000).status_code == 431

import io

import pytest
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
        ("/ping", "", {"Host": "evil.example"}, 400, "Invalid HTTP_HOST header: 'evil.example'. You may need to add"),
    ],
)
def test_refuses_before_any_route(
    path: str, query: str, headers: dict[str, str], status: int, detail: str, anonymous: APIClient
) -> None:
    answer = anonymous.get("/ping", headers=headers, PATH_INFO=path, QUERY_STRING=query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["detail"].startswith(detail)


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

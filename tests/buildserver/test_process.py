import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from buildserver.process import process
from tests.live import PROJECT


@given(st.text())
def test_says_which_message_was_received(message: str) -> None:
    assert process(message) == "The received message is: '" + message + "'"


@pytest.mark.parametrize("message", ["hello", "", "it's", '"quoted"', "ünïcødé 🐍", "a\nb\0c", "x" * 100_000])
def test_rest_answers_the_same(message: str, anonymous: APIClient) -> None:
    for name in ("message", "messages"):
        answer = anonymous.post("/process", {name: message}, format="json")
        assert (answer.status_code, answer.json()) == (200, {"message": process(message)})


def test_message_goes_before_messages(anonymous: APIClient) -> None:
    answer = anonymous.post("/process", {"message": "one", "messages": "two"}, format="json")
    assert answer.json() == {"message": process("one")}


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({}, "#/message", "this field is required: a string"),
        ({"message": 1}, "#/message", "this is not a string"),
        ({"message": None}, "#/message", "this is not a string"),
        ({"message": ["a"]}, "#/message", "this is not a string"),
        ({"messages": {"a": 1}}, "#/messages", "this is not a string"),
        ([1], "#", "Invalid data. Expected a dictionary, but got list."),
        ("text", "#", "Invalid data. Expected a dictionary, but got str."),
        (None, "#", "No data provided"),
    ],
)
def test_rest_answers_400_without_a_string(body: object, pointer: str, detail: str, anonymous: APIClient) -> None:
    import json  # noqa: PLC0415

    answer = anonymous.post("/process", json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert [(fault["pointer"], fault["detail"]) for fault in answer.json()["errors"]] == [(pointer, detail)]


def test_the_module_imports_nothing() -> None:
    code = "import sys; before = set(sys.modules); import buildserver.process; print(sorted(set(sys.modules) - before))"
    said = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "['buildserver', 'buildserver.process']"

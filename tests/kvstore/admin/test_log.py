"""The log and the kept answers in the admin."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kvstore import store
from kvstore.keys import path_of
from kvstore.models import Answer, Change
from tests.kvstore.admin.asking import save, text_of
from tests.kvstore.admin.conftest import Login

CHANGES, ANSWERS = "/admin/kvstore/change/", "/admin/kvstore/answer/"


def listed(page: Any) -> list[Any]:
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


def keep_an_answer() -> str:
    once = store.Once("a" * 64, "d", lambda _written: (201, b'{"key":"<k>"}'))
    save("a", namespace="once", once=once)
    return once.token


def test_changes_are_listed_the_newest_first_and_found_by_key_or_namespace(admin_client: Client) -> None:
    save("a", namespace="ci", author="laptop")
    save("a", namespace="team")
    save("ab", namespace="ci")
    store.delete(path_of("ci", "a"), now=timezone.now())

    def found(term: str) -> list[tuple[str, str]]:
        return [(one.op, one.path) for one in listed(admin_client.get(CHANGES, {"q": term}))]

    assert found("") == [("delete", "ci/a"), ("put", "ci/ab"), ("put", "team/a"), ("put", "ci/a")]
    assert found("ci/a") == [("delete", "ci/a"), ("put", "ci/a")]
    assert found("ci/") == [("delete", "ci/a"), ("put", "ci/ab"), ("put", "ci/a")]
    assert found("c") == []
    first = Change.objects.order_by("id").first()
    assert "laptop" in text_of(admin_client.get(f"{CHANGES}{first.pk}/change/"))


def test_answers_are_listed_and_shown(admin_client: Client) -> None:
    token = keep_an_answer()
    assert [one.token for one in listed(admin_client.get(ANSWERS))] == [token]
    assert "&quot;&lt;k&gt;&quot;" in text_of(admin_client.get(f"{ANSWERS}{token}/change/"))


@pytest.mark.parametrize("where", [CHANGES, ANSWERS, f"{CHANGES}?q=once/", f"{CHANGES}?q=once/a"])
def test_lists_read_no_value_and_go_by_an_index(admin_client: Client, where: str) -> None:
    keep_an_answer()
    with CaptureQueriesContext(connection) as queries:
        assert listed(admin_client.get(where))
    asked = [query["sql"] for query in queries if 'FROM "kvstore_' in query["sql"]]
    assert asked
    assert not any(column in sql for sql in asked for column in ('"value"', '"body"', "COUNT("))
    by = '"revision" DESC' if "q=" in where else '"at" DESC' if where == ANSWERS else '"id" DESC'
    assert all(re.search(f'ORDER BY "\\w+"\\.{by}( LIMIT|$)', sql) for sql in asked)


@pytest.mark.parametrize("where", [CHANGES, ANSWERS])
def test_nobody_changes_them(admin_client: Client, where: str) -> None:
    token = keep_an_answer()
    first = token if where == ANSWERS else Change.objects.get().pk
    for path in ("add/", f"{first}/delete/"):
        assert admin_client.get(f"{where}{path}").status_code == 403
        assert admin_client.post(f"{where}{path}", {"post": "yes"}).status_code == 403
    assert admin_client.post(f"{where}{first}/change/", {"version": 9}).status_code == 403
    admin_client.post(where, {"action": "delete_selected", "_selected_action": first, "post": "yes"})
    assert (Change.objects.count(), Answer.objects.count()) == (1, 1)


@pytest.mark.parametrize("where", [CHANGES, ANSWERS])
def test_who_may_not_look_does_not(login: Login, where: str) -> None:
    assert login("view_record").get(where).status_code == 403

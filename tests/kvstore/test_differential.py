"""The same requests, random and hostile, to stores on sqlite and on MariaDB: the same answers, byte for byte."""

import json
import os
import random
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from environ import Env
from pytest_django import DjangoDbBlocker, Settings

from buildserver import keys as access_keys
from kvstore.store import sweeping
from tests.kvstore.conftest import MIGRATED, MYSQL, TABLES, Clock, RecordsHere, add, remove, sqlite_settings
from tests.kvstore.hostile import CASES, ROOT
from tests.kvstore.wire import Answer, Request, is_problem, send

pytestmark = pytest.mark.service("mariadbd")
SIDES = ("on_sqlite", "on_mariadb")
NIGHTLY = os.environ.get("NIGHTLY", "") == "1"
REQUESTS = 20_000 if NIGHTLY else 1_200
ACCESS = {"narrow-one": ["kv:read@ns/a", "kv:write@ns/a/"], "reads": ["kv:read"], "writes": ["kv:write"]}
JSON = {"Content-Type": "application/json"}
NAMES = ("default", "ns", "ns-")
KEYS = ("a", "A", "a ", "a/b", "a/b/c", "b", "é", "e\u0301", "😀", "\uffff", "%2F", "k" * 512)
TEXTS = (
    "null", "0", "-0.0", "1E5", "123456789012345678901234567890", '"\\u00e9 é \\/"', "[ 1,\t2 ]", '{"b":1, "a": [] }',
    "[" * 99 + "]" * 99, "[" * 100 + "]" * 100, '""', "true",
)  # fmt: skip
TYPES = (
    "text/plain",
    "application/json",
    "image/png",
    "",
    "application/x-www-form-urlencoded",
    "Text/Plain; charset=x",
)
ETAGS = ("*", '"{0}"', '"{0}", "{1}"', 'W/"{0}"', '"{1}"', '"x"', "{0}", "")


@pytest.fixture(scope="module")
def both(mariadb: str, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Two migrated databases."""
    add("on_sqlite", sqlite_settings(tmp_path_factory.mktemp("sides") / "db.sqlite3"))
    add("on_mariadb", dict(Env.db_url_config(mariadb)) | {"OPTIONS": MYSQL})
    with django_db_blocker.unblock():
        for side in SIDES:
            MigrationExecutor(connections[side]).migrate(MIGRATED)
        yield
        for side in SIDES:
            MigrationExecutor(connections[side]).migrate([("kvstore", None)])
            remove(side)


class Both:
    """A store on each database; what is done is done to both."""

    def __init__(self, router: RecordsHere) -> None:
        self._router = router

    def on_each(self, call: Callable[[], Any]) -> Any:
        """What the call returns, the same on both."""
        found = []
        for side in SIDES:
            self._router.alias = side
            found.append(call())
        assert found[0] == found[1]
        return found[0]

    def send(self, request: Request) -> Answer:
        """The answer of both."""
        answer: Answer = self.on_each(lambda: send(request))
        assert answer.status < 500 or answer.status == 507, (request, answer)
        assert answer.status < 400 or is_problem(answer) or request.verb == "HEAD", (request, answer)
        return answer

    def stored(self) -> Any:
        """All that is stored, but for the numbers that the databases give to lines of the log."""
        return self.on_each(self._dump)

    def _dump(self) -> list[Any]:
        found: list[Any] = []
        with connections[self._router.alias].cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"SELECT * FROM {table}")
                names = [column[0] for column in cursor.description]
                rows = [dict(zip(names, map(plain, row), strict=True)) for row in cursor.fetchall()]
                found.append(sorted(json.dumps({**row, "id": 0}, sort_keys=True) for row in rows))
        return found


def plain(column: Any) -> Any:
    """A column as both databases have it."""
    if isinstance(column, bytes):
        return column.decode("utf-8", "surrogateescape")
    return str(column) if hasattr(column, "isoformat") else (int(column) if isinstance(column, bool) else column)


@pytest.fixture
def stores(both: None, settings: Settings, clock: Clock, django_db_blocker: DjangoDbBlocker) -> Iterator[Both]:
    """Both, empty; with access keys that may do less than all."""
    router = RecordsHere(SIDES[0])
    settings.DATABASE_ROUTERS = [router]
    made = [access_keys.make(name, name, scopes) for name, scopes in ACCESS.items()]
    settings.PRESHARED = access_keys.KeyRing([*settings.PRESHARED.keys, *made])
    with django_db_blocker.unblock():
        for side in SIDES:
            with connections[side].cursor() as cursor:
                for table in TABLES:
                    cursor.execute(f"DELETE FROM {table}")
            router.alias = side
            sweeping.forget_cached()
        yield Both(router)


class Sender:
    """Requests at random, some of which go on from earlier answers."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - to be the same again
        self.cursors = ["", "nothing"]
        self.versions = [0, 1, 2]
        self.revisions = [0, 1, 2**62]

    def pick(self, *options: Any) -> Any:
        return self.chance.choice(options)

    def request(self) -> Request:
        """The next one."""
        make = self.chance.choices(
            [self.put, self.get, self.delete, self.touch, self.save, self.plain, self.list, self.txn, self.changes,
             self.history, self.restore, self.namespaces, self.quota, self.hostile],
            [20, 12, 8, 6, 10, 8, 12, 14, 6, 6, 4, 2, 2, 10],
        )[0]  # fmt: skip
        made: Request = make()
        if self.chance.random() < 0.1:
            object.__setattr__(made, "key", self.pick(*ACCESS, None, "wrong"))
        return made

    def learn(self, answer: Answer) -> None:
        """Keep what a later request may name."""
        if answer.status >= 300 or not answer.body.startswith(b"{"):
            return
        try:
            told = answer.json()
        except ValueError:
            return
        if isinstance(told, dict):
            self.cursors = [*self.cursors[-8:], *([told["next"]] if isinstance(told.get("next"), str) else [])]
            self.versions = [*self.versions[-8:], *([told["version"]] if isinstance(told.get("version"), int) else [])]
            self.revisions = [*self.revisions[-8:], int(answer.headers.get("X-KV-Revision", 0))]

    # --- parts

    def key(self) -> str:
        """Most of them a few, so that what is written is found."""
        return str(self.pick(*(KEYS[:4] if self.chance.random() < 0.7 else KEYS)))

    def at(self, what: str = "keys") -> str:
        key = urllib.parse.quote(self.key(), safe=self.pick("", "/"))
        return f"{ROOT}/{self.pick(*NAMES)}/{what}/{key}"

    def condition(self) -> dict[str, str]:
        if self.chance.random() < 0.6:
            return {}
        text = self.pick(*ETAGS).format(self.pick(*self.versions), self.pick(*self.versions))
        return {self.pick("If-Match", "If-None-Match"): text}

    def once(self) -> dict[str, str]:
        return (
            {"Idempotency-Key": self.pick("one", "two", "three", "four", "bad key")}
            if self.chance.random() < 0.2
            else {}
        )

    def ttl(self) -> str:
        return str(self.pick("", "", "", "1", "0.5", "60", "60", "60", "x"))

    def value(self) -> bytes:
        return self.chance.randbytes(self.chance.randrange(12))

    # --- requests

    def put(self) -> Request:
        kind = self.pick(*TYPES)
        value = (
            self.pick(*TEXTS).encode() if kind == "application/json" and self.chance.random() < 0.9 else self.value()
        )
        meta = self.pick({}, {}, {"X-Meta-Who": "me"}, {"X-Meta-A": "x" * 1024, "X-Meta-B": "y"})
        return Request(
            "PUT", f"{self.at()}?ttl={self.ttl()}", value, {"Content-Type": kind, **meta, **self.condition()}
        )

    def get(self) -> Request:
        return Request(self.pick("GET", "GET", "HEAD"), self.at(), headers=self.condition())

    def delete(self) -> Request:
        return Request("DELETE", self.at(), headers=self.condition())

    def touch(self) -> Request:
        headers = {**self.condition(), **self.once()}
        return Request("POST", f"{self.at()}?{self.pick('touch', 'touch', 'Touch')}&ttl={self.ttl()}", headers=headers)

    def save(self) -> Request:
        ttl = self.pick("", "", ', "ttl": 1', ', "ttl": 60', ', "ttl": 60', ', "ttl": 0')
        version = self.pick("", "", "", "", f', "version": {self.pick(*self.versions)}', ', "version": "1"')
        body = f'{{"key": {json.dumps(self.key())}, "value": {self.pick(*TEXTS)}{ttl}{version}}}'
        return Request("POST", "/save", body.encode(), {**JSON, **self.once()})

    def plain(self) -> Request:
        verb = self.pick("GET", "GET", "HEAD", "DELETE")
        route = "/delete" if verb == "DELETE" else "/get"
        key = urllib.parse.quote(self.key(), safe="")
        return Request(verb, route + self.pick(f"/{key}", f"?key={key}"))

    def list(self) -> Request:
        query = {
            "prefix": self.pick("", "", "a", "a/", "A", "\uffff"),
            "delimiter": self.pick("", "/", "/", "b"),
            "limit": self.pick("1", "2", "3", "100", "0"),
            "values": self.pick("true", "false", "1"),
            "cursor": self.pick(*self.cursors),
        }
        sent = {name: value for name, value in query.items() if self.chance.random() < 0.6}
        return Request("GET", f"{ROOT}/{self.pick(*NAMES)}/keys?{urllib.parse.urlencode(sent)}")

    def txn(self) -> Request:
        compare = [f'{{"key": {json.dumps(self.pick(*KEYS[:4]))}, "version": {self.pick(*self.versions)}}}']
        branches = [", ".join(self.op() for _ in range(self.chance.randrange(6))) for _ in range(2)]
        compared = ", ".join(compare * self.pick(0, 0, 1))
        body = f'{{"compare": [{compared}], "success": [{branches[0]}], "failure": [{branches[1]}]}}'
        return Request("POST", f"{ROOT}/{self.pick(*NAMES)}/txn", body.encode(), {**JSON, **self.once()})

    def op(self) -> str:
        key = f'"key": {json.dumps(self.pick(*KEYS[:6]))}'
        return str(
            self.pick(
                f'{{"put": {{{key}, "value": {self.pick(*TEXTS)}}}}}',
                f'{{"put": {{{key}, "value": 1, "ttl": {self.pick("1", "0.5", "-1")}}}}}',
                f'{{"put": {{{key}, "value_base64": "/wA=", "content_type": "image/png"}}}}',
                f'{{"get": {{{key}}}}}',
                f'{{"get": {{{key}}}}}',
                f'{{"delete": {{{key}}}}}',
            )
        )

    def changes(self) -> Request:
        prefix, limit = self.pick("", "a", "a/"), self.pick("1", "3", "1000", "x")
        query = f"since={self.pick(*self.revisions)}&prefix={prefix}&limit={limit}"
        return Request("GET", f"{ROOT}/{self.pick(*NAMES)}/changes?{query}")

    def history(self) -> Request:
        query = self.pick("", f"?version={self.pick(*self.versions)}", f"?limit=2&cursor={self.pick(*self.cursors)}")
        return Request(self.pick("GET", "HEAD"), f"{self.at('history')}{query}")

    def restore(self) -> Request:
        body = f'{{"restore": {self.pick(*self.versions)}}}'
        return Request("POST", self.at("history"), body.encode(), {**JSON, **self.once()})

    def namespaces(self) -> Request:
        if self.chance.random() < 0.3:
            return Request("DELETE", f"{ROOT}/{self.pick(*NAMES)}")
        return Request("GET", f"{ROOT}?limit={self.pick(1, 2, 100)}&cursor={self.pick(*self.cursors)}")

    def quota(self) -> Request:
        target = f"{ROOT}/{self.pick(*NAMES)}/quota"
        if self.chance.random() < 0.3:
            return Request("GET", target)
        body = self.pick('{"max_keys": 3}', '{"max_bytes": 30}', "{}", "{}", '{"max_keys": -1}')
        return Request("PUT", target, body.encode(), JSON)

    def hostile(self) -> Request:
        request = self.pick(*CASES.values()).request
        return Request(request.verb, request.target, request.body, request.headers, request.declared, request.key)


@pytest.mark.parametrize("seed", range(3))
def test_both_answer_alike(stores: Both, clock: Clock, seed: int) -> None:
    sender = Sender(seed)
    statuses: dict[int, int] = {}
    for number in range(REQUESTS):
        answer = stores.send(sender.request())
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        sender.learn(answer)
        clock.move(sender.pick(0, 0, 0.000001, 0.25, 1))
        if number % 100 == 99:
            sweep(stores, sender, clock)
            stores.stored()
    # They are worth sending: most ways to answer were tried.
    assert statuses.keys() >= {200, 201, 204, 400, 401, 403, 404, 405, 412, 413, 414, 415, 422}
    assert sum(statuses[status] for status in (200, 201, 204)) > REQUESTS / 4, statuses


def sweep(stores: Both, sender: Sender, clock: Clock) -> None:
    """What goes by itself."""
    count, days = sender.pick(1, 3, 20), sender.pick(0, 30)
    stores.on_each(lambda: list(sweeping.expire(clock.now)))
    stores.on_each(lambda: list(sweeping.trim_by_count(count)))
    stores.on_each(lambda: list(sweeping.trim_by_age(clock.now - timedelta(days=days, seconds=20))))
    stores.on_each(lambda: list(sweeping.drop_answers(clock.now)))


def test_both_refuse_alike(stores: Both) -> None:
    for case in CASES.values():
        assert stores.send(case.request).status == case.status
    assert stores.stored() == [[]] * len(TABLES)

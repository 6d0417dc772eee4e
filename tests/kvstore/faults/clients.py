"""Clients that read and write a few keys as fast as they are answered, and note what they were told."""

import http.client
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.kvstore.linearizable import NEVER, Operation

KEYS = [f"key-{number}" for number in range(6)]
WRITES = 0.4
DELETES = 0.05
TIMEOUT_S = 30


@dataclass
class Seen:
    """What all clients were told."""

    operations: list[Operation] = field(default_factory=list)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    without_retry_after: int = 0


class Clients:
    """Threads with a connection each. They stop by themselves after `count` operations each."""

    def __init__(self, url: str, key: str, count: int, threads: int = 6, namespace: str = "faults") -> None:
        """Not started yet."""
        self.seen = Seen()
        self.done = 0
        self._address = urlsplit(url)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._base = f"/api/v1/namespaces/{namespace}/keys/"
        self._count = count
        self._contents = itertools.count()
        self._threads = [threading.Thread(target=self._run, args=[seed]) for seed in range(threads)]

    @contextmanager
    def working(self) -> Iterator["Clients"]:
        """While they work; at the end all have."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            for thread in self._threads:
                thread.join()

    def wait_for(self, part: float) -> None:
        """Until this part of all operations is over."""
        while self.done < part * self._count * len(self._threads) and any(one.is_alive() for one in self._threads):
            time.sleep(0.002)

    def until(self, condition: Callable[[Seen], bool]) -> None:
        """Until what they have seen fulfils the condition, or they have nothing more to do."""
        while not condition(self.seen) and any(one.is_alive() for one in self._threads):
            time.sleep(0.002)

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - which operation comes next
        connection = self._connect()
        for _ in range(self._count):
            key, what = chance.choice(KEYS), chance.random()
            try:
                if what < DELETES:
                    self._write(connection, "DELETE", key, None)
                elif what < WRITES:
                    self._write(connection, "PUT", key, f"{next(self._contents)}")
                else:
                    self._read(connection, key)
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = self._connect()
            self.done += 1
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(str(self._address.hostname), self._address.port, timeout=TIMEOUT_S)

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, key: str, body: str | None = None
    ) -> tuple[int, int | None, str]:
        connection.request(method, self._base + key, body, self._headers)
        answer = connection.getresponse()
        content = answer.read().decode()
        self.seen.statuses[method, answer.status] += 1
        if answer.status == http.client.SERVICE_UNAVAILABLE and not answer.headers.get("Retry-After"):
            self.seen.without_retry_after += 1
        revision = answer.headers.get("X-KV-Revision")
        return answer.status, None if revision is None else int(revision), content

    def _write(self, connection: http.client.HTTPConnection, method: str, key: str, body: str | None) -> None:
        """A write that was not acknowledged may have happened, then or later."""
        start = time.monotonic()
        try:
            status, told, _ = self._ask(connection, method, key, body)
        except (OSError, http.client.HTTPException):
            self._note(key, start, NEVER, None, body)
            raise
        if status == http.client.NOT_FOUND:  # a deletion of what is not there is a read of that
            self.seen.operations.append(Operation(key, start, time.monotonic(), told))
        elif status == http.client.SERVICE_UNAVAILABLE:
            self._note(key, start, NEVER, None, body)
        else:
            assert status in (200, 201, 204), status
            self._note(key, start, time.monotonic(), told, body)

    def _note(self, key: str, start: float, end: float, revision: int | None, content: str | None) -> None:
        self.seen.operations.append(Operation(key, start, end, revision, content, write=True))

    def _read(self, connection: http.client.HTTPConnection, key: str) -> None:
        start = time.monotonic()
        status, revision, content = self._ask(connection, "GET", key)
        if status == http.client.SERVICE_UNAVAILABLE:
            return
        assert status in (200, 404), (status, content)
        shown = content if status == http.client.OK else None
        self.seen.operations.append(Operation(key, start, time.monotonic(), revision, shown))

"""Calls of a Redis whose names carry the run of the server that answers, so that a restart leaves nothing to be found.

They carry the owner's name too, so that several can share one Redis.

A run is one life of a Redis process; its id (INFO server) is made anew at each start. A connection reaches one run
only: it asks for the id as it is made, and names are made from it. Not through a proxy that spreads the calls of one
connection over several servers.
"""

import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from redis.backoff import NoBackoff
from redis.connection import Connection, parse_url
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.retry import Retry

logger = logging.getLogger(__name__)
TIMEOUT_S = 0.5
REST_S = 1.0
RUN = re.compile(rb"run_id:(\w+)")


class Away(Exception):
    """Redis does not answer, or refuses; or did so a moment ago."""


class Script:
    """What Redis runs in one step."""

    def __init__(self, text: str) -> None:
        """In Lua."""
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Runs:
    """Connections to one Redis.

    They lie in a list, the last used on top: as many as there are calls at a time, whatever threads come and go.
    """

    def __init__(self, url: str, owner: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is connected before the first call. Raises ValueError for what is no address.

        owner  tells the name of whose calls these are; asked until it has told, and what it raises passes through
        """
        options: dict[str, Any] = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, **parse_url(url)}  # type: ignore[no-untyped-call]
        self._class = options.pop("connection_class", Connection)
        self._options = options | {
            "protocol": 2,
            "driver_info": None,
            "retry": Retry(NoBackoff(), 0),  # a new connection may be to another run, and needs other names
            "redis_connect_func": greet,
        }
        self._clock = clock
        self._tell_owner = owner
        self._idle: list[Any] = []
        self._rests_until_s = float("-inf")
        self._told_until_s = float("-inf")
        self._resting = threading.Lock()

    @cached_property
    def _owner(self) -> str:
        return self._tell_owner()

    def call(self, script: Script, names: Sequence[str], *arguments: bytes | str | int) -> Any:
        """What the script returns; raises Away.

        The script must bear being run twice: where a connection broke while it lay idle, a new one is made.
        Where there was no answer nobody tries for REST_S, and then one first.
        """
        with self._resting:
            now_s = self._clock()
            if now_s < self._rests_until_s:
                raise Away("Redis did not answer a moment ago")
            resting = self._rests_until_s > float("-inf")
            if resting:
                self._rests_until_s = now_s + REST_S
        try:
            answer = self._call(script, names, arguments)
        except ResponseError as fault:  # such as: its memory is full
            self._rests_until_s = float("-inf")
            self._tell(fault)
            raise Away(str(fault)) from fault
        except RedisError as fault:
            self._rests_until_s = self._clock() + REST_S
            self._tell(fault)
            raise Away(str(fault)) from fault
        if resting:
            self._rests_until_s = float("-inf")
        return answer

    def after_fork(self) -> None:
        """The connections are the parent's."""
        self._idle = []
        self._resting = threading.Lock()

    def close(self) -> None:
        """Close the idle connections; the next call makes new ones."""
        while self._idle:
            self._idle.pop().disconnect()

    def _tell(self, fault: RedisError) -> None:
        """Log, but not for every call."""
        if self._clock() >= self._told_until_s:
            self._told_until_s = self._clock() + REST_S
            logger.warning("the cache's Redis is away, or refuses", extra={"fault": str(fault)})

    def _call(self, script: Script, names: Sequence[str], arguments: Sequence[bytes | str | int]) -> Any:
        """Over an idle connection, and over a new one where that one broke."""
        try:
            idle = self._idle.pop()
        except IndexError:
            pass
        else:
            try:
                return self._run(idle, script, names, arguments)
            except Lost:
                self.close()  # the others are of the same age
        return self._run(self._class(**self._options), script, names, arguments)

    def _run(self, connection: Any, script: Script, names: Sequence[str], arguments: Sequence[Any]) -> Any:
        """One call; a connection on which it went well, or was refused, is kept."""
        try:
            connection.connect()
            named = [f"{self._owner}:{connection.run}:{name}" for name in names]
            try:
                connection.send_command("EVALSHA", script.digest, len(named), *named, *arguments)
                answer = connection.read_response()
            except NoScriptError:
                connection.send_command("EVAL", script.text, len(named), *named, *arguments)
                answer = connection.read_response()
        except BaseException as fault:
            if isinstance(fault, ResponseError):
                self._idle.append(connection)
            else:
                connection.disconnect()
            raise
        self._idle.append(connection)
        return answer


def greet(connection: Any) -> None:
    """Log in, and learn which run this is."""
    connection.on_connect()
    connection.send_command("INFO", "server")
    found = RUN.search(connection.read_response())
    if found is None:
        raise Lost("Redis does not tell its run_id")
    connection.run = found[1].decode()

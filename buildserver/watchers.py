"""Places for answers that last, streams and long polls: each holds a thread of its process, so they are counted.

All apps of a process share MAX_WATCHERS places: an app's setting names `buildserver.watchers.take`.
"""

import contextlib
import os
import select
import signal
import socket
import stat
import threading
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import APIException

from buildserver.problems import RETRY_AFTER_S

SEND_TIMEOUT_S = 10  # for a client to take what was sent to it
LOST_AFTER_MS = 30_000  # without a sign of life of the client's machine
GONE = getattr(select, "POLLRDHUP", 0) | getattr(select, "POLLHUP", 0) | getattr(select, "POLLERR", 0)


class NoPlace(APIException):
    """Every place is taken, or this process is about to stop: another one, or a later request, may find one."""

    status_code = 503
    default_code = "no_place"
    headers = {"Retry-After": str(RETRY_AFTER_S)}


class Place:
    """A place that was taken. It is given back by `close`, at the end of a `with`, and at last with the object."""

    def __init__(self, places: "Places", client: socket.socket | None) -> None:
        """`client`: the connection, where the server tells it."""
        token = object()
        places.taken.add(token)
        self._places = places
        self._give_back = weakref.finalize(self, places.taken.discard, token)
        self._give_back.atexit = False
        self._client = client
        self._poll = None if client is None else watch_for_end(client)

    def over(self) -> bool:
        """Whether nobody waits for the answer any more: the client has gone, or this process is told to stop.

        To be asked twice a second. Of a client that only closed its sending half it is taken that it has gone.
        """
        return self._places.stopping or (self._poll is not None and bool(self._poll.poll(0)))

    def cut(self) -> None:
        """End the connection of a client that did not take what was sent; gunicorn would wait for it to say goodbye."""
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give it back; a second time nothing happens."""
        self._give_back()

    def __enter__(self) -> Self:
        """The place itself."""
        return self

    def __exit__(self, _kind: type[BaseException] | None, _fault: object, _trace: TracebackType | None) -> None:
        """Give it back."""
        self.close()


class Places:
    """The places of one process."""

    def __init__(self) -> None:
        """All are free."""
        self.taken: set[object] = set()  # a finalizer may run anywhere, so nothing that gives back takes a lock
        self.stopping = False
        self._taking = threading.Lock()

    def take(self, request: HttpRequest) -> Place:
        """A place for the sender of `request`; raises NoPlace (503)."""
        with self._taking:
            if self.stopping:
                raise NoPlace("this worker is about to stop")
            if len(self.taken) >= settings.MAX_WATCHERS:
                raise NoPlace(f"all {settings.MAX_WATCHERS} places for watchers of this worker are taken")
            client = request.META.get("gunicorn.socket")
            if client is None:
                bound_what_is_unread(request.META.get("REMOTE_ADDR", ""))
            return Place(self, client)

    def stop(self) -> None:
        """End every answer that lasts, and begin no other. Safe in a signal's handler."""
        self.stopping = True


PLACES = Places()
take = PLACES.take


def watch_for_end(client: socket.socket) -> "select.poll":
    """What tells the connection's end. From here on a send that the client does not take ends it too."""
    client.settimeout(SEND_TIMEOUT_S)
    end_when_lost(client)
    poll = select.poll()
    poll.register(client, GONE)
    return poll


def end_when_lost(client: socket.socket) -> None:
    """Have the kernel end the connection when for LOST_AFTER_MS nothing of what was sent is taken."""
    with contextlib.suppress(AttributeError, OSError):  # where the system, or the kind of socket, has no such option
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LOST_AFTER_MS)


def bound_what_is_unread(address: str) -> None:
    """`end_when_lost` for the connections of a client of a server that does not tell them.

    granian sends from a thread that Python cannot interrupt, and waits for ever while a client reads nothing. Which of
    the process's connections with that address it is does not matter.
    """
    with contextlib.suppress(OSError):  # where the system has no such list
        for number in [int(file.name) for file in Path("/proc/self/fd").iterdir()]:
            with contextlib.suppress(OSError):  # it was closed meanwhile, or is no connection
                if stat.S_ISSOCK(os.fstat(number).st_mode):
                    with socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM) as client:
                        if client.getpeername()[:1] == (address,):
                            end_when_lost(client)


def stop_on_signals() -> None:
    """`PLACES.stop` on SIGINT and SIGTERM, whoever handles them; for servers that tell no worker. Main thread only."""
    read, write = socket.socketpair()
    write.setblocking(False)
    signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=stop_when_told, args=(read, write), daemon=True).start()


def stop_when_told(read: socket.socket, _write: socket.socket) -> None:
    """Read the numbers of signals until it is one of the two. Holds both ends open."""
    while read.recv(1)[0] not in (signal.SIGINT, signal.SIGTERM):
        pass
    PLACES.stop()

"""Where the work is done: on the server that BUILDSERVER_URL names, or here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from buildserver.cli.saying import CONFLICT, NOT_FOUND, REFUSED, UNREACHABLE, end

if TYPE_CHECKING:
    from buildserver import local, remote
    from buildserver.remote.http import Server


@contextmanager
def server() -> Iterator[Server | None]:
    """The server of BUILDSERVER_URL, or None for this machine; a refusal ends with its exit code."""
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - each command imports its own

    from buildserver.remote import http  # noqa: PLC0415

    codes = {http.NOT_FOUND: NOT_FOUND, http.CONFLICT: CONFLICT, http.PRECONDITION_FAILED: CONFLICT}
    try:
        from buildserver import env  # noqa: PLC0415 - reads the file, which may be wrong

        url = env.text("BUILDSERVER_URL")
        if not url:
            yield None
        else:
            with closing(http.Server(url, env.text("BUILDSERVER_KEY"))) as there:
                yield there
    except http.Unreachable as fault:
        end(UNREACHABLE, str(fault))
    except http.Refused as fault:
        end(UNREACHABLE if fault.status in (502, 503, 504) else codes.get(fault.status, REFUSED), str(fault))
    except (ImproperlyConfigured, ValueError) as fault:
        end(REFUSED, str(fault))


@contextmanager
def assets() -> Iterator[local.assets.Assets | remote.assets.Assets]:
    """The assets of the server, or of this machine."""
    with server() as there:
        if there is None:
            from buildserver.local.assets import Assets as Here  # noqa: PLC0415 - Django is for work on this machine

            yield Here()
        else:
            from buildserver.remote.assets import Assets as There  # noqa: PLC0415

            yield There(there)


@contextmanager
def records(namespace: str) -> Iterator[local.kv.Records | remote.kv.Records]:
    """The key/value records of a namespace on the server, or on this machine."""
    with server() as there:
        if there is None:
            from buildserver.local.kv import Records as Here  # noqa: PLC0415 - Django is for work on this machine

            yield Here(namespace)
        else:
            from buildserver.remote.kv import Records as There  # noqa: PLC0415

            yield There(there, namespace)

"""Where the work is done: on the server that BUILDSERVER_URL names, or here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from buildserver.cli.saying import CONFLICT, NOT_FOUND, REFUSED, UNREACHABLE, end

if TYPE_CHECKING:
    from buildserver.local import Local
    from buildserver.remote import Remote


@contextmanager
def server() -> Iterator[Remote | None]:
    """The server of BUILDSERVER_URL, or None for this machine; a refusal ends with its exit code."""
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - each command imports its own

    from buildserver import remote  # noqa: PLC0415

    try:
        from buildserver import env  # noqa: PLC0415 - reads the file, which may be wrong

        url = env.text("BUILDSERVER_URL")
        yield remote.Remote(url, env.text("BUILDSERVER_KEY")) if url else None
    except remote.Unreachable as fault:
        end(UNREACHABLE, str(fault))
    except remote.Refused as fault:
        code = {remote.NOT_FOUND: NOT_FOUND, remote.CONFLICT: CONFLICT}.get(fault.status, REFUSED)
        end(UNREACHABLE if fault.status in (502, 503, 504) else code, str(fault))
    except (ImproperlyConfigured, ValueError) as fault:
        end(REFUSED, str(fault))


@contextmanager
def assets() -> Iterator[Local | Remote]:
    """The assets of the server, or of this machine."""
    with server() as there:
        if there is None:
            from buildserver.local import Local  # noqa: PLC0415 - Django is for work on this machine only

            yield Local()
        else:
            yield there

"""The bytes that commands take and give: of an argument, a file, or a standard stream."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from buildserver.cli.saying import NOT_FOUND, REFUSED, end


@contextmanager
def opened(text: str | None, path: str | None) -> Iterator[tuple[IO[bytes], int | None]]:
    """A text or a file as a stream, with its size where that is known."""
    if text is not None:
        data = text.encode("utf-8", "surrogateescape")
        yield io.BytesIO(data), len(data)
    elif path == "-":
        yield sys.stdin.buffer, None
    else:
        try:
            file = Path(str(path)).open("rb")  # noqa: SIM115 - closed below
        except OSError as fault:
            end(NOT_FOUND, f"{path} cannot be read: {fault.strerror}")
        with file:
            regular = Path(str(path)).is_file()
            yield file, Path(str(path)).stat().st_size if regular else None


def write(output: str | None, pieces: Iterator[bytes]) -> None:
    """The pieces to standard output, or as a file that is whole or not there."""
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    else:
        write_file(Path(output), pieces)


def write_file(path: Path, pieces: Iterator[bytes]) -> None:
    """The pieces, in their place when they are all there; what is no file, such as a pipe, gets them as they come."""
    from buildserver.remote.http import Unreachable  # noqa: PLC0415 - each command imports its own

    whole = path.is_file() or not path.exists()
    path = path.resolve() if whole else path  # a link stays one
    partial = path.with_name(f".{path.name}.partial")
    try:
        with (partial if whole else path).open("wb") as file:
            file.writelines(pieces)
        if whole:
            partial.replace(path)
    except Unreachable:
        raise
    except OSError as fault:
        end(REFUSED, f"{path} cannot be written: {fault.strerror}")
    finally:
        partial.unlink(missing_ok=True)

"""`builder put-assets`: the files of a directory, several at a time, without those that are there."""

from __future__ import annotations

import hashlib
import os
import random
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from buildserver.cli.assets import labels_of
from buildserver.cli.places import assets
from buildserver.cli.saying import CONFLICT, NOT_FOUND, REFUSED, as_json, end, show

if TYPE_CHECKING:
    from buildserver import local, remote

ASKED_AT_ONCE = 1000
TRIES = 4
PAUSE_S = 0.5
STEP_BYTES = 2**20


@dataclass(frozen=True)
class Found:
    """A file, the name that it gets, and its SHA-256 in hex."""

    path: Path
    name: str
    sha256: str = ""


@dataclass
class Told:
    """What became of the files; `refused` with the reason."""

    stored: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    conflict: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


@click.command("put-assets")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--prefix", default="", help="Before each file's path below DIRECTORY.")
@click.option("--include", "globs", multiple=True, metavar="GLOB", help="Only paths that one of these fits; * takes /.")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="So many at a time.")
@click.option("--replace", is_flag=True, help="Give way to other bytes that are there.")
@click.option("--label", "labels", multiple=True, metavar="K=V", callback=labels_of, help="Said of each; several.")
@as_json
def put_assets(
    directory: Path,
    prefix: str,
    globs: tuple[str, ...],
    jobs: int,
    replace: bool,  # noqa: FBT001 - click's form
    labels: dict[str, str],
    as_json: bool,  # noqa: FBT001 - click's form
) -> None:
    """Store the files below DIRECTORY, but those that are there with the same bytes."""
    if not directory.is_dir():
        end(NOT_FOUND, f"{directory} is no directory")
    files = sorted(found(directory, prefix, globs), key=lambda file: file.name.encode("utf-8", "surrogateescape"))
    with Putting(jobs, replace=replace, labels=labels) as putting:
        told = putting.put(files)
    for name in told.conflict:
        click.echo(f"builder: {name} has other bytes; --replace would replace them", err=True)
    for name, why in told.refused.items():
        click.echo(f"builder: {name}: {why}", err=True)
    summary = f"{len(told.stored)} stored, {len(told.unchanged)} unchanged"
    show(vars(told), summary, as_json=as_json)
    if told.conflict or told.refused:
        sys.exit(REFUSED if told.refused else CONFLICT)


def found(directory: Path, prefix: str, globs: Sequence[str]) -> Iterator[Found]:
    """The regular files below the directory, links to directories not followed."""
    for folder, _, files in os.walk(directory, onerror=unreadable):
        for file in files:
            path = Path(folder, file)
            below = path.relative_to(directory).as_posix()
            if path.is_file() and (not globs or any(fnmatchcase(below, glob) for glob in globs)):
                yield Found(path, prefix + below)


def unreadable(fault: OSError) -> None:
    """What cannot be looked through is not passed over."""
    end(REFUSED, f"{fault.filename} cannot be read: {fault.strerror}")


class Putting:
    """Threads, each with a connection of its own where it needs one."""

    def __init__(self, jobs: int, *, replace: bool, labels: dict[str, str]) -> None:
        """So many at a time."""
        self._jobs, self._replace, self._labels = jobs, replace, labels
        self._threads = threading.local()
        self._closing = threading.Lock()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Where the assets go."""
        self._first = self._stack.enter_context(assets())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what was opened; a fault ends with its exit code."""
        self._stack.__exit__(kind, fault, trace)

    def put(self, files: Sequence[Found]) -> Told:
        """Put what is not there; raises Unreachable where that cannot be done."""
        told = Told()
        bar = click.progressbar(length=len(files), file=sys.stderr, hidden=not sys.stderr.isatty())
        with bar, ThreadPoolExecutor(self._jobs) as pool:
            hashed = list(pool.map(with_digest, files))
            wanted = []
            for start in range(0, len(hashed), ASKED_AT_ONCE):
                some = hashed[start : start + ASKED_AT_ONCE]
                there = self._first.have([(file.name, file.sha256) for file in some])
                told.unchanged += there["present"]
                known = set(there["present"])
                if not self._replace:
                    told.conflict += there["conflict"]
                    known |= set(there["conflict"])
                wanted += [file for file in some if file.name not in known]
                bar.update(len(known))
            running = [pool.submit(self._put, file, told) for file in wanted]
            try:
                for done in as_completed(running):
                    done.result()
                    bar.update(1)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        for names in (told.stored, told.unchanged, told.conflict):
            names.sort(key=str.encode)
        return told

    def _put(self, file: Found, told: Told) -> None:
        """One file; tried again where the other side does not answer for a moment."""
        from buildserver.remote import http  # noqa: PLC0415 - each command imports its own

        for left in reversed(range(TRIES)):
            try:
                self._once(file)
            except http.Refused as fault:
                if fault.status == http.CONFLICT:
                    told.conflict.append(file.name)
                    return
                if fault.status not in (429, 502, 503, 504) or not left:
                    told.refused[file.name] = str(fault)
                    return
            except http.Unreachable:
                if not left:
                    raise
                self._forget()
            except OSError as fault:
                told.refused[file.name] = f"{file.path} cannot be read: {fault.strerror}"
                return
            else:
                told.stored.append(file.name)
                return
            time.sleep(PAUSE_S * 2 ** (TRIES - 1 - left) * (0.5 + random.random()))  # noqa: S311 - spreads load

    def _once(self, file: Found) -> None:
        size = file.path.stat().st_size
        with file.path.open("rb") as data:
            self._place().put(file.name, data, size, replace=self._replace, labels=self._labels, sha256=file.sha256)

    def _place(self) -> local.assets.Assets | remote.assets.Assets:
        """The thread's own."""
        if not hasattr(self._threads, "place"):
            with self._closing:
                self._threads.place = self._stack.enter_context(assets())
        place: local.assets.Assets | remote.assets.Assets = self._threads.place
        return place

    def _forget(self) -> None:
        """Connect anew the next time."""
        del self._threads.place


def with_digest(file: Found) -> Found:
    """The file with its SHA-256; what cannot be read is refused later, when it is to be sent."""
    digest = hashlib.sha256()
    try:
        with file.path.open("rb") as data:
            while step := data.read(STEP_BYTES):
                digest.update(step)
    except OSError:
        pass
    return Found(file.path, file.name, digest.hexdigest())

"""`manage.py kv_export`: namespaces as lines of JSON."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from kvstore import exports, keys
from kvstore.exports import End, Header, Item, Record
from kvstore.management.exits import NOT_FOUND, REFUSED, exits
from kvstore.management.progress import Progress
from kvstore.store import exporting


class Command(BaseCommand):
    """Writes all that is in a namespace at one moment, while others go on writing to it."""

    help = (
        "Write namespaces as lines of JSON, each as it is at one revision: keys with values, versions, types, metadata "
        "and times. kv_import reads them, also into another database."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """What, and where to."""
        parser.add_argument("--namespace", action="append", metavar="NS", help="this one, several by repeating; all")
        parser.add_argument("--history", action="store_true", help="also what is kept of earlier values")
        parser.add_argument("-o", "--output", default="-", metavar="FILE", help="- is standard output, as without it")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say what was written, beside it."""
        names = options["namespace"]
        with exits(), Progress(sys.stderr) as progress:
            for name in names or ():
                keys.check_namespace(name)
            count = Count(progress, exporting.key_count(names))
            with closing(exporting.export(names, history=options["history"], now=timezone.now())) as items:
                self.write(options["output"], count.each(items))
        self.stderr.write(f"{count.records} records of {count.namespaces} namespaces")

    def write(self, output: str, lines: Iterator[bytes]) -> None:
        """The lines to standard output, or as a file that is whole or not there."""
        out: Any = self.stdout
        try:
            if output == "-":
                out.buffer.writelines(lines)
                out.buffer.flush()
            else:
                save(Path(output), lines)
        except OSError as fault:
            where = "standard output" if output == "-" else output
            raise CommandError(f"{where} cannot be written: {fault.strerror}", returncode=REFUSED) from None


class Count:
    """What goes by."""

    def __init__(self, progress: Progress, total: int) -> None:
        """Of about `total` records."""
        self.namespaces = self.records = 0
        self._progress = progress
        self._total = total

    def each(self, items: Iterator[Item]) -> Iterator[bytes]:
        """The items as lines, counted; raises CommandError where there is none, for an empty file is no export."""
        for item in items:
            self.namespaces += isinstance(item, Header)
            self.records += isinstance(item, Record)
            if isinstance(item, Record | End):
                self._progress.show("exporting", self.records, self._total)
            yield exports.encode(item)
        if not self.namespaces:
            raise CommandError("there is nothing to export", returncode=NOT_FOUND)


def save(path: Path, lines: Iterator[bytes]) -> None:
    """The lines as a file for its owner only, in its place when they are all on the disk.

    What is no file, such as a pipe, gets them as they come.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.writelines(lines)
        return
    path = path.resolve()  # a link stays one
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(partial, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)

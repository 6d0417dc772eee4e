"""`manage.py kv_import`: what `kv_export` wrote, read back."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec
from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from kvstore import keys
from kvstore.conf import conf
from kvstore.management.exits import NOT_FOUND, exits
from kvstore.management.progress import Progress
from kvstore.store import importing
from kvstore.store.merging import OnConflict, Wanted


class Command(BaseCommand):
    """Reads a file twice: nothing is written before all of it was found right."""

    help = (
        "Read what kv_export wrote. Versions, types, metadata and times are kept, and no version is given twice. A "
        "file that is cut short or wrong is refused with the line, and nothing of it is written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What, and what to do with what is there."""
        parser.add_argument("file", nargs="?", default="-", help="- is standard input, as when it is left out")
        parser.add_argument(
            "--on-conflict", type=OnConflict, choices=list(OnConflict), required=True, metavar="POLICY",
            help="a key that is there with another value: skip leaves it, replace overwrites it, newer takes what was "
            "written later, fail refuses the file",
        )  # fmt: skip
        parser.add_argument(
            "--namespace", action="append", default=[], metavar="NS[=OTHER]",
            help="only this one, under the other name where one is given; several by repeating",
        )  # fmt: skip
        parser.add_argument("--history", action="store_true", help="also the earlier values in the file")
        parser.add_argument("--json", action="store_true", help="tell the counts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say what became of the records."""
        with exits(), Progress(sys.stderr) as progress:
            wanted = Wanted(
                on_conflict=options["on_conflict"],
                clock=timezone.now,
                max_value_bytes=conf.max_value_bytes,
                names=dict(map(names_of, options["namespace"])) or None,
                history=options["history"],
            )
            with opened(options["file"]) as (file, size_bytes):
                done = importing.run(file, wanted, lambda what, position: progress.show(what, position, size_bytes))
        self.stdout.write(msgspec.json.encode(done).decode() if options["json"] else str(done))


def names_of(option: str) -> tuple[str, str]:
    """`NS` or `NS=OTHER`; raises BadNamespace."""
    name, _, other = option.partition("=")
    keys.check_namespace(name)
    keys.check_namespace(other or name)
    return name, other or name


@contextmanager
def opened(name: str) -> Iterator[tuple[IO[bytes], int]]:
    """A file that can be read twice, and its size: of standard input a copy on the disk."""
    if name == "-":
        with TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            size_bytes = copy.tell()
            copy.seek(0)
            yield copy, size_bytes
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - only opening it is the file's fault
    except OSError as fault:
        raise CommandError(f"{name} cannot be read: {fault.strerror}", returncode=NOT_FOUND) from None
    with file:
        yield file, Path(name).stat().st_size

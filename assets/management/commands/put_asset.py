"""`manage.py put_asset BUILD [FILE]`."""

import sys
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from assets import services
from assets.management.exits import REFUSED, exits


class Command(BaseCommand):
    """Stores a file, or standard input."""

    help = "Store the bytes of FILE, or of standard input, as BUILD."
    requires_system_checks = []  # they take longer than a small put

    def add_arguments(self, parser: CommandParser) -> None:
        """BUILD [FILE] [--replace]."""
        parser.add_argument("build")
        parser.add_argument("file", nargs="?", default="-", help="- is standard input, as when it is left out")
        parser.add_argument("--replace", action="store_true", help="other bytes of this name give way")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say what was stored."""
        with exits():
            done = store(options["build"], options["file"], replace=options["replace"])
        asset, what = done.asset, "stored" if done.created else "unchanged"
        self.stdout.write(f"{what}\t{asset.name}\t{asset.size}\t{asset.sha256}")


def store(build: str, file: str, *, replace: bool) -> services.Put:
    """Put the file, or standard input; raises CommandError when it cannot be read."""
    if file == "-":
        return services.put(build, sys.stdin.buffer, replace=replace)
    try:
        source = Path(file).open("rb")  # noqa: SIM115 - only opening it is the file's fault
    except OSError as fault:
        raise CommandError(f"{file} cannot be read: {fault.strerror}", returncode=REFUSED) from None
    with source:
        return services.put(build, source, replace=replace)

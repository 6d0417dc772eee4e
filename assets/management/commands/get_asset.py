"""`manage.py get_asset BUILD`."""

from contextlib import closing
from typing import Any

from django.core.management import BaseCommand, CommandParser

from assets import services
from assets.management.exits import exits


class Command(BaseCommand):
    """Writes an asset to standard output, byte for byte."""

    help = "Write the bytes of BUILD to standard output."
    requires_system_checks = []  # they take longer than a small get

    def add_arguments(self, parser: CommandParser) -> None:
        """BUILD."""
        parser.add_argument("build")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exactly its bytes."""
        out: Any = self.stdout
        with exits():
            _, pieces = services.read(services.find(options["build"]))
            with closing(pieces):
                for data in pieces:
                    out.buffer.write(data)
        out.flush()

"""`manage.py list_assets`."""

from typing import Any

from django.core.management import BaseCommand, CommandParser

from assets import services
from assets.management.exits import exits


class Command(BaseCommand):
    """Writes a line an asset: name, size in bytes, SHA-256, with tabs between them, which no name has."""

    help = "List the assets by name: name, size in bytes and SHA-256, separated by tabs."
    requires_system_checks = []  # they take longer than the list

    def add_arguments(self, parser: CommandParser) -> None:
        """`--prefix`."""
        parser.add_argument("--prefix", default="", help="only names that begin with it")

    def handle(self, *_args: Any, **options: Any) -> None:
        """In byte order."""
        with exits():
            for asset in services.every(options["prefix"]):
                self.stdout.write(f"{asset.name}\t{asset.size}\t{asset.sha256}")

"""`manage.py make_key NAME SCOPE…`: a new key, shown once, and its line for PRESHARED_KEYS_FILE."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from buildserver import keys


class Command(BaseCommand):
    """Prints; it writes no file, so that a key is kept where its owner decides."""

    help = "Print a new key and its line for PRESHARED_KEYS_FILE, once."
    requires_system_checks = []  # a key can be made before anything else is there

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A name and scopes."""
        parser.add_argument("name", help="who will use it: 1 to 64 of A-Z a-z 0-9 . _ -")
        parser.add_argument("scope", nargs="+", help="* or such as kv:read kv:write@team-a/ci/ assets:read@releases/")

    def handle(self, *_args: Any, **options: Any) -> None:
        """The key on one line, its line for the file on the next."""
        try:
            key, line = keys.new(options["name"], options["scope"])
        except keys.BadKeys as fault:
            raise CommandError(str(fault), returncode=2) from None
        self.stdout.write(key)
        self.stdout.write(line)

"""`manage.py assets_sync`: what other tools put into the store, or took from it."""

import json
from collections import Counter
from typing import Any

from django.core.management import BaseCommand, CommandParser

from assets.management.exits import exits
from assets.services import syncing


class Command(BaseCommand):
    """Tells where index and store differ, and has the index say what the store has."""

    help = (
        "Registers objects that other tools put into the store, and reads anew those that they changed. Rows whose "
        "object is gone are told, and deleted with --forget."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """[--dry-run] [--forget] [--json]."""
        parser.add_argument("--dry-run", action="store_true", help="change nothing")
        parser.add_argument("--forget", action="store_true", help="delete rows whose object is gone")
        parser.add_argument("--json", action="store_true", help="tell each difference as a line of JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """A line a difference, and how many there were."""
        counts = Counter[str]()
        with exits():
            for found in syncing.drift():
                counts["alike" if found is None else found.kind] += 1
                if found is None:
                    continue
                done = not options["dry_run"] and syncing.settle_drift(found, forget=options["forget"])
                self.tell(found, done=done, as_json=options["json"])
        if not options["json"]:
            kinds = ("alike", "new", "changed", "lost", "unusable")
            self.stdout.write(", ".join(f"{counts[kind]} {kind}" for kind in kinds))

    def tell(self, found: syncing.Drift, *, done: bool, as_json: bool) -> None:
        """What differs, and whether it does no more."""
        if as_json:
            self.stdout.write(json.dumps({"kind": found.kind, "name": found.name, "settled": done}))
        else:
            name = found.name if found.name.isprintable() else repr(found.name)  # a terminal obeys some characters
            self.stdout.write(f"{found.kind}\t{name}\t{'settled' if done else 'left'}")

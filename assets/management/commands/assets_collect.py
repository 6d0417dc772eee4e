"""`manage.py assets_collect`: what the retention rules keep no longer, to be run by a timer."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandParser
from django.utils import timezone

from assets.management.exits import exits
from assets.services import collecting

VERSION_DAYS = 30


class Command(BaseCommand):
    """Collects assets by the rules in the admin, old versions, and what crashes left."""

    help = (
        "Deletes assets that the retention rules (in the admin) keep no longer, versions that gave way to others long "
        "ago, and what crashes left over. Never an asset on which a tag stands."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """[--dry-run] [--versions-days N] [--json]."""
        parser.add_argument("--dry-run", action="store_true", help="tell what would go, and let it stay")
        parser.add_argument(
            "--versions-days", type=int, default=VERSION_DAYS, help="keep what gave way for so long, 30 by default"
        )
        parser.add_argument("--json", action="store_true", help="tell each as a line of JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """A line for each that goes, and how many went."""
        counts, size_bytes = Counter[str](), 0
        with exits():
            for one in list(collecting.doomed(timezone.now(), timedelta(days=options["versions_days"]))):
                if options["dry_run"] or collecting.collect(one):
                    counts[one.kind] += 1
                    size_bytes += one.size
                    self.tell(one, as_json=options["json"])
        if not options["json"]:
            told = ", ".join(f"{counts[kind]} {kind}" for kind in collecting.KINDS)
            self.stdout.write(f"{told}: {size_bytes} bytes{' would go' if options['dry_run'] else ' gone'}")

    def tell(self, one: collecting.Doomed, *, as_json: bool) -> None:
        """What goes, and why."""
        if as_json:
            kept = {"kind": one.kind, "name": one.name, "sha256": one.sha256, "size": one.size, "why": one.why}
            self.stdout.write(json.dumps(kept))
        else:
            self.stdout.write(f"{one.kind}\t{one.name}\t{one.size}\t{one.sha256}\t{one.why}")

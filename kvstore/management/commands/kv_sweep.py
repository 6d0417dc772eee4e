"""`manage.py kv_sweep`: what writes leave behind, to be run by a timer."""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from kvstore.conf import conf
from kvstore.management.exits import exits
from kvstore.store import sweeping


class Command(BaseCommand):
    """Expired records, history above its bounds, old log lines, old answers."""

    help = (
        "Turns expired records into deleted ones, trims history to KVSTORE_HISTORY_COUNT and KVSTORE_HISTORY_DAYS, "
        "forgets answers to Idempotency-Keys after 24 hours, and has every process read from the database again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`--json`."""
        parser.add_argument("--json", action="store_true", help="tell the counts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Tell how many of each."""
        with exits():
            told = self.sweep(timezone.now())
        if options["json"]:
            self.stdout.write(msgspec.json.encode(told).decode())
        else:
            self.stdout.write(
                f"{told['expired']} expired records deleted, history of {told['keys_trimmed']} keys trimmed, "
                f"{told['log_lines']} lines of the log and {told['answers']} answers forgotten"
            )

    def sweep(self, now: datetime) -> dict[str, int]:
        """How many of each there were."""
        told = {
            "expired": self.count("expired records", sweeping.expire(now)),
            "keys_trimmed": self.count(
                "keys with more history than is kept", sweeping.trim_by_count(conf.history_count)
            ),
            "log_lines": self.count("lines of the log", sweeping.trim_by_age(now - timedelta(days=conf.history_days))),
            "answers": self.count("old answers", sweeping.drop_answers(now)),
        }
        sweeping.forget_cached()
        return told

    def count(self, what: str, steps: Iterator[int]) -> int:
        """How many there were; on a terminal, how many so far."""
        total = 0
        for done in steps:
            total += done
            if sys.stderr.isatty():
                self.stderr.write(f"\r{total} {what}", ending="")
        if total and sys.stderr.isatty():
            self.stderr.write("")
        return total

"""`manage.py productionplan FILE`."""

import sys
from argparse import BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from powerplant.conf import conf
from powerplant.dispatch import NoPlan
from powerplant.planning import Limits, planned
from powerplant.report import FORMS, as_text
from powerplant.units import WIND_MODES, Malformed, TooManyPlants

NOT_FOUND = 3


class Command(BaseCommand):
    """Computes, and keeps nothing."""

    help = "Compute the cheapest production plan for the challenge's payload in FILE."
    requires_system_checks = []  # they take longer than a plan

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE and how to compute and print."""
        parser.add_argument("file", help="- is standard input")
        parser.add_argument("--wind", choices=WIND_MODES, default=conf.wind)
        parser.add_argument("--co2", action=BooleanOptionalAction, default=conf.co2, help="whether CO2 is a cost")
        how = parser.add_mutually_exclusive_group()
        for form, text in zip(FORMS, ("as on a terminal", "as anywhere else", "all of it in JSON"), strict=True):
            how.add_argument(f"--{form}", dest="form", action="store_const", const=form, help=text)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the plan."""
        limits = Limits(conf.budget_s, conf.max_plants)
        try:
            told = planned(text_of(options["file"]), wind=options["wind"], co2=options["co2"], limits=limits)
        except Malformed as fault:
            raise CommandError(fault.told()) from None
        except (TooManyPlants, NoPlan) as fault:
            raise CommandError(str(fault)) from None
        self.stdout.write(as_text(told, options["form"] or ("table" if self.stdout.isatty() else "json")))


def text_of(file: str) -> str:
    """A file's text, or standard input's; raises CommandError when it cannot be read."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode()
    except OSError as fault:
        raise CommandError(f"{file} cannot be read: {fault.strerror}", returncode=NOT_FOUND) from None
    except UnicodeDecodeError as fault:
        raise CommandError(f"{file} is not UTF-8 text: {fault}") from None

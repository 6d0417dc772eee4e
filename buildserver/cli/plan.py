"""`builder plan`."""

import sys
from typing import Any

import click

from buildserver.cli.places import server
from buildserver.cli.saying import REFUSED, end, read_text


@click.command("plan")
@click.argument("file", metavar="FILE|-")
@click.option("--wind", type=click.Choice(["onoff", "curtail"]), help="POWERPLANT_WIND, onoff by default.")
@click.option("--co2/--no-co2", default=None, help="Whether CO2 is a cost; POWERPLANT_CO2, it is by default.")
@click.option("--table", "form", flag_value="table", help="A table with reasons, as on a terminal.")
@click.option("--json", "form", flag_value="json", help="The challenge's answer in JSON, as anywhere else.")
@click.option("--report", "form", flag_value="report", help="All there is to say of the plan, in JSON.")
def plan_command(file: str, wind: str | None, co2: bool | None, form: str | None) -> None:  # noqa: FBT001 - click's form
    """Compute the cheapest production plan for the challenge's payload in FILE."""
    from buildserver.remote import functions  # noqa: PLC0415 - each command imports its own
    from powerplant.report import as_text  # noqa: PLC0415

    text = read_text(file)
    with server() as there:
        told = functions.plan(there, text, wind=wind, co2=co2) if there else computed(text, wind=wind, co2=co2)
    click.echo(as_text(told, form or ("table" if sys.stdout.isatty() else "json")))


def computed(text: str, *, wind: str | None, co2: bool | None) -> dict[str, Any]:
    """The report, computed here; a refusal ends the command, with a line for each fault."""
    from buildserver import plan_settings  # noqa: PLC0415 - each command imports its own
    from powerplant.dispatch import NoPlan  # noqa: PLC0415
    from powerplant.planning import Limits, planned  # noqa: PLC0415
    from powerplant.units import Malformed, TooManyPlants  # noqa: PLC0415

    limits = Limits(plan_settings.BUDGET_S, plan_settings.MAX_PLANTS)
    co2 = plan_settings.CO2 if co2 is None else co2
    try:
        return planned(text, wind=wind or plan_settings.WIND, co2=co2, limits=limits)
    except Malformed as fault:
        end(REFUSED, fault.told())
    except (TooManyPlants, NoPlan) as fault:
        end(REFUSED, str(fault))

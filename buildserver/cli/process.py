"""`builder process`."""

import click

from buildserver.cli.places import server
from buildserver.cli.saying import as_json, read_text, show


@click.command("process")
@click.argument("message", required=False)
@click.option("-m", "--message", "option", help="The message.")
@as_json
def process_command(message: str | None, option: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Say what message was received; - reads it from standard input."""
    from buildserver.process import process  # noqa: PLC0415 - each command imports its own
    from buildserver.remote import functions  # noqa: PLC0415

    if (message is None) == (option is None):
        raise click.UsageError("give one message: builder process hello, builder process -m hello, or - for stdin")
    given = option if option is not None else read_text("-").rstrip("\n") if message == "-" else str(message)
    with server() as there:
        answer = functions.process(there, given) if there else process(given)
    show({"message": answer}, answer, as_json=as_json)

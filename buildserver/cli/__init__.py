"""`builder`: the service's work from a shell, here or on the server that BUILDSERVER_URL names.

Exit codes: 0 done, 1 refused, 2 usage, 3 not found, 4 conflict, 5 unreachable. Each command imports what it needs when
it runs, so that the small ones start at once.
"""

import errno
import json
import os
import sys
from contextlib import suppress
from typing import Any

import click

from buildserver import __version__
from buildserver.cli.assets import delete_asset, get_asset, list_assets, put_asset, tag_asset
from buildserver.cli.kv import kv_group
from buildserver.cli.plan import plan_command
from buildserver.cli.process import process_command
from buildserver.cli.put_assets import put_assets
from buildserver.cli.saying import REFUSED, end
from buildserver.cli.serve import serve_command


def versions(context: click.Context, _option: click.Option, wanted: bool) -> None:  # noqa: FBT001 - click's form
    """`--version`, with `--json` those of Python and the packages too."""
    if not wanted:
        return
    if "--json" in sys.argv:
        import platform  # noqa: PLC0415 - for this option only
        from importlib.metadata import version  # noqa: PLC0415

        packages = {name: version(name) for name in ("django", "djangorestframework", "boto3", "numpy", "gunicorn")}
        click.echo(json.dumps({"buildserver": __version__, "python": platform.python_version(), **packages}))
    else:
        click.echo(f"builder {__version__}")
    context.exit()


UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Builder(click.Group):
    """Ends with a sentence where what it tells cannot be written, and silently where its reader has gone."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Do it, and have all that it told be written."""
        try:
            try:
                return super().main(*args, **options)
            finally:
                sys.stdout.flush()
        except OSError as fault:
            if fault.errno not in UNWRITABLE or fault.filename:
                raise
            # What is left is for nobody: the interpreter would try to write it at its end.
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if fault.errno == errno.EPIPE:
                sys.exit(REFUSED)
            end(REFUSED, f"the output cannot be written: {fault.strerror}")


@click.group(cls=Builder)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=versions, help="Show the version.")
@click.option("--json", "as_json", is_flag=True, help="With --version: of Python and the packages too.")
def main(as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Build artifacts, production plans and messages from the shell."""
    if as_json:
        raise click.UsageError("--json stands after the command")


ASSETS = (put_asset, put_assets, get_asset, list_assets, delete_asset, tag_asset)
for command in (*ASSETS, kv_group, plan_command, process_command, serve_command):
    main.add_command(command)

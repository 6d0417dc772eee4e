"""`builder put-asset`, `get-asset`, `list-assets`."""

import json
from pathlib import Path

import click

from buildserver.cli.files import opened, write
from buildserver.cli.places import assets
from buildserver.cli.saying import as_json, show


@click.command("put-asset")
@click.argument("build")
@click.argument("text", required=False)
@click.option("--file", "path", type=click.Path(dir_okay=False, allow_dash=True), help="Its bytes; - is stdin.")
@click.option("--replace", is_flag=True, help="Give way to other bytes that are there.")
@as_json
def put_asset(build: str, text: str | None, path: str | None, replace: bool, as_json: bool) -> None:  # noqa: FBT001
    """Store TEXT, or a file's bytes, as the asset of BUILD."""
    if (text is None) == (path is None):
        raise click.UsageError("give the text or --file PATH, one of them")
    with opened(text, path) as (data, size), assets() as place:
        stored = place.put(build, data, size, replace=replace)
    show(stored, stored["build"], as_json=as_json)


@click.command("get-asset")
@click.argument("build")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="The file to write; stdout without it.")
@as_json
def get_asset(build: str, output: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Write the exact bytes of BUILD's asset; a file appears only when they are all there."""
    if as_json and output is None:
        raise click.UsageError("--json tells of the file that -o names; without it stdout is the asset's bytes")
    with assets() as place:
        write(output, place.get(build))
    if as_json:
        told = {"build": build, "file": output, "size": Path(str(output)).stat().st_size}
        show(told, "", as_json=True)


@click.command("list-assets")
@click.option("--prefix", default="", help="Only names that begin so.")
@as_json
def list_assets(prefix: str, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Name each asset on a line."""
    with assets() as place:
        if as_json:
            click.echo(json.dumps(list(place.list(prefix)), ensure_ascii=False))
        else:
            for asset in place.list(prefix):
                click.echo(asset["build"])

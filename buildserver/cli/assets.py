"""`builder put-asset`, `get-asset`, `list-assets`, `delete-asset`, `tag`."""

import json
from pathlib import Path

import click

from buildserver.cli.files import opened, write
from buildserver.cli.places import assets
from buildserver.cli.saying import as_json, pairs_of, show


def labels_of(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Labels as they are written; what they may be is said where they are kept."""
    return dict(pairs_of(given, "{!r} is not like commit=3fd1e2a"))


@click.command("put-asset")
@click.argument("build")
@click.argument("text", required=False)
@click.option("--file", "path", type=click.Path(dir_okay=False, allow_dash=True), help="Its bytes; - is stdin.")
@click.option("--replace", is_flag=True, help="Give way to other bytes that are there.")
@click.option("--label", "labels", multiple=True, metavar="K=V", callback=labels_of, help="Said of it; several.")
@as_json
def put_asset(
    build: str,
    text: str | None,
    path: str | None,
    replace: bool,  # noqa: FBT001 - click's form
    labels: dict[str, str],
    as_json: bool,  # noqa: FBT001 - click's form
) -> None:
    """Store TEXT, or a file's bytes, as the asset of BUILD."""
    if (text is None) == (path is None):
        raise click.UsageError("give the text or --file PATH, one of them")
    with opened(text, path) as (data, size), assets() as place:
        stored = place.put(build, data, size, replace=replace, labels=labels)
    show(stored, stored["build"], as_json=as_json)


@click.command("get-asset")
@click.argument("build", required=False)
@click.option("--tag", help="The asset that the tag stands on.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="The file to write; stdout without it.")
@as_json
def get_asset(build: str | None, tag: str | None, output: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Write the exact bytes of BUILD's asset, or of a tag's; a file appears only when they are all there."""
    if (build is None) == (tag is None):
        raise click.UsageError("give BUILD or --tag TAG, one of them")
    if as_json and output is None:
        raise click.UsageError("--json tells of the file that -o names; without it stdout is the asset's bytes")
    with assets() as place:
        write(output, place.get(build) if build is not None else place.get_tagged(str(tag)))
    if as_json:
        what = {"tag": tag} if build is None else {"build": build}
        show({**what, "file": output, "size": Path(str(output)).stat().st_size}, "", as_json=True)


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


@click.command("delete-asset")
@click.argument("build")
@as_json
def delete_asset(build: str, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Delete the asset of BUILD and its earlier versions; one that is tagged stays."""
    with assets() as place:
        place.delete(build)
    show({"build": build, "deleted": True}, build, as_json=as_json)


@click.command("tag")
@click.argument("tag")
@click.argument("build")
@as_json
def tag_asset(tag: str, build: str, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Have TAG stand on the asset of BUILD, wherever it stood before."""
    with assets() as place:
        moved = place.tag(tag, build)
    show(moved, f"{tag} {build}", as_json=as_json)

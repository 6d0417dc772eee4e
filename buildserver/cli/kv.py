"""`builder kv put`, `get`, `delete`, `list`."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from buildserver.cli.files import opened, write
from buildserver.cli.places import records
from buildserver.cli.saying import as_json, pairs_of, show

if TYPE_CHECKING:
    from buildserver.remote.kv import Item, Prefix

TEXT, OCTETS = "text/plain; charset=utf-8", "application/octet-stream"
SHORT = {"json": "application/json", "text": TEXT, "bytes": OCTETS}
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
namespace = click.option("--namespace", default="default", show_default=True, help="Where the key is.")
VERSIONS = click.IntRange(0, 2**63 - 1)
if_version = click.option("--if-version", type=VERSIONS, help="Only if this is the current version; 0: absent.")


@click.group("kv")
def kv_group() -> None:
    """Key/value records."""


def meta_of(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """`K=V`, several times; names are headers' and so in lower case."""
    pairs = pairs_of(given, "it is like owner=me")
    found = {name.lower(): value for name, value in pairs}
    if len(found) < len(pairs):
        raise click.BadParameter("a name is given twice")
    return found


@kv_group.command("put")
@click.argument("key")
@click.argument("value", required=False)
@click.option("--file", "path", type=click.Path(dir_okay=False, allow_dash=True), help="Its bytes; - is stdin.")
@namespace
@click.option("--type", "content_type", help="json, text, bytes or any Content-Type; of VALUE text, of a file bytes.")
@click.option("--ttl", type=click.FloatRange(min=0, min_open=True), help="Seconds until it expires; without it: never.")
@if_version
@click.option("--if-absent", is_flag=True, help="Only if the key is absent.")
@click.option("--meta", multiple=True, metavar="K=V", callback=meta_of, help="Kept beside the value; several times.")
@as_json
def put(key: str, value: str | None, path: str | None, namespace: str, **options: Any) -> None:
    """Save VALUE, or a file's bytes, under KEY, and tell its version."""
    if (value is None) == (path is None):
        raise click.UsageError("give the value or --file PATH, one of them")
    if options["if_absent"] and options["if_version"] is not None:
        raise click.UsageError("--if-absent is --if-version 0; give one of them")
    kind = options["content_type"]
    ttl = options["ttl"]
    with opened(value, path) as (data, size), records(namespace) as place:
        written = place.put(
            key, data, size, SHORT.get(kind, kind) if kind else OCTETS if value is None else TEXT,
            meta=options["meta"],
            ttl=None if ttl is None else f"{ttl:.6f}",
            version=0 if options["if_absent"] else options["if_version"],
        )  # fmt: skip
    show({"key": key, "version": written.version}, str(written.version), as_json=options["as_json"])


@kv_group.command("get")
@click.argument("key")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="The file to write; stdout without it.")
@namespace
@as_json
def get(key: str, output: str | None, namespace: str, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Write the exact bytes of KEY's value; with --json all there is to tell of it."""
    with records(namespace) as place:
        if as_json and output is None:
            echo_json([place.about(key)], "", "", "\n")
            return
        write(output, place.get(key))
    if as_json:
        show({"key": key, "file": output, "size": Path(str(output)).stat().st_size}, "", as_json=True)


@kv_group.command("delete")
@click.argument("key")
@namespace
@if_version
@as_json
def delete(key: str, namespace: str, if_version: int | None, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Delete KEY; its versions go on when it is saved again."""
    with records(namespace) as place:
        place.delete(key, if_version)
    show({"key": key, "deleted": True}, key, as_json=as_json)


@kv_group.command("list")
@click.option("--prefix", default="", help="Only keys that begin so.")
@click.option("--delimiter", default="", help="Tell keys that have it after the prefix as one, up to it.")
@click.option("--values", is_flag=True, help="The values too, after a tab.")
@namespace
@as_json
def list_keys(prefix: str, delimiter: str, values: bool, namespace: str, as_json: bool) -> None:  # noqa: FBT001
    """Name each key on a line, in the order of their bytes."""
    with records(namespace) as place:
        entries = place.entries(prefix, delimiter, values=values)
        if as_json:
            echo_json(entries, "[", ",\n ", "]\n")
            return
        for entry in entries:
            click.echo(line_of(entry))


def line_of(entry: Item | Prefix) -> str:
    """A common prefix, or a key and its value where it was asked for: its text, or what it is instead."""
    from buildserver.remote.kv import Prefix  # noqa: PLC0415 - each command imports its own

    if isinstance(entry, Prefix):
        return entry.prefix
    if entry.value:
        value = bytes(entry.value)
    elif isinstance(entry.value_base64, str):
        value = base64.b64decode(entry.value_base64)
    else:
        return entry.key
    text = value.decode("utf-8", "replace")
    fits = text.encode() == value and not UNPRINTABLE.search(text)
    return f"{entry.key}\t{text if fits else f'({entry.size} bytes of {entry.content_type})'}"


def echo_json(entries: Iterable[Item | Prefix], start: str, between: str, last: str) -> None:
    """The entries as JSON, each as soon as it is there."""
    import msgspec  # noqa: PLC0415 - each command imports its own

    before = start
    for entry in entries:
        click.echo(before + msgspec.json.encode(entry).decode(), nl=False)
        before = between
    click.echo((start if before == start else "") + last, nl=False)

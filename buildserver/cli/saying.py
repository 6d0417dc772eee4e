"""What all commands share in telling and reading: exit codes, refusals, JSON, standard input."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

REFUSED, NOT_FOUND, CONFLICT, UNREACHABLE = 1, 3, 4, 5
as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


def end(code: int, sentence: str) -> NoReturn:
    """Say why on stderr, and end with the code."""
    click.echo(f"builder: {sentence}", err=True)
    sys.exit(code)


def show(value: Any, text: str, *, as_json: bool) -> None:
    """The value as JSON, or its text."""
    click.echo(json.dumps(value, ensure_ascii=False) if as_json else text)


def pairs_of(given: Sequence[str], otherwise: str) -> list[tuple[str, str]]:
    """Options like NAME=VALUE, taken apart; a usage error for any other, which `{!r}` in `otherwise` stands for."""
    pairs = []
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(otherwise.format(text))
        pairs.append((name, value))
    return pairs


def read_text(source: str) -> str:
    """A file's text, or standard input's for `-`."""
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return data.decode("utf-8")
    except OSError as fault:
        end(NOT_FOUND, f"{source} cannot be read: {fault.strerror}")
    except UnicodeDecodeError as fault:
        end(REFUSED, f"{source} is not UTF-8 text: {fault}")

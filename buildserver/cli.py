"""`builder`: the service's work from a shell, here or on the server that BUILDSERVER_URL names.

Exit codes: 0 done, 1 refused, 2 usage, 3 not found, 4 conflict, 5 unreachable. Each command imports what it needs when
it runs, so that the small ones start at once.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from buildserver import __version__

if TYPE_CHECKING:
    from buildserver.local import Local
    from buildserver.remote import Remote

REFUSED, NOT_FOUND, CONFLICT, UNREACHABLE = 1, 3, 4, 5
as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


def end(code: int, sentence: str) -> NoReturn:
    """Say why on stderr, and end with the code."""
    click.echo(f"builder: {sentence}", err=True)
    sys.exit(code)


def show(value: Any, text: str, *, as_json: bool) -> None:
    """The value as JSON, or its text."""
    click.echo(json.dumps(value, ensure_ascii=False) if as_json else text)


def read_text(source: str) -> str:
    """A file's text, or standard input's for `-`."""
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return data.decode("utf-8")
    except OSError as fault:
        end(NOT_FOUND, f"{source} cannot be read: {fault.strerror}")
    except UnicodeDecodeError as fault:
        end(REFUSED, f"{source} is not UTF-8 text: {fault}")


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


@click.group()
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=versions, help="Show the version.")
@click.option("--json", "as_json", is_flag=True, help="With --version: of Python and the packages too.")
def main(as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Build artifacts, production plans and messages from the shell."""
    if as_json:
        raise click.UsageError("--json stands after the command")


@main.command("process")
@click.argument("message", required=False)
@click.option("-m", "--message", "option", help="The message.")
@as_json
def process_command(message: str | None, option: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Say what message was received; - reads it from standard input."""
    from buildserver.process import process  # noqa: PLC0415 - each command imports its own

    if (message is None) == (option is None):
        raise click.UsageError("give one message: builder process hello, builder process -m hello, or - for stdin")
    given = option if option is not None else read_text("-").rstrip("\n") if message == "-" else str(message)
    with server() as there:
        answer = there.process(given) if there else process(given)
    show({"message": answer}, answer, as_json=as_json)


@contextmanager
def server() -> Iterator[Remote | None]:
    """The server of BUILDSERVER_URL, or None for this machine; a refusal ends with its exit code."""
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - each command imports its own

    from buildserver import remote  # noqa: PLC0415

    try:
        from buildserver import env  # noqa: PLC0415 - reads the file, which may be wrong

        url = env.text("BUILDSERVER_URL")
        yield remote.Remote(url, env.text("BUILDSERVER_KEY")) if url else None
    except remote.Unreachable as fault:
        end(UNREACHABLE, str(fault))
    except remote.Refused as fault:
        code = {remote.NOT_FOUND: NOT_FOUND, remote.CONFLICT: CONFLICT}.get(fault.status, REFUSED)
        end(UNREACHABLE if fault.status in (502, 503, 504) else code, str(fault))
    except (ImproperlyConfigured, ValueError) as fault:
        end(REFUSED, str(fault))


@contextmanager
def assets() -> Iterator[Local | Remote]:
    """The assets of the server, or of this machine."""
    with server() as there:
        if there is None:
            from buildserver.local import Local  # noqa: PLC0415 - Django is for work on this machine only

            yield Local()
        else:
            yield there


@main.command("put-asset")
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


@contextmanager
def opened(text: str | None, path: str | None) -> Iterator[tuple[IO[bytes], int | None]]:
    """A text or a file as a stream, with its size where that is known."""
    if text is not None:
        data = text.encode("utf-8", "surrogateescape")
        yield io.BytesIO(data), len(data)
    elif path == "-":
        yield sys.stdin.buffer, None
    else:
        try:
            file = Path(str(path)).open("rb")  # noqa: SIM115 - closed below
        except OSError as fault:
            end(NOT_FOUND, f"{path} cannot be read: {fault.strerror}")
        with file:
            regular = Path(str(path)).is_file()
            yield file, Path(str(path)).stat().st_size if regular else None


@main.command("get-asset")
@click.argument("build")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="The file to write; stdout without it.")
@as_json
def get_asset(build: str, output: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's form
    """Write the exact bytes of BUILD's asset; a file appears only when they are all there."""
    if as_json and output is None:
        raise click.UsageError("--json tells of the file that -o names; without it stdout is the asset's bytes")
    with assets() as place:
        pieces = place.get(build)
        if output is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        else:
            write(Path(output), pieces)
    if as_json:
        told = {"build": build, "file": output, "size": Path(str(output)).stat().st_size}
        show(told, "", as_json=True)


def write(path: Path, pieces: Iterator[bytes]) -> None:
    """The pieces as a file that is whole or not there."""
    from buildserver.remote import Unreachable  # noqa: PLC0415 - each command imports its own

    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        partial.replace(path)
    except Unreachable:
        raise
    except OSError as fault:
        end(REFUSED, f"{path} cannot be written: {fault.strerror}")
    finally:
        partial.unlink(missing_ok=True)


@main.command("list-assets")
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


@main.command("serve")
@click.option("--host", help="HOST, 127.0.0.1 by default.")
@click.option("--port", type=click.IntRange(0, 65535), help="PORT, 8888 by default; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 1024), help="WEB_WORKERS, two a core by default.")
@click.option("--mock-s3", is_flag=True, help="Keep assets in a mock of S3 that forgets them at the end.")
@click.option("--reload", is_flag=True, help="Start anew when a source file changes.")
@click.option("--prepare", is_flag=True, help="First make missing secrets, tables, static files and an admin user.")
def serve_command(host: str | None, port: int | None, workers: int | None, **flags: bool) -> None:
    """Serve over HTTP until stopped."""
    import os  # noqa: PLC0415 - each command imports its own

    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415

    if workers is not None:
        os.environ["WEB_WORKERS"] = str(workers)
    try:
        from buildserver import env, serve  # noqa: PLC0415 - reads the file, which may be wrong

        options = serve.Options(
            host=host or env.text("HOST", "127.0.0.1"),
            port=port if port is not None else env.whole("PORT", 8888, 0, 65535),
            server=env.choice("WEB_SERVER", "granian" if serve.WINDOWS else "gunicorn", ["gunicorn", "granian"]),
            mock_s3=flags["mock_s3"] or env.flag("BUILDSERVER_MOCK_S3"),
            reload=flags["reload"],
            prepare=flags["prepare"],
        )
        sys.exit(serve.serve(options))
    except (RuntimeError, ImproperlyConfigured) as fault:
        end(REFUSED, str(fault))


if __name__ == "__main__":
    main()

"""`builder serve`."""

import sys

import click

from buildserver.cli.saying import REFUSED, end


@click.command("serve")
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

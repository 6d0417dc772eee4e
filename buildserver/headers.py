"""What no view has to think of in its answer: what browsers must not do with it, its length, and no body for HEAD."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

BODILESS = (204, 304)


class Policies:
    """What the settings SECURE_… ask for. Django's middleware for it asks them anew for every answer."""

    def __init__(self) -> None:
        """Read the settings."""
        self.plain = kept(
            {
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
                "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
            }
        )
        hsts_s = settings.SECURE_HSTS_SECONDS
        self.over_tls = {**kept({"Strict-Transport-Security": f"max-age={hsts_s}"}), **self.plain} if hsts_s else None

    def add(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Add them where the view has not set them."""
        wanted = self.over_tls if self.over_tls and request.is_secure() else self.plain
        there = response.headers._store  # noqa: SLF001 - its own door checks each name and value, and these are constant
        for name, header in wanted.items():
            there.setdefault(name, header)


def kept(headers: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Headers as Django's mapping keeps them: by their small letters."""
    return {name.lower(): (name, value) for name, value in headers.items()}


def add_length(response: HttpResponseBase) -> None:
    """Content-Length, for every whole answer that has a body and no length yet."""
    there = response.headers._store  # noqa: SLF001 - as above
    if "content-length" not in there and not response.streaming and response.status_code not in BODILESS:
        there["content-length"] = ("Content-Length", str(len(response.content)))  # type: ignore[attr-defined]


def drop_body(request: HttpRequest, response: HttpResponseBase) -> None:
    """For HEAD: the headers are those of GET, the length of what is not sent among them; a server warns of a body."""
    if request.method != "HEAD":
        return
    if response.streaming:
        response.streaming_content = ()  # type: ignore[attr-defined] # what made it is closed with the answer
    else:
        response.content = b""  # type: ignore[attr-defined]

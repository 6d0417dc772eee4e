"""Variables from the environment, then from `.env`; a wrong value is refused by its name.

Every variable is listed in `.env.example`. Relative paths in values are relative to `HOME`.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}
PERIODS_S = {"s": 1, "sec": 1, "min": 60, "h": 3600, "hour": 3600, "day": 86400}


def find_home() -> Path:
    """Where `.env` and `var/` live: BUILDSERVER_HOME, else the checkout, else `~/.buildserver`."""
    if given := os.environ.get("BUILDSERVER_HOME"):
        return Path(given).expanduser().resolve()
    checkout = Path(__file__).resolve().parent.parent
    return checkout if (checkout / "manage.py").exists() else Path.home() / ".buildserver"


def read_file(path: Path) -> None:
    """Put the file's variables beside those of the environment, where they are absent or blank."""
    if not path.is_file():
        return
    named = set(re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", path.read_text(encoding="utf-8"), re.MULTILINE))
    if "BUILDSERVER_HOME" in named:
        raise ImproperlyConfigured(f"BUILDSERVER_HOME: it says where {path} is, and cannot stand in it")
    for name in named & SECRETS:
        if not os.environ.get(name, "").strip():
            FROM_FILE.add(name)
    for name in named:
        if not os.environ.get(name, "x").strip():
            del os.environ[name]
    environ.Env.read_env(path)


def without_secrets() -> dict[str, str]:
    """The environment for programs of ours: they read the secrets of the file from the file."""
    return {name: value for name, value in os.environ.items() if name not in FROM_FILE}


SECRETS = {"SECRET_KEY", "PRESHARED_KEYS"}
FROM_FILE: set[str] = set()
HOME = find_home()
read_file(HOME / ".env")


def text(name: str, default: str = "") -> str:
    """The variable as it is, without surrounding blanks; an empty one counts as absent."""
    return os.environ.get(name, "").strip() or default


def whole(name: str, default: int, low: int = 0, high: int = 2**63 - 1) -> int:
    """A whole number between `low` and `high`, both included."""
    raw = text(name, str(default))
    if not re.fullmatch(r"-?[0-9]{1,19}", raw) or not low <= int(raw) <= high:
        raise ImproperlyConfigured(f"{name}: {raw!r} is not a whole number from {low} to {high}")
    return int(raw)


def decimal(name: str, default: float, low: float, high: float) -> float:
    """A number between `low` and `high`, both included."""
    raw = text(name, str(default))
    try:
        number = float(raw)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise ImproperlyConfigured(f"{name}: {raw!r} is not a number from {low:g} to {high:g}")
    return number


def flag(name: str, *, default: bool = False) -> bool:
    """Yes or no."""
    raw = text(name, str(default)).lower()
    if raw not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name}: {raw!r} is neither true nor false")
    return raw in TRUE


def choice(name: str, default: str, options: Iterable[str]) -> str:
    """One of the options."""
    raw = text(name, default)
    if raw not in (allowed := list(options)):
        raise ImproperlyConfigured(f"{name}: {raw!r} is none of {', '.join(allowed)}")
    return raw


def listed(name: str, default: str = "") -> list[str]:
    """Comma-separated values, blanks around them dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def own_hosts() -> str:
    """The names under which the server reaches itself: loopback, and HOST unless that is every interface."""
    host = text("HOST")
    own = {"": "", "0.0.0.0": "", "::": ""}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - read only
    return ",".join(filter(None, ("127.0.0.1", "localhost", "[::1]", own)))


def rate(name: str, default: str) -> tuple[int, int] | None:
    """How often: `600/min` is (600, 60 seconds); `none` is None."""
    raw = text(name, default)
    if raw == "none":
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,8})/(s|sec|min|h|hour|day)", raw)
    if not match:
        raise ImproperlyConfigured(f"{name}: {raw!r} is not like 600/min (s, min, h, day) or none")
    return int(match[1]), PERIODS_S[match[2]]


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Comma-separated addresses or networks, such as 10.0.0.0/8."""
    try:
        return [ipaddress.ip_network(part, strict=False) for part in listed(name)]
    except ValueError as fault:
        raise ImproperlyConfigured(f"{name}: {fault}") from None


def path(value: str) -> Path:
    """The path a value names, relative ones below `HOME`."""
    return (HOME / Path(value).expanduser()).resolve()


def database(name: str, default: str) -> dict[str, object]:
    """Django's DATABASES entry of a `sqlite:///path` or `mysql://user:password@host:port/name` URL."""
    raw = text(name, default)
    scheme, _, rest = raw.partition("://")
    if scheme not in ("sqlite", "mysql") or not rest.strip("/"):
        # The value may hold a password: only its scheme is repeated.
        raise ImproperlyConfigured(f"{name}: {scheme!r} is not sqlite:///path or mysql://user:password@host:port/name")
    config = dict(environ.Env.db_url_config(raw))
    if scheme == "sqlite":
        config["NAME"] = str(path(str(config["NAME"])))
    return config

"""ASSETS_URL: a directory (a path, or `file:///absolute`) or `s3://bucket?endpoint_url=&region=&prefix=`."""

import hashlib
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

MAX_IDENTITY_BYTES = 255
MAX_PREFIX_BYTES = 512
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
OPTIONS = ("endpoint_url", "region", "prefix")


class BadLocation(ValueError):
    """The URL names no store; the message says what would."""


@dataclass(frozen=True)
class Directory:
    """A directory; a relative path is relative to the project's home."""

    path: str

    @property
    def identity(self) -> str:
        """What rows of the index are kept under: the path as configured, so that a home can be moved."""
        return short(self.path)


@dataclass(frozen=True)
class Bucket:
    """A bucket of S3, or of what speaks like it at `endpoint_url`; `prefix` is empty or ends with a slash."""

    name: str
    endpoint_url: str = ""
    region: str = ""
    prefix: str = ""

    @property
    def identity(self) -> str:
        """What rows of the index are kept under. The region is not part of it: the bucket's name already says it."""
        at = f"?endpoint_url={quote(self.endpoint_url, safe=':/')}" if self.endpoint_url else ""
        return short(f"s3://{self.name}/{self.prefix}{at}")

    @property
    def is_aws(self) -> bool:
        """Whether it is Amazon's own service."""
        host = urlsplit(self.endpoint_url).hostname or "amazonaws.com"
        return host.endswith((".amazonaws.com", ".amazonaws.com.cn")) or host == "amazonaws.com"


def short(identity: str) -> str:
    """The identity, or its SHA-256 when it is longer than a column of the index."""
    if len(identity.encode()) <= MAX_IDENTITY_BYTES:
        return identity
    return f"sha256:{hashlib.sha256(identity.encode()).hexdigest()}"


@lru_cache(maxsize=16)
def read(url: str) -> Directory | Bucket:
    """The store that the URL names; raises BadLocation."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        return directory(url)
    try:
        parts = urlsplit(url)
    except ValueError as fault:
        raise BadLocation(f"it is no URL: {fault}") from None
    if scheme == "s3":
        return bucket(parts)
    if scheme == "file":
        return of_file(parts)
    raise BadLocation(f"{scheme}:// is no store; there are a path, file:///absolute/path and s3://bucket")


def of_file(parts: SplitResult) -> Directory:
    """The directory of a file:// URL; raises BadLocation."""
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
        raise BadLocation("a directory is written as a path, or as file:///absolute/path")
    return directory(unquote(parts.path)[1 if os.name == "nt" else 0 :])


def directory(path: str) -> Directory:
    """The directory of a path without what ends it; raises BadLocation."""
    if not path.strip("/") or "\0" in path:
        raise BadLocation("the path of the directory is empty; var/assets would be one")
    return Directory(path.rstrip("/"))


def bucket(parts: SplitResult) -> Bucket:
    """The bucket of an s3:// URL; raises BadLocation."""
    if "@" in parts.netloc:
        raise BadLocation("credentials are not part of the URL; give them the AWS way, as AWS_ACCESS_KEY_ID and others")
    if not BUCKET.fullmatch(parts.netloc):
        raise BadLocation("after s3:// comes the name of a bucket, 3 to 255 of A-Z a-z 0-9 . _ -")
    if parts.path.strip("/") or parts.fragment:
        raise BadLocation(f"after the bucket comes nothing but ?{'=&'.join(OPTIONS)}=")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(given) - set(OPTIONS)):
        raise BadLocation(f"{', '.join(unknown)}: after the ? come only {', '.join(OPTIONS)}")
    prefix = given.get("prefix", "").strip("/")
    endpoint_url = endpoint(given.get("endpoint_url", ""))
    return Bucket(parts.netloc, endpoint_url, given.get("region", ""), prefix and f"{prefix}/")


def endpoint(url: str) -> str:
    """The endpoint without what ends it; raises BadLocation."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc):
        raise BadLocation("endpoint_url is http://host:port or https://host:port, without credentials")
    return url.rstrip("/")

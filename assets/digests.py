"""Digests of bytes as they stream by, and what a client says they should be.

Read are `Repr-Digest` (RFC 9530; sha-256 and sha-512), `Content-MD5` (RFC 1864) and `X-Checksum-Sha256` (hex).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

LENGTH_BYTES = {"sha256": 32, "sha512": 64, "md5": 16}
# RFC 9530's names of the algorithms that are verified; others in the same header are left to others.
OF_REPR = {"sha-256": "sha256", "sha-512": "sha512"}
HEX = re.compile(r"[0-9A-Fa-f]{64}")
MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):\s*")


class BadDigest(ValueError):
    """A header with a digest cannot be read."""


class DigestMismatch(ValueError):
    """The bytes are not those that the client's digest belongs to."""


@dataclass(frozen=True)
class Claim:
    """What a header says: the digest of the whole bytes by `algorithm` (`sha256`, `sha512`, `md5`)."""

    header: str
    algorithm: str
    digest: bytes

    def __post_init__(self) -> None:
        """Refuse a digest of the wrong length with BadDigest."""
        wanted = LENGTH_BYTES[self.algorithm]
        if len(self.digest) != wanted:
            raise BadDigest(f"{self.header}: the {self.algorithm} has {len(self.digest)} bytes, not {wanted}")


def claims(headers: Mapping[str, str]) -> tuple[Claim, ...]:
    """All digests in these headers, which are looked up as they are written here; raises BadDigest."""
    readers = {"Repr-Digest": of_repr, "Content-MD5": of_md5, "X-Checksum-Sha256": of_checksum}
    return tuple(claim for header, read in readers.items() if header in headers for claim in read(headers[header]))


def of_repr(header: str) -> tuple[Claim, ...]:
    """The digests of a Repr-Digest that can be verified; BadDigest when it is malformed or names none of them."""
    members = [MEMBER.fullmatch(member) for member in header.split(",")]
    if not all(members):
        raise BadDigest("Repr-Digest: it is not like sha-256=:BASE64: (RFC 9530)")
    known = {match[1]: match[2] for match in members if match and match[1] in OF_REPR}
    if not known:
        raise BadDigest("Repr-Digest: it names neither sha-256 nor sha-512")
    return tuple(Claim("Repr-Digest", OF_REPR[name], from_base64("Repr-Digest", text)) for name, text in known.items())


def of_md5(header: str) -> tuple[Claim, ...]:
    """The digest of a Content-MD5; raises BadDigest."""
    return (Claim("Content-MD5", "md5", from_base64("Content-MD5", header.strip())),)


def of_checksum(header: str) -> tuple[Claim, ...]:
    """The digest of an X-Checksum-Sha256; raises BadDigest."""
    if not HEX.fullmatch(header.strip()):
        raise BadDigest("X-Checksum-Sha256: it is not 64 hexadecimal digits")
    return (Claim("X-Checksum-Sha256", "sha256", bytes.fromhex(header)),)


def from_base64(header: str, text: str) -> bytes:
    """The bytes of a base64 text; raises BadDigest naming the header."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # not base64, or not even ASCII
        raise BadDigest(f"{header}: the digest is not base64") from None


def repr_digest(sha256: str) -> str:
    """The value of Repr-Digest for a SHA-256 in hex."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def claimed_sha256(said: tuple[Claim, ...]) -> str | None:
    """The SHA-256 in hex that the client says the bytes have, if it says one."""
    return next((claim.digest.hex() for claim in said if claim.algorithm == "sha256"), None)


class Hasher:
    """The SHA-256 of bytes as they come, and what else is needed to verify the client's claims."""

    def __init__(self, said: tuple[Claim, ...] = ()) -> None:
        """Only what is claimed is computed beside SHA-256: MD5 is slower than it."""
        self.said = said
        self.size_bytes = 0
        wanted = {"sha256", *(claim.algorithm for claim in said)}
        self._hashes = {name: hashlib.new(name, usedforsecurity=name != "md5") for name in wanted}

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        self.size_bytes += len(data)
        for hashing in self._hashes.values():
            hashing.update(data)

    @property
    def sha256(self) -> str:
        """The SHA-256 so far, in hex."""
        return self._hashes["sha256"].hexdigest()

    def verify(self) -> None:
        """Pass, or raise DigestMismatch for the first claim that does not hold."""
        for claim in self.said:
            found = self._hashes[claim.algorithm].digest()
            if not hmac.compare_digest(found, claim.digest):
                raise DigestMismatch(
                    f"{claim.header} says {claim.algorithm} {claim.digest.hex()}, "
                    f"the {self.size_bytes} bytes that came have {found.hex()}"
                )

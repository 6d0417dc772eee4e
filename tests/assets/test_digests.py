import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import digests
from assets.digests import Claim, Hasher

DATA = b"bytes of a build"
SHA256, SHA512 = hashlib.sha256(DATA), hashlib.sha512(DATA)
MD5 = hashlib.md5(DATA, usedforsecurity=False)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


RIGHT = [
    {"Repr-Digest": f"sha-256=:{b64(SHA256.digest())}:"},
    {"Repr-Digest": f"sha-512=:{b64(SHA512.digest())}:"},
    {"Repr-Digest": f"md5=:AAAA:, sha-256=:{b64(SHA256.digest())}:,sha-512=:{b64(SHA512.digest())}:"},
    {"Content-MD5": b64(MD5.digest())},
    {"X-Checksum-Sha256": SHA256.hexdigest()},
    {"X-Checksum-Sha256": f" {SHA256.hexdigest().upper()} "},
    {"Content-MD5": b64(MD5.digest()), "X-Checksum-Sha256": SHA256.hexdigest()},
    {},
]


@pytest.mark.parametrize("headers", RIGHT)
@given(cut=st.integers(0, len(DATA)))
def test_accepts_bytes_that_have_the_digest(headers: dict[str, str], cut: int) -> None:
    hasher = Hasher(digests.claims(headers))
    hasher.update(DATA[:cut])
    hasher.update(DATA[cut:])
    hasher.verify()
    assert (hasher.sha256, hasher.size_bytes) == (SHA256.hexdigest(), len(DATA))


@pytest.mark.parametrize("headers", [headers for headers in RIGHT if headers])
def test_refuses_other_bytes_and_tells_both_digests(headers: dict[str, str]) -> None:
    hasher = Hasher(digests.claims(headers))
    hasher.update(DATA + b".")
    sentence = r"^\S+ says (sha256|sha512|md5) [0-9a-f]+, the 17 bytes that came have [0-9a-f]+$"
    with pytest.raises(digests.DigestMismatch, match=sentence):
        hasher.verify()


def test_every_claim_counts() -> None:
    wrong = {"Content-MD5": b64(MD5.digest()), "X-Checksum-Sha256": "0" * 64}
    hasher = Hasher(digests.claims(wrong))
    hasher.update(DATA)
    with pytest.raises(digests.DigestMismatch, match=f"X-Checksum-Sha256 says sha256 {'0' * 64}"):
        hasher.verify()


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Repr-Digest": "sha-256=abc"}, "Repr-Digest: it is not like sha-256=:BASE64: (RFC 9530)"),
        ({"Repr-Digest": ""}, "Repr-Digest: it is not like sha-256=:BASE64: (RFC 9530)"),
        ({"Repr-Digest": f"sha-256=:{b64(SHA256.digest())}:, x"}, "Repr-Digest: it is not like"),
        ({"Repr-Digest": "md5=:AAAA:"}, "Repr-Digest: it names neither sha-256 nor sha-512"),
        ({"Repr-Digest": "sha-256=:A:"}, "Repr-Digest: the digest is not base64"),
        ({"Repr-Digest": "sha-256=:AAAA:"}, "Repr-Digest: the sha256 has 3 bytes, not 32"),
        ({"Content-MD5": "!"}, "Content-MD5: the digest is not base64"),
        ({"Content-MD5": "ä"}, "Content-MD5: the digest is not base64"),
        ({"Content-MD5": "AAAA"}, "Content-MD5: the md5 has 3 bytes, not 16"),
        ({"X-Checksum-Sha256": "xyz"}, "X-Checksum-Sha256: it is not 64 hexadecimal digits"),
        ({"X-Checksum-Sha256": "abc"}, "X-Checksum-Sha256: it is not 64 hexadecimal digits"),
        ({"X-Checksum-Sha256": "0" * 63}, "X-Checksum-Sha256: it is not 64 hexadecimal digits"),
        ({"X-Checksum-Sha256": ""}, "X-Checksum-Sha256: it is not 64 hexadecimal digits"),
        ({"Content-MD5": ""}, "Content-MD5: the md5 has 0 bytes, not 16"),
    ],
)
def test_says_what_is_wrong_with_a_header(headers: dict[str, str], message: str) -> None:
    with pytest.raises(digests.BadDigest, match=re.escape(message)):
        digests.claims(headers)


def test_knows_the_sha256_that_is_claimed() -> None:
    md5 = Claim("Content-MD5", "md5", MD5.digest())
    assert digests.claimed_sha256((md5, Claim("X", "sha256", SHA256.digest()))) == SHA256.hexdigest()
    assert digests.claimed_sha256((md5,)) is None


def test_writes_the_header_that_it_reads() -> None:
    said = digests.claims({"Repr-Digest": digests.repr_digest(SHA256.hexdigest())})
    assert said == (Claim("Repr-Digest", "sha256", SHA256.digest()),)

"""Provenance: in-toto statements (https://github.com/in-toto/attestation, spec v1) about an asset, kept as they came.

Taken is the statement itself, or a DSSE envelope around it (https://github.com/secure-systems-lab/dsse). Signatures are
kept and not verified: whose keys are trusted is for those who read it.
"""

import base64
import binascii
from typing import Any

import msgspec

TYPE = "https://in-toto.io/Statement/v1"
ENVELOPE = "application/vnd.in-toto+json"
MAX_BYTES = 2**20
MAX_SUBJECTS = 1000


class BadStatement(ValueError):
    """It is no in-toto statement; the message says what would be right."""


class OtherSubject(ValueError):
    """The statement speaks of other bytes."""


def check(sent: bytes, sha256: str) -> None:
    """Pass a statement about the bytes with this SHA-256 in hex; raises BadStatement, OtherSubject."""
    statement = decoded(sent)
    if isinstance(statement, dict) and "payloadType" in statement:
        statement = decoded(payload(statement))
    if not isinstance(statement, dict) or statement.get("_type") != TYPE:
        raise BadStatement(f'the statement has no "_type": "{TYPE}"')
    if not isinstance(statement.get("predicateType"), str):
        raise BadStatement('the statement has no text "predicateType"')
    digests = [digest_of(subject) for subject in subjects(statement)]
    if sha256 not in digests:
        raise OtherSubject(f"no subject of the statement has the asset's sha256 {sha256}")


def decoded(data: bytes) -> Any:
    """The JSON."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise BadStatement(f"the statement is not JSON: {fault}") from None


def payload(envelope: dict[str, Any]) -> bytes:
    """What is in a DSSE envelope."""
    if envelope["payloadType"] != ENVELOPE or not isinstance(envelope.get("payload"), str):
        raise BadStatement(f"the envelope has no payload of the type {ENVELOPE}")
    if not isinstance(envelope.get("signatures"), list):
        raise BadStatement("the envelope has no signatures")
    try:
        return base64.b64decode(envelope["payload"], validate=True)
    except (ValueError, binascii.Error):
        raise BadStatement("the payload of the envelope is not base64") from None


def subjects(statement: dict[str, Any]) -> list[Any]:
    """What the statement speaks of."""
    found = statement.get("subject")
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_SUBJECTS:
        raise BadStatement(f"the statement has no list of 1 to {MAX_SUBJECTS} subjects")
    return found


def digest_of(subject: Any) -> str | None:
    """Its SHA-256 in lower case, None where it has none; raises BadStatement."""
    digest = subject.get("digest") if isinstance(subject, dict) else None
    if not isinstance(digest, dict) or not digest:
        raise BadStatement("a subject of the statement has no digest")
    found = digest.get("sha256")
    return found.lower() if isinstance(found, str) else None

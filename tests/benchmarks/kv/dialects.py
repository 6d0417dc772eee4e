"""How each server is asked for a key and told a value.

A value is a JSON object of 77 bytes that names its key and carries a stamp, by which a reader knows who wrote it.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

KEY = "a-key-of-the-benchmark-that-opens-nothing-else"
PSK = {"X-API-Key": KEY}
BASIC = {"Authorization": "Basic " + base64.b64encode(f"benchmark:{KEY}".encode()).decode()}
JSON = {"Content-Type": "application/json"}


class Request(NamedTuple):
    """A request without what all of a dialect have: method and headers."""

    path: str
    body: str = ""


@dataclass(frozen=True)
class Dialect:
    """A way to read and to write.

    read, write  of a key; of a key and a value's JSON text
    shown        the value within a decoded answer
    checks       what is checked of the sender
    """

    read: Callable[[str], Request]
    write: Callable[[str, str], Request]
    shown: Callable[[Any], Any]
    headers: Mapping[str, str] = field(default_factory=lambda: PSK)
    read_method: str = "GET"
    write_method: str = "POST"
    checks: str = "pre-shared key"


def key_of(number: int) -> str:
    """The key of a number."""
    return f"k{number}"


def value_of(number: int, stamp: str) -> str:
    """The value of a key, as JSON; stamps have five characters."""
    value = {"name": f"build-{number:06}", "state": "green", "seconds": 4711, "stamp": stamp}
    return json.dumps(value)


def envelope(key: str, value: str) -> str:
    """The body of /save."""
    return f'{{"key": "{key}", "value": {value}}}'


def base64_of(text: str) -> str:
    """As etcd's gateway takes and gives keys and values."""
    return base64.b64encode(text.encode()).decode()


def raw(namespace: str = "default") -> Dialect:
    """Our PUT and GET of raw bytes."""
    path = f"/api/v1/namespaces/{namespace}/keys/"
    return Dialect(
        lambda key: Request(path + key),
        lambda key, value: Request(path + key, value),
        lambda answer: answer,
        write_method="PUT",
    )


SAVE_GET = Dialect(
    lambda key: Request(f"/get?key={key}"),
    lambda key, value: Request("/save", envelope(key, value)),
    lambda answer: answer["value"],
)
PLAIN = Dialect(
    lambda key: Request(f"/plain/get?key={key}"),
    lambda key, value: Request("/plain/save", envelope(key, value)),
    lambda answer: answer["value"],
)
FASTAPI = SAVE_GET
TEXTBOOK = Dialect(
    lambda key: Request(f"/records/{key}/"),
    lambda key, value: Request(f"/records/{key}/", envelope(key, value)),
    lambda answer: answer["value"],
    write_method="PUT",
)
KINTO = Dialect(
    lambda key: Request(f"/v1/buckets/bench/collections/kv/records/{key}"),
    lambda key, value: Request(f"/v1/buckets/bench/collections/kv/records/{key}", f'{{"data": {value}}}'),
    lambda answer: {name: member for name, member in answer["data"].items() if name not in ("id", "last_modified")},
    headers=BASIC,
    write_method="PUT",
    checks="Basic password",
)
ETCD = Dialect(
    lambda key: Request("/v3/kv/range", json.dumps({"key": base64_of(key)})),
    lambda key, value: Request("/v3/kv/put", json.dumps({"key": base64_of(key), "value": base64_of(value)})),
    lambda answer: json.loads(base64.b64decode(answer["kvs"][0]["value"])),
    read_method="POST",
    checks="nothing",
)
WEBDIS = Dialect(
    lambda key: Request(f"/GET/{key}"),
    lambda key, value: Request(f"/SET/{key}", value),
    lambda answer: json.loads(answer["GET"]),
    write_method="PUT",
    checks="nothing",
)

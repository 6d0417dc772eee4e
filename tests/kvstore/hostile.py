"""What no well-meaning client sends, by name, each with the status that is documented for it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from tests.kvstore.wire import CHUNKED, Request

JSON = {"Content-Type": "application/json"}
ROOT = "/api/v1/namespaces"
KEYS = f"{ROOT}/ns/keys"
MIB = 2**20
LONG = "x" * 8191


@dataclass(frozen=True)
class Case:
    """A request and the status of its refusal."""

    request: Request
    status: int


def save(body: str | bytes, declared: int | str | None = None) -> Request:
    return Request("POST", "/save", body.encode() if isinstance(body, str) else body, JSON, declared)


def txn(body: str | bytes) -> Request:
    return Request("POST", f"{ROOT}/ns/txn", body.encode() if isinstance(body, str) else body, JSON)


def put(value: bytes = b"1", target: str = f"{KEYS}/a", declared: int | None = None, **headers: str) -> Request:
    return Request("PUT", target, value, {name.replace("_", "-"): text for name, text in headers.items()}, declared)


def put_json(value: bytes) -> Request:
    return put(value, Content_Type="application/json")


def get(target: str, **headers: str) -> Request:
    return Request("GET", target, headers={name.replace("_", "-"): text for name, text in headers.items()})


def with_value(value: str) -> str:
    return f'{{"key": "a", "value": {value}}}'


def with_key(key: str) -> str:
    return f'{{"key": {key}, "value": 1}}'


def txn_with(value: str) -> str:
    return f'{{"success": [{{"put": {with_value(value)}}}]}}'


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


# A JSON text that is no value anywhere.
NO_JSON = {
    "nothing": "",
    "a blank": " ",
    "half an object": '{"key": "a", "value"',
    "NaN": "NaN",
    "infinity": "-Infinity",
    "1e400": "1e400",
    "a lone surrogate": '"\\ud800"',
    "a reversed pair": '"\\udc00\\ud800"',
    "a control character in a string": '"\n"',
    "a leading zero": "01",
    "a plus": "+1",
    "a comma too many": "[1,]",
    "single quotes": "'a'",
    "a comment": "1 // one",
    "two values": "1 2",
    "a word": "nul",
    "5,000 levels": nested(5_000),
    "200,000 levels": nested(200_000),
    "200,000 levels without an end": "[" * 200_000,
    "5,000 objects": '{"a":' * 5_000 + "1" + "}" * 5_000,
}
# What is JSON, but no value.
NO_VALUE = {
    "101 levels": nested(101),
    "101 objects": '{"a":' * 101 + "1" + "}" * 101,
    "a member twice": '{"a": 1, "a": 2}',
    "a member twice, escaped": '{"a": 1, "\\u0061": 1}',
    "a member twice, inside": '[{"b": [{"a": 1, "a": 1}]}]',
}
NO_BYTES = {
    "invalid UTF-8": b'"\xff"',
    "an overlong NUL": b'"\xc0\x80"',
    "a surrogate's bytes": b'"\xed\xa0\x80"',
    "a NUL": b'"\0"',
    "UTF-16": '"a"'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf1",
}


def values() -> Iterator[tuple[str, Case]]:
    """Bodies that are refused wherever a value is taken."""
    for name, text in NO_JSON.items():
        yield f"{name} as a body", Case(save(text), 400)
        yield f"{name} as a txn", Case(txn(text), 400)
        yield f"{name} as a PUT of JSON", Case(put_json(text.encode()), 400)
    for name, text in {**NO_JSON, **NO_VALUE}.items():
        if text.strip():
            yield f"{name} as a value", Case(save(with_value(text)), 400)
            yield f"{name} as a value of a txn", Case(txn(txn_with(text)), 400)
    for name, text in NO_VALUE.items():
        yield f"{name} as a PUT of JSON", Case(put_json(text.encode()), 400)
    for name, data in NO_BYTES.items():
        yield f"{name} as a value", Case(save(b'{"key": "a", "value": ' + data + b"}"), 400)
        yield (
            f"{name} as a value of a txn",
            Case(txn(b'{"success": [{"put": {"key": "a", "value": ' + data + b"}}]}"), 400),
        )
        yield f"{name} as a PUT of JSON", Case(put_json(data), 400)


NO_KEY = {
    "no text": "1",
    "null": "null",
    "nothing": '""',
    "a NUL": '"a\\u0000b"',
    "a line end": '"a\\n"',
    "a C1 control character": '"\\u0085"',
    "DEL": '"\\u007f"',
    "a lone surrogate": '"\\udfff"',
    "513 bytes": f'"{"k" * 513}"',
    "513 bytes of umlauts": f'"{"ü" * 256}k"',
    "5,000 bytes": f'"{"k" * 5_000}"',
}
NO_KEY_IN_URL = {
    "nothing": ("", 400),
    "a NUL": ("a%00b", 400),
    "a line end": ("a%0A", 400),
    "a line end and a slash": ("a%0D%0A/b", 400),
    "a C1 control character": ("%C2%85", 400),
    "DEL": ("%7F", 400),
    "invalid UTF-8": ("%FF%FE", 400),
    "half a character": ("%C3", 400),
    "an overlong slash": ("%C0%AF", 400),
    "a surrogate's bytes": ("%ED%A0%80", 400),
    "513 bytes": ("k" * 513, 414),
    "513 bytes, escaped": ("%6B" * 513, 414),
    "5,000 bytes": ("k" * 5_000, 414),
    "9,000 bytes": ("k" * 9_000, 414),
    "9,000 bytes, escaped": ("%C3%BC" * 1_500, 414),
}


def keys() -> Iterator[tuple[str, Case]]:
    """Keys that are none."""
    for name, text in NO_KEY.items():
        yield f"a key of {name}", Case(save(with_key(text)), 400)
        yield f"a txn's key of {name}", Case(txn(f'{{"success": [{{"delete": {{"key": {text}}}}}]}}'), 400)
        yield f"a comparison's key of {name}", Case(txn(f'{{"compare": [{{"version": 1, "key": {text}}}]}}'), 400)
    for name, (text, status) in NO_KEY_IN_URL.items():
        for what, request in {
            "GET /get/": get(f"/get/{text}"),
            "GET /get?key=": get(f"/get?key={text}"),
            "DELETE /delete/": Request("DELETE", f"/delete/{text}"),
            "GET": get(f"{KEYS}/{text}"),
            "PUT": put(target=f"{KEYS}/{text}"),
            "DELETE": Request("DELETE", f"{KEYS}/{text}"),
            "POST ?touch": Request("POST", f"{KEYS}/{text}?touch"),
            "history": get(f"{ROOT}/ns/history/{text}"),
        }.items():
            yield f"{what} of {name}", Case(request, status)


QUERIES = {
    "a limit of 0": f"{KEYS}?limit=0",
    "a limit of 1,001": f"{KEYS}?limit=1001",
    "a limit of 5,000 digits": f"{KEYS}?limit={'9' * 5_000}",
    "a limit in Arabic digits": f"{KEYS}?limit=%D9%A1",
    "a limit in exponents": f"{KEYS}?limit=1e2",
    "a limit twice": f"{KEYS}?limit=1&limit=2",
    "a cursor that is none": f"{KEYS}?cursor=nothing",
    "a cursor with padding": f"{KEYS}?cursor=AAAAAAAAAAA=",
    "a cursor of blanks": f"{KEYS}?cursor=%20",
    "a cursor of 5,000 characters": f"{KEYS}?cursor={'A' * 5_000}",
    "a cursor of another alphabet": f"{KEYS}?cursor=AA%2B%2F",
    "a cursor of the history": f"{ROOT}/ns/history/a?cursor=AAAA",
    "a cursor of the namespaces": f"{ROOT}?cursor=AAAA",
    "a prefix with a NUL": f"{KEYS}?prefix=a%00",
    "a prefix of invalid UTF-8": f"{KEYS}?prefix=%FF",
    "a prefix of 513 bytes": f"{KEYS}?prefix={'k' * 513}",
    "a delimiter with a line end": f"{KEYS}?delimiter=%0A",
    "values of yes": f"{KEYS}?values=yes",
    "a revision below 0": f"{ROOT}/ns/changes?since=-1",
    "a revision of 2**63": f"{ROOT}/ns/changes?since={2**63}",
    "a revision of NaN": f"{ROOT}/ns/changes?since=NaN",
    "61 seconds": f"{ROOT}/ns/changes?wait=61",
    "seconds of NaN": f"{ROOT}/ns/changes?wait=nan",
    "a version of 0": f"{ROOT}/ns/history/a?version=0",
    "a version of 2**63": f"{ROOT}/ns/history/a?version={2**63}",
    "two keys": "/get?key=a&key=b",
    "no key": "/get",
    "a query of a thousand parameters": "/get?" + "&".join(f"key={number}" for number in range(1_000)),
}
HEADERS = {
    "an ETag without quotes": {"If-Match": "1"},
    "an ETag of an open quote": {"If-Match": '"1'},
    "an empty list of ETags": {"If-Match": ","},
    "a weak ETag in lower case": {"If-None-Match": 'w/"1"'},
    "a star in a list": {"If-None-Match": '*, "1"'},
    "two ETags without a comma": {"If-None-Match": '"1" "2"'},
    "an ETag with a NUL": {"If-Match": '"\0"'},
    "a type without a slash": {"Content-Type": "text"},
    "a type with a line end": {"Content-Type": "text/plain\r\nX-A: b"},
    "a type of 300 characters": {"Content-Type": "text/" + "x" * 300},
    "a type that is not ASCII": {"Content-Type": "text/\xe9"},
    "metadata of invalid UTF-8": {"X-Meta-A": "\xff"},
    "metadata with a NUL": {"X-Meta-A": "a\0b"},
    "metadata with a line end": {"X-Meta-A": "a\r\nSet-Cookie: b"},
    "metadata with a surrogate's bytes": {"X-Meta-A": "\xed\xa0\x80"},
    "metadata of a long name": {f"X-Meta-{'a' * 65}": "1"},
}
TTLS = ("0", "-1", "1e3", "NaN", "Infinity", "0x10", "315360001", "9" * 4_000, "1_0", "%D9%A1", "1,5", "a")
IN_BODY = {
    "a ttl of 0": '{"key": "a", "value": 1, "ttl": 0}',
    "a ttl below 0": '{"key": "a", "value": 1, "ttl": -1e-300}',
    "a ttl above ten years": '{"key": "a", "value": 1, "ttl": 315360000.1}',
    "a ttl of 1e308": '{"key": "a", "value": 1, "ttl": 1e308}',
    "a ttl in words": '{"key": "a", "value": 1, "ttl": "60"}',
    "a ttl of null": '{"key": "a", "value": 1, "ttl": null}',
    "a version of 5,000 digits": f'{{"key": "a", "value": 1, "version": {"9" * 5_000}}}',
    "a version of 2**63": f'{{"key": "a", "value": 1, "version": {2**63}}}',
    "a version of 1.5": '{"key": "a", "value": 1, "version": 1.5}',
    "a version of true": '{"key": "a", "value": 1, "version": true}',
    "a member twice": '{"key": "a", "value": 1, "key": "b"}',
    "an unknown member": '{"key": "a", "value": 1, "TTL": 1}',
    "a member with a NUL": '{"key": "a", "value": 1, "\\u0000": 1}',
    "a thousand unknown members": json.dumps({"key": "a", "value": 1} | {str(number): 1 for number in range(1_000)}),
    "no value": '{"key": "a"}',
    "an array": "[]",
}
FORMS = (
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data", "text/json",
    "application/xml", "", "*/*", "application/json2",
)  # fmt: skip


def parts() -> Iterator[tuple[str, Case]]:
    """Queries, headers and members that are not what they should be."""
    yield from ((name, Case(get(target), 400)) for name, target in QUERIES.items())
    yield from ((name, Case(put(**headers), 400)) for name, headers in HEADERS.items())
    yield from ((f"a ttl of {ttl[:20]}", Case(put(target=f"{KEYS}/a?ttl={ttl}"), 400)) for ttl in TTLS)
    yield from ((f"{name} in a body", Case(save(body), 400)) for name, body in IN_BODY.items())
    for form in FORMS:
        for route in ("/save", f"{ROOT}/ns/txn", f"{ROOT}/ns/history/a"):
            yield (
                f"a body of type {form!r} to {route}",
                Case(Request("POST", route, b"a=b", {"Content-Type": form}), 415),
            )
    for name, key in {"256 characters": "k" * 256, "nothing": "", "a blank": "a b", "no ASCII": "\xe9"}.items():
        headers = {**JSON, "Idempotency-Key": key}
        request = Request("POST", "/save", with_value("1").encode(), headers)
        yield f"an Idempotency-Key of {name}", Case(request, 400)
    stream = get(f"{ROOT}/ns/changes", Accept="text/event-stream", Last_Event_ID="x")
    yield "a Last-Event-ID that is none", Case(stream, 400)


def sizes() -> Iterator[tuple[str, Case]]:
    """Too much, and less than was said."""
    yield "a value over the limit", Case(save(with_value(f'"{"x" * MIB}"')), 413)
    yield "a PUT over the limit", Case(put(b"x" * (MIB + 1)), 413)
    yield "a chunked PUT over the limit", Case(put(b"x" * (MIB + 1), declared=CHUNKED), 413)
    yield "a body of /save over the limit", Case(save(with_value("1") + " " * (MIB + 8 * 2**10)), 413)
    yield "a txn's value over the limit", Case(txn(txn_with(f'"{"x" * MIB}"')), 413)
    yield "a txn over the limit", Case(txn(b" " * (16 * MIB + 1)), 413)
    yield "a length of 2**62", Case(put(b"x", declared=2**62), 413)
    yield "a thousand operations and one", Case(txn(json.dumps({"success": [{"get": {"key": "a"}}] * 1_001})), 400)
    yield "a million empty operations", Case(txn('{"success": [' + "[]," * 1_000_000 + "[]]}"), 400)
    yield "metadata over 1 KiB", Case(put(X_Meta_A="x" * 1_024), 431)
    yield "a header over 8,190 bytes", Case(put(X_Meta_A=LONG), 431)
    yield "an ETag over 8,190 bytes", Case(put(If_Match=f'"{LONG}"'), 431)
    yield "a URL over 8,190 bytes", Case(get(f"/get?key=a&x={LONG}"), 414)
    for name, request in {"/save": save(with_value("1"), declared=40), "PUT": put(b"123", declared=4)}.items():
        yield f"a body of {name} cut short", Case(request, 400)
    for length in ("abc", "-1", "1_0", "\xb2", " "):
        yield f"a length of {length!r}", Case(save(with_value("1"), declared=length), 400)
    yield "a body cut to nothing", Case(put(b"", declared=4), 400)
    yield "a large body cut short", Case(put(b"x" * 1_000, declared=MIB), 400)


def routes() -> Iterator[tuple[str, Case]]:
    """Verbs and paths that there are not."""
    for line in [
        "HEAD /save", "PUT /save", f"PATCH {KEYS}/a", "OPTIONS /get", "TRACE /get", "BREW /save", "POST /get",
        "GET /delete", "DELETE /get/a", f"POST {KEYS}", f"PUT {ROOT}/ns/txn", f"HEAD {ROOT}/ns/txn", f"GET {ROOT}/ns",
        f"PUT {ROOT}/ns", f"DELETE {ROOT}",
    ]:  # fmt: skip
        yield line, Case(Request(*line.split(" ")), 405)
    for target in ("/saves", "/save/", f"{ROOT}/", f"{ROOT}/ns/", f"{ROOT}/ns/KEYS", f"{ROOT}/a/b/keys", "//save"):
        yield f"the path {target}", Case(get(target), 404)
    for name in ("NS", "-a", "n s", "a" * 65, "%C3%A9", "a%0A", "%00", "a;b"):
        yield f"the namespace {name[:10]!r}", Case(get(f"{ROOT}/{name}/keys"), 400)
        yield f"the namespace {name[:10]!r} deleted", Case(Request("DELETE", f"{ROOT}/{name}"), 400)
    yield "no access key", Case(Request("PUT", f"{KEYS}/a", b"1", key=None), 401)
    yield "a wrong access key", Case(Request("PUT", f"{KEYS}/a", b"1", key="wrong"), 401)
    yield "an access key that is not ASCII", Case(Request("PUT", f"{KEYS}/a", b"1", key="\xff\xfe"), 401)
    yield "another host", Case(put(Host="evil.example"), 400)


CASES: dict[str, Case] = dict([*values(), *keys(), *parts(), *sizes(), *routes()])

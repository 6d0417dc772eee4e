"""The lines of an export: one JSON object each, a header for a namespace, its records and changes, and its end.

```
{"kvstore":1,"namespace":"ci","revision":7,"version_floor":0}
{"op":"put","key":"a","version":2,"revision":5,"at":"…","by":"laptop","value":{"n":0},"expires_at":null}
{"key":"a","version":3,"value":{"n":1},"expires_at":null,"created_at":"…","updated_at":"…"}
{"key":"b","version":1,"value_base64":"AP8=","content_type":"image/png","meta":{"owner":"x"},"expires_at":…, …}
{"op":"delete","key":"c","version":4,"revision":6,"at":"…","by":"laptop"}
{"end":"ci","records":2,"changes":2,"more":false}
```

The end counts what came and tells whether another namespace follows, so that a file that was cut short is known by it
wherever it was cut. A JSON value stands in its line byte for byte, or in base64 where it has line ends or outer blanks.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import IO, Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from kvstore import keys, metadata, values
from kvstore.conditions import MAX_VERSION
from kvstore.transactions import base64_fault
from kvstore.values import shown

FORMAT = 1
# What a line has beside a value: a key of 512 bytes and metadata, each byte written as \u00XX, a type, times, names.
AROUND_BYTES = 16 * 2**10
FIRST_YEAR, LAST_YEAR = 1970, 9998


class BadLine(ValueError):
    """A line is not one of an export; the message has its number and what would be right."""

    def __init__(self, line: int, detail: str) -> None:
        """Lines are counted from 1."""
        super().__init__(f"line {line}: {detail}")
        self.line = line


class BadItem(ValueError):
    """What is wrong with the item of a line."""


@dataclass(frozen=True, slots=True)
class Header:
    """The namespace that the next lines are of, as it was at one revision.

    version_floor  no version up to it may be given to a key that is new
    """

    namespace: str
    revision: int
    version_floor: int


@dataclass(frozen=True, slots=True)
class Record:
    """A key that lives. Times are aware, UTC; `meta` is the text of `metadata.text_of`."""

    key: str
    version: int
    value: bytes
    content_type: str
    meta: str
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One of a key's history; a put has a value, a deletion or an expiry has none, no type, meta or expiry.

    by  the name of the access key that did it, empty where there was none
    """

    op: Literal["put", "delete", "expire"]
    key: str
    version: int
    revision: int
    at: datetime
    by: str = ""
    value: bytes | None = None
    content_type: str = ""
    meta: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The end of a namespace: how many lines of each kind it had, and whether another one follows."""

    namespace: str
    records: int
    changes: int
    more: bool


Item = Header | Record | Change | End
Count = Annotated[int, Meta(ge=0, le=MAX_VERSION)]
Ordinal = Annotated[int, Meta(ge=1, le=MAX_VERSION)]
Time = Annotated[datetime, Meta(tz=True)]


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """The members of a line, and no others."""


class _Header(_Line):
    kvstore: int
    namespace: str
    revision: Count
    version_floor: Count


class _End(_Line):
    end: str
    records: Count
    changes: Count
    more: bool


class _Keyed(_Line, kw_only=True):
    """A key with a value in one of its two forms, whose type is left out where it is that of the form."""

    key: str
    version: Ordinal
    value: Raw | UnsetType = UNSET
    value_base64: str | UnsetType = UNSET
    content_type: str | UnsetType = UNSET
    meta: dict[str, str] | UnsetType = UNSET


class _Record(_Keyed, kw_only=True):
    expires_at: Time | None
    created_at: Time
    updated_at: Time


class _Change(_Keyed, kw_only=True):
    op: Literal["put", "delete", "expire"]
    revision: Ordinal
    at: Time
    by: str = ""
    expires_at: Time | None = None


_raw = msgspec.json.Decoder(Raw)
_header = msgspec.json.Decoder(_Header)
_record = msgspec.json.Decoder(_Record)
_change = msgspec.json.Decoder(_Change)
_end = msgspec.json.Decoder(_End)


def encode(item: Item) -> bytes:
    """The line of an item, with its line end."""
    members: dict[str, object]
    match item:
        case Header():
            members = {"kvstore": FORMAT, "namespace": item.namespace}
            members |= {"revision": item.revision, "version_floor": item.version_floor}
        case Record():
            members = {"key": item.key, "version": item.version}
            members |= valued(item.value, item.content_type, item.meta)
            members |= {"expires_at": item.expires_at, "created_at": item.created_at, "updated_at": item.updated_at}
        case Change():
            members = {"op": item.op, "key": item.key, "version": item.version, "revision": item.revision}
            members |= {"at": item.at, "by": item.by}
            if item.value is not None:
                members |= valued(item.value, item.content_type, item.meta) | {"expires_at": item.expires_at}
        case End():
            members = {"end": item.namespace, "records": item.records, "changes": item.changes, "more": item.more}
    return msgspec.json.encode(members) + b"\n"


def valued(value: bytes, content_type: str, meta: str) -> dict[str, object]:
    """The members that hold a value and what belongs to it."""
    members: dict[str, object]
    if values.is_json(content_type) and is_one_line(value):
        members, usual = {"value": Raw(value)}, values.JSON
    else:
        members, usual = {"value_base64": base64.b64encode(value).decode()}, values.BYTES
    if content_type != usual:
        members["content_type"] = content_type
    if meta:
        members["meta"] = Raw(meta.encode())
    return members


def is_one_line(value: bytes) -> bool:
    """Whether a value can stand in a line as it is: JSON with no blanks around it and no line end within."""
    try:
        return b"\n" not in value and b"\r" not in value and bytes(_raw.decode(value)) == value
    except msgspec.DecodeError:
        return False


def read(file: IO[bytes], max_value_bytes: int) -> Iterator[tuple[int, Item]]:
    """The items of an export, or of several after one another, each with the number of its line.

    file             at its start; no more than a line of it is in memory
    max_value_bytes  the largest value that is taken
    raises           BadLine; that a file was cut short is known at its end only
    """
    course = Course()
    longest = max_value_bytes * 4 // 3 + AROUND_BYTES
    for number in count(1):
        line = file.readline(longest + 1)
        try:
            if len(line) > longest:
                raise BadItem(f"it has more than {longest} bytes, too many for a value of {max_value_bytes} bytes")
            if not line:
                course.stop()
                return
            item = item_of(line, max_value_bytes)
            course.take(item)
        except (ValueError, msgspec.ValidationError) as fault:
            raise BadLine(number, str(fault)) from None
        yield number, item


class Course:
    """What came so far, so that each item is where it may be."""

    def __init__(self) -> None:
        """Before the first line."""
        self.header: Header | None = None
        self.records = self.changes = 0
        self.more = True

    def take(self, item: Item) -> None:
        """Go on by one item, or raise BadItem."""
        if isinstance(item, Header):
            if self.header:
                raise BadItem(f"the end of namespace {self.header.namespace} is missing before the next header")
            self.header, self.records, self.changes = item, 0, 0
        elif self.header is None:
            raise BadItem("it belongs to no namespace; first comes a header with kvstore and namespace")
        elif isinstance(item, End):
            came = End(self.header.namespace, self.records, self.changes, item.more)
            if item != came:
                raise BadItem(f"the end is of {told(item)}, and what came is {told(came)}: lines are missing or added")
            self.header, self.more = None, item.more
        else:
            self.records += isinstance(item, Record)
            self.changes += isinstance(item, Change)

    def stop(self) -> None:
        """Pass where the file may end, or raise BadItem."""
        if self.header:
            raise BadItem(f"the file ends before the end of namespace {self.header.namespace}: it was cut short")
        if self.more:
            raise BadItem("the file ends before a header that was to come: it was cut short, or is no export")


def told(end: End) -> str:
    """What an end counts."""
    return f"{shown(end.namespace)!a} with {end.records} records and {end.changes} changes"


def item_of(line: bytes, max_value_bytes: int) -> Item:
    """What a line holds; raises a ValueError of ours or msgspec's ValidationError."""
    members = values.decode(line, "line")
    if not isinstance(members, dict):
        raise BadItem("it is not a JSON object")
    # The line itself is a level.
    if values.deeper_than(values.MAX_DEPTH + 1, members):
        raise BadItem(f"the value is {values.TOO_DEEP}")
    for _, name, times in values.repeated(line):
        raise BadItem(values.told_twice(name, times))
    if "kvstore" in members:
        return header_of(line, members["kvstore"])
    if "end" in members:
        end = _end.decode(line)
        return End(end.end, end.records, end.changes, end.more)
    return change_of(line, max_value_bytes) if "op" in members else record_of(line, max_value_bytes)


def header_of(line: bytes, number: object) -> Header:
    """The header in a line of this format."""
    if number != FORMAT:
        raise BadItem(f"it begins an export of format {shown(repr(number))}; only format {FORMAT} is known")
    header = _header.decode(line)
    keys.check_namespace(header.namespace)
    return Header(header.namespace, header.revision, header.version_floor)


def record_of(line: bytes, max_value_bytes: int) -> Record:
    """The record in a line."""
    record = _record.decode(line)
    keys.check_key(record.key)
    value, content_type, meta = value_of(record, max_value_bytes)
    expires_at = record.expires_at and utc(record.expires_at)
    created_at, updated_at = utc(record.created_at), utc(record.updated_at)
    return Record(record.key, record.version, value, content_type, meta, expires_at, created_at, updated_at)


def change_of(line: bytes, max_value_bytes: int) -> Change:
    """The change in a line."""
    change = _change.decode(line)
    keys.check_key(change.key)
    at = utc(change.at)
    if change.op == "put":
        value = value_of(change, max_value_bytes)
        expires_at = change.expires_at and utc(change.expires_at)
        return Change("put", change.key, change.version, change.revision, at, change.by, *value, expires_at)
    if change.expires_at or (change.value, change.value_base64, change.content_type, change.meta) != (UNSET,) * 4:
        raise BadItem(f"a change of op {change.op} has no value, content_type, meta and expires_at")
    return Change(change.op, change.key, change.version, change.revision, at, change.by)


def value_of(line: _Keyed, max_value_bytes: int) -> tuple[bytes, str, str]:
    """The value in a line, its type, and its metadata as text."""
    if (line.value is UNSET) is (line.value_base64 is UNSET):
        raise BadItem("it has one of value and value_base64")
    in_line = isinstance(line.value, Raw)
    value = bytes(line.value) if isinstance(line.value, Raw) else bytes_of(line.value_base64)
    values.check_size(value, max_value_bytes)
    usual = values.JSON if in_line else values.BYTES
    content_type = usual if isinstance(line.content_type, UnsetType) else line.content_type
    if detail := values.content_type_fault(content_type):
        raise BadItem(detail)
    # A value in its line was checked with it.
    if in_line and not values.is_json(content_type):
        raise BadItem(f"a value is JSON, and its type is {shown(content_type)!a}; other types go with value_base64")
    if values.is_json(content_type) and not in_line:
        values.check_json(value)
    meta = {} if isinstance(line.meta, UnsetType) else line.meta
    metadata.check(meta)
    return value, content_type, metadata.text_of(meta)


def bytes_of(text: object) -> bytes:
    """The bytes that are written in base64."""
    if detail := base64_fault(text):
        raise BadItem(detail)
    return base64.b64decode(str(text))


def utc(time: datetime) -> datetime:
    """The time in UTC, if every database can hold it."""
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise BadItem(f"the time {time.isoformat()} is not of the years {FIRST_YEAR} to {LAST_YEAR}")
    return time.astimezone(UTC)

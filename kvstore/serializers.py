"""Queries, checked strictly, all faults at once. What is named twice is a fault, what is not known is ignored."""

from collections.abc import Callable
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from kvstore import keys, queries, values
from kvstore.conditions import MAX_VERSION

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
MAX_WAIT_S = 60
WORDS = {"true": True, "false": False}


class Text(serializers.Field[Any, object, Any, Any]):
    """A text that one of our functions reads; what it raises is the fault."""

    def __init__(self, read: Callable[[str], Any] = str, **options: Any) -> None:
        """`read` takes the text as it was sent, empty too."""
        super().__init__(**options)
        self._read = read

    def to_internal_value(self, data: object) -> Any:
        """What was read."""
        try:
            return self._read(str(data))
        except ValueError as fault:
            raise serializers.ValidationError(str(fault)) from None


class Query(serializers.Serializer[dict[str, Any]]):
    """What stands behind the `?`."""


def start_of_key(sent: str) -> str:
    """What keys may begin with, or have in them."""
    keys.check_prefix(sent)
    return sent


def integer(name: str, low: int, high: int) -> Callable[[str], int]:
    """How this parameter is read."""

    def read(sent: str) -> int:
        return queries.read_integer(name, sent, low, high)

    return read


def wait_s(sent: str) -> float:
    """Seconds, with a fraction or without."""
    return queries.read_decimal("wait", sent, 0, MAX_WAIT_S)


def word(sent: str) -> bool:
    """The words true or false."""
    if sent not in WORDS:
        raise ValueError(f"{values.shown(sent)!r} is neither true nor false")
    return WORDS[sent]


class WriteQuery(Query):
    """`?ttl=`."""

    ttl = Text(queries.read_ttl, default=None)


class TouchQuery(WriteQuery):
    """`?touch&ttl=`."""

    touch = Text(error_messages={"required": "POST to a key is ?touch, with &ttl= or without; PUT writes a value"})


class PageQuery(Query):
    """`?limit=&cursor=`."""

    limit = Text(integer("limit", 1, MAX_LIMIT), default=DEFAULT_LIMIT)
    cursor = Text(default="")


class ListQuery(PageQuery):
    """`?prefix=&delimiter=&limit=&cursor=&values=`."""

    prefix = Text(start_of_key, default="")
    delimiter = Text(start_of_key, default="")
    values = Text(word, default=False)


class HistoryQuery(PageQuery):
    """`?version=` for the value that it had; `?limit=&cursor=` for the list."""

    version = Text(integer("version", 1, MAX_VERSION), default=None)


class ChangesQuery(Query):
    """`?since=&wait=&prefix=&limit=`."""

    since = Text(integer("since", 0, MAX_VERSION), default=0)
    wait = Text(wait_s, default=0.0)
    prefix = Text(start_of_key, default="")
    limit = Text(integer("limit", 1, MAX_LIMIT), default=DEFAULT_LIMIT)


def checked(kind: type[Query], sent: QueryDict) -> dict[str, Any]:
    """The query's values; raises ValidationError (400) with everything that is wrong."""
    query = kind(data=sent.dict())
    times = {str(name): len(sent.getlist(str(name))) for name in query.fields}
    if repeated := {name: f"{name} is given {count} times" for name, count in times.items() if count > 1}:
        raise serializers.ValidationError(repeated)
    query.is_valid(raise_exception=True)
    found: dict[str, Any] = query.validated_data
    return found

"""A record's row as the pages need it: the values are read one by one, and of a large one only the start."""

from datetime import datetime
from typing import Any, cast
from urllib.parse import quote

from django.db.models import BinaryField
from django.db.models.functions import Substr
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kvstore.admin.contents import START_BYTES, TEXT_BYTES, as_shown, text_of
from kvstore.models import Record

BLOCK = '<pre class="overflow-auto max-h-96 text-xs font-mono">{}</pre>'
SHOWN = "kvstore_shown"  # of a record, what its page shows
REST = '<p>The first {} of {} bytes. With a key, <a class="text-link" href="{}">{}</a> gives them all.</p>'


def current(path: str) -> Record | None:
    """The record as the database has it now, its value not yet read."""
    found: Record | None = Record.objects.defer("value").filter(path=path).first()
    return found


def version_of(record: Record | None, now: datetime) -> int:
    """The version that a write is to be over; 0: the key is absent."""
    return record.version if record and record.state(now) == "live" else 0


def value_of(record: Record) -> bytes:
    """All of a record's value."""
    return bytes(record.value)


def start_of(record: Record) -> bytes:
    """The first START_BYTES of a value; no more is read."""
    start = Substr("value", 1, START_BYTES, output_field=BinaryField())
    return bytes(Record.objects.filter(pk=record.pk).values_list(start, flat=True)[0])


def text_in(record: Record) -> str | None:
    """The value as a text that can be typed over; None where it is none, or too long for a page."""
    return text_of(value_of(record), whole=True) if record.size_bytes <= TEXT_BYTES else None


def shown_value(record: Record) -> SafeString:
    """The value as a person reads it; of a large one the start, and where the rest is. A page asks several times."""
    kept: Any = record
    if not hasattr(kept, SHOWN):
        setattr(kept, SHOWN, block_of(record))
    return cast("SafeString", getattr(kept, SHOWN))


def block_of(record: Record) -> SafeString:
    """The value in HTML."""
    whole = record.size_bytes <= TEXT_BYTES
    data = value_of(record) if whole else start_of(record)
    block = format_html(BLOCK, as_shown(data, record.content_type, whole=whole))
    if whole:
        return block
    route = f"/api/v1/namespaces/{record.namespace}/keys/{quote(record.key, safe='')}"
    return block + format_html(REST, START_BYTES, record.size_bytes, route, route)

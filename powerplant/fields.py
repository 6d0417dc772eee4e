"""A column of JSON that is kept compressed: a plan of many plants repeats the same few names."""

import json
import zlib
from typing import Any

from django.db import models

LEVEL = 1  # of zlib: 9 makes a report a tenth smaller and takes ten times as long


class CompressedJSONField(models.BinaryField):  # type: ignore[type-arg] # only the stubs know its types
    """Any JSON value, as the zlib stream (RFC 1950) of its UTF-8 text."""

    def get_prep_value(self, value: Any) -> bytes:
        """The bytes of the column; bytes are taken for such."""
        return value if isinstance(value, bytes) else compressed(value)

    def from_db_value(self, value: Any, *_args: Any) -> Any:
        """The value again."""
        return json.loads(zlib.decompress(value))


def compressed(value: Any) -> bytes:
    """The bytes of the column for `value`."""
    return zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), LEVEL)

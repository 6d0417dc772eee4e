"""What saving, reading and deleting mean, on whatever database.

Versions go on for ever; absent is: never saved, deleted, or expired. When a function returns, its write is committed;
when it raises, nothing was written. Reads of one key come from the cache, which is never stale; `writing` says why.
"""

from kvstore.store.answers import Once
from kvstore.store.faults import (
    Absent,
    AnswerTooLarge,
    Forgotten,
    NoNamespace,
    NoVersion,
    OtherRequest,
    QuotaExceeded,
    Repeated,
    VersionConflict,
)
from kvstore.store.records import Written, delete, get, put, touch
from kvstore.store.writing import Value

__all__ = [
    "Absent",
    "AnswerTooLarge",
    "Forgotten",
    "NoNamespace",
    "NoVersion",
    "Once",
    "OtherRequest",
    "QuotaExceeded",
    "Repeated",
    "Value",
    "VersionConflict",
    "Written",
    "delete",
    "get",
    "put",
    "touch",
]

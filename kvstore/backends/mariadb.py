"""The statements of MariaDB (10.5 or later).

In ON DUPLICATE KEY UPDATE a column set further up has its new value below.
There is no WHERE, so `created_revision` is set first and then tells whether the write is to happen.
"""

from typing import Final

from kvstore.backends.rows import HEAD, NEW_NAMESPACE, Rows

SET: Final = """
ON DUPLICATE KEY UPDATE
    created_revision = IF(deleted OR COALESCE(expires_at <= VALUES(updated_at), FALSE),
                          VALUES(created_revision), created_revision),
    created_at = IF(created_revision = VALUES(revision), VALUES(created_at), created_at),
"""
REPLACED: Final = "IF(deleted, -1, size_bytes)"
CHANGED: Final = (
    "size_bytes", "revision", "content_type", "meta", "expires_at", "updated_at", "deleted", "value",
)  # fmt: skip
RETURNING: Final = "\nRETURNING path, version, created_revision, replaced_bytes"


def only_if_created(column: str, new: str) -> str:
    """An assignment that leaves the column as it is where the key was there."""
    return f"{column} = IF(created_revision = VALUES(revision), {new}, {column})"


class MariaDB(Rows):
    """A write that does not happen returns the row as it is."""

    BEGIN_SNAPSHOT = (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )
    LOCK = f"{HEAD} FOR UPDATE"
    # Where several make it at once, INSERT IGNORE would leave each with a shared lock, and none could have it alone.
    MAKE_NAMESPACE = f"{NEW_NAMESPACE}ON DUPLICATE KEY UPDATE name = VALUES(name)"
    ALWAYS = (
        SET
        + ",\n".join(
            [f"replaced_bytes = {REPLACED}", "version = version + 1", *(f"{name} = VALUES({name})" for name in CHANGED)]
        )
        + RETURNING
    )
    WHERE_ABSENT = (
        SET
        + ",\n".join(
            [
                only_if_created("replaced_bytes", REPLACED),
                only_if_created("version", "version + 1"),
                *(only_if_created(name, f"VALUES({name})") for name in CHANGED),
            ]
        )
        + RETURNING
    )

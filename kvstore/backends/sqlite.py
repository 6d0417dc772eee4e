"""The statements of sqlite (3.35 or later). On the right of SET stands the row as it was."""

from typing import Final

from kvstore.backends.rows import HEAD, NEW_NAMESPACE, Rows

SET: Final = """
ON CONFLICT (path) DO UPDATE SET
    created_revision = CASE WHEN deleted OR expires_at <= excluded.updated_at
                       THEN excluded.created_revision ELSE created_revision END,
    created_at = CASE WHEN deleted OR expires_at <= excluded.updated_at THEN excluded.created_at ELSE created_at END,
    replaced_bytes = CASE WHEN deleted THEN -1 ELSE size_bytes END,
    size_bytes = excluded.size_bytes,
    version = version + 1,
    revision = excluded.revision,
    content_type = excluded.content_type,
    meta = excluded.meta,
    expires_at = excluded.expires_at,
    updated_at = excluded.updated_at,
    deleted = excluded.deleted,
    value = excluded.value
"""
RETURNING: Final = "RETURNING path, version, created_revision, replaced_bytes"


class Sqlite(Rows):
    """A write that does not happen returns no row. BEGIN IMMEDIATE has locked every namespace."""

    BEGIN_SNAPSHOT = ("BEGIN DEFERRED",)
    LOCK = HEAD
    MAKE_NAMESPACE = f"{NEW_NAMESPACE}ON CONFLICT (name) DO NOTHING"
    ALWAYS = SET + RETURNING
    WHERE_ABSENT = SET + "WHERE deleted OR expires_at <= excluded.updated_at\n" + RETURNING

"""The upserts of sqlite (3.35 or later). On the right of SET stands the row as it was."""

from kvstore.backends.rows import Rows

INSERT = """
INSERT INTO kvstore_record
    (path, value, content_type, version, revision, created_revision, expires_at, created_at, updated_at, deleted)
VALUES (%s, %s, %s, 1, %s, %s, %s, %s, %s, %s)
ON CONFLICT (path) DO UPDATE SET
    created_revision = CASE WHEN deleted OR expires_at <= excluded.updated_at
                       THEN excluded.created_revision ELSE created_revision END,
    created_at = CASE WHEN deleted OR expires_at <= excluded.updated_at THEN excluded.created_at ELSE created_at END,
    version = version + 1,
    revision = excluded.revision,
    value = excluded.value,
    content_type = excluded.content_type,
    expires_at = excluded.expires_at,
    updated_at = excluded.updated_at,
    deleted = excluded.deleted
"""
WHERE_ABSENT = "WHERE deleted OR expires_at <= excluded.updated_at\n"
RETURNING = "RETURNING version, created_revision"


class Sqlite(Rows):
    """A write that does not happen returns no row."""

    BUMP = """
INSERT INTO kvstore_namespace (name, revision, created_at) VALUES (%s, 1, %s)
ON CONFLICT (name) DO UPDATE SET revision = revision + 1
RETURNING revision
"""
    PUT = INSERT + RETURNING
    CREATE = INSERT + WHERE_ABSENT + RETURNING

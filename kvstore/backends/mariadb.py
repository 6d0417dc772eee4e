"""The upserts of MariaDB (10.5 or later). In ON DUPLICATE KEY UPDATE a column set further up has its new value below.

There is no WHERE, so `created_revision` is set first and then tells whether the write is to happen.
"""

from kvstore.backends.rows import Rows

INSERT = """
INSERT INTO kvstore_record
    (path, value, content_type, version, revision, created_revision, expires_at, created_at, updated_at, deleted)
VALUES (%s, %s, %s, 1, %s, %s, %s, %s, %s, %s)
ON DUPLICATE KEY UPDATE
    created_revision = IF(deleted OR COALESCE(expires_at <= VALUES(updated_at), FALSE),
                          VALUES(created_revision), created_revision),
    created_at = IF(created_revision = VALUES(revision), VALUES(created_at), created_at),
"""
ALWAYS = """
    version = version + 1,
    revision = VALUES(revision),
    value = VALUES(value),
    content_type = VALUES(content_type),
    expires_at = VALUES(expires_at),
    updated_at = VALUES(updated_at),
    deleted = VALUES(deleted)
"""
WHERE_ABSENT = """
    version = IF(created_revision = VALUES(revision), version + 1, version),
    revision = IF(created_revision = VALUES(revision), VALUES(revision), revision),
    value = IF(created_revision = VALUES(revision), VALUES(value), value),
    content_type = IF(created_revision = VALUES(revision), VALUES(content_type), content_type),
    expires_at = IF(created_revision = VALUES(revision), VALUES(expires_at), expires_at),
    updated_at = IF(created_revision = VALUES(revision), VALUES(updated_at), updated_at),
    deleted = IF(created_revision = VALUES(revision), VALUES(deleted), deleted)
"""
RETURNING = "RETURNING version, created_revision"


class MariaDB(Rows):
    """A write that does not happen returns the row as it is."""

    BUMP = """
INSERT INTO kvstore_namespace (name, revision, created_at) VALUES (%s, 1, %s)
ON DUPLICATE KEY UPDATE revision = revision + 1
RETURNING revision
"""
    PUT = INSERT + ALWAYS + RETURNING
    CREATE = INSERT + WHERE_ABSENT + RETURNING

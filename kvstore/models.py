"""The rows: records by path, the log of their changes, one row a namespace that counts. Only `store` writes them.

And the name that the database has outside of it.
"""

from datetime import datetime
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from kvstore import keys
from kvstore.values import MAX_TYPE_CHARACTERS

PUT, DELETE, EXPIRE = "put", "delete", "expire"
MAX_AUTHOR = 64


class NotHere(TypeError):
    """A row was to be written past `store`: without its lock, its log and the cache's knowledge."""

    def __init__(self) -> None:
        """What to do instead."""
        super().__init__("rows of kvstore are written by kvstore.store alone, which keeps caches and revisions right")


class ByteText(models.CharField):  # type: ignore[type-arg]  # takes none when it runs
    """Text of up to `max_length` bytes of UTF-8, compared by these bytes: `Case` is not `case`, `a` not `a `."""

    description = "Text compared by its bytes"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """VARBINARY on MySQL and MariaDB, whose text ignores case and trailing blanks; TEXT is bytes on sqlite."""
        return f"varbinary({self.max_length})" if connection.vendor == "mysql" else "text"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's form
        """Bytes where the column has bytes."""
        value = super().get_db_prep_value(value, connection, prepared)
        return value.encode() if connection.vendor == "mysql" and isinstance(value, str) else value

    def from_db_value(self, value: Any, *_args: Any) -> Any:
        """Text, whatever the column has."""
        return value.decode() if isinstance(value, bytes) else value


class RowId(models.BigAutoField):  # type: ignore[type-arg]  # takes none when it runs
    """A number given by the database, of which the last one may be given again once its row is gone.

    AUTOINCREMENT, which Django asks for, has sqlite write a page more with each row.
    """

    def db_type_suffix(self, connection: BaseDatabaseWrapper) -> str | None:
        """What MySQL and MariaDB need to give numbers; sqlite gives them anyway."""
        return None if connection.vendor == "sqlite" else super().db_type_suffix(connection)


class IndexOfSome(models.Index):
    """An index of a column that is mostly NULL, which leaves those rows out where the database has such indexes.

    sqlite writes a page less with a row that is not in it; MariaDB leaves an index alone whose column stays as it was.
    """

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **options: Any) -> Any:
        """As Django's, with a condition where the database takes one."""
        if not schema_editor.connection.features.supports_partial_indexes:
            return super().create_sql(model, schema_editor, using, **options)
        there = models.Q(**{f"{self.fields[0]}__isnull": False})
        return models.Index(fields=self.fields, name=self.name, condition=there).create_sql(
            model, schema_editor, using, **options
        )


class ReadRows(models.QuerySet[Any]):
    """Rows that are asked for and not written."""

    def _refuse(self, *_args: Any, **_options: Any) -> NoReturn:
        raise NotHere

    create = update = delete = bulk_create = bulk_update = get_or_create = update_or_create = _refuse


class ReadModel(models.Model):
    """A row that is looked at through Django and written by `store`."""

    objects: ClassVar[Any] = ReadRows.as_manager()

    class Meta:
        """No table of its own."""

        abstract = True

    def save(self, *_args: Any, **_options: Any) -> NoReturn:
        """Raise NotHere."""
        raise NotHere

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        """Raise NotHere."""
        raise NotHere


class Namespace(ReadModel):
    """Keys under one name, made by its first write. Its row is locked by each write until that is committed.

    revision            of the last change; it never goes back
    version_floor       the highest version of any record whose row is gone: new ones start above
    forgotten_revision  up to it the log has been trimmed
    key_count           records that are not deleted (expired ones count until they are swept)
    byte_count          of their values
    max_keys, max_bytes the quota; None: none
    deleted             it was deleted as a whole, or is only being made, and neither written to nor bounded since
    """

    name = ByteText(primary_key=True, max_length=keys.MAX_NAMESPACE_BYTES)
    revision = models.BigIntegerField()
    version_floor = models.BigIntegerField()
    forgotten_revision = models.BigIntegerField()
    key_count = models.BigIntegerField()
    byte_count = models.BigIntegerField()
    max_keys = models.BigIntegerField(null=True)
    max_bytes = models.BigIntegerField(null=True)
    deleted = models.BooleanField()
    created_at = models.DateTimeField()

    class Meta:
        """Named after the app."""

        db_table = "kvstore_namespace"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(forgotten_revision__gte=0, revision__gte=models.F("forgotten_revision")),
                name="kvstore_namespace_revision",
            ),
            models.CheckConstraint(
                condition=models.Q(key_count__gte=0, byte_count__gte=0), name="kvstore_namespace_counts"
            ),
        ]

    def __str__(self) -> str:
        """Its name."""
        return str(self.name)


class RecordQuerySet(ReadRows):
    """Questions about records."""

    def starting_with(self, prefix: str) -> "RecordQuerySet":
        """The records whose path starts with `prefix`, found by the primary key."""
        low, high = keys.prefix_range(prefix)
        found = self.filter(path__gte=low)
        return found if high is None else found.filter(path__lt=high)


class Record(ReadModel):
    """A value under a key, or what is left of it so that its versions go on.

    path              `namespace/key`: the one b-tree that finds records
    meta              JSON of the user's own metadata; empty: none
    size_bytes        of the value
    replaced_bytes    of the value that this one took the place of, -1 where there was none
    version           of the value: 1, 2, 3, … for each key; deletion and expiry take none
    revision          of the namespace, at the last change
    created_revision  of the namespace, when the key last came to be; equal to `revision`: it is new
    expires_at        from when on it is absent; None: never
    deleted           it is absent
    value             the bytes as they were sent; empty once deleted. The last column, for sqlite reads a row's
                      large values only where a later column is asked for
    """

    path = ByteText(primary_key=True, max_length=keys.MAX_PATH_BYTES)
    content_type = models.CharField(max_length=MAX_TYPE_CHARACTERS)
    meta = models.TextField()
    size_bytes = models.BigIntegerField()
    replaced_bytes = models.BigIntegerField()
    version = models.BigIntegerField()
    revision = models.BigIntegerField()
    created_revision = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted = models.BooleanField()
    value = models.BinaryField()

    objects: ClassVar[Any] = RecordQuerySet.as_manager()

    class Meta:
        """Named after the app."""

        db_table = "kvstore_record"
        ordering = ["path"]
        indexes = [IndexOfSome(fields=["expires_at"], name="kvstore_record_expires_at")]
        constraints = [
            models.CheckConstraint(condition=models.Q(version__gte=1), name="kvstore_record_version"),
            models.CheckConstraint(
                condition=models.Q(created_revision__gte=1, revision__gte=models.F("created_revision")),
                name="kvstore_record_revision",
            ),
        ]

    def __str__(self) -> str:
        """Its path."""
        return str(self.path)

    @property
    def namespace(self) -> str:
        """The part of the path before its first slash."""
        return keys.split(self.path)[0]

    @property
    def key(self) -> str:
        """The rest of the path."""
        return keys.split(self.path)[1]

    def state(self, now: datetime) -> str:
        """`deleted`, `expired` or `live`."""
        if self.deleted:
            return "deleted"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "live"


class Change(ReadModel):
    """One change of one record: the log that `changes` tells, and the history of values while they are kept.

    revision  of the namespace: each change has its own, without order between namespaces
    op        `put` (a touch too), `delete`, `expire`
    version   of the value; of what was deleted or expired
    author    the name of the access key, where one is known
    kept      it is part of its key's history; else all but what `changes` tells is gone
    value     of a put; None for the others, for a touch, and once it is not kept
    """

    id = RowId(primary_key=True)
    namespace = ByteText(max_length=keys.MAX_NAMESPACE_BYTES)
    revision = models.BigIntegerField()
    path = ByteText(max_length=keys.MAX_PATH_BYTES)
    op = models.CharField(max_length=8)
    version = models.BigIntegerField()
    at = models.DateTimeField()
    author = models.CharField(max_length=MAX_AUTHOR)
    content_type = models.CharField(max_length=MAX_TYPE_CHARACTERS)
    meta = models.TextField()
    size_bytes = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True)
    kept = models.BooleanField()
    value = models.BinaryField(null=True)

    class Meta:
        """Named after the app."""

        db_table = "kvstore_change"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["namespace", "revision"], name="kvstore_change_revision")]
        indexes = [models.Index(fields=["path", "kept", "revision"], name="kvstore_change_history")]

    def __str__(self) -> str:
        """What happened."""
        return f"{self.op} {self.path} at revision {self.revision}"


class Answer(ReadModel):
    """What was answered to a request with an Idempotency-Key, written together with what the request did.

    token     SHA-256 in hex of who asked, where, and the key
    digest    SHA-256 in hex of what was asked
    revision  the answer's X-KV-Revision
    """

    token = ByteText(primary_key=True, max_length=64)
    digest = models.CharField(max_length=64)
    status = models.IntegerField()
    revision = models.BigIntegerField(null=True)
    at = models.DateTimeField(db_index=True)
    body = models.BinaryField()

    class Meta:
        """Named after the app."""

        db_table = "kvstore_answer"

    def __str__(self) -> str:
        """Its token."""
        return str(self.token)


class Identity(models.Model):
    """One row: `text` is this database's alone, so that what is kept in a Redis for it is found by nobody else."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    text = models.CharField(max_length=32)

    class Meta:
        """Named after the app."""

        db_table = "kvstore_identity"

    def __str__(self) -> str:
        """Its text."""
        return self.text

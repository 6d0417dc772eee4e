"""The rows: records by path, and one row a namespace that counts its revisions. Only `store` writes them."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from kvstore import keys


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


class Namespace(models.Model):
    """Keys under one name, made by its first write. Its row is locked by each write until that is committed.

    revision  how many writes there were; each of them carries its own
    """

    name = ByteText(primary_key=True, max_length=keys.MAX_NAMESPACE_BYTES)
    revision = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        """Named after the app."""

        db_table = "kvstore_namespace"
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=models.Q(revision__gte=1), name="kvstore_namespace_revision")]

    def __str__(self) -> str:
        """Its name."""
        return str(self.name)


class RecordQuerySet(models.QuerySet["Record"]):
    """Questions about records."""

    def starting_with(self, prefix: str) -> "RecordQuerySet":
        """The records whose path starts with `prefix`, found by the primary key."""
        low, high = keys.prefix_range(prefix)
        found = self.filter(path__gte=low)
        return found if high is None else found.filter(path__lt=high)


class Record(models.Model):
    """A value under a key, or what is left of it so that its versions go on.

    path              `namespace/key`: the one b-tree of the table
    value             the bytes as they were sent; empty once deleted
    version           of the value: 1, 2, 3, … for each key; deletion and expiry take none
    revision          of the namespace, at the last change
    created_revision  of the namespace, when the key last came to be; equal to `revision`: it is new
    expires_at        from when on it is absent; None: never
    deleted           it is absent
    """

    path = ByteText(primary_key=True, max_length=keys.MAX_PATH_BYTES)
    value = models.BinaryField()
    content_type = models.CharField(max_length=255)
    version = models.BigIntegerField()
    revision = models.BigIntegerField()
    created_revision = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted = models.BooleanField()

    objects = RecordQuerySet.as_manager()

    class Meta:
        """Named after the app."""

        db_table = "kvstore_record"
        ordering = ["path"]
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

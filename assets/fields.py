"""Text that a database compares and orders by its bytes."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class ByteText(models.Field):  # type: ignore[type-arg] # only the stubs know its types
    """Text of at most `max_bytes` bytes of UTF-8: VARBINARY on MySQL and MariaDB, on sqlite TEXT, which compares so."""

    def __init__(self, *args: Any, max_bytes: int, **kwargs: Any) -> None:
        """The limit is the column's width on MySQL; sqlite has none."""
        super().__init__(*args, **kwargs)
        self.max_bytes = max_bytes

    def deconstruct(self) -> Any:
        """For migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "max_bytes": self.max_bytes}

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """The column's type."""
        return f"varbinary({self.max_bytes})" if connection.vendor == "mysql" else "text"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's form
        """Bytes where the column holds bytes."""
        value = super().get_db_prep_value(value, connection, prepared)
        return value.encode() if isinstance(value, str) and connection.vendor == "mysql" else value

    def from_db_value(self, value: Any, *_args: Any) -> str | None:
        """The text again."""
        return value.decode() if isinstance(value, bytes) else value

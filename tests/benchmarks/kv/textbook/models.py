"""A record."""

from django.db import models


class Record(models.Model):
    """A value under a key."""

    key = models.CharField(max_length=255, unique=True)
    value = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        """Its key."""
        return self.key

"""The index: what is in the store, by name."""

from django.db import models
from django.db.models import Q

from assets import names
from assets.conf import conf
from assets.fields import ByteText
from assets.locations import MAX_IDENTITY_BYTES


class AssetQuerySet(models.QuerySet["Asset"]):
    """Questions to the index."""

    def here(self) -> "AssetQuerySet":
        """Rows of the store in force; those of another store are as if they were not there."""
        conf.prepare()
        return self.filter(store=conf.location.identity)

    def below(self, prefixes: list[str]) -> "AssetQuerySet":
        """Rows whose name begins with one of the prefixes."""
        if "" in prefixes:
            return self
        wanted = Q(pk__in=[])
        for prefix in prefixes:
            end = names.end_of(prefix)
            wanted |= Q(name__gte=prefix) & (Q(name__lt=end) if end is not None else Q())
        return self.filter(wanted)

    def tangled_with(self, name: str) -> "AssetQuerySet":
        """Rows whose name is a parent of this name, or has it for a parent."""
        return self.filter(Q(name__in=names.parents(name)) | Q(name__gte=f"{name}/", name__lt=f"{name}0"))


class Asset(models.Model):
    """One object of the store, as it was when it was put there."""

    store = ByteText(max_bytes=MAX_IDENTITY_BYTES, help_text="The store's identity, from ASSETS_URL.")
    name = ByteText(max_bytes=names.MAX_NAME_BYTES)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.BigIntegerField(help_text="Bytes.")
    content_type = models.CharField(max_length=255)
    image = models.TextField(null=True, help_text="The text of UTF-8 objects up to 4 KiB.")  # noqa: DJ001 - "" is a text
    stamp = models.CharField(max_length=128, help_text="What tells the object from any other of its name in the store.")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64, blank=True, help_text="The key's name; empty: put locally.")

    objects = AssetQuerySet.as_manager()

    class Meta:
        """One row a name in each store."""

        constraints = [
            models.UniqueConstraint(fields=["store", "name"], name="assets_asset_one_a_name"),
            models.CheckConstraint(condition=Q(size__gte=0), name="assets_asset_size_not_negative"),
        ]

    def __str__(self) -> str:
        """Its name."""
        return str(self.name)

"""The index: what is in the store, by name."""

from django.db import models
from django.db.models import Q

from assets import labels, names
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

    def labelled(self, key: str, value: str | None) -> "AssetQuerySet":
        """Rows with this label; None: with any value."""
        exact = {} if value is None else {"labels__value": value}
        return self.filter(labels__key=key, **exact)

    def tangled_with(self, name: str) -> "AssetQuerySet":
        """Rows whose name is a parent of this name, or has it for a parent."""
        return self.filter(Q(name__in=names.parents(name)) | Q(name__gte=f"{name}/", name__lt=f"{name}0"))


class Stored(models.Model):
    """Bytes in a store, as they were put there.

    sha256        in hex
    size          in bytes
    content_type  they are given out with
    image         the text of UTF-8 objects up to 4 KiB
    stamp         what tells the object from any other of its place in the store
    created_by    the key's name; empty: put locally
    """

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
        """No table of its own."""

        abstract = True

    def __str__(self) -> str:
        """Its name."""
        return str(self.name)

    @property
    def place(self) -> str:
        """The object's name in the store."""
        raise NotImplementedError


class Asset(Stored):
    """What a name has now; the object has the same name. `downloads`: how often its bytes were fetched."""

    downloads = models.BigIntegerField(default=0, help_text="How often its bytes were fetched.")

    class Meta:
        """One row a name in each store."""

        constraints = [
            models.UniqueConstraint(fields=["store", "name"], name="assets_asset_one_a_name"),
            models.CheckConstraint(condition=Q(size__gte=0), name="assets_asset_size_not_negative"),
        ]
        indexes = [models.Index(fields=["store", "sha256"], name="assets_asset_digest")]

    @property
    def place(self) -> str:
        """The object's name in the store."""
        return str(self.name)


class Version(Stored):
    """What a name had before it was given other bytes; kept until it is collected. `replaced_at`: when that was.

    The object is `names.kept(sha256)`, which versions of several names can share.
    """

    replaced_at = models.DateTimeField()

    class Meta:
        """One row for each bytes that a name had."""

        constraints = [
            models.UniqueConstraint(fields=["store", "name", "sha256"], name="assets_version_one_a_digest"),
            models.CheckConstraint(condition=Q(size__gte=0), name="assets_version_size_not_negative"),
        ]
        indexes = [models.Index(fields=["store", "sha256"], name="assets_version_digest")]

    @property
    def place(self) -> str:
        """The object's name in the store."""
        return names.kept(self.sha256)


class Label(models.Model):
    """A word about an asset, such as the commit that it was built from."""

    asset = models.ForeignKey(Asset, models.CASCADE, related_name="labels")
    key = ByteText(max_bytes=labels.MAX_KEY_BYTES)
    value = ByteText(max_bytes=labels.MAX_VALUE_BYTES)

    class Meta:
        """One value a key."""

        constraints = [models.UniqueConstraint(fields=["asset", "key"], name="assets_label_one_a_key")]
        indexes = [models.Index(fields=["key", "value"], name="assets_label_value")]

    def __str__(self) -> str:
        """As it is asked for."""
        return f"{self.key}={self.value}"


class Tag(models.Model):
    """A name that moves from asset to asset, such as `latest`. An asset is not deleted while one stands on it."""

    store = ByteText(max_bytes=MAX_IDENTITY_BYTES, help_text="The store's identity, from ASSETS_URL.")
    name = ByteText(max_bytes=labels.MAX_TAG_BYTES)
    asset = models.ForeignKey(Asset, models.PROTECT, related_name="tags")
    moved_at = models.DateTimeField()
    moved_by = models.CharField(max_length=64, blank=True, help_text="The key's name; empty: moved locally.")

    class Meta:
        """One asset a tag."""

        constraints = [models.UniqueConstraint(fields=["store", "name"], name="assets_tag_one_a_name")]

    def __str__(self) -> str:
        """Its name."""
        return str(self.name)


class Provenance(models.Model):
    """What somebody states about bytes that a name has, or had: a document of its own, kept as it came."""

    store = ByteText(max_bytes=MAX_IDENTITY_BYTES, help_text="The store's identity, from ASSETS_URL.")
    name = ByteText(max_bytes=names.MAX_NAME_BYTES)
    sha256 = models.CharField("SHA-256", max_length=64)
    statement = models.BinaryField()
    content_type = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64, blank=True, help_text="The key's name.")

    class Meta:
        """One for each bytes."""

        verbose_name_plural = "provenance"
        constraints = [
            models.UniqueConstraint(fields=["store", "name", "sha256"], name="assets_provenance_one_a_digest"),
        ]

    def __str__(self) -> str:
        """Of which bytes."""
        return f"{self.name} {self.sha256[:16]}"


class Rule(models.Model):
    """How long assets below a prefix are kept: one that is neither among the last ones nor young enough is collected.

    Of several rules that of the longest prefix counts. One with neither bound keeps everything below its prefix.

    prefix     of names; empty: all
    keep_last  so many assets below the prefix, those that were put last, are kept whatever their age; None: none is
    keep_days  an asset is kept until it is so old, whatever its rank; None: it has no time of its own
    """

    prefix = ByteText("prefix", max_bytes=names.MAX_NAME_BYTES, blank=True, unique=True)
    keep_last = models.PositiveIntegerField(null=True, blank=True, help_text="So many of the newest are kept.")
    keep_days = models.PositiveIntegerField(null=True, blank=True, help_text="For so many days each is kept.")

    class Meta:
        """One rule a prefix."""

        verbose_name = "retention rule"
        ordering = ["prefix"]

    def __str__(self) -> str:
        """In words."""
        bounds = [f"the last {self.keep_last}" if self.keep_last is not None else ""]
        bounds.append(f"{self.keep_days} days" if self.keep_days is not None else "")
        return f"{self.prefix or 'everything'}: {' and '.join(filter(None, bounds)) or 'all are kept'}"


class Upload(models.Model):
    """Bytes that come in parts, straight into the store, and are an asset once all are there and verified.

    id          random, in hex; part of the address
    token       what the store calls it
    size        of the whole in bytes; `part_size` of each part but the last
    labels      as JSON
    state       see below
    state_at    when it came to be so; while it is being verified, when that was last known to go on
    fault       why it failed, with the status that tells it
    """

    OPEN, VERIFYING, DONE, FAILED = "open", "verifying", "done", "failed"
    STATES = ((OPEN, "parts come"), (VERIFYING, "being verified"), (DONE, "it is an asset"), (FAILED, "refused"))

    id = models.CharField(max_length=32, primary_key=True)
    store = ByteText(max_bytes=MAX_IDENTITY_BYTES, help_text="The store's identity, from ASSETS_URL.")
    name = ByteText(max_bytes=names.MAX_NAME_BYTES)
    size = models.BigIntegerField(help_text="Bytes.")
    part_size = models.BigIntegerField(help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64)
    content_type = models.CharField(max_length=255)
    labels = models.TextField()
    replace = models.BooleanField()
    token = models.CharField(max_length=1024, blank=True)
    state = models.CharField(max_length=10, choices=STATES)
    state_at = models.DateTimeField()
    fault_status = models.PositiveSmallIntegerField(null=True)
    fault = models.TextField(blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64, blank=True, help_text="The key's name.")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        """Of a size that can be."""

        constraints = [
            models.CheckConstraint(condition=Q(size__gte=0, part_size__gte=1), name="assets_upload_sizes"),
        ]

    def __str__(self) -> str:
        """Of which asset."""
        return f"{self.name} ({self.id})"

    @property
    def part_count(self) -> int:
        """At least one, which may be empty."""
        return max(1, -(-self.size // self.part_size))

    def part_bytes(self, number: int) -> int:
        """The size of a part, counted from 1."""
        return min(self.part_size, self.size - (number - 1) * self.part_size)

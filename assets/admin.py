"""Assets in the admin: looked at, tagged and deleted. They are put through the API, where their bytes are verified."""

import re
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from unfold.admin import ModelAdmin

from assets import services
from assets.conf import conf
from assets.models import Asset, Label, Provenance, Rule, Stored, Tag, Upload, Version

DIGEST = re.compile(r"[0-9a-f]{8,64}")
SIZE = re.compile(r"[0-9]{1,18}")
LABEL = re.compile(r"[a-z0-9.-]{1,63}=.*")


class LookedAt(ModelAdmin):
    """Rows that nothing of is changed by hand."""

    list_per_page = 50
    show_full_result_count = False

    @admin.display(description="size", ordering="size")
    def readable_size(self, row: Any) -> str:
        """With a unit."""
        return filesizeformat(row.size)

    @admin.display(description="SHA-256", ordering="sha256")
    def short_digest(self, row: Any) -> str:
        """Enough of it to tell two apart."""
        return str(row.sha256)[:16]

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's form
        """Not by hand: a row without an object would be a lie."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's form
        """Nothing of a stored object can be changed."""
        return False


class Searched(LookedAt):
    """Rows of the store in force, found by what a name, a digest or a size begins with."""

    ordering = ("name",)
    search_fields = ("name",)
    search_help_text = "The start of a name, the start of a SHA-256, or a size in bytes"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:  # noqa: ARG002 - Django's form
        """Those of the store in force."""
        kind: Any = self.model
        found: QuerySet[Stored] = kind.objects.here()
        return found

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's form
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """By what the term can be."""
        term, kind = search_term.strip(), self.model
        if not term:
            return queryset, False
        rows: Any = kind.objects
        found = Q(pk__in=rows.below([term]).values("pk"))
        if DIGEST.fullmatch(term.lower()):
            found |= Q(sha256__startswith=term.lower())
        if SIZE.fullmatch(term):
            found |= Q(size=int(term))
        if kind is Asset and LABEL.fullmatch(term):
            key, _, value = term.partition("=")
            found |= Q(pk__in=rows.labelled(key, value).values("pk"))
        return queryset.filter(found), False


@admin.register(Asset)
class AssetAdmin(Searched):
    """Searched by a label `key=value` too."""

    list_display = (
        "name", "readable_size", "short_digest", "said", "tagged", "content_type", "created_at", "created_by",
        "downloads",
    )  # fmt: skip
    search_help_text = "The start of a name, the start of a SHA-256, a size in bytes, or a label as key=value"
    fields = (
        "name", "size", "sha256", "content_type", "image", "said", "tagged", "created_at", "created_by", "downloads",
        "store",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With labels and tags."""
        return super().get_queryset(request).prefetch_related("labels", "tags")

    @admin.display(description="labels")
    def said(self, asset: Asset) -> str:
        """Each as it is asked for."""
        return ", ".join(str(label) for label in asset.labels.all())

    @admin.display(description="tags")
    def tagged(self, asset: Asset) -> str:
        """Their names."""
        return ", ".join(sorted(str(tag) for tag in asset.tags.all()))

    def delete_model(self, request: HttpRequest, obj: Asset) -> None:
        """The row, what it had before, and their objects; one that is tagged stays."""
        try:
            services.delete(obj.name)
        except (services.Tagged, services.UnknownAsset) as fault:
            messages.warning(request, str(fault))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Asset]) -> None:
        """Each as alone."""
        for asset in queryset:
            self.delete_model(request, asset)


@admin.register(Version)
class VersionAdmin(Searched):
    """What names had before. Collected when they are old."""

    list_display = ("name", "readable_size", "short_digest", "created_at", "created_by", "replaced_at")
    fields = ("name", "size", "sha256", "content_type", "image", "created_at", "created_by", "replaced_at", "store")
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's form
        """`assets_collect` does, with their objects."""
        return False


@admin.register(Label)
class LabelAdmin(LookedAt):
    """What is said of assets, across them."""

    list_display = ("key", "value", "asset")
    list_select_related = ("asset",)
    ordering = ("key", "value")
    search_fields = ("key", "value")
    list_filter = ("key",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's form
        """They go with their asset."""
        return False


@admin.register(Tag)
class TagAdmin(ModelAdmin):
    """Moved by hand too."""

    list_display = ("name", "asset", "moved_at", "moved_by")
    list_select_related = ("asset",)
    ordering = ("name",)
    search_fields = ("name", "asset__name")
    fields = ("name", "asset")
    autocomplete_fields = ("asset",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 - Django's form
        """A tag keeps its name."""
        return ("name",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: Any) -> None:
        """Note who moved it, and when."""
        obj.store, obj.moved_at = conf.location.identity, timezone.now()
        obj.moved_by = f"admin:{request.user}"[:64]
        super().save_model(request, obj, form, change)


@admin.register(Rule)
class RuleAdmin(ModelAdmin):
    """How long assets are kept."""

    list_display = ("__str__", "prefix", "keep_last", "keep_days")
    ordering = ("prefix",)
    search_fields = ("prefix",)


@admin.register(Upload)
class UploadAdmin(LookedAt):
    """Bytes on their way."""

    list_display = ("name", "readable_size", "state", "created_at", "created_by", "expires_at", "fault")
    list_filter = ("state",)
    ordering = ("-created_at",)
    search_fields = ("name",)
    fields = (
        "id", "name", "size", "part_size", "sha256", "content_type", "labels", "replace", "state", "state_at", "fault",
        "created_at", "created_by", "expires_at", "store",
    )  # fmt: skip
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's form
        """They expire."""
        return False


@admin.register(Provenance)
class ProvenanceAdmin(LookedAt):
    """What is stated about assets."""

    list_display = ("name", "short_digest", "content_type", "created_at", "created_by")
    ordering = ("name",)
    search_fields = ("name",)
    fields = ("name", "sha256", "content_type", "text", "created_at", "created_by", "store")
    readonly_fields = fields

    @admin.display(description="statement")
    def text(self, stated: Provenance) -> str:
        """As it came; it is JSON."""
        return bytes(stated.statement).decode()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's form
        """They go with what they speak of."""
        return False

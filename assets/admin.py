"""Assets in the admin: to be looked at and deleted. They are put through the API, where their bytes are verified."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from unfold.admin import ModelAdmin

from assets import services
from assets.models import Asset

DIGEST = re.compile(r"[0-9a-f]{8,64}")
SIZE = re.compile(r"[0-9]{1,18}")


@admin.register(Asset)
class AssetAdmin(ModelAdmin):
    """Searched by the start of a name, the start of a SHA-256 (8 digits or more) or the exact size in bytes."""

    list_display = ("name", "readable_size", "short_digest", "content_type", "created_at", "created_by")
    list_per_page = 50
    show_full_result_count = False
    ordering = ("name",)
    search_fields = ("name",)
    search_help_text = "The start of a name, the start of a SHA-256, or a size in bytes"
    fields = ("name", "size", "sha256", "content_type", "image", "created_at", "created_by", "store")
    readonly_fields = fields

    @admin.display(description="size", ordering="size")
    def readable_size(self, asset: Asset) -> str:
        """With a unit."""
        return filesizeformat(asset.size)

    @admin.display(description="SHA-256", ordering="sha256")
    def short_digest(self, asset: Asset) -> str:
        """Enough of it to tell two apart."""
        return asset.sha256[:16]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:  # noqa: ARG002 - Django's form
        """Those of the store in force."""
        return Asset.objects.here()

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's form
        queryset: QuerySet[Asset],
        search_term: str,
    ) -> tuple[QuerySet[Asset], bool]:
        """By what the term can be."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(pk__in=Asset.objects.below([term]).values("pk"))
        if DIGEST.fullmatch(term.lower()):
            found |= Q(sha256__startswith=term.lower())
        if SIZE.fullmatch(term):
            found |= Q(size=int(term))
        return queryset.filter(found), False

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's form
        """Not by hand: a row without an object would be a lie."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's form
        """Nothing of a stored object can be changed."""
        return False

    def delete_model(self, request: HttpRequest, obj: Asset) -> None:  # noqa: ARG002 - Django's form
        """The row and its object."""
        services.delete(obj.name)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Asset]) -> None:
        """Each as alone."""
        for asset in queryset:
            self.delete_model(request, asset)

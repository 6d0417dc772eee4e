"""Records and namespaces in the admin, to be looked at: an edit there would bypass `store`."""

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin

from kvstore.models import Namespace, Record, RecordQuerySet

LISTED_ROWS = 1000
SHOWN_BYTES = 4096


class FirstRows(Paginator):  # type: ignore[type-arg]  # takes none when it runs
    """Pages of the first LISTED_ROWS rows: no more are looked at, however many there are; a search finds the others."""

    @cached_property
    def count(self) -> int:
        """How many rows the pages show."""
        rows: Any = self.object_list
        return len(rows.order_by("pk").values_list("pk", flat=True)[:LISTED_ROWS])


class ReadOnlyAdmin(ModelAdmin):
    """Looked at by staff who may view; changed by nobody."""

    paginator = FirstRows
    show_full_result_count = False
    list_per_page = 100
    list_max_show_all = 100

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody."""
        return False


@admin.register(Namespace)
class NamespaceAdmin(ReadOnlyAdmin):
    """Which namespaces there are, and how often they were written to."""

    list_display = ["name", "revision", "created_at"]


class InNamespace(admin.SimpleListFilter):
    """Records of one namespace, found by the primary key."""

    title = "namespace"
    parameter_name = "namespace"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Sequence[tuple[str, str]]:
        """The first hundred namespaces."""
        return [(name, name) for name in Namespace.objects.values_list("name", flat=True)[:100]]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen one."""
        rows = cast("RecordQuerySet", queryset)
        return rows.starting_with(f"{self.value()}/") if self.value() else rows


@admin.register(Record)
class RecordAdmin(ReadOnlyAdmin):
    """Records by path; those that are deleted or expired are shown as such."""

    list_display = ["namespace", "key", "version", "size_bytes", "content_type", "expires_at", "updated_at", "state"]
    list_display_links = ["key"]
    list_filter = [InNamespace]
    search_fields = ["path"]
    search_help_text = "the start of namespace/key, such as default/ci/"
    fields = [
        "namespace", "key", "state", "version", "revision", "created_revision", "content_type", "size_bytes",
        "expires_at", "created_at", "updated_at", "value_start",
    ]  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        """Without the values themselves."""
        rows: QuerySet[Record] = super().get_queryset(request)
        return rows.defer("value")

    def get_search_results(
        self, _request: HttpRequest, queryset: RecordQuerySet, search_term: str
    ) -> tuple[RecordQuerySet, bool]:
        """By the start of the path, which its b-tree finds at any size."""
        return queryset.starting_with(search_term), False

    @admin.display()
    def state(self, record: Record) -> str:
        """Now."""
        return record.state(timezone.now())

    @admin.display(description="value")
    def value_start(self, record: Record) -> str:
        """The first SHOWN_BYTES as text."""
        return bytes(record.value[:SHOWN_BYTES]).decode("utf-8", "replace")

"""What all pages share: lists that never count a table, views without a transaction around them, who writes."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from kvstore.models import MAX_AUTHOR

LISTED_ROWS = 1000


class FirstRows(Paginator):  # type: ignore[type-arg]  # takes none when it runs
    """Pages of the first LISTED_ROWS rows: no more are looked at, however many there are; a search finds the others."""

    @cached_property
    def count(self) -> int:
        """How many rows the pages show."""
        rows: Any = self.object_list
        return len(rows.values_list("pk", flat=True)[:LISTED_ROWS])


class InOneOrder(ChangeList):
    """A list in the order that an index has, whatever the query says."""

    def get_ordering(self, request: HttpRequest, _queryset: Any) -> list[str]:
        """That of the page, or of the rows."""
        return list(self.model_admin.get_ordering(request) or self.model._meta.ordering)  # noqa: SLF001 - Django's way


class WithoutTransaction(admin.ModelAdmin):  # type: ignore[type-arg]  # takes none when it runs
    """Django has a transaction around a change; the store's own is to be the outermost, committed when it returns."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """What Django does within its transaction."""
        view: Any = self
        return view._changeform_view(request, object_id, form_url, extra_context)  # noqa: SLF001 - Django's own


class StoreAdmin(ModelAdmin, WithoutTransaction):
    """Rows that the store writes."""

    paginator = FirstRows
    show_full_result_count = False
    list_per_page = 100
    list_max_show_all = 100
    list_disable_select_all = True
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **_options: Any) -> type[InOneOrder]:  # noqa: ARG002 - Django's form
        """What makes the lists."""
        return InOneOrder

    def save_model(self, *_args: Any) -> None:
        """Done already: forms write when they are checked, since the store does both in one."""

    def save_related(self, *_args: Any) -> None:
        """Nothing is."""


class ReadOnlyAdmin(StoreAdmin):
    """Looked at by staff who may view; changed by nobody."""

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody."""
        return False


def author_of(request: HttpRequest) -> str:
    """What the log calls a user of the admin, apart from access keys."""
    user: Any = request.user
    return f"admin:{user.get_username()}"[:MAX_AUTHOR]

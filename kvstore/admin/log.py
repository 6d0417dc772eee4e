"""The log of changes and the kept answers, to be looked at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from kvstore.admin.contents import TEXT_BYTES, as_shown
from kvstore.admin.lists import ReadOnlyAdmin
from kvstore.models import Answer, Change

OPS = {"put": "success", "delete": "danger", "expire": "warning"}


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    """The newest first."""

    list_display = ("revision", "op_done", "path", "version", "at", "author", "size_bytes", "content_type")
    ordering = ("-id",)
    search_fields = ("path",)
    search_help_text = "a whole namespace/key, or namespace/ for all of it"
    fields = (
        "namespace", "revision", "op", "path", "version", "at", "author", "content_type", "meta", "size_bytes",
        "expires_at", "kept",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Change]:
        """Without the values, which the records' own pages show."""
        rows: QuerySet[Change] = super().get_queryset(request)
        return rows.defer("value")

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[Change], search_term: str
    ) -> tuple[QuerySet[Change], bool]:
        """What an index finds, in its order."""
        if not search_term:
            return queryset, False
        namespace, _, key = search_term.partition("/")
        found = queryset.filter(path=search_term) if key else queryset.filter(namespace=namespace)
        return found.order_by("-revision"), False

    @display(description="op", label=OPS)
    def op_done(self, change: Change) -> str:
        """What happened."""
        return str(change.op)


@admin.register(Answer)
class AnswerAdmin(ReadOnlyAdmin):
    """Answers to requests with an Idempotency-Key, the newest first."""

    list_display = ("token", "status", "revision", "at")
    ordering = ("-at",)
    fields = ("token", "digest", "status", "revision", "at", "answer")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Answer]:
        """Without the answers themselves."""
        rows: QuerySet[Answer] = super().get_queryset(request)
        return rows.defer("body")

    @display(description="answer")
    def answer(self, kept: Answer) -> Any:
        """Its start."""
        body = bytes(kept.body)
        return as_shown(body[:TEXT_BYTES], "application/json", whole=len(body) <= TEXT_BYTES)

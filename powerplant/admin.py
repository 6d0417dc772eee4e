"""Kept plans in the admin: to be looked at and deleted. They are made through the API."""

from typing import Any

import msgspec
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from powerplant.models import StoredPlan
from powerplant.report import table

SHOWN_PLANTS = 500
SHOWN_LETTERS = 100_000


@admin.register(StoredPlan)
class StoredPlanAdmin(ModelAdmin):
    """The report as a table, the request as JSON; of very large ones the beginning."""

    list_display = (
        "id",
        "created_at",
        "created_by",
        "load_mw",
        "cost_eur",
        "status",
        "gap_eur",
        "wind",
        "co2",
        "plant_count",
    )
    list_filter = ("status", "wind", "co2", "created_at", "created_by")
    list_per_page = 50
    show_full_result_count = False
    ordering = ("-id",)
    search_fields = ("=id", "=load_mw", "created_by")
    search_help_text = "The number of a plan, its load in MW, or the name of the key that asked"
    date_hierarchy = None
    fields = (
        *("created_at", "created_by", "status", "wind", "co2", "load_mw", "cost_eur", "co2_ton", "price_eur_per_mwh"),
        *("bound_eur", "gap_eur", "elapsed_s", "plant_count", "report_table", "request_text"),
    )
    readonly_fields = fields

    @admin.display(description="plants")
    def report_table(self, plan: StoredPlan) -> str:
        """As `builder plan` shows it; of many plants the first."""
        told = msgspec.json.decode(plan.report, type=dict[str, msgspec.Raw])
        plants = msgspec.json.decode(told.pop("plants"), type=list[msgspec.Raw])
        shown: dict[str, Any] = {name: msgspec.json.decode(value) for name, value in told.items()}
        shown["plants"] = [msgspec.json.decode(plant) for plant in plants[:SHOWN_PLANTS]]
        text = shortened(table(shown))
        if len(plants) <= SHOWN_PLANTS:
            return as_it_is(text)
        of_all = f"the first {SHOWN_PLANTS} of {len(plants)} plants are shown"
        return as_it_is(f"{of_all}; GET /api/v1/plans/{plan.pk} has all of them\n\n{text}")

    @admin.display(description="request")
    def request_text(self, plan: StoredPlan) -> str:
        """The payload; of a large one the beginning, as it came."""
        text = memoryview(plan.request)
        if len(text) <= SHOWN_LETTERS:
            return as_it_is(shortened(msgspec.json.format(bytes(text), indent=2).decode()))
        return as_it_is(f"{bytes(text[:SHOWN_LETTERS]).decode(errors='ignore')}\n... of {len(text)} bytes")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredPlan]:
        """A list reads no report."""
        rows: QuerySet[StoredPlan] = super().get_queryset(request)
        return rows.defer("request", "report")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's form
        """Not by hand: a plan is computed."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's form
        """It is what was answered."""
        return False


def shortened(text: str) -> str:
    """The beginning of a long text, and how long it is."""
    return text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}\n... of {len(text)} letters"


def as_it_is(text: str) -> str:
    """Columns below one another, lines as long as they are."""
    return format_html('<pre class="overflow-x-auto">{}</pre>', text)

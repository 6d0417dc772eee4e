"""Plans that were kept, with the request that led to each."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone

from powerplant.conf import MAX_STORED_BYTES
from powerplant.fields import CompressedJSONField, compressed

SUMMARY = (
    *("created_by", "status", "load_mw", "cost_eur", "co2_ton", "price_eur_per_mwh", "bound_eur", "gap_eur"),
    *("elapsed_s", "wind", "co2"),
)


class TooLarge(ValueError):
    """The request or the report takes more room than a row has for it."""


class StoredPlanQuerySet(models.QuerySet["StoredPlan"]):
    """Questions about plans that were kept, and the way to keep one."""

    def keep(self, request: bytes, report: dict[str, Any], key: str | None) -> "StoredPlan":
        """A new row. Raises TooLarge, so that a database's own limit of a packet (16 MiB) is never met.

        request  the payload, compressed
        report   as `powerplant.report` makes it
        key      the name of the key that asked
        """
        columns = {name: report[name] for name in SUMMARY if name in report}
        texts = {"request": request, "report": compressed(report)}
        for name, text in texts.items():
            if len(text) > MAX_STORED_BYTES:
                raise TooLarge(f"the {name} takes {len(text)} bytes compressed, above the {MAX_STORED_BYTES} kept")
        columns["load_mw"] = Decimal(str(report["load_mw"]))
        return self.create(
            created_at=timezone.now(),
            created_by=key or "",
            plant_count=len(report["plants"]),
            **columns,
            **texts,
        )

    def before(self, pk: int | None) -> "StoredPlanQuerySet":
        """The newest first, without what only a detail shows; those older than `pk`."""
        found = self.defer("request", "report").order_by("-pk")
        return found if pk is None else found.filter(pk__lt=pk)


class StoredPlan(models.Model):
    """A report as it was answered, and what a list shows of it in columns.

    request  the challenge's payload as it was sent
    report   see `powerplant.report`
    """

    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64, blank=True, help_text="The key's name; empty: made locally.")
    status = models.CharField(max_length=8, choices=[("optimal", "optimal"), ("feasible", "feasible")])
    wind = models.CharField(max_length=7, choices=[("onoff", "onoff"), ("curtail", "curtail")])
    co2 = models.BooleanField("CO2 counts", help_text="Whether CO2 is a cost.")
    load_mw = models.DecimalField("load in MW", max_digits=20, decimal_places=1)
    cost_eur = models.FloatField("cost in EUR")
    co2_ton = models.FloatField("CO2 in t")
    price_eur_per_mwh = models.FloatField("price in EUR/MWh", null=True)
    bound_eur = models.FloatField("bound in EUR")
    gap_eur = models.FloatField("gap in EUR")
    elapsed_s = models.FloatField("seconds")
    plant_count = models.PositiveIntegerField("plants")
    request = CompressedJSONField()
    report = CompressedJSONField()

    objects = StoredPlanQuerySet.as_manager()

    class Meta:
        """Told by what is in it."""

        db_table = "powerplant_plan"
        verbose_name = "production plan"

    def __str__(self) -> str:
        """Its number and its load."""
        return f"plan {self.pk}: {self.load_mw} MW"

    def summary(self) -> dict[str, Any]:
        """A row of the list."""
        columns = {name: getattr(self, name) for name in SUMMARY}
        return {
            "id": self.pk,
            "created_at": self.created_at,
            **columns,
            "load_mw": float(self.load_mw),
            "plants": self.plant_count,
        }

"""Plans that were kept, with the request that led to each."""

from django.db import models

from powerplant.fields import CompressedJSONField


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

    class Meta:
        """Told by what is in it."""

        db_table = "powerplant_plan"
        verbose_name = "production plan"

    def __str__(self) -> str:
        """Its number and its load."""
        return f"plan {self.pk}: {self.load_mw} MW"

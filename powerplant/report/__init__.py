"""What a plan is, told: the API's report of it, each plant's state in words, and a table for a terminal."""

from powerplant.report.plans import challenge_answer, impossible, report
from powerplant.report.table import table

__all__ = ["challenge_answer", "impossible", "report", "table"]

"""What a plan is, told: the API's report of it, each plant's state in words, and what a command prints."""

from powerplant.report.plans import challenge_answer, impossible, report
from powerplant.report.table import table
from powerplant.report.text import FORMS, as_text

__all__ = ["FORMS", "as_text", "challenge_answer", "impossible", "report", "table"]

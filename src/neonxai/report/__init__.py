"""A report of an explanation: one page that says what clusters are, and why rows are in them."""

from neonxai.report.facts import Report
from neonxai.report.gather import gather
from neonxai.report.output import to_html, write

__all__ = ["Report", "gather", "to_html", "write"]

"""A report of an explanation: one page that answers what the clusters are, and why each row is where it is."""

from neonxai.report.facts import Report
from neonxai.report.gather import gather

__all__ = ["Report", "gather"]

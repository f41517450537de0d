"""The report of a fit: one HTML file that needs no network."""

from .report import write_report as write_report

"""Figures of data before a fit, and of a fit, drawn from its result file."""

from .drawing import draw_figures as draw_figures

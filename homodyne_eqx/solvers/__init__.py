"""Least-squares solvers for Optimistix that know nothing of two-time data."""

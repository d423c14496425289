"""Grafana: one place to look at all four signals, with a way from each to the others.

Import components from their own modules; the pure parts (`*_values`, `datasources`, `auth`, `flows`) load no cloud SDK.
"""

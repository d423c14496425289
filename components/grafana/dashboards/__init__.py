"""Dashboards as files, a package for each folder in Grafana, so that they are in the wheel."""

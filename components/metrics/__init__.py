"""Metrics: Prometheus and its Alertmanager, Thanos over S3, caches, exporters, Pushgateway.

Import components from their own modules; the pure parts (`*_values`, `sizing`, `flows`) load no cloud SDK.
"""

"""Logs: Fluent Bit on every node, Loki over S3, Kubernetes' events, the control plane's audit log.

Import components from their own modules; the pure parts (`*_values`, `sizing`, `flows`) load no cloud SDK.
"""

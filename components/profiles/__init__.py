"""Profiles: Pyroscope over S3, and on every node an agent that profiles all pods.

Import components from their own modules; the pure parts (`*_values`, `alloy_config`, `flows`) load no cloud SDK.
"""

"""Traces: OpenTelemetry agent and gateway, tail sampling, span metrics, Tempo over S3.

Import components from their own modules; the pure parts (`*_values`, `sampling`, `sizing`, `flows`) load no cloud SDK.
"""

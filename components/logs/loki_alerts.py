"""Alerts on what Loki and its canary count, besides the chart's own, as data for the chart."""

from typing import Any

LOKI_ALERTS: dict[str, Any] = {
    "groups": [
        {
            "name": "loki-loss",
            "rules": [
                {
                    "alert": "LogsAreLost",
                    "expr": (
                        "sum(increase(loki_canary_missing_entries_total[30m]))"
                        " / sum(increase(loki_canary_entries_total[30m])) > 0.001"
                    ),
                    "for": "15m",
                    "labels": {"severity": "critical"},
                    "annotations": {
                        "summary": "{{ $value | humanizePercentage }} of the canaries' lines can't be found in Loki",
                        "description": "Each canary writes a line a second on its node and looks for it in Loki.",
                    },
                },
                {
                    "alert": "LokiDiscardsLogs",
                    "expr": (
                        'sum by (tenant, reason) (rate(loki_discarded_samples_total{reason!="rate_limited"}[10m])) > 0'
                    ),
                    "for": "15m",
                    "labels": {"severity": "warning"},
                    "annotations": {"summary": "Loki refuses lines of {{ $labels.tenant }}: {{ $labels.reason }}"},
                },
                {
                    "alert": "LokiTenantIsTooFast",
                    "expr": 'sum by (tenant) (rate(loki_discarded_samples_total{reason="rate_limited"}[10m])) > 0',
                    "for": "30m",
                    "labels": {"severity": "warning"},
                    "annotations": {
                        "summary": "{{ $labels.tenant }} sends more than its limit; its lines wait on the nodes",
                    },
                },
                {
                    "alert": "LokiWriteAheadLogHasNoRoom",
                    "expr": "sum by (pod) (increase(loki_ingester_wal_disk_full_failures_total[10m])) > 0",
                    "labels": {"severity": "critical"},
                    "annotations": {
                        "summary": "{{ $labels.pod }} takes lines without writing them down: its volume is full",
                    },
                },
            ],
        }
    ]
}
"""A lost line, a refused one, one that waits, and one that a restart would lose."""

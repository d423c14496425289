"""Alerts on Fluent Bit's own metrics, as data for its chart."""

from typing import Any


def fluent_bit_rules() -> list[dict[str, Any]]:
    """Loss, the way to loss, and silence."""
    return [
        _rule(
            "FluentBitLosesLogs",
            "sum by (namespace, pod, name) (increase(fluentbit_output_dropped_records_total[10m])) > 0",
            "0m",
            "critical",
            "Fluent Bit on {{ $labels.pod }} has dropped lines of output {{ $labels.name }}",
            "Loki was away for longer than the buffer lasts, or refuses what it is sent for good.",
        ),
        _rule(
            "FluentBitCanNotSend",
            "sum by (namespace, pod, name) (rate(fluentbit_output_retries_total[10m])) > 0"
            " and sum by (namespace, pod, name) (rate(fluentbit_output_proc_records_total[10m])) == 0",
            "15m",
            "warning",
            "Fluent Bit on {{ $labels.pod }} has sent nothing for a quarter of an hour",
            "Lines wait on the node's disk, up to the buffer's bound.",
        ),
        _rule(
            "FluentBitDown",
            'up{job="fluent-bit"} == 0',
            "15m",
            "warning",
            "Fluent Bit on {{ $labels.instance }} can't be scraped",
            "Lines of the node's pods stay in their files, until the kubelet rotates them away.",
        ),
    ]


def _rule(alert: str, expr: str, wait: str, severity: str, summary: str, description: str) -> dict[str, Any]:
    return {
        "alert": alert,
        "expr": expr,
        "for": wait,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }

"""What to be woken or told about at the entrance: its pods, since Nginx has no metrics for Prometheus.

That a cluster has fallen silent is told by what it writes to, Thanos receive (`metrics/workload_alerts.py`).
"""

from typing import Any

from . import entrance_names as names


def entrance_alerts(namespace: str) -> list[dict[str, Any]]:
    """Groups of rules, as in the `spec` of a PrometheusRule."""
    these = f'namespace="{namespace}",deployment="{names.ENTRANCE}"'
    rules = [
        _rule(
            "EntranceDown",
            f"kube_deployment_status_replicas_available{{{these}}} == 0",
            "2m",
            "critical",
            "Other clusters can't send anything",
            "No pod of the entrance is ready. Agents keep what they collect for about an hour.",
        ),
        _rule(
            "EntranceDegraded",
            f"kube_deployment_status_replicas_available{{{these}}} < kube_deployment_spec_replicas{{{these}}}",
            "15m",
            "warning",
            "The entrance for other clusters lacks pods",
            "{{ $value }} pods of the entrance are ready, fewer than asked for.",
        ),
    ]
    return [{"name": names.ENTRANCE, "rules": rules}]


def _rule(alert: str, expr: str, wait: str, severity: str, summary: str, description: str) -> dict[str, Any]:
    return {
        "alert": alert,
        "expr": expr,
        "for": wait,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }

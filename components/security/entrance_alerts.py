"""What to be woken or told about at the entrance. Nginx has no metrics for Prometheus: pods are counted, and arrivals."""

from collections.abc import Iterable
from typing import Any

from . import entrance_names as names


def entrance_alerts(namespace: str, tenants: Iterable[str]) -> list[dict[str, Any]]:
    """Groups of rules, as in the `spec` of a PrometheusRule; `tenants` are those that write metrics."""
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
    for tenant in sorted(set(tenants)):
        written = f'thanos_receive_write_samples_sum{{tenant="{tenant}",code=~"2.."}}'
        silent = _rule(
            "WorkloadClusterSilent",
            f"(sum(rate({written}[10m])) or vector(0)) == 0",
            "15m",
            "critical",
            f"No metrics come from tenant {tenant} any more",
            "Its clusters don't reach the entrance or are refused there (the log of deployment entrance says why), or"
            " their agents are down. Agents keep what they collect for about an hour.",
        )
        silent["labels"]["tenant"] = tenant
        rules.append(silent)
    return [{"name": names.ENTRANCE, "rules": rules}]


def _rule(alert: str, expr: str, wait: str, severity: str, summary: str, description: str) -> dict[str, Any]:
    return {
        "alert": alert,
        "expr": expr,
        "for": wait,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }

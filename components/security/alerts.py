"""Alerts on what guards all signals, as a PrometheusRule beside what they watch."""

from typing import Any, NamedTuple

import pulumi
import pulumi_kubernetes as kubernetes

from ..foundation.labels import labels


class Alert(NamedTuple):
    """One alert."""

    name: str
    expression: str
    minutes: int
    severity: str
    summary: str
    description: str

    def rule(self) -> dict[str, Any]:
        """As in the `spec` of a PrometheusRule."""
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": f"{self.minutes}m",
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary, "description": self.description},
        }


def groups(name: str, alerts: tuple[Alert, ...]) -> list[dict[str, Any]]:
    """One group of rules."""
    return [{"name": name, "rules": [alert.rule() for alert in alerts]}]


def prometheus_rule(
    resource: str, name: str, namespace: str, alerts: tuple[Alert, ...], opts: pulumi.ResourceOptions
) -> None:
    """The PrometheusRule `name` of these alerts, in the namespace of what they watch."""
    kubernetes.apiextensions.CustomResource(
        resource,
        api_version="monitoring.coreos.com/v1",
        kind="PrometheusRule",
        metadata={"name": name, "namespace": namespace, "labels": labels(name, name, "alerts")},
        spec={"groups": groups(name, alerts)},
        opts=opts,
    )

"""What Loki's ruler watches by itself: alerts on what only logs tell, as a ConfigMap.

Alerts on Loki's and Fluent Bit's own metrics are PrometheusRules: Loki's come with its chart, Fluent Bit's are in
`fluent_bit_alerts.py`.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from . import names

PLATFORM_RULES: dict[str, Any] = {
    "groups": [
        {
            "name": "kubernetes-events",
            "interval": "1m",
            "rules": [
                {
                    "alert": "PodOutOfMemoryOnNode",
                    "expr": (
                        "sum by (cluster, namespace)"
                        ' (count_over_time({source="kubernetes-events", level="warn"} |= `OOMKilling` [5m])) > 0'
                    ),
                    "labels": {"severity": "warning"},
                    "annotations": {
                        "summary": "The kernel killed a process of {{ $labels.namespace }} for want of memory",
                    },
                },
                {
                    "alert": "VolumeCanNotBeAttached",
                    "expr": (
                        "sum by (cluster, namespace)"
                        ' (count_over_time({source="kubernetes-events", level="warn"}'
                        " |~ `FailedAttachVolume|FailedMount` [15m])) > 3"
                    ),
                    "for": "15m",
                    "labels": {"severity": "warning"},
                    "annotations": {
                        "summary": "A pod of {{ $labels.namespace }} has waited for its volume for half an hour",
                    },
                },
            ],
        }
    ]
}


def rules_data(rules: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Data of the ConfigMap: one file of rule groups for the platform's own tenant."""
    return {"platform.yaml": yaml.safe_dump(dict(rules or PLATFORM_RULES), sort_keys=False, width=1000)}


def rules_volume(folder: str, tenant: str = names.TENANT) -> dict[str, Any]:
    """Values that mount the rules where the ruler looks for the tenant's."""
    return {
        "extraVolumes": [{"name": "rules", "configMap": {"name": names.RULES}}],
        "extraVolumeMounts": [{"name": "rules", "mountPath": f"{folder}/{tenant}", "readOnly": True}],
    }

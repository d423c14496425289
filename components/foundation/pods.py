"""What every pod says about itself: rights, room, place.

Values for Helm charts and specs for typed resources are the same plain data.
"""

from collections.abc import Mapping
from typing import Any

RESTRICTED_CONTAINER: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Satisfies Pod Security `restricted` whatever the pod says; a read-only root file system is more than it asks.

On containers rather than pods, because charts' own pod-level defaults can be added to but not seen."""

NOT_ON_SPOT: dict[str, Any] = {
    "nodeAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {
                "weight": 100,
                "preference": {
                    "matchExpressions": [
                        {"key": "eks.amazonaws.com/capacityType", "operator": "NotIn", "values": ["SPOT"]}
                    ]
                },
            }
        ]
    }
}
"""Pods with a volume or a full memory keep off Spot nodes where there are others. A preference, so that a
cluster without the label, or with Spot only, still runs them."""

SPOT_TOLERATIONS: list[dict[str, Any]] = [{"key": "eks-observability/spot", "operator": "Exists"}]
"""The taint that this platform's own Spot nodes bear. What has replicas and keeps nothing belongs there."""


def restricted_pod(user: int) -> dict[str, Any]:
    """Pod-level security context that satisfies Pod Security `restricted`, with volumes writable for `user`."""
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def resources(cpu: str, memory: str, cpu_limit: str) -> dict[str, Any]:
    """Requests and limits. Memory can't be taken back, so none is promised twice: its limit is its request."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu_limit, "memory": memory}}


def spread(labels: Mapping[str, str], stateful: bool) -> list[dict[str, Any]]:
    """Evenly over zones, then over nodes.

    A pod with a volume stays in the zone of its first start for ever, so there the rule over zones is
    strict; a stateless pod had better run in the wrong zone than not at all.
    """
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "DoNotSchedule" if strict else "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for key, strict in (("topology.kubernetes.io/zone", stateful), ("kubernetes.io/hostname", False))
    ]

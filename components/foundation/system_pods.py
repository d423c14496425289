"""What the controllers in kube-system have in common.

That namespace is EKS' own: there is no default deny in it, and none is put there.
"""

from typing import Any

from ..validation import Fault
from .pods import RESTRICTED_CONTAINER, spread

NAMESPACE = "kube-system"
CONTAINER: dict[str, Any] = {**RESTRICTED_CONTAINER, "runAsUser": 65534, "runAsGroup": 65534}
"""`restricted` although kube-system doesn't ask for it, as a user that owns nothing."""


def system_labels(release: str) -> dict[str, str]:
    """What selects the pods of a release of one workload. Their names differ by chart: `aws-cluster-autoscaler`."""
    return {"app.kubernetes.io/instance": release}


def system_pod(release: str) -> dict[str, Any]:
    """Where its pods run: on system nodes too, evenly, before ordinary pods."""
    return {
        "priorityClassName": "system-cluster-critical",
        "topologySpreadConstraints": spread(system_labels(release), stateful=False),
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
    }


def replica_faults(replicas: int) -> list[Fault]:
    """Numbers of pods that make no sense for a controller with a leader."""
    return [] if 1 <= replicas <= 5 else [Fault("replicas", replicas, "be 1 to 5")]

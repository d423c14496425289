"""The rollout operator: restarts the zones of Loki's ingesters one after the other.

A release of its own, one a namespace: it must be there before the first zone restarts, and its CRDs come along
with it. They are in the chart's `crds/` folder, which Helm installs and never upgrades; nobody makes such objects
here, the operator only refuses to start without them.
"""

from typing import Any, NotRequired, TypedDict

import pulumi

from ..foundation.helm_release import HelmRelease
from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, resources, restricted_pod
from ..ordering import child_of
from . import names

USER = 10001


class RolloutOperatorArgs(TypedDict):
    """Where it lives."""

    namespace: NotRequired[str]
    """Namespace whose StatefulSets it restarts. Default observability."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


def rollout_operator_values() -> dict[str, Any]:
    """Values of the chart.

    The webhooks are off: they guard StatefulSets while they shrink, which nothing here does by itself, and
    while the one operator is down they would stop drains of every node in the namespace.
    """
    return {
        "fullnameOverride": names.ROLLOUT_OPERATOR,
        "podSecurityContext": restricted_pod(USER),
        "securityContext": RESTRICTED_CONTAINER,
        "resources": resources("50m", "128Mi", "500m"),
        "affinity": NOT_ON_SPOT,
        "serviceMonitor": {"enabled": True},
        "webhooks": {"enabled": False},
    }


class RolloutOperator(pulumi.ComponentResource):
    """Operator that restarts one zone at a time."""

    release_name: str
    """Helm's name for the release."""

    def __init__(self, name: str, args: RolloutOperatorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("eks-observability:index:RolloutOperator", name, dict(args), opts)
        HelmRelease(
            f"{name}-release",
            {
                "chart": names.ROLLOUT_OPERATOR,
                "release_name": names.ROLLOUT_OPERATOR,
                "namespace": args.get("namespace", "observability"),
                "values": rollout_operator_values(),
                "charts_source": args.get("charts_source", ""),
                "skip_crds": False,
            },
            child_of(self, opts),
        )
        self.release_name = names.ROLLOUT_OPERATOR
        self.register_outputs({"release_name": self.release_name})

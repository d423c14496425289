"""Pushgateway: keeps the last metrics of jobs that end before anybody could scrape them."""

from typing import Any, NotRequired, TypedDict

import pulumi

from ..foundation.helm_release import HelmRelease
from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, resources
from ..ordering import child_of
from . import names


class PushgatewayArgs(TypedDict):
    """Where it lives."""

    namespace: NotRequired[str]
    """Namespace. Default observability."""
    storage_class_name: NotRequired[str]
    """Storage class of the volume that carries pushed metrics over a restart. Default gp3."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


def pushgateway_values(args: PushgatewayArgs) -> dict[str, Any]:
    """Values of the chart. One replica: two would each know half of what was pushed.

    A StatefulSet, so that uninstalling leaves the volume; and no budget, which would stop drains for ever.
    """
    namespace = args.get("namespace", "observability")
    return {
        "fullnameOverride": names.PUSHGATEWAY,
        "replicaCount": 1,
        "runAsStatefulSet": True,
        # The volume is of no use without these.
        "extraArgs": ["--persistence.file=/data/pushgateway.data", "--persistence.interval=1m"],
        "persistentVolume": {
            "enabled": True,
            "storageClass": args.get("storage_class_name", "gp3"),
            "size": "2Gi",
        },
        "automountServiceAccountToken": False,
        "resources": resources("50m", "128Mi", "200m"),
        "containerSecurityContext": RESTRICTED_CONTAINER,
        "affinity": NOT_ON_SPOT,
        # The pushed `job` and `instance` labels are the point; without this they'd be the gateway's own.
        "serviceMonitor": {"enabled": True, "namespace": namespace, "honorLabels": True},
    }


class Pushgateway(pulumi.ComponentResource):
    """Pushgateway with a volume."""

    push_url: str
    """Address that jobs push to, inside the cluster."""

    def __init__(self, name: str, args: PushgatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("eks-observability:index:Pushgateway", name, dict(args), opts)
        namespace = args.get("namespace", "observability")
        HelmRelease(
            f"{name}-release",
            {
                "chart": "prometheus-pushgateway",
                "release_name": names.PUSHGATEWAY,
                "namespace": namespace,
                "values": pushgateway_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts),
        )
        self.push_url = names.url(names.PUSHGATEWAY, namespace, names.PUSHGATEWAY_PORT)
        self.register_outputs({"push_url": self.push_url})

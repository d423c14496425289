"""Values of the collector's chart for the gateways, as a pure function.

A StatefulSet, for two reasons: a queue on disk that outlives its pod, and names that outlive their pods, over
which agents hash traces.
"""

from typing import Any, NotRequired, TypedDict

from .. import defaults
from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, resources, restricted_pod, spread
from ..metrics.sizing import twice
from . import names
from .collector import USER, collector_values, pod_labels
from .collector_rules import collector_rules
from .gateway_config import gateway_config
from .sampling import TraceSamplingArgs, sampling
from .sizing import TracesSizingArgs, traces_sizing
from .tls import mounted


class OpenTelemetryGatewayArgs(TypedDict):
    """What the gateways need to know."""

    namespace: NotRequired[str]
    """Namespace of gateways and Tempo; Pod Security `restricted` suffices. Default observability."""
    storage_class_name: NotRequired[str]
    """Storage class of the queues. Default gp3."""
    sampling: NotRequired[TraceSamplingArgs]
    """Which traces are kept. Default: all errors, slow traces and payments, 10 % of the rest."""
    remote_write_urls: NotRequired[list[str]]
    """Where metrics of spans, of the service graph and of applications are written: one for each replica of
    Prometheus. Default none, and then no such metrics are made."""
    tenant: NotRequired[str]
    """Tenant in which traces are stored, where Tempo has several. Default none."""
    tenants: NotRequired[list[str]]
    """Other tenants, in which the traces of other clusters are stored as the entrance says. Default none."""
    other_clusters: NotRequired[bool]
    """Other clusters' spans come here too: metrics of spans are told apart by cluster. Default false."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer of a certificate for mutual TLS with agents and Tempo. Default none: plain."""
    sizing: NotRequired[TracesSizingArgs]
    """Replicas and room. Default: from the expected spans a second."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


QUEUE_FOLDER = "/var/lib/otelcol"
SHUTDOWN_SECONDS = 60
"""A gateway that stops judges what it has and hands it to the queue; SDKs' and agents' batches are a few seconds."""


def gateway_values(args: OpenTelemetryGatewayArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    chosen = sampling(args.get("sampling"))
    sizing = traces_sizing(args.get("sizing"), chosen)
    config = gateway_config(
        chosen,
        gateways=sizing["gateway_replicas"],
        queue_gib=sizing["gateway_storage_gib"] / 2,
        queue_folder=QUEUE_FOLDER,
        namespace=args.get("namespace", "observability"),
        remote_write_urls=args.get("remote_write_urls", []),
        tenant=args.get("tenant", ""),
        tenants=args.get("tenants", []),
        other_clusters=bool(args.get("other_clusters", False)),
        encrypted="certificate_issuer" in args,
    )
    cpu = sizing["gateway_cpu"]
    room = resources(cpu, sizing["gateway_memory"], twice(cpu))
    replicas, most = sizing["gateway_replicas"], sizing["gateway_max_replicas"]
    encrypted = "certificate_issuer" in args
    tls = mounted(names.GATEWAY) if encrypted else {"extraVolumeMounts": []}
    return {
        **collector_values(names.GATEWAY, "statefulset", config, room, http=not encrypted),
        **tls,
        # Asks nothing of Kubernetes.
        "serviceAccount": {"create": True, "name": names.GATEWAY, "automountServiceAccountToken": False},
        "replicaCount": replicas,
        "autoscaling": _autoscaling(replicas, most),
        "podDisruptionBudget": {"enabled": replicas > 1, "maxUnavailable": 1},
        "podSecurityContext": restricted_pod(USER),
        "securityContext": RESTRICTED_CONTAINER,
        "affinity": NOT_ON_SPOT,
        "topologySpreadConstraints": placed(names.GATEWAY, most),
        "terminationGracePeriodSeconds": SHUTDOWN_SECONDS,
        # Headless: agents choose a pod, not the network.
        "service": {"enabled": True, "clusterIP": "None"},
        "statefulset": {
            "volumeClaimTemplates": [queue_claim(args.get("storage_class_name"), sizing["gateway_storage_gib"])]
        },
        "extraVolumeMounts": [{"name": "queue", "mountPath": QUEUE_FOLDER}, *tls["extraVolumeMounts"]],
        "prometheusRule": {"enabled": True, "groups": collector_rules()},
    }


def _autoscaling(fewest: int, most: int) -> dict[str, Any]:
    """Quick to grow and slow to shrink.

    Each change moves a share of the traces to another gateway, and those that are under way are judged in two
    parts: one change in ten minutes, and of one gateway, is as much as the kept share of traces should bear.
    """
    if most == fewest:
        return {"enabled": False}
    slowly = {"stabilizationWindowSeconds": 600, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 600}]}
    return {
        "enabled": True,
        "minReplicas": fewest,
        "maxReplicas": most,
        "targetCPUUtilizationPercentage": defaults.TRACES_TARGET_CPU_PERCENTAGE,
        "behavior": {"scaleDown": slowly, "scaleUp": {"stabilizationWindowSeconds": 60}},
    }


def placed(workload: str, most: int) -> list[dict[str, Any]]:
    """Over zones and nodes. A single one has nothing to spread, and may be on a cluster that knows no zones."""
    return spread(pod_labels(workload), stateful=True) if most > 1 else []


def queue_claim(storage_class_name: str | None, gib: int) -> dict[str, Any]:
    """The volume of a queue."""
    return {
        "metadata": {"name": "queue"},
        "spec": {
            "storageClassName": storage_class_name or "gp3",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": f"{gib}Gi"}},
        },
    }

"""Values of Loki's chart, as a pure function, in both topologies.

Not here on purpose: MinIO, ingress, basic authentication, the Grafana sidecar that would read Secrets, and the
rollout operator, which has a release of its own.
"""

from typing import Any

from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, SPOT_TOLERATIONS, resources, spread
from ..metrics.sizing import twice
from . import loki_tls, names
from .loki_alerts import LOKI_ALERTS
from .loki_args import LokiArgs, loki_zones
from .loki_config import RULES_FOLDER, loki_config
from .rules import rules_volume
from .sizing import cache_memory_mib, loki_sizing

SMALL = resources("20m", "64Mi", "100m")
"""Sidecars that only count."""

DISTRIBUTED_PARTS = (
    "ingester", "distributor", "querier", "queryFrontend", "queryScheduler", "indexGateway", "compactor", "ruler",
)  # fmt: skip
SCALABLE_PARTS = ("write", "read", "backend")


def loki_values(args: LokiArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    distributed = args.get("topology", names.DISTRIBUTED) == names.DISTRIBUTED
    sizing = loki_sizing(args.get("sizing"))
    return {
        "deploymentMode": "Distributed" if distributed else "SimpleScalable",
        "fullnameOverride": names.LOKI,
        "loki": loki_config(args),
        "defaults": {"automountServiceAccountToken": False, "enableServiceLinks": False, **loki_tls.pods(args)},
        "serviceAccount": {
            "name": names.LOKI_SERVICE_ACCOUNT,
            "automountServiceAccountToken": False,
            "annotations": {} if "object_store" in args else {"eks.amazonaws.com/role-arn": args["role_arn"]},
        },
        "rbac": {"namespaced": True},
        # Members find each other before they are ready, or nobody ever is.
        "memberlist": {"service": {"publishNotReadyAddresses": True}},
        **(_distributed(args, sizing) if distributed else _scalable(args, sizing)),
        "gateway": _gateway(args, sizing),
        "chunksCache": _cache("chunks", sizing),
        "resultsCache": _cache("results", sizing),
        "memcachedExporter": {"resources": SMALL},
        "lokiCanary": _canary(args),
        "sidecar": {"rules": {"enabled": False}},
        "monitoring": {
            "serviceMonitor": {"enabled": True, **loki_tls.scraping(args)},
            "rules": {"enabled": True},
            "alerts": {"enabled": True},
            "dashboards": {"enabled": True, "annotations": {"grafana_folder": "Logs"}},
            "additionalPrometheusRules": {"loss": LOKI_ALERTS},
        },
        "test": {"enabled": False},
        "networkPolicy": {"enabled": False},
    }


def _distributed(args: LokiArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    """A workload for each of Loki's parts."""
    backend = sizing["backend_replicas"]
    keeper = _keeper(args, sizing)
    querier = resources(sizing["read_cpu"], sizing["read_memory"], twice(sizing["read_cpu"]))
    return {
        **{part: {"replicas": 0} for part in SCALABLE_PARTS},
        "ingester": _zone_ingesters(args, sizing),
        "distributor": {
            **_stateless("distributor", resources(sizing["write_cpu"], "1Gi", twice(sizing["write_cpu"]))),
            **_scaled(sizing["write_replicas"], sizing["write_max_replicas"]),
        },
        "querier": {
            **_stateless("querier", querier),
            **_scaled(sizing["read_replicas"], sizing["read_max_replicas"]),
        },
        "queryFrontend": {**_stateless("query-frontend", resources("200m", "1Gi", "1")), "replicas": backend},
        "queryScheduler": {**_stateless("query-scheduler", resources("100m", "512Mi", "500m")), "replicas": backend},
        "indexGateway": {**keeper("index-gateway"), "replicas": backend, "persistence": _volume(args, sizing)},
        "compactor": {**keeper("compactor"), "replicas": 1, "persistence": _claims(args, "backend", sizing)},
        "ruler": {
            **keeper("ruler"),
            "replicas": backend,
            "persistence": _volume(args, sizing),
            **rules_volume(RULES_FOLDER, args.get("tenant", names.TENANT)),
            # The ruler asks ingesters as queriers do, whom the chart tells so.
            "extraArgs": ["-distributor.zone-awareness-enabled=true"],
        },
    }


def _scalable(args: LokiArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    """Three workloads: who writes, who reads, and the rest."""
    keeper = _keeper(args, sizing)
    read = resources(sizing["read_cpu"], sizing["read_memory"], twice(sizing["read_cpu"]))
    write = resources(sizing["write_cpu"], sizing["write_memory"], twice(sizing["write_cpu"]))
    volume = {"volumeClaimsEnabled": True, "storageClass": args.get("storage_class_name", "gp3")}
    return {
        **{part: {"replicas": 0} for part in DISTRIBUTED_PARTS},
        "write": {
            **_scaled(sizing["write_replicas"], sizing["write_max_replicas"]),
            "resources": write,
            "maxUnavailable": 1,
            "affinity": NOT_ON_SPOT,  # the chart's own rule, never two on a node, stays: each holds another copy
            "topologySpreadConstraints": spread(_labels("write"), _zoned(args)),
            "persistence": {**volume, "size": f"{sizing['write_storage_gib']}Gi"},
        },
        "read": {
            **_stateless("read", read),
            **_scaled(sizing["read_replicas"], sizing["read_max_replicas"]),
        },
        "backend": {
            **keeper("backend"),
            "replicas": sizing["backend_replicas"],
            "automountServiceAccountToken": False,
            "sidecar": False,
            # The chart's default deletes the volumes with the StatefulSet.
            "persistence": {
                **volume,
                "size": f"{sizing['backend_storage_gib']}Gi",
                "enableStatefulSetAutoDeletePVC": False,
            },
            **rules_volume(RULES_FOLDER, args.get("tenant", names.TENANT)),
        },
    }


def _zone_ingesters(args: LokiArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    """A StatefulSet in each zone; the rollout operator restarts one zone at a time, so that two copies are there."""
    zones = {
        f"zone{letter}": {"nodeSelector": {"topology.kubernetes.io/zone": zone}, "extraAffinity": NOT_ON_SPOT}
        for letter, zone in zip("ABC", loki_zones(args), strict=False)
    }
    return {
        "replicas": sizing["write_replicas"],
        "resources": resources(sizing["write_cpu"], sizing["write_memory"], twice(sizing["write_cpu"])),
        # Left to Kubernetes, the chart's default, all three zones would restart at once.
        "strategy": {"type": "OnDelete"},
        "maxUnavailable": 1,
        "persistence": _claims(args, "write", sizing),
        "zoneAwareReplication": {"enabled": True, **zones},
    }


def _stateless(component: str, room: dict[str, Any]) -> dict[str, Any]:
    """What keeps nothing: Spot nodes are welcome, and two on one node are better than one pending."""
    return {
        "resources": room,
        "maxUnavailable": 1,
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}},
        "topologySpreadConstraints": spread(_labels(component), stateful=False),
        "tolerations": SPOT_TOLERATIONS,
    }


def _keeper(args: LokiArgs, sizing: dict[str, Any]) -> Any:
    """What has a volume, and can be without it for a while: one a node only where there is room for it."""

    def values(component: str) -> dict[str, Any]:
        return {
            "resources": resources(sizing["backend_cpu"], sizing["backend_memory"], twice(sizing["backend_cpu"])),
            **({} if component == "compactor" else {"maxUnavailable": 1}),
            **(
                {}
                if component == "compactor"
                else {"topologySpreadConstraints": spread(_labels(component), _zoned(args))}
            ),
            "affinity": {**NOT_ON_SPOT, "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}},
        }

    return values


def _zoned(args: LokiArgs) -> bool:
    """Whether pods with a volume are held to their zones strictly. Nodes outside AWS may belong to no zone, and the
    strict rule would let nothing run on those.
    """
    return "object_store" not in args


def _scaled(fewest: int, most: int) -> dict[str, Any]:
    """An autoscaler, where there is something to scale between."""
    scaling: dict[str, Any] = {"enabled": most > fewest}
    if most > fewest:
        scaling |= {"minReplicas": fewest, "maxReplicas": most, "targetCPUUtilizationPercentage": 70}
    return {"replicas": fewest, "autoscaling": scaling}


def _volume(args: LokiArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    return {
        "enabled": True,
        "size": f"{sizing['backend_storage_gib']}Gi",
        "storageClass": args.get("storage_class_name", "gp3"),
    }


def _claims(args: LokiArgs, part: str, sizing: dict[str, Any]) -> dict[str, Any]:
    """Of ingesters and compactor the chart reads the claims and no other size or class."""
    claim = {
        "name": "data",
        "accessModes": ["ReadWriteOnce"],
        "size": f"{sizing[f'{part}_storage_gib']}Gi",
        "storageClass": args.get("storage_class_name", "gp3"),
    }
    return {"enabled": True, "claims": [claim]}


def _gateway(args: LokiArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    tls = loki_tls.gateway(args)
    values = _stateless("gateway", resources("100m", "128Mi", "500m"))
    del values["maxUnavailable"]
    return {
        **values,
        **tls,
        "replicas": sizing["gateway_replicas"],
        "podDisruptionBudget": {"maxUnavailable": 1},
        "containerSecurityContext": RESTRICTED_CONTAINER,
        # A line for every push would be pushed, and so on for ever.
        "verboseLogging": False,
        # Nodes may have no IPv6, and Fluent Bit's chunks of 2 MB are more as JSON.
        "nginxConfig": {"enableIPv6": False, "clientMaxBodySize": "16M", **tls["nginxConfig"]},
        "metrics": {"resources": SMALL, **tls["metrics"]},
    }


def _cache(kind: str, sizing: dict[str, Any]) -> dict[str, Any]:
    """The chart's own sizes ask for 9.8 and 1.2 GiB."""
    items = sizing[f"{kind}_cache_mib"]
    return {
        "enabled": True,
        "replicas": sizing[f"{kind}_cache_replicas"],
        "allocatedMemory": items,
        "resources": resources("100m", f"{cache_memory_mib(items)}Mi", "1"),
        "affinity": NOT_ON_SPOT,
        "topologySpreadConstraints": spread(cache_labels(kind), stateful=False),
        # Selects no pod, and names no number: the component makes one that does.
        "podDisruptionBudget": {"enabled": False},
    }


def cache_labels(kind: str) -> dict[str, str]:
    """Labels that select a cache's pods, whose `app.kubernetes.io/name` isn't Loki's."""
    return {"app.kubernetes.io/instance": names.LOKI, "app.kubernetes.io/component": f"memcached-{kind}-cache"}


def _canary(args: LokiArgs) -> dict[str, Any]:
    """Writes lines to its own output on every node and looks for them in Loki: loss on the whole way is measured.

    Its stream has a label of its own, `canary`, which Fluent Bit sets on nothing else.
    """
    return {
        **loki_tls.canary(args),
        "enabled": True,
        "push": False,
        "labelname": "canary",
        "tenant": {"name": args.get("tenant", names.TENANT)},
        "resources": SMALL,
        "tolerations": [{"operator": "Exists"}],
    }


def _labels(component: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": names.LOKI,
        "app.kubernetes.io/instance": names.LOKI,
        "app.kubernetes.io/component": component,
    }

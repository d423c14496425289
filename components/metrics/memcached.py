"""Memcached: a cache of given size behind a headless Service, watched by an exporter.

Typed resources, since the Thanos chart brings no cache and a chart for forty lines is one more to follow.
What is cached is never the only copy, so there are no volumes.
"""

from typing import Any, NamedTuple, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from .. import defaults
from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, resources, restricted_pod, spread
from ..ordering import child_of, placed_in
from ..validation import Fault, refuse
from ..versions import MEMCACHED_EXPORTER_VERSION, MEMCACHED_VERSION
from .names import MEMCACHED_EXPORTER_PORT, MEMCACHED_PORT

USER = 11211
"""The user of Memcached's image; the exporter runs as whoever it is told to."""


class MemcachedArgs(TypedDict):
    """One cache."""

    service_name: str
    """Name of the Service and of everything else. Clients find the servers by its SRV records, `_memcached._tcp`."""
    namespace: NotRequired[str]
    """Namespace. Default observability."""
    replicas: NotRequired[int]
    """Servers over which clients spread keys. 1 to 20; default 2."""
    memory_mib: NotRequired[int]
    """MiB of items per server; the pod takes a quarter more. 64 to 65,536; default 1024."""
    max_item_mib: NotRequired[int]
    """Largest item in MiB, as the clients have it too. 1 to 128; default 1."""


class MemcachedManifests(NamedTuple):
    """Everything a cache consists of, as Kubernetes manifests."""

    service: dict[str, Any]
    stateful_set: dict[str, Any]
    disruption_budget: dict[str, Any]
    service_monitor: dict[str, Any]


def memcached_faults(args: MemcachedArgs) -> list[Fault]:
    """Sizes that can't work."""
    bounds = {"replicas": (1, 20), "memory_mib": (64, 65536), "max_item_mib": (1, 128)}
    return [
        Fault(key, args[key], f"be a whole number from {least} to {most}")  # type: ignore[literal-required]
        for key, (least, most) in bounds.items()
        if key in args and not least <= args[key] <= most  # type: ignore[literal-required]
    ]


def memcached_labels(service_name: str) -> dict[str, str]:
    """Labels that select a cache's pods."""
    return {"app.kubernetes.io/name": "memcached", "app.kubernetes.io/instance": service_name}


def memcached_manifests(args: MemcachedArgs) -> MemcachedManifests:
    """The manifests of a cache."""
    labels = memcached_labels(args["service_name"])
    metadata = {
        "name": args["service_name"],
        "namespace": args.get("namespace", "observability"),
        "labels": {
            **labels,
            "app.kubernetes.io/component": "cache",
            "app.kubernetes.io/part-of": "eks-observability",
            "app.kubernetes.io/managed-by": "pulumi",
        },
    }
    ports = [
        {"name": "memcached", "port": MEMCACHED_PORT, "targetPort": "memcached"},
        {"name": "metrics", "port": MEMCACHED_EXPORTER_PORT, "targetPort": "metrics"},
    ]
    # Thanos' store gateway doesn't start while a cache has no address: pods count as soon as they are placed.
    discovery = {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": labels, "ports": ports}
    return MemcachedManifests(
        service={"metadata": metadata, "spec": discovery},
        stateful_set={"metadata": metadata, "spec": _stateful_set(args, labels, metadata["labels"])},
        disruption_budget={
            "metadata": metadata,
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}},
        },
        service_monitor={
            "metadata": metadata,
            "spec": {"selector": {"matchLabels": labels}, "endpoints": [{"port": "metrics"}]},
        },
    )


def _stateful_set(args: MemcachedArgs, selector: dict[str, str], labels: Any) -> dict[str, Any]:
    """Stable names, because clients hash keys over the list of servers' names."""
    return {
        "serviceName": args["service_name"],
        "replicas": int(args.get("replicas", defaults.MEMCACHED_REPLICAS)),
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": selector},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": restricted_pod(USER),
                "affinity": NOT_ON_SPOT,
                "topologySpreadConstraints": spread(selector, stateful=False),
                "containers": [_server(args), _exporter()],
            },
        },
    }


def _server(args: MemcachedArgs) -> dict[str, Any]:
    memory = int(args.get("memory_mib", 1024))
    return {
        "name": "memcached",
        "image": f"docker.io/library/memcached:{MEMCACHED_VERSION}",
        "args": [f"-m {memory}", f"-I {int(args.get('max_item_mib', 1))}m", "-c 16384"],
        "ports": [{"name": "memcached", "containerPort": MEMCACHED_PORT}],
        # Connections, hash table and slabs that are not quite full come on top of the items.
        "resources": resources("100m", f"{memory * 5 // 4 + 64}Mi", "1"),
        "securityContext": RESTRICTED_CONTAINER,
        "readinessProbe": {"tcpSocket": {"port": "memcached"}, "periodSeconds": 5},
        "livenessProbe": {"tcpSocket": {"port": "memcached"}, "initialDelaySeconds": 10},
    }


def _exporter() -> dict[str, Any]:
    return {
        "name": "exporter",
        "image": f"docker.io/prom/memcached-exporter:{MEMCACHED_EXPORTER_VERSION}",
        "args": [f"--memcached.address=localhost:{MEMCACHED_PORT}", f"--web.listen-address=:{MEMCACHED_EXPORTER_PORT}"],
        "ports": [{"name": "metrics", "containerPort": MEMCACHED_EXPORTER_PORT}],
        "resources": resources("20m", "64Mi", "100m"),
        "securityContext": RESTRICTED_CONTAINER,
    }


class Memcached(pulumi.ComponentResource):
    """A cache that clients shard over by themselves."""

    service_name: str
    """Name of the headless Service."""

    def __init__(self, name: str, args: MemcachedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Memcached", name, memcached_faults(args))
        super().__init__("eks-observability:index:Memcached", name, dict(args), opts)
        placed = placed_in(self, opts)
        made = memcached_manifests(args)
        self.gates: list[pulumi.Resource] = [
            kubernetes.core.v1.Service(f"{name}-service", **made.service, opts=placed),
            kubernetes.apps.v1.StatefulSet(f"{name}-servers", **made.stateful_set, opts=placed),
        ]
        kubernetes.policy.v1.PodDisruptionBudget(f"{name}-budget", **made.disruption_budget, opts=placed)
        kubernetes.apiextensions.CustomResource(
            f"{name}-monitor",
            api_version="monitoring.coreos.com/v1",
            kind="ServiceMonitor",
            **made.service_monitor,
            opts=child_of(self, opts),
        )
        self.service_name = args["service_name"]
        self.register_outputs({"service_name": self.service_name})

"""Whether Loki fits on the cluster: replicas against zones and nodes, memory against the nodes' size."""

from typing import Any

from ..validation import Fault
from . import names
from .sizing import LokiSizingArgs, cache_memory_mib, loki_sizing, mebibytes

ZONES = 3
"""Zone-aware ingesters are three StatefulSets, each in a zone of its own (Loki chart)."""

NODE_RESERVED_PERCENT = 15
"""What kubelet, the system and DaemonSets keep of a node: EKS reserves 255 MiB + 11 MiB a pod, and node-exporter,
Fluent Bit, the collectors and the CNI come to about 1.5 GiB of a node of 16."""


def placement_faults(
    topology: str,
    sizing: LokiSizingArgs | None,
    zone_count: int,
    node_count: int | None = None,
    node_memory_gib: float | None = None,
) -> list[Fault]:
    """Pods that would stay pending. Nodes are judged only when they are known."""
    size = loki_sizing(sizing)
    faults = _zone_faults(topology, size, zone_count)
    if node_count is not None:
        faults += _node_faults(topology, size, int(node_count))
    if node_memory_gib is not None:
        faults += _memory_faults(size, float(node_memory_gib))
    return faults


def apart(topology: str, sizing: dict[str, Any]) -> dict[str, int]:
    """Fewest pods of each kind that must not share a node (required anti-affinity), by the setting that counts them."""
    if topology == names.SIMPLE_SCALABLE:
        return {"write_replicas": sizing["write_replicas"]}
    # Of each zone several may share a node, of different zones none.
    return {"write_replicas": min(ZONES, sizing["write_replicas"])}


def _zone_faults(topology: str, size: dict[str, Any], zone_count: int) -> list[Fault]:
    if topology != names.DISTRIBUTED:
        return []
    faults = []
    if zone_count < ZONES:
        bound = f"name {ZONES} zones for the distributed topology, whose ingesters hold a copy in each; or choose"
        faults.append(Fault("availability_zones", zone_count, f"{bound} topology {names.SIMPLE_SCALABLE}"))
    if size["write_replicas"] % ZONES:
        bound = f"be a multiple of {ZONES}: each zone has as many ingesters"
        faults.append(Fault("sizing.write_replicas", size["write_replicas"], bound))
    if size["replication_factor"] != ZONES:
        bound = f"be {ZONES} in the distributed topology: one copy in each zone"
        faults.append(Fault("sizing.replication_factor", size["replication_factor"], bound))
    return faults


def _node_faults(topology: str, size: dict[str, Any], node_count: int) -> list[Fault]:
    return [
        Fault("sizing." + setting, size[setting], f"need at most node_count ({node_count}) nodes: no two may share one")
        for setting, needed in apart(topology, size).items()
        if needed > node_count
    ]


def _memory_faults(size: dict[str, Any], node_memory_gib: float) -> list[Fault]:
    room = int(node_memory_gib * 1024 * (100 - NODE_RESERVED_PERCENT) / 100)
    demands = {
        "chunks_cache_mib": cache_memory_mib(size["chunks_cache_mib"]),
        "results_cache_mib": cache_memory_mib(size["results_cache_mib"]),
        **{f"{part}_memory": mebibytes(size[f"{part}_memory"]) for part in ("write", "read", "backend")},
    }
    return [
        Fault(
            f"sizing.{setting}",
            size[setting],
            f"leave the pod ({demand} MiB) within a node: {room} MiB of node_memory_gib ({node_memory_gib:g}) are free",
        )
        for setting, demand in demands.items()
        if demand > room
    ]

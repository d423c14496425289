"""How much room the parts of the traces room get, and what is wrong with what was asked for.

The gateways' room follows from the expected spans a second (`sampling.py`); Tempo's defaults are the sizing
guide's small production cluster (004, resource sizing). Larger ones are in docs/traces.md.
"""

import re
from collections.abc import Mapping
from math import ceil
from typing import Any, NotRequired, TypedDict

from .. import defaults
from ..validation import Fault
from .sampling import Sampling, sampler_size


class TracesSizingArgs(TypedDict):
    """Replicas and room of agents, gateways, Tempo and its cache."""

    agent_cpu: NotRequired[str]
    """CPU requested by the agent of each node; it may use four times as much. Default 100m."""
    agent_memory: NotRequired[str]
    """Memory of each agent. Default 384Mi."""
    gateway_replicas: NotRequired[int]
    """Fewest gateways. 1 to 50; default 3."""
    gateway_max_replicas: NotRequired[int]
    """Most gateways, reached when CPU passes 70 % of the request. Default three times the fewest."""
    gateway_cpu: NotRequired[str]
    """CPU requested by each gateway; it may use twice as much. Default: from the expected spans a second."""
    gateway_memory: NotRequired[str]
    """Memory of each gateway. Default: from the expected spans a second and the decision wait."""
    gateway_storage_gib: NotRequired[int]
    """GiB of each gateway's volume, half of which the queue towards Tempo may fill. 1 to 16,384; default 20."""
    distributor_replicas: NotRequired[int]
    """Fewest distributors. 1 to 50; default 3."""
    distributor_max_replicas: NotRequired[int]
    """Most distributors, reached when CPU passes 70 % of the request. Default twice the fewest."""
    distributor_cpu: NotRequired[str]
    """CPU requested by each distributor; it may use twice as much. Default 500m."""
    distributor_memory: NotRequired[str]
    """Memory of each distributor. Default 1Gi."""
    ingester_replicas: NotRequired[int]
    """Ingesters, each on a node of its own. At least the replication factor; default 3."""
    replication_factor: NotRequired[int]
    """Ingesters that hold each trace until it is in S3. 1 or 3; default 3."""
    ingester_cpu: NotRequired[str]
    """CPU requested by each ingester; it may use twice as much. Default 500m."""
    ingester_memory: NotRequired[str]
    """Memory of each ingester. Default 4Gi."""
    ingester_storage_gib: NotRequired[int]
    """GiB of each ingester's volume: write-ahead log, and blocks not yet in S3. 1 to 16,384; default 20."""
    query_frontend_replicas: NotRequired[int]
    """Query frontends. 1 to 10; default 2."""
    query_frontend_memory: NotRequired[str]
    """Memory of each query frontend. Default 512Mi."""
    querier_replicas: NotRequired[int]
    """Fewest queriers. 1 to 50; default 2."""
    querier_max_replicas: NotRequired[int]
    """Most queriers, reached when CPU passes 70 % of the request. Default three times the fewest."""
    querier_cpu: NotRequired[str]
    """CPU requested by each querier; it may use twice as much. Default 500m."""
    querier_memory: NotRequired[str]
    """Memory of each querier. Default 2Gi."""
    compactor_cpu: NotRequired[str]
    """CPU requested by the compactor; it may use twice as much. Default 500m."""
    compactor_memory: NotRequired[str]
    """Memory of the compactor. Default 4Gi."""
    cache_replicas: NotRequired[int]
    """Memcached servers. 1 to 20; default 2."""
    cache_memory_mib: NotRequired[int]
    """MiB of items that each Memcached server holds. 64 to 65,536; default 1024."""


class TracesNodesArgs(TypedDict):
    """The nodes that have to carry it, where they are known: then what doesn't fit is refused."""

    zones: NotRequired[int]
    """Availability zones. Default unknown."""
    nodes_per_zone: NotRequired[int]
    """Most nodes for stateful pods in each zone. Default unknown."""
    memory_gib: NotRequired[float]
    """Memory of the smallest such node in GiB. Default unknown."""


LIMIT_PERCENTAGE = 80
"""Share of a collector's memory limit at which it begins to collect garbage hard and refuses data (memory_limiter)."""
SPIKE_PERCENTAGE = 15
"""Share by which memory may grow between two looks: at 80 - 15 = 65 % data is refused, and senders try again."""
COLLECTOR_BASE_MIB = 256
"""Memory of a gateway without traffic, with its queues, connections and series."""
SPANS_PER_CORE = 25_000
"""Spans a second that a gateway takes through everything on one CPU: measured 58,000 (docs/traces.md), without
unpacking what agents compress, and the half of it is for bursts."""
ALLOCATABLE_SHARE = 0.85
"""Of a node's memory, what is left for these pods after kubelet, system and the agents of every node."""

SIZING: dict[str, Any] = {
    "agent_cpu": "100m",
    "agent_memory": "384Mi",
    "gateway_replicas": defaults.OTEL_GATEWAY_REPLICAS,
    "gateway_storage_gib": 20,
    "distributor_replicas": defaults.TEMPO_DISTRIBUTOR_REPLICAS,
    "distributor_cpu": "500m",
    "distributor_memory": "1Gi",
    "ingester_replicas": defaults.TEMPO_INGESTER_REPLICAS,
    "replication_factor": defaults.TEMPO_REPLICATION_FACTOR,
    "ingester_cpu": "500m",
    "ingester_memory": "4Gi",
    "ingester_storage_gib": 20,
    "query_frontend_replicas": defaults.TEMPO_QUERY_FRONTEND_REPLICAS,
    "query_frontend_memory": "512Mi",
    "querier_replicas": defaults.TEMPO_QUERIER_REPLICAS,
    "querier_cpu": "500m",
    "querier_memory": "2Gi",
    "compactor_cpu": "500m",
    "compactor_memory": "4Gi",
    "cache_replicas": defaults.MEMCACHED_REPLICAS,
    "cache_memory_mib": 1024,
}

_BOUNDS: dict[str, tuple[int, int]] = {
    "gateway_replicas": (1, 50),
    "gateway_max_replicas": (1, 200),
    "gateway_storage_gib": (1, 16384),
    "distributor_replicas": (1, 50),
    "distributor_max_replicas": (1, 200),
    "ingester_replicas": (1, 100),
    "ingester_storage_gib": (1, 16384),
    "query_frontend_replicas": (1, 10),
    "querier_replicas": (1, 50),
    "querier_max_replicas": (1, 200),
    "cache_replicas": (1, 20),
    "cache_memory_mib": (64, 65536),
}
"""Fewest and most. 16,384 GiB is gp3's largest volume."""

_CPU = re.compile(r"[1-9][0-9]*m|[1-9][0-9]*|[0-9]+\.[0-9]+")
_MEMORY = re.compile(r"([1-9][0-9]*)(Mi|Gi|Ti)")


def traces_sizing(given: TracesSizingArgs | None, chosen: Sampling) -> dict[str, Any]:
    """The sizes given, and for the rest the defaults, or what the expected spans a second ask for."""
    sized = {**SIZING, **(given or {})}
    sized = {key: int(value) if isinstance(value, float) else value for key, value in sized.items()}
    gateways = sized["gateway_replicas"]
    computed = {
        "gateway_max_replicas": gateways * 3,
        "distributor_max_replicas": sized["distributor_replicas"] * 2,
        "querier_max_replicas": sized["querier_replicas"] * 3,
        "gateway_cpu": f"{gateway_milli_cpu(chosen, gateways)}m",
        "gateway_memory": f"{_stepped(gateway_mib(chosen, gateways), 256)}Mi",
    }
    return {**computed, **sized}


def gateway_milli_cpu(chosen: Sampling, gateways: int) -> int:
    """Thousandths of a CPU for a gateway's share of the spans while another one is gone, in steps of 250."""
    return _stepped(ceil(chosen.spans_per_second / max(gateways - 1, 1) / SPANS_PER_CORE * 1000), 250)


def gateway_mib(chosen: Sampling, gateways: int) -> int:
    """MiB of memory limit below whose refusal threshold a gateway's traces fit."""
    buffered = sampler_size(chosen, gateways).buffer_mib if chosen.tail else 0
    return ceil((COLLECTOR_BASE_MIB + buffered) * 100 / (LIMIT_PERCENTAGE - SPIKE_PERCENTAGE))


def traces_sizing_faults(
    given: TracesSizingArgs | None,
    chosen: Sampling,
    nodes: TracesNodesArgs | None = None,
    path: str = "sizing",
) -> list[Fault]:
    """Sizes that can't work, alone or together."""
    faults = _value_faults(path, given or {})
    if faults:
        return faults
    sizing = traces_sizing(given, chosen)
    return [
        *_replica_faults(path, sizing),
        *_gateway_faults(path, sizing, chosen),
        *_placement_faults(path, sizing, nodes or {}),
    ]


def _value_faults(path: str, given: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for key, value in given.items():
        where = f"{path}.{key}"
        if key not in TracesSizingArgs.__annotations__:
            faults.append(Fault(where, value, f"be one of {', '.join(TracesSizingArgs.__annotations__)}"))
        elif key == "replication_factor" and value not in (1, 3):
            faults.append(Fault(where, value, "be 1 or 3: with two copies a write waits for both"))
        elif key in _BOUNDS:
            fewest, most = _BOUNDS[key]
            if isinstance(value, bool) or float(value) != int(value) or not fewest <= value <= most:
                faults.append(Fault(where, value, f"be a whole number from {fewest} to {most}"))
        else:
            faults += quantity_faults(where, key, value)
    return faults


def quantity_faults(path: str, key: str, value: Any) -> list[Fault]:
    """An amount of CPU or memory, by what the key ends in, that Kubernetes wouldn't read."""
    if key.endswith("cpu") and not _CPU.fullmatch(str(value)):
        return [Fault(path, value, "be an amount of CPU such as 500m or 2")]
    if key.endswith("memory") and not _MEMORY.fullmatch(str(value)):
        return [Fault(path, value, "be an amount of memory such as 512Mi or 8Gi")]
    return []


def _replica_faults(path: str, sizing: Mapping[str, Any]) -> list[Fault]:
    faults = []
    if sizing["ingester_replicas"] < sizing["replication_factor"]:
        bound = f"be at least replication_factor ({sizing['replication_factor']}): each copy is on another ingester"
        faults.append(Fault(f"{path}.ingester_replicas", sizing["ingester_replicas"], bound))
    for part in ("gateway", "distributor", "querier"):
        fewest, most = sizing[f"{part}_replicas"], sizing[f"{part}_max_replicas"]
        if most < fewest:
            faults.append(Fault(f"{path}.{part}_max_replicas", most, f"be at least {part}_replicas ({fewest})"))
    return faults


def _gateway_faults(path: str, sizing: Mapping[str, Any], chosen: Sampling) -> list[Fault]:
    """A memory limit at which the limiter would refuse spans before the sampler has let go of them."""
    needed = gateway_mib(chosen, sizing["gateway_replicas"])
    if mib(sizing["gateway_memory"]) >= needed:
        return []
    bound = (
        f"be at least {needed}Mi: {chosen.spans_per_second} spans/s wait {chosen.decision_wait_seconds} s, and the"
        f" memory limiter refuses more from {LIMIT_PERCENTAGE - SPIKE_PERCENTAGE} % on"
    )
    return [Fault(f"{path}.gateway_memory", sizing["gateway_memory"], bound)]


def _placement_faults(path: str, sizing: Mapping[str, Any], nodes: TracesNodesArgs) -> list[Fault]:
    """Ingesters that find no node of their own, and pods that are larger than a node."""
    faults = []
    if "zones" in nodes and "nodes_per_zone" in nodes:
        zones, per_zone = int(nodes["zones"]), int(nodes["nodes_per_zone"])
        replicas = sizing["ingester_replicas"]
        if ceil(replicas / zones) > per_zone:
            bound = (
                f"be at most {zones * per_zone}: ingesters spread over {zones} zones and never share one of the"
                f" {per_zone} nodes of each"
            )
            faults.append(Fault(f"{path}.ingester_replicas", replicas, bound))
    if "memory_gib" in nodes:
        room = int(nodes["memory_gib"] * 1024 * ALLOCATABLE_SHARE)
        for key in [key for key in sizing if key.endswith("_memory") and mib(sizing[key]) > room]:
            faults.append(Fault(f"{path}.{key}", sizing[key], f"be at most {room}Mi, what a node has to give"))
        if (cache := cache_mib(sizing["cache_memory_mib"])) > room:
            bound = f"be less: the pod takes {cache}Mi, and a node has {room}Mi to give"
            faults.append(Fault(f"{path}.cache_memory_mib", sizing["cache_memory_mib"], bound))
    return faults


def cache_mib(items: int) -> int:
    """MiB of the whole pod of a cache (`metrics/memcached.py`): items, overhead and exporter."""
    return items * 5 // 4 + 64 + 64


def mib(memory: str) -> int:
    """MiB of a Kubernetes quantity that has passed the checks above."""
    found = _MEMORY.fullmatch(memory)
    assert found, memory
    return int(found[1]) * {"Mi": 1, "Gi": 1024, "Ti": 1024**2}[found[2]]


def _stepped(amount: int, step: int) -> int:
    return max(ceil(amount / step), 1) * step

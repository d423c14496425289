"""How much room the parts of the metrics room get, and what is wrong with what was asked for.

Defaults are the sizing guide's small production cluster: 100 nodes, 2,000 pods, 500,000 active series
(004, resource sizing). Its larger rows are in docs/metrics.md, as values for these arguments.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NotRequired, TypedDict

from .. import defaults
from ..validation import Fault


class PrometheusSizingArgs(TypedDict):
    """Room for Prometheus and Alertmanager."""

    replicas: NotRequired[int]
    """Prometheus replicas that each scrape everything. 1 to 3; default 2."""
    cpu: NotRequired[str]
    """CPU requested by each, as a Kubernetes quantity; it may use twice as much. Default 1, for 500,000 series."""
    memory: NotRequired[str]
    """Memory requested by and allowed to each. Default 8Gi, for 500,000 series."""
    storage_gib: NotRequired[int]
    """GiB of each replica's volume, at least 10. Blocks and write-ahead log may fill four fifths. Default 50."""
    alertmanager_replicas: NotRequired[int]
    """Alertmanagers that gossip. 1 to 5; default 3."""


class ThanosSizingArgs(TypedDict):
    """Room for Thanos and its caches."""

    query_replicas: NotRequired[int]
    """Fewest Query replicas; also query frontends. At least 1; default 2."""
    query_max_replicas: NotRequired[int]
    """Most Query replicas, reached when CPU passes 70 % of the request. Default 6."""
    query_cpu: NotRequired[str]
    """CPU requested by each Query; it may use twice as much. Default 500m."""
    query_memory: NotRequired[str]
    """Memory of each Query. Default 2Gi."""
    store_replicas: NotRequired[int]
    """Fewest store gateways. At least 1; default 2."""
    store_max_replicas: NotRequired[int]
    """Most store gateways, reached when CPU or memory passes 80 % of the request. Default 6."""
    store_cpu: NotRequired[str]
    """CPU requested by each store gateway; it may use twice as much. Default 500m."""
    store_memory: NotRequired[str]
    """Memory of each store gateway. Default 4Gi."""
    store_storage_gib: NotRequired[int]
    """GiB of each store gateway's volume, for index headers. At least 5; default 50."""
    compactor_memory: NotRequired[str]
    """Memory of the compactor. Default 4Gi."""
    compactor_storage_gib: NotRequired[int]
    """GiB of the compactor's volume: it holds the blocks it joins and the result. At least 10; default 100."""
    ruler_replicas: NotRequired[int]
    """Rulers that each evaluate every rule. 1 to 3; default 2."""
    receive_replicas: NotRequired[int]
    """Receivers of other clusters' samples. From three on each sample lies on three, below on one. 1 to 50; default
    3."""
    receive_memory: NotRequired[str]
    """Memory of each receiver. Default 4Gi."""
    receive_storage_gib: NotRequired[int]
    """GiB of each receiver's volume: a day of samples. At least 5; default 50."""
    cache_replicas: NotRequired[int]
    """Memcached servers of each of the three caches. At least 1; default 2."""
    cache_memory_mib: NotRequired[int]
    """MiB of items that each Memcached server holds. At least 64; default 1024."""


PROMETHEUS_SIZING: dict[str, Any] = {
    "replicas": defaults.PROMETHEUS_REPLICAS,
    "cpu": "1",
    "memory": "8Gi",
    "storage_gib": 50,
    "alertmanager_replicas": defaults.ALERTMANAGER_REPLICAS,
}
THANOS_SIZING: dict[str, Any] = {
    "query_replicas": defaults.THANOS_QUERY_REPLICAS,
    "query_max_replicas": defaults.THANOS_QUERY_MAX_REPLICAS,
    "query_cpu": "500m",
    "query_memory": "2Gi",
    "store_replicas": defaults.THANOS_STORE_REPLICAS,
    "store_max_replicas": defaults.THANOS_STORE_MAX_REPLICAS,
    "store_cpu": "500m",
    "store_memory": "4Gi",
    "store_storage_gib": 50,
    "compactor_memory": "4Gi",
    "compactor_storage_gib": 100,
    "ruler_replicas": defaults.THANOS_RULER_REPLICAS,
    "receive_replicas": defaults.THANOS_RECEIVE_REPLICAS,
    "receive_memory": "4Gi",
    "receive_storage_gib": 50,
    "cache_replicas": defaults.MEMCACHED_REPLICAS,
    "cache_memory_mib": 1024,
}

_BOUNDS: dict[str, tuple[int, int]] = {
    "replicas": (1, 3),
    "storage_gib": (10, 16384),
    "alertmanager_replicas": (1, 5),
    "query_replicas": (1, 50),
    "query_max_replicas": (1, 50),
    "store_replicas": (1, 50),
    "store_max_replicas": (1, 50),
    "store_storage_gib": (5, 16384),
    "compactor_storage_gib": (10, 16384),
    "ruler_replicas": (1, 3),
    "receive_replicas": (1, 50),
    "receive_storage_gib": (5, 16384),
    "cache_replicas": (1, 20),
    "cache_memory_mib": (64, 65536),
}
"""Fewest and most. 16,384 GiB is gp3's largest volume."""

_CPU = re.compile(r"[1-9][0-9]*m|[1-9][0-9]*|[0-9]+\.[0-9]+")
_MEMORY = re.compile(r"[1-9][0-9]*(Mi|Gi|Ti)")


def prometheus_sizing(given: PrometheusSizingArgs | None) -> dict[str, Any]:
    """The sizes given, and the defaults for the rest."""
    return filled(PROMETHEUS_SIZING, given or {})


def thanos_sizing(given: ThanosSizingArgs | None) -> dict[str, Any]:
    """The sizes given, and the defaults for the rest."""
    return filled(THANOS_SIZING, given or {})


def prometheus_sizing_faults(given: PrometheusSizingArgs | None, path: str = "prometheus") -> list[Fault]:
    """Sizes of Prometheus that can't work."""
    return amount_faults(path, given or {}, PROMETHEUS_SIZING, _BOUNDS)


def thanos_sizing_faults(given: ThanosSizingArgs | None, path: str = "thanos") -> list[Fault]:
    """Sizes of Thanos that can't work."""
    faults = amount_faults(path, given or {}, THANOS_SIZING, _BOUNDS)
    if faults:
        return faults
    sizing = thanos_sizing(given)
    return [
        Fault(f"{path}.{part}_max_replicas", sizing[f"{part}_max_replicas"], f"be at least {part}_replicas ({fewest})")
        for part, fewest in (("query", sizing["query_replicas"]), ("store", sizing["store_replicas"]))
        if sizing[f"{part}_max_replicas"] < fewest
    ]


def blackbox_replicas_faults(path: str, replicas: float) -> list[Fault]:
    """A number of blackbox exporters that makes no sense."""
    return [] if 1 <= replicas <= 10 else [Fault(path, replicas, "be a whole number from 1 to 10")]


def filled(standard: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers given, whole, and the standard ones for the rest."""
    return {
        key: int(value) if isinstance(standard[key], int) else value
        for key, value in {**standard, **given}.items()
        if key in standard
    }


def amount_faults(
    path: str, given: Mapping[str, Any], known: Iterable[str], bounds: Mapping[str, tuple[int, int]]
) -> list[Fault]:
    """Sizes of no part, numbers out of their bounds (fewest, most), and what is no amount of CPU or memory."""
    faults = []
    for key, value in given.items():
        where = f"{path}.{key}"
        if key not in known:
            faults.append(Fault(where, value, f"be one of {', '.join(known)}"))
        elif key in bounds:
            fewest, most = bounds[key]
            if isinstance(value, bool) or float(value) != int(value) or not fewest <= value <= most:
                faults.append(Fault(where, value, f"be a whole number from {fewest} to {most}"))
        elif key.endswith("cpu") and not _CPU.fullmatch(str(value)):
            faults.append(Fault(where, value, "be an amount of CPU such as 500m or 2"))
        elif key.endswith("memory") and not _MEMORY.fullmatch(str(value)):
            faults.append(Fault(where, value, "be an amount of memory such as 512Mi or 8Gi"))
    return faults


def twice(cpu: str) -> str:
    """Twice an amount of CPU: the room for bursts that a limit leaves above the request."""
    if cpu.endswith("m"):
        return f"{int(cpu[:-1]) * 2}m"
    return f"{round(float(cpu) * 2000)}m"

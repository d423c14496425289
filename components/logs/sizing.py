"""How much room Loki gets, and what is wrong with what was asked for.

One set of sizes serves both topologies: `write` is what keeps data in memory and in a write-ahead log,
`read` what answers queries, `backend` the rest. Defaults are the sizing guide's small production cluster
(100 nodes; Loki write 1 CPU and 2 GiB) and the component counts of 004; docs/logs.md has the larger rows.
"""

import re
from typing import Any, NotRequired, TypedDict

from .. import defaults
from ..metrics.sizing import amount_faults
from ..validation import Fault


class LokiSizingArgs(TypedDict):
    """Replicas and room of Loki and its caches."""

    replication_factor: NotRequired[int]
    """Ingesters that hold each line until it is in S3. 1 to 3; default 3, which survives the loss of one."""
    gateway_replicas: NotRequired[int]
    """Nginx in front. At least 1; default 2."""
    write_replicas: NotRequired[int]
    """Ingesters (a multiple of 3, one third in each zone) or write pods; also the fewest distributors. Default 3."""
    write_max_replicas: NotRequired[int]
    """Most distributors or write pods, reached when CPU passes 70 % of the request. Default 10."""
    write_cpu: NotRequired[str]
    """CPU requested by each of them; it may use twice as much. Default 1."""
    write_memory: NotRequired[str]
    """Memory of each ingester or write pod. Default 2Gi."""
    write_storage_gib: NotRequired[int]
    """GiB of each one's volume, for the write-ahead log. At least 5; default 20."""
    wal_replay_memory_mib: NotRequired[int]
    """MiB that replaying the write-ahead log may fill before it flushes. At most 80 % of `write_memory`, the
    default 75 %."""
    read_replicas: NotRequired[int]
    """Fewest queriers or read pods. At least 1; default 3."""
    read_max_replicas: NotRequired[int]
    """Most queriers or read pods, reached when CPU passes 70 % of the request. Default 10."""
    read_cpu: NotRequired[str]
    """CPU requested by each; it may use twice as much. Default 1."""
    read_memory: NotRequired[str]
    """Memory of each. Default 2Gi."""
    backend_replicas: NotRequired[int]
    """Query frontends, query schedulers, index gateways and rulers, or backend pods. At least 1; default 2."""
    backend_cpu: NotRequired[str]
    """CPU requested by each index gateway, compactor, ruler or backend pod. Default 500m."""
    backend_memory: NotRequired[str]
    """Memory of each of these. Default 2Gi."""
    backend_storage_gib: NotRequired[int]
    """GiB of each one's volume, for index files. At least 5; default 20."""
    chunks_cache_replicas: NotRequired[int]
    """Memcached servers for chunks. At least 1; default 2."""
    chunks_cache_mib: NotRequired[int]
    """MiB of chunks that each holds; the pod takes a fifth more. At least 64; default 2048."""
    results_cache_replicas: NotRequired[int]
    """Memcached servers for queries' results. At least 1; default 2."""
    results_cache_mib: NotRequired[int]
    """MiB of results that each holds; the pod takes a fifth more. At least 64; default 512."""


LOKI_SIZING: dict[str, Any] = {
    "replication_factor": defaults.LOKI_REPLICATION,
    "gateway_replicas": defaults.LOKI_GATEWAY_REPLICAS,
    "write_replicas": defaults.LOKI_WRITE_REPLICAS,
    "write_max_replicas": defaults.LOKI_MAX_REPLICAS,
    "write_cpu": "1",
    "write_memory": "2Gi",
    "write_storage_gib": 20,
    "wal_replay_memory_mib": 0,
    "read_replicas": defaults.LOKI_READ_REPLICAS,
    "read_max_replicas": defaults.LOKI_MAX_REPLICAS,
    "read_cpu": "1",
    "read_memory": "2Gi",
    "backend_replicas": defaults.LOKI_BACKEND_REPLICAS,
    "backend_cpu": "500m",
    "backend_memory": "2Gi",
    "backend_storage_gib": 20,
    "chunks_cache_replicas": defaults.MEMCACHED_REPLICAS,
    "chunks_cache_mib": 2048,
    "results_cache_replicas": defaults.MEMCACHED_REPLICAS,
    "results_cache_mib": 512,
}

_BOUNDS: dict[str, tuple[int, int]] = {
    "replication_factor": (1, 3),
    "gateway_replicas": (1, 20),
    "write_replicas": (1, 300),
    "write_max_replicas": (1, 300),
    "write_storage_gib": (5, 16384),
    "wal_replay_memory_mib": (64, 1048576),
    "read_replicas": (1, 300),
    "read_max_replicas": (1, 300),
    "backend_replicas": (1, 20),
    "backend_storage_gib": (5, 16384),
    "chunks_cache_replicas": (1, 50),
    "chunks_cache_mib": (64, 65536),
    "results_cache_replicas": (1, 50),
    "results_cache_mib": (64, 65536),
}
"""Fewest and most. 16,384 GiB is gp3's largest volume."""

WAL_SHARE_DEFAULT, WAL_SHARE_MOST = 0.75, 0.8
"""Loki's advice for `replay_memory_ceiling` is about 75 % of the memory (Loki, write-ahead log); its own default
is 4 GB whatever the memory. What is above 80 % leaves too little for everything else while it replays."""

CACHE_OVERHEAD_PERCENT = 20
"""What the chart adds to a cache's items for connections and hash table."""

_MEMORY = re.compile(r"([1-9][0-9]*)(Mi|Gi|Ti)")
_MIB = {"Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}


def mebibytes(memory: str) -> int:
    """A Kubernetes quantity of memory in MiB."""
    found = _MEMORY.fullmatch(memory)
    if not found:
        raise ValueError(memory)
    return int(found[1]) * _MIB[found[2]]


def loki_sizing(given: LokiSizingArgs | None) -> dict[str, Any]:
    """The sizes given, and the defaults for the rest."""
    sizing: dict[str, Any] = {
        key: int(value) if isinstance(LOKI_SIZING[key], int) else value
        for key, value in {**LOKI_SIZING, **(given or {})}.items()
        if key in LOKI_SIZING
    }
    if not sizing["wal_replay_memory_mib"]:
        sizing["wal_replay_memory_mib"] = int(mebibytes(sizing["write_memory"]) * WAL_SHARE_DEFAULT)
    return sizing


def cache_memory_mib(items_mib: int) -> int:
    """Memory of a cache's pod."""
    return items_mib * (100 + CACHE_OVERHEAD_PERCENT) // 100


def loki_sizing_faults(given: LokiSizingArgs | None, path: str = "sizing") -> list[Fault]:
    """Sizes that can't work, whatever the cluster."""
    faults = amount_faults(path, given or {}, LOKI_SIZING, _BOUNDS)
    if faults:
        return faults
    sizing = loki_sizing(given)
    for part in ("write", "read"):
        fewest, most = sizing[f"{part}_replicas"], sizing[f"{part}_max_replicas"]
        if most < fewest:
            faults.append(Fault(f"{path}.{part}_max_replicas", most, f"be at least {part}_replicas ({fewest})"))
    if sizing["replication_factor"] == 2:
        bound = "be 1 or 3: of two copies a majority is both, so that losing one stops every write"
        faults.append(Fault(f"{path}.replication_factor", 2, bound))
    if sizing["write_replicas"] < sizing["replication_factor"]:
        bound = f"be at least replication_factor ({sizing['replication_factor']}), or writes fail"
        faults.append(Fault(f"{path}.write_replicas", sizing["write_replicas"], bound))
    most = int(mebibytes(sizing["write_memory"]) * WAL_SHARE_MOST)
    if sizing["wal_replay_memory_mib"] > most:
        bound = (
            f"be at most {most} (MiB), 80 % of write_memory ({sizing['write_memory']}): replaying the write-ahead"
            " log would exceed the limit, and be killed, again and again"
        )
        faults.append(Fault(f"{path}.wal_replay_memory_mib", sizing["wal_replay_memory_mib"], bound))
    return faults

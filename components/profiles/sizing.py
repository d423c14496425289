"""How much room the parts of the profiles room get, and what is wrong with what was asked for.

Defaults are the sizing guide's small production cluster, 100 nodes (004): a tenth of what it gives Pyroscope
on 1,000. Its counts are of Pyroscope's first storage; docs/profiles.md says which part now does whose work.
"""

import re
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from .. import defaults
from ..validation import Fault


class PyroscopeSizingArgs(TypedDict):
    """Room for Pyroscope."""

    distributor_replicas: NotRequired[int]
    """Fewest distributors. At least 1; default 2."""
    distributor_max_replicas: NotRequired[int]
    """Most distributors, reached when CPU passes 70 % of the request. Default 6."""
    distributor_cpu: NotRequired[str]
    """CPU requested by each, as a Kubernetes quantity; it may use twice as much. Default 250m."""
    distributor_memory: NotRequired[str]
    """Memory requested by and allowed to each. Default 512Mi."""
    segment_writer_replicas: NotRequired[int]
    """Segment writers, among which services are spread. At least 1; default 3."""
    segment_writer_cpu: NotRequired[str]
    """CPU requested by each; it may use twice as much. Default 500m."""
    segment_writer_memory: NotRequired[str]
    """Memory of each: two seconds of profiles, and the segments made of them. Default 2Gi."""
    query_frontend_replicas: NotRequired[int]
    """Query frontends. At least 1; default 2."""
    query_frontend_memory: NotRequired[str]
    """Memory of each. Default 512Mi."""
    query_backend_replicas: NotRequired[int]
    """Fewest query backends. At least 1; default 2."""
    query_backend_max_replicas: NotRequired[int]
    """Most query backends, reached when CPU passes 70 % of the request. Default 6."""
    query_backend_cpu: NotRequired[str]
    """CPU requested by each; it may use twice as much. Default 500m."""
    query_backend_memory: NotRequired[str]
    """Memory of each. Default 2Gi."""
    metastore_replicas: NotRequired[int]
    """Metastores that agree by Raft. 1, 3 or 5: an even number survives no more failures than one less. Default 3."""
    metastore_memory: NotRequired[str]
    """Memory of each. Default 1Gi."""
    metastore_storage_gib: NotRequired[int]
    """GiB of each metastore's volume, at least 5. Default 10."""
    compaction_worker_replicas: NotRequired[int]
    """Fewest compaction workers. At least 1; default 1."""
    compaction_worker_max_replicas: NotRequired[int]
    """Most compaction workers, reached when CPU passes 70 % of the request. Default 3."""
    compaction_worker_cpu: NotRequired[str]
    """CPU requested by each; it may use twice as much. Default 500m."""
    compaction_worker_memory: NotRequired[str]
    """Memory of each. Default 2Gi."""
    helper_memory: NotRequired[str]
    """Memory of tenant settings, ad hoc profiles and admin, one of each. Default 256Mi."""


class ProfilesAgentSizingArgs(TypedDict):
    """Room for the agent on each node."""

    cpu: NotRequired[str]
    """CPU requested on each node. Default 100m."""
    cpu_limit: NotRequired[str]
    """CPU that the agent may use on each node, bursts of symbol reading included. Default 500m."""
    memory: NotRequired[str]
    """Memory requested and allowed on each node. Default 512Mi."""


PYROSCOPE_SIZING: dict[str, Any] = {
    "distributor_replicas": defaults.PYROSCOPE_DISTRIBUTOR_REPLICAS,
    "distributor_max_replicas": 6,
    "distributor_cpu": "250m",
    "distributor_memory": "512Mi",
    "segment_writer_replicas": defaults.PYROSCOPE_SEGMENT_WRITER_REPLICAS,
    "segment_writer_cpu": "500m",
    "segment_writer_memory": "2Gi",
    "query_frontend_replicas": defaults.PYROSCOPE_QUERY_FRONTEND_REPLICAS,
    "query_frontend_memory": "512Mi",
    "query_backend_replicas": defaults.PYROSCOPE_QUERY_BACKEND_REPLICAS,
    "query_backend_max_replicas": 6,
    "query_backend_cpu": "500m",
    "query_backend_memory": "2Gi",
    "metastore_replicas": defaults.PYROSCOPE_METASTORE_REPLICAS,
    "metastore_memory": "1Gi",
    "metastore_storage_gib": 10,
    "compaction_worker_replicas": defaults.PYROSCOPE_COMPACTION_WORKER_REPLICAS,
    "compaction_worker_max_replicas": 3,
    "compaction_worker_cpu": "500m",
    "compaction_worker_memory": "2Gi",
    "helper_memory": "256Mi",
}
AGENT_SIZING: dict[str, Any] = {"cpu": "100m", "cpu_limit": "500m", "memory": "512Mi"}
"""The profiler's makers measured 1 % of CPU and 250 MB at most (opentelemetry-ebpf-profiler, README); the
rest of the memory is Alloy itself and the profiles that wait to be sent."""

METASTORES = (1, 3, 5)
_BOUNDS = {"metastore_storage_gib": (5, 16384)}
"""Fewest and most; of replicas 1 and 50. 16,384 GiB is gp3's largest volume."""

_CPU = re.compile(r"[1-9][0-9]*m|[1-9][0-9]*|[0-9]+\.[0-9]+")
_MEMORY = re.compile(r"([1-9][0-9]*)(Mi|Gi|Ti)")
_MIB = {"Mi": 1, "Gi": 1024, "Ti": 1024**2}


def pyroscope_sizing(given: PyroscopeSizingArgs | None) -> dict[str, Any]:
    """The sizes given, and the defaults for the rest."""
    return _sized(PYROSCOPE_SIZING, given or {})


def agent_sizing(given: ProfilesAgentSizingArgs | None) -> dict[str, Any]:
    """The sizes given, and the defaults for the rest."""
    return _sized(AGENT_SIZING, given or {})


def pyroscope_sizing_faults(given: PyroscopeSizingArgs | None, path: str = "pyroscope") -> list[Fault]:
    """Sizes of Pyroscope that can't work."""
    faults = _faults(path, given or {}, PYROSCOPE_SIZING)
    if faults:
        return faults
    sizing = pyroscope_sizing(given)
    faults = [
        Fault(f"{path}.{part}_max_replicas", most, f"be at least {part}_replicas ({fewest})")
        for part in ("distributor", "query_backend", "compaction_worker")
        if (most := sizing[f"{part}_max_replicas"]) < (fewest := sizing[f"{part}_replicas"])
    ]
    if sizing["metastore_replicas"] not in METASTORES:
        bound = "be 1, 3 or 5: half of an even number is no majority, so one more survives no more failures"
        faults.append(Fault(f"{path}.metastore_replicas", sizing["metastore_replicas"], bound))
    return faults


def agent_sizing_faults(given: ProfilesAgentSizingArgs | None, path: str = "agent") -> list[Fault]:
    """Sizes of the agent that can't work."""
    return _faults(path, given or {}, AGENT_SIZING)


def go_memory_limit(memory: str) -> str:
    """Nine tenths of an amount of memory, as Go's soft limit: it collects garbage before the kernel kills."""
    found = _MEMORY.fullmatch(memory)
    if not found:
        raise ValueError(f"{memory!r} is no amount of memory")
    return f"{int(found[1]) * _MIB[found[2]] * 9 // 10}MiB"


def _sized(standard: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: int(value) if isinstance(standard[key], int) else value
        for key, value in {**standard, **given}.items()
        if key in standard
    }


def _faults(path: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for key, value in given.items():
        where = f"{path}.{key}"
        if key not in known:
            faults.append(Fault(where, value, f"be one of {', '.join(known)}"))
        elif isinstance(known[key], int):
            fewest, most = _BOUNDS.get(key, (1, 50))
            if isinstance(value, bool) or float(value) != int(value) or not fewest <= value <= most:
                faults.append(Fault(where, value, f"be a whole number from {fewest} to {most}"))
        elif key.endswith("memory"):
            if not _MEMORY.fullmatch(str(value)):
                faults.append(Fault(where, value, "be an amount of memory such as 512Mi or 8Gi"))
        elif not _CPU.fullmatch(str(value)):
            faults.append(Fault(where, value, "be an amount of CPU such as 500m or 2"))
    return faults

"""Whether a cluster has room for the metastores: their majority must outlive a node, and a zone."""

from ..validation import Fault
from .sizing import PyroscopeSizingArgs, pyroscope_sizing, pyroscope_sizing_faults


def placement_faults(
    sizing: PyroscopeSizingArgs | None, zones: float | None, nodes: float | None, path: str = "pyroscope"
) -> list[Fault]:
    """Metastores for which there are too few nodes or zones. `None`: the number isn't known, so isn't judged."""
    if pyroscope_sizing_faults(sizing):
        return []
    replicas = pyroscope_sizing(sizing)["metastore_replicas"]
    faults = []
    if nodes is not None and nodes < replicas:
        bound = f"be at most the nodes ({int(nodes)}): two that share one fail together"
        faults.append(Fault(f"{path}.metastore_replicas", replicas, bound))
    if replicas > 1 and zones is not None and -(-replicas // max(int(zones), 1)) > (replicas - 1) // 2:
        bound = f"be 1, or spread over at least three zones: one of {int(zones)} would hold a majority"
        faults.append(Fault(f"{path}.metastore_replicas", replicas, bound))
    return faults

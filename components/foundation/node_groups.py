"""Managed node groups as data: arguments, production's defaults, faults, and one plan for each group made.

Pure; `nodes.py` registers them.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NotRequired, TypedDict

from ..validation import Fault

WORKLOAD_LABEL = "eks-observability/workload"
"""On every node, the name of its group: `system`, `stateful` or `stateless` by default."""

TAINT_EFFECTS = {
    "NoSchedule": "NO_SCHEDULE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
}


class NodeTaintArgs(TypedDict):
    """A taint on every node of a group."""

    key: str
    """Taint key, as in Kubernetes."""
    value: NotRequired[str]
    """Taint value. Default none."""
    effect: str
    """`NoSchedule`, `PreferNoSchedule` or `NoExecute`."""


class NodeGroupArgs(TypedDict):
    """One kind of nodes."""

    instance_types: list[str]
    """EC2 instance types of one architecture, best first; several for Spot, where each pool may run dry."""
    spot: NotRequired[bool]
    """Spot instances instead of on-demand ones. Default False."""
    one_per_zone: NotRequired[bool]
    """One group in each zone instead of one over all zones, so that nodes come back where their volumes are.
    The sizes then hold for each zone. Default False."""
    min_size: NotRequired[int]
    """Fewest nodes. Default 1."""
    max_size: NotRequired[int]
    """Most nodes. Default three times `desired_size`."""
    desired_size: NotRequired[int]
    """Nodes at the start; autoscalers change it later and `pulumi up` leaves that alone. Default `min_size`."""
    disk_gib: NotRequired[int]
    """Root volume in GiB, 20 to 16384. Default 50: images and logs; data lies on volumes of its own."""
    labels: NotRequired[dict[str, str]]
    """Labels besides `eks-observability/workload: <group>`."""
    taints: NotRequired[list[NodeTaintArgs]]
    """Taints on every node. Default none."""


DEFAULT_NODE_GROUPS: dict[str, NodeGroupArgs] = {
    "system": {
        "instance_types": ["m7g.large", "m6g.large"],
        "min_size": 2,
        "max_size": 4,
        "desired_size": 2,
        "taints": [{"key": "CriticalAddonsOnly", "value": "true", "effect": "PreferNoSchedule"}],
    },
    "stateful": {
        "instance_types": ["r7g.xlarge", "r6g.xlarge"],
        "one_per_zone": True,
        "min_size": 1,
        "max_size": 3,
        "desired_size": 1,
    },
    "stateless": {
        "instance_types": ["m7g.xlarge", "m6g.xlarge", "m7gd.xlarge", "m6gd.xlarge", "r7g.xlarge", "r6g.xlarge"],
        "spot": True,
        "min_size": 2,
        "max_size": 10,
        "desired_size": 3,
        "taints": [{"key": "eks-observability/spot", "value": "true", "effect": "PreferNoSchedule"}],
    },
}
"""Graviton throughout. After the sizing guide's "Small" cluster (100 nodes, 2,000 pods, 500,000 series):
Prometheus 2 x 1 CPU and 8 GiB, Thanos query 2 x 0.5 CPU and 2 GiB, Loki write 3 x 1 CPU and 2 GiB, Tempo
distributor 3 x 0.5 CPU and 1 GiB. With stores, ingesters, compactors and caches the stateful part comes to
about 60 GiB: three nodes of 32 GiB, the guide's r6i in Graviton, lose a zone and still hold 64. The stateless
part is the size of the guide's t3.xlarge. All taints are soft (PreferNoSchedule): pods that say nothing go to
the stateful nodes, and nothing stays pending on a cluster with other groups."""


class PlannedGroup(NamedTuple):
    """One managed node group as AWS gets it."""

    suffix: str
    """`stateful-a`: for names of Pulumi resources; never changes."""
    group: str
    """The group of the arguments it comes from."""
    physical_name: str
    """Carries a digest of what replaces the group, so that the new one can exist before the old one goes."""
    zone_index: int | None
    """Index of its only zone, or None when it spans all."""
    ami_type: str
    args: NodeGroupArgs

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Fewest, desired and most nodes."""
        return sizes(self.args)


def sizes(args: NodeGroupArgs) -> tuple[int, int, int]:
    """Fewest, desired and most nodes of a group, with the defaults filled in."""
    least = int(args.get("min_size", 1))
    desired = int(args.get("desired_size", max(least, 1)))
    return least, desired, int(args.get("max_size", max(3 * desired, 1)))


def is_arm(instance_type: str) -> bool:
    """Whether an instance type is a Graviton: a `g` after the generation, as in m7g, r7gd, c8gn, im4gn, or a1."""
    family = instance_type.split(".")[0]
    return family == "a1" or bool(re.fullmatch(r"[a-z]+\d+g[a-z-]*", family))


def plan_groups(cluster_name: str, groups: Mapping[str, NodeGroupArgs], zones: Sequence[str]) -> list[PlannedGroup]:
    """The node groups to make, in the order of their names' first appearance."""
    planned: list[PlannedGroup] = []
    for group, args in groups.items():
        ami_type = "AL2023_ARM_64_STANDARD" if is_arm(args["instance_types"][0]) else "AL2023_x86_64_STANDARD"
        replacing = "|".join([ami_type, str(args.get("spot", False)), *args["instance_types"]])
        digest = hashlib.sha256(replacing.encode()).hexdigest()[:6]
        one_per_zone = args.get("one_per_zone", False)
        for index, zone in enumerate(zones) if one_per_zone else [(None, "")]:
            suffix = f"{group}-{zone[-1]}" if zone else group
            planned.append(PlannedGroup(suffix, group, f"{cluster_name}-{suffix}-{digest}", index, ami_type, args))
    return planned


class NodeCapacity(NamedTuple):
    """What node groups can carry, for judging pods by before there is a node."""

    fewest_nodes: int
    """Nodes when every group is at its smallest."""
    most_nodes_per_zone: int
    """Nodes in one zone when every group is at its largest."""
    largest_node_gib: float | None
    """Memory of the largest node, or None when a type's memory can't be told from its name."""


def node_capacity(groups: Mapping[str, NodeGroupArgs], zones: int) -> NodeCapacity:
    """What these groups carry over that many zones."""
    fewest, most = 0, 0
    for args in groups.values():
        least, _, largest = sizes(args)
        in_each = args.get("one_per_zone", False)
        fewest += least * zones if in_each else least
        most += largest if in_each else largest // zones
    memory = [memory_gib(kind) for args in groups.values() for kind in args["instance_types"][:1]]
    return NodeCapacity(fewest, most, None if None in memory else max(gib for gib in memory if gib))


def memory_gib(instance_type: str) -> float | None:
    """Memory of the common families by AWS' own rule: 2, 4 or 8 GiB a CPU for C, M and R, doubling with the size."""
    match = re.fullmatch(r"([cmr])\d+[a-z-]*\.(medium|large|(\d*)xlarge)", instance_type)
    if not match:
        return None
    cpus = {"medium": 1, "large": 2}.get(match[2]) or 4 * int(match[3] or 1)
    return float(cpus * {"c": 2, "m": 4, "r": 8}[match[1]])


def node_group_faults(path: str, groups: Mapping[str, NodeGroupArgs]) -> list[Fault]:
    """Everything wrong with node groups."""
    if not groups:
        return [Fault(path, {}, "hold at least one group: add-ons need nodes to run on")]
    faults: list[Fault] = []
    for name, args in groups.items():
        where = f"{path}.{name}"
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,12}", name):
            faults.append(
                Fault(
                    where, name, "be named with 1 to 13 lower-case letters, digits and hyphens, as EKS allows 63 in all"
                )
            )
        faults += _type_faults(f"{where}.instance_types", args["instance_types"])
        least, desired, most = sizes(args)
        if not 0 <= least <= desired <= most or most < 1:
            bound = "satisfy 0 <= min_size <= desired_size <= max_size, and max_size >= 1"
            faults.append(Fault(where, f"{least}, {desired}, {most}", bound))
        if not 20 <= args.get("disk_gib", 50) <= 16384:
            faults.append(Fault(f"{where}.disk_gib", args["disk_gib"], "be 20 to 16384 (GiB)"))
        for index, taint in enumerate(args.get("taints", [])):
            if taint["effect"] not in TAINT_EFFECTS:
                bound = f"be one of {', '.join(TAINT_EFFECTS)}"
                faults.append(Fault(f"{where}.taints[{index}].effect", taint["effect"], bound))
    return faults


def _type_faults(path: str, types: Sequence[str]) -> list[Fault]:
    if not types:
        return [Fault(path, [], "name at least one instance type")]
    faults = [
        Fault(f"{path}[{index}]", kind, "be an EC2 instance type such as m7g.large")
        for index, kind in enumerate(types)
        if not re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", kind)
    ]
    if not faults and len({is_arm(kind) for kind in types}) > 1:
        faults.append(Fault(path, list(types), "be of one architecture: one image starts them all"))
    return faults

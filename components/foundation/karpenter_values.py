"""Karpenter as data: arguments, chart values, what nodes it may start."""

import re
from typing import Any, NotRequired, TypedDict

import pulumi

from ..validation import Fault
from ..versions import NODE_AMI_VERSION
from .checks import account_faults, cluster_name_faults, region_faults
from .helm_release import chart_faults
from .node_groups import TAINT_EFFECTS, WORKLOAD_LABEL, NodeTaintArgs
from .pods import resources
from .system_pods import replica_faults, system_labels

RELEASE = "karpenter"
"""Name of the release, and of its service account."""
NODE_CLASS = "eks-observability"
"""Name of the EC2NodeClass that all pools share."""
EVENTS: dict[str, tuple[str, str]] = {
    "health": ("aws.health", "AWS Health Event"),
    "spot": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state": ("aws.ec2", "EC2 Instance State-change Notification"),
    "capacity": ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"),
}
"""What foretells that a node goes: source and detail type of EventBridge events, by the end of the rule's name."""


class KarpenterPoolArgs(TypedDict):
    """One kind of nodes, and how many at most."""

    cpu_limit: int
    """CPUs of all its nodes together, at least 2: what a mistake can cost at most."""
    memory_limit_gib: int
    """Memory of all its nodes together in GiB, at least 4."""
    spot: NotRequired[bool]
    """Spot instances instead of on-demand ones. Default False."""
    arm: NotRequired[bool]
    """Graviton instead of x86. Default True."""
    instance_categories: NotRequired[list[str]]
    """EC2 categories, single letters. Default c, m and r."""
    min_generation: NotRequired[int]
    """Oldest generation, 5 or later. Default 6."""
    labels: NotRequired[dict[str, str]]
    """Labels besides `eks-observability/workload: <pool>`."""
    taints: NotRequired[list[NodeTaintArgs]]
    """Taints on every node. Default none."""


DEFAULT_POOLS: dict[str, KarpenterPoolArgs] = {
    "stateless": {
        "spot": True,
        "cpu_limit": 64,
        "memory_limit_gib": 256,
        "taints": [{"key": "eks-observability/spot", "value": "true", "effect": "PreferNoSchedule"}],
    },
    "stateful": {"cpu_limit": 64, "memory_limit_gib": 512, "instance_categories": ["r"]},
}
"""The kinds of the default node groups (`node_groups.py`), each with room for several times their size."""


class KarpenterArgs(TypedDict):
    """Which cluster's nodes, where and of which kinds."""

    cluster_name: str
    """Name of the EKS cluster, which everything started is tagged with."""
    account_id: str
    """AWS account, twelve digits."""
    region: str
    """AWS region."""
    oidc_provider_arn: pulumi.Input[str]
    """ARN of the IAM OIDC provider of the cluster."""
    oidc_issuer: pulumi.Input[str]
    """Issuer of the cluster's tokens, without `https://`."""
    private_subnet_ids: pulumi.Input[list[str]]
    """Subnets of the nodes."""
    security_group_id: pulumi.Input[str]
    """Security group of the nodes: the cluster's own."""
    volume_kms_key_arn: pulumi.Input[str]
    """Key that encrypts the nodes' root volumes; its policy lets EC2's Spot role use it."""
    pools: NotRequired[dict[str, KarpenterPoolArgs]]
    """Kinds of nodes by name, 1 to 20 lower-case letters, digits and hyphens. Default `stateless` on Spot and
    `stateful` on demand."""
    disk_gib: NotRequired[int]
    """Root volume in GiB, 20 to 16384. Default 50."""
    ami_version: NotRequired[str]
    """Release of the EKS image of Amazon Linux 2023, such as v20260724. Never `latest`: nodes would be replaced
    whenever AWS publishes one. Default the pinned one."""
    expire_after_hours: NotRequired[int]
    """Age at which a node is replaced, 24 to 8760 hours. Default 720: no node goes without patches for longer."""
    replicas: NotRequired[int]
    """Pods, 1 to 5, on nodes that Karpenter did not start. Default 2."""
    service_monitor: NotRequired[bool]
    """Whether to be scraped, which needs the Prometheus operator's CRDs. Default True."""
    charts_source: NotRequired[str]
    """Where charts come from, as for HelmRelease. Default upstream."""
    permissions_boundary_arn: NotRequired[str]
    """Policy that bounds both roles, where the account demands one. Default none."""


def karpenter_faults(args: KarpenterArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = cluster_name_faults("cluster_name", args["cluster_name"], args["region"])
    faults += account_faults("account_id", args["account_id"]) + region_faults("region", args["region"])
    faults += replica_faults(args.get("replicas", 2))
    for chart in ("karpenter-crd", "karpenter"):
        faults += chart_faults(chart, args.get("charts_source", ""))
    if not 20 <= args.get("disk_gib", 50) <= 16384:
        faults.append(Fault("disk_gib", args["disk_gib"], "be 20 to 16384 (GiB)"))
    if not re.fullmatch(r"v20\d{6}", args.get("ami_version", NODE_AMI_VERSION)):
        faults.append(Fault("ami_version", args["ami_version"], "be a release such as v20260724"))
    if not 24 <= args.get("expire_after_hours", 720) <= 8760:
        faults.append(Fault("expire_after_hours", args["expire_after_hours"], "be 24 to 8760 (hours)"))
    if not args.get("pools", DEFAULT_POOLS):
        faults.append(Fault("pools", {}, "hold at least one pool"))
    for name, pool in args.get("pools", DEFAULT_POOLS).items():
        faults += _pool_faults(name, pool)
    return faults


def _pool_faults(name: str, pool: KarpenterPoolArgs) -> list[Fault]:
    where = f"pools.{name}"
    faults: list[Fault] = []
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", name):
        faults.append(Fault("pools", name, "be named with 1 to 20 lower-case letters, digits and hyphens"))
    if pool["cpu_limit"] < 2:
        faults.append(Fault(f"{where}.cpu_limit", pool["cpu_limit"], "be at least 2 (CPUs)"))
    if pool["memory_limit_gib"] < 4:
        faults.append(Fault(f"{where}.memory_limit_gib", pool["memory_limit_gib"], "be at least 4 (GiB)"))
    if pool.get("min_generation", 6) < 5:
        faults.append(Fault(f"{where}.min_generation", pool["min_generation"], "be 5 or later: older are not Nitro"))
    categories = pool.get("instance_categories", ["c"])
    if not categories or any(not re.fullmatch("[a-z]", category) for category in categories):
        faults.append(Fault(f"{where}.instance_categories", categories, "be single letters such as m; at least one"))
    for index, taint in enumerate(pool.get("taints", [])):
        if taint["effect"] not in TAINT_EFFECTS:
            bound = f"be one of {', '.join(TAINT_EFFECTS)}"
            faults.append(Fault(f"{where}.taints[{index}].effect", taint["effect"], bound))
    return faults


def karpenter_values(args: KarpenterArgs, role_arn: str, queue_name: str) -> dict[str, Any]:
    """Helm values. The chart's own contexts are `restricted`; its pods keep off Karpenter's nodes."""
    replicas = int(args.get("replicas", 2))
    return {
        "fullnameOverride": RELEASE,
        "replicas": replicas,
        "serviceAccount": {"create": True, "name": RELEASE, "annotations": {"eks.amazonaws.com/role-arn": role_arn}},
        "controller": {"resources": resources("500m", "1Gi", "2")},
        "podDisruptionBudget": {"name": RELEASE, "maxUnavailable": 1},
        # Spread if there are zones, run if not: a cluster whose zone is gone needs Karpenter most.
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": system_labels(RELEASE)},
            }
        ],
        "settings": {"clusterName": args["cluster_name"], "interruptionQueue": queue_name},
        "serviceMonitor": {"enabled": bool(args.get("service_monitor", True))},
    }


def node_class_spec(args: KarpenterArgs, profile_name: str, subnet_terms: Any) -> dict[str, Any]:
    """The `spec` of the EC2NodeClass: the same nodes as those of managed groups (`nodes.py`)."""
    cluster = args["cluster_name"]
    return {
        "amiSelectorTerms": [{"alias": f"al2023@{args.get('ami_version', NODE_AMI_VERSION)}"}],
        "instanceProfile": profile_name,
        "subnetSelectorTerms": subnet_terms,
        "securityGroupSelectorTerms": [{"id": args["security_group_id"]}],
        "associatePublicIPAddress": False,
        "detailedMonitoring": True,
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "rootVolume": True,
                "ebs": {
                    "volumeType": "gp3",
                    "volumeSize": f"{int(args.get('disk_gib', 50))}Gi",
                    "encrypted": True,
                    "kmsKeyID": args["volume_kms_key_arn"],
                    "deleteOnTermination": True,
                },
            }
        ],
        # One hop: pods that are not on the host's network never reach the node's credentials.
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpProtocolIPv6": "disabled",
            "httpPutResponseHopLimit": 1,
            "httpTokens": "required",
        },
        "tags": {"Name": f"{cluster}-karpenter"},
    }


def pool_spec(name: str, pool: KarpenterPoolArgs, expire_after_hours: int) -> dict[str, Any]:
    """The `spec` of a NodePool."""
    requirements = {
        "kubernetes.io/os": ["linux"],
        "kubernetes.io/arch": ["arm64" if pool.get("arm", True) else "amd64"],
        "karpenter.sh/capacity-type": ["spot" if pool.get("spot", False) else "on-demand"],
        "karpenter.k8s.aws/instance-category": pool.get("instance_categories", ["c", "m", "r"]),
    }
    oldest = {
        "key": "karpenter.k8s.aws/instance-generation",
        "operator": "Gt",
        "values": [str(int(pool.get("min_generation", 6)) - 1)],
    }
    taints = [
        {"key": taint["key"], "value": taint.get("value", ""), "effect": taint["effect"]}
        for taint in pool.get("taints", [])
    ]
    template: dict[str, Any] = {
        "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": NODE_CLASS},
        "requirements": [
            *({"key": key, "operator": "In", "values": values} for key, values in requirements.items()),
            oldest,
        ],
        "expireAfter": f"{expire_after_hours}h",
    }
    if taints:
        template["taints"] = taints
    return {
        "template": {"metadata": {"labels": {WORKLOAD_LABEL: name, **pool.get("labels", {})}}, "spec": template},
        "limits": {"cpu": str(int(pool["cpu_limit"])), "memory": f"{int(pool['memory_limit_gib'])}Gi"},
        "disruption": {
            "consolidationPolicy": "WhenEmptyOrUnderutilized",
            "consolidateAfter": "10m",
            # One at a time: with two replicas of everything, two at once can be both.
            "budgets": [{"nodes": "1"}],
        },
    }

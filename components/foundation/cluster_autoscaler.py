"""Cluster Autoscaler: more and fewer nodes in the managed node groups that exist."""

from typing import Any, NotRequired, TypedDict

import pulumi

from .. import naming
from ..ordering import child_of
from ..validation import Fault, refuse
from ..versions import CLUSTER_AUTOSCALER_VERSIONS
from .checks import account_faults, cluster_name_faults, region_faults
from .controller_role import controller_role
from .helm_release import HelmRelease, chart_faults
from .iam import Document, document, to_json
from .irsa_role import IrsaRole, IrsaRoleArgs
from .pods import resources
from .system_pods import CONTAINER, NAMESPACE, replica_faults, system_pod

RELEASE = "cluster-autoscaler"
"""Name of the release, and of its service account."""
ROLE = "autoscaler"
"""Purpose of the role, in its name."""


class ClusterAutoscalerArgs(TypedDict):
    """Which cluster's node groups."""

    cluster_name: str
    """Name of the EKS cluster: EKS tags the groups behind its node groups with it."""
    kubernetes_version: str
    """Minor version of the cluster; the autoscaler simulates the scheduler of exactly that one."""
    account_id: str
    """AWS account, twelve digits."""
    region: str
    """AWS region."""
    oidc_provider_arn: pulumi.Input[str]
    """ARN of the IAM OIDC provider of the cluster."""
    oidc_issuer: pulumi.Input[str]
    """Issuer of the cluster's tokens, without `https://`."""
    replicas: NotRequired[int]
    """Pods, 1 to 5. Default 2: one works, the other takes over."""
    service_monitor: NotRequired[bool]
    """Whether to be scraped, which needs the Prometheus operator's CRDs. Default True."""
    charts_source: NotRequired[str]
    """Where charts come from, as for HelmRelease. Default upstream."""
    permissions_boundary_arn: NotRequired[str]
    """Policy that bounds the role, where the account demands one. Default none."""


def cluster_autoscaler_faults(args: ClusterAutoscalerArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = cluster_name_faults("cluster_name", args["cluster_name"], args["region"])
    faults += account_faults("account_id", args["account_id"]) + region_faults("region", args["region"])
    version = args["kubernetes_version"]
    if version not in CLUSTER_AUTOSCALER_VERSIONS:
        faults.append(Fault("kubernetes_version", version, f"be one of {', '.join(CLUSTER_AUTOSCALER_VERSIONS)}"))
    faults += replica_faults(args.get("replicas", 2))
    return faults + chart_faults(RELEASE, args.get("charts_source", ""))


def cluster_autoscaler_access(cluster_name: str, account_id: str, region: str) -> Document:
    """Looking at all groups, which can't be narrowed, and changing those of this cluster."""
    partition = naming.partition(region)
    return document(
        [
            {
                "Sid": "Look",
                "Effect": "Allow",
                "Action": [
                    "autoscaling:DescribeAutoScalingGroups",
                    "autoscaling:DescribeAutoScalingInstances",
                    "autoscaling:DescribeLaunchConfigurations",
                    "autoscaling:DescribeScalingActivities",
                    "autoscaling:DescribeTags",
                    "ec2:DescribeImages",
                    "ec2:DescribeInstanceTypes",
                    "ec2:DescribeLaunchTemplateVersions",
                    "ec2:GetInstanceTypesFromInstanceRequirements",
                ],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
            },
            {
                # Labels and taints of a group that has no node to look at.
                "Sid": "NodeGroups",
                "Effect": "Allow",
                "Action": "eks:DescribeNodegroup",
                "Resource": f"arn:{partition}:eks:{region}:{account_id}:nodegroup/{cluster_name}/*/*",
            },
            {
                "Sid": "Scale",
                "Effect": "Allow",
                "Action": ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
                "Resource": f"arn:{partition}:autoscaling:{region}:{account_id}:autoScalingGroup:*",
                "Condition": {
                    "StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster_name}": "owned"},
                },
            },
        ]
    )


def cluster_autoscaler_values(args: ClusterAutoscalerArgs, role_arn: str) -> dict[str, Any]:
    """Helm values. Its image follows the cluster's version and not the chart's."""
    replicas = int(args.get("replicas", 2))
    annotations = {"eks.amazonaws.com/role-arn": role_arn}
    return {
        **system_pod(RELEASE),
        "fullnameOverride": RELEASE,
        "replicaCount": replicas,
        "image": {"tag": CLUSTER_AUTOSCALER_VERSIONS[args["kubernetes_version"]]},
        "cloudProvider": "aws",
        "awsRegion": args["region"],
        "autoDiscovery": {"clusterName": args["cluster_name"]},
        "rbac": {"serviceAccount": {"create": True, "name": RELEASE, "annotations": annotations}},
        "extraArgs": {
            "v": 2,
            # One group in each zone holds volumes there: they are to stay equally large.
            "balance-similar-node-groups": True,
            "expander": "least-waste",
            # Backends keep caches in emptyDir; without these two their nodes would never be given back.
            "skip-nodes-with-local-storage": False,
            "skip-nodes-with-system-pods": False,
        },
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containerSecurityContext": CONTAINER,
        "resources": resources("100m", "600Mi", "500m"),
        "podDisruptionBudget": {"maxUnavailable": 1},
        # The chart's own place and label for it are those of somebody else's Prometheus.
        "serviceMonitor": {
            "enabled": bool(args.get("service_monitor", True)),
            "namespace": NAMESPACE,
            "interval": "30s",
            "selector": {"release": RELEASE},
        },
    }


class ClusterAutoscaler(pulumi.ComponentResource):
    """The autoscaler in kube-system, with a role that scales this cluster's groups only."""

    role_arn: str
    """ARN of the autoscaler's role."""

    def __init__(self, name: str, args: ClusterAutoscalerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("ClusterAutoscaler", name, cluster_autoscaler_faults(args))
        super().__init__("eks-observability:index:ClusterAutoscaler", name, dict(args), opts)
        role = IrsaRole(f"{name}-role", _role(args), pulumi.ResourceOptions(parent=self))
        HelmRelease(
            f"{name}-autoscaler",
            {
                "chart": RELEASE,
                "release_name": RELEASE,
                "namespace": NAMESPACE,
                "values": cluster_autoscaler_values(args, role.role_arn),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts, [role]),
        )
        self.role_arn = role.role_arn
        self.register_outputs({"role_arn": self.role_arn})


def _role(args: ClusterAutoscalerArgs) -> IrsaRoleArgs:
    access = cluster_autoscaler_access(args["cluster_name"], args["account_id"], args["region"])
    return controller_role(args, ROLE, RELEASE, {"node-groups": to_json(access)})

"""The control plane of an EKS cluster: key, log group, role, and `pulumi_eks.Cluster` with safe settings."""

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from .. import defaults, naming
from ..ordering import child_of
from .encryption_key import EncryptionKey
from .iam import service_trust, to_json

if TYPE_CHECKING:
    from .cluster import EksClusterArgs

LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
"""All five that EKS has."""


def control_plane(
    name: str, args: "EksClusterArgs", version: str, parent: pulumi.Resource, opts: pulumi.ResourceOptions | None
) -> eks.Cluster:
    """The control plane, after everything that it would otherwise make for itself, unencrypted and for ever."""
    child = child_of(parent, opts)
    protect = args.get("protect", True)
    cluster_name, region = args["cluster_name"], args["region"]
    # A key of its own: whoever may read metrics' or logs' objects has no business with Kubernetes' secrets.
    key = EncryptionKey(
        f"{name}-secrets",
        {
            "alias": f"{cluster_name}-secrets",
            "description": f"Kubernetes secrets of {cluster_name}",
            "account_id": args["account_id"],
            "region": region,
            "protect": protect,
        },
        child,
    )
    # EKS makes this group if it is missing: without a key, and keeping everything for ever.
    logs = aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=f"/aws/eks/{cluster_name}/cluster",
        kms_key_id=args["log_kms_key_arn"],
        retention_in_days=int(args.get("control_plane_log_retention_days", defaults.CONTROL_PLANE_LOG_RETENTION_DAYS)),
        opts=child,
    )
    role = aws.iam.Role(
        f"{name}-control-plane",
        name=naming.role_name(cluster_name, region, "control-plane"),
        description=f"Control plane of {cluster_name}",
        assume_role_policy=to_json(service_trust("eks.amazonaws.com")),
        permissions_boundary=args.get("permissions_boundary_arn"),
        opts=child,
    )
    rights = aws.iam.RolePolicyAttachment(
        f"{name}-control-plane-AmazonEKSClusterPolicy",
        role=role.name,
        policy_arn=naming.aws_managed_policy_arn(region, "AmazonEKSClusterPolicy"),
        opts=child,
    )
    cidrs = args.get("public_access_cidrs", [])
    return eks.Cluster(
        f"{name}-cluster",
        name=cluster_name,
        version=version,
        vpc_id=args["vpc_id"],
        subnet_ids=args["control_plane_subnet_ids"],
        service_role=role,
        encryption_config_key_arn=key.key_arn,
        enabled_cluster_log_types=LOG_TYPES,
        endpoint_private_access=True,
        endpoint_public_access=bool(cidrs),
        public_access_cidrs=cidrs or None,
        authentication_mode=eks.AuthenticationMode.API,
        deletion_protection=protect,
        # Extended support costs six times as much; with STANDARD, AWS upgrades at the end of standard support.
        upgrade_policy={"support_type": "STANDARD"},
        # Nodes, their security group, add-ons and the OIDC provider are made beside it, see `cluster.py`.
        skip_default_node_group=True,
        create_instance_role=False,
        skip_default_security_groups=True,
        create_oidc_provider=False,
        use_default_vpc_cni=True,
        kube_proxy_addon_options={"enabled": False},
        coredns_addon_options={"enabled": False},
        opts=child_of(parent, opts, [logs, rights], protect=protect),
    )

"""An EKS cluster with its own key, logs, OIDC provider, add-ons and managed nodes, on `pulumi_eks.Cluster`.

pulumi-eks makes the control plane and the kubeconfig; everything that it would do less strictly (add-ons in
the wrong order, nodes with public addresses, a thumbprint fetched during preview) is switched off there and
made here.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from .. import defaults, naming
from ..validation import Fault, refuse
from ..versions import EKS_ADDONS
from .addons import AFTER_NODES, BEFORE_NODES, addons
from .checks import (
    account_faults,
    admin_faults,
    cluster_name_faults,
    log_retention_faults,
    public_cidr_faults,
    region_faults,
)
from .control_plane import control_plane
from .iam import to_json, volume_key_use
from .irsa_role import IrsaRole, IrsaRoleArgs
from .node_groups import DEFAULT_NODE_GROUPS, NodeGroupArgs, node_group_faults
from .nodes import node_groups
from .outputs import after
from .subnets import zone_faults


class EksClusterArgs(TypedDict):
    """What only the caller can decide about a cluster."""

    cluster_name: str
    """Physical name: letters, digits and hyphens, short enough that role names made of it fit into 64."""
    account_id: str
    """AWS account, twelve digits."""
    region: str
    """AWS region."""
    vpc_id: pulumi.Input[str]
    """VPC of the cluster."""
    private_subnet_ids: pulumi.Input[list[str]]
    """Subnets of nodes, one in each of `availability_zones` and in their order."""
    control_plane_subnet_ids: pulumi.Input[list[str]]
    """Subnets of the control plane's interfaces, in two zones or more."""
    availability_zones: list[str]
    """Two or three zones of the region."""
    log_kms_key_arn: pulumi.Input[str]
    """Key that encrypts the control plane's logs; its policy lets CloudWatch Logs use it."""
    kubernetes_version: NotRequired[str]
    """Minor version of Kubernetes, one of those that add-ons are pinned for. Default 1.35."""
    public_access_cidrs: NotRequired[list[str]]
    """Ranges, /16 or smaller, from which the endpoint is reached over the internet. Default none: the endpoint
    is private, and whoever runs Pulumi must be inside the VPC or connected to it."""
    admin_principal_arns: NotRequired[list[str]]
    """IAM principals that get cluster-admin through access entries, besides the cluster's creator. Default none."""
    node_groups: NotRequired[dict[str, NodeGroupArgs]]
    """Managed node groups by name, 1 to 13 lower-case letters, digits and hyphens. Default system, stateful (one
    per zone) and stateless (Spot), on Graviton."""
    control_plane_log_retention_days: NotRequired[int]
    """Days that the five control-plane logs are kept; one of CloudWatch Logs' periods. Default 90."""
    node_volume_kms_key_arn: NotRequired[pulumi.Input[str]]
    """Key that encrypts root volumes and the volumes of claims; its policy lets Auto Scaling use it.
    Default the account's EBS default key."""
    protect: NotRequired[bool]
    """Whether AWS and Pulumi refuse to delete the cluster and its key. Default True."""
    permissions_boundary_arn: NotRequired[str]
    """Policy that bounds every role made here, where the account demands one. Default none."""


def eks_cluster_faults(args: EksClusterArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = account_faults("account_id", args["account_id"]) + region_faults("region", args["region"])
    faults += cluster_name_faults("cluster_name", args["cluster_name"], args["region"])
    version = args.get("kubernetes_version", defaults.KUBERNETES_VERSION)
    if version not in EKS_ADDONS:
        faults.append(Fault("kubernetes_version", version, f"be one of {', '.join(EKS_ADDONS)}"))
    faults += zone_faults("availability_zones", args["availability_zones"], args["region"])
    faults += public_cidr_faults("public_access_cidrs", args.get("public_access_cidrs", []))
    faults += admin_faults("admin_principal_arns", args.get("admin_principal_arns", []))
    faults += node_group_faults("node_groups", args.get("node_groups", DEFAULT_NODE_GROUPS))
    return faults + log_retention_faults(
        "control_plane_log_retention_days",
        args.get("control_plane_log_retention_days", defaults.CONTROL_PLANE_LOG_RETENTION_DAYS),
    )


class EksCluster(pulumi.ComponentResource):
    """EKS cluster that a platform can be put on as soon as `ready` is."""

    cluster_name: pulumi.Output[str]
    """Physical name, once the control plane runs."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig as JSON; it holds no credentials but calls the AWS CLI for a token."""
    oidc_provider_arn: pulumi.Output[str]
    """ARN of the IAM OIDC provider, for roles of service accounts."""
    oidc_issuer: pulumi.Output[str]
    """Issuer of the service accounts' tokens, without `https://`."""
    security_group_id: pulumi.Output[str]
    """Security group that EKS makes for control plane, nodes and pods."""

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("EksCluster", name, eks_cluster_faults(args))
        super().__init__("eks-observability:index:EksCluster", name, dict(args), opts)
        version = args.get("kubernetes_version", defaults.KUBERNETES_VERSION)
        cluster = control_plane(name, args, version, self, opts)
        self.cluster_name = after(args["cluster_name"], [cluster])
        self.kubeconfig = cluster.kubeconfig_json
        self.oidc_issuer = cluster.oidc_issuer
        self.security_group_id = cluster.cluster_security_group_id
        provider = aws.iam.OpenIdConnectProvider(
            f"{name}-oidc",
            # No thumbprints: AWS trusts the certificate authorities of its own issuers.
            url=cluster.oidc_provider_url,
            client_id_lists=["sts.amazonaws.com"],
            tags={"Name": args["cluster_name"]},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.oidc_provider_arn = provider.arn
        self.ready: list[pulumi.Resource] = self._populate(name, args, version, cluster)
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "kubeconfig": self.kubeconfig,
                "oidc_provider_arn": self.oidc_provider_arn,
                "oidc_issuer": self.oidc_issuer,
                "security_group_id": self.security_group_id,
            }
        )

    def _populate(self, name: str, args: EksClusterArgs, version: str, cluster: eks.Cluster) -> list[pulumi.Resource]:
        """Access, add-ons and nodes, each after what it needs."""
        cni = self._addon_role(name, args, "vpc-cni", "aws-node", "AmazonEKS_CNI_Policy")
        ebs = self._addon_role(name, args, "ebs-csi", "ebs-csi-controller-sa", "AmazonEBSCSIDriverPolicyV2")
        rights: list[pulumi.Resource] = [ebs]
        if "node_volume_kms_key_arn" in args:
            key = pulumi.Output.from_input(args["node_volume_kms_key_arn"])
            rights.append(
                aws.iam.RolePolicy(
                    f"{name}-ebs-csi-key",
                    name="key",
                    role=ebs.role_name,
                    policy=key.apply(lambda arn: to_json(volume_key_use(arn))),
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )
        access = _access_entries(name, args, self.cluster_name, self)
        roles = {"vpc-cni": cni.role_arn, "aws-ebs-csi-driver": ebs.role_arn}
        first = addons(name, BEFORE_NODES, self.cluster_name, version, roles, {"vpc-cni": [cni]}, [], self)
        nodes = node_groups(name, args, self.cluster_name, version, cluster.cluster_security_group_id, first, self)
        last = addons(
            name, AFTER_NODES, self.cluster_name, version, roles, {"aws-ebs-csi-driver": rights}, nodes[:1], self
        )
        # The last wait for a group, and that for the first: naming these too would only multiply paths in the graph.
        return [*access, *last, *nodes[1:]]

    def _addon_role(self, name: str, args: EksClusterArgs, suffix: str, account: str, policy: str) -> IrsaRole:
        """The role of an add-on's service account."""
        role: IrsaRoleArgs = {
            "role_name": naming.role_name(args["cluster_name"], args["region"], suffix),
            "account_id": args["account_id"],
            "region": args["region"],
            "oidc_provider_arn": self.oidc_provider_arn,
            "oidc_issuer": self.oidc_issuer,
            "namespace": "kube-system",
            "service_accounts": [account],
            "managed_policy_arns": [naming.aws_managed_policy_arn(args["region"], policy)],
        }
        if "permissions_boundary_arn" in args:
            role["permissions_boundary_arn"] = args["permissions_boundary_arn"]
        return IrsaRole(f"{name}-{suffix}", role, pulumi.ResourceOptions(parent=self))


def _access_entries(
    name: str, args: EksClusterArgs, cluster_name: pulumi.Output[str], parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """Cluster-admin for the listed principals, through EKS' API and no ConfigMap."""
    child = pulumi.ResourceOptions(parent=parent)
    made: list[pulumi.Resource] = []
    partition = naming.partition(args["region"])
    for arn in args.get("admin_principal_arns", []):
        account, principal = arn.split(":", 5)[4:]
        foreign = "" if account == args["account_id"] else f"-{account}"
        suffix = f"admin-{principal.replace('/', '-')}{foreign}"
        entry = aws.eks.AccessEntry(f"{name}-{suffix}", cluster_name=cluster_name, principal_arn=arn, opts=child)
        admin = aws.eks.AccessPolicyAssociation(
            f"{name}-{suffix}-policy",
            cluster_name=cluster_name,
            principal_arn=arn,
            policy_arn=f"arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
            access_scope={"type": "cluster"},
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[entry]),
        )
        made += [entry, admin]
    return made

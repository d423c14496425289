"""Arguments of the whole platform, and of each of its parts as the platform composes them.

What one component decides for another (bucket names, keys, subnets of a network made here) is not here:
`platform.py` wires it.
"""

from typing import NotRequired, TypedDict

from .foundation.node_groups import NodeGroupArgs
from .metrics.sizing import PrometheusSizingArgs, ThanosSizingArgs
from .storage import RetentionArgs


class ExistingNetworkArgs(TypedDict):
    """A VPC that is there already."""

    vpc_id: str
    """Id of the VPC, `vpc-...`."""
    private_subnet_ids: list[str]
    """Subnets for nodes, in the order of `availability_zones`, one each; they need a way out (NAT or endpoints)."""
    control_plane_subnet_ids: NotRequired[list[str]]
    """Subnets for the control plane's interfaces, in at least two zones. Default: the private ones."""


class PlatformNetworkArgs(TypedDict):
    """The network under the cluster."""

    cidr_block: NotRequired[str]
    """IPv4 range of the VPC, /16 to /20. Default 10.64.0.0/16."""
    availability_zones: NotRequired[list[str]]
    """Zones to spread over, two or three. Default: a, b and c of the region."""
    single_nat_gateway: NotRequired[bool]
    """One NAT gateway instead of one in each zone: cheaper, and down with its zone. Default false."""
    interface_endpoints: NotRequired[list[str]]
    """AWS services reached without NAT. Default ecr.api, ecr.dkr, sts, ec2, kms and logs; an empty list means none."""
    flow_log_retention_days: NotRequired[int]
    """Days that VPC flow logs are kept; one of CloudWatch Logs' periods. Default 90."""
    existing: NotRequired[ExistingNetworkArgs]
    """Use this VPC and make none; the other keys but `availability_zones` can't be given then."""


class ExistingClusterArgs(TypedDict):
    """An EKS cluster that is there already."""

    name: str
    """Its name; also the `cluster` label on every metric."""
    oidc_issuer: str
    """Its OIDC issuer, with or without https://. The IAM OIDC provider of that issuer must exist."""
    kubeconfig: NotRequired[str]
    """Path or content of a kubeconfig for it. Default: the Kubernetes provider's own, `KUBECONFIG`."""


class PlatformClusterArgs(TypedDict):
    """The EKS cluster."""

    kubernetes_version: NotRequired[str]
    """Minor version of the control plane. Default 1.35; the choice is what `versions.EKS_ADDONS` pins add-ons for."""
    public_access_cidrs: NotRequired[list[str]]
    """Ranges that may reach the API server from the internet. Default none: private endpoint only."""
    admin_principal_arns: NotRequired[list[str]]
    """IAM roles that get cluster-admin through access entries, besides the principal that creates the cluster."""
    node_groups: NotRequired[dict[str, NodeGroupArgs]]
    """Managed node groups by name, instead of the default system, stateful and stateless ones."""
    control_plane_log_retention_days: NotRequired[int]
    """Days that the five control-plane logs are kept; one of CloudWatch Logs' periods. Default 90."""
    existing: NotRequired[ExistingClusterArgs]
    """Use this cluster and make none, nor a network; no other key can be given then."""


class ChartsArgs(TypedDict):
    """Where Helm charts come from."""

    source: NotRequired[str]
    """Empty: upstream repositories. Else an `oci://` prefix or a folder, both holding `<chart>-<version>`."""


class ProtectionArgs(TypedDict):
    """Guards around what can't be made again."""

    enabled: NotRequired[bool]
    """Protect and retain buckets, keys and the cluster, and deny deletion of objects. Default true."""
    deletion_principal_arns: NotRequired[list[str]]
    """IAM roles that may delete buckets and objects all the same, besides the backends. Default none."""
    force_destroy: NotRequired[bool]
    """Whether destroying the stack deletes buckets with everything in them; only without `enabled`. Default false."""


class PlatformMetricsArgs(TypedDict):
    """Prometheus, Thanos, Alertmanager and the exporters."""

    enabled: NotRequired[bool]
    """Install them. Switched off, the bucket and its data stay. Default true."""
    receive_enabled: NotRequired[bool]
    """Take metrics that other clusters write: Thanos receive, three replicas of everything. Default false."""
    prometheus: NotRequired[PrometheusSizingArgs]
    """Room for Prometheus and Alertmanager. Default: 500,000 series."""
    thanos: NotRequired[ThanosSizingArgs]
    """Room for Thanos and its caches."""


class PlatformArgs(TypedDict):
    """The whole platform."""

    name: str
    """Name from which every physical name is derived: 3 to 20 lower-case letters, digits and hyphens."""
    account_id: str
    """AWS account, twelve digits."""
    region: str
    """AWS region."""
    network: NotRequired[PlatformNetworkArgs]
    """The network under the cluster. Default: a VPC over three zones."""
    cluster: NotRequired[PlatformClusterArgs]
    """The EKS cluster. Default: a new one with a private endpoint."""
    retention: NotRequired[RetentionArgs]
    """How long each signal is kept."""
    metrics: NotRequired[PlatformMetricsArgs]
    """Prometheus, Thanos, Alertmanager and the exporters."""
    charts: NotRequired[ChartsArgs]
    """Where Helm charts come from."""
    protection: NotRequired[ProtectionArgs]
    """Guards around what can't be made again."""

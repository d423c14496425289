"""Arguments of the whole platform, and of each of its parts as the platform composes them.

What one component decides for another (bucket names, keys, subnets of a network made here) is not here:
`platform.py` wires it.
"""

from typing import NotRequired, TypedDict

from .foundation.node_groups import NodeGroupArgs
from .logs.logs_args import FluentBitSettingsArgs
from .logs.schema import SchemaPeriodArgs
from .logs.sizing import LokiSizingArgs
from .logs.tenants import LogsLimitsArgs, LogsTenantArgs
from .metrics.sizing import PrometheusSizingArgs, ThanosSizingArgs
from .profiles.limits import ProfilesLimitsArgs
from .profiles.sizing import ProfilesAgentSizingArgs, PyroscopeSizingArgs
from .storage import RetentionArgs
from .traces.sampling import TraceSamplingArgs
from .traces.sizing import TracesSizingArgs


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


class PlatformLogsArgs(TypedDict):
    """Loki and Fluent Bit."""

    enabled: NotRequired[bool]
    """Install them. Switched off, the bucket and its data stay. Default true."""
    topology: NotRequired[str]
    """`distributed`, over three zones, or `simple-scalable`, which Loki 4.0 removes. Default distributed."""
    schema_periods: NotRequired[list[SchemaPeriodArgs]]
    """Layouts of the data by first day, which never moves. Default v13 from 2024-04-01."""
    multi_tenancy: NotRequired[bool]
    """Keep tenants apart: every request must say whose it is (X-Scope-OrgID). Default false."""
    tenant: NotRequired[str]
    """The platform's own tenant. Default `fake`, what Loki calls the only one."""
    tenants: NotRequired[dict[str, LogsTenantArgs]]
    """Further tenants by name: their namespaces and limits. Default none."""
    limits: NotRequired[LogsLimitsArgs]
    """Limits of every tenant. Default: for 100 GB a day."""
    sizing: NotRequired[LokiSizingArgs]
    """Replicas and room of Loki. Default: 100 nodes."""
    fluent_bit: NotRequired[FluentBitSettingsArgs]
    """How lines are collected. Default: production's."""
    audit_logs: NotRequired[bool]
    """Carry EKS' audit log from CloudWatch to the audit bucket. Default false."""


class PlatformTracesArgs(TypedDict):
    """OpenTelemetry collectors and Tempo."""

    enabled: NotRequired[bool]
    """Install them. Switched off, the bucket and its data stay. Default true."""
    sampling: NotRequired[TraceSamplingArgs]
    """Which traces are kept. Default: all errors, those over two seconds and of payments, 10 % of the rest."""
    node_metrics_enabled: NotRequired[bool]
    """Let the agents read the node's and the kubelet's metrics too; needs metrics. Default false."""
    multi_tenancy: NotRequired[bool]
    """Keep tenants apart in Tempo, and refuse whoever names none. Default false."""
    tenant: NotRequired[str]
    """Tenant of everything that comes through this cluster's gateways; with `multi_tenancy` only."""
    sizing: NotRequired[TracesSizingArgs]
    """Replicas and room, and the expected spans a second. Default: the sizing guide's small cluster."""
    tempo_image_tag: NotRequired[str]
    """Another Tempo of the 2.10 line. Default the pinned one. Tempo 3 is refused: it needs Kafka."""


class PlatformProfilesArgs(TypedDict):
    """Pyroscope and its agent."""

    enabled: NotRequired[bool]
    """Install them. Switched off, the bucket and its data stay. Default true."""
    ebpf_enabled: NotRequired[bool]
    """Sample the CPU of every container. Default true."""
    sample_rate_hz: NotRequired[int]
    """Samples a second and CPU. 1 to 100; 40 and more may cost over 2 % of CPU. Default 19."""
    multi_tenancy: NotRequired[bool]
    """Tell tenants apart by the header X-Scope-OrgID, and refuse calls without it. Default false."""
    tenant: NotRequired[str]
    """Tenant of what the agent sends. Required with `multi_tenancy`, and only with it."""
    limits: NotRequired[ProfilesLimitsArgs]
    """What each tenant may send and ask. Default: 32 MB a second, ranges of a day."""
    tenant_limits: NotRequired[dict[str, ProfilesLimitsArgs]]
    """Other limits for some tenants, by tenant. Only with `multi_tenancy`. Default none."""
    pyroscope: NotRequired[PyroscopeSizingArgs]
    """Replicas and room of Pyroscope. Default: a cluster of 100 nodes."""
    agent: NotRequired[ProfilesAgentSizingArgs]
    """Room of the agent on each node. Default 100m CPU and 512Mi."""


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
    logs: NotRequired[PlatformLogsArgs]
    """Loki and Fluent Bit."""
    traces: NotRequired[PlatformTracesArgs]
    """OpenTelemetry collectors and Tempo."""
    profiles: NotRequired[PlatformProfilesArgs]
    """Pyroscope and its agent."""
    charts: NotRequired[ChartsArgs]
    """Where Helm charts come from."""
    protection: NotRequired[ProtectionArgs]
    """Guards around what can't be made again."""

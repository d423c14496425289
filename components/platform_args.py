"""Arguments of the whole platform, and of each of its parts as the platform composes them.

What one component decides for another (bucket names, keys, subnets of a network made here) is not here:
`platform.py` wires it.
"""

from typing import NotRequired, TypedDict

from .foundation.karpenter_values import KarpenterPoolArgs
from .foundation.node_groups import NodeGroupArgs
from .foundation.object_store import ObjectStoreArgs
from .grafana.auth_args import GrafanaAuthArgs
from .grafana.grafana_args import GrafanaSignalsArgs
from .grafana.ingress import GrafanaIngressArgs
from .grafana.managed_args import ManagedGrafanaSamlArgs
from .grafana.sizing import GrafanaSizingArgs
from .logs.logs_args import FluentBitSettingsArgs
from .logs.schema import SchemaPeriodArgs
from .logs.sizing import LokiSizingArgs
from .logs.tenants import LogsLimitsArgs, LogsTenantArgs
from .metrics.sizing import PrometheusSizingArgs, ThanosSizingArgs
from .profiles.limits import ProfilesLimitsArgs
from .profiles.sizing import ProfilesAgentSizingArgs, PyroscopeSizingArgs
from .security.entrance_args import EntranceClusterArgs, EntrancePrivateLinkArgs
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


class ExistingClusterNetworkArgs(TypedDict):
    """Where the nodes of a cluster are that is there already."""

    vpc_id: str
    """Id of the VPC, `vpc-...`."""
    private_subnet_ids: list[str]
    """Private subnets, for load balancers and a database; two zones or more."""
    security_group_id: str
    """Security group of nodes and pods: EKS' cluster security group, `sg-...`."""


class ExistingClusterArgs(TypedDict):
    """A cluster that is there already: EKS, or any other without AWS."""

    name: str
    """Its name; also the `cluster` label on every metric."""
    oidc_issuer: NotRequired[str]
    """Its OIDC issuer, with or without https://. The IAM OIDC provider of that issuer must exist. On AWS only, and
    required there."""
    kubeconfig: NotRequired[str]
    """Path or content of a kubeconfig for it. Default: the Kubernetes provider's own, `KUBECONFIG`."""
    storage_class_name: NotRequired[str]
    """Storage class of the volumes, which must be encrypted. Default: one made here, on gp3. Without AWS required."""
    network: NotRequired[ExistingClusterNetworkArgs]
    """Its network, which the entrance, a database, a managed Grafana and the load balancer controller need."""


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
    blackbox_replicas: NotRequired[int]
    """Pods of blackbox-exporter. Default 2."""


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


class PlatformSeaweedFsArgs(TypedDict):
    """The S3 that comes along where there is no AWS."""

    storage_gib: NotRequired[int]
    """GiB of its volume, for all signals together. 1 to 16384; default 20."""


class PlatformCertificatesArgs(TypedDict):
    """TLS between components."""

    enabled: NotRequired[bool]
    """Certificates for every component, and TLS between them. Default true."""
    existing_issuer: NotRequired[str]
    """ClusterIssuer of a cert-manager that is there. Default: cert-manager and a private authority are installed."""


class PlatformSecretsArgs(TypedDict):
    """External Secrets, which brings secrets from Secrets Manager and SSM into the cluster. On AWS only."""

    install: NotRequired[bool]
    """Install the operator and its stores. False where the stores `secrets-manager` and `parameter-store` are there
    already, and may read this platform's paths. Default true."""


class PlatformAutoscalerArgs(TypedDict):
    """Who adds nodes when pods find no room."""

    kind: str
    """`none`, `karpenter` or `cluster-autoscaler`. Default none: node groups keep their size."""
    pools: NotRequired[dict[str, KarpenterPoolArgs]]
    """Kinds of Karpenter's nodes by name, each with its limits. Default `stateless` on Spot, `stateful` on demand."""


class PlatformClusterServicesArgs(TypedDict):
    """What a cluster needs besides the platform itself, and often has already. On AWS, but for metrics_server."""

    load_balancer_controller: NotRequired[bool]
    """Install the AWS Load Balancer Controller, which Grafana's ingress and the entrance need; false where there is
    one. Default: true if either is on, else false."""
    metrics_server: NotRequired[bool]
    """Install metrics-server, without which nothing scales; a cluster made here has it as an add-on. Default false."""
    autoscaler: NotRequired[PlatformAutoscalerArgs]
    """Who adds nodes. Default nobody."""


class PlatformGrafanaDatabaseArgs(TypedDict):
    """PostgreSQL, with which Grafana runs in two replicas and more: made here on RDS, or there already."""

    existing_secret_name: NotRequired[str]
    """Use the database that this secret describes, and make none: a JSON secret in Secrets Manager with `host`,
    `dbname`, `username` and `password`, by its name below `/<name>/`; without AWS a Kubernetes Secret. No other key
    can be given then."""
    ca_config_map_name: NotRequired[str]
    """ConfigMap in namespace observability with `ca.crt`, the authority of the database's certificate, which is then
    verified. Default: TLS is required, and whoever answers is believed."""
    instance_class: NotRequired[str]
    """Instance class. Default db.t4g.medium."""
    storage_gib: NotRequired[int]
    """GiB at first. 20 to 1000; default 20."""
    max_storage_gib: NotRequired[int]
    """GiB up to which it grows by itself. Default 100."""
    multi_az: NotRequired[bool]
    """A standby in another zone. Default true."""
    backup_days: NotRequired[int]
    """Days back to any second of which it can be restored. 7 to 35; default 7."""


class PlatformManagedGrafanaArgs(TypedDict):
    """An Amazon Managed Grafana workspace over this platform's backends."""

    signals: GrafanaSignalsArgs
    """The backends, by addresses that the workspace reaches: internal load balancers', not the cluster's Services'."""
    backend_cidr_blocks: list[str]
    """Networks of those load balancers; the workspace may call nobody else through the VPC."""
    admin_group_ids: NotRequired[list[str]]
    """Groups of IAM Identity Center whose members are administrators. Without `saml` at least one."""
    editor_group_ids: NotRequired[list[str]]
    """The same for editors. Default nobody."""
    viewer_group_ids: NotRequired[list[str]]
    """The same for viewers. Default nobody."""
    saml: NotRequired[ManagedGrafanaSamlArgs]
    """SAML instead of IAM Identity Center. Default none."""
    vpc_endpoint_ids: NotRequired[list[str]]
    """Interface endpoints through which alone browsers may come. Default: from anywhere, with a sign-in."""
    ca_config_map_name: NotRequired[str]
    """ConfigMap in namespace observability with `ca.crt`, the authority of the backends' certificates. Default public
    ones."""
    token_period: NotRequired[str]
    """Any text; a new one makes a new token, which AWS lets live for 30 days. Default `first`."""


class PlatformGrafanaArgs(TypedDict):
    """Grafana, in the cluster or AWS' own."""

    enabled: NotRequired[bool]
    """Install it. Default true."""
    kind: NotRequired[str]
    """`self-hosted`, or `managed` for Amazon Managed Grafana. Default self-hosted."""
    sizing: NotRequired[GrafanaSizingArgs]
    """Replicas and room. Default: two pods with a database, one without."""
    database: NotRequired[PlatformGrafanaDatabaseArgs]
    """PostgreSQL. Default none: one pod with a volume."""
    auth: NotRequired[GrafanaAuthArgs]
    """How people sign in. Default: the administrator alone."""
    ingress: NotRequired[GrafanaIngressArgs]
    """An internal load balancer with TLS. Default none: `kubectl port-forward`."""
    root_url: NotRequired[str]
    """Address in browsers, if something other than `ingress` leads here."""
    enterprise: NotRequired[bool]
    """Run Grafana Enterprise, which SAML needs. Default false."""
    license_secret_name: NotRequired[str]
    """Secret with its license, by its name below `/<name>/`."""
    managed: NotRequired[PlatformManagedGrafanaArgs]
    """The workspace; needed with `kind` managed, and only with it."""


class PlatformEntranceArgs(TypedDict):
    """Where other clusters send what they collect."""

    clusters: dict[str, EntranceClusterArgs]
    """Those clusters by name, each with its tenant."""
    allowed_cidr_blocks: list[str]
    """Networks from which they come."""
    domain: NotRequired[str]
    """Domain below which each has a host name of its own. Default `<name>.internal`."""
    private_link: NotRequired[EntrancePrivateLinkArgs]
    """Let other VPCs come in through AWS PrivateLink. Default: peering or a transit gateway."""


class PlatformArgs(TypedDict):
    """The whole platform."""

    name: str
    """Name from which every physical name is derived: 3 to 20 lower-case letters, digits and hyphens."""
    cloud: NotRequired[str]
    """`aws`, or `none`: on any Kubernetes, with an S3 in the cluster and no IAM. Default aws."""
    account_id: NotRequired[str]
    """AWS account, twelve digits. On AWS only, and required there."""
    region: NotRequired[str]
    """AWS region. On AWS only, and required there."""
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
    grafana: NotRequired[PlatformGrafanaArgs]
    """Grafana, its database, sign-on and address."""
    certificates: NotRequired[PlatformCertificatesArgs]
    """TLS between components. Default: on, signed by a private authority in the cluster."""
    secrets: NotRequired[PlatformSecretsArgs]
    """External Secrets."""
    cluster_services: NotRequired[PlatformClusterServicesArgs]
    """Load balancer controller, metrics-server, autoscaler."""
    entrance: NotRequired[PlatformEntranceArgs]
    """Where other clusters send what they collect. Default: nowhere."""
    object_store: NotRequired[ObjectStoreArgs]
    """An S3 without AWS. Only with `cloud` none. Default: SeaweedFS, installed here."""
    seaweedfs: NotRequired[PlatformSeaweedFsArgs]
    """That SeaweedFS."""
    charts: NotRequired[ChartsArgs]
    """Where Helm charts come from."""
    protection: NotRequired[ProtectionArgs]
    """Guards around what can't be made again."""

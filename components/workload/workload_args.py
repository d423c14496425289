"""Arguments of a workload cluster."""

from typing import NotRequired, TypedDict

import pulumi

from ..logs.logs_args import FluentBitSettingsArgs
from ..metrics.prometheus_agent_args import PrometheusAgentSizingArgs
from ..platform_args import PlatformCertificatesArgs, PlatformClusterArgs, PlatformNetworkArgs, PlatformSecretsArgs
from ..profiles.sizing import ProfilesAgentSizingArgs
from ..traces.sampling import TraceSamplingArgs
from ..traces.traces_agent_args import TracesAgentSizingArgs


class WorkloadCentreArgs(TypedDict):
    """Where the centre is, as its platform's outputs tell."""

    platform_name: str
    """Name of the centre's platform: authorities are exchanged below `/<platform_name>/clusters/`."""
    domain: NotRequired[str]
    """Domain of its entrance. Default `<platform_name>.internal`."""
    address: NotRequired[pulumi.Input[str]]
    """DNS name of the entrance's load balancer, for VPCs that are peered. This or `endpoint_service_name`."""
    address_zone_id: NotRequired[pulumi.Input[str]]
    """Hosted zone of that name; given together with it."""
    endpoint_service_name: NotRequired[pulumi.Input[str]]
    """Endpoint service of the entrance, for VPCs that no route leads from: PrivateLink."""


class WorkloadClusterMetricsArgs(TypedDict):
    """Prometheus in agent mode, and the exporters."""

    enabled: NotRequired[bool]
    """Install them. Default true."""
    sizing: NotRequired[PrometheusAgentSizingArgs]
    """Replicas and room. Default: 500,000 series."""


class WorkloadClusterLogsArgs(TypedDict):
    """Fluent Bit."""

    enabled: NotRequired[bool]
    """Install it. Default true."""
    fluent_bit: NotRequired[FluentBitSettingsArgs]
    """How lines are collected. Default: production's."""


class WorkloadClusterTracesArgs(TypedDict):
    """OpenTelemetry agents and forwarders."""

    enabled: NotRequired[bool]
    """Install them. Default true."""
    metrics_enabled: NotRequired[bool]
    """Take the applications' OTLP metrics too. Default false."""
    sampling: NotRequired[TraceSamplingArgs]
    """`expected_spans_per_second`, from which room is computed; sampling is the centre's. Default 10,000."""
    sizing: NotRequired[TracesAgentSizingArgs]
    """Replicas and room. Default: two forwarders with room for an hour."""


class WorkloadClusterProfilesArgs(TypedDict):
    """The profiling agent."""

    enabled: NotRequired[bool]
    """Install it. Default true."""
    ebpf_enabled: NotRequired[bool]
    """Sample the CPU of every container. Default true."""
    sample_rate_hz: NotRequired[int]
    """Samples a second and CPU. 1 to 100; default 19."""
    buffer_mib: NotRequired[int]
    """MiB on each node's disk for what the centre hasn't taken yet. 64 to 65536, default 1024."""
    sizing: NotRequired[ProfilesAgentSizingArgs]
    """Room on each node. Default 100m CPU and 512Mi."""


class WorkloadClusterArgs(TypedDict):
    """A cluster that collects, and the centre that it sends to."""

    cluster_name: str
    """Name, unique among the clusters of the centre and the one under which the centre's entrance knows it: 3 to 20
    lower-case letters, digits and hyphens. The `cluster` label on everything; a cluster made here is called so too."""
    tenant: str
    """Tenant that the centre gave it, a DNS label."""
    account_id: str
    """AWS account, twelve digits; the centre's too."""
    region: str
    """AWS region; the centre's too."""
    centre: WorkloadCentreArgs
    """Where the centre is."""
    cluster: NotRequired[PlatformClusterArgs]
    """The EKS cluster; an existing one needs its `network`. Default: a new one with a private endpoint."""
    network: NotRequired[PlatformNetworkArgs]
    """The network under a new cluster; its range must differ from the centre's. Default: a VPC over three zones."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Key of volumes, log groups and secrets. Default: one is made."""
    external_labels: NotRequired[dict[str, str]]
    """More labels on metrics, logs and profiles, and attributes of spans. Default none."""
    metrics: NotRequired[WorkloadClusterMetricsArgs]
    """Metrics. Default on."""
    logs: NotRequired[WorkloadClusterLogsArgs]
    """Logs and Kubernetes' events. Default on."""
    traces: NotRequired[WorkloadClusterTracesArgs]
    """Traces. Default on."""
    profiles: NotRequired[WorkloadClusterProfilesArgs]
    """Profiles. Default on."""
    certificates: NotRequired[PlatformCertificatesArgs]
    """`existing_issuer` where there is a cert-manager with an authority of this cluster alone. They can't be switched
    off. Default: cert-manager and an authority are installed."""
    secrets: NotRequired[PlatformSecretsArgs]
    """`install` false where External Secrets is there, with a store `parameter-store` that may read the centre's
    parameter and write this cluster's. Default: it is installed."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""
    protect: NotRequired[bool]
    """Whether a key and a cluster made here refuse to be deleted, and volumes outlive their claims. Default true."""

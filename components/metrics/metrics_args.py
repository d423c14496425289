"""Arguments of the whole metrics room, and what is wrong with them."""

from typing import NotRequired, TypedDict

import pulumi

from ..foundation.object_store import ObjectStoreArgs, aws_only_faults, object_store_faults
from ..storage import MetricsRetentionArgs
from ..validation import Fault
from .retention import metrics_retention_faults
from .sizing import (
    PrometheusSizingArgs,
    ThanosSizingArgs,
    blackbox_replicas_faults,
    prometheus_sizing_faults,
    thanos_sizing_faults,
)
from .store_faults import certificate_issuer_faults


class MetricsArgs(TypedDict):
    """What only the caller can decide, and what most leave alone."""

    platform_name: str
    """Name of the platform, from which bucket and roles are named."""
    cluster_name: str
    """External label `cluster` on every series; unique among the clusters that share the bucket."""
    account_id: NotRequired[str]
    """AWS account, twelve digits. Required without `object_store`."""
    region: str
    """AWS region; of another S3, the one that it signs requests for."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the key that encrypts the bucket. Required without `object_store`."""
    object_store: NotRequired[ObjectStoreArgs]
    """Another S3 than AWS', with keys. Then the bucket must exist there, and no role is made. Default: AWS'."""
    certificate_issuer: NotRequired[str]
    """Name of the ClusterIssuer that signs for the room, which speaks TLS then. Default: plain."""
    bucket_name: NotRequired[str]
    """A bucket that the caller has made. Its policy must let the roles `prometheus` and `thanos` of this platform
    delete objects, and it must keep them longer than `retention`. Default: one made here; with `object_store`
    `<platform_name>-metrics`."""
    oidc_provider_arn: NotRequired[pulumi.Input[str]]
    """ARN of the cluster's IAM OIDC provider. Required without `object_store`."""
    oidc_issuer: NotRequired[pulumi.Input[str]]
    """The cluster's OIDC issuer, without `https://`. Required without `object_store`."""
    namespace: NotRequired[str]
    """Namespace for all but node-exporter; it may have Pod Security `restricted`. Default observability."""
    agents_namespace: NotRequired[str]
    """Namespace of node-exporter; it must have Pod Security `privileged`. Default observability-agents."""
    storage_class_name: NotRequired[str]
    """Storage class of the volumes. Default gp3."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""
    retention: NotRequired[MetricsRetentionArgs]
    """Days that raw, 5-minute and 1-hour data are kept. Default 30, 90 and 365."""
    prometheus: NotRequired[PrometheusSizingArgs]
    """Replicas and room of Prometheus and Alertmanager. Default: 500,000 series."""
    thanos: NotRequired[ThanosSizingArgs]
    """Replicas and room of Thanos and its caches. Default: the same cluster."""
    blackbox_replicas: NotRequired[int]
    """Blackbox exporters; any one answers a probe. 1 to 10; default 2."""
    remote_write_receiver: NotRequired[bool]
    """Let pods of this cluster push samples into Prometheus itself, as the traces' gateways do. Default false."""
    install_crds: NotRequired[bool]
    """Install the Prometheus operator's custom resource definitions. Default true; false where they are there."""
    receive_enabled: NotRequired[bool]
    """Accept remote write from other clusters. Default false."""
    protect: NotRequired[bool]
    """Keep the bucket made here when the stack is destroyed, and let nobody but Thanos delete from it. Default true."""
    deletion_principal_arns: NotRequired[list[str]]
    """IAM principals that may delete from the bucket made here all the same. Default none."""
    permissions_boundary_arn: NotRequired[str]
    """Permissions boundary of the roles. Default none."""


def metrics_faults(args: MetricsArgs) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cloud."""
    return [
        *aws_only_faults(args),
        *object_store_faults("object_store", args.get("object_store")),
        *certificate_issuer_faults(args),
        *metrics_retention_faults(args.get("retention")),
        *prometheus_sizing_faults(args.get("prometheus")),
        *thanos_sizing_faults(args.get("thanos")),
        *blackbox_replicas_faults("blackbox_replicas", args.get("blackbox_replicas", 2)),
    ]

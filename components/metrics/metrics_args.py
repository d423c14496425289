"""Arguments of the whole metrics room, and what is wrong with them."""

from typing import NotRequired, TypedDict

import pulumi

from ..storage import MetricsRetentionArgs
from ..validation import Fault
from .retention import metrics_retention_faults
from .sizing import PrometheusSizingArgs, ThanosSizingArgs, prometheus_sizing_faults, thanos_sizing_faults


class MetricsArgs(TypedDict):
    """What only the caller can decide, and what most leave alone."""

    platform_name: str
    """Name of the platform, from which bucket and roles are named."""
    cluster_name: str
    """External label `cluster` on every series; unique among the clusters that share the bucket."""
    account_id: str
    """AWS account, twelve digits."""
    region: str
    """AWS region."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key that encrypts the bucket."""
    bucket_name: NotRequired[str]
    """A bucket that the caller has made. Its policy must let the roles `prometheus` and `thanos` of this platform
    delete objects, and it must keep them longer than `retention`. Default: one made here."""
    oidc_provider_arn: pulumi.Input[str]
    """ARN of the cluster's IAM OIDC provider."""
    oidc_issuer: pulumi.Input[str]
    """The cluster's OIDC issuer, without `https://`."""
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
        *metrics_retention_faults(args.get("retention")),
        *prometheus_sizing_faults(args.get("prometheus")),
        *thanos_sizing_faults(args.get("thanos")),
    ]

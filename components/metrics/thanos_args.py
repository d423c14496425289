"""Arguments of Thanos, and what is wrong with them."""

from typing import NotRequired, TypedDict

import pulumi

from ..foundation.object_store import ObjectStoreArgs
from ..storage import MetricsRetentionArgs
from ..validation import Fault
from .retention import metrics_retention_faults
from .sizing import ThanosSizingArgs, thanos_sizing_faults
from .store_faults import bucket_access_faults, certificate_issuer_faults


class ThanosArgs(TypedDict):
    """What Thanos needs to know."""

    cluster_name: str
    """Label `cluster` on what the ruler records and alerts, as on Prometheus' own series."""
    object_store_config: str
    """Thanos' object store configuration, whose Secret the pods mount; here for its checksum."""
    role_arn: NotRequired[pulumi.Input[str]]
    """ARN of the role through which store gateway, compactor, ruler and receive use the bucket. Required without
    `object_store`."""
    object_store: NotRequired[ObjectStoreArgs]
    """Another S3 than AWS', and the Secret with the keys to it. Default: AWS', through the role."""
    certificate_issuer: NotRequired[str]
    """Name of the ClusterIssuer that signs for Thanos, and has signed for Prometheus and Alertmanager. gRPC, and the
    port for remote write, speak TLS then. Default: plain."""
    retention: NotRequired[MetricsRetentionArgs]
    """Days that raw, 5-minute and 1-hour data are kept. Default 30, 90 and 365."""
    namespace: NotRequired[str]
    """Namespace; that of Prometheus too. Default observability."""
    storage_class_name: NotRequired[str]
    """Storage class of the volumes. Default gp3."""
    sizing: NotRequired[ThanosSizingArgs]
    """Replicas and room. Default: a cluster of 500,000 series."""
    receive_enabled: NotRequired[bool]
    """Accept remote write from other clusters, each sample kept by three replicas. Default false."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


def thanos_faults(args: ThanosArgs) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cloud."""
    return [
        *bucket_access_faults(args),
        *certificate_issuer_faults(args),
        *thanos_sizing_faults(args.get("sizing"), "sizing"),
        *metrics_retention_faults(args.get("retention")),
    ]

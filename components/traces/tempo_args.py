"""Arguments of Tempo."""

from typing import NotRequired, TypedDict

import pulumi

from ..foundation.object_store import ObjectStoreArgs
from .sampling import TraceSamplingArgs
from .sizing import TracesSizingArgs


class TempoArgs(TypedDict):
    """What Tempo needs to know."""

    bucket_name: str
    """Physical name of the bucket of blocks."""
    region: str
    """Region of the bucket."""
    role_arn: NotRequired[pulumi.Input[str]]
    """ARN of the role through which Tempo uses the bucket. Required on AWS; default none, with `object_store`."""
    object_store: NotRequired[ObjectStoreArgs]
    """Another S3, with keys. Default AWS'."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer of a certificate for Tempo's HTTP, OTLP and gRPC. Default none: plain."""
    namespace: NotRequired[str]
    """Namespace; Pod Security `restricted` suffices. Default observability."""
    storage_class_name: NotRequired[str]
    """Storage class of the ingesters' volumes. Default gp3."""
    retention_days: NotRequired[int]
    """Days that a trace is kept. Default 14."""
    multi_tenancy: NotRequired[bool]
    """Keep tenants apart, and refuse whoever names none. Default false."""
    sampling: NotRequired[TraceSamplingArgs]
    """For the limits: they allow that every expected span is kept, as in an hour in which all fails. Default:
    10,000 spans a second."""
    sizing: NotRequired[TracesSizingArgs]
    """Replicas and room. Default: the sizing guide's small cluster."""
    image_tag: NotRequired[str]
    """Another Tempo of the 2.10 line. Default the pinned one; 3 and later are refused, they need Kafka."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""

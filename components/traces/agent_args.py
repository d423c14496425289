"""Arguments of the agents."""

from typing import NotRequired, TypedDict

from .sampling import TraceSamplingArgs
from .sizing import TracesSizingArgs


class OpenTelemetryAgentArgs(TypedDict):
    """What the agents need to know."""

    cluster_name: str
    """`k8s.cluster.name` on every span and metric."""
    namespace: NotRequired[str]
    """Namespace of the agents; Pod Security `privileged` if they read the node's metrics, else `restricted` is
    enough. Default observability-agents."""
    gateway_namespace: NotRequired[str]
    """Namespace of the gateways. Default observability."""
    gateway_service: NotRequired[str]
    """Headless Service of the collectors that agents send to. Default otel-gateway."""
    sampling: NotRequired[TraceSamplingArgs]
    """Which traces are kept. Default: 10 %, and by the gateways all errors, slow traces and payments."""
    metrics_enabled: NotRequired[bool]
    """Take the applications' OTLP metrics too; the gateways must have somewhere to write them. Default true."""
    node_metrics_enabled: NotRequired[bool]
    """Read the node's and the kubelet's metrics as well, which node-exporter and Prometheus have already.
    Default false."""
    resource_attributes: NotRequired[dict[str, str]]
    """More attributes for every span and metric, such as `deployment.environment.name`. Default none."""
    other_clusters: NotRequired[bool]
    """Take what the entrance passes on from other clusters, on port 4319. Default false."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer of a certificate for mutual TLS to the gateways. Default none: plain."""
    sizing: NotRequired[TracesSizingArgs]
    """Room. Default 100m of CPU and 384Mi."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""

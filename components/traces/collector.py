"""What agents and gateways have in common: image, limits, receivers, their own metrics.

Their configuration is given whole (`alternateConfig`): the chart merges everything else with defaults of its own,
Jaeger and Zipkin receivers among them.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

from ..versions import OTEL_COLLECTOR_VERSION
from .names import COLLECTOR_METRICS_PORT, OTHER_CLUSTERS_PORT, OTLP_GRPC_PORT, OTLP_HTTP_PORT
from .sizing import LIMIT_PERCENTAGE, SPIKE_PERCENTAGE

IMAGE = "docker.io/otel/opentelemetry-collector-contrib"
USER = 10001
"""The user of the collector's image."""
MAX_MESSAGE_MIB = 16
"""Largest request taken, by collectors and by Tempo: gRPC's own 4 MiB is less than a batch of large spans."""

_POD = "${env:MY_POD_IP}"
"""Listening on the pod's own address is all that is needed (the chart sets the variable)."""


def otlp_receiver(tls: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """OTLP over gRPC and HTTP, and nothing else. With TLS over gRPC alone, which is what our own collectors use."""
    grpc: dict[str, Any] = {"endpoint": f"{_POD}:{OTLP_GRPC_PORT}", "max_recv_msg_size_mib": MAX_MESSAGE_MIB}
    if tls:
        return {"protocols": {"grpc": {**grpc, "tls": dict(tls)}}}
    return {"protocols": {"grpc": grpc, "http": {"endpoint": f"{_POD}:{OTLP_HTTP_PORT}"}}}


def other_clusters_receiver() -> dict[str, Any]:
    """OTLP from the entrance, with the headers by which it names the tenant."""
    return {"protocols": {"http": {"endpoint": f"{_POD}:{OTHER_CLUSTERS_PORT}", "include_metadata": True}}}


def memory_limiter() -> dict[str, Any]:
    """First in every pipeline: refuses data, so that senders keep it, before the kernel kills the collector."""
    return {"check_interval": "1s", "limit_percentage": LIMIT_PERCENTAGE, "spike_limit_percentage": SPIKE_PERCENTAGE}


def retry(seconds: int) -> dict[str, Any]:
    """Try again for so long; 0 is for ever."""
    return {"enabled": True, "initial_interval": "1s", "max_interval": "30s", "max_elapsed_time": f"{seconds}s"}


def disk_queue(gib: float, batch: Mapping[str, Any]) -> dict[str, Any]:
    """A `sending_queue` on the volume of `file_storage`, for so much; `batch` in bytes."""
    return {
        "enabled": True,
        "storage": "file_storage",
        "sizer": "bytes",
        "queue_size": ceil(gib * 2**30),
        "num_consumers": 10,
        "batch": {"sizer": "bytes", **batch},
    }


def service(extensions: list[str], pipelines: Mapping[str, Any]) -> dict[str, Any]:
    """The `service` part of a configuration, with the collector's own metrics and nothing told to anybody else."""
    # With their suffixes: else a counter's name depends on the format in which it is asked for.
    suffixes = {"without_type_suffix": False, "without_units": False, "without_scope_info": True}
    exporter = {"prometheus": {"host": _POD, "port": COLLECTOR_METRICS_PORT, **suffixes}}
    reader = {"pull": {"exporter": exporter}}
    return {
        "extensions": ["health_check", *extensions],
        "telemetry": {"metrics": {"readers": [reader]}, "logs": {"level": "info", "encoding": "json"}},
        "pipelines": dict(pipelines),
    }


def health_check() -> dict[str, Any]:
    """What the chart's probes ask."""
    return {"endpoint": f"{_POD}:13133"}


def collector_values(
    name: str, mode: str, config: dict[str, Any], resources: dict[str, Any], *, http: bool = True
) -> dict[str, Any]:
    """Values of the chart that agents and gateways share; without `http` nobody listens for OTLP over HTTP."""
    unused = ("jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin")
    return {
        "mode": mode,
        "fullnameOverride": name,
        "image": {"repository": IMAGE, "tag": OTEL_COLLECTOR_VERSION},
        "alternateConfig": config,
        "serviceAccount": {"create": True, "name": name},
        # No port of the node's: 0 says none, a null wouldn't travel to Helm.
        "ports": {
            "otlp": {"enabled": True, "hostPort": 0},
            "otlp-http": {"enabled": http, "hostPort": 0},
            "metrics": {"enabled": True},
            **{port: {"enabled": False} for port in unused},
        },
        "useGOMEMLIMIT": True,
        "resources": resources,
        "serviceMonitor": {"enabled": True},
    }


def pod_labels(release: str) -> dict[str, str]:
    """Labels that select the pods of a release of this chart."""
    return {"app.kubernetes.io/name": "opentelemetry-collector", "app.kubernetes.io/instance": release}

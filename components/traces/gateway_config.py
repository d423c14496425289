"""The gateways' own configuration: metrics of every span first, then the choice of traces, then Tempo.

Span metrics come from the collector's connectors and not from Tempo's metrics generator, which stands behind the
sampling: there every error and a tenth of all else arrive, and a service with 1 % of errors would show 9 %.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

from ..metrics.names import host
from . import names
from .collector import MAX_MESSAGE_MIB, health_check, memory_limiter, otlp_receiver, retry, service
from .sampling import Sampling, sampler_size, tail_sampling

FLUSH = "15s"
"""Prometheus' scrape interval: span metrics are as fine as all others, and no finer."""
SERIES_EXPIRATION = "15m"
"""A span that nobody sends any more is forgotten, as Prometheus forgets a target that is gone."""
LATENCY_BUCKETS = ("5ms", "10ms", "25ms", "50ms", "100ms", "250ms", "500ms", "1s", "2s", "5s", "10s")
"""Eleven, the threshold of slow traces among them: each is a series for every combination of labels."""
MOST_COMBINATIONS = 5000
"""Of service, span name, kind and status in a gateway; the rest is counted together (`otel_metric_overflow`). At
15 series each, three gateways make 225,000 at most. Span names with ids in them must not fill Prometheus."""
EDGE_SECONDS = 10
"""How long the two ends of a call wait for each other: both SDKs and agents may hold them for 6 s."""
MESSAGE_MIB = 4
"""Largest request to Tempo before it is split: below what Tempo takes, above what batches usually are."""


def gateway_config(
    chosen: Sampling,
    gateways: int,
    queue_gib: float,
    queue_folder: str,
    namespace: str,
    remote_write_urls: Sequence[str],
    tenant: str = "",
) -> dict[str, Any]:
    """The collector's configuration."""
    writers = {f"prometheus_remote_write/{index}": _writer(url) for index, url in enumerate(remote_write_urls)}
    connectors: dict[str, Any] = {"forward": {}}
    if writers:
        connectors |= {"span_metrics": _span_metrics(), "service_graph": _service_graph(chosen, gateways)}
    sampler = {"tail_sampling": tail_sampling(chosen, gateways)} if chosen.tail else {}
    storage = {"directory": queue_folder, "compaction": {"on_rebound": True, "directory": queue_folder}}
    return {
        "extensions": {"health_check": health_check(), "file_storage": storage},
        "receivers": {"otlp": otlp_receiver()},
        "processors": {
            "memory_limiter": memory_limiter(),
            **sampler,
            "batch": {"send_batch_size": 1000, "send_batch_max_size": 2000, "timeout": "1s"},
            **(_metric_processors() if writers else {}),
        },
        "connectors": connectors,
        "exporters": {"otlp_grpc/tempo": _tempo(namespace, queue_gib, tenant), **writers},
        "service": service(["file_storage"], _pipelines(list(sampler), list(connectors), list(writers))),
    }


def _pipelines(sampler: list[str], connectors: list[str], writers: list[str]) -> dict[str, Any]:
    """Connectors hang in front of the sampler: `forward` leads past them to the choice."""
    pipelines: dict[str, Any] = {
        "traces/all": {"receivers": ["otlp"], "processors": ["memory_limiter"], "exporters": connectors},
        "traces/kept": {
            "receivers": ["forward"],
            "processors": [*sampler, "batch"],
            "exporters": ["otlp_grpc/tempo"],
        },
    }
    if writers:
        pipelines["metrics/spans"] = {
            "receivers": ["span_metrics", "service_graph"],
            "processors": ["resource/gateway", "transform/names", "batch"],
            "exporters": writers,
        }
        pipelines["metrics/applications"] = {
            "receivers": ["otlp"],
            "processors": ["memory_limiter", "batch"],
            "exporters": writers,
        }
    return pipelines


def _span_metrics() -> dict[str, Any]:
    return {
        "namespace": "traces.spanmetrics",
        "dimensions": [{"name": "k8s.namespace.name"}],
        # A new random id at each start: `instance`, below, tells gateways apart with names that stay.
        "exclude_dimensions": ["collector.instance.id"],
        "resource_metrics_key_attributes": ["service.name", "k8s.namespace.name"],
        "histogram": {"unit": "s", "explicit": {"buckets": list(LATENCY_BUCKETS)}},
        "exemplars": {"enabled": True, "max_per_data_point": 5},
        "metrics_flush_interval": FLUSH,
        "metrics_expiration": SERIES_EXPIRATION,
        "series_expiration": SERIES_EXPIRATION,
        "aggregation_cardinality_limit": MOST_COMBINATIONS,
    }


def _service_graph(chosen: Sampling, gateways: int) -> dict[str, Any]:
    """Pairs the two ends of a call, so it must see both: another reason to route by trace id."""
    waiting = sampler_size(chosen, gateways).new_traces_per_second * chosen.spans_per_trace * EDGE_SECONDS
    return {
        "latency_histogram_buckets": list(LATENCY_BUCKETS),
        "store": {"ttl": f"{EDGE_SECONDS}s", "max_items": waiting},
        "metrics_flush_interval": FLUSH,
    }


def _metric_processors() -> dict[str, Any]:
    """Names that Grafana's views of Tempo ask for, and one writer for each series.

    Each gateway counts its own traces, so each writes under its own `instance`; queries sum over them.
    """
    who = {"service.name": names.GATEWAY, "service.instance.id": "${env:OTEL_K8S_POD_NAME}"}
    rename = [
        'set(metric.unit, "") where metric.name == "traces.spanmetrics.duration"',
        'set(metric.name, "traces.spanmetrics.latency") where metric.name == "traces.spanmetrics.duration"',
    ]
    return {
        "resource/gateway": {
            "attributes": [{"key": key, "value": value, "action": "upsert"} for key, value in who.items()]
        },
        "transform/names": {"metric_statements": rename},
    }


def _writer(url: str) -> dict[str, Any]:
    """One queue for each replica of Prometheus, in memory and in order: Prometheus takes no older samples."""
    return {
        "endpoint": url,
        "timeout": "10s",
        "remote_write_queue": {"enabled": True, "queue_size": 1000, "num_consumers": 1},
        "max_batch_request_parallelism": 1,
        "retry_on_failure": retry(300),
        "resource_to_telemetry_conversion": {"enabled": False},
    }


def _tempo(namespace: str, queue_gib: float, tenant: str) -> dict[str, Any]:
    """To all distributors in turn; what they don't take waits on disk for as long as there is room."""
    discovery = host(f"{names.TEMPO}-distributor-discovery", namespace)
    exporter: dict[str, Any] = {
        "endpoint": f"dns:///{discovery}:{names.OTLP_GRPC_PORT}",
        "balancer_name": "round_robin",
        "tls": {"insecure": True},
        "timeout": "10s",
        "retry_on_failure": retry(0),
        "sending_queue": {
            "enabled": True,
            "storage": "file_storage",
            "sizer": "bytes",
            "queue_size": ceil(queue_gib * 2**30),
            "num_consumers": 10,
            "batch": {
                "sizer": "bytes",
                "min_size": 0,
                "max_size": min(MESSAGE_MIB, MAX_MESSAGE_MIB) * 2**20,
                "flush_timeout": "200ms",
            },
        },
    }
    if tenant:
        exporter["headers"] = {"X-Scope-OrgID": tenant}
    return exporter

"""The gateways' own configuration: metrics of every span first, then the choice of traces, then Tempo.

Span metrics come from the collector's connectors and not from Tempo's metrics generator, which stands behind the
sampling: there every error and a tenth of all else arrive, and a service with 1 % of errors would show 9 %.
"""

from collections.abc import Sequence
from typing import Any

from ..metrics.names import host
from ..security.certificate import CA_FILE
from . import names
from .collector import MAX_MESSAGE_MIB, disk_queue, health_check, memory_limiter, otlp_receiver, retry, service
from .sampling import Sampling, sampler_size, tail_sampling
from .tls import RELOAD, otlp_client, otlp_server

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
    *,
    tenants: Sequence[str] = (),
    other_clusters: bool = False,
    encrypted: bool = False,
) -> dict[str, Any]:
    """The collector's configuration."""
    tenants = sorted({*tenants} - {tenant})
    writers = {f"prometheus_remote_write/{i}": _writer(url, encrypted) for i, url in enumerate(remote_write_urls)}
    stored = {"otlp_grpc/tempo": tenant} | {f"otlp_grpc/tempo-{other}": other for other in tenants}
    room = queue_gib / len(stored)
    counting = (
        {"span_metrics": _span_metrics(other_clusters), "service_graph": _service_graph(chosen, gateways)}
        if writers
        else {}
    )
    sampler = {"tail_sampling": tail_sampling(chosen, gateways)} if chosen.tail else {}
    return {
        "extensions": {"health_check": health_check(), "file_storage": file_storage(queue_folder)},
        "receivers": {"otlp": otlp_receiver(otlp_server() if encrypted else None)},
        "processors": {
            "memory_limiter": memory_limiter(),
            **sampler,
            "batch": {"send_batch_size": 1000, "send_batch_max_size": 2000, "timeout": "1s"},
            **(_metric_processors() if writers else {}),
        },
        "connectors": {"forward": {}, **counting, **({"routing/tenants": _routing(tenants)} if tenants else {})},
        "exporters": {
            **{name: _tempo(namespace, room, whose, encrypted) for name, whose in stored.items()},
            **writers,
        },
        "service": service(
            ["file_storage"],
            {
                **_pipelines(list(sampler), ["forward", *counting], list(writers)),
                **_storing(list(sampler), tenants),
            },
        ),
    }


def file_storage(folder: str) -> dict[str, Any]:
    """Queues on disk, whose file shrinks again once they are empty."""
    return {"directory": folder, "compaction": {"on_rebound": True, "directory": folder}}


def _pipelines(sampler: list[str], connectors: list[str], writers: list[str]) -> dict[str, Any]:
    """Connectors hang in front of the sampler: `forward` leads past them to the choice."""
    pipelines: dict[str, Any] = {
        "traces/all": {"receivers": ["otlp"], "processors": ["memory_limiter"], "exporters": connectors},
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


def _storing(sampler: list[str], tenants: Sequence[str]) -> dict[str, Any]:
    """From the choice to Tempo: to the room's own tenant, or to that of the cluster that a span is from."""
    kept = {"receivers": ["forward"], "processors": [*sampler, "batch"]}
    if not tenants:
        return {"traces/kept": {**kept, "exporters": ["otlp_grpc/tempo"]}}
    routed: dict[str, Any] = {"receivers": ["routing/tenants"], "processors": []}
    return {
        "traces/kept": {**kept, "exporters": ["routing/tenants"]},
        "traces/own": {**routed, "exporters": ["otlp_grpc/tempo"]},
        **{f"traces/{tenant}": {**routed, "exporters": [f"otlp_grpc/tempo-{tenant}"]} for tenant in tenants},
    }


def _routing(tenants: Sequence[str]) -> dict[str, Any]:
    """By what the agents noted of the entrance's word: a request's headers don't outlive the wait for the decision.

    A trace through several clusters is divided, and each tenant sees its own spans of it.
    """
    attribute = f'attributes["{names.TENANT_ATTRIBUTE}"]'
    return {
        "default_pipelines": ["traces/own"],
        "error_mode": "ignore",
        "table": [{"condition": f'{attribute} == "{tenant}"', "pipelines": [f"traces/{tenant}"]} for tenant in tenants],
    }


def _span_metrics(other_clusters: bool) -> dict[str, Any]:
    dimensions = ["k8s.namespace.name", *([names.CLUSTER_ATTRIBUTE] if other_clusters else [])]
    return {
        "namespace": "traces.spanmetrics",
        "dimensions": [{"name": name} for name in dimensions],
        # A new random id at each start: `instance`, below, tells gateways apart with names that stay.
        "exclude_dimensions": ["collector.instance.id"],
        "resource_metrics_key_attributes": ["service.name", *dimensions],
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


def _writer(url: str, encrypted: bool) -> dict[str, Any]:
    """One queue for each replica of Prometheus, in memory and in order: Prometheus takes no older samples.

    Prometheus asks for no certificate; its own is by the authority that signed the gateway's.
    """
    own_authority = {"tls": {"ca_file": CA_FILE, "reload_interval": RELOAD}}
    return {
        **(own_authority if encrypted and url.startswith("https://") else {}),
        "endpoint": url,
        "timeout": "10s",
        "remote_write_queue": {"enabled": True, "queue_size": 1000, "num_consumers": 1},
        "max_batch_request_parallelism": 1,
        "retry_on_failure": retry(300),
        "resource_to_telemetry_conversion": {"enabled": False},
    }


def _tempo(namespace: str, queue_gib: float, tenant: str, encrypted: bool) -> dict[str, Any]:
    """To all distributors in turn; what they don't take waits on disk for as long as there is room."""
    discovery = host(f"{names.TEMPO}-distributor-discovery", namespace)
    exporter: dict[str, Any] = {
        "endpoint": f"dns:///{discovery}:{names.OTLP_GRPC_PORT}",
        "balancer_name": "round_robin",
        "tls": otlp_client(encrypted),
        "timeout": "10s",
        "retry_on_failure": retry(0),
        "sending_queue": disk_queue(
            queue_gib, {"min_size": 0, "max_size": min(MESSAGE_MIB, MAX_MESSAGE_MIB) * 2**20, "flush_timeout": "200ms"}
        ),
    }
    if tenant:
        exporter["headers"] = {names.TENANT_HEADER: tenant}
    return exporter

"""Alerts on agents and gateways. Names of metrics are those of a running collector at the pinned version, which
tests/config asks for them.
"""

from typing import Any

from . import names
from .tempo_rules import alert

BY = "namespace, job, exporter"
TAIL = "otelcol_processor_tail_sampling"


def collector_rules() -> list[dict[str, Any]]:
    """Groups for a PrometheusRule, where gateways and Tempo are."""
    writing = alert(
        "OtelSpanMetricsNotWritten",
        f"sum by (namespace, exporter)"
        f" (rate(otelcol_exporter_send_failed_metric_points_total{{{_jobs(names.GATEWAY)}}}[5m])) > 0",
        15,
        "warning",
        "Prometheus doesn't take metrics of spans or applications ({{ $labels.exporter }}).",
    )
    return [{"name": "opentelemetry", "rules": [*_flowing(names.GATEWAY), writing, *_sampling()]}]


def forwarder_rules() -> list[dict[str, Any]]:
    """The same on a cluster without Tempo. Nothing fails there for good while the centre is away: the queue grows."""
    return [{"name": "opentelemetry", "rules": _flowing(names.FORWARDER)}]


def _jobs(gateways: str) -> str:
    return f'job=~"{names.AGENT}|{gateways}"'


def _flowing(gateways: str) -> list[dict[str, Any]]:
    jobs = _jobs(gateways)
    return [
        alert(
            "OtelCollectorRefusing",
            f"sum by (namespace, job) (rate(otelcol_receiver_refused_spans_total{{{jobs}}}[5m])) > 0",
            15,
            "warning",
            "{{ $labels.job }} refuses spans: over its memory limit, or its queue is full.",
        ),
        alert(
            "OtelCollectorLosingSpans",
            " or ".join(
                f"sum by ({BY}) (rate(otelcol_exporter_{what}_failed_spans_total{{{jobs}}}[5m])) > 0"
                for what in ("send", "enqueue")
            ),
            15,
            "warning",
            "{{ $labels.job }} loses spans on their way out ({{ $labels.exporter }}).",
        ),
        alert(
            "OtelAgentWithoutGateways",
            f'count by (namespace) (otelcol_loadbalancer_num_backends{{job="{names.AGENT}"}} == 0) > 0',
            15,
            "critical",
            "{{ $value }} agents know of no gateway: their spans wait, and are lost after five minutes.",
        ),
        alert(
            "OtelCollectorQueueFilling",
            f"max by (namespace, pod, exporter) (otelcol_exporter_queue_size{{{jobs}}}"
            f" / otelcol_exporter_queue_capacity{{{jobs}}}) > 0.5",
            15,
            "warning",
            "{{ $labels.pod }} can't send as fast as it receives ({{ $labels.exporter }}): its queue is half full.",
        ),
        alert(
            "OtelGatewayDown",
            f'count by (namespace) (up{{job="{gateways}"}} == 0) > 0',
            15,
            "critical",
            "{{ $value }} gateways are down; the others carry their traces.",
        ),
    ]


def _sampling() -> list[dict[str, Any]]:
    return [
        alert(
            "OtelTracesDroppedTooEarly",
            f"sum by (namespace) (rate({TAIL}_sampling_trace_dropped_too_early_total[5m])) > 0",
            15,
            "warning",
            "Traces leave the sampler unjudged: more spans a second than expected_spans_per_second.",
        ),
        alert(
            "OtelSpansLate",
            f"sum by (namespace) (rate({TAIL}_early_releases_from_cache_decision_total[5m]))"
            f' / sum by (namespace) (rate(otelcol_receiver_accepted_spans_total{{job="{names.GATEWAY}"}}[5m])) > 0.05',
            30,
            "warning",
            "More than 5 % of spans come after their trace was judged: decision_wait_seconds is too short.",
        ),
    ]

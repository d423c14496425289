"""Alerts on Tempo. Metrics and thresholds are those of Tempo's own mixin (v2.10, operations/tempo-mixin), or of the
scaling guide (004) where it names one; chart and mixin differ in names of jobs, hence not the mixin itself.
"""

from typing import Any

from . import names

_COMPONENTS = "|".join(names.TEMPO_COMPONENTS)


def alert(name: str, expr: str, minutes: int, severity: str, summary: str) -> dict[str, Any]:
    """One alerting rule."""
    return {
        "alert": name,
        "expr": expr,
        "for": f"{minutes}m",
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "runbook_url": "docs/traces.md#what-breaks-and-how-it-shows"},
    }


def tempo_rules() -> list[dict[str, Any]]:
    """Groups for a PrometheusRule."""
    return [{"name": "tempo", "rules": [*_writing(), *_keeping(), *_reading()]}]


def _writing() -> list[dict[str, Any]]:
    return [
        alert(
            "TempoDown",
            f'count by (namespace) (up{{job=~"{names.TEMPO}-({_COMPONENTS})"}} == 0) > 0',
            15,
            "warning",
            "{{ $value }} pods of Tempo can't be scraped.",
        ),
        alert(
            "TempoIngesterUnhealthy",
            'max by (namespace) (tempo_ring_members{state="Unhealthy", name="ingester"}) > 0',
            15,
            "critical",
            "The ring has an unhealthy ingester: one more, and no trace is taken.",
        ),
        alert(
            "TempoIngesterFlushesFailing",
            "sum by (namespace) (increase(tempo_ingester_flush_failed_retries_total[1h])) > 2"
            " and sum by (namespace) (increase(tempo_ingester_flush_failed_retries_total[5m])) > 0",
            5,
            "critical",
            "Ingesters can't write blocks to S3; their volumes are filling.",
        ),
        alert(
            "TempoIngesterReplayErrors",
            "sum by (namespace, pod) (increase(tempo_ingester_replay_errors_total[5m])) > 0",
            5,
            "critical",
            "{{ $labels.pod }} can't read its write-ahead log: traces not yet in S3 may be lost.",
        ),
        alert(
            "TempoSpansDiscarded",
            "sum by (namespace, reason) (rate(tempo_discarded_spans_total[5m])) > 0",
            15,
            "warning",
            "Tempo turns spans away: {{ $labels.reason }}.",
        ),
        alert(
            "TempoPushesSlow",
            "histogram_quantile(0.99, sum by (le, namespace)"
            ' (rate(tempo_request_duration_seconds_bucket{route="/tempopb.Pusher/PushBytesV2"}[5m]))) > 1',
            15,
            "warning",
            "A hundredth of all pushes to ingesters take over 1 s: more distributors or ingesters.",
        ),
    ]


def _keeping() -> list[dict[str, Any]]:
    return [
        alert(
            "TempoCompactionsFailing",
            "sum by (namespace) (increase(tempodb_compaction_errors_total[1h])) > 2"
            " and sum by (namespace) (increase(tempodb_compaction_errors_total[5m])) > 0",
            60,
            "critical",
            "The compactor fails: blocks pile up, and none is deleted until the bucket does it.",
        ),
        alert(
            "TempoCompactorGone",
            f'absent(up{{job="{names.TEMPO}-compactor"}} == 1)',
            60,
            "warning",
            "No compactor for an hour.",
        ),
        alert(
            "TempoTooManyOutstandingBlocks",
            "sum by (namespace, tenant) (tempodb_compaction_outstanding_blocks) > 100",
            360,
            "warning",
            "The compactor doesn't keep up: {{ $value }} blocks wait.",
        ),
    ]


def _reading() -> list[dict[str, Any]]:
    return [
        alert(
            "TempoPollsFailing",
            "sum by (namespace) (increase(tempodb_blocklist_poll_errors_total[1h])) > 2"
            " and sum by (namespace) (increase(tempodb_blocklist_poll_errors_total[5m])) > 0",
            5,
            "critical",
            "The list of blocks in S3 can't be read: new blocks are not found by queries.",
        ),
        alert(
            "TempoTenantIndexTooOld",
            "max by (namespace, tenant) (tempodb_blocklist_tenant_index_age_seconds) > 600",
            5,
            "critical",
            "The index of blocks is {{ $value }} s old: queries miss what is newer.",
        ),
        alert(
            "TempoQueriesSlow",
            "histogram_quantile(0.95, sum by (le, namespace)"
            ' (rate(tempo_request_duration_seconds_bucket{job="tempo-query-frontend", route=~"api_.*"}[5m]))) > 5',
            15,
            "warning",
            "A twentieth of all queries take over 5 s: more queriers.",
        ),
        alert(
            "TempoQueriesFailing",
            "sum by (namespace)"
            ' (rate(tempo_request_duration_seconds_count{job="tempo-query-frontend", status_code=~"5.."}[5m]))'
            " / sum by (namespace) (rate(tempo_request_duration_seconds_count"
            '{job="tempo-query-frontend"}[5m])) > 0.1',
            15,
            "warning",
            "{{ $value | humanizePercentage }} of all queries fail.",
        ),
    ]

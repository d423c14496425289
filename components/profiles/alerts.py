"""What to be woken or told about: alerts on Pyroscope and its agent. The chart brings none.

Metrics are those of Pyroscope 2.2 and Alloy 1.18; docs/profiles.md says what to do about each.
"""

from typing import Any, NamedTuple

from . import names


class _Alert(NamedTuple):
    name: str
    expression: str
    minutes: int
    severity: str
    summary: str
    description: str


def profiles_alerts(agents_namespace: str, ebpf_enabled: bool = True) -> list[dict[str, Any]]:
    """Groups of rules, as in the `spec` of a PrometheusRule."""
    agent = [*_AGENT, *([_EBPF] if ebpf_enabled else []), _overhead(agents_namespace)]
    return [
        {"name": "pyroscope", "rules": [_rule(alert) for alert in _PYROSCOPE]},
        {"name": names.AGENT, "rules": [_rule(alert) for alert in agent]},
    ]


_PYROSCOPE = (
    _Alert(
        "PyroscopeMetastoreWithoutLeader",
        '(sum(pyroscope_metastore_raft_state{state="Leader"}) or vector(0)) != 1',
        5,
        "critical",
        "Pyroscope's metastore has no leader, or more than one",
        "{{ $value }} metastores say that they lead. Without a leader queries fail and compaction and deletion stop;"
        " new profiles wait in S3.",
    ),
    _Alert(
        "PyroscopeProfilesDiscarded",
        "sum by (tenant, reason) (rate(pyroscope_discarded_samples_total[5m])) > 0",
        15,
        "warning",
        "Pyroscope refuses profiles",
        "{{ $value | humanize }} profiles a second of tenant {{ $labels.tenant }}: {{ $labels.reason }}.",
    ),
    _Alert(
        "PyroscopeUploadsFailing",
        'sum(rate(pyroscope_segment_writer_upload_duration_seconds_count{status!="success"}[5m]))'
        " / sum(rate(pyroscope_segment_writer_upload_duration_seconds_count[5m])) > 0.01",
        10,
        "critical",
        "Segment writers can't write to S3",
        "{{ $value | humanizePercentage }} of uploads fail; their profiles are lost once the senders give up.",
    ),
    _Alert(
        "PyroscopeMetadataInDeadLetterQueue",
        "sum(rate(pyroscope_segment_writer_store_metadata_dlq[5m])) > 0",
        15,
        "warning",
        "Segments are written but not listed",
        "Segment writers don't reach the metastore and leave metadata in S3; queries miss these profiles until it is"
        " picked up.",
    ),
    _Alert(
        "PyroscopeCompactionFailing",
        'sum(rate(pyroscope_compaction_worker_jobs_completed_total{status="failure"}[15m]))'
        " / sum(rate(pyroscope_compaction_worker_jobs_completed_total[15m])) > 0.1",
        30,
        "warning",
        "Compaction jobs fail",
        "{{ $value | humanizePercentage }} of jobs fail; queries get slower, and what is too old is not deleted.",
    ),
    _Alert(
        "PyroscopeCompactionStopped",
        "(sum(rate(pyroscope_compaction_worker_jobs_completed_total[15m])) or vector(0)) == 0"
        " and on () sum(rate(pyroscope_segment_writer_upload_duration_seconds_count[15m])) > 0",
        30,
        "critical",
        "No compaction although profiles come in",
        "Small segments pile up: queries get slower, and what is too old is not deleted.",
    ),
    _Alert(
        "PyroscopeRequestsFailing",
        'sum by (job, route) (rate(pyroscope_request_duration_seconds_count{status_code=~"5.."}[5m]))'
        " / sum by (job, route) (rate(pyroscope_request_duration_seconds_count[5m])) > 0.05",
        15,
        "warning",
        "Pyroscope answers with errors",
        "{{ $value | humanizePercentage }} of {{ $labels.route }} at {{ $labels.job }}.",
    ),
)

_AGENT = (
    _Alert(
        "ProfilesAgentDropsProfiles",
        "sum by (pod) (rate(pyroscope_write_dropped_profiles_total[5m])) > 0",
        15,
        "warning",
        "An agent can't get rid of its profiles",
        "{{ $labels.pod }} drops {{ $value | humanize }} profiles a second after ten attempts.",
    ),
)

_EBPF = _Alert(
    "ProfilesAgentEbpfFailing",
    "sum by (pod) (increase(pyroscope_ebpf_profiling_sessions_failing_total[15m])) > 0",
    15,
    "warning",
    "An agent can't profile its node",
    "{{ $labels.pod }}: kernel older than 5.9, a capability taken away, or another profiler in the way; its log says.",
)


def _overhead(agents_namespace: str) -> _Alert:
    agent = f'namespace="{agents_namespace}",container="alloy"'
    used = f"sum by (node) (rate(container_cpu_usage_seconds_total{{{agent}}}[30m]))"
    node = 'sum by (node) (kube_node_status_capacity{resource="cpu"})'
    return _Alert(
        "ProfilesAgentTooExpensive",
        f"{used} / on (node) {node} > 0.02",
        30,
        "warning",
        "Profiling costs a node more than 2 % of its CPU",
        "{{ $labels.node }}: {{ $value | humanizePercentage }}. Lower sample_rate_hz.",
    )


def _rule(alert: _Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": f"{alert.minutes}m",
        "labels": {"severity": alert.severity},
        "annotations": {"summary": alert.summary, "description": alert.description},
    }

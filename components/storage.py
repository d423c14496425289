"""What each signal keeps, where, and for how long: one retention makes the bucket's plan.

The bucket's tiers and expiry, and the backend's own retention, are all derived from the same few numbers,
so they can't disagree. Functions only; `platform.py` makes the buckets.
"""

from typing import NamedTuple, NotRequired, TypedDict

from . import defaults
from .foundation.lifecycle import lifecycle_faults
from .validation import Fault


class MetricsRetentionArgs(TypedDict):
    """How long metrics are kept at each resolution, and so on which tier their blocks lie."""

    raw_days: NotRequired[int]
    """Days at full resolution, in S3 Standard. At least 30, Standard-IA's own minimum; default 30."""
    five_minute_days: NotRequired[int]
    """Days at 5-minute resolution; from `raw_days` on in Standard-IA. Default 90."""
    one_hour_days: NotRequired[int]
    """Days at 1-hour resolution; from `five_minute_days` on in Glacier Instant Retrieval. Default 365."""


class LogsRetentionArgs(TypedDict):
    """How long logs are kept."""

    days: NotRequired[int]
    """Days until a log line is deleted. Default 30."""
    standard_days: NotRequired[int]
    """Days in S3 Standard, before Intelligent-Tiering takes over. Less than `days`; default 7."""


class TracesRetentionArgs(TypedDict):
    """How long traces are kept."""

    days: NotRequired[int]
    """Days in S3 Standard until a trace is deleted. Default 14."""


class ProfilesRetentionArgs(TypedDict):
    """How long profiles are kept."""

    days: NotRequired[int]
    """Days in S3 Standard until a profile is deleted. Default 7."""


class AuditRetentionArgs(TypedDict):
    """How long audit records are kept."""

    days: NotRequired[int]
    """Days in S3 Standard until an audit record is deleted. Default 90."""


class RetentionArgs(TypedDict):
    """Retention of every signal, in days."""

    metrics: NotRequired[MetricsRetentionArgs]
    """Raw, 5-minute and 1-hour metrics: 30, 90 and 365 days by default."""
    logs: NotRequired[LogsRetentionArgs]
    """Logs: 30 days by default."""
    traces: NotRequired[TracesRetentionArgs]
    """Traces: 14 days by default."""
    profiles: NotRequired[ProfilesRetentionArgs]
    """Profiles: 7 days by default."""
    audit: NotRequired[AuditRetentionArgs]
    """Audit records, in a bucket of their own: 90 days by default."""


class Transition(NamedTuple):
    """A move to colder storage."""

    storage_class: str
    after_days: int
    setting: str
    """The retention that fixes `after_days`, for messages."""


METRICS_ROLES = ("prometheus", "thanos")
"""Deleting blocks is ordinary work of the compactor, and of sidecars whose upload failed half-way."""
LOGS_ROLES, TRACES_ROLES, PROFILES_ROLES = ("loki",), ("tempo",), ("pyroscope",)
"""Deleting what their compactors have joined, or kept long enough."""


class BucketPlan(NamedTuple):
    """The life of one signal's objects."""

    signal: str
    transitions: tuple[Transition, ...]
    retention_days: int
    """Days that the backend keeps the signal."""
    retention_setting: str
    """The setting of those days, for messages."""
    roles: tuple[str, ...] = ()
    """Purposes of the backend's roles (`naming.role_name`), who alone delete objects in a protected bucket.
    Without any, nothing but the bucket itself deletes."""

    @property
    def expire_after_days(self) -> int:
        """Age at which the bucket deletes: what a backend should have deleted, it sweeps up a while later."""
        return self.retention_days + (defaults.EXPIRY_MARGIN_DAYS if self.signal != "audit" else 0)


def bucket_plans(retention: RetentionArgs) -> tuple[BucketPlan, ...]:
    """The plan of every signal's bucket, with the defaults filled in."""
    metrics, logs = retention.get("metrics", {}), retention.get("logs", {})
    traces, profiles = retention.get("traces", {}), retention.get("profiles", {})
    raw = int(metrics.get("raw_days", defaults.METRICS_RAW_DAYS))
    five_minute = int(metrics.get("five_minute_days", defaults.METRICS_5M_DAYS))
    return (
        BucketPlan(
            "metrics",
            (
                Transition("STANDARD_IA", raw, "metrics.raw_days"),
                Transition("GLACIER_IR", five_minute, "metrics.five_minute_days"),
            ),
            int(metrics.get("one_hour_days", defaults.METRICS_1H_DAYS)),
            "metrics.one_hour_days",
            METRICS_ROLES,
        ),
        BucketPlan(
            "logs",
            (
                Transition(
                    "INTELLIGENT_TIERING",
                    int(logs.get("standard_days", defaults.LOGS_STANDARD_DAYS)),
                    "logs.standard_days",
                ),
            ),
            int(logs.get("days", defaults.LOGS_DAYS)),
            "logs.days",
            LOGS_ROLES,
        ),
        BucketPlan("traces", (), int(traces.get("days", defaults.TRACES_DAYS)), "traces.days", TRACES_ROLES),
        BucketPlan("profiles", (), int(profiles.get("days", defaults.PROFILES_DAYS)), "profiles.days", PROFILES_ROLES),
        BucketPlan("audit", (), int(retention.get("audit", {}).get("days", defaults.AUDIT_DAYS)), "audit.days"),
    )


def retention_faults(retention: RetentionArgs) -> list[Fault]:
    """Retentions that S3 or a backend can't keep; paths name the retention, not the tier that it fixes."""
    faults: list[Fault] = []
    for plan in bucket_plans(retention):
        transitions = [{"storage_class": t.storage_class, "after_days": t.after_days} for t in plan.transitions]
        settings = {f"transitions[{i}].after_days": t.setting for i, t in enumerate(plan.transitions)}
        settings["expire_after_days"] = plan.retention_setting
        faults += [
            fault._replace(path=settings.get(fault.path, fault.path))
            for fault in lifecycle_faults(transitions, plan.retention_days)
        ]
    return faults

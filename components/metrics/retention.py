"""Metrics' retention: three resolutions, one bucket, and no data deleted before it was downsampled."""

from typing import NamedTuple

from .. import defaults
from ..storage import MetricsRetentionArgs, bucket_plans
from ..validation import Fault


class MetricsRetention(NamedTuple):
    """Days that each resolution is kept."""

    raw_days: int
    five_minute_days: int
    one_hour_days: int

    @property
    def expire_after_days(self) -> int:
        """Age at which the bucket itself deletes: after the compactor should have."""
        return bucket_plans({"metrics": {"one_hour_days": self.one_hour_days}})[0].expire_after_days


def metrics_retention(given: MetricsRetentionArgs | None) -> MetricsRetention:
    """The retentions given, and the defaults for the rest."""
    given = given or {}
    return MetricsRetention(
        int(given.get("raw_days", defaults.METRICS_RAW_DAYS)),
        int(given.get("five_minute_days", defaults.METRICS_5M_DAYS)),
        int(given.get("one_hour_days", defaults.METRICS_1H_DAYS)),
    )


def metrics_transitions(given: MetricsRetentionArgs | None) -> list[tuple[str, int]]:
    """The bucket's tiers, storage class and age in days: a block is as cold as its resolution is coarse."""
    plan = bucket_plans({"metrics": given or {}})[0]
    return [(step.storage_class, step.after_days) for step in plan.transitions]


def metrics_retention_faults(given: MetricsRetentionArgs | None, path: str = "retention") -> list[Fault]:
    """Retentions that delete data before the coarser resolution is made from it."""
    days = metrics_retention(given)
    faults = []
    if days.raw_days < defaults.METRICS_MIN_RAW_DAYS:
        bound = f"be at least {defaults.METRICS_MIN_RAW_DAYS} (days): 5-minute data is made from 40 hours of raw data"
        faults.append(Fault(f"{path}.raw_days", days.raw_days, bound))
    if days.five_minute_days < defaults.METRICS_MIN_5M_DAYS:
        bound = f"be at least {defaults.METRICS_MIN_5M_DAYS} (days): 1-hour data is made from 14 days of 5-minute data"
        faults.append(Fault(f"{path}.five_minute_days", days.five_minute_days, bound))
    if days.five_minute_days < days.raw_days:
        bound = f"be at least raw_days ({days.raw_days}): coarser data outlives finer data"
        faults.append(Fault(f"{path}.five_minute_days", days.five_minute_days, bound))
    if days.one_hour_days < days.five_minute_days:
        bound = f"be at least five_minute_days ({days.five_minute_days}): coarser data outlives finer data"
        faults.append(Fault(f"{path}.one_hour_days", days.one_hour_days, bound))
    return faults


def bucket_expiry_faults(retention: MetricsRetention, expire_after_days: int) -> list[Fault]:
    """A bucket that deletes blocks which the compactor still serves."""
    earliest = retention.one_hour_days + -(-defaults.THANOS_DELETE_DELAY_HOURS // 24)
    if expire_after_days > earliest:
        return []
    bound = f"be more than {earliest} (days): one_hour_days ({retention.one_hour_days}) and Thanos' delay of deletion"
    return [Fault("expire_after_days", expire_after_days, bound)]

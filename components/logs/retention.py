"""Logs' retention: Loki deletes, and the bucket only later what Loki no longer knows of."""

from .. import defaults
from ..storage import LogsRetentionArgs
from ..validation import Fault

DELETE_DELAY_HOURS = 2
"""Loki's own default: index gateways still hand out references to a chunk for a while after it was marked."""


def logs_retention_days(given: LogsRetentionArgs | None) -> int:
    """Days that a log line is kept."""
    return int((given or {}).get("days", defaults.LOGS_DAYS))


def logs_retention_faults(
    given: LogsRetentionArgs | None, bucket_expire_after_days: int | None = None, path: str = "retention"
) -> list[Fault]:
    """A retention that Loki can't keep, or that the bucket would cut short."""
    days = logs_retention_days(given)
    faults = []
    if days < 1:
        faults.append(Fault(f"{path}.days", days, "be at least 1 (day): Loki deletes by whole daily indexes"))
    if bucket_expire_after_days is not None:
        least = days + 2
        if bucket_expire_after_days < least:
            bound = (
                f"be at least {least} (days): Loki keeps logs for {days} days, its daily index a day longer, and"
                f" deletes {DELETE_DELAY_HOURS} h after that; the bucket must not be faster"
            )
            faults.append(Fault("bucket_expire_after_days", bucket_expire_after_days, bound))
    return faults


def logs_bucket_expiry_days(given: LogsRetentionArgs | None) -> int:
    """Age at which the bucket itself should delete."""
    return logs_retention_days(given) + defaults.LOGS_EXPIRY_MARGIN_DAYS

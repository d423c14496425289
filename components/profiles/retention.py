"""Profiles' retention: Pyroscope deletes, and S3 later sweeps up what Pyroscope lost track of."""

from .. import defaults
from ..validation import Fault

PARTITION_HOURS = 6
"""The index is cut into partitions of this length, which are deleted whole (Pyroscope, v2 metadata index)."""
GRACE_HOURS = 6
"""How long a partition is left alone after its retention (`metastore.index.cleanup-grace-period`, default)."""


def profiles_retention_days(given: float | None) -> int:
    """Days that profiles are kept."""
    return int(defaults.PROFILES_DAYS if given is None else given)


def profiles_expire_after_days(retention_days: float | None = None) -> int:
    """Age at which the bucket itself deletes: after Pyroscope should have."""
    return profiles_retention_days(retention_days) + defaults.PROFILES_EXPIRY_MARGIN_DAYS


def profiles_retention_faults(given: float | None, path: str = "retention_days") -> list[Fault]:
    """A retention that is none: to Pyroscope 0 means for ever."""
    if given is None or (not isinstance(given, bool) and float(given) == int(given) and 1 <= given <= 3650):
        return []
    return [Fault(path, given, "be a whole number from 1 to 3650 (days)")]


def bucket_expiry_faults(retention_days: int, expire_after_days: float) -> list[Fault]:
    """A bucket that deletes blocks which the metastore still lists: queries over them would fail."""
    late_hours = PARTITION_HOURS + GRACE_HOURS
    earliest = retention_days + -(-late_hours // 24)
    if expire_after_days > earliest:
        return []
    bound = (
        f"be more than {earliest} (days): retention_days ({retention_days}) and the {late_hours} hours after which"
        " Pyroscope deletes a partition"
    )
    return [Fault("bucket_expire_after_days", expire_after_days, bound)]

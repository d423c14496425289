"""The rules that S3 lifecycles obey, and the rules that a platform adds. Pure; no cloud SDK.

Sources: Amazon S3 user guide, "Transitioning objects using Amazon S3 Lifecycle" (order of the classes,
30 days before Standard-IA) and "Bucket naming rules"; API reference, `Transition`.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..validation import Fault

COLDNESS = {"STANDARD_IA": 1, "INTELLIGENT_TIERING": 2, "GLACIER_IR": 3, "GLACIER": 4, "DEEP_ARCHIVE": 5}
"""Storage classes from warm to cold; S3 moves objects only towards the cold. One Zone-IA is left out on
purpose: it loses data when a zone is lost, and the platform promises to lose none."""

NOT_QUERYABLE = ("GLACIER", "DEEP_ARCHIVE")
"""Reading from these takes minutes to hours, after a restore request that no backend makes."""

IA_MINIMUM_DAYS = 30
"""Days before Standard-IA (S3 refuses less), and in it before a colder class (billed in any case)."""

_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an")


def lifecycle_faults(
    transitions: Sequence[Mapping[str, Any]], expire_after_days: float, queryable: bool = True
) -> list[Fault]:
    """Everything wrong with a list of `{storage_class, after_days}` and the expiry that follows it."""
    faults: list[Fault] = []
    previous_class, previous_days = "", 0.0
    for index, transition in enumerate(transitions):
        path = f"transitions[{index}]"
        cls, days = transition["storage_class"], transition["after_days"]
        class_faults = _class_faults(f"{path}.storage_class", cls, queryable)
        if not class_faults and previous_class:
            class_faults = _order_faults(f"{path}.storage_class", cls, previous_class)
        faults += class_faults
        faults += _days_faults(f"{path}.after_days", cls, days, previous_class, previous_days)
        if cls in COLDNESS:
            previous_class = cls
        previous_days = max(previous_days, days)
    if not _whole(expire_after_days) or expire_after_days < 1:
        faults.append(Fault("expire_after_days", expire_after_days, "be a whole number of days, at least 1"))
    elif expire_after_days <= previous_days:
        faults.append(
            Fault("expire_after_days", expire_after_days, f"be later than the last transition ({previous_days:g} days)")
        )
    return faults


def bucket_name_faults(path: str, name: str) -> list[Fault]:
    """A bucket name that S3 forbids, or that breaks TLS: a dot does not match S3's certificate."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name):
        bound = "be 3 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit"
        return [Fault(path, name, f"{bound} (this one has {len(name)})")]
    if _is_address(name):
        return [Fault(path, name, "not have the form of an IP address")]
    if "." in name:
        return [Fault(path, name, "have no dots: S3's TLS certificate covers one label only")]
    for prefix in _RESERVED_PREFIXES:
        if name.startswith(prefix):
            return [Fault(path, name, f"not begin with {prefix}, which S3 keeps for itself")]
    for suffix in _RESERVED_SUFFIXES:
        if name.endswith(suffix):
            return [Fault(path, name, f"not end with {suffix}, which S3 keeps for itself")]
    return []


def days_faults(path: str, days: float) -> list[Fault]:
    """A number of days that S3 would refuse: it must be whole and positive."""
    if _whole(days) and days >= 1:
        return []
    return [Fault(path, days, "be a whole number of days, at least 1")]


def _class_faults(path: str, cls: str, queryable: bool) -> list[Fault]:
    if cls not in COLDNESS:
        return [Fault(path, cls, f"be one of {', '.join(COLDNESS)}")]
    if queryable and cls in NOT_QUERYABLE:
        return [Fault(path, cls, "stay queryable: GLACIER_IR is the coldest class that can be read at once")]
    return []


def _order_faults(path: str, cls: str, previous: str) -> list[Fault]:
    if cls == previous:
        return [Fault(path, cls, "appear once only")]
    if COLDNESS[cls] < COLDNESS[previous]:
        return [Fault(path, cls, f"be colder than {previous}, which comes before it")]
    return []


def _days_faults(path: str, cls: str, days: float, previous_class: str, previous_days: float) -> list[Fault]:
    earliest = IA_MINIMUM_DAYS if cls == "STANDARD_IA" else 1
    if not _whole(days) or days < earliest:
        return [Fault(path, days, f"be a whole number of days, at least {earliest}")]
    if days <= previous_days:
        return [Fault(path, days, f"be later than the transition before it ({previous_days:g} days)")]
    if previous_class == "STANDARD_IA" and days < previous_days + IA_MINIMUM_DAYS:
        soonest = previous_days + IA_MINIMUM_DAYS
        return [Fault(path, days, f"be at least {soonest:g} (days): {IA_MINIMUM_DAYS} of them in STANDARD_IA")]
    return []


def _whole(days: float) -> bool:
    return not isinstance(days, bool) and float(days).is_integer()


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True

"""What one tenant may send and ask, and what is wrong with the limits that were asked for."""

import re
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from ..validation import Fault


class ProfilesLimitsArgs(TypedDict):
    """Bounds for a tenant; what is beyond them is refused and counted, never slows the others down."""

    ingestion_rate_mb: NotRequired[float]
    """MB a second of uncompressed profiles, over all distributors. More than 0; default 32."""
    ingestion_burst_mb: NotRequired[float]
    """MB that one distributor lets through at once; at least the largest push. Default 64."""
    max_query_hours: NotRequired[int]
    """Longest range of one query in hours. At least 1; default 24, Pyroscope's own."""
    max_sessions_per_series: NotRequired[int]
    """Sessions (SDK processes) told apart within a series; 0 for any number. Default 0."""


LIMITS: dict[str, Any] = {
    "ingestion_rate_mb": 32,
    "ingestion_burst_mb": 64,
    "max_query_hours": 24,
    "max_sessions_per_series": 0,
}
"""100 nodes with 30 containers each that send 40 kB every 15 s make 8 MB a second; four times that is room for
SDKs, scraped heaps and growth. Pyroscope's own 4 MB would refuse half of it."""

_LEAST = {"ingestion_rate_mb": 0.001, "ingestion_burst_mb": 4, "max_query_hours": 1, "max_sessions_per_series": 0}
"""4 MB: the largest single profile that Pyroscope takes by default (`max_profile_size_bytes`)."""

_TENANT = re.compile(r"[A-Za-z0-9!_.*'()-]{1,150}")
"""Pyroscope, about tenant IDs."""


def pyroscope_limits(given: ProfilesLimitsArgs) -> dict[str, Any]:
    """Pyroscope's names for the limits that are given."""
    limits: dict[str, Any] = {}
    if "ingestion_rate_mb" in given:
        limits["ingestion_rate_mb"] = given["ingestion_rate_mb"]
    if "ingestion_burst_mb" in given:
        limits["ingestion_burst_size_mb"] = given["ingestion_burst_mb"]
    if "max_query_hours" in given:
        limits["max_query_length"] = f"{int(given['max_query_hours'])}h"
    if "max_sessions_per_series" in given:
        limits["max_sessions_per_series"] = int(given["max_sessions_per_series"])
    return limits


def default_limits(given: ProfilesLimitsArgs | None) -> dict[str, Any]:
    """The limits given, and the defaults for the rest, in Pyroscope's names."""
    return pyroscope_limits({**LIMITS, **(given or {})})  # type: ignore[typeddict-item]


def limits_faults(given: ProfilesLimitsArgs | None, path: str = "limits") -> list[Fault]:
    """Limits that let nothing through, or that don't exist."""
    faults = []
    for key, value in (given or {}).items():
        where = f"{path}.{key}"
        if key not in LIMITS:
            faults.append(Fault(where, value, f"be one of {', '.join(LIMITS)}"))
        elif isinstance(value, bool) or not isinstance(value, int | float) or value < _LEAST[key]:
            faults.append(Fault(where, value, f"be a number of at least {_LEAST[key]}"))
    return faults


def tenant_faults(tenant: str, path: str = "tenant") -> list[Fault]:
    """A tenant that Pyroscope would refuse."""
    if _TENANT.fullmatch(tenant) and tenant not in (".", ".."):
        return []
    return [Fault(path, tenant, "be 1 to 150 letters, digits or !-_.*'(), and not . or ..")]


def tenant_limits_faults(given: Mapping[str, ProfilesLimitsArgs] | None, multi_tenancy: bool) -> list[Fault]:
    """Limits of tenants that there can't be."""
    if given and not multi_tenancy:
        bound = "be left out, or multi_tenancy be true: without it there is one tenant"
        return [Fault("tenant_limits", sorted(given), bound)]
    return [
        fault
        for tenant, limits in (given or {}).items()
        for fault in (*tenant_faults(tenant, "tenant_limits"), *limits_faults(limits, f"tenant_limits.{tenant}"))
    ]

"""Tenants and what each may do: how fast it writes, how many streams it has, how wide its queries are.

With multi-tenancy off there is one tenant, with on one for the platform and one for each that is named here.
"""

import re
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from .. import defaults
from ..validation import Fault


class LogsLimitsArgs(TypedDict):
    """Limits of a tenant."""

    ingestion_rate_mb: NotRequired[float]
    """MB a second over all distributors; more is refused, and sent again by Fluent Bit. Default 20."""
    ingestion_burst_mb: NotRequired[float]
    """MB at once, at least `ingestion_rate_mb`. Default 40."""
    max_streams: NotRequired[int]
    """Active streams, over all ingesters. At least 100; default 20,000."""
    max_query_days: NotRequired[int]
    """Longest range of a query, in days. Default: the whole retention."""
    query_parallelism: NotRequired[int]
    """Parts of one query that run at once. At least 1; default 64."""
    query_timeout_seconds: NotRequired[int]
    """Seconds until a query is given up, 10 to 600. Default 300."""
    retention_days: NotRequired[int]
    """Days that this tenant's logs are kept; at most those of all. Default the same."""


class LogsTenantArgs(TypedDict):
    """A tenant besides the platform's own."""

    namespaces: NotRequired[list[str]]
    """Namespaces whose pods' logs belong to it. Default none: its lines come from another cluster, whose tenant the
    entrance names."""
    limits: NotRequired[LogsLimitsArgs]
    """Limits that differ from those of all."""


_BOUNDS: dict[str, tuple[float, float]] = {
    "ingestion_rate_mb": (0.1, 10000),
    "ingestion_burst_mb": (0.1, 10000),
    "max_streams": (100, 10_000_000),
    "max_query_days": (1, 3660),
    "query_parallelism": (1, 1024),
    "query_timeout_seconds": (10, 600),
    "retention_days": (1, 3660),
}
"""Fewest and most. 600 s is how long the gateway waits for an answer (Loki chart, nginx)."""

_TENANT = re.compile(r"[A-Za-z0-9._-]{1,150}")
"""A safe part of what Loki allows (Loki, multi-tenancy); `.` and `..` would be paths."""


def limits_config(limits: LogsLimitsArgs | None, retention_days: int) -> dict[str, Any]:
    """Loki's `limits_config` for all tenants."""
    given = limits or {}
    days = int(given.get("retention_days", retention_days))
    return {
        **_override(
            {
                "ingestion_rate_mb": defaults.LOKI_INGESTION_RATE_MB,
                "ingestion_burst_mb": defaults.LOKI_INGESTION_BURST_MB,
                "max_streams": defaults.LOKI_MAX_STREAMS,
                "max_query_days": retention_days,
                "query_parallelism": defaults.LOKI_QUERY_PARALLELISM,
                "query_timeout_seconds": 300,
                **given,
                "retention_days": days,
            }
        ),
        "allow_structured_metadata": True,
        # One noisy pod can't use up what its tenant may send.
        "per_stream_rate_limit": "5MB",
        "per_stream_rate_limit_burst": "20MB",
        # A long line loses its end; refused, it would be lost whole, since the sender can't shorten it.
        "max_line_size": "256KB",
        "max_line_size_truncate": True,
        # What Fluent Bit kept for days while Loki was down is still welcome.
        "reject_old_samples": True,
        "reject_old_samples_max_age": f"{min(days, 7) * 24}h",
        "split_queries_by_interval": "15m",
        "volume_enabled": True,
    }


def tenant_overrides(tenants: Mapping[str, LogsTenantArgs]) -> dict[str, Any]:
    """Loki's runtime configuration: what differs for some tenants."""
    changed = {name: _override(tenant["limits"]) for name, tenant in sorted(tenants.items()) if tenant.get("limits")}
    return {"overrides": changed} if changed else {}


def namespace_tenants(tenants: Mapping[str, LogsTenantArgs]) -> dict[str, str]:
    """The tenant of each namespace that has one of its own."""
    return {
        namespace: name
        for name, tenant in sorted(tenants.items())
        for namespace in sorted(tenant.get("namespaces", []))
    }


def tenant_name_faults(path: str, name: str) -> list[Fault]:
    """A name that Loki would refuse."""
    if _TENANT.fullmatch(name) and name not in (".", "..", "__mimir_cluster"):
        return []
    return [Fault(path, name, "be 1 to 150 letters, digits, dots, underscores or hyphens")]


def tenant_faults(
    multi_tenancy: bool,
    tenant: str,
    tenants: Mapping[str, LogsTenantArgs],
    limits: LogsLimitsArgs | None,
    retention_days: int,
) -> list[Fault]:
    """Names that Loki would refuse, namespaces of two tenants, and limits that make no sense."""
    faults = _limit_faults("limits", limits or {}, retention_days)
    if tenants and not multi_tenancy:
        faults.append(Fault("tenants", sorted(tenants), "be empty while multi_tenancy is off: Loki would join them"))
    for where, name in (("tenant", tenant), *((f"tenants.{name}", name) for name in tenants)):
        faults += tenant_name_faults(where, name)
    owners: dict[str, str] = {}
    for name, given in tenants.items():
        faults += _limit_faults(f"tenants.{name}.limits", given.get("limits", {}), retention_days)
        for namespace in given.get("namespaces", []):
            if namespace in owners:
                bound = f"belong to one tenant; {owners[namespace]} has it too"
                faults.append(Fault(f"tenants.{name}.namespaces", namespace, bound))
            owners[namespace] = name
    return faults


def _override(limits: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in limits.items():
        if key == "ingestion_rate_mb":
            made["ingestion_rate_mb"] = value
        elif key == "ingestion_burst_mb":
            made["ingestion_burst_size_mb"] = value
        elif key == "max_streams":
            made["max_global_streams_per_user"] = int(value)
        elif key == "max_query_days":
            # An hour more, so that "the last 30 days", asked a moment later, is still within.
            made["max_query_length"] = f"{int(value) * 24 + 1}h"
        elif key == "query_parallelism":
            made["max_query_parallelism"] = made["tsdb_max_query_parallelism"] = int(value)
        elif key == "query_timeout_seconds":
            made["query_timeout"] = f"{int(value)}s"
        elif key == "retention_days":
            made["retention_period"] = f"{int(value) * 24}h"
    return made


def _limit_faults(path: str, given: Mapping[str, Any], retention_days: int) -> list[Fault]:
    faults = []
    for key, value in given.items():
        where = f"{path}.{key}"
        if key not in _BOUNDS:
            faults.append(Fault(where, value, f"be one of {', '.join(_BOUNDS)}"))
            continue
        least, most = _BOUNDS[key]
        whole = not key.startswith("ingestion")
        if isinstance(value, bool) or not least <= value <= most or (whole and float(value) != int(value)):
            kind = "a whole number" if whole else "a number"
            faults.append(Fault(where, value, f"be {kind} from {least:g} to {most:g}"))
    if faults:
        return faults
    rate = given.get("ingestion_rate_mb", defaults.LOKI_INGESTION_RATE_MB)
    if "ingestion_burst_mb" in given and given["ingestion_burst_mb"] < rate:
        bound = f"be at least ingestion_rate_mb ({rate:g})"
        faults.append(Fault(f"{path}.ingestion_burst_mb", given["ingestion_burst_mb"], bound))
    if given.get("retention_days", 0) > retention_days:
        bound = f"be at most the retention of all ({retention_days} days): the bucket deletes what is older"
        faults.append(Fault(f"{path}.retention_days", given["retention_days"], bound))
    return faults

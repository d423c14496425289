"""How much room Grafana gets, and what is wrong with what was asked for."""

import re
from typing import Any, NotRequired, TypedDict

from ..validation import Fault


class GrafanaSizingArgs(TypedDict):
    """Room for Grafana."""

    replicas: NotRequired[int]
    """Fewest pods. More than one needs a database. 1 to 20; default 2 with a database, else 1."""
    max_replicas: NotRequired[int]
    """Most pods, reached when CPU passes 70 % of the request. At least `replicas`; default 5 with a database, else
    1."""
    cpu: NotRequired[str]
    """CPU requested by each, as a Kubernetes quantity; it may use twice as much. Default 250m."""
    memory: NotRequired[str]
    """Memory requested by and allowed to each. Default 1Gi."""
    storage_gib: NotRequired[int]
    """GiB of the volume that stands in for a database. 1 to 1000; default 10."""


_MOST = 20
_CPU = re.compile(r"[1-9][0-9]*m|[1-9][0-9]*|[0-9]+\.[0-9]+")
_MEMORY = re.compile(r"[1-9][0-9]*(Mi|Gi)")


def grafana_sizing(given: GrafanaSizingArgs | None, database: bool) -> dict[str, Any]:
    """The sizes given, and the defaults for the rest."""
    wanted = given or {}
    replicas = int(wanted.get("replicas", 2 if database else 1))
    return {
        "replicas": replicas,
        "max_replicas": int(wanted.get("max_replicas", max(5, replicas) if database else replicas)),
        "cpu": wanted.get("cpu", "250m"),
        "memory": wanted.get("memory", "1Gi"),
        "storage_gib": int(wanted.get("storage_gib", 10)),
    }


def grafana_sizing_faults(given: GrafanaSizingArgs | None, database: bool, path: str = "sizing") -> list[Fault]:
    """Sizes that can't work."""
    wanted: dict[str, Any] = dict(given or {})
    faults = [
        Fault(f"{path}.{key}", wanted[key], f"be a whole number from 1 to {most}")
        for key, most in (("replicas", _MOST), ("max_replicas", _MOST), ("storage_gib", 1000))
        if key in wanted and not _whole(wanted[key], most)
    ]
    for key, pattern, example in (("cpu", _CPU, "500m or 2"), ("memory", _MEMORY, "512Mi or 2Gi")):
        if key in wanted and not pattern.fullmatch(str(wanted[key])):
            faults.append(Fault(f"{path}.{key}", wanted[key], f"be an amount such as {example}"))
    if faults:
        return faults
    sizing = grafana_sizing(given, database)
    if sizing["max_replicas"] < sizing["replicas"]:
        bound = f"be at least replicas ({sizing['replicas']})"
        faults.append(Fault(f"{path}.max_replicas", sizing["max_replicas"], bound))
    for key in ("replicas", "max_replicas"):
        if not database and sizing[key] > 1:
            bound = "be 1 without a database: each pod would keep users and dashboards of its own"
            faults.append(Fault(f"{path}.{key}", sizing[key], bound))
    return faults


def _whole(value: Any, most: int) -> bool:
    return not isinstance(value, bool) and float(value) == int(value) and 1 <= value <= most

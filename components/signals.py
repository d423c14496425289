"""What the platform tells each signal's room: its own choices for that signal, and where everything is.

Pure: the same arguments are judged before anything exists (`platform_faults.py`, with stand-ins for what AWS
decides) and then used (`platform.py`), so that what is judged is what is made.
"""

from typing import Any, NamedTuple, cast

import pulumi

from . import naming
from .foundation.network import default_zones
from .foundation.node_groups import DEFAULT_NODE_GROUPS, NodeCapacity, node_capacity
from .logs.logs_args import LogsArgs
from .metrics.metrics_args import MetricsArgs
from .metrics.sizing import prometheus_sizing
from .platform_args import PlatformArgs
from .profiles.profiles_args import ProfilesArgs
from .storage import bucket_plans
from .traces.names import remote_write_urls
from .traces.traces_args import TracesArgs

NAMESPACE, AGENTS_NAMESPACE = "observability", "observability-agents"
"""Backends, and what runs on every node (docs/adr/0004-two-namespaces.md)."""

STORAGE_CLASS = "gp3-encrypted"
"""Not `gp3`: an existing cluster often has one of that name already."""


class Wiring(NamedTuple):
    """What only a running cluster and key can tell."""

    cluster_name: str
    kms_key_arn: pulumi.Input[str]
    oidc_provider_arn: pulumi.Input[str]
    oidc_issuer: pulumi.Input[str]


STAND_IN = Wiring("cluster", "arn:aws:kms:::key/0", "arn:aws:iam:::oidc-provider/0", "oidc")
"""For judging arguments before there is a cluster."""


def enabled(args: PlatformArgs, signal: str) -> bool:
    """Whether a signal's room is installed."""
    return bool(cast(dict[str, Any], args).get(signal, {}).get("enabled", True))


def zones(args: PlatformArgs) -> list[str]:
    """The availability zones that the platform spreads over."""
    return args.get("network", {}).get("availability_zones") or default_zones(args["region"])


def bucket_name(args: PlatformArgs, signal: str) -> str:
    """Physical name of a signal's bucket."""
    return naming.bucket_name(args["name"], args["account_id"], args["region"], signal)


def metrics_args(args: PlatformArgs, wiring: Wiring) -> MetricsArgs:
    """Arguments of the metrics room."""
    own: dict[str, Any] = _common(args, "metrics", wiring)
    own["retention"] = args.get("retention", {}).get("metrics", {})
    own["remote_write_receiver"] = enabled(args, "traces")
    own["install_crds"] = False  # the platform does, for the monitors of every signal
    return cast(MetricsArgs, own)


def logs_args(args: PlatformArgs, wiring: Wiring) -> LogsArgs:
    """Arguments of the logs room."""
    own: dict[str, Any] = _common(args, "logs", wiring)
    own["retention"] = args.get("retention", {}).get("logs", {})
    own["bucket_expire_after_days"] = _plan(args, "logs").expire_after_days
    own["audit_bucket_name"] = bucket_name(args, "audit")
    own["availability_zones"] = zones(args)
    own["protect"] = args.get("protection", {}).get("enabled", True)
    if nodes := _nodes(args):
        own["node_count"] = nodes.fewest_nodes
        if nodes.largest_node_gib:
            own["node_memory_gib"] = nodes.largest_node_gib
    return cast(LogsArgs, own)


def traces_args(args: PlatformArgs, wiring: Wiring) -> TracesArgs:
    """Arguments of the traces room."""
    own: dict[str, Any] = _common(args, "traces", wiring)
    own |= _retention(args, "traces")
    if enabled(args, "metrics"):
        replicas = prometheus_sizing(args.get("metrics", {}).get("prometheus"))["replicas"]
        own["remote_write_urls"] = remote_write_urls(NAMESPACE, replicas)
    if nodes := _nodes(args):
        own["nodes"] = {"zones": len(zones(args)), "nodes_per_zone": nodes.most_nodes_per_zone}
        if nodes.largest_node_gib:
            own["nodes"]["memory_gib"] = nodes.largest_node_gib
    return cast(TracesArgs, own)


def profiles_args(args: PlatformArgs, wiring: Wiring) -> ProfilesArgs:
    """Arguments of the profiles room."""
    own: dict[str, Any] = _common(args, "profiles", wiring)
    own |= _retention(args, "profiles")
    own["zones"] = len(zones(args))
    if nodes := _nodes(args):
        own["nodes"] = nodes.fewest_nodes
    return cast(ProfilesArgs, own)


def _common(args: PlatformArgs, signal: str, wiring: Wiring) -> dict[str, Any]:
    """What every room is told, and the platform's choices for this one."""
    chosen = {key: value for key, value in cast(dict[str, Any], args).get(signal, {}).items() if key != "enabled"}
    return {
        **chosen,
        **wiring._asdict(),
        "platform_name": args["name"],
        "account_id": args["account_id"],
        "region": args["region"],
        "bucket_name": bucket_name(args, signal),
        "namespace": NAMESPACE,
        "agents_namespace": AGENTS_NAMESPACE,
        "storage_class_name": STORAGE_CLASS,
        "charts_source": args.get("charts", {}).get("source", ""),
    }


def _plan(args: PlatformArgs, signal: str) -> Any:
    return next(plan for plan in bucket_plans(args.get("retention", {})) if plan.signal == signal)


def _retention(args: PlatformArgs, signal: str) -> dict[str, int]:
    plan = _plan(args, signal)
    return {"retention_days": plan.retention_days, "bucket_expire_after_days": plan.expire_after_days}


def _nodes(args: PlatformArgs) -> NodeCapacity | None:
    """What the nodes can carry; unknown on a cluster that exists."""
    cluster = args.get("cluster", {})
    if "existing" in cluster:
        return None
    return node_capacity(cluster.get("node_groups", DEFAULT_NODE_GROUPS), len(zones(args)))

"""What the platform tells each signal's room: its own choices for that signal, and where everything is.

Pure: the same arguments are judged before anything exists (`platform_faults.py`, with stand-ins for what AWS
decides) and then used (`platform.py`), so that what is judged is what is made.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import pulumi

from . import naming
from .foundation.network import default_zones
from .foundation.node_groups import DEFAULT_NODE_GROUPS, NodeCapacity, node_capacity
from .foundation.object_store import ObjectStoreArgs
from .foundation.seaweedfs_values import seaweedfs_object_store
from .grafana.grafana_args import GrafanaArgs, GrafanaSignalsArgs
from .grafana.managed_args import ManagedGrafanaArgs
from .logs.logs_args import LogsArgs
from .logs.names import TENANT as LOKI_TENANT
from .metrics.metrics_args import MetricsArgs
from .metrics.sizing import prometheus_sizing
from .platform_args import PlatformArgs
from .profiles.profiles_args import ProfilesArgs
from .security.certificate import ISSUER
from .security.external_secret import SECRETS_MANAGER
from .storage import bucket_plans
from .traces.names import remote_write_urls
from .traces.traces_args import TracesArgs

NAMESPACE, AGENTS_NAMESPACE = "observability", "observability-agents"
"""Backends, and what runs on every node (docs/adr/0004-two-namespaces.md)."""

SIGNALS = ("metrics", "logs", "traces", "profiles")
"""Each has a room, and a bucket."""

STORAGE_CLASS = "gp3-encrypted"
"""Not `gp3`: an existing cluster often has one of that name already."""


class Wiring(NamedTuple):
    """What only a running cluster and key can tell."""

    cluster_name: str
    kms_key_arn: pulumi.Input[str] | None = None
    oidc_provider_arn: pulumi.Input[str] | None = None
    oidc_issuer: pulumi.Input[str] | None = None


STAND_IN = Wiring("cluster", "arn:aws:kms:::key/0", "arn:aws:iam:::oidc-provider/0", "oidc")
"""For judging arguments before there is a cluster."""


def on_aws(args: PlatformArgs) -> bool:
    """Whether there is an AWS: keys, buckets, roles. Otherwise there is a Kubernetes and nothing else."""
    return args.get("cloud", "aws") == "aws"


def region(args: PlatformArgs) -> str:
    """The region. Without AWS, the one that every S3 client assumes: requests are signed for it."""
    return args.get("region", "us-east-1")


def enabled(args: PlatformArgs, signal: str) -> bool:
    """Whether a signal's room is installed."""
    return bool(cast(dict[str, Any], args).get(signal, {}).get("enabled", True))


def zones(args: PlatformArgs) -> list[str]:
    """The availability zones that the platform spreads over. Without AWS all nodes are in one."""
    if not on_aws(args):
        return ["local"]
    return args.get("network", {}).get("availability_zones") or default_zones(region(args))


def bucket_name(args: PlatformArgs, signal: str) -> str:
    """Physical name of a signal's bucket; without AWS nobody else names buckets in that store."""
    if not on_aws(args):
        return f"{args['name']}-{signal}"
    return naming.bucket_name(args["name"], args["account_id"], args["region"], signal)


def storage_class(args: PlatformArgs) -> str:
    """Storage class of every volume: an existing cluster's own, or the one made here."""
    return args.get("cluster", {}).get("existing", {}).get("storage_class_name", STORAGE_CLASS)


def charts_source(args: PlatformArgs) -> str:
    """Where charts come from."""
    return args.get("charts", {}).get("source", "")


def protected(args: PlatformArgs) -> bool:
    """Whether what can't be made again is guarded."""
    return args.get("protection", {}).get("enabled", True)


def balances(args: PlatformArgs) -> bool:
    """Whether the AWS Load Balancer Controller is installed: somebody needs load balancers, and nobody said no."""
    needed = on_aws(args) and ("ingress" in args.get("grafana", {}) or bool(other_tenants(args)))
    return args.get("cluster_services", {}).get("load_balancer_controller", needed)


def certificate_issuer(args: PlatformArgs) -> str:
    """The ClusterIssuer that signs, or nothing where certificates are switched off."""
    wanted = args.get("certificates", {})
    return wanted.get("existing_issuer", ISSUER) if wanted.get("enabled", True) else ""


def object_store(args: PlatformArgs) -> ObjectStoreArgs:
    """The S3 of a platform without AWS: a given one, or SeaweedFS beside the backends."""
    return args.get("object_store", seaweedfs_object_store(NAMESPACE))


def other_tenants(args: PlatformArgs) -> dict[str, str]:
    """Tenant of each other cluster that sends what it collects."""
    return {cluster: other["tenant"] for cluster, other in args.get("entrance", {}).get("clusters", {}).items()}


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
    if on_aws(args):
        own["audit_bucket_name"] = bucket_name(args, "audit")
    if on_aws(args):
        own["availability_zones"] = zones(args)
    if own.get("multi_tenancy") and other_tenants(args):
        own["tenants"] = {**{tenant: {} for tenant in other_tenants(args).values()}, **own.get("tenants", {})}
    own["protect"] = protected(args)
    if nodes := _nodes(args):
        own["node_count"] = nodes.fewest_nodes
        if nodes.largest_node_gib:
            own["node_memory_gib"] = nodes.largest_node_gib
    return cast(LogsArgs, own)


def traces_args(args: PlatformArgs, wiring: Wiring) -> TracesArgs:
    """Arguments of the traces room."""
    own: dict[str, Any] = _common(args, "traces", wiring)
    own |= _retention(args, "traces")
    if other_tenants(args):
        own["other_clusters"] = True
        if own.get("multi_tenancy"):
            own["tenants"] = other_tenants(args)
    if enabled(args, "metrics"):
        replicas = prometheus_sizing(args.get("metrics", {}).get("prometheus"))["replicas"]
        own["remote_write_urls"] = remote_write_urls(NAMESPACE, replicas, tls=bool(certificate_issuer(args)))
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


MADE_DATABASE = "grafana/database"
"""Secret of the database made here, below `/<name>/`."""

ADDRESSES = {
    "metrics": ("thanos_url", "prometheus_url", "alertmanager_url"),
    "logs": ("loki_url",),
    "traces": ("tempo_url",),
    "profiles": ("pyroscope_url",),
}
"""What Grafana calls of each signal."""


def stand_in_addresses(args: PlatformArgs) -> dict[str, str]:
    """For judging Grafana's arguments before there are backends."""
    return {key: "http://stand-in" for signal in SIGNALS if enabled(args, signal) for key in ADDRESSES[signal]}


def grafana_args(args: PlatformArgs, wiring: Wiring, addresses: Mapping[str, str]) -> GrafanaArgs:
    """Arguments of Grafana in the cluster."""
    chosen = args.get("grafana", {})
    here = ("enabled", "kind", "database", "managed")
    own: dict[str, Any] = {key: value for key, value in chosen.items() if key not in here}
    own |= {
        "platform_name": args["name"],
        "signals": grafana_signals(args, addresses),
        "namespace": NAMESPACE,
        "storage_class_name": storage_class(args),
        "charts_source": charts_source(args),
        "retention": args.get("retention", {}),
        "protect": protected(args),
    }
    if issuer := certificate_issuer(args):
        own["certificate_issuer"] = issuer
    if on_aws(args):
        own |= {"secret_store_name": SECRETS_MANAGER, "kms_key_arn": wiring.kms_key_arn}
    if "database" in chosen:
        database = chosen["database"]
        own["database"] = {"secret_name": database.get("existing_secret_name", MADE_DATABASE)}
        if "ca_config_map_name" in database:
            own["database"]["ca_config_map_name"] = database["ca_config_map_name"]
    return cast(GrafanaArgs, own)


def managed_grafana_args(args: PlatformArgs, wiring: Wiring, place: Mapping[str, Any]) -> ManagedGrafanaArgs:
    """Arguments of Amazon Managed Grafana, which calls the backends from outside of the cluster."""
    own: dict[str, Any] = {
        **args.get("grafana", {}).get("managed", {}),
        **place,
        "platform_name": args["name"],
        "account_id": args["account_id"],
        "region": args["region"],
        "kms_key_arn": wiring.kms_key_arn,
        "secret_store_name": SECRETS_MANAGER,
        "namespace": NAMESPACE,
        "retention": args.get("retention", {}),
        "protect": protected(args),
    }
    return cast(ManagedGrafanaArgs, own)


def grafana_signals(args: PlatformArgs, addresses: Mapping[str, str]) -> GrafanaSignalsArgs:
    """The backends that are on, and whose data is in them."""
    signals: dict[str, Any] = {**addresses, "span_metrics": enabled(args, "metrics") and enabled(args, "traces")}
    others = list(dict.fromkeys(other_tenants(args).values()))
    logs, traces, profiles = args.get("logs", {}), args.get("traces", {}), args.get("profiles", {})
    tenants = {
        "loki": (logs, [logs.get("tenant", LOKI_TENANT), *logs.get("tenants", {}), *others]),
        "tempo": (traces, [traces.get("tenant", args["name"]), *others]),
        "pyroscope": (profiles, [profiles.get("tenant", ""), *others]),
    }
    for backend, (room, names) in tenants.items():
        if f"{backend}_url" in addresses and room.get("multi_tenancy", False):
            signals[f"{backend}_tenants"] = list(dict.fromkeys(names))
    return cast(GrafanaSignalsArgs, signals)


def _common(args: PlatformArgs, signal: str, wiring: Wiring) -> dict[str, Any]:
    """What every room is told, and the platform's choices for this one."""
    chosen = {key: value for key, value in cast(dict[str, Any], args).get(signal, {}).items() if key != "enabled"}
    known: dict[str, Any] = {"object_store": object_store(args)}
    if on_aws(args):
        known = {**wiring._asdict(), "account_id": args["account_id"]}
    if issuer := certificate_issuer(args):
        known["certificate_issuer"] = issuer
    return {
        **chosen,
        **known,
        "cluster_name": wiring.cluster_name,
        "platform_name": args["name"],
        "region": region(args),
        "bucket_name": bucket_name(args, signal),
        "namespace": NAMESPACE,
        "agents_namespace": AGENTS_NAMESPACE,
        "storage_class_name": storage_class(args),
        "charts_source": charts_source(args),
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

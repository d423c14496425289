"""What is wrong with a platform's arguments, before anything is registered.

Paths are those of `PlatformArgs`. The parts' own functions judge their parts; what is left for this module
is what only the whole can see. Stack settings are held against the same rules (`settings.py`).
"""

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from . import defaults
from .foundation.checks import (
    account_faults,
    admin_faults,
    log_retention_faults,
    principal_faults,
    public_cidr_faults,
    region_faults,
)
from .foundation.helm_release import chart_faults
from .foundation.network import interface_endpoint_faults
from .foundation.node_groups import node_group_faults
from .foundation.object_store import object_store_faults
from .foundation.subnets import cidr_faults, zone_faults
from .logs.logs_args import logs_faults
from .metrics.metrics_args import metrics_faults
from .platform_args import PlatformArgs, PlatformClusterArgs, PlatformNetworkArgs
from .platform_service_faults import service_faults
from .profiles.profiles_args import profiles_faults
from .signals import STAND_IN, enabled, logs_args, metrics_args, on_aws, profiles_args, traces_args, zones
from .storage import retention_faults
from .traces.traces_args import traces_faults
from .validation import Fault
from .versions import CHARTS, EKS_ADDONS

LONGEST_NAME = 20
"""`<name>-profiles-<account>-<region>` has to fit into the 63 characters of a bucket's name."""


TAKEN_FOR_GRANTED = (
    "cloud",
    "cluster.existing",
    "region",
    "account_id",
    "name",
    "network.availability_zones",
    "cluster.node_groups",
    "retention",
)
"""What the signals' rooms build on, and can't judge with when it is wrong itself."""

AWS_ONLY = ("network", "secrets", "entrance")
"""Sections that have no meaning without AWS."""

PASSED_ON = {
    "metrics.retention": "retention.metrics",
    "logs.retention": "retention.logs",
    "logs.availability_zones": "network.availability_zones",
    "traces.retention_days": "retention.traces.days",
    "profiles.retention_days": "retention.profiles.days",
}
"""Arguments of rooms that are decided elsewhere in the platform's, and where."""


def platform_faults(args: PlatformArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = _cloud_faults(args)
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,18}[a-z0-9]", args["name"]):
        bound = f"be 3 to {LONGEST_NAME} lower-case letters, digits and inner hyphens, a letter first"
        faults.append(Fault("name", args["name"], bound))
    if on_aws(args):
        faults += _network_faults(args, args.get("network", {}))
        faults += _cluster_faults(args.get("cluster", {}))
    faults += _below("retention", retention_faults(args.get("retention", {})))
    if not any(fault.path.startswith(TAKEN_FOR_GRANTED) for fault in faults):
        faults += _signal_faults(args)
        faults += service_faults(args)
    faults += _charts_faults("charts.source", args.get("charts", {}).get("source", ""))
    protection = args.get("protection", {})
    if protection.get("force_destroy") and protection.get("enabled", True):
        bound = "be false while protection.enabled is true: the two contradict each other"
        faults.append(Fault("protection.force_destroy", True, bound))
    deleters = protection.get("deletion_principal_arns", [])
    return faults + principal_faults("protection.deletion_principal_arns", deleters)


def _cloud_faults(args: PlatformArgs) -> list[Fault]:
    """Arguments that have no meaning in the chosen cloud, or are missing for it."""
    cloud = args.get("cloud", "aws")
    if cloud not in ("aws", "none"):
        return [Fault("cloud", cloud, "be aws or none")]
    if cloud == "aws":
        faults = region_faults("region", args.get("region", ""))
        faults += account_faults("account_id", args.get("account_id", ""))
        return faults + _left_out(args, ("object_store", "seaweedfs"), "buckets are AWS' own")
    faults = _left_out(args, ("account_id", "region", *AWS_ONLY), "there is no AWS (cloud is none)")
    existing = args.get("cluster", {}).get("existing")
    if existing is None:
        return [*faults, Fault("cluster.existing", None, "name a cluster: without AWS none is made")]
    faults += _superfluous("cluster", args["cluster"], "", "the cluster exists")
    for key in ("oidc_issuer", "network"):
        if key in existing:
            faults.append(Fault(f"cluster.existing.{key}", existing[key], "be left out: there is no AWS"))
    if "storage_class_name" not in existing:
        bound = "name a storage class of the cluster, such as kind's standard or k3d's local-path"
        faults.append(Fault("cluster.existing.storage_class_name", None, bound))
    for key in ("deletion_principal_arns", "force_destroy"):
        if key in args.get("protection", {}):
            value = cast(dict[str, Any], args["protection"])[key]
            faults.append(Fault(f"protection.{key}", value, "be left out: there is no AWS"))
    if "object_store" in args:
        faults += _left_out(args, ("seaweedfs",), "object_store names another one")
    return faults + object_store_faults("object_store", args.get("object_store"))


def _left_out(args: PlatformArgs, keys: Iterable[str], reason: str) -> list[Fault]:
    """Keys that would be ignored, and so are refused."""
    given: Any = args
    return [Fault(key, given[key], f"be left out: {reason}") for key in keys if given.get(key)]


def _signal_faults(args: PlatformArgs) -> list[Fault]:
    """What each signal's room finds wrong with what it would be told."""
    faults: list[Fault] = []
    today = datetime.datetime.now(datetime.UTC).date()
    judged: dict[str, list[Fault]] = {
        "metrics": metrics_faults(metrics_args(args, STAND_IN)),
        "logs": logs_faults(logs_args(args, STAND_IN), today),
        "traces": traces_faults(traces_args(args, STAND_IN)),
        "profiles": profiles_faults(profiles_args(args, STAND_IN)),
    }
    for signal, found in judged.items():
        faults += _below(signal, found) if enabled(args, signal) else []
    return [fault._replace(path=_where_it_is_set(fault.path)) for fault in faults]


def _where_it_is_set(path: str) -> str:
    """The platform's own argument for one that it passes on to a room."""
    for passed, own in PASSED_ON.items():
        if path.startswith(passed):
            return own + path.removeprefix(passed)
    return path


def _network_faults(args: PlatformArgs, network: PlatformNetworkArgs) -> list[Fault]:
    faults = zone_faults("network.availability_zones", zones(args), args.get("region", ""))
    existing = network.get("existing")
    if "existing" in args.get("cluster", {}):
        return faults + _superfluous(
            "network", network, "availability_zones", "the cluster exists, and its network too"
        )
    if existing is not None:
        faults += _superfluous("network", network, "availability_zones", "the VPC exists")
        private = existing["private_subnet_ids"]
        if len(private) != len(zones(args)):
            bound = f"be one for each availability zone: {', '.join(zones(args))}"
            faults.append(Fault("network.existing.private_subnet_ids", private, bound))
        return faults
    faults += cidr_faults("network.cidr_block", network.get("cidr_block", defaults.NETWORK_CIDR))
    faults += interface_endpoint_faults("network.interface_endpoints", network.get("interface_endpoints", []))
    days = network.get("flow_log_retention_days", defaults.FLOW_LOG_RETENTION_DAYS)
    return faults + log_retention_faults("network.flow_log_retention_days", days)


def _cluster_faults(cluster: PlatformClusterArgs) -> list[Fault]:
    existing = cluster.get("existing")
    if existing is not None:
        faults = _superfluous("cluster", cluster, "", "the cluster exists")
        issuer = existing.get("oidc_issuer", "")
        if not re.fullmatch(r"(https://)?[a-z0-9.-]+(/[A-Za-z0-9._/-]+)?", issuer):
            bound = "be an issuer such as oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF"
            faults.append(Fault("cluster.existing.oidc_issuer", issuer, bound))
        return faults
    version = cluster.get("kubernetes_version", defaults.KUBERNETES_VERSION)
    faults = []
    if version not in EKS_ADDONS:
        faults.append(Fault("cluster.kubernetes_version", version, f"be one of {', '.join(EKS_ADDONS)}"))
    faults += public_cidr_faults("cluster.public_access_cidrs", cluster.get("public_access_cidrs", []))
    faults += admin_faults("cluster.admin_principal_arns", cluster.get("admin_principal_arns", []))
    if "node_groups" in cluster:
        faults += node_group_faults("cluster.node_groups", cluster["node_groups"])
    days = cluster.get("control_plane_log_retention_days", defaults.CONTROL_PLANE_LOG_RETENTION_DAYS)
    return faults + log_retention_faults("cluster.control_plane_log_retention_days", days)


def _charts_faults(path: str, source: str) -> list[Fault]:
    """A charts source that can't be one, or a folder that lacks charts."""
    faults = [fault._replace(path=path) for chart in CHARTS for fault in chart_faults(chart, source)]
    return list(dict.fromkeys(faults))


def _superfluous(section: str, given: Mapping[str, object], allowed: str, reason: str) -> list[Fault]:
    """Keys that would be ignored beside `existing`, and so are refused."""
    return [
        Fault(f"{section}.{key}", value, f"be left out: {reason}")
        for key, value in given.items()
        if key not in ("existing", allowed)
    ]


def _below(prefix: str, faults: Iterable[Fault]) -> list[Fault]:
    """The faults of a part, with paths that begin at the whole."""
    return [fault._replace(path=f"{prefix}.{fault.path}") for fault in faults]

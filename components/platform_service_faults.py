"""What is wrong with what stands beside the signals: Grafana, the entrance, the cluster's services."""

from typing import Any, cast

from .foundation.karpenter_values import KarpenterArgs, karpenter_faults
from .grafana.database_args import GrafanaDatabaseArgs, grafana_database_faults
from .grafana.grafana_args import grafana_faults
from .grafana.managed_args import managed_grafana_faults
from .platform_args import PlatformArgs
from .security.entrance_args import EntranceArgs, entrance_faults
from .signals import (
    AGENTS_NAMESPACE,
    NAMESPACE,
    STAND_IN,
    balances,
    certificate_issuer,
    enabled,
    grafana_args,
    managed_grafana_args,
    on_aws,
    stand_in_addresses,
)
from .validation import Fault

AUTOSCALERS = ("none", "karpenter", "cluster-autoscaler")
GRAFANA_KINDS = ("self-hosted", "managed")


def service_faults(args: PlatformArgs) -> list[Fault]:
    """Everything wrong with them. The signals' own arguments have been judged."""
    return [
        *_certificate_faults(args),
        *(_grafana_faults(args) if enabled(args, "grafana") else []),
        *_entrance_faults(args),
        *_cluster_service_faults(args),
    ]


def _certificate_faults(args: PlatformArgs) -> list[Fault]:
    wanted = args.get("certificates", {})
    if "existing_issuer" in wanted and not wanted.get("enabled", True):
        return [
            Fault("certificates.existing_issuer", wanted["existing_issuer"], "be left out: certificates are disabled")
        ]
    return []


def _grafana_faults(args: PlatformArgs) -> list[Fault]:
    wanted = args.get("grafana", {})
    kind = wanted.get("kind", "self-hosted")
    if kind not in GRAFANA_KINDS:
        return [Fault("grafana.kind", kind, f"be one of {', '.join(GRAFANA_KINDS)}")]
    if kind == "managed" and not on_aws(args):
        return [Fault("grafana.kind", kind, "be self-hosted: there is no AWS (cloud is none)")]
    if kind == "managed":
        return _managed_faults(args)
    if "managed" in wanted:
        return [Fault("grafana.managed", dict(wanted["managed"]), "be left out, or kind be managed")]
    faults: list[Fault] = []
    database = cast(dict[str, Any], wanted.get("database", {}))
    if "database" in wanted and "existing_secret_name" not in database:
        if not on_aws(args):
            bound = "be given: there is no AWS to make a database on (cloud is none)"
            faults.append(Fault("grafana.database.existing_secret_name", None, bound))
        else:
            faults += _place_faults(args, "grafana.database")
            sizes = {key: value for key, value in database.items() if key != "ca_config_map_name"}
            judged = {**_STAND_INS, **_place(args), "platform_name": args["name"], **sizes}
            wrong = grafana_database_faults(cast(GrafanaDatabaseArgs, judged))
            faults += [fault._replace(path=f"grafana.database.{fault.path}") for fault in wrong]
    elif "existing_secret_name" in database:
        faults += [
            Fault(f"grafana.database.{key}", value, "be left out: the database exists")
            for key, value in database.items()
            if key not in ("existing_secret_name", "ca_config_map_name")
        ]
    found = grafana_faults(grafana_args(args, STAND_IN, stand_in_addresses(args)))
    return faults + [fault._replace(path=f"grafana.{fault.path}") for fault in found]


def _managed_faults(args: PlatformArgs) -> list[Fault]:
    wanted = cast(dict[str, Any], args["grafana"])
    faults = [
        Fault(f"grafana.{key}", value, "be left out: the workspace is AWS' own (kind is managed)")
        for key, value in wanted.items()
        if key not in ("enabled", "kind", "managed")
    ]
    if "managed" not in wanted:
        return [*faults, Fault("grafana.managed", None, "be given with kind managed")]
    place = {"vpc_id": "vpc-0", "subnet_ids": ["subnet-0", "subnet-1"]}
    found = managed_grafana_faults(managed_grafana_args(args, STAND_IN, place))
    faults += _place_faults(args, "grafana.managed")
    return faults + [fault._replace(path=f"grafana.managed.{fault.path}") for fault in found]


def _entrance_faults(args: PlatformArgs) -> list[Fault]:
    if "entrance" not in args or not on_aws(args):
        return []
    faults = _place_faults(args, "entrance")
    if not certificate_issuer(args):
        bound = "be true with an entrance: other clusters come in over mutual TLS only"
        faults.append(Fault("certificates.enabled", False, bound))
    if enabled(args, "metrics") and not args.get("metrics", {}).get("receive_enabled", False):
        faults.append(Fault("metrics.receive_enabled", False, "be true with an entrance, or metrics be disabled"))
    judged = {
        **args["entrance"],
        "platform_name": args["name"],
        "vpc_id": "vpc-0",
        "subnet_ids": ["subnet-0", "subnet-1"],
        "namespace": NAMESPACE,
        "agents_namespace": AGENTS_NAMESPACE,
    }
    found = entrance_faults(cast(EntranceArgs, judged))
    return faults + [fault._replace(path=f"entrance.{fault.path}") for fault in found]


def _cluster_service_faults(args: PlatformArgs) -> list[Fault]:
    wanted = cast(dict[str, Any], args.get("cluster_services", {}))
    faults: list[Fault] = []
    if not on_aws(args):
        faults += [
            Fault(f"cluster_services.{key}", value, "be left out: there is no AWS (cloud is none)")
            for key, value in wanted.items()
            if key != "metrics_server"
        ]
        balanced = False
    else:
        balanced = balances(args)
    if balanced:
        faults += _place_faults(args, "cluster_services.load_balancer_controller")
    if wanted.get("metrics_server", False) and not certificate_issuer(args):
        bound = "be false, or certificates.enabled be true: the API server checks its certificate"
        faults.append(Fault("cluster_services.metrics_server", True, bound))
    if wanted.get("metrics_server", False) and "existing" not in args.get("cluster", {}):
        bound = "be false: a cluster made here has it as an add-on"
        faults.append(Fault("cluster_services.metrics_server", True, bound))
    scaler = wanted.get("autoscaler", {})
    kind = scaler.get("kind", "none")
    if kind not in AUTOSCALERS:
        faults.append(Fault("cluster_services.autoscaler.kind", kind, f"be one of {', '.join(AUTOSCALERS)}"))
    if kind != "none" and "existing" in args.get("cluster", {}):
        bound = "be none: only for nodes of a cluster made here"
        faults.append(Fault("cluster_services.autoscaler.kind", kind, bound))
    if "pools" in scaler and kind != "karpenter":
        faults.append(Fault("cluster_services.autoscaler.pools", scaler["pools"], "be left out, or kind be karpenter"))
    elif "pools" in scaler:
        judged = {**_STAND_INS, **_place(args), "cluster_name": args["name"], "pools": scaler["pools"]}
        found = karpenter_faults(cast(KarpenterArgs, judged))
        faults += [fault._replace(path=f"cluster_services.autoscaler.{fault.path}") for fault in found]
    return faults


_STAND_INS: dict[str, Any] = {
    **STAND_IN._asdict(),
    "vpc_id": "vpc-0",
    "subnet_ids": ["subnet-0", "subnet-1"],
    "private_subnet_ids": ["subnet-0", "subnet-1"],
    "client_security_group_id": "sg-0",
    "security_group_id": "sg-0",
    "volume_kms_key_arn": "arn:aws:kms:::key/0",
}
"""For judging arguments before there is a network."""


def _place(args: PlatformArgs) -> dict[str, str]:
    return {"account_id": args["account_id"], "region": args["region"]}


def _place_faults(args: PlatformArgs, path: str) -> list[Fault]:
    """Things of AWS beside the cluster need to know where it is."""
    existing = args.get("cluster", {}).get("existing")
    if existing is None or "network" in existing:
        return []
    bound = f"be given with {path}: VPC, subnets and security group of the cluster"
    return [Fault("cluster.existing.network", None, bound)]

"""Grafana as the platform has it: in the cluster, with a database if one is wanted, or AWS' own."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from .grafana.grafana import Grafana
from .platform_args import PlatformArgs
from .platform_cluster import Foothold
from .platform_ground import after
from .signals import enabled, grafana_args, managed_grafana_args, protected


def grafana(
    name: str, args: PlatformArgs, foothold: Foothold, addresses: Mapping[str, str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Its address; empty where it is switched off."""
    if not enabled(args, "grafana"):
        return pulumi.Output.from_input("")
    if args.get("grafana", {}).get("kind", "self-hosted") == "managed":
        from .grafana.managed import ManagedGrafana

        assert foothold.place is not None, "platform_faults: a workspace needs the network"
        place = {"vpc_id": foothold.place.vpc_id, "subnet_ids": foothold.place.private_subnet_ids}
        return ManagedGrafana(f"{name}-grafana", managed_grafana_args(args, foothold.wiring, place), opts).url
    database = _database(name, args, foothold)
    pane = Grafana(
        f"{name}-grafana", grafana_args(args, foothold.wiring, addresses), after(opts, [database] if database else [])
    )
    return pulumi.Output.from_input(pane.address or pane.url)


def _database(name: str, args: PlatformArgs, foothold: Foothold) -> pulumi.Resource | None:
    """PostgreSQL on RDS, where one is wanted and none is there."""
    wanted = args.get("grafana", {}).get("database")
    if wanted is None or "existing_secret_name" in wanted:
        return None
    from .grafana.database import GrafanaDatabase, GrafanaDatabaseArgs

    assert foothold.place is not None, "platform_faults: a database needs the network"
    given: dict[str, Any] = {
        **{key: value for key, value in wanted.items() if key != "ca_config_map_name"},
        "platform_name": args["name"],
        "account_id": args["account_id"],
        "region": args["region"],
        "kms_key_arn": foothold.wiring.kms_key_arn,
        "vpc_id": foothold.place.vpc_id,
        "subnet_ids": foothold.place.private_subnet_ids,
        "client_security_group_id": foothold.place.security_group_id,
        "protect": protected(args),
    }
    parent = pulumi.ResourceOptions(parent=foothold.inside.parent)
    return GrafanaDatabase(f"{name}-grafana-database", cast(GrafanaDatabaseArgs, given), parent)

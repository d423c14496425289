"""Where the platform stands: a cluster that is there already, or one made here in a network made here or given.

The Kubernetes provider is made here too, the one provider that a component makes
(docs/adr/0003-one-provider-made-in-a-component.md).
"""

from typing import Any, NamedTuple, cast

import pulumi
import pulumi_kubernetes as kubernetes

from . import naming
from .foundation.cluster import EksCluster, EksClusterArgs
from .foundation.network import Network, NetworkArgs
from .platform_args import PlatformArgs
from .signals import Wiring, on_aws, zones


class Foothold(NamedTuple):
    """A cluster, made here or not."""

    wiring: Wiring
    kubeconfig: pulumi.Output[str] | None
    """Of a cluster made here."""
    inside: pulumi.ResourceOptions
    """For what is installed on the cluster, once it can run pods."""
    place: "Place | None" = None
    """Its network, where it is known."""


class Place(NamedTuple):
    """The network that the cluster's nodes are in."""

    vpc_id: pulumi.Input[str]
    private_subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    """That of nodes and pods."""


def existing_cluster(
    name: str, args: PlatformArgs, key_arn: pulumi.Input[str] | None, parent: pulumi.Resource
) -> Foothold | None:
    """The cluster that the arguments name, if they do."""
    existing = args.get("cluster", {}).get("existing")
    if existing is None:
        return None
    inside = pulumi.ResourceOptions(parent=parent)
    if "kubeconfig" in existing:
        inside = _inside(name, existing["name"], existing["kubeconfig"], [], parent)
    if not on_aws(args):
        return Foothold(Wiring(existing["name"]), None, inside)
    issuer = existing["oidc_issuer"].removeprefix("https://")
    provider_arn = naming.oidc_provider_arn(args["account_id"], args["region"], issuer)
    place = None
    if "network" in existing:
        network = existing["network"]
        place = Place(network["vpc_id"], network["private_subnet_ids"], network["security_group_id"])
    return Foothold(Wiring(existing["name"], key_arn, provider_arn, issuer), None, inside, place)


def new_cluster(name: str, args: PlatformArgs, key_arn: pulumi.Output[str], parent: pulumi.Resource) -> Foothold:
    """A cluster, in a network made here or given."""
    vpc_id, private, control_plane = _subnets(name, args, key_arn, parent)
    given: dict[str, Any] = {
        "cluster_name": args["name"],
        "account_id": args["account_id"],
        "region": args["region"],
        "vpc_id": vpc_id,
        "private_subnet_ids": private,
        "control_plane_subnet_ids": control_plane,
        "availability_zones": zones(args),
        "log_kms_key_arn": key_arn,
        "node_volume_kms_key_arn": key_arn,
        "protect": args.get("protection", {}).get("enabled", True),
    }
    cluster = EksCluster(
        f"{name}-cluster",
        cast(EksClusterArgs, given | args.get("cluster", {})),
        pulumi.ResourceOptions(parent=parent),
    )
    inside = _inside(name, args["name"], cluster.kubeconfig, cluster.ready, parent)
    wiring = Wiring(args["name"], key_arn, cluster.oidc_provider_arn, cluster.oidc_issuer)
    return Foothold(wiring, cluster.kubeconfig, inside, Place(vpc_id, private, cluster.security_group_id))


def _subnets(
    name: str, args: PlatformArgs, key_arn: pulumi.Output[str], parent: pulumi.Resource
) -> tuple[pulumi.Input[str], pulumi.Input[list[str]], pulumi.Input[list[str]]]:
    """VPC, subnets of nodes and subnets of the control plane."""
    wanted = args.get("network", {})
    if "existing" in wanted:
        existing = wanted["existing"]
        private = existing["private_subnet_ids"]
        return existing["vpc_id"], private, existing.get("control_plane_subnet_ids", private)
    given = {
        "region": args["region"],
        "account_id": args["account_id"],
        "cluster_name": args["name"],
        "kms_key_arn": key_arn,
        "availability_zones": zones(args),
    }
    network = Network(f"{name}-network", cast(NetworkArgs, wanted | given), pulumi.ResourceOptions(parent=parent))
    return network.vpc_id, network.private_subnet_ids, network.intra_subnet_ids


def _inside(
    name: str, cluster: str, kubeconfig: pulumi.Input[str], ready: list[pulumi.Resource], parent: pulumi.Resource
) -> pulumi.ResourceOptions:
    """Options for what is installed on a cluster.

    Everything installed through the provider depends on it, and so on what it depends on: pods come after
    nodes and add-ons, and are gone before them. Without the identifier a renewed certificate in the
    kubeconfig would look like another cluster, and replace everything on this one. Without `mutable` a changed
    dashboard or rule would be deleted and made again, and be missing in between.
    """
    provider = kubernetes.Provider(
        f"{name}-kubernetes",
        kubeconfig=kubeconfig,
        cluster_identifier=cluster,
        enable_config_map_mutable=True,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=ready),
    )
    return pulumi.ResourceOptions(parent=parent, providers={"kubernetes": provider})

"""The whole platform: the sum of components that each work alone.

It decides what they need of each other (keys, buckets, subnets, who waits for whom) and nothing else.
Unlike them it makes a provider: the Kubernetes one, whose address is born with the cluster
(docs/adr/0003-one-provider-made-in-a-component.md).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import pulumi
import pulumi_kubernetes as kubernetes

from . import naming
from .foundation.cluster import EksCluster, EksClusterArgs
from .foundation.encryption_key import EncryptionKey
from .foundation.helm_release import HelmRelease
from .foundation.namespace import Namespace
from .foundation.network import Network, NetworkArgs
from .foundation.storage_class import StorageClass
from .foundation.tiered_bucket import TieredBucket
from .logs.logs import Logs
from .metrics.metrics import Metrics
from .platform_args import PlatformArgs
from .platform_faults import platform_faults
from .profiles.profiles import Profiles
from .signals import (
    AGENTS_NAMESPACE,
    NAMESPACE,
    STORAGE_CLASS,
    Wiring,
    bucket_name,
    enabled,
    logs_args,
    metrics_args,
    profiles_args,
    traces_args,
    zones,
)
from .storage import BucketPlan, bucket_plans
from .traces.traces import Traces
from .validation import refuse


class Foothold(NamedTuple):
    """A cluster, made here or not."""

    wiring: Wiring
    kubeconfig: pulumi.Output[str] | None
    """Of a cluster made here."""
    inside: pulumi.ResourceOptions
    """For what is installed on the cluster, once it can run pods."""


class Platform(pulumi.ComponentResource):
    """Observability on EKS: network, cluster, keys, tiered buckets and every signal's backends."""

    cluster_name: pulumi.Output[str]
    """Name of the EKS cluster."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig of a cluster made here, empty for an existing one. It holds no credentials."""
    bucket_names: pulumi.Output[dict[str, str]]
    """Physical name of each signal's bucket."""
    query_urls: pulumi.Output[dict[str, str]]
    """Address of each signal that is on, inside the cluster: Prometheus' API over all metrics, Loki's gateway,
    Tempo and Pyroscope."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Platform", name, platform_faults(args))
        super().__init__("eks-observability:index:Platform", name, dict(args), opts)
        protection = args.get("protection", {})
        key = EncryptionKey(
            f"{name}-key",
            {
                "alias": args["name"],
                "description": f"Telemetry, logs and volumes of {args['name']}",
                "account_id": args["account_id"],
                "region": args["region"],
                "services": ["logs", "ebs"],
                "protect": protection.get("enabled", True),
            },
            pulumi.ResourceOptions(parent=self),
        ).key_arn
        buckets = {
            plan.signal: _bucket(name, args, plan, key, self) for plan in bucket_plans(args.get("retention", {}))
        }
        foothold = _existing_cluster(name, args, key, self) or _new_cluster(name, args, key, self)
        ground = _ground(name, args, key, foothold)
        urls = _signals(name, args, foothold, buckets, ground)
        self.cluster_name = pulumi.Output.from_input(foothold.wiring.cluster_name)
        self.kubeconfig = foothold.kubeconfig or pulumi.Output.from_input("")
        self.bucket_names = pulumi.Output.from_input({signal: bucket_name(args, signal) for signal in buckets})
        self.query_urls = pulumi.Output.from_input(urls)
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "kubeconfig": self.kubeconfig,
                "bucket_names": self.bucket_names,
                "query_urls": self.query_urls,
            }
        )


def _signals(
    name: str,
    args: PlatformArgs,
    foothold: Foothold,
    buckets: Mapping[str, TieredBucket],
    ground: list[pulumi.Resource],
) -> dict[str, str]:
    """The rooms of the signals that are switched on; the address of each inside the cluster."""
    urls: dict[str, str] = {}
    crds = HelmRelease(
        f"{name}-crds",
        {
            "chart": "prometheus-operator-crds",
            "release_name": "prometheus-operator-crds",
            "namespace": NAMESPACE,
            "values": {},
            "charts_source": args.get("charts", {}).get("source", ""),
        },
        _after(foothold.inside, ground),
    )

    def opts(signal: str, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return _after(foothold.inside, [buckets[signal], crds, *ground, *after])

    if enabled(args, "metrics"):
        metrics = Metrics(f"{name}-metrics", metrics_args(args, foothold.wiring), opts("metrics"))
        urls["metrics"] = metrics.query_frontend_url
    if enabled(args, "logs"):
        logs = Logs(f"{name}-logs", logs_args(args, foothold.wiring), opts("logs", buckets["audit"]))
        urls["logs"] = logs.gateway_url
    if enabled(args, "traces"):
        traces = Traces(f"{name}-traces", traces_args(args, foothold.wiring), opts("traces"))
        urls["traces"] = traces.query_url
    if enabled(args, "profiles"):
        profiles = Profiles(f"{name}-profiles", profiles_args(args, foothold.wiring), opts("profiles"))
        urls["profiles"] = profiles.query_url
    return urls


def _after(opts: pulumi.ResourceOptions, resources: list[pulumi.Resource]) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=resources))


def _bucket(
    name: str, args: PlatformArgs, plan: BucketPlan, key_arn: pulumi.Output[str], parent: Platform
) -> TieredBucket:
    """One signal's bucket, whose objects only its backend's roles delete."""
    account, region = args["account_id"], args["region"]
    protection = args.get("protection", {})
    return TieredBucket(
        f"{name}-{plan.signal}-bucket",
        {
            "bucket_name": bucket_name(args, plan.signal),
            "region": region,
            "kms_key_arn": key_arn,
            "transitions": [
                {"storage_class": step.storage_class, "after_days": step.after_days} for step in plan.transitions
            ],
            "expire_after_days": plan.expire_after_days,
            "protect": protection.get("enabled", True),
            "force_destroy": protection.get("force_destroy", False),
            "deletion_principal_arns": protection.get("deletion_principal_arns", []),
            "object_deletion_principal_arns": [
                naming.role_arn(account, region, naming.role_name(args["name"], region, role)) for role in plan.roles
            ],
        },
        pulumi.ResourceOptions(parent=parent),
    )


def _existing_cluster(name: str, args: PlatformArgs, key_arn: pulumi.Output[str], parent: Platform) -> Foothold | None:
    """The cluster that the arguments name, if they do."""
    existing = args.get("cluster", {}).get("existing")
    if existing is None:
        return None
    issuer = existing["oidc_issuer"].removeprefix("https://")
    inside = pulumi.ResourceOptions(parent=parent)
    if "kubeconfig" in existing:
        inside = _inside(name, existing["name"], existing["kubeconfig"], [], parent)
    provider_arn = naming.oidc_provider_arn(args["account_id"], args["region"], issuer)
    return Foothold(Wiring(existing["name"], key_arn, provider_arn, issuer), None, inside)


def _new_cluster(name: str, args: PlatformArgs, key_arn: pulumi.Output[str], parent: Platform) -> Foothold:
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
    return Foothold(wiring, cluster.kubeconfig, inside)


def _subnets(
    name: str, args: PlatformArgs, key_arn: pulumi.Output[str], parent: Platform
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
    name: str, cluster: str, kubeconfig: pulumi.Input[str], ready: list[pulumi.Resource], parent: Platform
) -> pulumi.ResourceOptions:
    """Options for what is installed on a cluster.

    Everything installed through the provider depends on it, and so on what it depends on: pods come after
    nodes and add-ons, and are gone before them. Without the identifier a renewed certificate in the
    kubeconfig would look like another cluster, and replace everything on this one.
    """
    provider = kubernetes.Provider(
        f"{name}-kubernetes",
        kubeconfig=kubeconfig,
        cluster_identifier=cluster,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=ready),
    )
    return pulumi.ResourceOptions(parent=parent, providers={"kubernetes": provider})


def _ground(name: str, args: PlatformArgs, key_arn: pulumi.Output[str], foothold: Foothold) -> list[pulumi.Resource]:
    """What every signal's pods need to be there first: namespaces and volumes."""
    return [
        Namespace(f"{name}-backends", {"namespace": NAMESPACE, "pod_security": "restricted"}, foothold.inside),
        Namespace(f"{name}-agents", {"namespace": AGENTS_NAMESPACE, "pod_security": "privileged"}, foothold.inside),
        StorageClass(
            f"{name}-volumes",
            {
                "storage_class_name": STORAGE_CLASS,
                "kms_key_arn": key_arn,
                # An existing cluster has chosen its default already.
                "default": "existing" not in args.get("cluster", {}),
                "protect": args.get("protection", {}).get("enabled", True),
            },
            foothold.inside,
        ),
    ]

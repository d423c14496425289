"""The whole platform: the sum of components that each work alone.

It decides what they need of each other (keys, buckets, subnets, who waits for whom) and nothing else.
"""

from collections.abc import Mapping
from typing import cast

import pulumi

from . import naming
from .foundation.encryption_key import EncryptionKey
from .foundation.tiered_bucket import TieredBucket
from .logs.logs import Logs
from .metrics.metrics import Metrics
from .platform_args import PlatformArgs
from .platform_cluster import Foothold, existing_cluster, new_cluster
from .platform_faults import platform_faults
from .platform_grafana import grafana
from .platform_ground import after, ground
from .platform_services import cluster_services
from .profiles.profiles import Profiles
from .security.centre import METRICS_PATH
from .security.entrance import Entrance
from .security.entrance_args import EntranceArgs, EntranceUpstreamsArgs
from .signals import (
    ADDRESSES,
    AGENTS_NAMESPACE,
    NAMESPACE,
    SIGNALS,
    bucket_name,
    certificate_issuer,
    enabled,
    logs_args,
    metrics_args,
    on_aws,
    other_tenants,
    profiles_args,
    protected,
    traces_args,
)
from .storage import BucketPlan, bucket_plans
from .traces.traces import Traces
from .validation import refuse


class Platform(pulumi.ComponentResource):
    """Observability on Kubernetes: network, cluster, keys, tiered buckets and every signal's backends."""

    cluster_name: pulumi.Output[str]
    """Name of the cluster."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig of a cluster made here, empty for an existing one. It holds no credentials."""
    bucket_names: pulumi.Output[dict[str, str]]
    """Physical name of each signal's bucket."""
    query_urls: pulumi.Output[dict[str, str]]
    """Address of each signal that is on, inside the cluster: Prometheus' API over all metrics, Loki's gateway,
    Tempo and Pyroscope."""
    grafana_url: pulumi.Output[str]
    """Address of Grafana: in browsers if it has one there, else inside the cluster. Empty without Grafana."""
    entrance_address: pulumi.Output[str]
    """DNS name of the load balancer that other clusters send to; empty without an entrance."""
    entrance_zone_id: pulumi.Output[str]
    """Hosted zone of that name, for an alias record; empty without an entrance."""
    entrance_endpoint_service: pulumi.Output[str]
    """Name of its PrivateLink endpoint service; empty without one."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Platform", name, platform_faults(args))
        super().__init__("eks-observability:index:Platform", name, dict(args), opts)
        plans = bucket_plans(args.get("retention", {}))
        key = _key(name, args, self) if on_aws(args) else None
        buckets = {plan.signal: _bucket(name, args, plan, key, self) for plan in plans} if key is not None else {}
        foothold = existing_cluster(name, args, key, self)
        if foothold is None:
            assert key is not None, "platform_faults: without AWS the cluster exists"
            foothold = new_cluster(name, args, key, self)
        base = ground(name, args, key, foothold)
        urls, upstreams = _signals(name, args, foothold, buckets, base.pods)
        balancers = cluster_services(name, args, foothold, after(foothold.inside, base.pods))
        pane = grafana(name, args, foothold, urls, after(foothold.inside, [*base.secrets, *balancers]))
        door = _entrance(name, args, foothold, upstreams, after(foothold.inside, [*base.secrets, *balancers]))
        self.cluster_name = pulumi.Output.from_input(foothold.wiring.cluster_name)
        self.kubeconfig = foothold.kubeconfig or pulumi.Output.from_input("")
        kept = [plan.signal for plan in plans if on_aws(args) or plan.signal in SIGNALS]
        self.bucket_names = pulumi.Output.from_input({signal: bucket_name(args, signal) for signal in kept})
        self.query_urls = pulumi.Output.from_input(
            {signal: urls[own] for signal, (own, *_) in ADDRESSES.items() if own in urls}
        )
        self.grafana_url = pane
        self.entrance_address = door.address if door else pulumi.Output.from_input("")
        self.entrance_zone_id = door.address_zone_id if door else pulumi.Output.from_input("")
        self.entrance_endpoint_service = door.endpoint_service_name if door else pulumi.Output.from_input("")
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "kubeconfig": self.kubeconfig,
                "bucket_names": self.bucket_names,
                "query_urls": self.query_urls,
                "grafana_url": self.grafana_url,
                "entrance_address": self.entrance_address,
                "entrance_zone_id": self.entrance_zone_id,
                "entrance_endpoint_service": self.entrance_endpoint_service,
            }
        )


def _signals(
    name: str,
    args: PlatformArgs,
    foothold: Foothold,
    buckets: Mapping[str, TieredBucket],
    first: list[pulumi.Resource],
) -> tuple[dict[str, str], EntranceUpstreamsArgs]:
    """The rooms of the signals that are switched on: what Grafana calls, and what the entrance calls."""
    urls: dict[str, str] = {}
    upstreams: EntranceUpstreamsArgs = {}

    def opts(*signals: str) -> pulumi.ResourceOptions:
        own = [buckets[signal] for signal in signals if signal in buckets]
        return after(foothold.inside, [*own, *first])

    if enabled(args, "metrics"):
        metrics = Metrics(f"{name}-metrics", metrics_args(args, foothold.wiring), opts("metrics"))
        urls["thanos_url"], urls["prometheus_url"] = metrics.query_frontend_url, metrics.prometheus_url
        urls["alertmanager_url"] = metrics.alertmanager_url
        if metrics.remote_write_url:
            upstreams["metrics"] = metrics.remote_write_url.removesuffix(METRICS_PATH)
    if enabled(args, "logs"):
        logs = Logs(f"{name}-logs", logs_args(args, foothold.wiring), opts("logs", "audit"))
        urls["loki_url"] = upstreams["logs"] = logs.gateway_url
    if enabled(args, "traces"):
        traces = Traces(f"{name}-traces", traces_args(args, foothold.wiring), opts("traces"))
        urls["tempo_url"] = traces.query_url
        upstreams["otlp"] = traces.other_clusters_url
    if enabled(args, "profiles"):
        profiles = Profiles(f"{name}-profiles", profiles_args(args, foothold.wiring), opts("profiles"))
        urls["pyroscope_url"] = profiles.query_url
        upstreams["profiles"] = profiles.write_url
    return urls, upstreams


def _entrance(
    name: str,
    args: PlatformArgs,
    foothold: Foothold,
    upstreams: EntranceUpstreamsArgs,
    opts: pulumi.ResourceOptions,
) -> Entrance | None:
    """Where other clusters come in, if there are any."""
    if not other_tenants(args):
        return None
    assert foothold.place is not None, "platform_faults: an entrance needs the network"
    wanted = {
        **args["entrance"],
        "platform_name": args["name"],
        "vpc_id": foothold.place.vpc_id,
        "subnet_ids": foothold.place.private_subnet_ids,
        "upstreams": upstreams,
        "certificate_issuer": certificate_issuer(args),
        "namespace": NAMESPACE,
        "agents_namespace": AGENTS_NAMESPACE,
        "protect": protected(args),
    }
    return Entrance(f"{name}-entrance", cast(EntranceArgs, wanted), opts)


def _key(name: str, args: PlatformArgs, parent: Platform) -> pulumi.Output[str]:
    """ARN of the one key."""
    key = EncryptionKey(
        f"{name}-key",
        {
            "alias": args["name"],
            "description": f"Telemetry, logs and volumes of {args['name']}",
            "account_id": args["account_id"],
            "region": args["region"],
            "services": ["logs", "ebs"],
            "protect": args.get("protection", {}).get("enabled", True),
        },
        pulumi.ResourceOptions(parent=parent),
    )
    return key.key_arn


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

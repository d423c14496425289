"""What a cluster needs besides the platform, and may have already: load balancers, metrics for scaling, more nodes."""

from typing import Any, cast

import pulumi

from . import defaults
from .foundation.cluster_autoscaler import ClusterAutoscaler, ClusterAutoscalerArgs
from .foundation.karpenter import Karpenter
from .foundation.karpenter_values import KarpenterArgs
from .foundation.load_balancer_controller import LoadBalancerController, LoadBalancerControllerArgs
from .foundation.metrics_server import MetricsServer, MetricsServerArgs
from .platform_args import PlatformArgs
from .platform_cluster import Foothold
from .signals import balances, certificate_issuer, charts_source, on_aws


def cluster_services(
    name: str, args: PlatformArgs, foothold: Foothold, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """Those that are wanted; what is returned is the load balancer controller, for whoever needs load balancers."""
    wanted = args.get("cluster_services", {})
    if wanted.get("metrics_server", False):
        server: dict[str, Any] = {
            "certificate_issuer": certificate_issuer(args),
            "charts_source": charts_source(args),
        }
        if not on_aws(args):
            # kubelets of kind and k3d have certificates that nobody signed, and there is one node.
            server |= {"kubelet_insecure_tls": True, "replicas": 1}
        MetricsServer(f"{name}-metrics-server", cast(MetricsServerArgs, server), opts)
    _autoscaler(name, args, foothold, opts)
    if not balances(args):
        return []
    assert foothold.place is not None, "platform_faults: a load balancer controller needs the network"
    controller = {**_common(args, foothold), "vpc_id": foothold.place.vpc_id}
    if issuer := certificate_issuer(args):
        controller["certificate_issuer"] = issuer
    return [LoadBalancerController(f"{name}-load-balancers", cast(LoadBalancerControllerArgs, controller), opts)]


def _autoscaler(name: str, args: PlatformArgs, foothold: Foothold, opts: pulumi.ResourceOptions) -> None:
    kind = args.get("cluster_services", {}).get("autoscaler", {}).get("kind", "none")
    if kind == "cluster-autoscaler":
        version = args.get("cluster", {}).get("kubernetes_version", defaults.KUBERNETES_VERSION)
        scaler = {**_common(args, foothold), "kubernetes_version": version}
        ClusterAutoscaler(f"{name}-autoscaler", cast(ClusterAutoscalerArgs, scaler), opts)
    elif kind == "karpenter":
        assert foothold.place is not None, "platform_faults: only on a cluster made here"
        nodes: dict[str, Any] = {
            **_common(args, foothold),
            "private_subnet_ids": foothold.place.private_subnet_ids,
            "security_group_id": foothold.place.security_group_id,
            "volume_kms_key_arn": foothold.wiring.kms_key_arn,
        }
        if "pools" in args["cluster_services"]["autoscaler"]:
            nodes["pools"] = args["cluster_services"]["autoscaler"]["pools"]
        Karpenter(f"{name}-autoscaler", cast(KarpenterArgs, nodes), opts)


def _common(args: PlatformArgs, foothold: Foothold) -> dict[str, Any]:
    return {
        "cluster_name": foothold.wiring.cluster_name,
        "account_id": args["account_id"],
        "region": args["region"],
        "oidc_provider_arn": foothold.wiring.oidc_provider_arn,
        "oidc_issuer": foothold.wiring.oidc_issuer,
        "charts_source": charts_source(args),
    }

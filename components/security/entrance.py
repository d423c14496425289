"""Where other clusters' agents come in: Nginx behind an internal load balancer, mutual TLS, a tenant each."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from ..ordering import child_of, last, placed_in
from ..validation import refuse
from . import entrance_names as names
from .authority_exchange import CA_KEY, CENTRE, REFRESH_MINUTES, PublishedAuthority, ca_parameter
from .certificate import ISSUER, Certificate
from .entrance_alerts import entrance_alerts
from .entrance_args import EntranceArgs, domain, entrance_faults, host, upstreams
from .entrance_config import entrance_files
from .entrance_flows import entrance_network
from .entrance_load_balancer import entrance_load_balancer
from .entrance_manifests import entrance_manifests
from .external_secret import PARAMETER_STORE, ExternalSecret
from .network_policy import NetworkPolicies

__all__ = ["Entrance", "EntranceArgs", "entrance_faults"]


class Entrance(pulumi.ComponentResource):
    """Takes in what other clusters' agents send, and passes it on in their tenant's name."""

    address: pulumi.Output[str]
    """DNS name of the load balancer, reachable in its VPC and from those that routes lead from."""
    address_zone_id: pulumi.Output[str]
    """Hosted zone of that name, for alias records."""
    endpoint_service_name: pulumi.Output[str]
    """Name of the endpoint service, as other VPCs' endpoints want it; empty without `private_link`."""
    domain: str
    """Domain below which each cluster has its host name."""

    def __init__(self, name: str, args: EntranceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Entrance", name, entrance_faults(args))
        super().__init__("eks-observability:index:Entrance", name, dict(args), opts)
        self.domain = domain(args)
        secrets = _secrets(name, args, self, opts)
        pods = _pods(name, args, child_of(self, opts, secrets), placed_in(self, opts))
        balancer = entrance_load_balancer(name, args, child_of(self, opts, pods))
        self.address, self.address_zone_id, self.endpoint_service_name = balancer
        self.register_outputs(
            {
                "address": self.address,
                "address_zone_id": self.address_zone_id,
                "endpoint_service_name": self.endpoint_service_name,
                "domain": self.domain,
            }
        )


def _secrets(
    name: str, args: EntranceArgs, parent: pulumi.Resource, opts: pulumi.ResourceOptions | None
) -> list[pulumi.Resource]:
    """The entrance's own certificate, its authority for the clusters to know, and theirs."""
    namespace, store = args.get("namespace", "observability"), args.get("secret_store_name", PARAMETER_STORE)
    certificate = Certificate(
        f"{name}-certificate",
        {
            "certificate_name": names.CERTIFICATE,
            "namespace": namespace,
            "issuer_name": args.get("certificate_issuer") or ISSUER,
            # For clusters to come, too: another cluster then needs no other certificate here.
            "dns_names": [host("*", domain(args))],
            "common_name": names.ENTRANCE,
        },
        child_of(parent, opts),
    )
    PublishedAuthority(
        f"{name}-authority",
        {
            "secret_name": names.CERTIFICATE,
            "namespace": namespace,
            "parameter_name": ca_parameter(args["platform_name"], CENTRE),
            "store_name": store,
        },
        child_of(parent, opts, [certificate]),
    )
    for cluster in sorted(args["clusters"]):
        ExternalSecret(
            f"{name}-{cluster}",
            {
                "secret_name": names.client_ca_secret(cluster),
                "namespace": namespace,
                "store_name": store,
                "keys": {CA_KEY: ca_parameter(args["platform_name"], cluster)},
                "refresh_minutes": REFRESH_MINUTES,
            },
            child_of(parent, opts),
        )
    # Pods wait for the certificate by themselves, and for no cluster's authority.
    return [certificate]


def _pods(
    name: str, args: EntranceArgs, opts: pulumi.ResourceOptions, placed: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """The workload, and who may talk to it."""
    namespace = args.get("namespace", "observability")
    manifests = entrance_manifests(args, entrance_files(args))
    policies = [
        NetworkPolicies(f"{name}-{index}", network, placed)
        for index, network in zip(
            ("backends", "agents"),
            entrance_network(namespace, args.get("agents_namespace", "observability-agents"), upstreams(args)),
            strict=False,
        )
    ]
    config_map = kubernetes.core.v1.ConfigMap(f"{name}-configuration", **manifests.config_map, opts=placed)
    account: Any = manifests.service_account
    service_account = kubernetes.core.v1.ServiceAccount(
        f"{name}-account",
        metadata=account["metadata"],
        automount_service_account_token=account["automountServiceAccountToken"],
        opts=placed,
    )
    ready = pulumi.ResourceOptions.merge(
        opts, pulumi.ResourceOptions(depends_on=[*last(policies), config_map, service_account])
    )
    deployment = kubernetes.apps.v1.Deployment(f"{name}-deployment", **manifests.deployment, opts=ready)
    # Beside the pods and not before: Pulumi waits for a Service to have some, for ten minutes.
    service = kubernetes.core.v1.Service(f"{name}-service", **manifests.service, opts=opts)
    kubernetes.policy.v1.PodDisruptionBudget(f"{name}-disruption-budget", **manifests.disruption_budget, opts=placed)
    kubernetes.autoscaling.v2.HorizontalPodAutoscaler(f"{name}-autoscaler", **manifests.autoscaler, opts=placed)
    _alerts(name, args, namespace, opts)
    return [deployment, service]


def _alerts(name: str, args: EntranceArgs, namespace: str, opts: pulumi.ResourceOptions) -> None:
    metadata: Any = entrance_manifests(args, {}).config_map["metadata"]
    kubernetes.apiextensions.CustomResource(
        f"{name}-rules",
        api_version="monitoring.coreos.com/v1",
        kind="PrometheusRule",
        metadata=metadata,
        spec={"groups": entrance_alerts(namespace)},
        opts=opts,
    )

"""Everything about traces in one component: role, agents, gateways, Tempo, and who may talk to whom."""

from typing import Any

import pulumi

from .. import naming
from ..foundation.irsa_role import IrsaRole, IrsaRoleArgs
from ..ordering import child_of
from ..security.network_policy import NetworkPolicies
from ..validation import refuse
from . import names
from .agent import OpenTelemetryAgent, OpenTelemetryAgentArgs
from .flows import traces_network
from .gateway import OpenTelemetryGateway, OpenTelemetryGatewayArgs
from .tempo import Tempo, TempoArgs
from .traces_args import TracesArgs, tenant, traces_faults

__all__ = ["Traces", "TracesArgs", "traces_faults"]


class Traces(pulumi.ComponentResource):
    """Traces of one cluster: collected, sampled, stored in S3, and counted before they are sampled.

    The bucket, both namespaces, the storage class and the CRDs of the Prometheus operator must be there first.
    """

    otlp_grpc_url: str
    """Where applications send spans and metrics, OTLP over gRPC."""
    otlp_http_url: str
    """The same over HTTP."""
    query_url: str
    """Tempo's API inside the cluster; what Grafana asks."""
    other_clusters_url: str
    """Where the entrance passes other clusters' OTLP on to, without `/v1/traces`; empty where none is taken."""
    tenant: str
    """The tenant to name in queries (`X-Scope-OrgID`); empty where Tempo has only one."""

    def __init__(self, name: str, args: TracesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Traces", name, traces_faults(args))
        super().__init__("eks-observability:index:Traces", name, dict(args), opts)
        namespace = args.get("namespace", "observability")
        agents_namespace = args.get("agents_namespace", "observability-agents")
        network = traces_network(
            namespace, agents_namespace, bool(args.get("remote_write_urls")), args.get("object_store")
        )
        for suffix, policies in zip(("network", "agent-network"), network, strict=False):
            NetworkPolicies(f"{name}-{suffix}", policies, child_of(self, opts))
        if "object_store" in args:
            tempo = Tempo(f"{name}-tempo", _tempo(args), child_of(self, opts))
        else:
            role = IrsaRole(f"{name}-role", _role(args), pulumi.ResourceOptions(parent=self))
            given: TempoArgs = {**_tempo(args), "role_arn": role.role_arn}
            tempo = Tempo(f"{name}-tempo", given, child_of(self, opts, [role]))
        gateway = OpenTelemetryGateway(f"{name}-gateway", _gateway(args), child_of(self, opts, [tempo]))
        agent = OpenTelemetryAgent(f"{name}-agent", _agent(args), child_of(self, opts, [gateway]))
        self.otlp_grpc_url, self.otlp_http_url = agent.otlp_grpc_url, agent.otlp_http_url
        self.query_url, self.tenant = tempo.query_url, tenant(args)
        self.other_clusters_url = agent.other_clusters_url
        self.register_outputs(
            {
                "otlp_grpc_url": self.otlp_grpc_url,
                "otlp_http_url": self.otlp_http_url,
                "query_url": self.query_url,
                "other_clusters_url": self.other_clusters_url,
                "tenant": self.tenant,
            }
        )


def _role(args: TracesArgs) -> IrsaRoleArgs:
    role: IrsaRoleArgs = {
        "role_name": naming.role_name(args["platform_name"], args["region"], names.TEMPO_ROLE),
        "account_id": args["account_id"],
        "region": args["region"],
        "oidc_provider_arn": args["oidc_provider_arn"],
        "oidc_issuer": args["oidc_issuer"],
        "namespace": args.get("namespace", "observability"),
        "service_accounts": [names.TEMPO_SERVICE_ACCOUNT],
        "bucket_name": args["bucket_name"],
        "kms_key_arn": args["kms_key_arn"],
    }
    if "permissions_boundary_arn" in args:
        role["permissions_boundary_arn"] = args["permissions_boundary_arn"]
    return role


def _tempo(args: TracesArgs) -> TempoArgs:
    given: TempoArgs = _common(
        args,
        "bucket_name",
        "region",
        "namespace",
        "storage_class_name",
        "retention_days",
        "multi_tenancy",
        "sampling",
        "sizing",
        "charts_source",
        "object_store",
        "certificate_issuer",
    )
    if "tempo_image_tag" in args:
        given["image_tag"] = args["tempo_image_tag"]
    return given


def _gateway(args: TracesArgs) -> OpenTelemetryGatewayArgs:
    given: OpenTelemetryGatewayArgs = _common(
        args,
        "namespace",
        "storage_class_name",
        "sampling",
        "remote_write_urls",
        "sizing",
        "charts_source",
        "certificate_issuer",
        "other_clusters",
    )
    given["tenant"] = tenant(args)
    if args.get("tenants"):
        given["tenants"] = sorted({*args["tenants"].values()})
    return given


def _agent(args: TracesArgs) -> OpenTelemetryAgentArgs:
    given: OpenTelemetryAgentArgs = _common(
        args,
        "cluster_name",
        "sampling",
        "node_metrics_enabled",
        "sizing",
        "charts_source",
        "certificate_issuer",
        "other_clusters",
    )
    given["namespace"] = args.get("agents_namespace", "observability-agents")
    given["gateway_namespace"] = args.get("namespace", "observability")
    given["metrics_enabled"] = bool(args.get("remote_write_urls"))
    return given


def _common(args: TracesArgs, *keys: str) -> Any:
    """What a part takes under the same name, if it was given."""
    return {key: args[key] for key in keys if key in args}  # type: ignore[literal-required]

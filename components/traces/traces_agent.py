"""Traces of a cluster without Tempo: agents, and forwarders that keep everything on disk until the centre has it."""

from typing import Any

import pulumi

from ..foundation.helm_release import HelmRelease
from ..ordering import child_of
from ..security.centre import ENTRANCE_PORT
from ..security.certificate import Certificate
from ..security.network_policy import NetworkPolicies
from ..validation import refuse
from . import names
from .agent import OpenTelemetryAgent, OpenTelemetryAgentArgs
from .flows import traces_agent_network
from .forwarder_values import forwarder_values
from .tls import collector_certificate
from .traces_agent_args import TracesAgentArgs, traces_agent_faults

__all__ = ["TracesAgent", "TracesAgentArgs", "traces_agent_faults"]


class TracesAgent(pulumi.ComponentResource):
    """Spans of one cluster, sent to the centre over mutual TLS.

    Both namespaces, the storage class, the Secrets of `centre` and the CRDs of the Prometheus operator must be there
    first.
    """

    otlp_grpc_url: str
    """Where applications send spans and metrics, OTLP over gRPC."""
    otlp_http_url: str
    """The same over HTTP."""

    def __init__(self, name: str, args: TracesAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("TracesAgent", name, traces_agent_faults(args))
        super().__init__("eks-observability:index:TracesAgent", name, dict(args), opts)
        namespace = args.get("namespace", "observability-agents")
        agents_namespace = args.get("agents_namespace", "observability-agents")
        network = traces_agent_network(namespace, agents_namespace, ENTRANCE_PORT)
        for suffix, policies in zip(("network", "agent-network"), network, strict=False):
            NetworkPolicies(f"{name}-{suffix}", policies, child_of(self, opts))
        certificates: list[pulumi.Resource] = []
        if "certificate_issuer" in args:
            wanted = collector_certificate(names.FORWARDER, namespace, args["certificate_issuer"])
            certificates.append(Certificate(f"{name}-forwarder-tls", wanted, child_of(self, opts)))
        forwarder = HelmRelease(
            f"{name}-forwarder",
            {
                "chart": "opentelemetry-collector",
                "release_name": names.FORWARDER,
                "namespace": namespace,
                "values": forwarder_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts, certificates),
        )
        agent = OpenTelemetryAgent(
            f"{name}-agent", _agent(args, namespace, agents_namespace), child_of(self, opts, [forwarder])
        )
        self.otlp_grpc_url, self.otlp_http_url = agent.otlp_grpc_url, agent.otlp_http_url
        self.register_outputs({"otlp_grpc_url": self.otlp_grpc_url, "otlp_http_url": self.otlp_http_url})


def _agent(args: TracesAgentArgs, namespace: str, agents_namespace: str) -> OpenTelemetryAgentArgs:
    """Agents like those of the centre, but for where they send to; they sample nothing, whatever the mode there."""
    same = ("cluster_name", "certificate_issuer", "resource_attributes", "charts_source")
    common: Any = {key: args[key] for key in same if key in args}  # type: ignore[literal-required]
    given: OpenTelemetryAgentArgs = common
    sizing: Any = {key: value for key, value in args.get("sizing", {}).items() if key.startswith("agent_")}
    if sizing:
        given["sizing"] = sizing
    given["namespace"], given["gateway_namespace"] = agents_namespace, namespace
    given["gateway_service"] = names.FORWARDER
    given["metrics_enabled"] = bool(args.get("metrics_enabled", False))
    return given

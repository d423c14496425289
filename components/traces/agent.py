"""The OpenTelemetry agent of every node: takes spans, says where they come from, hands each trace to one gateway."""

import pulumi

from ..foundation.helm_release import HelmRelease
from ..ordering import child_of
from ..security.certificate import Certificate
from ..validation import refuse
from . import names
from .agent_values import OpenTelemetryAgentArgs, agent_values
from .sampling import sampling, sampling_faults
from .sizing import traces_sizing_faults
from .tls import collector_certificate

__all__ = ["OpenTelemetryAgent", "OpenTelemetryAgentArgs", "agent_values"]


class OpenTelemetryAgent(pulumi.ComponentResource):
    """A collector on every node, which applications reach through a node-local Service.

    The CRDs of the Prometheus operator must be there first, and the gateways soon.
    """

    otlp_grpc_url: str
    """OTLP over gRPC, for every application in the cluster."""
    otlp_http_url: str
    """OTLP over HTTP."""
    other_clusters_url: str
    """Where the entrance passes other clusters' OTLP on to; empty where none is taken."""

    def __init__(self, name: str, args: OpenTelemetryAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        faults = sampling_faults(args.get("sampling"))
        refuse(
            "OpenTelemetryAgent",
            name,
            faults or traces_sizing_faults(args.get("sizing"), sampling(args.get("sampling"))),
        )
        super().__init__("eks-observability:index:OpenTelemetryAgent", name, dict(args), opts)
        namespace = args.get("namespace", "observability-agents")
        certificates: list[pulumi.Resource] = []
        if "certificate_issuer" in args:
            wanted = collector_certificate(names.AGENT, namespace, args["certificate_issuer"])
            certificates.append(Certificate(f"{name}-tls", wanted, child_of(self, opts)))
        HelmRelease(
            f"{name}-collector",
            {
                "chart": "opentelemetry-collector",
                "release_name": names.AGENT,
                "namespace": namespace,
                "values": agent_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts, certificates),
        )
        self.otlp_grpc_url = names.otlp_grpc_url(namespace)
        self.otlp_http_url = names.otlp_http_url(namespace)
        others = args.get("other_clusters", False)
        self.other_clusters_url = names.other_clusters_url(namespace) if others else ""
        self.register_outputs(
            {
                "otlp_grpc_url": self.otlp_grpc_url,
                "otlp_http_url": self.otlp_http_url,
                "other_clusters_url": self.other_clusters_url,
            }
        )

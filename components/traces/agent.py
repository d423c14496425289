"""The OpenTelemetry agent of every node: takes spans, says where they come from, hands each trace to one gateway."""

import pulumi

from ..foundation.helm_release import HelmRelease
from ..ordering import child_of
from ..validation import refuse
from . import names
from .agent_values import OpenTelemetryAgentArgs, agent_values
from .sampling import sampling, sampling_faults
from .sizing import traces_sizing_faults

__all__ = ["OpenTelemetryAgent", "OpenTelemetryAgentArgs", "agent_values"]


class OpenTelemetryAgent(pulumi.ComponentResource):
    """A collector on every node, which applications reach through a node-local Service.

    The CRDs of the Prometheus operator must be there first, and the gateways soon.
    """

    otlp_grpc_url: str
    """OTLP over gRPC, for every application in the cluster."""
    otlp_http_url: str
    """OTLP over HTTP."""

    def __init__(self, name: str, args: OpenTelemetryAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        faults = sampling_faults(args.get("sampling"))
        refuse(
            "OpenTelemetryAgent",
            name,
            faults or traces_sizing_faults(args.get("sizing"), sampling(args.get("sampling"))),
        )
        super().__init__("eks-observability:index:OpenTelemetryAgent", name, dict(args), opts)
        namespace = args.get("namespace", "observability-agents")
        HelmRelease(
            f"{name}-collector",
            {
                "chart": "opentelemetry-collector",
                "release_name": names.AGENT,
                "namespace": namespace,
                "values": agent_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts),
        )
        self.otlp_grpc_url = names.otlp_grpc_url(namespace)
        self.otlp_http_url = names.otlp_http_url(namespace)
        self.register_outputs({"otlp_grpc_url": self.otlp_grpc_url, "otlp_http_url": self.otlp_http_url})

"""The OpenTelemetry gateways: metrics of every span, the choice of traces, a queue on disk towards Tempo."""

import pulumi

from ..foundation.helm_release import HelmRelease
from ..metrics.names import host
from ..ordering import child_of
from ..security.certificate import Certificate
from ..validation import refuse
from . import names
from .gateway_values import OpenTelemetryGatewayArgs, gateway_values
from .sampling import sampling, sampling_faults
from .sizing import traces_sizing_faults
from .tls import collector_certificate

__all__ = ["OpenTelemetryGateway", "OpenTelemetryGatewayArgs", "gateway_values"]


class OpenTelemetryGateway(pulumi.ComponentResource):
    """Collectors among which agents divide the traces.

    The CRDs of the Prometheus operator must be there first.
    """

    service_host: str
    """Headless service of all gateways, OTLP over gRPC on port 4317."""

    def __init__(self, name: str, args: OpenTelemetryGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        faults = sampling_faults(args.get("sampling"))
        refuse(
            "OpenTelemetryGateway",
            name,
            faults or traces_sizing_faults(args.get("sizing"), sampling(args.get("sampling"))),
        )
        super().__init__("eks-observability:index:OpenTelemetryGateway", name, dict(args), opts)
        namespace = args.get("namespace", "observability")
        certificates: list[pulumi.Resource] = []
        if "certificate_issuer" in args:
            wanted = collector_certificate(names.GATEWAY, namespace, args["certificate_issuer"])
            certificates.append(Certificate(f"{name}-tls", wanted, child_of(self, opts)))
        release = HelmRelease(
            f"{name}-collector",
            {
                "chart": "opentelemetry-collector",
                "release_name": names.GATEWAY,
                "namespace": namespace,
                "values": gateway_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts, certificates),
        )
        self.gates: list[pulumi.Resource] = [release]
        self.service_host = host(names.GATEWAY, namespace)
        self.register_outputs({"service_host": self.service_host})

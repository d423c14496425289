"""Prometheus, Alertmanager, their operator, and the exporters of nodes and of Kubernetes' own objects."""

import pulumi

from ..foundation.helm_release import HelmRelease
from ..ordering import child_of
from ..security.certificate import Certificate
from ..validation import refuse
from . import names
from .prometheus_values import PrometheusArgs, prometheus_faults, prometheus_values
from .tls import prometheus_certificates

__all__ = ["Prometheus", "PrometheusArgs", "prometheus_values"]


class Prometheus(pulumi.ComponentResource):
    """Prometheus replicas whose blocks go to S3, and Alertmanager, through kube-prometheus-stack.

    Its CRDs (`prometheus-operator-crds`) must be there first.
    """

    prometheus_url: str
    """Address of any one replica, inside the cluster: a few hours of data, not deduplicated."""
    alertmanager_url: str
    """Address of Alertmanager, inside the cluster."""

    def __init__(self, name: str, args: PrometheusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Prometheus", name, prometheus_faults(args))
        super().__init__("eks-observability:index:Prometheus", name, dict(args), opts)
        namespace = args.get("namespace", "observability")
        issuer = args.get("certificate_issuer", "")
        certificates = [
            Certificate(f"{name}-{wanted['certificate_name']}", wanted, child_of(self, opts))
            for wanted in (prometheus_certificates(namespace, issuer) if issuer else [])
        ]
        release = HelmRelease(
            f"{name}-stack",
            {
                "chart": "kube-prometheus-stack",
                "release_name": names.PROMETHEUS,
                "namespace": namespace,
                "values": prometheus_values(args),
                "charts_source": args.get("charts_source", ""),
                "skip_crds": True,
            },
            child_of(self, opts, certificates),
        )
        self.gates: list[pulumi.Resource] = [release]
        self.prometheus_url, self.alertmanager_url = (
            names.url(f"{names.PROMETHEUS}-{service}", namespace, port, tls=bool(issuer))
            for service, port in (("prometheus", names.PROMETHEUS_PORT), ("alertmanager", names.ALERTMANAGER_PORT))
        )
        self.register_outputs({"prometheus_url": self.prometheus_url, "alertmanager_url": self.alertmanager_url})

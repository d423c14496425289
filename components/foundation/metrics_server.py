"""metrics-server on clusters that have none: what `kubectl top` and autoscaling of pods ask.

A cluster made here has it as an EKS add-on.
"""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ..ordering import child_of
from ..validation import Fault, refuse
from .checks import dns_label_faults
from .helm_release import HelmRelease, chart_faults
from .labels import labels
from .pods import resources
from .system_pods import CONTAINER, NAMESPACE, replica_faults, system_labels, system_pod

RELEASE = "metrics-server"
"""Name of the release, the Service, and the Secret with its certificate."""
PORT = 10250


class MetricsServerArgs(TypedDict):
    """How it is certified, and how far it trusts kubelets."""

    certificate_issuer: str
    """ClusterIssuer that certifies it to the API server."""
    kubelet_insecure_tls: NotRequired[bool]
    """Whether to believe any kubelet: those of kind and k3d have certificates that nobody signed. Default False."""
    replicas: NotRequired[int]
    """Pods, 1 to 5. Default 2."""
    service_monitor: NotRequired[bool]
    """Whether to be scraped, which needs the Prometheus operator's CRDs. Default True."""
    charts_source: NotRequired[str]
    """Where charts come from, as for HelmRelease. Default upstream."""


def metrics_server_faults(args: MetricsServerArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = dns_label_faults("certificate_issuer", args["certificate_issuer"])
    faults += replica_faults(args.get("replicas", 2))
    return faults + chart_faults(RELEASE, args.get("charts_source", ""))


def metrics_server_values(args: MetricsServerArgs) -> dict[str, Any]:
    """Helm values. The API server checks its certificate, which the chart would leave out."""
    replicas = int(args.get("replicas", 2))
    issuer = {"enabled": True, "kind": "ClusterIssuer", "name": args["certificate_issuer"]}
    return {
        **system_pod(RELEASE),
        "replicas": replicas,
        "containerPort": PORT,
        "apiService": {"create": True, "insecureSkipTLSVerify": False},
        "tls": {
            "type": "cert-manager",
            "certManager": {"existingIssuer": issuer, "duration": "2160h0m0s", "renewBefore": "720h0m0s"},
        },
        "args": ["--kubelet-insecure-tls"] if args.get("kubelet_insecure_tls", False) else [],
        "podDisruptionBudget": {"enabled": replicas > 1, "maxUnavailable": 1},
        "securityContext": CONTAINER,
        # A thousand pods take about 100 MiB (metrics-server, README: scaling).
        "resources": resources("100m", "256Mi", "500m"),
        # Its page needs no token then. The chart's own monitor would check no certificate: there is one here.
        "metrics": {"enabled": True},
        "serviceMonitor": {"enabled": False},
    }


def metrics_server_monitor() -> dict[str, Any]:
    """The `spec` of a ServiceMonitor that checks the certificate."""
    return {
        "jobLabel": "app.kubernetes.io/name",
        "namespaceSelector": {"matchNames": [NAMESPACE]},
        "selector": {"matchLabels": system_labels(RELEASE)},
        "endpoints": [
            {
                "port": "https",
                "scheme": "https",
                "path": "/metrics",
                "interval": "60s",
                "tlsConfig": {
                    "ca": {"secret": {"name": RELEASE, "key": "ca.crt"}},
                    "serverName": f"{RELEASE}.{NAMESPACE}.svc",
                },
            }
        ],
    }


class MetricsServer(pulumi.ComponentResource):
    """metrics-server whose certificate the API server and Prometheus check."""

    release_name: str
    """Helm's name for the release."""

    def __init__(self, name: str, args: MetricsServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("MetricsServer", name, metrics_server_faults(args))
        super().__init__("eks-observability:index:MetricsServer", name, dict(args), opts)
        release = HelmRelease(
            f"{name}-server",
            {
                "chart": RELEASE,
                "release_name": RELEASE,
                "namespace": NAMESPACE,
                "values": metrics_server_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts),
        )
        if args.get("service_monitor", True):
            kubernetes.apiextensions.CustomResource(
                f"{name}-monitor",
                api_version="monitoring.coreos.com/v1",
                kind="ServiceMonitor",
                metadata={"name": RELEASE, "namespace": NAMESPACE, "labels": labels(RELEASE, RELEASE, "monitor")},
                spec=metrics_server_monitor(),
                opts=child_of(self, opts, [release]),
            )
        self.release_name = RELEASE
        self.register_outputs({"release_name": self.release_name})

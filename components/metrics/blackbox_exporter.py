"""Blackbox exporter: probes from inside the cluster of what others promise, over HTTP, TCP and ICMP."""

from typing import Any, NotRequired, TypedDict

import pulumi

from ..foundation.helm_release import HelmRelease
from ..foundation.pods import SPOT_TOLERATIONS, resources, restricted_pod, spread
from ..ordering import child_of
from ..validation import Fault, refuse
from . import names
from .sizing import blackbox_replicas_faults


class BlackboxExporterArgs(TypedDict):
    """Where and how many."""

    namespace: NotRequired[str]
    """Namespace. Default observability."""
    replicas: NotRequired[int]
    """Exporters; any one answers a probe. 1 to 10; default 2."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


def blackbox_exporter_faults(args: BlackboxExporterArgs) -> list[Fault]:
    """Numbers of replicas that make no sense."""
    return blackbox_replicas_faults("replicas", args.get("replicas", 2))


def blackbox_exporter_values(args: BlackboxExporterArgs) -> dict[str, Any]:
    """Values of the chart. Targets are `Probe` resources of whoever wants them probed, so none are named here."""
    replicas = int(args.get("replicas", 2))
    labels = {"app.kubernetes.io/instance": names.BLACKBOX_EXPORTER}
    values: dict[str, Any] = {
        "replicas": replicas,
        "config": {"modules": _modules()},
        "resources": resources("50m", "64Mi", "250m"),
        # The exporter tries an unprivileged ping socket first, and this safe sysctl grants one to its group:
        # so ICMP needs no NET_RAW, which Pod Security `restricted` forbids.
        "podSecurityContext": {
            **restricted_pod(1000),
            "sysctls": [{"name": "net.ipv4.ping_group_range", "value": "0 2147483647"}],
        },
        "topologySpreadConstraints": spread(labels, stateful=False),
        "tolerations": SPOT_TOLERATIONS,
        "serviceMonitor": {"selfMonitor": {"enabled": True}},
    }
    if replicas > 1:
        values["podDisruptionBudget"] = {"maxUnavailable": 1}
    return values


def _modules() -> dict[str, Any]:
    """`http_2xx` is the chart's own, over IPv4, which an EKS cluster speaks by default; so do the others."""
    return {
        "http_2xx": {
            "prober": "http",
            "timeout": "5s",
            "http": {"follow_redirects": True, "preferred_ip_protocol": "ip4"},
        },
        "tcp_connect": {"prober": "tcp", "timeout": "5s", "tcp": {"preferred_ip_protocol": "ip4"}},
        "icmp": {"prober": "icmp", "timeout": "5s", "icmp": {"preferred_ip_protocol": "ip4"}},
    }


class BlackboxExporter(pulumi.ComponentResource):
    """Blackbox exporter with the modules `http_2xx`, `tcp_connect` and `icmp`."""

    probe_url: str
    """Address for the `prober` of a `Probe` resource, as `host:port`."""

    def __init__(self, name: str, args: BlackboxExporterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("BlackboxExporter", name, blackbox_exporter_faults(args))
        super().__init__("eks-observability:index:BlackboxExporter", name, dict(args), opts)
        namespace = args.get("namespace", "observability")
        HelmRelease(
            f"{name}-release",
            {
                "chart": "prometheus-blackbox-exporter",
                "release_name": names.BLACKBOX_EXPORTER,
                "namespace": namespace,
                "values": blackbox_exporter_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts),
        )
        self.probe_url = f"{names.host(names.BLACKBOX_EXPORTER, namespace)}:{names.BLACKBOX_PORT}"
        self.register_outputs({"probe_url": self.probe_url})

"""Prometheus agents of a workload cluster: they scrape as the centre's Prometheus does, and send everything there."""

import pulumi

from ..foundation.helm_release import HelmRelease
from ..ordering import child_of
from ..security.network_policy import NetworkPolicies
from ..validation import refuse
from . import names
from .prometheus_agent_args import PrometheusAgentArgs, prometheus_agent_faults
from .prometheus_agent_flows import prometheus_agent_network
from .prometheus_agent_values import prometheus_agent_values, remote_write_url

__all__ = ["PrometheusAgent", "PrometheusAgentArgs", "prometheus_agent_values"]


class PrometheusAgent(pulumi.ComponentResource):
    """Prometheus in agent mode, its operator, and the exporters of nodes and of Kubernetes' own objects."""

    remote_write_url: str
    """Where samples are sent to, at the centre."""

    def __init__(self, name: str, args: PrometheusAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("PrometheusAgent", name, prometheus_agent_faults(args))
        super().__init__("eks-observability:index:PrometheusAgent", name, dict(args), opts)
        namespace = args.get("namespace", "observability-agents")
        source = args.get("charts_source", "")
        NetworkPolicies(f"{name}-network", prometheus_agent_network(namespace), child_of(self, opts))
        crds = []
        if args.get("install_crds", True):
            crds.append(
                HelmRelease(
                    f"{name}-crds",
                    {
                        "chart": names.PROMETHEUS_OPERATOR_CRDS,
                        "release_name": names.PROMETHEUS_OPERATOR_CRDS,
                        "namespace": namespace,
                        "values": {},
                        "charts_source": source,
                    },
                    child_of(self, opts),
                )
            )
        HelmRelease(
            f"{name}-stack",
            {
                "chart": "kube-prometheus-stack",
                "release_name": names.PROMETHEUS,
                "namespace": namespace,
                "values": prometheus_agent_values(args),
                "charts_source": source,
                "skip_crds": True,
            },
            child_of(self, opts, crds),
        )
        self.remote_write_url = remote_write_url(args)
        self.register_outputs({"remote_write_url": self.remote_write_url})

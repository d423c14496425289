"""Values of kube-prometheus-stack for a workload cluster, as a pure function: agents that scrape and send.

Nothing is stored, asked or evaluated here: no Alertmanager, no rules, no Thanos. Two agents scrape everything, and
the centre tells their samples apart by `prometheus_replica`, as those of its own Prometheus.
"""

from typing import Any

from .. import defaults
from ..foundation.pods import NOT_ON_SPOT, resources, spread
from ..security.centre import METRICS_PATH
from . import names
from .prometheus_agent_args import PrometheusAgentArgs, agent_sizing
from .sizing import twice
from .stack_values import (
    budget,
    kube_state_metrics_values,
    managed_control_plane,
    node_exporter_values,
    open_selectors,
    operator_values,
    volume,
)

TRUNCATE_HOURS = 6
"""How often an agent shortens its write-ahead log, sent or not: it drops the older two thirds (Prometheus, agent).

So it surely keeps a third of what came since the last time, two hours, and mostly three; with Prometheus' own two
hours it would be forty minutes. The log grows to half as much again, nine hours, and six hours of what is not sent
are written a second time when it is shortened."""
LONGEST_LOG_HOURS = TRUNCATE_HOURS * 3 // 2 + TRUNCATE_HOURS
KEPT_HOURS = TRUNCATE_HOURS // 3

QUEUE = {
    "capacity": 10000,
    "maxSamplesPerSend": 2000,
    "maxShards": 20,
    "minBackoff": "1s",
    "maxBackoff": "30s",
    "retryOnRateLimit": True,
}
"""Memory of 20 shards with 12,000 samples each is what a queue may take; what is behind stays on disk."""


def prometheus_agent_values(args: PrometheusAgentArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    return {
        "fullnameOverride": names.PROMETHEUS,
        "crds": {"enabled": False},
        "grafana": {"enabled": False, "forceDeployDashboards": False},
        **managed_control_plane(),
        "defaultRules": {"create": False},
        "kubelet": {"serviceMonitor": {"cAdvisorInterval": f"{defaults.SCRAPE_INTERVAL_SECONDS}s"}},
        "prometheusOperator": operator_values(),
        "prometheus": _prometheus(args, agent_sizing(args)),
        "alertmanager": {"enabled": False},
        "kube-state-metrics": kube_state_metrics_values(),
        "prometheus-node-exporter": node_exporter_values(args.get("agents_namespace", "observability-agents")),
    }


def remote_write_url(args: PrometheusAgentArgs) -> str:
    """Where the agents send to."""
    return f"https://{args['centre']['host']}{METRICS_PATH}"


def _prometheus(args: PrometheusAgentArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    return {
        "agentMode": True,
        "serviceAccount": {"name": names.PROMETHEUS_SERVICE_ACCOUNT},
        "podDisruptionBudget": budget(sizing["replicas"]),
        "prometheusSpec": {
            **open_selectors(),
            "replicas": sizing["replicas"],
            "scrapeInterval": f"{defaults.SCRAPE_INTERVAL_SECONDS}s",
            "serviceDiscoveryRole": "EndpointSlice",
            "externalLabels": {**args.get("external_labels", {}), "cluster": args["cluster_name"]},
            "replicaExternalLabelName": names.REPLICA_LABEL,
            "remoteWrite": [_centre(args)],
            "storageSpec": volume(args.get("storage_class_name", "gp3"), sizing["storage_gib"]),
            "additionalArgs": [{"name": "storage.agent.wal-truncate-frequency", "value": f"{TRUNCATE_HOURS}h"}],
            "resources": resources(sizing["cpu"], sizing["memory"], twice(sizing["cpu"])),
            "affinity": NOT_ON_SPOT,
            # A preference: a workload cluster may be one whose nodes don't say in which zone they are.
            "topologySpreadConstraints": spread({"app.kubernetes.io/name": "prometheus-agent"}, stateful=False),
        },
    }


def _centre(args: PrometheusAgentArgs) -> dict[str, Any]:
    """The operator copies renewed certificates into the pods, and Prometheus reads them anew for each connection."""
    client, authority = args["centre"]["certificate_secret_name"], args["centre"]["ca_secret_name"]
    return {
        "name": "centre",
        "url": remote_write_url(args),
        "headers": {names.TENANT_HEADER: args["tenant"]},
        "tlsConfig": {
            "cert": {"secret": {"name": client, "key": "tls.crt"}},
            "keySecret": {"name": client, "key": "tls.key"},
            "ca": {"secret": {"name": authority, "key": "ca.crt"}},
            "minVersion": "TLS12",
        },
        "queueConfig": QUEUE,
    }

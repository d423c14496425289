"""Everybody's declared flows in one list, for whoever looks at the whole: the diagram, and the proof in the tests.

With production's defaults and every part switched on. Nothing is made from this: each room makes its own policies,
and a test holds what is made against what is listed here.
"""

from typing import Any, cast

from .centre import ENTRANCE_PORT
from .network_policy import NetworkPoliciesArgs

BACKENDS, AGENTS = "observability", "observability-agents"


GRAFANA_ASKS = ("thanos_url", "prometheus_url", "alertmanager_url", "loki_url", "tempo_url", "pyroscope_url")


def rooms() -> dict[str, list[NetworkPoliciesArgs]]:
    """Each room's declarations, by the room's name."""
    # Here, not above: rooms import this package for their own flows.
    from ..foundation.seaweedfs_values import seaweedfs_network
    from ..grafana.flows import grafana_network
    from ..grafana.grafana_args import GrafanaSignalsArgs
    from ..logs.flows import logs_network
    from ..metrics.flows import metrics_network
    from ..profiles.flows import agent_network, profiles_network
    from ..traces.flows import traces_network
    from .cert_manager_values import cert_manager_network
    from .entrance_flows import entrance_network
    from .external_secrets_values import external_secrets_network

    signals = cast(GrafanaSignalsArgs, dict.fromkeys(GRAFANA_ASKS, "https://there"))
    ingress: Any = {"host": "grafana.example.com"}
    database: Any = {"secret_name": "grafana/database"}
    return {
        "metrics": [metrics_network(BACKENDS, receive_enabled=True)],
        "logs": logs_network(BACKENDS, AGENTS, "distributed", events=True),
        "traces": traces_network(BACKENDS, AGENTS, remote_write=True),
        "profiles": [profiles_network(BACKENDS), agent_network(AGENTS)],
        "grafana": [
            grafana_network({"platform_name": "obs", "signals": signals, "ingress": ingress, "database": database})
        ],
        "security": [cert_manager_network(), external_secrets_network(own_certificates=False)],
        "object store": [seaweedfs_network(BACKENDS)],
        "entrance": entrance_network(BACKENDS, AGENTS),
    }


def workload_rooms() -> dict[str, list[NetworkPoliciesArgs]]:
    """The same of a workload cluster, which only collects."""
    from ..logs.flows import logs_agent_network
    from ..metrics.prometheus_agent_flows import prometheus_agent_network
    from ..profiles.flows import agent_network
    from ..traces.flows import traces_agent_network
    from .cert_manager_values import cert_manager_network
    from .external_secrets_values import external_secrets_network

    return {
        "metrics agents": [prometheus_agent_network(BACKENDS)],
        "logs agents": logs_agent_network(BACKENDS, AGENTS, events=True),
        "traces agents": traces_agent_network(BACKENDS, AGENTS, ENTRANCE_PORT),
        "profiles agents": [agent_network(AGENTS)],
        "security": [cert_manager_network(), external_secrets_network(own_certificates=False)],
    }

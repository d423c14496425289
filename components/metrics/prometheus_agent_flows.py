"""Who talks to whom where the Prometheus agents are: they scrape everything here, and send it to the centre.

Whoever lets only some scrape its pods names the agents by `operator.prometheus.io/name`, as the centre's Prometheus:
the other label of theirs, `app.kubernetes.io/name`, is `prometheus-agent`.
"""

from ..security.centre import ENTRANCE_PORT
from ..security.network_policy import NetworkPeerArgs, NetworkPoliciesArgs
from ..security.surroundings import api_server_flows, flow, names_flows, surroundings
from . import names


def prometheus_agent_network(namespace: str) -> NetworkPoliciesArgs:
    """Peers and flows of the agents, their operator and kube-state-metrics."""
    nodes = (names.KUBELET_PORT, names.NODE_EXPORTER_PORT)
    targets = {
        "prometheus": (names.PROMETHEUS_PORT, names.RELOADER_PORT),
        "operator": (names.OPERATOR_PORT,),
        "kube-state-metrics": (names.KUBE_STATE_METRICS_PORT,),
    }
    return {
        "namespace": namespace,
        "instance": "metrics-agent",
        "peers": {**_workloads(namespace), **surroundings()},
        "flows": [
            flow("prometheus", "everybody"),
            *(flow("prometheus", "private-network", port) for port in nodes),
            *(flow("prometheus", target, port) for target, ports in targets.items() for port in ports),
            *names_flows(("prometheus", "operator", "kube-state-metrics", "webhook-certificates")),
            *api_server_flows(("prometheus", "operator", "kube-state-metrics", "webhook-certificates")),
            # The centre, at a private address or a public one.
            flow("prometheus", "everywhere", ENTRANCE_PORT),
            flow("private-network", "operator", names.OPERATOR_PORT),
        ],
    }


def _workloads(namespace: str) -> dict[str, NetworkPeerArgs]:
    stack = {"app.kubernetes.io/instance": names.PROMETHEUS}
    labels = {
        "prometheus": {
            "app.kubernetes.io/name": "prometheus-agent",
            "operator.prometheus.io/name": f"{names.PROMETHEUS}-prometheus",
        },
        "operator": {**stack, "app.kubernetes.io/component": "prometheus-operator"},
        "webhook-certificates": {**stack, "app.kubernetes.io/component": "prometheus-operator-webhook"},
        "kube-state-metrics": {**stack, "app.kubernetes.io/name": names.KUBE_STATE_METRICS},
    }
    return {name: {"namespace": namespace, "labels": wanted} for name, wanted in labels.items()}

"""Who talks to whom in the traces room. Everything it does is here, and nothing else is let through.

Ports are those of the pods. Who asks the query frontend (Grafana, say) declares that flow itself.
"""

from ..metrics import names as metrics
from ..metrics.memcached import memcached_labels
from ..security.network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from ..security.surroundings import PRIVATE
from . import names
from .collector import pod_labels
from .tempo_values import tempo_labels

STORING = ("ingester", "querier", "query-frontend", "compactor")
"""Those that read or write the bucket, and the cache before it."""


def traces_network(namespace: str, agents_namespace: str, remote_write: bool) -> list[NetworkPoliciesArgs]:
    """Peers and flows of the room, for the policies of each of its two namespaces."""
    peers = {**_workloads(namespace), **_surroundings()}
    peers[names.AGENT] = {"namespace": agents_namespace, "labels": pod_labels(names.AGENT)}
    flows = [*_spans(remote_write), *_tempo(), *_scraping(), *_common()]
    return [
        {"namespace": where, "instance": "traces", "peers": peers, "flows": flows}
        for where in dict.fromkeys((namespace, agents_namespace))
    ]


def _workloads(namespace: str) -> dict[str, NetworkPeerArgs]:
    labels = {
        names.GATEWAY: pod_labels(names.GATEWAY),
        **{f"{names.TEMPO}-{component}": tempo_labels(component) for component in names.TEMPO_COMPONENTS},
        names.CACHE: memcached_labels(names.CACHE),
        # Another room's: it is scraped from and written to, and the policies of both rooms add up.
        "prometheus": {
            "app.kubernetes.io/name": "prometheus",
            "operator.prometheus.io/name": f"{metrics.PROMETHEUS}-prometheus",
        },
    }
    return {name: {"namespace": namespace, "labels": wanted} for name, wanted in labels.items()}


def _surroundings() -> dict[str, NetworkPeerArgs]:
    return {
        "everybody": {"labels": {}},
        "dns": {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "private-network": {"cidr_blocks": PRIVATE},
        "everywhere": {"cidr_blocks": ["0.0.0.0/0"]},
    }


def _spans(remote_write: bool) -> list[NetworkFlowArgs]:
    """From applications to Tempo and Prometheus. Pods in the node's own network reach their agent in any case."""
    return [
        *(_flow("everybody", names.AGENT, port) for port in (names.OTLP_GRPC_PORT, names.OTLP_HTTP_PORT)),
        _flow(names.AGENT, names.GATEWAY, names.OTLP_GRPC_PORT),
        _flow(names.GATEWAY, "tempo-distributor", names.OTLP_GRPC_PORT),
        *([_flow(names.GATEWAY, "prometheus", metrics.PROMETHEUS_PORT)] if remote_write else []),
    ]


def _tempo() -> list[NetworkFlowArgs]:
    """Queriers call frontends for work, not the other way round. All gossip about who is where."""
    members = [f"{names.TEMPO}-{component}" for component in names.TEMPO_COMPONENTS]
    return [
        _flow("tempo-distributor", "tempo-ingester", names.TEMPO_GRPC_PORT),
        _flow("tempo-querier", "tempo-ingester", names.TEMPO_GRPC_PORT),
        _flow("tempo-querier", "tempo-query-frontend", names.TEMPO_GRPC_PORT),
        *(_flow(f"tempo-{component}", names.CACHE, metrics.MEMCACHED_PORT) for component in STORING),
        *(_flow(source, target, names.GOSSIP_PORT) for source in members for target in members),
    ]


def _scraping() -> list[NetworkFlowArgs]:
    ports = {
        names.AGENT: names.COLLECTOR_METRICS_PORT,
        names.GATEWAY: names.COLLECTOR_METRICS_PORT,
        names.CACHE: metrics.MEMCACHED_EXPORTER_PORT,
        **{f"{names.TEMPO}-{component}": names.TEMPO_HTTP_PORT for component in names.TEMPO_COMPONENTS},
    }
    return [_flow("prometheus", target, port) for target, port in ports.items()]


def _common() -> list[NetworkFlowArgs]:
    """Names; the API server for agents; S3 and STS, whose addresses are public also through an endpoint."""
    resolving = [names.AGENT, names.GATEWAY, *(f"{names.TEMPO}-{c}" for c in names.TEMPO_COMPONENTS)]
    return [
        *(_flow(who, "dns", 53, protocol) for who in resolving for protocol in ("UDP", "TCP")),
        _flow(names.AGENT, "private-network", 443),
        # The node's own kubelet, when asked for the node's metrics.
        _flow(names.AGENT, "private-network", metrics.KUBELET_PORT),
        *(_flow(f"{names.TEMPO}-{component}", "everywhere", 443) for component in STORING),
    ]


def _flow(source: str, target: str, port: int, protocol: str = "TCP") -> NetworkFlowArgs:
    return {"source": source, "target": target, "port": port, "protocol": protocol}

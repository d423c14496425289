"""Who talks to whom in the traces room. Everything it does is here, and nothing else is let through.

Ports are those of the pods. Who asks the query frontend (Grafana, say), and who passes on other clusters' spans,
declares that flow itself.
"""

from ..foundation.object_store import ObjectStoreArgs
from ..metrics import names as metrics
from ..metrics.memcached import memcached_labels
from ..security.network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from ..security.surroundings import api_server_flows, flow, names_flows, object_store_flows, surroundings
from . import names
from .collector import pod_labels
from .tempo_values import tempo_labels

STORING = tuple(f"{names.TEMPO}-{component}" for component in ("ingester", "querier", "query-frontend", "compactor"))
"""Those that read or write the bucket, and the cache before it."""


def traces_network(
    namespace: str, agents_namespace: str, remote_write: bool, object_store: ObjectStoreArgs | None = None
) -> list[NetworkPoliciesArgs]:
    """Peers and flows of the room, for the policies of each of its two namespaces."""
    peers = {**_workloads(namespace), **surroundings()}
    peers[names.AGENT] = {"namespace": agents_namespace, "labels": pod_labels(names.AGENT)}
    flows = [
        *_agent(names.GATEWAY),
        flow(names.GATEWAY, "tempo-distributor", names.OTLP_GRPC_PORT),
        *([flow(names.GATEWAY, "prometheus", metrics.PROMETHEUS_PORT)] if remote_write else []),
        *_tempo(),
        *_scraping(),
        *names_flows([names.AGENT, names.GATEWAY, *(f"{names.TEMPO}-{c}" for c in names.TEMPO_COMPONENTS)]),
        *_buckets(object_store),
    ]
    return _policies("traces", peers, flows, namespace, agents_namespace)


def traces_agent_network(namespace: str, agents_namespace: str, centre_port: int) -> list[NetworkPoliciesArgs]:
    """Peers and flows of a cluster without Tempo, for the policies of its one or two namespaces.

    Only forwarders leave the cluster, for the centre, whose addresses nobody here knows.
    """
    peers: dict[str, NetworkPeerArgs] = {
        **surroundings(),
        names.AGENT: {"namespace": agents_namespace, "labels": pod_labels(names.AGENT)},
        names.FORWARDER: {"namespace": namespace, "labels": pod_labels(names.FORWARDER)},
    }
    collectors = [names.AGENT, names.FORWARDER]
    flows = [
        *_agent(names.FORWARDER),
        flow(names.FORWARDER, "everywhere", centre_port),
        *(flow("prometheus-anywhere", who, names.COLLECTOR_METRICS_PORT) for who in collectors),
        *names_flows(collectors),
    ]
    return _policies("traces", peers, flows, namespace, agents_namespace)


def _policies(
    instance: str, peers: dict[str, NetworkPeerArgs], flows: list[NetworkFlowArgs], *namespaces: str
) -> list[NetworkPoliciesArgs]:
    return [
        {"namespace": where, "instance": instance, "peers": peers, "flows": flows}
        for where in dict.fromkeys(namespaces)
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


def _agent(target: str) -> list[NetworkFlowArgs]:
    """From applications to the agents and on. Pods in the node's own network reach their agent in any case."""
    return [
        *(flow("everybody", names.AGENT, port) for port in (names.OTLP_GRPC_PORT, names.OTLP_HTTP_PORT)),
        flow(names.AGENT, target, names.OTLP_GRPC_PORT),
        *api_server_flows([names.AGENT]),
        # The node's own kubelet, when asked for the node's metrics.
        flow(names.AGENT, "private-network", metrics.KUBELET_PORT),
    ]


def _tempo() -> list[NetworkFlowArgs]:
    """Queriers call frontends for work, not the other way round. All gossip about who is where."""
    members = [f"{names.TEMPO}-{component}" for component in names.TEMPO_COMPONENTS]
    return [
        flow("tempo-distributor", "tempo-ingester", names.TEMPO_GRPC_PORT),
        flow("tempo-querier", "tempo-ingester", names.TEMPO_GRPC_PORT),
        flow("tempo-querier", "tempo-query-frontend", names.TEMPO_GRPC_PORT),
        *(flow(who, names.CACHE, metrics.MEMCACHED_PORT) for who in STORING),
        *(flow(source, target, names.GOSSIP_PORT) for source in members for target in members),
    ]


def _scraping() -> list[NetworkFlowArgs]:
    ports = {
        names.AGENT: names.COLLECTOR_METRICS_PORT,
        names.GATEWAY: names.COLLECTOR_METRICS_PORT,
        names.CACHE: metrics.MEMCACHED_EXPORTER_PORT,
        **{f"{names.TEMPO}-{component}": names.TEMPO_HTTP_PORT for component in names.TEMPO_COMPONENTS},
    }
    return [flow("prometheus", target, port) for target, port in ports.items()]


def _buckets(store: ObjectStoreArgs | None) -> list[NetworkFlowArgs]:
    """AWS; the S3 in the cluster; or one that is elsewhere, at the port that its address says."""
    if store is None:
        return object_store_flows(STORING, in_cluster=False)
    host, _, port = store["endpoint"].partition(":")
    if host.endswith((".svc", ".svc.cluster.local")):
        return object_store_flows(STORING, in_cluster=True)
    default = 80 if store.get("insecure", False) else 443
    return [flow(who, "everywhere", int(port or default)) for who in STORING]

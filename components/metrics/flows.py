"""Who talks to whom in the metrics room. Everything it does is here, and nothing else is let through.

Ports are those of the pods. node-exporter is missing on purpose: it lives in the node's own network, which
no network policy reaches. Who asks the query frontend (Grafana, say) declares that flow itself.
"""

from collections.abc import Sequence

from ..foundation.object_store import ObjectStoreArgs
from ..security.entrance_names import ENTRANCE, pod_labels
from ..security.network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from ..security.surroundings import api_server_flows, flow, names_flows, object_store_flows, surroundings
from . import names
from .memcached import memcached_labels

DNS = ("prometheus", "alertmanager", "operator", "kube-state-metrics", "webhook-certificates", "blackbox-exporter")
API_SERVER = ("prometheus", "operator", "kube-state-metrics", "webhook-certificates")
"""Whoever lists or watches Kubernetes' objects."""

CACHES = (names.INDEX_CACHE, names.BUCKET_CACHE, names.RESPONSE_CACHE)


def metrics_network(
    namespace: str, receive_enabled: bool, object_store: ObjectStoreArgs | None = None
) -> NetworkPoliciesArgs:
    """Peers and flows of the room; its buckets are on AWS, or in another S3."""
    thanos = ["query", "query-frontend", *names.THANOS_S3_COMPONENTS, *(["receive"] if receive_enabled else [])]
    return {
        "namespace": namespace,
        "instance": "metrics",
        "peers": {**_workloads(namespace, thanos), **_entrance(namespace, receive_enabled), **surroundings()},
        "flows": [
            *_scraping(thanos),
            *_common(thanos),
            *_storing(thanos, object_store),
            *_alerting(),
            *_thanos(receive_enabled),
            flow("everybody", "pushgateway", names.PUSHGATEWAY_PORT),
            flow("blackbox-exporter", "everywhere"),
        ],
    }


def _workloads(namespace: str, thanos: Sequence[str]) -> dict[str, NetworkPeerArgs]:
    stack = {"app.kubernetes.io/instance": names.PROMETHEUS}
    labels = {
        "prometheus": {
            "app.kubernetes.io/name": "prometheus",
            "operator.prometheus.io/name": f"{names.PROMETHEUS}-prometheus",
        },
        "alertmanager": {
            "app.kubernetes.io/name": "alertmanager",
            "alertmanager": f"{names.PROMETHEUS}-alertmanager",
        },
        "operator": {**stack, "app.kubernetes.io/component": "prometheus-operator"},
        "webhook-certificates": {**stack, "app.kubernetes.io/component": "prometheus-operator-webhook"},
        "kube-state-metrics": {**stack, "app.kubernetes.io/name": names.KUBE_STATE_METRICS},
        "blackbox-exporter": {"app.kubernetes.io/instance": names.BLACKBOX_EXPORTER},
        "pushgateway": {"app.kubernetes.io/instance": names.PUSHGATEWAY},
        **{cache: memcached_labels(cache) for cache in CACHES},
        **{
            f"thanos-{component}": {
                "app.kubernetes.io/name": names.THANOS,
                "app.kubernetes.io/instance": names.THANOS,
                "app.kubernetes.io/component": component,
            }
            for component in thanos
        },
    }
    return {name: {"namespace": namespace, "labels": wanted} for name, wanted in labels.items()}


def _entrance(namespace: str, receive_enabled: bool) -> dict[str, NetworkPeerArgs]:
    """Through which other clusters write here, and nobody else."""
    return {ENTRANCE: {"namespace": namespace, "labels": pod_labels()}} if receive_enabled else {}


def _scraping(thanos: Sequence[str]) -> list[NetworkFlowArgs]:
    """Prometheus calls any port of any pod, since anybody may declare a monitor; kubelets and node-exporters too."""
    targets = {
        "alertmanager": (names.ALERTMANAGER_PORT, names.RELOADER_PORT),
        "prometheus": (names.PROMETHEUS_PORT, names.RELOADER_PORT, names.THANOS_HTTP_PORT),
        "operator": (names.OPERATOR_PORT,),
        "kube-state-metrics": (names.KUBE_STATE_METRICS_PORT,),
        "blackbox-exporter": (names.BLACKBOX_PORT,),
        "pushgateway": (names.PUSHGATEWAY_PORT,),
        **dict.fromkeys(CACHES, (names.MEMCACHED_EXPORTER_PORT,)),
        **dict.fromkeys((f"thanos-{c}" for c in thanos), (names.THANOS_HTTP_PORT,)),
        **dict.fromkeys(("thanos-query", "thanos-query-frontend"), (names.THANOS_QUERY_PORT,)),
    }
    nodes = (names.KUBELET_PORT, names.NODE_EXPORTER_PORT)
    return [
        flow("prometheus", "everybody"),
        *(flow("prometheus", "private-network", port) for port in nodes),
        *(flow("prometheus", target, port) for target, ports in targets.items() for port in ports),
    ]


def _common(thanos: Sequence[str]) -> list[NetworkFlowArgs]:
    """Names and the API server."""
    return [
        *names_flows([*DNS, *(f"thanos-{component}" for component in thanos)]),
        *api_server_flows(API_SERVER),
        # The API server asks the webhooks from an address in the VPC.
        flow("private-network", "operator", names.OPERATOR_PORT),
    ]


def _storing(thanos: Sequence[str], store: ObjectStoreArgs | None) -> list[NetworkFlowArgs]:
    """The bucket: on AWS, in this cluster, or at another address on the port that the endpoint names."""
    who = ["prometheus", *(f"thanos-{c}" for c in thanos if c not in ("query", "query-frontend"))]
    if store is None or _in_cluster(store):
        return object_store_flows(who, in_cluster=store is not None)
    port = store["endpoint"].partition(":")[2]
    return [flow(each, "everywhere", int(port or (80 if store.get("insecure") else 443))) for each in who]


def _in_cluster(store: ObjectStoreArgs) -> bool:
    host = store["endpoint"].partition(":")[0]
    return "." not in host or host.endswith((".svc", ".svc.cluster.local"))


def _alerting() -> list[NetworkFlowArgs]:
    gossip = ("TCP", "UDP")
    return [
        flow("thanos-ruler", "alertmanager", names.ALERTMANAGER_PORT),
        *(flow("alertmanager", "alertmanager", names.GOSSIP_PORT, protocol) for protocol in gossip),
    ]


def _thanos(receive_enabled: bool) -> list[NetworkFlowArgs]:
    grpc, query = names.THANOS_GRPC_PORT, names.THANOS_QUERY_PORT
    flows = [
        flow("thanos-query-frontend", "thanos-query", query),
        flow("thanos-ruler", "thanos-query", query),
        flow("thanos-query", "prometheus", grpc),
        flow("thanos-query", "thanos-storegateway", grpc),
        flow("thanos-query", "thanos-ruler", grpc),
        flow("thanos-query-frontend", names.RESPONSE_CACHE, names.MEMCACHED_PORT),
        flow("thanos-storegateway", names.INDEX_CACHE, names.MEMCACHED_PORT),
        flow("thanos-storegateway", names.BUCKET_CACHE, names.MEMCACHED_PORT),
    ]
    if receive_enabled:
        flows += [
            flow("thanos-query", "thanos-receive", grpc),
            flow("thanos-receive", "thanos-receive", grpc),
            flow(ENTRANCE, "thanos-receive", names.REMOTE_WRITE_PORT),
        ]
    return flows

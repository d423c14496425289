"""Who talks to whom in the metrics room. Everything it does is here, and nothing else is let through.

Ports are those of the pods. node-exporter is missing on purpose: it lives in the node's own network, which
no network policy reaches. Who asks the query frontend (Grafana, say) declares that flow itself.
"""

from collections.abc import Sequence

from ..security.network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from ..security.surroundings import PRIVATE
from . import names
from .memcached import memcached_labels

"""Where nodes, the API server and Services have their addresses, whatever VPC this is (RFC 1918, RFC 6598)."""

DNS = ("prometheus", "alertmanager", "operator", "kube-state-metrics", "webhook-certificates", "blackbox-exporter")
API_SERVER = ("prometheus", "operator", "kube-state-metrics", "webhook-certificates")
"""Whoever lists or watches Kubernetes' objects."""

CACHES = (names.INDEX_CACHE, names.BUCKET_CACHE, names.RESPONSE_CACHE)


def metrics_network(namespace: str, receive_enabled: bool) -> NetworkPoliciesArgs:
    """Peers and flows of the room."""
    thanos = ["query", "query-frontend", *names.THANOS_S3_COMPONENTS, *(["receive"] if receive_enabled else [])]
    return {
        "namespace": namespace,
        "instance": "metrics",
        "peers": {**_workloads(namespace, thanos), **_surroundings()},
        "flows": [
            *_scraping(thanos),
            *_common(thanos),
            *_alerting(),
            *_thanos(receive_enabled),
            _flow("everybody", "pushgateway", names.PUSHGATEWAY_PORT),
            _flow("blackbox-exporter", "everywhere"),
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


def _surroundings() -> dict[str, NetworkPeerArgs]:
    return {
        "everybody": {"labels": {}},
        "dns": {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "private-network": {"cidr_blocks": PRIVATE},
        "everywhere": {"cidr_blocks": ["0.0.0.0/0"]},
    }


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
        _flow("prometheus", "everybody"),
        *(_flow("prometheus", "private-network", port) for port in nodes),
        *(_flow("prometheus", target, port) for target, ports in targets.items() for port in ports),
    ]


def _common(thanos: Sequence[str]) -> list[NetworkFlowArgs]:
    """Names, the API server, S3 and STS. S3's addresses are public ones, also through a gateway endpoint."""
    resolving = [*DNS, *(f"thanos-{component}" for component in thanos)]
    storing = ["prometheus", *(f"thanos-{c}" for c in thanos if c not in ("query", "query-frontend"))]
    return [
        *(_flow(who, "dns", 53, protocol) for who in resolving for protocol in ("UDP", "TCP")),
        *(_flow(who, "private-network", 443) for who in API_SERVER),
        *(_flow(who, "everywhere", 443) for who in storing),
        # The API server asks the webhooks from an address in the VPC.
        _flow("private-network", "operator", names.OPERATOR_PORT),
    ]


def _alerting() -> list[NetworkFlowArgs]:
    gossip = ("TCP", "UDP")
    return [
        _flow("thanos-ruler", "alertmanager", names.ALERTMANAGER_PORT),
        *(_flow("alertmanager", "alertmanager", names.GOSSIP_PORT, protocol) for protocol in gossip),
    ]


def _thanos(receive_enabled: bool) -> list[NetworkFlowArgs]:
    grpc, query = names.THANOS_GRPC_PORT, names.THANOS_QUERY_PORT
    flows = [
        _flow("thanos-query-frontend", "thanos-query", query),
        _flow("thanos-ruler", "thanos-query", query),
        _flow("thanos-query", "prometheus", grpc),
        _flow("thanos-query", "thanos-storegateway", grpc),
        _flow("thanos-query", "thanos-ruler", grpc),
        _flow("thanos-query-frontend", names.RESPONSE_CACHE, names.MEMCACHED_PORT),
        _flow("thanos-storegateway", names.INDEX_CACHE, names.MEMCACHED_PORT),
        _flow("thanos-storegateway", names.BUCKET_CACHE, names.MEMCACHED_PORT),
    ]
    if receive_enabled:
        flows += [
            _flow("thanos-query", "thanos-receive", grpc),
            _flow("thanos-receive", "thanos-receive", grpc),
            _flow("private-network", "thanos-receive", names.REMOTE_WRITE_PORT),
        ]
    return flows


def _flow(source: str, target: str, port: int | None = None, protocol: str = "TCP") -> NetworkFlowArgs:
    if port is None:
        return {"source": source, "target": target}
    return {"source": source, "target": target, "port": port, "protocol": protocol}

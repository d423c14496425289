"""Who talks to whom in the logs room. Everything it does is here, and nothing else is let through.

Ports are those of the pods. Who asks Loki (Grafana, say) or writes to it (a collector) declares a flow to the
gateway itself. Loki's own pods are one peer: they share a ring, a role and a configuration, and nearly each of
them calls nearly each other.
"""

from ..metrics.names import ALERTMANAGER_PORT
from ..security.network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from ..security.surroundings import PRIVATE
from . import names

LOKI_PODS = {"app.kubernetes.io/instance": names.LOKI, "app.kubernetes.io/part-of": "memberlist"}
"""Every process of Loki, and neither gateway, canary nor caches (Loki chart)."""
GATEWAY_PODS = {"app.kubernetes.io/instance": names.LOKI, "app.kubernetes.io/component": "gateway"}
PROMETHEUS_PODS = {"app.kubernetes.io/name": "prometheus"}

CACHES = ("chunks-cache", "results-cache")


def logs_network(namespace: str, agents_namespace: str, topology: str, events: bool) -> list[NetworkPoliciesArgs]:
    """Peers and flows of the room, in the backends' namespace and in the agents'."""
    return [
        _backends(namespace, agents_namespace, topology == names.DISTRIBUTED, events),
        _agents(namespace, agents_namespace),
    ]


def _backends(namespace: str, agents: str, rollout_operator: bool, events: bool) -> NetworkPoliciesArgs:
    own = {"app.kubernetes.io/instance": names.LOKI}
    workloads = {
        "loki": LOKI_PODS,
        "gateway": GATEWAY_PODS,
        "canary": {**own, "app.kubernetes.io/component": "canary"},
        **{cache: {**own, "app.kubernetes.io/component": f"memcached-{cache}"} for cache in CACHES},
        **({names.ROLLOUT_OPERATOR: _instance(names.ROLLOUT_OPERATOR)} if rollout_operator else {}),
        **({"events": _instance(names.EVENTS)} if events else {}),
    }
    watchers = [who for who in (names.ROLLOUT_OPERATOR, "events") if who in workloads]
    peers: dict[str, NetworkPeerArgs] = {
        **{name: {"namespace": namespace, "labels": labels} for name, labels in workloads.items()},
        **_surroundings(),
        "nodes-fluent-bit": {"namespace": agents, "labels": _instance(names.FLUENT_BIT)},
        # The metrics room's: policies for the same pods add up.
        "alertmanager": {"namespace": namespace, "labels": {"app.kubernetes.io/name": "alertmanager"}},
    }
    return {
        "namespace": namespace,
        "instance": "logs",
        "peers": peers,
        "flows": [
            *_scraping(rollout_operator, events),
            *(_flow(who, "dns", 53, protocol) for who in ("loki", "gateway", "canary") for protocol in ("UDP", "TCP")),
            *(_flow(who, "dns", 53, protocol) for who in watchers for protocol in ("UDP", "TCP")),
            *(_flow(who, "private-network", 443) for who in watchers),
            *_loki(),
            *(_flow(who, "gateway", names.GATEWAY_PORT) for who in ("nodes-fluent-bit", "canary")),
            *([_flow("events", "gateway", names.GATEWAY_PORT)] if events else []),
        ],
    }


def _loki() -> list[NetworkFlowArgs]:
    """Rings, queries and writes; caches; alerts; S3 and STS, whose addresses are public ones."""
    return [
        *(_flow("loki", "loki", port) for port in (names.LOKI_PORT, names.LOKI_GRPC_PORT, names.MEMBERLIST_PORT)),
        _flow("loki", "loki", names.MEMBERLIST_PORT, "UDP"),
        _flow("gateway", "loki", names.LOKI_PORT),
        *(_flow("loki", cache, names.MEMCACHED_PORT) for cache in CACHES),
        _flow("loki", "alertmanager", ALERTMANAGER_PORT),
        _flow("loki", "everywhere", 443),
    ]


def _scraping(rollout_operator: bool, events: bool) -> list[NetworkFlowArgs]:
    targets = {
        "loki": names.LOKI_PORT,
        "gateway": names.GATEWAY_EXPORTER_PORT,
        "canary": names.CANARY_PORT,
        **dict.fromkeys(CACHES, names.MEMCACHED_EXPORTER_PORT),
        **({names.ROLLOUT_OPERATOR: names.ROLLOUT_OPERATOR_PORT} if rollout_operator else {}),
        **({"events": names.FLUENT_BIT_PORT} if events else {}),
    }
    return [_flow("prometheus", target, port) for target, port in targets.items()]


def _agents(namespace: str, agents: str) -> NetworkPoliciesArgs:
    return {
        "namespace": agents,
        "instance": "logs",
        "peers": {
            "fluent-bit": {"namespace": agents, "labels": _instance(names.FLUENT_BIT)},
            "gateway": {"namespace": namespace, "labels": GATEWAY_PODS},
            **_surroundings(),
        },
        "flows": [
            _flow("prometheus", "fluent-bit", names.FLUENT_BIT_PORT),
            *(_flow("fluent-bit", "dns", 53, protocol) for protocol in ("UDP", "TCP")),
            _flow("fluent-bit", "private-network", 443),
            _flow("fluent-bit", "gateway", names.GATEWAY_PORT),
        ],
    }


def _surroundings() -> dict[str, NetworkPeerArgs]:
    """Prometheus is whichever there is: its own policy is its own room's."""
    return {
        "prometheus": {"labels": PROMETHEUS_PODS},
        "dns": {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "private-network": {"cidr_blocks": PRIVATE},
        "everywhere": {"cidr_blocks": ["0.0.0.0/0"]},
    }


def _instance(release: str) -> dict[str, str]:
    return {"app.kubernetes.io/instance": release}


def _flow(source: str, target: str, port: int, protocol: str = "TCP") -> NetworkFlowArgs:
    return {"source": source, "target": target, "port": port, "protocol": protocol}

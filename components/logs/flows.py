"""Who talks to whom in the logs room. Everything it does is here, and nothing else is let through.

Ports are those of the pods. Who asks Loki (Grafana, say) or writes to it (a collector, the entrance) declares a flow to
the gateway itself. Loki's own pods are one peer: they share a ring, a role and a configuration, and nearly each of
them calls nearly each other.
"""

from ..foundation.object_store import ObjectStoreArgs
from ..metrics.names import ALERTMANAGER_PORT
from ..security.network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from ..security.surroundings import api_server_flows, flow, names_flows, object_store_flows, surroundings
from . import names

LOKI_PODS = {"app.kubernetes.io/instance": names.LOKI, "app.kubernetes.io/part-of": "memberlist"}
"""Every process of Loki, and neither gateway, canary nor caches (Loki chart)."""
GATEWAY_PODS = {"app.kubernetes.io/instance": names.LOKI, "app.kubernetes.io/component": "gateway"}

CACHES = ("chunks-cache", "results-cache")


def logs_network(
    namespace: str,
    agents_namespace: str,
    topology: str,
    events: bool,
    object_store: ObjectStoreArgs | None = None,
) -> list[NetworkPoliciesArgs]:
    """Peers and flows of the room, in the backends' namespace and in the agents'."""
    return [
        _backends(namespace, agents_namespace, topology == names.DISTRIBUTED, events, object_store),
        _agents(namespace, agents_namespace),
    ]


def logs_agent_network(namespace: str, agents_namespace: str, events: bool) -> list[NetworkPoliciesArgs]:
    """Peers and flows of Fluent Bit on a cluster without Loki: first of the nodes', then of the events' collector.

    The centre's entrance is within the private network, on the API server's own port 443, and so needs no flow more.
    """
    where = {names.FLUENT_BIT: agents_namespace, **({"events": namespace} if events else {})}
    releases = {names.FLUENT_BIT: names.FLUENT_BIT, "events": names.EVENTS}
    return [
        {
            "namespace": own,
            "instance": "logs",
            "peers": {**surroundings(), who: {"namespace": own, "labels": _instance(releases[who])}},
            "flows": _collecting(who),
        }
        for who, own in where.items()
    ]


def _backends(
    namespace: str, agents: str, rollout_operator: bool, events: bool, object_store: ObjectStoreArgs | None
) -> NetworkPoliciesArgs:
    own = {"app.kubernetes.io/instance": names.LOKI}
    workloads = {
        "loki": LOKI_PODS,
        "gateway": GATEWAY_PODS,
        "canary": {**own, "app.kubernetes.io/component": "canary"},
        **{cache: {**own, "app.kubernetes.io/component": f"memcached-{cache}"} for cache in CACHES},
        **({names.ROLLOUT_OPERATOR: _instance(names.ROLLOUT_OPERATOR)} if rollout_operator else {}),
        **({"events": _instance(names.EVENTS)} if events else {}),
    }
    peers: dict[str, NetworkPeerArgs] = {
        **{name: {"namespace": namespace, "labels": labels} for name, labels in workloads.items()},
        **surroundings(),
        "nodes-fluent-bit": {"namespace": agents, "labels": _instance(names.FLUENT_BIT)},
        # The metrics room's: policies for the same pods add up.
        "alertmanager": {"namespace": namespace, "labels": {"app.kubernetes.io/name": "alertmanager"}},
    }
    return {
        "namespace": namespace,
        "instance": "logs",
        "peers": peers,
        "flows": [
            *_scraping(rollout_operator),
            *names_flows(("loki", "gateway", "canary")),
            *_loki(),
            *_bucket(object_store),
            *(flow(who, "gateway", names.GATEWAY_PORT) for who in ("nodes-fluent-bit", "canary")),
            *(_operating() if rollout_operator else []),
            *([*_collecting("events"), flow("events", "gateway", names.GATEWAY_PORT)] if events else []),
        ],
    }


def _agents(namespace: str, agents: str) -> NetworkPoliciesArgs:
    return {
        "namespace": agents,
        "instance": "logs",
        "peers": {
            names.FLUENT_BIT: {"namespace": agents, "labels": _instance(names.FLUENT_BIT)},
            "gateway": {"namespace": namespace, "labels": GATEWAY_PODS},
            **surroundings(),
        },
        "flows": [*_collecting(names.FLUENT_BIT), flow(names.FLUENT_BIT, "gateway", names.GATEWAY_PORT)],
    }


def _loki() -> list[NetworkFlowArgs]:
    """Rings, queries and writes; caches; alerts."""
    return [
        *(flow("loki", "loki", port) for port in (names.LOKI_PORT, names.LOKI_GRPC_PORT, names.MEMBERLIST_PORT)),
        flow("loki", "loki", names.MEMBERLIST_PORT, "UDP"),
        flow("gateway", "loki", names.LOKI_PORT),
        *(flow("loki", cache, names.MEMCACHED_PORT) for cache in CACHES),
        flow("loki", "alertmanager", ALERTMANAGER_PORT),
    ]


def _bucket(store: ObjectStoreArgs | None) -> list[NetworkFlowArgs]:
    """S3 and STS, whose addresses are public ones; or another S3, in the cluster or outside it."""
    if store is None:
        return object_store_flows(("loki",), in_cluster=False)
    host, _, port = store["endpoint"].partition(":")
    if host.endswith((".svc", ".svc.cluster.local")):
        return object_store_flows(("loki",), in_cluster=True)
    return [flow("loki", "everywhere", int(port or (80 if store.get("insecure") else 443)))]


def _operating() -> list[NetworkFlowArgs]:
    return [*names_flows((names.ROLLOUT_OPERATOR,)), *api_server_flows((names.ROLLOUT_OPERATOR,))]


def _collecting(who: str) -> list[NetworkFlowArgs]:
    """What each Fluent Bit does, wherever it sends to."""
    return [
        flow("prometheus-anywhere", who, names.FLUENT_BIT_PORT),
        *names_flows((who,)),
        *api_server_flows((who,)),
    ]


def _scraping(rollout_operator: bool) -> list[NetworkFlowArgs]:
    targets = {
        "loki": names.LOKI_PORT,
        "gateway": names.GATEWAY_EXPORTER_PORT,
        "canary": names.CANARY_PORT,
        **dict.fromkeys(CACHES, names.MEMCACHED_EXPORTER_PORT),
        **({names.ROLLOUT_OPERATOR: names.ROLLOUT_OPERATOR_PORT} if rollout_operator else {}),
    }
    return [flow("prometheus-anywhere", target, port) for target, port in targets.items()]


def _instance(release: str) -> dict[str, str]:
    return {"app.kubernetes.io/instance": release}

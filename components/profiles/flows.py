"""Who talks to whom in the profiles room. Everything it does is here, and nothing else is let through.

Ports are those of the pods. Who asks the query frontend (Grafana, say) declares that flow itself; pushing to the
distributor is everybody's right inside the cluster, since any program may bring Pyroscope's SDK.
"""

from ..security.network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from ..security.surroundings import PRIVATE
from . import names

AGENT = "agent"


def profiles_network(namespace: str) -> NetworkPoliciesArgs:
    """Peers and flows of Pyroscope."""
    calls = _calls()
    named = {end for flow in calls for end in (flow["source"], flow["target"])}
    parts: dict[str, NetworkPeerArgs] = {
        names.service(part): {"namespace": namespace, "labels": names.part_labels(part)}
        for part in names.PARTS
        if names.service(part) in named
    }
    everything: NetworkPeerArgs = {
        "namespace": namespace,
        "labels": {"app.kubernetes.io/name": "pyroscope", "app.kubernetes.io/instance": names.PYROSCOPE},
    }
    return {
        "namespace": namespace,
        "instance": "profiles",
        "peers": {names.PYROSCOPE: everything, **parts, AGENT: {"labels": names.agent_labels()}, **_surroundings()},
        "flows": [*_all_parts(), *calls],
    }


def agent_network(agents_namespace: str) -> NetworkPoliciesArgs:
    """Peers and flows of the agent: it reads profiles from any port of any pod, and sends them on."""
    return {
        "namespace": agents_namespace,
        "instance": "profiles",
        "peers": {AGENT: {"namespace": agents_namespace, "labels": names.agent_labels()}, **_surroundings()},
        "flows": [
            _flow(AGENT, "everybody"),
            _flow(AGENT, "private-network", 443),
            _flow("prometheus", AGENT, names.AGENT_PORT),
        ],
    }


def _surroundings() -> dict[str, NetworkPeerArgs]:
    """Prometheus in whatever namespace: a peer in this room's would get a policy of its own from here."""
    return {
        "everybody": {"labels": {}},
        "prometheus": {"labels": {"app.kubernetes.io/name": "prometheus"}},
        "dns": {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "private-network": {"cidr_blocks": PRIVATE},
        "everywhere": {"cidr_blocks": ["0.0.0.0/0"]},
    }


def _all_parts() -> list[NetworkFlowArgs]:
    """What every part does: gossip (over TCP alone), be scraped and profiled, look up names, use S3 and STS."""
    everyone = names.PYROSCOPE
    return [
        _flow(everyone, everyone, names.MEMBERLIST_PORT),
        _flow("prometheus", everyone, names.HTTP_PORT),
        _flow(AGENT, everyone, names.HTTP_PORT),
        _flow(everyone, "dns", 53, "UDP"),
        _flow(everyone, "dns", 53),
        # S3's addresses are public ones, also through a gateway endpoint; the API server's are not, in this range.
        _flow(everyone, "everywhere", 443),
    ]


def _calls() -> list[NetworkFlowArgs]:
    calls = [(client, names.METASTORE) for client in names.METASTORE_CLIENTS]
    calls += [
        (names.DISTRIBUTOR, names.SEGMENT_WRITER),
        (names.QUERY_FRONTEND, names.QUERY_BACKEND),
        # A query is a tree: backends hand parts of it to each other.
        (names.QUERY_BACKEND, names.QUERY_BACKEND),
    ]
    return [
        _flow("everybody", names.service(names.DISTRIBUTOR), names.HTTP_PORT),
        *(_flow(names.service(caller), names.service(called), names.GRPC_PORT) for caller, called in calls),
        _flow(names.service(names.METASTORE), names.service(names.METASTORE), names.RAFT_PORT),
    ]


def _flow(source: str, target: str, port: int | None = None, protocol: str = "TCP") -> NetworkFlowArgs:
    if port is None:
        return {"source": source, "target": target}
    return {"source": source, "target": target, "port": port, "protocol": protocol}

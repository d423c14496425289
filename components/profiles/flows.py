"""Who talks to whom in the profiles room. Everything it does is here, and nothing else is let through.

Ports are those of the pods. Who asks the query frontend (Grafana, say) declares that flow itself; pushing to the
distributor is everybody's right inside the cluster, since any program may bring Pyroscope's SDK.
"""

from ..foundation.object_store import ObjectStoreArgs
from ..security.network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from ..security.surroundings import api_server_flows, flow, names_flows, object_store_flows, surroundings
from . import names

AGENT = "agent"


def profiles_network(namespace: str, store: ObjectStoreArgs | None = None) -> NetworkPoliciesArgs:
    """Peers and flows of Pyroscope."""
    calls = _calls()
    named = {end for call in calls for end in (call["source"], call["target"])}
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
        "peers": {names.PYROSCOPE: everything, **parts, AGENT: {"labels": names.agent_labels()}, **surroundings()},
        "flows": [*_all_parts(), *_bucket(store), *calls],
    }


def agent_network(agents_namespace: str) -> NetworkPoliciesArgs:
    """Peers and flows of the agent: it reads profiles from any port of any pod, and sends them on.

    To the centre of several clusters it goes on 443, like to the API server, and within private addresses.
    """
    return {
        "namespace": agents_namespace,
        "instance": "profiles",
        "peers": {AGENT: {"namespace": agents_namespace, "labels": names.agent_labels()}, **surroundings()},
        "flows": [
            flow(AGENT, "everybody"),
            *api_server_flows([AGENT]),
            flow("prometheus-anywhere", AGENT, names.AGENT_PORT),
        ],
    }


def _all_parts() -> list[NetworkFlowArgs]:
    """What every part does: gossip (over TCP alone), be scraped and profiled, look up names."""
    everyone = names.PYROSCOPE
    return [
        flow(everyone, everyone, names.MEMBERLIST_PORT),
        flow("prometheus-anywhere", everyone, names.HTTP_PORT),
        flow(AGENT, everyone, names.HTTP_PORT),
        *names_flows([everyone]),
    ]


def _bucket(store: ObjectStoreArgs | None) -> list[NetworkFlowArgs]:
    """The bucket: on AWS, in this cluster, or at another address on the port that the endpoint names."""
    host, _, port = store["endpoint"].partition(":") if store else ("", "", "")
    if store is None or "." not in host or host.endswith((".svc", ".svc.cluster.local")):
        return object_store_flows([names.PYROSCOPE], in_cluster=store is not None)
    return [flow(names.PYROSCOPE, "everywhere", int(port or (80 if store.get("insecure") else 443)))]


def _calls() -> list[NetworkFlowArgs]:
    calls = [(client, names.METASTORE) for client in names.METASTORE_CLIENTS]
    calls += [
        (names.DISTRIBUTOR, names.SEGMENT_WRITER),
        (names.QUERY_FRONTEND, names.QUERY_BACKEND),
        # A query is a tree: backends hand parts of it to each other.
        (names.QUERY_BACKEND, names.QUERY_BACKEND),
    ]
    return [
        flow("everybody", names.service(names.DISTRIBUTOR), names.HTTP_PORT),
        *(flow(names.service(caller), names.service(called), names.GRPC_PORT) for caller, called in calls),
        flow(names.service(names.METASTORE), names.service(names.METASTORE), names.RAFT_PORT),
        *api_server_flows(names.service(client) for client in names.METASTORE_CLIENTS),
    ]

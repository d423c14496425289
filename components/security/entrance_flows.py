"""Who talks to whom at the entrance: other clusters come in through the load balancer, and four backends are called.

Both ends are declared here, the backends' too: policies for the same pods add up.
"""

from urllib.parse import urlsplit

from ..logs import names as logs
from ..logs.flows import GATEWAY_PODS
from ..metrics import names as metrics
from ..profiles import names as profiles
from ..traces import names as traces
from ..traces.collector import pod_labels as collector_labels
from . import entrance_names as names
from .entrance_args import EntranceUpstreamsArgs, default_upstreams
from .network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from .surroundings import flow, names_flows, surroundings


def entrance_network(
    namespace: str, agents_namespace: str, upstreams: EntranceUpstreamsArgs | None = None
) -> list[NetworkPoliciesArgs]:
    """Peers and flows, for the policies of each of the two namespaces."""
    wanted = default_upstreams(namespace, agents_namespace) if upstreams is None else upstreams
    backends = _backends(namespace, agents_namespace, wanted)
    around = {name: peer for name, peer in surroundings().items() if name in ("dns", "private-network")}
    peers: dict[str, NetworkPeerArgs] = {
        names.ENTRANCE: {"namespace": namespace, "labels": names.pod_labels()},
        **{name: peer for name, (peer, _) in backends.items()},
        **around,
    }
    flows: list[NetworkFlowArgs] = [
        # The load balancer's own addresses: it doesn't keep those of its callers, and asks whether pods are healthy.
        flow("private-network", names.ENTRANCE, names.PORT),
        *names_flows([names.ENTRANCE]),
        *(flow(names.ENTRANCE, name, port) for name, (_, port) in backends.items()),
    ]
    return [
        {"namespace": where, "instance": names.ENTRANCE, "peers": peers, "flows": flows}
        for where in dict.fromkeys((namespace, agents_namespace))
    ]


def _backends(
    namespace: str, agents_namespace: str, wanted: EntranceUpstreamsArgs
) -> dict[str, tuple[NetworkPeerArgs, int]]:
    """Pods behind each address, and the port on which they listen, which for Loki's gateway isn't the Service's."""
    receive = {
        "app.kubernetes.io/name": metrics.THANOS,
        "app.kubernetes.io/instance": metrics.THANOS,
        "app.kubernetes.io/component": "receive",
    }
    otlp = urlsplit(wanted.get("otlp", ""))
    collector = (otlp.hostname or traces.AGENT).split(".")[0]
    where = {traces.GATEWAY: namespace}.get(collector, agents_namespace)
    every: dict[str, tuple[str, NetworkPeerArgs, int]] = {
        "metrics": ("thanos-receive", {"namespace": namespace, "labels": receive}, metrics.REMOTE_WRITE_PORT),
        "logs": ("gateway", {"namespace": namespace, "labels": GATEWAY_PODS}, logs.GATEWAY_PORT),
        "otlp": (
            collector,
            {"namespace": where, "labels": collector_labels(collector)},
            otlp.port or traces.OTLP_HTTP_PORT,
        ),
        "profiles": (
            profiles.service(profiles.DISTRIBUTOR),
            {"namespace": namespace, "labels": profiles.part_labels(profiles.DISTRIBUTOR)},
            profiles.HTTP_PORT,
        ),
    }
    return {name: (peer, port) for signal, (name, peer, port) in every.items() if signal in wanted}

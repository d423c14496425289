"""All rooms' declared flows as one world: their policies, and the pods that the declarations know."""

from collections.abc import Iterable, Mapping
from itertools import chain

from components.security.network_policy import NetworkPeerArgs, NetworkPoliciesArgs, network_policy_specs
from components.security.rooms import rooms, workload_rooms
from tests.values.network_policy_evaluator import Address, End, Manifest, Pod

OUTSIDER = Pod("shop", {"app.kubernetes.io/name": "cart"}, "10.64.5.5")
"""A pod of somebody else, in a namespace without policies."""
INTERNET, NODE, METADATA = Address("52.216.1.1"), Address("10.64.0.10"), Address("169.254.169.254")
_CLOSED = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


class World:
    """A cluster with the policies of some declarations, and each namespace's default deny."""

    def __init__(self, declared: Iterable[NetworkPoliciesArgs]) -> None:
        self.declared = list(declared)
        self.policies = self._policies()
        self.pods = self._pods()

    def _policies(self) -> list[Manifest]:
        deny = [
            {"metadata": {"name": "default-deny", "namespace": namespace}, "spec": _CLOSED}
            for namespace in dict.fromkeys(declared["namespace"] for declared in self.declared)
        ]
        return deny + [
            {"metadata": {"name": f"{declared['instance']}-{name}", "namespace": declared["namespace"]}, "spec": spec}
            for declared in self.declared
            for name, spec in network_policy_specs(declared).items()
        ]

    def _pods(self) -> dict[str, Pod]:
        """A pod for each workload that a room knows by its full labels, by the name that its own namespace gives it.

        Some rooms know another's pods by fewer labels than they have; there is no such pod.
        """
        known: dict[tuple[str, frozenset[tuple[str, str]]], str] = {}
        for at_home in (True, False):
            for declared, name, peer in self._workloads():
                if (peer["namespace"] == declared["namespace"]) == at_home:
                    known.setdefault((peer["namespace"], frozenset(peer["labels"].items())), name)
        full = [
            (namespace, labels, name)
            for (namespace, labels), name in known.items()
            if not any(where == namespace and labels < other for where, other in known)
        ]
        return {
            name: Pod(namespace, dict(labels), f"10.64.1.{number}")
            for number, (namespace, labels, name) in enumerate(full)
        }

    def _workloads(self) -> list[tuple[NetworkPoliciesArgs, str, NetworkPeerArgs]]:
        return [
            (declared, name, peer)
            for declared in self.declared
            for name, peer in declared["peers"].items()
            if peer.get("labels") and "namespace" in peer
        ]

    def ends(self, peer: NetworkPeerArgs) -> list[End]:
        """Everything that a peer means in this world."""
        if "cidr_blocks" in peer:
            if "0.0.0.0/0" in peer["cidr_blocks"]:
                return [INTERNET]
            return [Address(block.split("/")[0]) for block in peer["cidr_blocks"]]
        return [pod for pod in [*self.pods.values(), OUTSIDER] if matches(peer, pod)]


def matches(peer: NetworkPeerArgs, pod: Pod) -> bool:
    """Whether a peer selects a pod."""
    return peer.get("namespace", pod.namespace) == pod.namespace and _within(peer.get("labels", {}), pod.labels)


def _within(labels: Mapping[str, str], others: Mapping[str, str]) -> bool:
    return labels.items() <= others.items()


def everybody(declared: NetworkPoliciesArgs, name: str) -> bool:
    """Whether a peer is every pod of the cluster, or of a namespace."""
    return declared["peers"][name].get("labels") == {}


CENTRE = World(chain.from_iterable(rooms().values()))
WORKLOAD = World(chain.from_iterable(workload_rooms().values()))

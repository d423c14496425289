"""Network policies from declared flows: a flow says once who calls whom, and both ends are opened for it.

A workload that any flow names is closed for everything else, in both directions. Kubernetes adds policies
up, so each room declares its own flows, also towards another room's workloads, and nobody edits a common list.
Traffic from a pod's own node (probes, port-forward) always passes and needs no flow.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ..foundation.checks import dns_label_faults
from ..ordering import placed_in
from ..validation import Fault, refuse


class NetworkPeerArgs(TypedDict):
    """One end of flows: some pods, or some addresses."""

    labels: NotRequired[dict[str, str]]
    """Labels that select the pods; empty selects all. Default: addresses instead of pods."""
    namespace: NotRequired[str]
    """Namespace of the pods. Default: every namespace."""
    cidr_blocks: NotRequired[list[str]]
    """Networks, instead of pods: nodes, the API server, what is outside. Not together with `labels`."""
    except_cidr_blocks: NotRequired[list[str]]
    """Parts of each of these networks that are left out. Default none."""


class NetworkFlowArgs(TypedDict):
    """Calls from one end to another."""

    source: str
    """Who calls, by its name among the peers."""
    target: str
    """Who is called."""
    port: NotRequired[int]
    """Port that the called pod listens on, which may differ from its Service's. Default: every port and protocol."""
    protocol: NotRequired[str]
    """`TCP`, `UDP` or `SCTP`. Default TCP."""


class NetworkPoliciesArgs(TypedDict):
    """The flows of one room."""

    namespace: str
    """Namespace whose workloads get policies."""
    peers: dict[str, NetworkPeerArgs]
    """Everybody who calls or is called. Those with labels, in `namespace`, get a policy of this name."""
    flows: list[NetworkFlowArgs]
    """Who calls whom."""
    instance: str
    """Name of the room, which begins the policies' names: other rooms have policies for the same pods."""


Spec = dict[str, Any]
"""Part of a Kubernetes manifest."""


def network_policy_faults(args: NetworkPoliciesArgs) -> list[Fault]:
    """Flows between unknown peers, and peers that are nobody."""
    faults = [*dns_label_faults("namespace", args["namespace"]), *dns_label_faults("instance", args["instance"])]
    for name, peer in args["peers"].items():
        faults += dns_label_faults("peers", name)
        if ("labels" in peer) == ("cidr_blocks" in peer):
            faults.append(Fault(f"peers.{name}", dict(peer), "have either labels or cidr_blocks"))
        faults += _block_faults(name, peer)
    for index, flow in enumerate(args["flows"]):
        path = f"flows[{index}]"
        for end, name in (("source", flow["source"]), ("target", flow["target"])):
            if name not in args["peers"]:
                faults.append(Fault(f"{path}.{end}", name, f"be one of the peers: {', '.join(sorted(args['peers']))}"))
        if "port" in flow and not 1 <= flow["port"] <= 65535:
            faults.append(Fault(f"{path}.port", flow["port"], "be from 1 to 65535"))
        if flow.get("protocol", "TCP") not in ("TCP", "UDP", "SCTP"):
            faults.append(Fault(f"{path}.protocol", flow["protocol"], "be TCP, UDP or SCTP"))
    return faults


def network_policy_specs(args: NetworkPoliciesArgs) -> dict[str, Spec]:
    """The `spec` of each workload's NetworkPolicy, by the workload's name, in a fixed order."""
    peers, namespace = args["peers"], args["namespace"]
    return {
        name: {
            "podSelector": {"matchLabels": dict(peer["labels"])},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": _rules(peers, "from", [(f["source"], f) for f in args["flows"] if f["target"] == name]),
            "egress": _rules(peers, "to", [(f["target"], f) for f in args["flows"] if f["source"] == name]),
        }
        for name, peer in peers.items()
        if peer.get("labels") and peer.get("namespace") == namespace
    }


def _rules(peers: Mapping[str, NetworkPeerArgs], side: str, calls: Sequence[tuple[str, NetworkFlowArgs]]) -> list[Spec]:
    """One rule for each other end, with all its ports; a flow without a port opens everything to that end.

    Where every pod is open, rules about some pods would only use up the node's room for rules.
    """
    rules: list[Spec] = []
    everybody = [name for name, flow in calls if _everybody(peers[name]) and "port" not in flow]
    if everybody:
        calls = [(name, flow) for name, flow in calls if name in everybody or "labels" not in peers[name]]
    for other in dict.fromkeys(name for name, _ in calls):
        flows = [flow for name, flow in calls if name == other]
        rule: Spec = {side: _selectors(peers[other])}
        if all("port" in flow for flow in flows):
            rule["ports"] = [{"port": int(f["port"]), "protocol": f.get("protocol", "TCP")} for f in flows]
        rules.append(rule)
    return rules


def _everybody(peer: NetworkPeerArgs) -> bool:
    return peer.get("labels") == {} and "namespace" not in peer


def _block_faults(name: str, peer: NetworkPeerArgs) -> Iterator[Fault]:
    """The API server refuses an exception that isn't inside of its network."""
    blocks = [_network(block) for block in peer.get("cidr_blocks", [])]
    for block, network in zip(peer.get("cidr_blocks", []), blocks, strict=True):
        if network is None:
            yield Fault(f"peers.{name}.cidr_blocks", block, "be an IPv4 network such as 10.64.0.0/16")
    for block in peer.get("except_cidr_blocks", []):
        less = _network(block)
        if less is None or not all(less != whole and less.subnet_of(whole) for whole in blocks if whole):
            yield Fault(f"peers.{name}.except_cidr_blocks", block, "be an IPv4 network inside of each of cidr_blocks")


def _network(block: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(block)
    except ValueError:
        return None


def _selectors(peer: NetworkPeerArgs) -> list[Spec]:
    if "cidr_blocks" in peer:
        less = {"except": peer["except_cidr_blocks"]} if "except_cidr_blocks" in peer else {}
        return [{"ipBlock": {"cidr": block, **less}} for block in peer["cidr_blocks"]]
    where = {"matchLabels": {"kubernetes.io/metadata.name": peer["namespace"]}} if "namespace" in peer else {}
    labels = dict(peer["labels"])
    return [{"namespaceSelector": where, "podSelector": {"matchLabels": labels} if labels else {}}]


class NetworkPolicies(pulumi.ComponentResource):
    """A NetworkPolicy for every workload of a room, both directions, from its declared flows."""

    policy_names: list[str]
    """Names of the policies."""

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("NetworkPolicies", name, network_policy_faults(args))
        super().__init__("eks-observability:index:NetworkPolicies", name, dict(args), opts)
        specs = network_policy_specs(args)
        for workload, spec in specs.items():
            manifest: Any = spec
            kubernetes.networking.v1.NetworkPolicy(
                f"{name}-{workload}",
                metadata={
                    "name": f"{args['instance']}-{workload}",
                    "namespace": args["namespace"],
                    "labels": {
                        "app.kubernetes.io/name": workload,
                        "app.kubernetes.io/instance": args["instance"],
                        "app.kubernetes.io/component": "network-policy",
                        "app.kubernetes.io/part-of": "eks-observability",
                        "app.kubernetes.io/managed-by": "pulumi",
                    },
                },
                spec=manifest,
                opts=placed_in(self, opts),
            )
        self.policy_names = [f"{args['instance']}-{workload}" for workload in specs]
        self.register_outputs({"policy_names": self.policy_names})

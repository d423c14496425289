"""What Kubernetes lets through, given network policies (Kubernetes, concepts: Network Policies; API reference).

Policies are plain manifests. What no policy reaches is not judged here: pods in the node's own network count as
addresses, and traffic from a pod's own node (probes), which always passes, is not modelled.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Manifest = Mapping[str, Any]


class Pod(NamedTuple):
    """A pod, as policies see it."""

    namespace: str
    labels: Mapping[str, str]
    address: str = "10.64.9.9"
    named_ports: Mapping[str, int] = {}
    namespace_labels: Mapping[str, str] = {}
    """Besides `kubernetes.io/metadata.name`, which every namespace has."""
    host_network: bool = False


class Address(NamedTuple):
    """What is no pod: a node, the API server, the internet."""

    address: str


End = Pod | Address


class Call(NamedTuple):
    """What goes from one end to the other."""

    port: int | None
    """None for protocols without ports."""
    protocol: str = "TCP"


def allowed(policies: Iterable[Manifest], source: End, target: End, call: Call) -> bool:
    """Whether a call passes: the source's egress and the target's ingress both have to let it."""
    known = list(policies)
    return source == target or (leaves(known, source, target, call) and enters(known, source, target, call))


def leaves(policies: Iterable[Manifest], source: End, target: End, call: Call) -> bool:
    """Whether the policies that isolate the source for egress, if any, have a rule for it."""
    return _passes(policies, "Egress", source, target, target, call)


def enters(policies: Iterable[Manifest], source: End, target: End, call: Call) -> bool:
    """The same for ingress to the target."""
    return _passes(policies, "Ingress", target, source, target, call)


def isolated(policies: Iterable[Manifest], pod: Pod, direction: str) -> bool:
    """Whether any policy selects the pod for a direction: then only what a rule names passes."""
    return any(True for _ in _selecting(policies, pod, direction))


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """A label selector; an empty one selects everything. All of its requirements have to hold."""
    selector = selector or {}
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression(requirement, labels) for requirement in selector.get("matchExpressions") or []
    )


def _expression(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator, values = requirement["key"], requirement["operator"], requirement.get("values") or []
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    raise ValueError(f"{operator!r} is no operator of a label selector")


def _passes(policies: Iterable[Manifest], direction: str, subject: End, other: End, target: End, call: Call) -> bool:
    if isinstance(subject, Address) or subject.host_network:
        return True
    field, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    selecting = list(_selecting(policies, subject, direction))
    return not selecting or any(
        _peers(rule.get(peers), other, policy["metadata"]["namespace"]) and _ports(rule.get("ports"), target, call)
        for policy in selecting
        for rule in policy["spec"].get(field) or []
    )


def _selecting(policies: Iterable[Manifest], pod: Pod, direction: str) -> Iterable[Manifest]:
    if pod.host_network:
        return
    for policy in policies:
        spec = policy["spec"]
        # Without types a policy is for ingress, and for egress if it has rules for that.
        types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
        here = policy["metadata"]["namespace"] == pod.namespace
        if here and direction in types and selects(spec.get("podSelector"), pod.labels):
            yield policy


def _peers(peers: list[Manifest] | None, other: End, namespace: str) -> bool:
    """A rule that names nobody is for everybody."""
    return not peers or any(_peer(peer, other, namespace) for peer in peers)


def _peer(peer: Manifest, other: End, namespace: str) -> bool:
    if "ipBlock" in peer:
        block, address = peer["ipBlock"], ipaddress.ip_address(other.address)
        inside = address in ipaddress.ip_network(block["cidr"])
        return inside and not any(address in ipaddress.ip_network(net) for net in block.get("except") or [])
    if isinstance(other, Address) or other.host_network:
        return False
    if "namespaceSelector" in peer:
        labels = {"kubernetes.io/metadata.name": other.namespace, **other.namespace_labels}
        if not selects(peer["namespaceSelector"], labels):
            return False
    elif other.namespace != namespace:
        return False
    return selects(peer.get("podSelector"), other.labels)


def _ports(ports: list[Manifest] | None, target: End, call: Call) -> bool:
    """A rule that names no port is for all of them, and for protocols that have none."""
    return not ports or any(_port(port, target, call) for port in ports)


def _port(port: Manifest, target: End, call: Call) -> bool:
    if port.get("protocol", "TCP") != call.protocol:
        return False
    wanted = port.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        # A name means the port that the called pod has under it.
        return isinstance(target, Pod) and target.named_ports.get(wanted) == call.port
    return call.port is not None and wanted <= call.port <= port.get("endPort", wanted)

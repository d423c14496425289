"""Pictures of who calls whom, from the same declarations that the network policies are made of.

python -m components.security.flow_diagram docs/network.md
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from .network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from .rooms import rooms

BEGIN = "<!-- flows: written by `python -m components.security.flow_diagram docs/network.md` -->"
END = "<!-- end of flows -->"
UNDRAWN = ("dns", "pod-identity")
"""What nearly everything calls, and what goes with calling AWS."""


class Arrow(NamedTuple):
    """Calls from one end to another, all ports together."""

    source: str
    target: str
    ports: str


class Picture(NamedTuple):
    """What is drawn of a room, and what is only said."""

    arrows: tuple[Arrow, ...]
    peers: Mapping[str, NetworkPeerArgs]
    meshes: tuple[str, ...]
    """Groups in which everybody calls everybody: a sentence each."""
    scraped: tuple[str, ...]
    """Workloads that Prometheus scrapes, each with its ports."""


def picture(declarations: Sequence[NetworkPoliciesArgs]) -> Picture:
    """Of a room's declarations, which may repeat each other for another namespace's end."""
    peers, same = _peers(declarations)
    flows: list[NetworkFlowArgs] = [
        {**flow, "source": same[flow["source"]], "target": same[flow["target"]]}
        for declared in declarations
        for flow in declared["flows"]
        if flow["target"] not in UNDRAWN
    ]
    ports: dict[tuple[str, str], set[str]] = defaultdict(set)
    for flow in flows:
        if not scraper(peers[flow["source"]]):
            ports[flow["source"], flow["target"]].add(port_of(flow))
    meshes = _meshes(ports)
    arrows = tuple(
        Arrow(source, target, ", ".join(sorted(left, key=_by_number)))
        for (source, target), left in sorted(ports.items())
        if left
    )
    return Picture(arrows, peers, meshes, _scraped(flows, peers))


def _peers(declarations: Sequence[NetworkPoliciesArgs]) -> tuple[dict[str, NetworkPeerArgs], dict[str, str]]:
    """Everybody once, and each name's other name: pods that two namespaces' declarations call differently."""
    peers: dict[str, NetworkPeerArgs] = {}
    same: dict[str, str] = {}
    known: dict[str, str] = {}
    for at_home in (True, False):
        for declared in declarations:
            for name, peer in declared["peers"].items():
                if (peer.get("namespace") == declared["namespace"]) == at_home and name not in same:
                    same[name] = known.setdefault(repr(sorted(peer.items())), name)
                    peers.setdefault(same[name], peer)
    return peers, same


def scraper(peer: NetworkPeerArgs) -> bool:
    """Whether a peer is Prometheus, whose scraping would be an arrow to everything."""
    return peer.get("labels", {}).get("app.kubernetes.io/name") == "prometheus"


def port_of(flow: NetworkFlowArgs) -> str:
    """A port as it is written on an arrow."""
    if "port" not in flow:
        return "any port"
    protocol = flow.get("protocol", "TCP")
    return f"{int(flow['port'])}" if protocol == "TCP" else f"{int(flow['port'])}/{protocol}"


def _by_number(port: str) -> tuple[int, str]:
    found = re.match(r"\d+", port)
    return (int(found[0]) if found else 0, port)


def _meshes(ports: dict[tuple[str, str], set[str]]) -> tuple[str, ...]:
    """Takes out what a group of at least three all do to each other, gossip mostly: a square of arrows says nothing."""
    said = []
    for port in sorted({port for each in ports.values() for port in each}, key=_by_number):
        group = sorted(source for source, target in ports if source == target and port in ports[source, target])
        pairs = [(one, other) for one in group for other in group]
        if len(group) > 2 and all(port in ports.get(pair, ()) for pair in pairs):
            for pair in pairs:
                ports[pair].discard(port)
            said.append(f"{', '.join(group)} call each other on {port}.")
    return tuple(said)


def _scraped(flows: Iterable[NetworkFlowArgs], peers: Mapping[str, NetworkPeerArgs]) -> tuple[str, ...]:
    ports: dict[str, set[str]] = defaultdict(set)
    for flow in flows:
        if scraper(peers[flow["source"]]) and peers[flow["target"]].get("labels"):
            ports[flow["target"]].add(port_of(flow))
    return tuple(f"{name} {', '.join(sorted(found, key=_by_number))}" for name, found in sorted(ports.items()))


def flowchart(what: Picture, home: str) -> str:
    """Mermaid's text; workloads outside of `home` show their namespace."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for arrow in what.arrows:
        groups[arrow.target, arrow.ports].append(arrow.source)
    merged: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for (target, label), sources in groups.items():
        merged[tuple(sources), label].append(target)
    shown = dict.fromkeys(end for arrow in what.arrows for end in (arrow.source, arrow.target))
    lines = ["flowchart LR", *(f"  {_node(name, what.peers[name], home)}" for name in shown)]
    for (callers, label), targets in merged.items():
        ends = [" & ".join(map(_id, side)) for side in (callers, targets)]
        lines.append(f"  {ends[0]} -->|{label}| {ends[1]}")
    return "\n".join(lines)


def _id(name: str) -> str:
    """`end` is a word of Mermaid's."""
    return "n_" + re.sub(r"\W", "_", name)


_AROUND = {
    "everybody": "every pod",
    "everywhere": "any address: AWS",
    "private-network": "private networks",
    "pods-here": "every pod of the namespace",
    "object-store": "object store",
}


def _node(name: str, peer: NetworkPeerArgs, home: str) -> str:
    text = _AROUND.get(name, name)
    if "cidr_blocks" in peer:
        return f'{_id(name)}(["{text}"])'
    if peer.get("namespace", home) != home:
        text += f"<br>in {peer['namespace']}"
    return f'{_id(name)}{{{{"{text}"}}}}' if peer.get("labels") == {} else f'{_id(name)}["{text}"]'


def section(title: str, declarations: Sequence[NetworkPoliciesArgs]) -> str:
    """A room's part of the page."""
    what = picture(declarations)
    lines = [f"## {title[0].upper()}{title[1:]}", "", "```mermaid"]
    lines += [flowchart(what, declarations[0]["namespace"]), "```", ""]
    lines += [f"{mesh[0].upper()}{mesh[1:]}" for mesh in what.meshes]
    if what.scraped:
        lines.append(f"Prometheus scrapes {'; '.join(what.scraped)}.")
    return "\n".join(lines).rstrip() + "\n"


def sections() -> str:
    """Every room's part."""
    return "\n".join(section(title, declarations) for title, declarations in rooms().items())


def rewritten(page: str) -> str:
    """The page with its part between the marks renewed."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the page has no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n\n{sections()}\n{END}{after}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")

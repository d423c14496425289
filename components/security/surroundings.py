"""Whom nearly every room calls, and is not the room's own: names, the API server, AWS or another S3, the scraper.

Peers and flows to add to a room's own, so that each of these has one spelling.
"""

from collections.abc import Iterable

from .network_policy import NetworkFlowArgs, NetworkPeerArgs

PRIVATE = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]
"""Where nodes, the API server and Services have their addresses, whatever VPC this is (RFC 1918, RFC 6598)."""

POD_IDENTITY = "169.254.170.23/32"
"""Where the Pod Identity agent of a node answers, on port 80 (EKS user guide: Pod Identity agent)."""

LINK_LOCAL = "169.254.0.0/16"
"""The node's own services, among them its metadata, which hands out the node's role (169.254.169.254)."""

API_SERVER_PORTS = (443, 6443)
"""EKS' own, and that of kind, k3d and kubeadm: a policy sees the port behind the Service `kubernetes`."""

OBJECT_STORE_PORT = 8333
"""Where SeaweedFS' pods speak S3."""


def surroundings() -> dict[str, NetworkPeerArgs]:
    """The peers, by the names that the functions below use."""
    return {
        "everybody": {"labels": {}},
        "prometheus-anywhere": {"labels": {"operator.prometheus.io/name": "kps-prometheus"}},
        "dns": {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "private-network": {"cidr_blocks": PRIVATE},
        "everywhere": {"cidr_blocks": ["0.0.0.0/0"], "except_cidr_blocks": [LINK_LOCAL]},
        "pod-identity": {"cidr_blocks": [POD_IDENTITY]},
        "object-store": {"labels": {"app.kubernetes.io/name": "seaweedfs"}},
    }


def flow(source: str, target: str, port: int | None = None, protocol: str = "TCP") -> NetworkFlowArgs:
    """One flow; without a port, of every port and protocol."""
    if port is None:
        return {"source": source, "target": target}
    return {"source": source, "target": target, "port": port, "protocol": protocol}


def names_flows(who: Iterable[str]) -> list[NetworkFlowArgs]:
    """Looking up names."""
    return [flow(each, "dns", 53, protocol) for each in who for protocol in ("UDP", "TCP")]


def api_server_flows(who: Iterable[str]) -> list[NetworkFlowArgs]:
    """Asking Kubernetes' API server, which has an address of the private network."""
    return [flow(each, "private-network", port) for each in who for port in API_SERVER_PORTS]


def aws_flows(who: Iterable[str]) -> list[NetworkFlowArgs]:
    """Calling AWS: its public addresses (S3's too, also through a gateway endpoint), and the Pod Identity agent."""
    return [each for caller in who for each in (flow(caller, "everywhere", 443), flow(caller, "pod-identity", 80))]


def object_store_flows(who: Iterable[str], in_cluster: bool) -> list[NetworkFlowArgs]:
    """Reaching the buckets: on AWS, or SeaweedFS in the cluster (`in_cluster`)."""
    if in_cluster:
        return [flow(each, "object-store", OBJECT_STORE_PORT) for each in who]
    return aws_flows(who)

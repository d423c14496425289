"""Network policies of the traces room: who may call whom, and who may leave the cluster."""

from typing import Any

import pytest

from components.security.network_policy import network_policy_faults, network_policy_specs
from components.traces.flows import traces_agent_network, traces_network

BACKENDS, AGENTS = traces_network("observability", "observability-agents", remote_write=True)
SPECS = network_policy_specs(BACKENDS)
AGENT = network_policy_specs(AGENTS)["otel-agent"]


def allowed(spec: Any, side: str, name: str, peers: Any = BACKENDS["peers"]) -> set[tuple[str, int]]:
    """Ports open between a workload and a peer of the room."""
    peer = peers[name]
    found: set[tuple[str, int]] = set()
    for rule in spec["ingress" if side == "from" else "egress"]:
        for end in rule[side]:
            pods = end.get("podSelector", {}).get("matchLabels", {}) == peer.get("labels")
            block = end.get("ipBlock", {}).get("cidr") in peer.get("cidr_blocks", [])
            if pods or block:
                found |= {(port["protocol"], port["port"]) for port in rule["ports"]}
    return found


def test_the_room_s_flows_are_in_order() -> None:
    assert network_policy_faults(BACKENDS) == network_policy_faults(AGENTS) == []
    assert set(network_policy_specs(AGENTS)) == {"otel-agent"}
    assert "otel-agent" not in SPECS, "its policy is in its own namespace"
    (only,) = traces_network("one", "one", remote_write=False)
    assert {"otel-agent", "otel-gateway"} <= set(network_policy_specs(only))


def test_every_pod_may_send_spans_to_agents_and_only_agents_to_gateways() -> None:
    assert allowed(AGENT, "from", "everybody") == {("TCP", 4317), ("TCP", 4318)}
    assert allowed(AGENT, "to", "otel-gateway") == {("TCP", 4317)}
    gateway = SPECS["otel-gateway"]
    assert allowed(gateway, "from", "otel-agent") == {("TCP", 4317)}
    assert allowed(gateway, "from", "prometheus") == {("TCP", 8888)}
    assert len(gateway["ingress"]) == 2
    assert allowed(gateway, "to", "tempo-distributor") == {("TCP", 4317)}


def test_gateways_write_to_prometheus_when_there_is_one() -> None:
    assert allowed(SPECS["otel-gateway"], "to", "prometheus") == {("TCP", 9090)}
    assert allowed(SPECS["prometheus"], "from", "otel-gateway") == {("TCP", 9090)}, "adds to the other room's policy"
    without = network_policy_specs(traces_network("observability", "a", remote_write=False)[0])
    assert allowed(without["otel-gateway"], "to", "prometheus") == set()


def test_only_those_that_use_the_bucket_may_leave_the_cluster() -> None:
    leaving = {workload for workload, spec in SPECS.items() if allowed(spec, "to", "everywhere")}
    assert leaving == {"tempo-ingester", "tempo-querier", "tempo-query-frontend", "tempo-compactor"}
    for workload in leaving:
        assert allowed(SPECS[workload], "to", "everywhere") == {("TCP", 443)}
    assert allowed(AGENT, "to", "everywhere") == set()
    assert allowed(AGENT, "to", "private-network") == {("TCP", 443), ("TCP", 6443), ("TCP", 10250)}
    assert {workload for workload, spec in SPECS.items() if allowed(spec, "to", "pod-identity")} == leaving


@pytest.mark.parametrize(
    ("store", "peer", "port"),
    [
        ({"endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333", "insecure": True}, "object-store", 8333),
        ({"endpoint": "s3.example.com"}, "everywhere", 443),
        ({"endpoint": "s3.example.com:9000"}, "everywhere", 9000),
    ],
)
def test_another_s3_is_reached_where_it_is_and_aws_no_more(store: Any, peer: str, port: int) -> None:
    given: Any = {"credentials_secret_name": "object-store-credentials", **store}
    policies = traces_network("observability", "observability-agents", remote_write=True, object_store=given)[0]
    assert network_policy_faults(policies) == []
    specs = network_policy_specs(policies)
    for workload in ("tempo-ingester", "tempo-querier", "tempo-query-frontend", "tempo-compactor"):
        assert allowed(specs[workload], "to", peer) == {("TCP", port)}, workload
        assert allowed(specs[workload], "to", "pod-identity") == set(), workload
    assert allowed(specs["tempo-distributor"], "to", peer) == set()


def test_on_a_cluster_without_tempo_only_forwarders_leave_it() -> None:
    forwarders, agents = traces_agent_network("telemetry", "observability-agents", 443)
    assert network_policy_faults(forwarders) == network_policy_faults(agents) == []
    agent, forwarder = network_policy_specs(agents)["otel-agent"], network_policy_specs(forwarders)["otel-forwarder"]
    peers = forwarders["peers"]
    assert allowed(forwarder, "to", "everywhere", peers) == {("TCP", 443)}
    assert allowed(agent, "to", "everywhere", peers) == set()
    assert allowed(agent, "to", "otel-forwarder", peers) == {("TCP", 4317)}
    assert allowed(forwarder, "from", "otel-agent", peers) == {("TCP", 4317)}
    assert allowed(forwarder, "from", "everybody", peers) == set()
    assert allowed(agent, "from", "everybody", peers) == {("TCP", 4317), ("TCP", 4318)}
    (together,) = traces_agent_network("one", "one", 443)
    assert set(network_policy_specs(together)) == {"otel-agent", "otel-forwarder"}


def test_the_way_in_for_other_clusters_is_closed_until_the_entrance_opens_it() -> None:
    assert ("TCP", 4319) not in allowed(AGENT, "from", "everybody"), "whoever gets in there can name any tenant"


def test_tempo_s_parts_gossip_and_spans_take_one_way_in() -> None:
    parts = [name for name in SPECS if name.startswith("tempo-") and name != "tempo-cache"]
    assert len(parts) == 5
    for one in parts:
        for other in parts:
            assert ("TCP", 7946) in allowed(SPECS[one], "to", other)
            assert ("TCP", 7946) in allowed(SPECS[other], "from", one)
    ingester = SPECS["tempo-ingester"]
    callers = {name for name in SPECS if ("TCP", 9095) in allowed(ingester, "from", name)}
    assert callers == {"tempo-distributor", "tempo-querier"}
    assert allowed(SPECS["tempo-querier"], "to", "tempo-query-frontend") == {("TCP", 9095), ("TCP", 7946)}
    assert allowed(SPECS["tempo-distributor"], "from", "everybody") == set()


def test_the_cache_answers_those_that_read_blocks_and_calls_nobody() -> None:
    cache = SPECS["tempo-cache"]
    assert cache["egress"] == []
    callers = {name for name in SPECS if ("TCP", 11211) in allowed(cache, "from", name)}
    assert callers == {"tempo-ingester", "tempo-querier", "tempo-query-frontend", "tempo-compactor"}


def test_everything_is_scraped_and_everybody_finds_names() -> None:
    for name, spec in {**SPECS, "otel-agent": AGENT}.items():
        if name == "prometheus":
            continue
        assert allowed(spec, "from", "prometheus"), name
        if name != "tempo-cache":
            assert allowed(spec, "to", "dns") == {("UDP", 53), ("TCP", 53)}, name

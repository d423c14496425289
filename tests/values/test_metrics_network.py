"""Network policies: what a declared flow opens, at both ends, and what stays closed."""

from typing import Any

import pytest

from components.metrics import names
from components.metrics.flows import metrics_network
from components.security.network_policy import NetworkPoliciesArgs, network_policy_faults, network_policy_specs

SMALL: NetworkPoliciesArgs = {
    "namespace": "observability",
    "instance": "room",
    "peers": {
        "caller": {"namespace": "observability", "labels": {"app": "caller"}},
        "called": {"namespace": "observability", "labels": {"app": "called"}},
        "idle": {"namespace": "observability", "labels": {"app": "idle"}},
        "elsewhere": {"namespace": "other", "labels": {"app": "elsewhere"}},
        "everybody": {"labels": {}},
        "outside": {"cidr_blocks": ["0.0.0.0/0"], "except_cidr_blocks": ["169.254.0.0/16"]},
    },
    "flows": [
        {"source": "caller", "target": "called", "port": 8080},
        {"source": "caller", "target": "called", "port": 8080, "protocol": "UDP"},
        {"source": "elsewhere", "target": "called", "port": 9090},
        {"source": "caller", "target": "outside"},
    ],
}
ANYWHERE = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}
"""But not the node's own services."""
ROOM = metrics_network("observability", receive_enabled=True)
SPECS = network_policy_specs(ROOM)


def peer(name: str) -> Any:
    where = {"matchLabels": {"kubernetes.io/metadata.name": "other" if name == "elsewhere" else "observability"}}
    return {"namespaceSelector": where, "podSelector": {"matchLabels": {"app": name}}}


def allowed(spec: Any, side: str, name: str) -> set[tuple[str, int]] | None:
    """Ports open between a workload and a peer of the room; None is every port."""
    labels = ROOM["peers"][name].get("labels")
    found: set[tuple[str, int]] = set()
    for rule in spec["ingress" if side == "from" else "egress"]:
        if any(selector.get("podSelector", {}).get("matchLabels") == labels for selector in rule[side]):
            if "ports" not in rule:
                return None
            found |= {(port["protocol"], port["port"]) for port in rule["ports"]}
    return found


def test_a_flow_opens_exactly_its_two_ends() -> None:
    specs = network_policy_specs(SMALL)
    both = [{"port": 8080, "protocol": "TCP"}, {"port": 8080, "protocol": "UDP"}]
    assert specs["called"]["ingress"] == [
        {"from": [peer("caller")], "ports": both},
        {"from": [peer("elsewhere")], "ports": [{"port": 9090, "protocol": "TCP"}]},
    ]
    assert specs["called"]["egress"] == []
    assert specs["caller"]["ingress"] == []
    assert specs["caller"]["egress"] == [
        {"to": [peer("called")], "ports": both},
        {"to": [ANYWHERE]},
    ]


def test_policies_are_for_workloads_of_the_namespace_and_close_both_directions() -> None:
    specs = network_policy_specs(SMALL)
    assert set(specs) == {"caller", "called", "idle"}
    assert all(spec["policyTypes"] == ["Ingress", "Egress"] for spec in specs.values())
    assert specs["idle"]["ingress"] == specs["idle"]["egress"] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flows": [{"source": "nobody", "target": "called", "port": 1}]}, "flows[0].source: 'nobody' must be one of"),
        ({"flows": [{"source": "caller", "target": "called", "port": 0}]}, "flows[0].port: 0 must be from 1 to 65535"),
        (
            {"flows": [{"source": "caller", "target": "called", "port": 1, "protocol": "tcp"}]},
            "flows[0].protocol: 'tcp' must be TCP, UDP or SCTP",
        ),
        ({"peers": {"x": {}}, "flows": []}, "peers.x: {} must have either labels or cidr_blocks"),
        (
            {"peers": {"x": {"cidr_blocks": ["10.0.0.1/8"]}}, "flows": []},
            "peers.x.cidr_blocks: '10.0.0.1/8' must be an IPv4 network",
        ),
        (
            {"peers": {**SMALL["peers"], "x": {"cidr_blocks": ["10.0.0.0/8"], "except_cidr_blocks": ["11.0.0.0/16"]}}},
            "peers.x.except_cidr_blocks: '11.0.0.0/16' must be an IPv4 network inside of each of cidr_blocks",
        ),
        ({"namespace": "Not_A_Name", "flows": []}, "namespace: 'Not_A_Name' must be a DNS label"),
    ],
)
def test_bad_flows_are_refused(change: Any, message: str) -> None:
    (fault,) = network_policy_faults({**SMALL, **change})
    assert str(fault).startswith(message)


def test_the_room_s_own_flows_are_in_order() -> None:
    assert network_policy_faults(ROOM) == []
    without = network_policy_specs(metrics_network("observability", receive_enabled=False))
    assert set(SPECS) - set(without) == {"thanos-receive", "entrance"}


def test_prometheus_may_scrape_everything_and_is_called_by_query_and_itself_only() -> None:
    spec = SPECS["prometheus"]
    assert {"to": [{"namespaceSelector": {}, "podSelector": {}}]} in spec["egress"]
    assert allowed(spec, "from", "thanos-query") == {("TCP", 10901)}
    assert allowed(spec, "from", "prometheus") == {("TCP", 9090), ("TCP", 8080), ("TCP", 10902)}
    assert len(spec["ingress"]) == 2
    nodes = next(rule for rule in spec["egress"] if rule["to"][0].get("ipBlock", {}).get("cidr") == "10.0.0.0/8")
    assert {port["port"] for port in nodes["ports"]} == {443, 6443, 9100, 10250}


def test_only_those_that_use_the_bucket_may_leave_the_cluster() -> None:
    leaving = {workload for workload, spec in SPECS.items() for rule in spec["egress"] if ANYWHERE in rule["to"]}
    assert leaving == {"prometheus", "blackbox-exporter", *names.thanos_s3_service_accounts(True)}
    for workload in leaving - {"blackbox-exporter"}:
        (rule,) = [r for r in SPECS[workload]["egress"] if ANYWHERE in r["to"]]
        assert rule["ports"] == [{"port": 443, "protocol": "TCP"}], workload


def test_a_cache_answers_its_one_client_and_its_scraper() -> None:
    clients = {
        names.INDEX_CACHE: "thanos-storegateway",
        names.BUCKET_CACHE: "thanos-storegateway",
        names.RESPONSE_CACHE: "thanos-query-frontend",
    }
    for cache, client in clients.items():
        assert allowed(SPECS[cache], "from", client) == {("TCP", 11211)}
        assert allowed(SPECS[cache], "from", "prometheus") == {("TCP", 9150)}
        assert len(SPECS[cache]["ingress"]) == 2
        assert SPECS[cache]["egress"] == [], "a cache calls nobody"


def test_alertmanagers_gossip_with_each_other_over_both_protocols() -> None:
    gossip = {("TCP", 9094), ("UDP", 9094)}
    assert allowed(SPECS["alertmanager"], "from", "alertmanager") == gossip
    assert allowed(SPECS["alertmanager"], "to", "alertmanager") == gossip
    assert allowed(SPECS["alertmanager"], "from", "thanos-ruler") == {("TCP", 9093)}


def test_the_api_server_reaches_the_webhooks() -> None:
    (rule,) = [r for r in SPECS["operator"]["ingress"] if "ipBlock" in r["from"][0]]
    assert rule["ports"] == [{"port": 10250, "protocol": "TCP"}]
    assert SPECS["webhook-certificates"]["ingress"] == []


def test_blackbox_may_probe_any_address_over_any_protocol() -> None:
    assert {"to": [ANYWHERE]} in SPECS["blackbox-exporter"]["egress"], "ICMP has no port"


def test_every_workload_that_looks_up_names_may() -> None:
    dns = {("UDP", 53), ("TCP", 53)}
    silent = {workload for workload, spec in SPECS.items() if allowed(spec, "to", "dns") != dns}
    caches = {names.INDEX_CACHE, names.BUCKET_CACHE, names.RESPONSE_CACHE}
    assert silent == {"pushgateway", *caches, "prometheus", "entrance"}, (
        "Prometheus may call any pod, and so the name server; the entrance's own room lets it"
    )


def test_receive_is_written_to_by_the_entrance_and_by_no_address() -> None:
    spec = SPECS["thanos-receive"]
    assert allowed(spec, "from", "entrance") == {("TCP", 10908)}
    assert allowed(SPECS["entrance"], "to", "thanos-receive") == {("TCP", 10908)}
    assert not [rule for rule in spec["ingress"] if "ipBlock" in rule["from"][0]]


def outside(store: Any) -> tuple[Any, Any]:
    """What the store gateway may reach by address, and by label at the object store."""
    room = metrics_network("observability", True, store)
    egress = network_policy_specs(room)["thanos-storegateway"]["egress"]
    blocks = [(rule["to"][0]["ipBlock"]["cidr"], rule["ports"]) for rule in egress if "ipBlock" in rule["to"][0]]
    labels = room["peers"]["object-store"]["labels"]
    pods = [r["ports"] for r in egress if r["to"][0].get("podSelector", {}).get("matchLabels") == labels]
    return blocks, pods


@pytest.mark.parametrize(
    ("endpoint", "blocks", "pods"),
    [
        ("seaweedfs-s3.observability.svc.cluster.local:8333", [], [[{"port": 8333, "protocol": "TCP"}]]),
        ("s3.example.com:9000", [("0.0.0.0/0", [{"port": 9000, "protocol": "TCP"}])], []),
        ("s3.example.com", [("0.0.0.0/0", [{"port": 443, "protocol": "TCP"}])], []),
    ],
)
def test_with_another_s3_only_that_is_reached(endpoint: str, blocks: Any, pods: Any) -> None:
    assert outside({"endpoint": endpoint, "credentials_secret_name": "keys"}) == (blocks, pods)


def test_on_aws_whatever_uses_the_bucket_gets_credentials_from_the_node_too() -> None:
    blocks, pods = outside(None)
    assert ("169.254.170.23/32", [{"port": 80, "protocol": "TCP"}]) in blocks
    assert pods == []

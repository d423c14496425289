"""The evaluator of network policies, against what Kubernetes' documentation says of its own examples."""

from typing import Any

import pytest

from tests.values.network_policy_evaluator import Address, Call, End, Pod, allowed, enters, isolated, leaves, selects

DB = Pod("default", {"role": "db"}, "10.64.1.1", {"sql": 6379})
FRONTEND = Pod("default", {"role": "frontend"}, "10.64.1.2")
OTHER = Pod("default", {"role": "other"}, "10.64.1.3")
PROJECT = Pod("anywhere", {}, "10.64.1.4", namespace_labels={"project": "myproject"})
STRANGER = Pod("anywhere", {}, "10.64.1.5")


def policy(spec: dict[str, Any], namespace: str = "default") -> dict[str, Any]:
    return {"metadata": {"namespace": namespace}, "spec": spec}


EXAMPLE = policy(
    {
        "podSelector": {"matchLabels": {"role": "db"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [
                    {"ipBlock": {"cidr": "172.17.0.0/16", "except": ["172.17.1.0/24"]}},
                    {"namespaceSelector": {"matchLabels": {"project": "myproject"}}},
                    {"podSelector": {"matchLabels": {"role": "frontend"}}},
                ],
                "ports": [{"protocol": "TCP", "port": 6379}],
            }
        ],
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}], "ports": [{"protocol": "TCP", "port": 5978}]}],
    }
)
"""The "NetworkPolicy resource" of the documentation."""


@pytest.mark.parametrize(
    ("source", "port", "passes"),
    [
        (FRONTEND, 6379, True),
        (FRONTEND, 6380, False),
        (OTHER, 6379, False),
        (PROJECT, 6379, True),
        (STRANGER, 6379, False),
        (Pod("elsewhere", {"role": "frontend"}), 6379, False),
        (Address("172.17.0.9"), 6379, True),
        (Address("172.17.2.9"), 6379, True),
        (Address("172.17.1.9"), 6379, False),
    ],
)
def test_the_documented_example_lets_in_what_the_documentation_says(source: End, port: int, passes: bool) -> None:
    assert allowed([EXAMPLE], source, DB, Call(port)) is passes


def test_the_documented_example_lets_out_to_one_network_and_port() -> None:
    assert allowed([EXAMPLE], DB, Address("10.0.0.7"), Call(5978))
    assert not allowed([EXAMPLE], DB, Address("10.0.0.7"), Call(5979))
    assert not allowed([EXAMPLE], DB, Address("10.0.1.7"), Call(5978))
    assert not allowed([EXAMPLE], DB, Address("10.0.0.7"), Call(5978, "UDP"))


def test_pods_that_no_policy_selects_are_open_in_both_directions() -> None:
    assert allowed([EXAMPLE], STRANGER, OTHER, Call(1))
    assert not isolated([EXAMPLE], OTHER, "Ingress")
    assert not isolated([policy({"podSelector": {}}, "another")], OTHER, "Ingress"), "policies end with their namespace"


def test_default_deny_closes_and_another_policy_opens_again() -> None:
    deny = policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    assert not allowed([deny], FRONTEND, DB, Call(6379))
    let_in = policy({"podSelector": {"matchLabels": {"role": "db"}}, "ingress": [{"from": [{"podSelector": {}}]}]})
    assert enters([deny, let_in], FRONTEND, DB, Call(6379)), "policies add up"
    assert not allowed([deny, let_in], FRONTEND, DB, Call(6379)), "the source's own end is still closed"
    let_out = policy({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]})
    assert allowed([deny, let_in, let_out], FRONTEND, DB, Call(6379))


def test_each_direction_is_isolated_by_itself() -> None:
    only_ingress = policy({"podSelector": {}, "policyTypes": ["Ingress"]})
    assert not enters([only_ingress], STRANGER, DB, Call(1))
    assert leaves([only_ingress], DB, STRANGER, Call(1))
    only_egress = policy({"podSelector": {}, "policyTypes": ["Egress"]})
    assert enters([only_egress], STRANGER, DB, Call(1))
    assert not leaves([only_egress], DB, STRANGER, Call(1))


def test_without_types_a_policy_is_for_ingress_and_for_egress_only_with_rules() -> None:
    assert not isolated([policy({"podSelector": {}})], DB, "Egress")
    assert isolated([policy({"podSelector": {}})], DB, "Ingress")
    assert isolated([policy({"podSelector": {}, "egress": [{}]})], DB, "Egress")


def test_two_selectors_in_one_peer_both_have_to_hold() -> None:
    both = {
        "namespaceSelector": {"matchLabels": {"project": "myproject"}},
        "podSelector": {"matchLabels": {"role": "client"}},
    }
    strict = policy({"podSelector": {}, "ingress": [{"from": [both]}]})
    client = PROJECT._replace(labels={"role": "client"})
    assert enters([strict], client, DB, Call(1))
    assert not enters([strict], PROJECT, DB, Call(1))
    assert not enters([strict], client._replace(namespace_labels={}), DB, Call(1))
    either = policy({"podSelector": {}, "ingress": [{"from": [{key: both[key]} for key in both]}]})
    assert enters([either], PROJECT, DB, Call(1)), "as two peers one is enough"


def test_named_ports_are_those_of_the_called_pod_and_ranges_include_their_ends() -> None:
    named = policy({"podSelector": {}, "ingress": [{"ports": [{"port": "sql"}]}]})
    assert enters([named], OTHER, DB, Call(6379))
    assert not enters([named], OTHER, DB, Call(6380))
    assert not enters([named], OTHER, FRONTEND, Call(6379)), "which has no port of that name"
    many = policy({"podSelector": {}, "egress": [{"ports": [{"port": 32000, "endPort": 32768}]}]})
    assert [leaves([many], DB, OTHER, Call(port)) for port in (31999, 32000, 32768, 32769)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_rule_about_ports_is_none_about_protocols_without_them() -> None:
    tcp = policy({"podSelector": {}, "egress": [{"ports": [{"protocol": "TCP"}]}]})
    assert leaves([tcp], DB, OTHER, Call(1))
    assert not leaves([tcp], DB, OTHER, Call(None, "ICMP"))
    assert leaves([policy({"podSelector": {}, "egress": [{}]})], DB, OTHER, Call(None, "ICMP"))


def test_blocks_of_addresses_reach_pods_by_their_address_and_selectors_reach_no_addresses() -> None:
    block = policy({"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.64.0.0/16"}}]}]})
    assert enters([block], STRANGER, DB, Call(1))
    pods = policy({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}}]}]})
    assert enters([pods], STRANGER, DB, Call(1))
    assert not enters([pods], Address("10.64.1.5"), DB, Call(1))


def test_pods_in_the_node_s_network_are_addresses() -> None:
    node = Pod("default", {"role": "frontend"}, "10.64.0.1", host_network=True)
    deny = policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    assert allowed([deny], node, Address("1.1.1.1"), Call(443))
    assert not allowed([EXAMPLE], node, DB, Call(6379)), "its labels mean nothing"


def test_selectors_by_expression() -> None:
    def one(operator: str, *values: str) -> dict[str, Any]:
        return {"matchExpressions": [{"key": "tier", "operator": operator, "values": list(values)}]}

    assert selects(one("In", "a", "b"), {"tier": "a"})
    assert not selects(one("In", "a"), {})
    assert selects(one("NotIn", "a"), {}), "a pod without the label is not in the list either"
    assert not selects(one("NotIn", "a"), {"tier": "a"})
    assert selects(one("Exists"), {"tier": ""})
    assert not selects(one("DoesNotExist"), {"tier": ""})
    with pytest.raises(ValueError, match="no operator"):
        selects(one("Near"), {})

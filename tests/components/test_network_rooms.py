"""What the list of all rooms' flows says is what is made: the proof and the pictures are about the real thing."""

from typing import Any

import pytest

from components.platform import Platform
from components.security.network_policy import NetworkPoliciesArgs
from components.security.rooms import rooms, workload_rooms
from components.workload.workload_cluster import WorkloadCluster
from tests.components.recorder import Registrations, Runner

PLACE: Any = {"account_id": "123456789012", "region": "eu-west-1"}
CENTRE: Any = {
    "name": "obs",
    **PLACE,
    "metrics": {"receive_enabled": True},
    "entrance": {"clusters": {"games": {"tenant": "games"}}, "allowed_cidr_blocks": ["10.80.0.0/16"]},
}
WORKLOAD: Any = {
    "cluster_name": "games",
    "tenant": "games",
    **PLACE,
    "centre": {"platform_name": "obs", "address": "lb.example", "address_zone_id": "Z1"},
}
Call = tuple[str, str, int, str]


def calls(flows: Any) -> set[Call]:
    return {(f["source"], f["target"], int(f.get("port", 0)), f.get("protocol", "TCP")) for f in flows}


def listed(of_rooms: dict[str, list[NetworkPoliciesArgs]]) -> dict[tuple[str, str], set[Call]]:
    return {
        (declared["namespace"], declared["instance"]): calls(declared["flows"])
        for room in of_rooms.values()
        for declared in room
    }


def made(registered: Registrations) -> dict[tuple[str, str], set[Call]]:
    found = [r.inputs for r in registered if r.type == "eks-observability:index:NetworkPolicies"]
    assert len(found) > 5
    return {(inputs["namespace"], inputs["instance"]): calls(inputs["flows"]) for inputs in found}


@pytest.mark.parametrize("kind", ["centre", "workload"])
def test_every_policy_that_is_made_comes_from_a_flow_on_the_list(run: Runner, kind: str) -> None:
    if kind == "centre":
        real, told = made(run(lambda: Platform("obs", CENTRE) and None)), listed(rooms())
    else:
        real, told = made(run(lambda: WorkloadCluster("games", WORKLOAD) and None)), listed(workload_rooms())
    unlisted = {room: flows - told.get(room, set()) for room, flows in real.items()}
    assert {room: flows for room, flows in unlisted.items() if flows} == {}


def test_the_list_names_no_flow_that_a_workload_cluster_does_not_make(run: Runner) -> None:
    real = made(run(lambda: WorkloadCluster("games", WORKLOAD) and None))
    assert {room: flows - real[room] for room, flows in listed(workload_rooms()).items() if flows - real[room]} == {}

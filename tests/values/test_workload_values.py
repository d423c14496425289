"""What a workload cluster tells its agents, and which arguments it refuses."""

from typing import Any

import pytest

from components.workload.agents import (
    agent_faults,
    logs_agent_args,
    own_host,
    profiles_agent_args,
    prometheus_agent_args,
    traces_agent_args,
)
from components.workload.workload_faults import workload_faults

NETWORK = {"vpc_id": "vpc-9", "private_subnet_ids": ["subnet-a", "subnet-b"], "security_group_id": "sg-1"}
EXISTING: Any = {"name": "games", "oidc_issuer": "oidc.eks.eu-west-1.amazonaws.com/id/G", "network": NETWORK}
ARGS: Any = {
    "cluster_name": "games",
    "tenant": "games",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "centre": {"platform_name": "obs", "address": "lb.example", "address_zone_id": "Z1"},
    "cluster": {"existing": EXISTING},
    "external_labels": {"environment": "prod"},
}


def test_the_defaults_are_in_order_on_an_existing_cluster_and_a_new_one() -> None:
    assert workload_faults(ARGS) == []
    assert workload_faults({key: value for key, value in ARGS.items() if key != "cluster"}) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cluster_name": "Games"}, "cluster_name: 'Games' must be 3 to 20 lower-case letters"),
        ({"cluster_name": "obs"}, "cluster_name: 'obs' must be another name than the centre's"),
        ({"cluster_name": "centre"}, "cluster_name: 'centre' must be another name than the centre's"),
        ({"region": "Europe"}, "region: 'Europe' must be an AWS region"),
        ({"account_id": "12"}, "account_id: '12' must be an AWS account id"),
        ({"tenant": "Games!"}, "tenant: 'Games!' must be"),
        ({"centre": {"platform_name": "obs"}}, "centre: ['platform_name'] must have either address"),
        (
            {"centre": {"platform_name": "obs", "address": "lb.example"}},
            "centre.address_zone_id: None must go with address",
        ),
        (
            {"centre": {**ARGS["centre"], "endpoint_service_name": "svc"}},
            "centre: ['address', 'address_zone_id', 'endpoint_service_name', 'platform_name'] must have either",
        ),
        ({"centre": {**ARGS["centre"], "domain": "obs"}}, "centre.domain: 'obs' must be a domain"),
        (
            {"cluster": {"existing": {key: value for key, value in EXISTING.items() if key != "network"}}},
            "cluster.existing.network: None must be given",
        ),
        ({"network": {"cidr_block": "10.80.0.0/16"}}, "network.cidr_block: '10.80.0.0/16' must be left out"),
        ({"certificates": {"enabled": False}}, "certificates.enabled: False must be true"),
        ({"metrics": {"sizing": {"replicas": 9}}}, "metrics.sizing.replicas: 9 must be"),
        ({"profiles": {"sample_rate_hz": 0}}, "profiles.sample_rate_hz: 0 must be a whole number from 1"),
        (
            {"charts_source": "https://charts.example"},
            "charts_source: 'https://charts.example' must be empty, an oci://",
        ),
    ],
)
def test_what_cannot_work_is_refused(change: Any, message: str) -> None:
    found = [str(fault) for fault in workload_faults({**ARGS, **change})]
    assert len([text for text in found if text.startswith(message)]) == 1, found


def test_nothing_to_collect_is_refused() -> None:
    off: Any = {signal: {"enabled": False} for signal in ("metrics", "logs", "traces", "profiles")}
    (fault,) = workload_faults({**ARGS, **off})
    assert fault.path == "metrics.enabled"


def test_sizes_of_what_is_off_are_not_judged() -> None:
    assert workload_faults({**ARGS, "metrics": {"enabled": False, "sizing": {"replicas": 9}}}) == []


def test_every_agent_sends_to_the_cluster_s_own_host_with_the_cluster_s_certificate() -> None:
    centre = {
        "host": "games.obs.internal",
        "certificate_secret_name": "centre-client-tls",
        "ca_secret_name": "centre-ca",
    }
    made: list[Any] = [
        f(ARGS) for f in (prometheus_agent_args, logs_agent_args, traces_agent_args, profiles_agent_args)
    ]
    for args in made:
        assert args["centre"] == centre
        assert args["cluster_name"] == args["tenant"] == "games"
    assert own_host({**ARGS, "centre": {**ARGS["centre"], "domain": "watch.example.com"}}) == "games.watch.example.com"


def test_labels_of_the_cluster_are_on_metrics_logs_spans_and_profiles() -> None:
    assert prometheus_agent_args(ARGS)["external_labels"] == {"environment": "prod"}
    assert logs_agent_args(ARGS)["external_labels"] == {"environment": "prod"}
    assert traces_agent_args(ARGS)["resource_attributes"] == {"environment": "prod"}
    assert profiles_agent_args(ARGS)["external_labels"] == {"environment": "prod"}


def test_what_waits_for_the_centre_may_take_more_or_less_of_each_node_s_disk() -> None:
    assert profiles_agent_args({**ARGS, "profiles": {"buffer_mib": 256}})["buffer_mib"] == 256
    (fault,) = agent_faults({**ARGS, "profiles": {"buffer_mib": 1}})
    assert str(fault).startswith("profiles.buffer_mib: 1 must be a whole number from 64")


def test_only_what_needs_privileges_lives_among_the_privileged() -> None:
    assert prometheus_agent_args(ARGS)["namespace"] == "observability"
    assert traces_agent_args(ARGS)["namespace"] == "observability"
    assert profiles_agent_args(ARGS)["agents_namespace"] == "observability-agents"


def test_volumes_are_of_the_class_that_the_cluster_has_or_that_is_made() -> None:
    given: Any = {**ARGS, "cluster": {"existing": {**EXISTING, "storage_class_name": "fast"}}}
    assert (
        prometheus_agent_args(given)["storage_class_name"] == traces_agent_args(given)["storage_class_name"] == "fast"
    )
    assert prometheus_agent_args(ARGS)["storage_class_name"] == "gp3-encrypted"

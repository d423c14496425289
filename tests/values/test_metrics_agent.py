"""Prometheus agents of a workload cluster, as data."""

from typing import Any

import pytest

from components.metrics import names
from components.metrics.prometheus_agent_args import prometheus_agent_faults
from components.metrics.prometheus_agent_flows import prometheus_agent_network
from components.metrics.prometheus_agent_values import (
    KEPT_HOURS,
    LONGEST_LOG_HOURS,
    prometheus_agent_values,
)
from components.metrics.thanos_values import thanos_values
from components.security.network_policy import network_policy_faults, network_policy_specs
from tests.values.chart_keys import require_chart_keys, unknown_keys

ARGS: Any = {
    "cluster_name": "shop",
    "tenant": "shop",
    "centre": {
        "host": "shop.observability.internal",
        "certificate_secret_name": "centre-client-tls",
        "ca_secret_name": "centre-ca",
    },
    "external_labels": {"region": "eu-west-1"},
}
VALUES = prometheus_agent_values(ARGS)
SPEC = VALUES["prometheus"]["prometheusSpec"]


def test_the_chart_knows_every_key() -> None:
    require_chart_keys("kube-prometheus-stack")
    context = [
        f"prometheus-node-exporter.containerSecurityContext.{key}"
        for key in ("allowPrivilegeEscalation", "capabilities", "seccompProfile")
    ]
    assert unknown_keys("kube-prometheus-stack", VALUES, context) == []


def test_it_only_scrapes_and_sends() -> None:
    assert VALUES["prometheus"]["agentMode"] is True
    assert VALUES["alertmanager"]["enabled"] is False
    assert VALUES["defaultRules"] == {"create": False}
    assert VALUES["grafana"] == {"enabled": False, "forceDeployDashboards": False}
    assert "thanos" not in SPEC


def test_samples_go_to_the_centre_over_mutual_tls_in_the_tenant_s_name() -> None:
    (write,) = SPEC["remoteWrite"]
    assert write["url"] == "https://shop.observability.internal/api/v1/receive"
    assert write["headers"] == {"THANOS-TENANT": "shop"}
    tls = write["tlsConfig"]
    assert tls["cert"]["secret"] == {"name": "centre-client-tls", "key": "tls.crt"}
    assert tls["keySecret"] == {"name": "centre-client-tls", "key": "tls.key"}
    assert tls["ca"]["secret"] == {"name": "centre-ca", "key": "ca.crt"}
    assert tls["minVersion"] == "TLS12"
    assert not tls.get("insecureSkipVerify")


def test_series_say_where_they_are_from_and_the_centre_merges_the_pair() -> None:
    assert SPEC["externalLabels"] == {"region": "eu-west-1", "cluster": "shop"}
    assert SPEC["replicas"] == 2
    centre: Any = {"cluster_name": "c", "object_store_config": "", "role_arn": "", "receive_enabled": True}
    assert SPEC["replicaExternalLabelName"] in thanos_values(centre)["query"]["replicaLabels"]
    assert "receive_replica" in thanos_values(centre)["query"]["replicaLabels"]


def test_an_hour_without_the_centre_is_kept_and_fits_the_volume() -> None:
    (argument,) = SPEC["additionalArgs"]
    every = int(argument["value"].removesuffix("h"))
    assert argument["name"] == "storage.agent.wal-truncate-frequency"
    # Shortening drops two thirds of the log; after a start the log is no longer than the time since.
    assert every / 3 >= KEPT_HOURS >= 2
    longest, series, per_sample = LONGEST_LOG_HOURS, 500_000, 12
    assert longest >= every * 1.5 + every
    needed = series / 15 * longest * 3600 * per_sample
    claim = SPEC["storageSpec"]["volumeClaimTemplate"]["spec"]
    room = int(claim["resources"]["requests"]["storage"].removesuffix("Gi")) * 2**30
    assert needed < room * 0.9, "bytes of uncompressed samples, more than there ever are"
    assert claim["storageClassName"] == "gp3"
    assert SPEC["remoteWrite"][0]["queueConfig"]["retryOnRateLimit"] is True, "429 drops samples otherwise"


def test_sizes_are_taken_over_and_one_replica_can_be_drained() -> None:
    small = prometheus_agent_values({**ARGS, "sizing": {"replicas": 1, "memory": "512Mi", "storage_gib": 5}})
    spec = small["prometheus"]["prometheusSpec"]
    assert small["prometheus"]["podDisruptionBudget"]["enabled"] is False
    assert spec["resources"]["limits"]["memory"] == "512Mi"
    assert spec["storageSpec"]["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"] == "5Gi"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tenant": "Shop"}, "tenant: 'Shop' must be a DNS label"),
        ({"centre": {**ARGS["centre"], "host": "https://shop"}}, "centre.host: 'https://shop' must be a host name"),
        ({"centre": {**ARGS["centre"], "ca_secret_name": ""}}, "centre.ca_secret_name: '' must be a DNS label"),
        ({"external_labels": {"cluster": "x"}}, "external_labels.cluster: 'cluster' must be another label"),
        ({"external_labels": {"a-b": "x"}}, "external_labels.a-b: 'a-b' must be a label's name"),
        ({"sizing": {"replicas": 4}}, "sizing.replicas: 4 must be a whole number from 1 to 3"),
        ({"sizing": {"storage_gib": 1}}, "sizing.storage_gib: 1 must be a whole number from 5"),
    ],
)
def test_what_cannot_work_is_refused(change: Any, message: str) -> None:
    (fault,) = prometheus_agent_faults({**ARGS, **change})
    assert str(fault).startswith(message)


def test_it_reaches_the_centre_and_what_it_scrapes_and_is_called_by_itself_alone() -> None:
    network = prometheus_agent_network("observability-agents")
    assert network_policy_faults(network) == []
    spec = network_policy_specs(network)["prometheus"]
    reached = {
        (rule["to"][0]["ipBlock"]["cidr"], port["port"])
        for rule in spec["egress"]
        if "ipBlock" in rule["to"][0]
        for port in rule["ports"]
    }
    assert ("0.0.0.0/0", 443) in reached
    assert {("10.0.0.0/8", port) for port in (443, 6443, 9100, 10250)} <= reached
    assert {"to": [{"namespaceSelector": {}, "podSelector": {}}]} in spec["egress"]
    assert len(spec["ingress"]) == 1
    assert spec["podSelector"]["matchLabels"]["operator.prometheus.io/name"] == f"{names.PROMETHEUS}-prometheus"

"""The rendered charts behind the declared flows: every peer selects pods that exist, and they listen where flows lead.

A policy that selects nobody protects nobody, and a port that nobody listens on hides one that is closed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from components.foundation.seaweedfs_values import seaweedfs_values
from components.grafana.grafana_values import grafana_values
from components.logs import names as logs
from components.logs.fluent_bit_values import events_values, fluent_bit_values
from components.logs.loki_values import loki_values
from components.logs.rollout_operator import rollout_operator_values
from components.metrics import names as metrics
from components.metrics.blackbox_exporter import blackbox_exporter_values
from components.metrics.memcached import memcached_manifests
from components.metrics.object_store import object_store_config
from components.metrics.prometheus_agent_values import prometheus_agent_values
from components.metrics.prometheus_values import prometheus_values
from components.metrics.pushgateway import pushgateway_values
from components.metrics.thanos_values import thanos_values
from components.profiles import names as profiles
from components.profiles.alloy_values import profiles_agent_values
from components.profiles.pyroscope_values import pyroscope_values
from components.security.cert_manager_values import cert_manager_values
from components.security.entrance_config import entrance_files
from components.security.entrance_manifests import entrance_manifests
from components.security.external_secrets_values import external_secrets_values
from components.traces import names as traces
from components.traces.agent_values import agent_values
from components.traces.forwarder_values import forwarder_values
from components.traces.gateway_values import gateway_values
from components.traces.tempo_values import tempo_values
from tests.charts.rendering import Manifest, charts_or_skip, pods, render
from tests.values.network_world import CENTRE, WORKLOAD, World

BACKENDS, AGENTS = "observability", "observability-agents"
ROLE = "arn:aws:iam::123456789012:role/obs-any-eu-west-1"
STORE: Any = {"bucket_name": "obs-any-123456789012-eu-west-1", "region": "eu-west-1", "role_arn": ROLE}
TLS: Any = {"certificate_issuer": "observability-ca"}
TO_CENTRE: Any = {
    "cluster_name": "games",
    "tenant": "games",
    "centre": {"host": "games.obs.internal", "certificate_secret_name": "client", "ca_secret_name": "ca"},
}
SECRETS: Any = {
    "platform_name": "obs",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "oidc_provider_arn": "arn",
    "oidc_issuer": "issuer",
    "kms_key_arn": "arn",
    "namespaces": [BACKENDS],
    **TLS,
}
ENTRANCE: Any = {
    "platform_name": "obs",
    "clusters": {"games": {"tenant": "games"}},
    "vpc_id": "vpc-1",
    "subnet_ids": ["a", "b"],
    "allowed_cidr_blocks": ["10.80.0.0/16"],
}
GRAFANA: Any = {"platform_name": "obs", "signals": {"loki_url": "http://loki-gateway"}}
UNDECLARED = {
    # Charts name ports for their Services; what else a program listens on they often leave out.
    "alertmanager": {9094},
    "loki": {7946},
    "rollout-operator": {8001},
}


class Running(NamedTuple):
    """Pods of one workload, and the ports that their containers name."""

    namespace: str
    labels: Mapping[str, str]
    ports: frozenset[int]


@pytest.fixture(scope="module", autouse=True)
def _charts() -> None:
    charts_or_skip(
        "kube-prometheus-stack", "thanos", "prometheus-blackbox-exporter", "prometheus-pushgateway", "loki",
        "rollout-operator", "fluent-bit", "opentelemetry-collector", "tempo-distributed", "pyroscope", "alloy",
        "grafana", "cert-manager", "external-secrets", "seaweedfs",
    )  # fmt: skip


def running(manifests: list[Manifest], namespace: str) -> Iterator[Running]:
    for pod in pods(manifests):
        if pod.spec.get("hostNetwork"):
            continue  # beyond every policy
        ports = frozenset(
            int(port["containerPort"]) for each in pod.spec["containers"] for port in each.get("ports") or []
        )
        yield Running(pod.namespace or namespace, pod.labels, ports)


def ours() -> Iterator[Running]:
    """Workloads that are typed resources."""
    for cache in (metrics.INDEX_CACHE, metrics.BUCKET_CACHE, metrics.RESPONSE_CACHE, traces.CACHE):
        manifest = {"kind": "StatefulSet", **memcached_manifests({"service_name": cache}).stateful_set}
        yield from running([manifest], BACKENDS)
    manifest = {"kind": "Deployment", **entrance_manifests(ENTRANCE, entrance_files(ENTRANCE)).deployment}
    yield from running([manifest], BACKENDS)


def of_operator(manifests: list[Manifest]) -> Iterator[Running]:
    """Pods that the Prometheus operator makes, with the labels that it gives them (operator, pkg/prometheus)."""
    for manifest in manifests:
        name, kind = manifest["metadata"]["name"], manifest["kind"]
        if kind in ("Prometheus", "PrometheusAgent"):
            label = "prometheus" if kind == "Prometheus" else "prometheus-agent"
            labels = {"app.kubernetes.io/name": label, "operator.prometheus.io/name": name}
            yield Running(BACKENDS, labels, frozenset({9090, 8080, 10901, 10902}))
        elif kind == "Alertmanager":
            labels = {"app.kubernetes.io/name": "alertmanager", "alertmanager": name}
            yield Running(BACKENDS, labels, frozenset({9093, 8080}))


@pytest.fixture(scope="module")
def centre() -> list[Running]:
    own: Any = {
        "cluster_name": "prod",
        "object_store_config": object_store_config("blocks", "eu-west-1"),
        "role_arn": ROLE,
        **TLS,
    }
    fluent_bit: Any = {"cluster_name": "prod", **TLS}
    collector = "opentelemetry-collector"
    remote = traces.remote_write_urls(BACKENDS, 2, tls=True)
    seaweedfs: Any = {"namespace": BACKENDS, "bucket_names": ["one"], "storage_class_name": "standard"}
    releases: list[tuple[str, str, Mapping[str, Any], str]] = [
        ("thanos", metrics.THANOS, thanos_values({**own, "receive_enabled": True}), BACKENDS),
        ("prometheus-blackbox-exporter", metrics.BLACKBOX_EXPORTER, blackbox_exporter_values({}), BACKENDS),
        ("prometheus-pushgateway", metrics.PUSHGATEWAY, pushgateway_values({}), BACKENDS),
        ("loki", logs.LOKI, loki_values({**STORE, **TLS}), BACKENDS),
        ("rollout-operator", logs.ROLLOUT_OPERATOR, rollout_operator_values(), BACKENDS),
        ("fluent-bit", logs.FLUENT_BIT, fluent_bit_values(fluent_bit), AGENTS),
        ("fluent-bit", logs.EVENTS, events_values(fluent_bit), BACKENDS),
        (collector, traces.AGENT, agent_values({"cluster_name": "prod", "other_clusters": True, **TLS}), AGENTS),
        (collector, traces.GATEWAY, gateway_values({"remote_write_urls": remote, **TLS}), BACKENDS),
        ("tempo-distributed", traces.TEMPO, tempo_values({**STORE, **TLS}), BACKENDS),
        ("pyroscope", profiles.PYROSCOPE, pyroscope_values({**STORE, **TLS}), BACKENDS),
        ("alloy", profiles.AGENT, profiles_agent_values({"cluster_name": "prod", "write_url": "http://x"}), AGENTS),
        ("grafana", "grafana", grafana_values(GRAFANA), BACKENDS),
        ("seaweedfs", "seaweedfs", seaweedfs_values(seaweedfs), BACKENDS),
        ("cert-manager", "cert-manager", cert_manager_values({}), "cert-manager"),
        ("external-secrets", "external-secrets", external_secrets_values(SECRETS, ROLE), "external-secrets"),
    ]
    stack = render("kube-prometheus-stack", metrics.PROMETHEUS, prometheus_values(own))
    # The Job that makes the webhook's certificate is there only where cert-manager does not.
    plain = render("kube-prometheus-stack", metrics.PROMETHEUS, prometheus_values({**own, "certificate_issuer": ""}))
    jobs = running([manifest for manifest in plain if manifest["kind"] == "Job"], BACKENDS)
    found = [*ours(), *of_operator(stack), *running(stack, BACKENDS), *jobs]
    return found + [
        pod
        for chart, release, values, namespace in releases
        for pod in running(render(chart, release, values, namespace), namespace)
    ]


@pytest.fixture(scope="module")
def workload() -> list[Running]:
    wanted: Any = {**TO_CENTRE, "namespace": BACKENDS, "agents_namespace": AGENTS}
    collector = "opentelemetry-collector"
    agent: Any = {"cluster_name": "games", "gateway_service": traces.FORWARDER, **TLS}
    stack = render("kube-prometheus-stack", metrics.PROMETHEUS, prometheus_agent_values(wanted))
    releases: list[tuple[str, str, Mapping[str, Any], str]] = [
        ("fluent-bit", logs.FLUENT_BIT, fluent_bit_values(wanted), AGENTS),
        ("fluent-bit", logs.EVENTS, events_values(wanted), BACKENDS),
        (collector, traces.AGENT, agent_values(agent), AGENTS),
        (collector, traces.FORWARDER, forwarder_values({**wanted, **TLS}), BACKENDS),
        ("alloy", profiles.AGENT, profiles_agent_values(TO_CENTRE), AGENTS),
        ("cert-manager", "cert-manager", cert_manager_values({}), "cert-manager"),
        ("external-secrets", "external-secrets", external_secrets_values(SECRETS, ROLE), "external-secrets"),
    ]
    found = [*of_operator(stack), *running(stack, BACKENDS)]
    return found + [
        pod
        for chart, release, values, namespace in releases
        for pod in running(render(chart, release, values, namespace), namespace)
    ]


def chosen(world: World) -> Iterator[tuple[str, Any, set[int]]]:
    """Each peer of pods in flows, and the ports that flows name on it."""
    for declared in world.declared:
        for name, peer in declared["peers"].items():
            if not peer.get("labels") or name == "dns":
                continue
            flows = [flow for flow in declared["flows"] if name in (flow["source"], flow["target"])]
            ports = {int(flow["port"]) for flow in flows if flow["target"] == name and "port" in flow}
            if flows:
                yield name, peer, ports


def behind(peer: Any, world: list[Running]) -> list[Running]:
    here = [pod for pod in world if peer.get("namespace", pod.namespace) == pod.namespace]
    return [pod for pod in here if peer["labels"].items() <= pod.labels.items()]


@pytest.mark.parametrize("kind", ["centre", "workload"])
def test_every_peer_of_a_flow_is_somebody(kind: str, request: pytest.FixtureRequest) -> None:
    real: list[Running] = request.getfixturevalue(kind)
    declared = {"centre": CENTRE, "workload": WORKLOAD}[kind]
    nobody = [f"{name}: {dict(peer)}" for name, peer, _ in chosen(declared) if not behind(peer, real)]
    assert nobody == []


@pytest.mark.parametrize("kind", ["centre", "workload"])
def test_every_port_of_a_flow_is_one_that_its_target_listens_on(kind: str, request: pytest.FixtureRequest) -> None:
    real: list[Running] = request.getfixturevalue(kind)
    declared = {"centre": CENTRE, "workload": WORKLOAD}[kind]
    deaf = []
    for name, peer, ports in chosen(declared):
        known = {port for pod in behind(peer, real) for port in pod.ports} | UNDECLARED.get(name, set())
        deaf += [f"{name}:{port} (has {sorted(known)})" for port in sorted(ports - known)]
    assert deaf == []


def test_every_pod_of_a_closed_namespace_has_a_policy_of_its_own(centre: list[Running]) -> None:
    policies = [policy for policy in CENTRE.policies if policy["spec"]["podSelector"]]
    forgotten = [
        dict(pod.labels)
        for pod in centre
        if not any(
            policy["metadata"]["namespace"] == pod.namespace
            and policy["spec"]["podSelector"]["matchLabels"].items() <= pod.labels.items()
            for policy in policies
        )
    ]
    assert forgotten == []

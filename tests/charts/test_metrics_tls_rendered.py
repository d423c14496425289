"""The metrics room's charts with certificates and with another S3, and the agents' chart, as they reach the cluster."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from components.metrics import names
from components.metrics.object_store import object_store_config
from components.metrics.prometheus_agent_flows import prometheus_agent_network
from components.metrics.prometheus_agent_values import prometheus_agent_values
from components.metrics.prometheus_values import prometheus_values
from components.metrics.thanos_values import thanos_values
from components.metrics.workload_alerts import WORKLOAD_CLUSTER_RULES
from components.security.network_policy import network_policy_specs
from tests.charts.rendering import (
    Manifest,
    charts_or_skip,
    containers,
    named,
    of_kind,
    pods,
    render,
    resource_faults,
    restricted_faults,
)
from tests.charts.test_metrics_rendered import floats

STORE: Any = {
    "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
    "credentials_secret_name": "object-store-credentials",
    "insecure": True,
}
LOCAL: Any = {
    "cluster_name": "local",
    "object_store_config": object_store_config("blocks", "us-east-1", STORE),
    "object_store": STORE,
    "certificate_issuer": "observability-ca",
}
AGENT: Any = {
    "cluster_name": "shop",
    "tenant": "shop",
    "centre": {"host": "shop.obs.internal", "certificate_secret_name": "client", "ca_secret_name": "authority"},
}


@pytest.fixture(scope="module", autouse=True)
def _charts() -> None:
    charts_or_skip("kube-prometheus-stack", "thanos")


@pytest.fixture(scope="module")
def prometheus() -> list[Manifest]:
    return render("kube-prometheus-stack", names.PROMETHEUS, prometheus_values(LOCAL))


@pytest.fixture(scope="module")
def thanos() -> list[Manifest]:
    return render("thanos", names.THANOS, thanos_values({**LOCAL, "receive_enabled": True}))


@pytest.fixture(scope="module")
def agent() -> list[Manifest]:
    return render("kube-prometheus-stack", names.PROMETHEUS, prometheus_agent_values(AGENT), "observability-agents")


def test_every_path_in_arguments_is_mounted(thanos: list[Manifest]) -> None:
    found = 0
    for pod in pods(thanos):
        for container in containers(pod):
            mounts = [m["mountPath"] for m in container.get("volumeMounts", [])]
            volumes = {v["name"] for v in pod.spec.get("volumes", [])}
            assert {m["name"] for m in container.get("volumeMounts", [])} <= volumes | {"data"}, pod.workload
            mentioned = [arg for arg in container.get("args", []) if "/etc/tls/" in arg]
            found += len(mentioned)
            assert not mentioned or "/etc/tls" in mounts, f"{pod.workload}: {mentioned}"
    assert found > 10


def test_every_grpc_port_is_served_with_mutual_tls(thanos: list[Manifest]) -> None:
    serving = set()
    for pod in pods(thanos):
        for container in containers(pod):
            if any(port.get("name") == "grpc" for port in container.get("ports", [])):
                serving.add(pod.workload)
                assert "--grpc-server-tls-client-ca=/etc/tls/ca.crt" in container["args"], pod.workload
    assert len(serving) == 4


def test_probes_and_monitors_of_thanos_ask_the_plain_port(thanos: list[Manifest]) -> None:
    """They can't do otherwise: were HTTP on this port switched to TLS, no pod would become ready."""
    for pod in pods(thanos):
        for container in containers(pod):
            for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
                assert container[probe]["httpGet"] == {"path": container[probe]["httpGet"]["path"], "port": "http"}
            assert not [arg for arg in container["args"] if arg.startswith("--http.config")]
    for monitor in of_kind(thanos, "ServiceMonitor"):
        assert {e.get("scheme", "http") for e in monitor["spec"]["endpoints"]} == {"http"}


@pytest.mark.parametrize("who", ["prometheus", "alertmanager"])
def test_monitors_ask_over_tls_where_it_is_spoken(prometheus: list[Manifest], who: str) -> None:
    monitor = named(prometheus, "ServiceMonitor", f"kps-{who}")
    assert [e["port"] for e in monitor["spec"]["endpoints"]] == ["http-web", "reloader-web"]
    for endpoint in monitor["spec"]["endpoints"]:
        assert endpoint["scheme"] == "https", "the reloader serves with the same configuration"
        assert endpoint["tlsConfig"]["ca"]["secret"] == {"name": f"{who}-tls", "key": "ca.crt"}
    resource = named(prometheus, who.title(), f"kps-{who}")["spec"]
    assert resource["web"]["tlsConfig"]["cert"]["secret"]["name"] == f"{who}-tls"


def test_prometheus_alerts_over_tls(prometheus: list[Manifest]) -> None:
    spec = named(prometheus, "Prometheus", "kps-prometheus")["spec"]
    (alertmanager,) = spec["alerting"]["alertmanagers"]
    assert alertmanager["scheme"] == "https"
    assert alertmanager["tlsConfig"]["serverName"] == "kps-alertmanager.observability.svc.cluster.local"


def test_the_operator_s_webhooks_have_a_certificate_of_ours_and_no_job(prometheus: list[Manifest]) -> None:
    (certificate,) = of_kind(prometheus, "Certificate")
    assert certificate["spec"]["issuerRef"]["name"] == "observability-ca"
    assert of_kind(prometheus, "Job") == []
    operator = named(prometheus, "Deployment", "kps-operator")["spec"]["template"]["spec"]
    (secret,) = [v["secret"]["secretName"] for v in operator["volumes"] if v["name"] == "tls-secret"]
    assert secret == certificate["spec"]["secretName"]
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        configuration = named(prometheus, kind, "kps-admission")
        inject = configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]
        assert inject == f"observability/{certificate['metadata']['name']}"
        assert {webhook["failurePolicy"] for webhook in configuration["webhooks"]} == {"Ignore"}


def test_the_sidecar_s_configuration_of_ours_is_installed(prometheus: list[Manifest]) -> None:
    spec = named(prometheus, "Prometheus", "kps-prometheus")["spec"]
    (volume,) = [v for v in spec["volumes"] if "configMap" in v]
    config = named(prometheus, "ConfigMap", volume["configMap"]["name"])
    assert list(config["data"]) == ["prometheus.http-client-file.yaml"]


def test_the_ruler_gets_the_rule_as_it_was_written(thanos: list[Manifest]) -> None:
    data = named(thanos, "ConfigMap", "thanos-ruler-rules")["data"]
    assert yaml.safe_load(data["workload-clusters.yaml"]) == yaml.safe_load(WORKLOAD_CLUSTER_RULES)


def test_keys_to_the_bucket_are_where_the_bucket_s_address_is_and_no_role(
    thanos: list[Manifest], prometheus: list[Manifest]
) -> None:
    for pod in pods(thanos):
        mounting = "thanos-objstore" in str(pod.spec.get("volumes"))
        keys = {
            e["valueFrom"]["secretKeyRef"]["key"]
            for c in containers(pod)
            for e in c.get("env", [])
            if "secretKeyRef" in e.get("valueFrom", {})
        }
        assert keys == ({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} if mounting else set()), pod.workload
    for account in of_kind([*thanos, *prometheus], "ServiceAccount"):
        assert "role-arn" not in str(account["metadata"].get("annotations"))


def test_everything_still_satisfies_pod_security_and_has_limits(
    thanos: list[Manifest], prometheus: list[Manifest], agent: list[Manifest]
) -> None:
    for pod in pods([*thanos, *prometheus, *agent]):
        assert [f for c in containers(pod) for f in resource_faults(c)] == [], pod.workload
        if pod.workload != "DaemonSet/node-exporter":
            assert restricted_faults(pod) == [], pod.workload


def test_agents_are_all_there_is_in_a_workload_cluster(agent: list[Manifest]) -> None:
    kinds = {m["kind"] for m in agent}
    assert kinds.isdisjoint({"Prometheus", "Alertmanager", "PrometheusRule", "ThanosRuler", "ConfigMap"})
    (resource,) = of_kind(agent, "PrometheusAgent")
    assert resource["spec"]["remoteWrite"][0]["url"] == "https://shop.obs.internal/api/v1/receive"
    assert resource_faults(resource["spec"]) == []
    monitors = {m["metadata"]["name"] for m in of_kind(agent, "ServiceMonitor")}
    assert {"kps-kubelet", "kps-apiserver", "kps-coredns", "kube-state-metrics", "node-exporter"} <= monitors


def operated(agent: list[Manifest]) -> dict[str, str]:
    """Labels that the operator puts on an agent's pods."""
    (resource,) = of_kind(agent, "PrometheusAgent")
    return {
        "app.kubernetes.io/name": "prometheus-agent",
        "app.kubernetes.io/instance": resource["metadata"]["name"],
        "app.kubernetes.io/managed-by": "prometheus-operator",
        "operator.prometheus.io/name": resource["metadata"]["name"],
    }


def test_budget_spread_service_and_policy_select_the_agents(agent: list[Manifest]) -> None:
    labels = operated(agent)
    (resource,) = of_kind(agent, "PrometheusAgent")
    selectors = [
        named(agent, "PodDisruptionBudget", "kps-prometheus")["spec"]["selector"]["matchLabels"],
        named(agent, "Service", "kps-prometheus")["spec"]["selector"],
        *(s["labelSelector"]["matchLabels"] for s in resource["spec"]["topologySpreadConstraints"]),
        network_policy_specs(prometheus_agent_network("observability-agents"))["prometheus"]["podSelector"][
            "matchLabels"
        ],
    ]
    for selector in selectors:
        assert selector.items() <= labels.items(), selector


def test_every_pod_beside_the_agents_has_exactly_one_policy(agent: list[Manifest]) -> None:
    specs = network_policy_specs(prometheus_agent_network("observability-agents")).values()
    selectors = [spec["podSelector"]["matchLabels"] for spec in specs]
    for pod in pods(agent):
        chosen = [selector for selector in selectors if selector.items() <= pod.labels.items()]
        assert len(chosen) == (0 if pod.spec.get("hostNetwork") else 1), pod.workload


def test_numbers_survive_the_way_through_pulumi() -> None:
    for chart, values in (
        ("kube-prometheus-stack", prometheus_values(LOCAL)),
        ("kube-prometheus-stack", prometheus_agent_values(AGENT)),
        ("thanos", thanos_values({**LOCAL, "receive_enabled": True})),
    ):
        assert render(chart, "x", values) == render(chart, "x", floats(values)), chart


def schemas() -> dict[tuple[str, str], Any]:
    """OpenAPI schema of each custom resource, by kind and version."""
    charts_or_skip("prometheus-operator-crds")
    rendered = render("prometheus-operator-crds", names.PROMETHEUS_OPERATOR_CRDS, {})
    return {
        (crd["spec"]["names"]["kind"], version["name"]): version["schema"]["openAPIV3Schema"]
        for crd in of_kind(rendered, "CustomResourceDefinition")
        for version in crd["spec"]["versions"]
    }


def unknown(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """Fields that the API server would drop without a word."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown(item, schema.get("items", {}), f"{path}[{index}]")
    elif isinstance(value, dict):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties")
        for key, item in value.items():
            if key in properties:
                yield from unknown(item, properties[key], f"{path}.{key}")
            elif more is None:
                yield f"{path}.{key}"


def test_custom_resources_have_no_field_that_their_definitions_lack(
    prometheus: list[Manifest], agent: list[Manifest]
) -> None:
    known = schemas()
    checked = set()
    for manifest in [*prometheus, *agent]:
        group, _, version = manifest["apiVersion"].rpartition("/")
        if group == "monitoring.coreos.com":
            kind = manifest["kind"]
            checked.add(kind)
            assert list(unknown(manifest["spec"], known[kind, version]["properties"]["spec"], kind)) == []
    assert {"Prometheus", "Alertmanager", "PrometheusAgent", "ServiceMonitor"} <= checked
    wrong = {"web": {"tlsConfig": {"clientCA": {}}}}
    found = list(unknown(wrong, known["Prometheus", "v1"]["properties"]["spec"], "x"))
    assert found == ["x.web.tlsConfig.clientCA"], "a misspelt field would be found"

"""Grafana's chart rendered with our values: what runs, with which rights, and reads which files."""

import configparser
import json
from typing import Any

import pytest
import yaml

from components.grafana.grafana_values import grafana_values
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
from tests.values.test_grafana_values import ENTERPRISE, FULL, PLAIN

EVERY = {"plain": PLAIN, "full": FULL, "enterprise": ENTERPRISE}


@pytest.fixture(scope="module", autouse=True)
def _charts() -> None:
    charts_or_skip("grafana")


def rendered(args: dict[str, Any]) -> list[Manifest]:
    return render("grafana", "grafana", grafana_values(args))  # type: ignore[arg-type]


def container(args: dict[str, Any], name: str) -> dict[str, Any]:
    (pod,) = pods(rendered(args))
    return next(each for each in containers(pod) if each["name"] == name)


@pytest.mark.parametrize("args", EVERY.values(), ids=EVERY)
def test_every_container_is_restricted_bounded_and_reads_only_its_image(args: dict[str, Any]) -> None:
    (pod,) = pods(rendered(args))
    assert pod.workload == "Deployment/grafana"
    assert restricted_faults(pod) == []
    for each in containers(pod):
        assert resource_faults(each) == []
        assert each["securityContext"]["readOnlyRootFilesystem"] is True
    assert [each["name"] for each in containers(pod)] == ["grafana-sc-dashboard", "grafana"], (
        "no init container as root"
    )


@pytest.mark.parametrize("args", EVERY.values(), ids=EVERY)
def test_no_role_of_the_chart_reads_secrets(args: dict[str, Any]) -> None:
    manifests = rendered(args)
    assert of_kind(manifests, "Role") == of_kind(manifests, "ClusterRole") == []
    assert of_kind(manifests, "ClusterRoleBinding") == []
    (binding,) = of_kind(manifests, "RoleBinding")
    assert binding["roleRef"]["name"] == "grafana-dashboards"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "grafana", "namespace": "observability"}]


@pytest.mark.parametrize("args", EVERY.values(), ids=EVERY)
def test_the_token_of_the_service_account_is_mounted_into_the_sidecar_alone(args: dict[str, Any]) -> None:
    (pod,) = pods(rendered(args))
    assert pod.spec["automountServiceAccountToken"] is False
    holders = [
        each["name"]
        for each in containers(pod)
        if any("serviceaccount" in mount["mountPath"] for mount in each["volumeMounts"])
    ]
    assert holders == ["grafana-sc-dashboard"]


@pytest.mark.parametrize("args", EVERY.values(), ids=EVERY)
def test_every_mount_has_its_volume_and_every_folder_that_is_written_is_one(args: dict[str, Any]) -> None:
    (pod,) = pods(rendered(args))
    volumes = {volume["name"]: volume for volume in pod.spec["volumes"]}
    for each in containers(pod):
        assert {mount["name"] for mount in each["volumeMounts"]} <= set(volumes)
    grafana = {mount["mountPath"]: volumes[mount["name"]] for mount in container(args, "grafana")["volumeMounts"]}
    written = ("/var/lib/grafana", "/var/lib/grafana-search", "/tmp", "/var/log/grafana")
    for folder in written:
        assert {"emptyDir", "persistentVolumeClaim"} & set(grafana[folder]), folder


def test_the_volume_is_of_the_encrypted_class() -> None:
    (claim,) = of_kind(rendered({**PLAIN, "storage_class_name": "gp3-encrypted"}), "PersistentVolumeClaim")
    assert claim["spec"]["storageClassName"] == "gp3-encrypted"
    assert of_kind(rendered(FULL), "PersistentVolumeClaim") == []


@pytest.mark.parametrize("args", EVERY.values(), ids=EVERY)
def test_no_manifest_holds_a_password(args: dict[str, Any]) -> None:
    manifests = rendered(args)
    for secret in of_kind(manifests, "Secret"):
        assert set(secret["data"]) == {"ldap-toml"}
    for variable in container(args, "grafana")["env"]:
        if any(word in variable["name"] for word in ("PASSWORD", "SECRET", "USER")):
            assert "valueFrom" in variable, variable["name"]


@pytest.mark.parametrize("args", EVERY.values(), ids=EVERY)
def test_configuration_and_datasources_are_files_that_can_be_read(args: dict[str, Any]) -> None:
    data = named(rendered(args), "ConfigMap", "grafana")["data"]
    ini = configparser.ConfigParser(interpolation=None)
    ini.read_string(data["grafana.ini"])
    assert ini["auth.anonymous"]["enabled"] == "false"
    assert ini["unified_alerting"]["execute_alerts"] == "false"
    assert "e+" not in data["grafana.ini"], "a large number that Go wrote its own way"
    datasources = yaml.safe_load(data["datasources.yaml"])["datasources"]
    assert {each["uid"] for each in datasources} >= {"thanos", "loki", "tempo", "pyroscope"}
    assert "$${__value.raw}" in data["datasources.yaml"]


def test_probes_speak_tls_where_grafana_does() -> None:
    for probe in ("readinessProbe", "livenessProbe"):
        assert container(FULL, "grafana")[probe]["httpGet"]["scheme"] == "HTTPS"
        assert container(FULL, "grafana")[probe]["httpGet"]["path"] == "/api/health"
        assert "scheme" not in container(PLAIN, "grafana")[probe]["httpGet"]


def test_the_load_balancer_leads_to_grafana_and_keeps_metrics_inside() -> None:
    (ingress,) = of_kind(rendered(FULL), "Ingress")
    first, second = ingress["spec"]["rules"][0]["http"]["paths"]
    assert (first["path"], first["backend"]["service"]["name"]) == ("/metrics", "no-metrics")
    action = json.loads(ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/actions.no-metrics"])
    assert action["fixedResponseConfig"]["statusCode"] == "404"
    service = named(rendered(FULL), "Service", "grafana")
    assert second["backend"]["service"]["port"]["number"] == service["spec"]["ports"][0]["port"]
    assert of_kind(rendered(PLAIN), "Ingress") == []


def test_scraping_reaches_the_port_by_the_services_own_name_for_it() -> None:
    manifests = rendered(FULL)
    (monitor,) = of_kind(manifests, "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    service = named(manifests, "Service", "grafana")
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert endpoint["scheme"] == "https"
    assert "insecureSkipVerify" not in endpoint["tlsConfig"]


def test_with_a_database_several_pods_scale_and_give_way_one_by_one() -> None:
    manifests = rendered(FULL)
    (scaler,) = of_kind(manifests, "HorizontalPodAutoscaler")
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (2, 5)
    (budget,) = of_kind(manifests, "PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == 1
    assert of_kind(rendered(PLAIN), "PodDisruptionBudget") == []


def test_pods_bear_the_labels_that_the_network_policies_select() -> None:
    (pod,) = pods(rendered(FULL))
    assert {"app.kubernetes.io/name": "grafana", "app.kubernetes.io/instance": "grafana"}.items() <= pod.labels.items()
    ports = [port["containerPort"] for port in container(FULL, "grafana")["ports"] if port["name"] == "grafana"]
    assert ports == [3000]

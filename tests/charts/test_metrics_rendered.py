"""The charts of the metrics room, rendered with our values: what really reaches the cluster."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.metrics import names
from components.metrics.blackbox_exporter import blackbox_exporter_values
from components.metrics.flows import metrics_network
from components.metrics.memcached import memcached_manifests
from components.metrics.object_store import object_store_config
from components.metrics.prometheus_values import prometheus_values
from components.metrics.pushgateway import pushgateway_values
from components.metrics.thanos_values import thanos_values
from components.security.network_policy import network_policy_specs
from tests.charts.rendering import (
    Manifest,
    Pod,
    charts_or_skip,
    containers,
    named,
    of_kind,
    pods,
    render,
    resource_faults,
    restricted_faults,
)

ROLE = "arn:aws:iam::123456789012:role/obs-thanos-eu-west-1"
COMMON: Any = {
    "cluster_name": "prod",
    "object_store_config": object_store_config("obs-metrics-123456789012-eu-west-1", "eu-west-1"),
    "role_arn": ROLE,
}
NETWORK = metrics_network("observability", receive_enabled=True)
CHARTS = ("kube-prometheus-stack", "thanos", "prometheus-blackbox-exporter", "prometheus-pushgateway")


@pytest.fixture(scope="module", autouse=True)
def _charts() -> None:
    charts_or_skip(*CHARTS)


@pytest.fixture(scope="module")
def prometheus() -> list[Manifest]:
    return render("kube-prometheus-stack", names.PROMETHEUS, prometheus_values(COMMON))


@pytest.fixture(scope="module")
def thanos() -> list[Manifest]:
    return render("thanos", names.THANOS, thanos_values({**COMMON, "receive_enabled": True}))


@pytest.fixture(scope="module")
def everything(prometheus: list[Manifest], thanos: list[Manifest]) -> list[Manifest]:
    blackbox = render("prometheus-blackbox-exporter", names.BLACKBOX_EXPORTER, blackbox_exporter_values({}))
    pushgateway = render("prometheus-pushgateway", names.PUSHGATEWAY, pushgateway_values({}))
    kinds = ("Service", "StatefulSet", "PodDisruptionBudget", "ServiceMonitor")
    ours = [
        {"kind": kind, **manifest}
        for cache in (names.INDEX_CACHE, names.BUCKET_CACHE, names.RESPONSE_CACHE)
        for kind, manifest in zip(kinds, memcached_manifests({"service_name": cache}), strict=True)
    ]
    return [*prometheus, *thanos, *blackbox, *pushgateway, *ours]


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()


def operated(prometheus: list[Manifest]) -> list[Pod]:
    """The pods that the operator makes, with the labels that it puts on them."""
    return [
        Pod(
            f"{kind}/{m['metadata']['name']}",
            m["metadata"]["namespace"],
            {
                "app.kubernetes.io/name": kind.lower(),
                "app.kubernetes.io/instance": m["metadata"]["name"],
                "app.kubernetes.io/managed-by": "prometheus-operator",
                kind.lower(): m["metadata"]["name"],
                "operator.prometheus.io/name": m["metadata"]["name"],
            },
            m["spec"],
        )
        for kind in ("Prometheus", "Alertmanager")
        for m in of_kind(prometheus, kind)
    ]


def test_every_container_has_requests_and_limits(everything: list[Manifest]) -> None:
    faults = {pod.workload: [f for c in containers(pod) for f in resource_faults(c)] for pod in pods(everything)}
    assert {workload: found for workload, found in faults.items() if found} == {}


def test_the_containers_that_the_operator_makes_have_requests_and_limits_too(prometheus: list[Manifest]) -> None:
    spec = named(prometheus, "Prometheus", "kps-prometheus")["spec"]
    alertmanager = named(prometheus, "Alertmanager", "kps-alertmanager")["spec"]
    for part in (spec, spec["thanos"], alertmanager):
        assert resource_faults(part) == []
    operator = named(prometheus, "Deployment", "kps-operator")["spec"]["template"]["spec"]["containers"][0]
    reloader = {a.split("=")[0]: a.split("=")[1] for a in operator["args"] if a.startswith("--config-reloader-")}
    assert len(reloader) == 4, "CPU and memory, request and limit"
    assert "0" not in reloader.values(), "0 means none to the operator"


def test_all_but_node_exporter_satisfy_pod_security_restricted(everything: list[Manifest]) -> None:
    faults = {pod.workload: restricted_faults(pod) for pod in pods(everything)}
    assert faults.pop("DaemonSet/node-exporter"), "it uses the host's network and files"
    assert {workload: found for workload, found in faults.items() if found} == {}


def test_the_operator_s_pods_run_as_somebody_and_confined(prometheus: list[Manifest]) -> None:
    for pod in operated(prometheus):
        context = pod.spec["securityContext"]
        assert context["runAsNonRoot"], pod.workload
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, pod.workload


def test_only_node_exporter_lives_in_the_privileged_namespace(everything: list[Manifest]) -> None:
    elsewhere = {pod.workload for pod in pods(everything) if pod.namespace != "observability"}
    assert elsewhere == {"DaemonSet/node-exporter"}
    exporter = next(pod for pod in pods(everything) if pod.workload in elsewhere)
    assert exporter.namespace == "observability-agents"
    assert exporter.spec["tolerations"] == [{"operator": "Exists"}], "on tainted nodes too"
    assert all(c["volumeMounts"] and all(v.get("readOnly") for v in c["volumeMounts"]) for c in containers(exporter))
    assert exporter.spec["securityContext"]["runAsNonRoot"]


def test_every_budget_selects_pods_of_one_workload_and_leaves_room_for_a_drain(
    everything: list[Manifest], prometheus: list[Manifest]
) -> None:
    candidates = [*pods(everything), *operated(prometheus)]
    for budget in of_kind(everything, "PodDisruptionBudget"):
        spec, name = budget["spec"], budget["metadata"]["name"]
        chosen = [pod for pod in candidates if selects(spec["selector"]["matchLabels"], pod.labels)]
        assert len(chosen) == 1, f"{name} selects {[pod.workload for pod in chosen]}"
        assert ("minAvailable" in spec) != ("maxUnavailable" in spec), name
    assert named(everything, "PodDisruptionBudget", "kps-prometheus")["spec"]["minAvailable"] == 1
    assert named(everything, "PodDisruptionBudget", "kps-alertmanager")["spec"]["minAvailable"] == 2


def test_every_replicated_workload_has_a_budget(everything: list[Manifest], prometheus: list[Manifest]) -> None:
    selectors = [b["spec"]["selector"]["matchLabels"] for b in of_kind(everything, "PodDisruptionBudget")]
    replicated = {m["metadata"]["name"] for m in everything if (m.get("spec") or {}).get("replicas", 1) > 1}
    for pod in (*pods(everything), *operated(prometheus)):
        if pod.workload.split("/")[1] in replicated:
            assert any(selects(selector, pod.labels) for selector in selectors), pod.workload


def test_every_replicated_workload_spreads_over_zones(everything: list[Manifest], prometheus: list[Manifest]) -> None:
    replicated = {m["metadata"]["name"] for m in everything if (m.get("spec") or {}).get("replicas", 1) > 1}
    found = 0
    for pod in (*pods(everything), *operated(prometheus)):
        if pod.workload.split("/")[1] not in replicated:
            continue
        zones = [s for s in pod.spec["topologySpreadConstraints"] if s["topologyKey"] == "topology.kubernetes.io/zone"]
        assert len(zones) == 1, pod.workload
        assert selects(zones[0]["labelSelector"]["matchLabels"], pod.labels), f"{pod.workload} spreads other pods"
        found += 1
    assert found == len(replicated) >= 9


def test_every_service_selects_pods_that_have_its_ports(everything: list[Manifest]) -> None:
    for service in of_kind(everything, "Service"):
        selector, name = service["spec"].get("selector") or {}, service["metadata"]["name"]
        chosen = [pod for pod in pods(everything) if selects(selector, pod.labels)]
        if selector.get("app.kubernetes.io/name") in ("prometheus", "alertmanager") or name == "kps-coredns":
            continue
        assert len(chosen) == 1, f"{name} selects {[pod.workload for pod in chosen]}"
        ports = [port for c in containers(chosen[0]) for port in c.get("ports", [])]
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            assert any(target in (p.get("name"), p["containerPort"]) for p in ports), f"{name}: {target}"


def test_every_autoscaler_finds_its_workload_and_the_requests_that_it_measures_by(thanos: list[Manifest]) -> None:
    scalers = of_kind(thanos, "HorizontalPodAutoscaler")
    bounds = {s["metadata"]["name"]: (s["spec"]["minReplicas"], s["spec"]["maxReplicas"]) for s in scalers}
    assert bounds == {"thanos-query": (2, 6), "thanos-storegateway": (2, 6)}
    for scaler in scalers:
        target = scaler["spec"]["scaleTargetRef"]
        workload = named(thanos, target["kind"], target["name"])
        for container in workload["spec"]["template"]["spec"]["containers"]:
            assert container["resources"]["requests"]["cpu"]


def test_prometheus_uploads_and_never_joins_blocks(prometheus: list[Manifest]) -> None:
    spec = named(prometheus, "Prometheus", "kps-prometheus")["spec"]
    assert spec["thanos"]["objectStorageConfig"] == {"name": "thanos-objstore", "key": "objstore.yml"}
    assert spec["disableCompaction"] is True
    assert spec["retention"] == "6h", "two hours, and four to upload in"
    assert (spec["replicas"], spec["scrapeInterval"]) == (2, "15s")
    assert spec["externalLabels"] == {"cluster": "prod"}
    assert "enableRemoteWriteReceiver" not in spec, "nobody may push unless asked"
    assert spec["serviceDiscoveryRole"] == "EndpointSlice"


def test_prometheus_picks_up_what_any_namespace_declares(prometheus: list[Manifest]) -> None:
    spec = named(prometheus, "Prometheus", "kps-prometheus")["spec"]
    for kind in ("serviceMonitor", "podMonitor", "probe", "rule", "scrapeConfig"):
        assert spec[f"{kind}Selector"] == {}
        assert spec[f"{kind}NamespaceSelector" if kind != "rule" else "ruleNamespaceSelector"] == {}


def test_query_merges_by_the_label_that_prometheus_puts_on(prometheus: list[Manifest], thanos: list[Manifest]) -> None:
    label = named(prometheus, "Prometheus", "kps-prometheus")["spec"]["replicaExternalLabelName"]
    args = arguments(thanos, "Deployment", "thanos-query")
    assert f"--query.replica-label={label}" in args


def test_query_finds_the_sidecars_by_a_headless_service_that_exists(
    prometheus: list[Manifest], thanos: list[Manifest]
) -> None:
    discovery = named(prometheus, "Service", "kps-thanos-discovery")["spec"]
    assert discovery["clusterIP"] == "None"
    assert {port["name"]: port["port"] for port in discovery["ports"]} == {"grpc": 10901, "http": 10902}
    args = arguments(thanos, "Deployment", "thanos-query")
    assert "--endpoint=dnssrv+_grpc._tcp.kps-thanos-discovery.observability.svc.cluster.local" in args
    for peer in ("thanos-ruler-headless", "thanos-receive-headless"):
        assert named(thanos, "Service", peer)["spec"]["clusterIP"] == "None"
        assert f"--endpoint=dnssrv+_grpc._tcp.{peer}.observability.svc.cluster.local" in args


def test_query_takes_turns_with_store_gateways_instead_of_asking_all(thanos: list[Manifest]) -> None:
    args = arguments(thanos, "Deployment", "thanos-query")
    config = next(a.split("=", 1)[1] for a in args if a.startswith("--endpoint.sd-config="))
    group = "dnssrv+_grpc._tcp.thanos-store-group.observability.svc.cluster.local"
    assert yaml.safe_load(config) == {"endpoints": [{"address": group, "group": True}]}
    assert not [a for a in args if a.startswith("--endpoint=") and "storegateway" in a]


def test_the_compactor_is_alone_and_keeps_what_the_seeds_say(thanos: list[Manifest]) -> None:
    assert named(thanos, "StatefulSet", "thanos-compactor")["spec"]["replicas"] == 1
    args = arguments(thanos, "StatefulSet", "thanos-compactor")
    assert {a for a in args if a.startswith("--retention")} == {
        "--retention.resolution-raw=30d",
        "--retention.resolution-5m=90d",
        "--retention.resolution-1h=365d",
    }
    assert {"--delete-delay=48h", "--consistency-delay=30m", "--wait"} <= set(args)
    assert not [a for a in args if "vertical" in a or "downsampling.disable" in a]
    assert of_kind(thanos, "VerticalPodAutoscaler") == []


def test_the_ruler_has_no_rules_of_its_own_and_knows_alertmanager(thanos: list[Manifest]) -> None:
    alone = render("thanos", names.THANOS, thanos_values(COMMON))
    rules = named(alone, "ConfigMap", "thanos-ruler-rules")["data"]
    assert [yaml.safe_load(text) for text in rules.values()] == [{"groups": []}]
    alertmanagers = yaml.safe_load(named(thanos, "ConfigMap", "thanos-ruler-am")["data"]["alertmanagers.yaml"])
    address = "dnssrv+_http-web._tcp.alertmanager-operated.observability.svc.cluster.local"
    assert alertmanagers["alertmanagers"][0]["static_configs"] == [address]
    assert [c["name"] for c in template(thanos, "StatefulSet", "thanos-ruler")["containers"]] == ["ruler"]


def test_receive_keeps_three_copies(thanos: list[Manifest]) -> None:
    assert named(thanos, "StatefulSet", "thanos-receive")["spec"]["replicas"] == 3
    assert "--receive.replication-factor=3" in arguments(thanos, "StatefulSet", "thanos-receive")


def test_without_receive_there_is_none_of_it() -> None:
    manifests = render("thanos", names.THANOS, thanos_values(COMMON))
    assert [m["metadata"]["name"] for m in manifests if "receive" in m["metadata"]["name"]] == []
    rules = yaml.safe_dump(of_kind(manifests, "PrometheusRule"))
    assert "thanos-receive" not in rules, "its absence would be an alert"


def test_only_service_accounts_that_need_the_bucket_have_the_role(everything: list[Manifest]) -> None:
    with_role = {
        account["metadata"]["name"]
        for account in of_kind(everything, "ServiceAccount")
        if (account["metadata"].get("annotations") or {}).get("eks.amazonaws.com/role-arn") == ROLE
    }
    assert with_role == {names.PROMETHEUS_SERVICE_ACCOUNT, *names.thanos_s3_service_accounts(True)}


def test_whatever_mounts_the_object_store_s_secret_has_the_role(thanos: list[Manifest]) -> None:
    mounting = {
        pod.spec["serviceAccountName"] for pod in pods(thanos) if "thanos-objstore" in str(pod.spec.get("volumes"))
    }
    assert mounting == set(names.thanos_s3_service_accounts(True))


def test_a_moved_bucket_restarts_the_pods_that_read_its_address() -> None:
    other: Any = {**COMMON, "object_store_config": object_store_config("other", "eu-west-1")}
    for chart, values in (("thanos", thanos_values), ("kube-prometheus-stack", prometheus_values)):
        before, after = (render(chart, "x", values(args)) for args in (COMMON, other))
        changed = [a["kind"] for a, b in zip(before, after, strict=True) if a != b]
        assert changed == (["StatefulSet"] * 3 if chart == "thanos" else ["Prometheus"])


def test_no_secret_travels_in_values(everything: list[Manifest]) -> None:
    secrets = {secret["metadata"]["name"] for secret in of_kind(everything, "Secret")}
    assert secrets == {"alertmanager-kps-alertmanager"}, "routing, which names no receiver"


def test_nothing_is_reachable_from_outside_the_cluster(everything: list[Manifest]) -> None:
    assert {m["kind"] for m in everything} & {"Ingress", "HTTPRoute", "GRPCRoute", "Gateway"} == set()
    assert {s["spec"].get("type", "ClusterIP") for s in of_kind(everything, "Service")} == {"ClusterIP"}


def test_the_control_plane_that_aws_runs_is_neither_scraped_nor_alerted_on(prometheus: list[Manifest]) -> None:
    monitors = {m["metadata"]["name"].removeprefix("kps-") for m in of_kind(prometheus, "ServiceMonitor")}
    assert monitors.isdisjoint({"kube-controller-manager", "kube-scheduler", "kube-etcd", "kube-proxy"})
    assert {"apiserver", "kubelet", "coredns", "kube-state-metrics", "node-exporter", "thanos-sidecar"} <= monitors
    alerts = {r["alert"] for group in rule_groups(prometheus) for r in group["rules"] if "alert" in r}
    assert alerts.isdisjoint({"KubeSchedulerDown", "KubeControllerManagerDown", "KubeProxyDown", "etcdMembersDown"})
    assert {"KubeAPIDown", "KubeletDown", "Watchdog", "PrometheusNotIngestingSamples"} <= alerts


def test_thanos_is_watched_by_alerts_that_match_its_jobs(everything: list[Manifest], thanos: list[Manifest]) -> None:
    rules = [rule for group in rule_groups(thanos) for rule in group["rules"] if "alert" in rule]
    expected = {"ThanosCompactHalted", "ThanosSidecarNoConnectionToStartedPrometheus", "ThanosQueryIsDown"}
    assert expected <= {rule["alert"] for rule in rules}
    jobs = {service["metadata"]["name"] for service in of_kind(everything, "Service")}
    for rule in rules:
        for pattern in re.findall(r'job=~"([^"]+)"', rule["expr"]):
            assert any(re.fullmatch(pattern, job) for job in jobs), f"{rule['alert']} watches no job: {pattern}"


def test_the_alerts_that_the_documentation_names_exist(everything: list[Manifest], repository: Path) -> None:
    page = (repository / "docs" / "metrics.md").read_text()
    named_there = set(re.findall(r"`((?:Thanos|Alertmanager|Prometheus)[A-Z]\w+)`", page)) - {"PrometheusAgent"}
    alerts = {rule["alert"] for group in rule_groups(everything) for rule in group["rules"] if "alert" in rule}
    assert len(named_there) >= 3
    assert named_there <= alerts


def test_every_rule_is_read_by_the_real_promtool(everything: list[Manifest], tmp_path: Path) -> None:
    promtool = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if not promtool:
        pytest.skip("no promtool: set PROMTOOL or put it on PATH")
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": rule_groups(everything)}))
    done = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_is_left_out_and_its_dashboards_are_not(prometheus: list[Manifest]) -> None:
    assert not [pod for pod in pods(prometheus) if "grafana" in pod.workload]
    boards = [m for m in of_kind(prometheus, "ConfigMap") if "grafana_dashboard" in m["metadata"].get("labels", {})]
    assert len(boards) > 15


def test_crds_are_left_to_their_own_release(prometheus: list[Manifest]) -> None:
    assert of_kind(prometheus, "CustomResourceDefinition") == []


def test_kube_state_metrics_may_not_read_secrets(prometheus: list[Manifest]) -> None:
    role = named(prometheus, "ClusterRole", "kube-state-metrics")
    assert "secrets" not in {resource for rule in role["rules"] for resource in rule["resources"]}


def test_monitors_name_ports_that_their_services_have(everything: list[Manifest]) -> None:
    services = of_kind(everything, "Service")
    for monitor in of_kind(everything, "ServiceMonitor"):
        spec, name = monitor["spec"], monitor["metadata"]["name"]
        wanted = spec["selector"].get("matchLabels", {})
        chosen = [s for s in services if selects(wanted, s["metadata"].get("labels") or {})]
        if name in ("kps-apiserver", "kps-kubelet"):
            continue
        assert chosen, f"{name} finds no service"
        ports = {p["name"] for s in chosen for p in s["spec"]["ports"]}
        assert {e["port"] for e in spec["endpoints"] if "port" in e} <= ports, name


def test_volumes_are_on_the_encrypted_storage_class(everything: list[Manifest]) -> None:
    claims = [c["spec"] for m in everything for c in (m.get("spec") or {}).get("volumeClaimTemplates", [])]
    claims += [
        named(everything, kind, name)["spec"]["storage"]["volumeClaimTemplate"]["spec"]
        for kind, name in (("Prometheus", "kps-prometheus"), ("Alertmanager", "kps-alertmanager"))
    ]
    assert len(claims) == 7
    assert {claim["storageClassName"] for claim in claims} == {"gp3"}


def test_a_single_replica_of_each_can_be_drained() -> None:
    small: Any = {**COMMON, "sizing": {"replicas": 1, "alertmanager_replicas": 1}}
    manifests = render("kube-prometheus-stack", names.PROMETHEUS, prometheus_values(small))
    assert of_kind(manifests, "PodDisruptionBudget") == []


def floats(value: Any) -> Any:
    """What becomes of whole numbers on their way through Pulumi."""
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_numbers_survive_the_way_through_pulumi() -> None:
    for chart, values in (
        ("kube-prometheus-stack", prometheus_values(COMMON)),
        ("thanos", thanos_values({**COMMON, "receive_enabled": True})),
        ("prometheus-blackbox-exporter", blackbox_exporter_values({})),
        ("prometheus-pushgateway", pushgateway_values({})),
    ):
        plain, travelled = (render(chart, "x", given) for given in (values, floats(values)))
        for before, after in zip(plain, travelled, strict=True):
            if chart == "prometheus-blackbox-exporter" and before["kind"] == "Deployment":
                for manifest in (before, after):
                    manifest["spec"]["template"]["metadata"]["annotations"].pop("checksum/config", None)
            assert before == after, before["metadata"]["name"]


def test_webhooks_keep_their_certificate(prometheus: list[Manifest]) -> None:
    create = named(prometheus, "Job", "kps-admission-create")
    assert create["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert of_kind(prometheus, "Certificate") == []
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        webhook = named(prometheus, kind, "kps-admission")["webhooks"][0]
        assert "caBundle" not in webhook["clientConfig"], "the job patches it in, an upgrade doesn't take it out"
        assert webhook["failurePolicy"] == "Ignore", "a restarting operator holds up no other release"


def test_every_pod_that_a_policy_can_reach_has_exactly_one(
    everything: list[Manifest], prometheus: list[Manifest]
) -> None:
    selectors = [s["podSelector"]["matchLabels"] for s in network_policy_specs(NETWORK).values()]
    for pod in (*pods(everything), *operated(prometheus)):
        chosen = [selector for selector in selectors if selects(selector, pod.labels)]
        assert len(chosen) == (0 if pod.spec.get("hostNetwork") else 1), f"{pod.workload}: {chosen}"


def test_every_flow_between_pods_ends_at_a_port_that_is_listened_on(
    everything: list[Manifest], prometheus: list[Manifest]
) -> None:
    listening: dict[str, set[int]] = {
        "Prometheus/kps-prometheus": {9090, 8080, 10901, 10902},
        "Alertmanager/kps-alertmanager": {9093, 9094, 8080},
    }
    candidates = [*pods(everything), *operated(prometheus)]
    for pod in pods(everything):
        listening[pod.workload] = {p["containerPort"] for c in containers(pod) for p in c.get("ports", [])}
    for flow in NETWORK["flows"]:
        labels = NETWORK["peers"][flow["target"]].get("labels")
        if labels and "port" in flow and flow["target"] != "dns":
            chosen = [pod.workload for pod in candidates if selects(labels, pod.labels)]
            assert len(chosen) == 1, f"{flow['target']} is {chosen}"
            assert flow["port"] in listening[chosen[0]], flow


def rule_groups(manifests: list[Manifest]) -> list[dict[str, Any]]:
    return [group for rule in of_kind(manifests, "PrometheusRule") for group in rule["spec"]["groups"]]


def template(manifests: list[Manifest], kind: str, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = named(manifests, kind, name)["spec"]["template"]["spec"]
    return spec


def arguments(manifests: list[Manifest], kind: str, name: str) -> list[str]:
    args: list[str] = template(manifests, kind, name)["containers"][0]["args"]
    return args

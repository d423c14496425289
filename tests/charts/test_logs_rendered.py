"""The charts of the logs room, rendered with our values: what really reaches the cluster."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.logs import names
from components.logs.flows import logs_network
from components.logs.fluent_bit_config import STATE
from components.logs.fluent_bit_values import events_values, fluent_bit_values
from components.logs.loki_values import cache_labels, loki_values
from components.logs.rollout_operator import rollout_operator_values
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

ROLE = "arn:aws:iam::123456789012:role/obs-loki-eu-west-1"
BUCKET = "obs-logs-123456789012-eu-west-1"
COMMON: Any = {"bucket_name": BUCKET, "region": "eu-west-1", "role_arn": ROLE}
FLUENT_BIT: Any = {"cluster_name": "prod"}


@pytest.fixture(scope="module", autouse=True)
def _charts() -> None:
    charts_or_skip("loki", "rollout-operator", "fluent-bit")


def loki(topology: str, **over: Any) -> list[Manifest]:
    return render("loki", names.LOKI, loki_values({**COMMON, "topology": topology, **over}))


@pytest.fixture(scope="module", params=names.TOPOLOGIES)
def topology(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def backend(topology: str) -> list[Manifest]:
    return loki(topology)


@pytest.fixture(scope="module")
def everything(topology: str, backend: list[Manifest]) -> list[Manifest]:
    operator = render("rollout-operator", names.ROLLOUT_OPERATOR, rollout_operator_values())
    nodes = render("fluent-bit", names.FLUENT_BIT, fluent_bit_values(FLUENT_BIT), "observability-agents")
    events = render("fluent-bit", names.EVENTS, events_values(FLUENT_BIT))
    return [*backend, *(operator if topology == names.DISTRIBUTED else []), *nodes, *events]


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()


def configuration(manifests: list[Manifest]) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(named(manifests, "ConfigMap", "loki")["data"]["config.yaml"])
    return loaded


def workload(manifests: list[Manifest], name: str) -> Manifest:
    (found,) = [m for m in manifests if m["kind"] in ("Deployment", "StatefulSet") and m["metadata"]["name"] == name]
    return found


def test_every_container_has_requests_and_limits(everything: list[Manifest]) -> None:
    faults = {pod.workload: [f for c in containers(pod) for f in resource_faults(c)] for pod in pods(everything)}
    assert {name: found for name, found in faults.items() if found} == {}


def test_all_but_the_node_s_fluent_bit_satisfy_pod_security_restricted(everything: list[Manifest]) -> None:
    faults = {pod.workload: restricted_faults(pod) for pod in pods(everything)}
    assert faults.pop("DaemonSet/fluent-bit"), "it reads the node's files"
    assert {name: found for name, found in faults.items() if found} == {}


def test_the_node_s_fluent_bit_is_root_without_root_s_powers(everything: list[Manifest]) -> None:
    (pod,) = [pod for pod in pods(everything) if pod.workload == "DaemonSet/fluent-bit"]
    assert pod.namespace == "observability-agents"
    (container,) = containers(pod)
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not container["securityContext"].get("privileged")
    paths = {v["name"]: v["hostPath"]["path"] for v in pod.spec["volumes"] if "hostPath" in v}
    writable = [m["name"] for m in container["volumeMounts"] if m["name"] in paths and not m.get("readOnly")]
    assert writable == ["state"], "positions and buffer outlive the pod, and nothing else of the node is written"
    assert pod.spec["tolerations"] == [{"operator": "Exists"}], "on tainted nodes too"


def test_nothing_may_ask_the_api_server_that_need_not(everything: list[Manifest]) -> None:
    rules = {
        m["metadata"]["name"]: {r for rule in m["rules"] for r in rule["resources"]}
        for m in everything
        if m["kind"] in ("ClusterRole", "Role")
    }
    assert rules.pop("fluent-bit") == {"namespaces", "pods"}
    assert rules.pop("fluent-bit-events") == {"namespaces", "pods", "events"}
    assert not [name for name in rules if name.startswith("loki")], "Loki asks nothing"
    assert not any("secrets" in resources for resources in rules.values())
    tokenless = {
        m["metadata"]["name"]
        for m in of_kind(everything, "ServiceAccount")
        if m.get("automountServiceAccountToken") is False
    }
    for pod in pods(everything):
        if pod.workload.split("/")[1].startswith("loki"):
            assert pod.spec["serviceAccountName"] in tokenless, f"{pod.workload} gets a token it has no use for"


def test_only_loki_s_service_account_has_the_role(everything: list[Manifest]) -> None:
    with_role = [
        m["metadata"]["name"]
        for m in of_kind(everything, "ServiceAccount")
        if (m["metadata"].get("annotations") or {}).get("eks.amazonaws.com/role-arn")
    ]
    assert with_role == [names.LOKI_SERVICE_ACCOUNT]
    for pod in pods(everything):
        process = pod.labels.get("app.kubernetes.io/part-of") == "memberlist"
        assert (pod.spec.get("serviceAccountName") == names.LOKI_SERVICE_ACCOUNT) == process, pod.workload


def test_replicas_are_those_of_the_seeds(topology: str, backend: list[Manifest]) -> None:
    found = {
        m["metadata"]["name"].removeprefix("loki-"): m["spec"].get("replicas")
        for m in backend
        if m["kind"] in ("Deployment", "StatefulSet")
    }
    scaled = {
        m["metadata"]["name"].removeprefix("loki-"): (m["spec"]["minReplicas"], m["spec"]["maxReplicas"])
        for m in of_kind(backend, "HorizontalPodAutoscaler")
    }
    common = {"gateway": 2, "chunks-cache": 2, "results-cache": 2}
    if topology == names.SIMPLE_SCALABLE:
        assert found == {**common, "backend": 2, "write": None, "read": None}
        assert scaled == {"write": (3, 10), "read": (3, 10)}
    else:
        assert found == {
            **common,
            **{f"ingester-zone-{zone}": 1 for zone in "abc"},
            **dict.fromkeys(("query-frontend", "query-scheduler", "index-gateway", "ruler"), 2),
            **{"compactor": 1, "distributor": None, "querier": None},
        }
        assert scaled == {"distributor": (3, 10), "querier": (3, 10)}


def test_autoscalers_have_requests_to_measure_by(backend: list[Manifest]) -> None:
    for scaler in of_kind(backend, "HorizontalPodAutoscaler"):
        target = workload(backend, scaler["spec"]["scaleTargetRef"]["name"])
        assert target["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"]
        assert scaler["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


def test_every_budget_selects_pods_and_leaves_room_for_a_drain(backend: list[Manifest]) -> None:
    ours = [
        {"metadata": {"name": kind}, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": cache_labels(kind)}}}
        for kind in ("chunks", "results")
    ]
    guarded: set[str] = set()
    for budget in (*of_kind(backend, "PodDisruptionBudget"), *ours):
        chosen = [p for p in pods(backend) if selects(budget["spec"]["selector"]["matchLabels"], p.labels)]
        assert chosen, f"{budget['metadata']['name']} selects nothing"
        assert budget["spec"]["maxUnavailable"] == 1, budget["metadata"]["name"]
        guarded |= {pod.workload for pod in chosen}
    several = {
        f"{m['kind']}/{m['metadata']['name']}"
        for m in backend
        if m["kind"] in ("Deployment", "StatefulSet") and m["spec"].get("replicas", 2) > 1
    }
    assert several <= guarded


def test_three_zones_hold_a_copy_each_and_restart_one_after_the_other() -> None:
    manifests = loki(names.DISTRIBUTED, availability_zones=["eu-west-1a", "eu-west-1b", "eu-west-1c"])
    for letter in "abc":
        ingester = named(manifests, "StatefulSet", f"loki-ingester-zone-{letter}")
        assert ingester["spec"]["updateStrategy"] == {"type": "OnDelete"}, "the rollout operator's condition"
        spec = ingester["spec"]["template"]["spec"]
        assert spec["nodeSelector"] == {"topology.kubernetes.io/zone": f"eu-west-1{letter}"}
        assert f"-ingester.availability-zone=zone-{letter}" in spec["containers"][0]["args"]
        assert "requiredDuringSchedulingIgnoredDuringExecution" in spec["affinity"]["podAntiAffinity"]
    for name in ("loki-distributor", "loki-querier", "loki-ruler"):
        args = workload(manifests, name)["spec"]["template"]["spec"]["containers"][0]["args"]
        assert "-distributor.zone-awareness-enabled=true" in args, name


def test_write_pods_never_share_a_node_and_spread_over_zones() -> None:
    spec = named(loki(names.SIMPLE_SCALABLE), "StatefulSet", "loki-write")["spec"]["template"]["spec"]
    (rule,) = spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert rule["topologyKey"] == "kubernetes.io/hostname"
    zone = spec["topologySpreadConstraints"][0]
    assert (zone["topologyKey"], zone["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "DoNotSchedule")
    labels = named(loki(names.SIMPLE_SCALABLE), "StatefulSet", "loki-write")["spec"]["template"]["metadata"]["labels"]
    assert selects(zone["labelSelector"]["matchLabels"], labels)


def test_spread_rules_count_the_pods_they_are_on(everything: list[Manifest]) -> None:
    for pod in pods(everything):
        for rule in pod.spec.get("topologySpreadConstraints") or []:
            assert selects(rule["labelSelector"]["matchLabels"], pod.labels), pod.workload


def test_what_keeps_nothing_may_share_a_node(backend: list[Manifest]) -> None:
    for name in ("loki-gateway", "loki-read", "loki-querier", "loki-distributor", "loki-query-frontend"):
        for pod in pods(backend):
            if pod.workload.endswith(f"/{name}"):
                rules = pod.spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
                assert rules == [], "a rolling update would need a spare node"
                assert pod.spec["tolerations"] == [{"key": "eks-observability/spot", "operator": "Exists"}]


def test_write_ahead_logs_and_indexes_lie_on_volumes_that_stay(topology: str, backend: list[Manifest]) -> None:
    claims = {}
    for stateful in of_kind(backend, "StatefulSet"):
        name = stateful["metadata"]["name"]
        for claim in stateful["spec"].get("volumeClaimTemplates", []):
            spec = claim["spec"]
            claims[name] = (spec["storageClassName"], spec["resources"]["requests"]["storage"])
            container = stateful["spec"]["template"]["spec"]["containers"][0]
            mounts = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
            assert mounts[claim["metadata"]["name"]] == "/var/loki", name
        assert "persistentVolumeClaimRetentionPolicy" not in stateful["spec"], f"{name} takes its volumes along"
    kept = (
        {"loki-write", "loki-backend"}
        if topology == names.SIMPLE_SCALABLE
        else {*(f"loki-ingester-zone-{z}" for z in "abc"), "loki-compactor", "loki-index-gateway", "loki-ruler"}
    )
    assert claims == dict.fromkeys(kept, ("gp3", "20Gi"))
    config = configuration(backend)
    assert config["ingester"]["wal"]["enabled"] is True
    assert config["ingester"]["wal"]["dir"].startswith("/var/loki/")
    assert config["compactor"]["working_directory"].startswith("/var/loki/")


def test_both_topologies_run_the_same_configuration() -> None:
    first, second = (configuration(loki(topology)) for topology in names.TOPOLOGIES)
    same = ("limits_config", "schema_config", "ingester", "compactor", "ruler", "auth_enabled", "memberlist")
    assert {key: first[key] for key in same} == {key: second[key] for key in same}
    for config in (first, second):
        assert config["common"]["replication_factor"] == 3
        assert config["common"]["storage"]["s3"]["bucketnames"] == BUCKET
        assert not {"access_key_id", "secret_access_key"} & set(config["common"]["storage"]["s3"])


def test_the_caches_ask_for_what_was_asked_and_not_for_ten_gibibytes(backend: list[Manifest]) -> None:
    for name, memory, items in (("loki-chunks-cache", "2457Mi", "-m 2048"), ("loki-results-cache", "614Mi", "-m 512")):
        server = named(backend, "StatefulSet", name)["spec"]["template"]["spec"]["containers"][0]
        assert server["resources"]["limits"]["memory"] == memory
        assert items in server["args"]


def test_rules_are_mounted_where_the_ruler_looks(topology: str, backend: list[Manifest]) -> None:
    directory = configuration(backend)["ruler"]["storage"]["local"]["directory"]
    who = "loki-backend" if topology == names.SIMPLE_SCALABLE else "loki-ruler"
    spec = workload(backend, who)["spec"]["template"]["spec"]
    mount = next(m for m in spec["containers"][0]["volumeMounts"] if m["name"] == "rules")
    assert mount["mountPath"] == f"{directory}/fake", "the only tenant's name while multi-tenancy is off"
    assert {"name": "rules", "configMap": {"name": names.RULES}} in spec["volumes"]


def test_with_multi_tenancy_every_client_names_its_tenant(topology: str) -> None:
    manifests = loki(topology, multi_tenancy=True, tenant="platform")
    assert configuration(manifests)["auth_enabled"] is True
    canary = named(manifests, "DaemonSet", "loki-canary")["spec"]["template"]["spec"]["containers"][0]
    assert "-tenant-id=platform" in canary["args"]
    who = "loki-backend" if topology == names.SIMPLE_SCALABLE else "loki-ruler"
    mounts = workload(manifests, who)["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert any(m["mountPath"].endswith("/platform") for m in mounts), "the ruler evaluates for it"
    args: Any = {**FLUENT_BIT, "tenant": "platform"}
    for values in (fluent_bit_values(args), events_values(args)):
        (script,) = [
            m["data"]["process.lua"] for m in render("fluent-bit", "x", values) if "process.lua" in m.get("data", {})
        ]
        assert '["tenant"] = "platform"' in script


def test_overrides_of_a_tenant_reach_the_runtime_configuration() -> None:
    tenants: Any = {"games": {"namespaces": ["arena"], "limits": {"ingestion_rate_mb": 50, "retention_days": 14}}}
    manifests = loki(names.DISTRIBUTED, multi_tenancy=True, tenants=tenants)
    runtime = yaml.safe_load(named(manifests, "ConfigMap", "loki-runtime")["data"]["runtime-config.yaml"])
    assert runtime == {"overrides": {"games": {"ingestion_rate_mb": 50, "retention_period": "336h"}}}


def test_the_canary_s_lines_take_the_whole_way(everything: list[Manifest], backend: list[Manifest]) -> None:
    canary = named(backend, "DaemonSet", "loki-canary")["spec"]["template"]["spec"]
    args = canary["containers"][0]["args"]
    assert not [a for a in args if a.startswith("-push")], "it writes to its output, which Fluent Bit reads"
    assert "-labelname=canary" in args
    assert canary["tolerations"] == [{"operator": "Exists"}]
    pipeline = pipeline_of(everything, names.FLUENT_BIT)
    assert "$canary" in pipeline["pipeline"]["outputs"][0]["label_keys"]


def test_the_gateway_does_not_log_what_would_be_collected_again(backend: list[Manifest]) -> None:
    nginx = named(backend, "ConfigMap", "loki-gateway")["data"]["nginx.conf"]
    loggable = nginx[nginx.index("map $status $loggable") :]
    assert re.search(r"~\^\[23\]\s+0;", loggable), "only failures"
    assert "listen             [::]" not in nginx


def pipeline_of(manifests: list[Manifest], release: str) -> dict[str, Any]:
    data = named(manifests, "ConfigMap", release)["data"]
    loaded: dict[str, Any] = yaml.safe_load(data["pipeline.yaml"])
    return loaded


def test_fluent_bit_reads_our_configuration_and_no_elasticsearch(everything: list[Manifest]) -> None:
    for release, kind in ((names.FLUENT_BIT, "DaemonSet"), (names.EVENTS, "Deployment")):
        spec = named(everything, kind, release)["spec"]["template"]["spec"]["containers"][0]
        assert "--config=/fluent-bit/etc/conf/pipeline.yaml" in spec["args"]
        data = named(everything, "ConfigMap", release)["data"]
        assert "elasticsearch" not in str(data)
        for output in pipeline_of(everything, release)["pipeline"]["outputs"]:
            assert output["host"] == "loki-gateway.observability.svc.cluster.local"
        mounts = {m["mountPath"] for m in spec["volumeMounts"]}
        assert {STATE, "/fluent-bit/scripts", "/fluent-bit/etc/conf"} <= mounts


def test_there_is_one_collector_of_events(everything: list[Manifest]) -> None:
    events = named(everything, "Deployment", names.EVENTS)
    assert events["spec"]["replicas"] == 1
    assert events["spec"]["strategy"] == {"type": "Recreate"}, "not two for a moment either"
    inputs = pipeline_of(everything, names.FLUENT_BIT)["pipeline"]["inputs"]
    assert [i["name"] for i in inputs] == ["tail"], "each node would send every event"


def test_a_caller_s_pattern_survives_helm_s_templates() -> None:
    args: Any = {**FLUENT_BIT, "redaction": {"builtin": [], "patterns": {"curly": "{{%a+}}"}}}
    (config,) = [
        m
        for m in render("fluent-bit", names.FLUENT_BIT, fluent_bit_values(args))
        if m["metadata"]["name"].endswith("-luascripts")
    ]
    assert "\\123\\123%a+\\125\\125" in config["data"]["process.lua"]


def test_monitors_name_ports_that_their_services_have(everything: list[Manifest]) -> None:
    services = of_kind(everything, "Service")
    for monitor in of_kind(everything, "ServiceMonitor"):
        spec, name = monitor["spec"], monitor["metadata"]["name"]
        chosen = [s for s in services if selects(spec["selector"]["matchLabels"], s["metadata"].get("labels") or {})]
        assert chosen, f"{name} finds no service"
        ports = {p["name"] for s in chosen for p in s["spec"]["ports"]}
        assert {e["port"] for e in spec["endpoints"]} <= ports, name


def test_everything_that_counts_is_scraped(everything: list[Manifest]) -> None:
    monitors = of_kind(everything, "ServiceMonitor")
    scraped: set[str] = set()
    for service in of_kind(everything, "Service"):
        labels = service["metadata"].get("labels") or {}
        watched = [m for m in monitors if selects(m["spec"]["selector"]["matchLabels"], labels)]
        if not watched or labels.get("prometheus.io/service-monitor") == "false":
            continue
        ports = {p["name"] for p in service["spec"]["ports"]}
        if any(e["port"] in ports for m in watched for e in m["spec"]["endpoints"]):
            scraped |= {p.workload for p in pods(everything) if selects(service["spec"]["selector"], p.labels)}
    assert {pod.workload for pod in pods(everything)} - scraped == set()


def rule_groups(manifests: list[Manifest]) -> list[dict[str, Any]]:
    return [group for rule in of_kind(manifests, "PrometheusRule") for group in rule["spec"]["groups"]]


def test_every_rule_is_read_by_the_real_promtool(everything: list[Manifest], tmp_path: Path) -> None:
    promtool = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if not promtool:
        pytest.skip("no promtool: set PROMTOOL or put it on PATH")
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": rule_groups(everything)}))
    done = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_alerts_that_the_documentation_names_exist(everything: list[Manifest], repository: Path) -> None:
    page = (repository / "docs" / "logs.md").read_text()
    named_there = set(re.findall(r"`((?:Loki|FluentBit|Logs)[A-Z]\w+)`", page)) - {"LogsAgent", "FluentBit"}
    alerts = {rule["alert"] for group in rule_groups(everything) for rule in group["rules"] if "alert" in rule}
    assert len(named_there) >= 4
    assert named_there <= alerts


def test_nothing_is_reachable_from_outside_the_cluster(everything: list[Manifest]) -> None:
    assert {m["kind"] for m in everything} & {"Ingress", "HTTPRoute", "GRPCRoute", "Gateway"} == set()
    assert {s["spec"].get("type", "ClusterIP") for s in of_kind(everything, "Service")} == {"ClusterIP"}


def test_no_secret_and_no_webhook_is_made(everything: list[Manifest]) -> None:
    kinds = {m["kind"] for m in everything}
    assert not kinds & {"Secret", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}


def policies(topology: str) -> list[Any]:
    return [
        (network["namespace"], spec["podSelector"]["matchLabels"])
        for network in logs_network("observability", "observability-agents", topology, events=True)
        for spec in network_policy_specs(network).values()
    ]


def test_every_pod_has_exactly_one_policy(topology: str, everything: list[Manifest]) -> None:
    selectors = policies(topology)
    for pod in pods(everything):
        chosen = [s for namespace, s in selectors if namespace == pod.namespace and selects(s, pod.labels)]
        assert len(chosen) == 1, f"{pod.workload}: {chosen}"


def test_every_flow_between_pods_ends_at_a_port_that_is_listened_on(topology: str, everything: list[Manifest]) -> None:
    def listening(pod: Pod) -> set[int]:
        return {p["containerPort"] for c in containers(pod) for p in c.get("ports", [])}

    for network in logs_network("observability", "observability-agents", topology, events=True):
        for flow in network["flows"]:
            labels = network["peers"][flow["target"]].get("labels")
            if not labels or flow["target"] in ("dns", "alertmanager"):
                continue
            chosen = [pod for pod in pods(everything) if selects(labels, pod.labels)]
            assert chosen, flow
            for pod in chosen:
                assert flow["port"] in listening(pod), f"{flow} at {pod.workload}"


def floats(value: Any) -> Any:
    """What becomes of whole numbers on their way through Pulumi."""
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("topology", names.TOPOLOGIES)
def test_numbers_survive_the_way_through_pulumi(topology: str) -> None:
    loki_given: Any = loki_values({**COMMON, "topology": topology, "multi_tenancy": True})
    for chart, given in (
        ("loki", loki_given),
        ("rollout-operator", rollout_operator_values()),
        ("fluent-bit", fluent_bit_values(FLUENT_BIT)),
        ("fluent-bit", events_values(FLUENT_BIT)),
    ):
        plain, travelled = (render(chart, "x", values) for values in (given, floats(given)))
        for before, after in zip(plain, travelled, strict=True):
            assert before == after, before["metadata"]["name"]

"""The charts of the traces room, rendered with our values: what really reaches the cluster."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.metrics.memcached import memcached_manifests
from components.security.network_policy import network_policy_faults, network_policy_specs
from components.traces import names
from components.traces.agent_values import agent_config, agent_values
from components.traces.flows import traces_agent_network, traces_network
from components.traces.forwarder_values import forwarder_values
from components.traces.gateway_values import gateway_values
from components.traces.tempo_values import tempo_values
from components.versions import OTEL_COLLECTOR_VERSION, TEMPO_VERSION
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

ROLE = "arn:aws:iam::123456789012:role/obs-tempo-eu-west-1"
TEMPO: Any = {"bucket_name": "obs-traces-123456789012-eu-west-1", "region": "eu-west-1", "role_arn": ROLE}
AGENT: Any = {"cluster_name": "prod"}
GATEWAY: Any = {"remote_write_urls": names.remote_write_urls("observability", 2)}
NETWORKS = traces_network("observability", "observability-agents", remote_write=True)
COLLECTOR = "opentelemetry-collector"


@pytest.fixture(scope="module", autouse=True)
def _charts() -> None:
    charts_or_skip(COLLECTOR, "tempo-distributed")


@pytest.fixture(scope="module")
def agent() -> list[Manifest]:
    return render(COLLECTOR, names.AGENT, agent_values(AGENT), "observability-agents")


@pytest.fixture(scope="module")
def gateway() -> list[Manifest]:
    return render(COLLECTOR, names.GATEWAY, gateway_values(GATEWAY))


@pytest.fixture(scope="module")
def tempo() -> list[Manifest]:
    return render("tempo-distributed", names.TEMPO, tempo_values(TEMPO))


@pytest.fixture(scope="module")
def everything(agent: list[Manifest], gateway: list[Manifest], tempo: list[Manifest]) -> list[Manifest]:
    kinds = ("Service", "StatefulSet", "PodDisruptionBudget", "ServiceMonitor")
    made = memcached_manifests({"service_name": names.CACHE})
    ours = [{"kind": kind, **manifest} for kind, manifest in zip(kinds, made, strict=True)]
    return [*agent, *gateway, *tempo, *ours]


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()


def config_of(manifests: list[Manifest], name: str, key: str) -> Any:
    return yaml.safe_load(named(manifests, "ConfigMap", name)["data"][key])


def replicated(manifests: list[Manifest]) -> set[str]:
    """Workloads of more than one pod, by their own word or their autoscaler's."""
    scaled = {s["spec"]["scaleTargetRef"]["name"] for s in of_kind(manifests, "HorizontalPodAutoscaler")}
    return scaled | {m["metadata"]["name"] for m in manifests if (m.get("spec") or {}).get("replicas", 1) > 1}


def test_every_container_has_requests_and_limits(everything: list[Manifest]) -> None:
    faults = {pod.workload: [f for c in containers(pod) for f in resource_faults(c)] for pod in pods(everything)}
    assert len(faults) == 8
    assert {workload: found for workload, found in faults.items() if found} == {}


def test_everything_satisfies_pod_security_restricted(everything: list[Manifest]) -> None:
    faults = {pod.workload: restricted_faults(pod) for pod in pods(everything)}
    assert {workload: found for workload, found in faults.items() if found} == {}, "agents too: no port of the node"


def test_only_the_node_s_metrics_need_more_than_that() -> None:
    asked = agent_values({**AGENT, "node_metrics_enabled": True})
    (pod,) = pods(render(COLLECTOR, names.AGENT, asked, "observability-agents"))
    assert restricted_faults(pod) == ["volume node"]
    (mount,) = [m for c in containers(pod) for m in c["volumeMounts"] if m["name"] == "node"]
    assert mount["readOnly"] is True


def test_only_agents_live_in_the_agents_namespace(everything: list[Manifest]) -> None:
    elsewhere = {pod.workload for pod in pods(everything) if pod.namespace != "observability"}
    assert elsewhere == {"DaemonSet/otel-agent-agent"}


def test_images_are_the_pinned_ones(everything: list[Manifest]) -> None:
    images = {c["image"] for pod in pods(everything) for c in containers(pod)}
    assert f"docker.io/otel/opentelemetry-collector-contrib:{OTEL_COLLECTOR_VERSION}" in images
    assert f"docker.io/grafana/tempo:{TEMPO_VERSION}" in images
    assert len(images) == 4, f"these, Memcached and its exporter: {images}"


def test_the_collectors_configuration_arrives_as_it_was_written(agent: list[Manifest], gateway: list[Manifest]) -> None:
    assert config_of(agent, "otel-agent-agent", "relay") == agent_config(AGENT)
    assert config_of(gateway, "otel-gateway-statefulset", "relay") == gateway_values(GATEWAY)["alternateConfig"]


def test_applications_reach_the_agent_of_their_own_node(agent: list[Manifest]) -> None:
    spec = named(agent, "Service", "otel-agent")["spec"]
    assert spec["internalTrafficPolicy"] == "Local"
    assert {port["port"] for port in spec["ports"]} == {4317, 4318, 8888}
    daemon_set = named(agent, "DaemonSet", "otel-agent-agent")["spec"]
    assert daemon_set["updateStrategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}
    assert daemon_set["template"]["spec"]["tolerations"] == [{"operator": "Exists"}]


def test_gateways_have_names_under_the_service_that_agents_ask_for(
    agent: list[Manifest], gateway: list[Manifest]
) -> None:
    asked = config_of(agent, "otel-agent-agent", "relay")["exporters"]["load_balancing/traces"]["resolver"]["k8s"]
    service, namespace = asked["service"].split(".")
    found = named(gateway, "Service", service)
    assert (found["spec"]["clusterIP"], found["metadata"]["namespace"]) == ("None", namespace)
    stateful_set = named(gateway, "StatefulSet", names.GATEWAY)["spec"]
    assert stateful_set["serviceName"] == service, "or its pods have no names there"
    assert asked["ports"][0] in {port["port"] for port in found["spec"]["ports"]}


def test_agents_may_read_pods_and_endpoint_slices_and_nothing_else(everything: list[Manifest]) -> None:
    (role,) = of_kind(everything, "ClusterRole")
    assert role["metadata"]["name"] == names.AGENT
    assert {(*r["apiGroups"], *r["resources"]) for r in role["rules"]} == {
        ("", "pods"),
        ("discovery.k8s.io", "endpointslices"),
    }
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    (binding,) = of_kind(everything, "ClusterRoleBinding")
    (subject,) = binding["subjects"]
    assert (subject["name"], subject["namespace"]) == (names.AGENT, "observability-agents")
    assert of_kind(everything, "Role") == []


def test_gateways_and_tempo_have_no_token_of_kubernetes(everything: list[Manifest]) -> None:
    for name in (names.GATEWAY, names.TEMPO_SERVICE_ACCOUNT):
        account = named(everything, "ServiceAccount", name)
        (pod,) = [p for p in pods(everything) if p.spec.get("serviceAccountName") == name][:1]
        tokens = (account.get("automountServiceAccountToken"), pod.spec.get("automountServiceAccountToken"))
        assert False in tokens, name


def test_only_tempo_has_the_role(everything: list[Manifest]) -> None:
    with_role = [
        account["metadata"]["name"]
        for account in of_kind(everything, "ServiceAccount")
        if (account["metadata"].get("annotations") or {}).get("eks.amazonaws.com/role-arn") == ROLE
    ]
    assert with_role == [names.TEMPO_SERVICE_ACCOUNT]
    for pod in pods(everything):
        if pod.workload.split("/")[1].startswith("tempo-") and "cache" not in pod.workload:
            assert pod.spec["serviceAccountName"] == names.TEMPO_SERVICE_ACCOUNT


def test_every_budget_selects_pods_of_one_workload_and_leaves_room_for_a_drain(everything: list[Manifest]) -> None:
    budgets = of_kind(everything, "PodDisruptionBudget")
    for budget in budgets:
        spec, name = budget["spec"], budget["metadata"]["name"]
        chosen = [pod for pod in pods(everything) if selects(spec["selector"]["matchLabels"], pod.labels)]
        assert len(chosen) == 1, f"{name} selects {[pod.workload for pod in chosen]}"
        assert spec["maxUnavailable"] == 1, name
    selectors = [budget["spec"]["selector"]["matchLabels"] for budget in budgets]
    for pod in pods(everything):
        if pod.workload.split("/")[1] in replicated(everything):
            assert any(selects(selector, pod.labels) for selector in selectors), pod.workload


def test_every_replicated_workload_spreads_over_zones(everything: list[Manifest]) -> None:
    found = set()
    for pod in pods(everything):
        name = pod.workload.split("/")[1]
        if name not in replicated(everything):
            continue
        zones = [s for s in pod.spec["topologySpreadConstraints"] if s["topologyKey"] == "topology.kubernetes.io/zone"]
        assert len(zones) == 1, pod.workload
        assert selects(zones[0]["labelSelector"]["matchLabels"], pod.labels), f"{pod.workload} spreads other pods"
        found.add(name)
    assert found == replicated(everything)
    assert len(found) == 6


def test_only_ingesters_insist_on_nodes_of_their_own(tempo: list[Manifest]) -> None:
    insisting = {
        pod.workload
        for pod in pods(tempo)
        if "requiredDuringSchedulingIgnoredDuringExecution"
        in (pod.spec.get("affinity") or {}).get("podAntiAffinity", {})
    }
    assert insisting == {"StatefulSet/tempo-ingester"}


def test_every_service_selects_pods_that_have_its_ports(everything: list[Manifest]) -> None:
    for service in of_kind(everything, "Service"):
        selector, name = service["spec"].get("selector") or {}, service["metadata"]["name"]
        chosen = [pod for pod in pods(everything) if selects(selector, pod.labels)]
        expected = 5 if name == "tempo-gossip-ring" else 1
        assert len(chosen) == expected, f"{name} selects {[pod.workload for pod in chosen]}"
        ports = [port for c in containers(chosen[0]) for port in c.get("ports", [])]
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            # Tempo listens for its own and for OTLP whether or not the chart writes it down.
            assert target in (9095, 4317) or any(target in (p.get("name"), p["containerPort"]) for p in ports), name


def test_every_autoscaler_finds_its_workload_and_the_requests_that_it_measures_by(everything: list[Manifest]) -> None:
    scalers = of_kind(everything, "HorizontalPodAutoscaler")
    bounds = {s["metadata"]["name"]: (s["spec"]["minReplicas"], s["spec"]["maxReplicas"]) for s in scalers}
    assert bounds == {"otel-gateway": (3, 9), "tempo-distributor": (3, 6), "tempo-querier": (2, 6)}
    for scaler in scalers:
        target = scaler["spec"]["scaleTargetRef"]
        workload = named(everything, target["kind"], target["name"])
        assert "replicas" not in workload["spec"], "an upgrade would set them back"
        for container in workload["spec"]["template"]["spec"]["containers"]:
            assert container["resources"]["requests"]["cpu"]


def test_volumes_are_on_the_encrypted_storage_class(everything: list[Manifest]) -> None:
    claims = {
        m["metadata"]["name"]: c["spec"]
        for m in everything
        for c in (m.get("spec") or {}).get("volumeClaimTemplates", [])
    }
    assert set(claims) == {"otel-gateway", "tempo-ingester"}
    assert {claim["storageClassName"] for claim in claims.values()} == {"gp3"}


def test_tempo_reads_the_configuration_that_was_meant(tempo: list[Manifest]) -> None:
    config = config_of(tempo, "tempo-config", "tempo.yaml")
    assert config["compactor"]["compaction"]["block_retention"] == "336h"
    assert config["ingester"]["lifecycler"]["ring"]["replication_factor"] == 3
    assert config["storage"]["trace"]["backend"] == "s3"
    assert config["storage"]["trace"]["s3"]["bucket"] == TEMPO["bucket_name"]
    assert config["usage_report"] == {"reporting_enabled": False}
    assert set(config["distributor"]["receivers"]) == {"otlp"}
    assert set(config["distributor"]["receivers"]["otlp"]["protocols"]) == {"grpc"}
    assert config["distributor"]["retry_after_on_resource_exhausted"] == "5s"
    assert config["server"]["grpc_server_max_recv_msg_size"] == 16 * 2**20
    assert config["overrides"]["defaults"]["ingestion"]["rate_limit_bytes"] == 15_000_000
    assert "metrics_generator" not in config
    assert "kafka" not in str(config)


def test_tempo_finds_its_cache(everything: list[Manifest], tempo: list[Manifest]) -> None:
    (cache,) = config_of(tempo, "tempo-config", "tempo.yaml")["cache"]["caches"]
    service = named(everything, "Service", cache["memcached"]["host"].split(".")[0])
    assert cache["memcached"]["service"] in {port["name"] for port in service["spec"]["ports"]}
    assert set(cache["roles"]) == {"parquet-footer", "bloom", "frontend-search"}
    assert [m for m in tempo if "memcached" in m["metadata"]["name"]] == [], "the chart's own has no limits"


def test_gateways_send_to_every_distributor(gateway: list[Manifest], tempo: list[Manifest]) -> None:
    endpoint = config_of(gateway, "otel-gateway-statefulset", "relay")["exporters"]["otlp_grpc/tempo"]["endpoint"]
    name, port = re.fullmatch(r"dns:///([\w-]+)\.observability\.svc\.cluster\.local:(\d+)", endpoint).groups()  # type: ignore[union-attr]
    spec = named(tempo, "Service", name)["spec"]
    assert spec["clusterIP"] == "None"
    assert int(port) in {p["port"] for p in spec["ports"]}


def test_an_ingester_that_replays_its_log_is_not_killed_for_it(tempo: list[Manifest]) -> None:
    for pod in pods(tempo):
        (container,) = containers(pod)
        assert container["livenessProbe"]["httpGet"]["path"] == "/status/version", pod.workload
        assert container["readinessProbe"]["httpGet"]["path"] == "/ready", pod.workload


def test_go_knows_the_memory_limit(everything: list[Manifest]) -> None:
    for pod in pods(everything):
        if "cache" not in pod.workload:
            assert any("GOMEMLIMIT" in {e["name"] for e in c.get("env", [])} for c in containers(pod)), pod.workload


def test_monitors_name_ports_that_their_services_have(everything: list[Manifest]) -> None:
    services = of_kind(everything, "Service")
    monitors = of_kind(everything, "ServiceMonitor")
    assert len(monitors) == 8
    for monitor in monitors:
        spec, name = monitor["spec"], monitor["metadata"]["name"]
        chosen = [s for s in services if selects(spec["selector"]["matchLabels"], s["metadata"]["labels"])]
        assert chosen, f"{name} finds no service"
        ports = {p["name"] for s in chosen for p in s["spec"]["ports"]}
        assert {e["port"] for e in spec["endpoints"]} <= ports, name


def test_alerts_ask_for_jobs_that_exist(everything: list[Manifest]) -> None:
    jobs = {service["metadata"]["name"] for service in of_kind(everything, "Service")}
    asked = 0
    for rule in (r for m in of_kind(everything, "PrometheusRule") for g in m["spec"]["groups"] for r in g["rules"]):
        for pattern in re.findall(r'job=~?"([^"]+)"', rule["expr"]):
            assert any(re.fullmatch(pattern, job) for job in jobs), f"{rule['alert']} watches no job: {pattern}"
            asked += 1
    assert asked >= 10


def test_every_rule_is_read_by_the_real_promtool(everything: list[Manifest], tmp_path: Path) -> None:
    promtool = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if not promtool:
        pytest.skip("no promtool: set PROMTOOL or put it on PATH")
    groups = [group for rule in of_kind(everything, "PrometheusRule") for group in rule["spec"]["groups"]]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": groups}))
    done = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_reachable_from_outside_the_cluster(everything: list[Manifest]) -> None:
    assert {m["kind"] for m in everything} & {"Ingress", "HTTPRoute", "GRPCRoute", "Gateway"} == set()
    assert {s["spec"].get("type", "ClusterIP") for s in of_kind(everything, "Service")} == {"ClusterIP"}
    assert of_kind(everything, "Secret") == []


def test_the_network_is_closed_by_our_policies_and_not_the_charts(everything: list[Manifest]) -> None:
    assert of_kind(everything, "NetworkPolicy") == []
    for network in NETWORKS:
        assert network_policy_faults(network) == []
    selectors = {
        n["namespace"]: [s["podSelector"]["matchLabels"] for s in network_policy_specs(n).values()] for n in NETWORKS
    }
    for pod in pods(everything):
        chosen = [s for s in selectors[pod.namespace or "observability"] if selects(s, pod.labels)]
        assert len(chosen) == 1, f"{pod.workload}: {chosen}"


def test_every_flow_between_pods_ends_at_a_port_that_is_listened_on(everything: list[Manifest]) -> None:
    network = NETWORKS[0]
    listening = {
        p.workload: {q["containerPort"] for c in containers(p) for q in c.get("ports", [])} for p in pods(everything)
    }
    # The chart leaves out the port of distributors' OTLP receiver: it is listened on all the same.
    listening["Deployment/tempo-distributor"].add(4317)
    for flow in network["flows"]:
        peer = network["peers"][flow["target"]]
        if peer.get("labels") and flow["target"] not in ("dns", "prometheus"):
            chosen = [pod.workload for pod in pods(everything) if selects(peer["labels"], pod.labels)]
            assert len(chosen) == 1, f"{flow['target']} is {chosen}"
            assert flow["port"] in listening[chosen[0]], flow


def floats(value: Any) -> Any:
    """What becomes of whole numbers on their way through Pulumi."""
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize(
    ("chart", "values"),
    [
        (COLLECTOR, agent_values(AGENT)),
        (COLLECTOR, gateway_values(GATEWAY)),
        ("tempo-distributed", tempo_values(TEMPO)),
    ],
)
def test_numbers_survive_the_way_through_pulumi(chart: str, values: dict[str, Any]) -> None:
    plain, travelled = (render(chart, "x", given) for given in (values, floats(values)))
    for before, after in zip(plain, travelled, strict=True):
        if before["kind"] == "ConfigMap":
            texts = [[yaml.safe_load(text) for text in m.pop("data").values()] for m in (before, after)]
            assert texts[0] == texts[1], before["metadata"]["name"]
        for manifest in (before, after):
            template = manifest.get("spec", {}).get("template", {})
            template.get("metadata", {}).get("annotations", {}).pop("checksum/config", None)
        assert before == after, before["metadata"]["name"]


# --- TLS, another S3, a cluster without Tempo ------------------------------------------------------

ISSUER = "observability-ca"
CENTRE: Any = {"host": "shop.obs.internal", "certificate_secret_name": "client", "ca_secret_name": "centre-ca"}
STORE: Any = {
    "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
    "credentials_secret_name": "object-store-credentials",
    "insecure": True,
}


@pytest.fixture(scope="module")
def encrypted() -> list[Manifest]:
    agents = agent_values({**AGENT, "certificate_issuer": ISSUER, "other_clusters": True})
    urls = names.remote_write_urls("observability", 2, tls=True)
    gateways = gateway_values({"remote_write_urls": urls, "certificate_issuer": ISSUER, "tenants": ["retail"]})
    store = tempo_values(
        {"bucket_name": "traces", "region": "us-east-1", "object_store": STORE, "certificate_issuer": ISSUER}
    )
    return [
        *render(COLLECTOR, names.AGENT, agents, "observability-agents"),
        *render(COLLECTOR, names.GATEWAY, gateways),
        *render("tempo-distributed", names.TEMPO, store),
    ]


@pytest.fixture(scope="module")
def forwarders() -> list[Manifest]:
    given = {"cluster_name": "shop", "tenant": "retail", "centre": CENTRE, "certificate_issuer": ISSUER}
    values = forwarder_values({**given, "metrics_enabled": True})  # type: ignore[typeddict-item]
    return render(COLLECTOR, names.FORWARDER, values, "observability-agents")


def files_of(value: Any) -> set[str]:
    """Every file of a certificate, key or authority that a configuration names."""
    if isinstance(value, dict):
        return set().union(*map(files_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(files_of, value))
    return {value} if isinstance(value, str) and re.fullmatch(r"/.*\.(crt|key)", value) else set()


def configs_of(manifests: list[Manifest]) -> dict[str, Any]:
    """Configurations by the name of their ConfigMap."""
    return {
        m["metadata"]["name"]: [yaml.safe_load(text) for text in m["data"].values()]
        for m in of_kind(manifests, "ConfigMap")
    }


def test_every_file_that_a_configuration_names_is_in_a_secret_that_its_pod_mounts(
    encrypted: list[Manifest], forwarders: list[Manifest]
) -> None:
    found: dict[str, set[str]] = {}
    for manifests in (encrypted, forwarders):
        configs = configs_of(manifests)
        for pod in pods(manifests):
            volumes = {volume["name"]: volume for volume in pod.spec["volumes"]}
            (container,) = containers(pod)
            mounts = {m["mountPath"]: volumes.get(m["name"], {}) for m in container["volumeMounts"]}
            read = {v["configMap"]["name"] for v in volumes.values() if "configMap" in v}
            for file in set().union(*(files_of(configs[name]) for name in read)):
                secret = mounts[file.rpartition("/")[0]]["secret"]
                assert secret["defaultMode"] == 0o440, "for the pod's own group"
                found.setdefault(pod.workload, set()).add(secret["secretName"])
            assert all("subPath" not in m for m in container["volumeMounts"] if "tls" in m["mountPath"]), (
                "a single file would stay the first one for ever"
            )
    tempo = {f"{kind}/tempo-{part}" for kind, part in TEMPO_WORKLOADS}
    assert found == {
        "DaemonSet/otel-agent-agent": {"otel-agent-tls"},
        "StatefulSet/otel-gateway": {"otel-gateway-tls"},
        "StatefulSet/otel-forwarder": {"otel-forwarder-tls", "client", "centre-ca"},
        **{workload: {"tempo-tls"} for workload in tempo},
    }


TEMPO_WORKLOADS = (
    ("Deployment", "distributor"),
    ("Deployment", "querier"),
    ("Deployment", "query-frontend"),
    ("Deployment", "compactor"),
    ("StatefulSet", "ingester"),
)


def test_probes_and_prometheus_ask_tempo_in_its_own_way(encrypted: list[Manifest], tempo: list[Manifest]) -> None:
    for manifests, scheme in ((encrypted, "HTTPS"), (tempo, None)):
        tempos = [pod for pod in pods(manifests) if "/tempo-" in pod.workload]
        assert len(tempos) == 5
        for pod in tempos:
            (container,) = containers(pod)
            for probe, path in (("livenessProbe", "/status/version"), ("readinessProbe", "/ready")):
                asked = container[probe]["httpGet"]
                assert (asked["path"], asked["port"], asked.get("scheme")) == (path, "http-metrics", scheme), (
                    pod.workload
                )
    monitors = [m for m in of_kind(encrypted, "ServiceMonitor") if m["metadata"]["name"].startswith("tempo-")]
    assert len(monitors) == 5
    for monitor in monitors:
        for endpoint in monitor["spec"]["endpoints"]:
            assert endpoint["scheme"] == "https"
            assert endpoint["tlsConfig"]["ca"]["secret"] == {"name": "tempo-tls", "key": "ca.crt"}


def test_collectors_are_probed_and_scraped_in_plain_text_on_ports_that_carry_no_spans(
    encrypted: list[Manifest], forwarders: list[Manifest]
) -> None:
    for pod in pods([*encrypted, *forwarders]):
        if "otel" not in pod.workload:
            continue
        (container,) = containers(pod)
        assert container["readinessProbe"]["httpGet"]["port"] == 13133
        open_ports = {port["containerPort"] for port in container["ports"]}
        expected = {4317, 4318, 4319, 8888} if "agent" in pod.workload else {4317, 8888}
        assert open_ports == expected, pod.workload


def test_tempo_s_parts_speak_tls_to_each_other(encrypted: list[Manifest]) -> None:
    config = config_of(encrypted, "tempo-config", "tempo.yaml")
    assert config["server"]["http_listen_port"] == 3200, "what the chart writes is still there"
    assert config["server"]["grpc_server_max_recv_msg_size"] == 16 * 2**20
    assert config["server"]["grpc_tls_config"]["client_auth_type"] == "RequireAndVerifyClientCert"
    assert config["ingester_client"]["grpc_client_config"]["tls_enabled"] is True
    worker = config["querier"]["frontend_worker"]
    assert worker["grpc_client_config"]["tls_enabled"] is True
    assert worker["frontend_address"] == "tempo-query-frontend-discovery:9095"
    grpc = config["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]
    assert (grpc["endpoint"], grpc["tls"]["client_ca_file"]) == ("0.0.0.0:4317", "/etc/tls/ca.crt")
    assert config["distributor"]["retry_after_on_resource_exhausted"] == "5s"


def test_keys_of_another_s3_reach_only_the_parts_that_use_it(encrypted: list[Manifest]) -> None:
    config = config_of(encrypted, "tempo-config", "tempo.yaml")
    s3 = config["storage"]["trace"]["s3"]
    assert (s3["endpoint"], s3["insecure"], s3["forcepathstyle"]) == (STORE["endpoint"], True, True)
    assert {"access_key", "secret_key"}.isdisjoint(s3)
    having = set()
    for pod in pods(encrypted):
        (container,) = containers(pod)
        for entry in container.get("env", []):
            if entry["name"].startswith("AWS_"):
                assert entry["valueFrom"] == {
                    "secretKeyRef": {"name": "object-store-credentials", "key": entry["name"]}
                }
                having.add(pod.workload)
    assert having == {f"{kind}/tempo-{part}" for kind, part in TEMPO_WORKLOADS if part != "distributor"}
    account = named(encrypted, "ServiceAccount", names.TEMPO_SERVICE_ACCOUNT)
    assert not account["metadata"].get("annotations")


def test_other_clusters_come_in_on_the_entrance_s_own_node(encrypted: list[Manifest]) -> None:
    service = named(encrypted, "Service", "otel-agent")["spec"]
    assert service["internalTrafficPolicy"] == "Local"
    (port,) = [p for p in service["ports"] if p["port"] == 4319]
    (pod,) = [pod for pod in pods(encrypted) if "agent" in pod.workload]
    assert port["targetPort"] in {p["name"] for p in containers(pod)[0]["ports"]} | {4319}


def test_forwarders_satisfy_what_gateways_do(forwarders: list[Manifest]) -> None:
    (pod,) = pods(forwarders)
    assert restricted_faults(pod) == []
    assert [fault for container in containers(pod) for fault in resource_faults(container)] == []
    stateful_set = named(forwarders, "StatefulSet", names.FORWARDER)["spec"]
    service = named(forwarders, "Service", names.FORWARDER)["spec"]
    assert (stateful_set["serviceName"], service["clusterIP"]) == (names.FORWARDER, "None")
    (claim,) = stateful_set["volumeClaimTemplates"]
    mounted = {mount["name"]: mount["mountPath"] for mount in containers(pod)[0]["volumeMounts"]}
    config = config_of(forwarders, f"{names.FORWARDER}-statefulset", "relay")
    assert config["extensions"]["file_storage"]["directory"] == mounted[claim["metadata"]["name"]]
    account = named(forwarders, "ServiceAccount", names.FORWARDER)
    assert False in (account.get("automountServiceAccountToken"), pod.spec.get("automountServiceAccountToken"))
    policies = traces_agent_network("observability-agents", "observability-agents", 443)[0]
    assert any(
        selects(spec["podSelector"]["matchLabels"], pod.labels) for spec in network_policy_specs(policies).values()
    )


def test_one_of_each_needs_neither_zones_nor_a_budget() -> None:
    one = ("gateway", "distributor", "ingester", "querier", "query_frontend", "cache")
    sizing: Any = {f"{part}_replicas": 1 for part in one}
    sizing |= {f"{part}_max_replicas": 1 for part in ("gateway", "distributor", "querier")} | {"replication_factor": 1}
    small = [
        *render(COLLECTOR, names.GATEWAY, gateway_values({"sizing": sizing})),
        *render("tempo-distributed", names.TEMPO, tempo_values({**TEMPO, "sizing": sizing})),
    ]
    assert of_kind(small, "HorizontalPodAutoscaler") == of_kind(small, "PodDisruptionBudget") == []
    for pod in pods(small):
        zones = [
            rule
            for rule in pod.spec.get("topologySpreadConstraints") or []
            if rule["topologyKey"] == "topology.kubernetes.io/zone" and rule["whenUnsatisfiable"] == "DoNotSchedule"
        ]
        assert zones == [], f"{pod.workload} would find no node on a cluster without zones"

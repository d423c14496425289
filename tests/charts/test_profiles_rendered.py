"""The charts of the profiles room, rendered with our values: what really reaches the cluster."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from components.profiles import names
from components.profiles.alloy_config import alloy_config
from components.profiles.alloy_values import EBPF_CAPABILITIES, profiles_agent_values
from components.profiles.flows import agent_network, profiles_network
from components.profiles.pyroscope_values import pyroscope_config, pyroscope_values
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

ROLE = "arn:aws:iam::123456789012:role/obs-pyroscope-eu-west-1"
PYROSCOPE: Any = {
    "bucket_name": "obs-profiles-123456789012-eu-west-1",
    "region": "eu-west-1",
    "role_arn": ROLE,
    "multi_tenancy": True,
    "tenant_limits": {"games": {"ingestion_rate_mb": 5, "max_query_hours": 48}},
}
AGENT: Any = {"write_url": "http://pyroscope-distributor:4040", "cluster_name": "prod", "tenant": "games"}
NETWORK = profiles_network("observability")
SEVERAL = {"distributor": 2, "segment-writer": 3, "metastore": 3, "query-frontend": 2, "query-backend": 2}
ONE = {"compaction-worker": 1, "tenant-settings": 1, "ad-hoc-profiles": 1, "admin": 1}


@pytest.fixture(scope="module", autouse=True)
def _charts() -> None:
    charts_or_skip("pyroscope", "alloy")


@pytest.fixture(scope="module")
def pyroscope() -> list[Manifest]:
    return render("pyroscope", names.PYROSCOPE, pyroscope_values(PYROSCOPE))


def agent_manifests(**over: Any) -> list[Manifest]:
    return render("alloy", names.AGENT, profiles_agent_values({**AGENT, **over}), "observability-agents")


@pytest.fixture(scope="module")
def agent() -> list[Manifest]:
    return agent_manifests()


@pytest.fixture(scope="module")
def everything(pyroscope: list[Manifest], agent: list[Manifest]) -> list[Manifest]:
    return [*pyroscope, *agent]


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()


def part(pod: Pod) -> str:
    return pod.labels["app.kubernetes.io/component"]


def replicas(manifests: list[Manifest]) -> dict[str, int]:
    """Fewest replicas of each part: its own, or its autoscaler's."""
    found = {}
    for manifest in manifests:
        if manifest["kind"] in ("Deployment", "StatefulSet"):
            name = manifest["metadata"]["name"]
            scalers = [s for s in of_kind(manifests, "HorizontalPodAutoscaler") if s["metadata"]["name"] == name]
            fewest = scalers[0]["spec"]["minReplicas"] if scalers else manifest["spec"]["replicas"]
            assert not (scalers and "replicas" in manifest["spec"]), f"{name}: an upgrade would undo its scaling"
            found[manifest["metadata"]["labels"]["app.kubernetes.io/component"]] = fewest
    return found


def test_every_part_runs_in_the_number_that_was_asked_for_and_nothing_else_does(pyroscope: list[Manifest]) -> None:
    assert replicas(pyroscope) == SEVERAL | ONE
    assert {part(pod) for pod in pods(pyroscope)} == {*names.PARTS}, "no Alloy, no agent, no MinIO, no first storage"


def test_every_container_has_requests_and_limits(everything: list[Manifest]) -> None:
    faults = {pod.workload: [f for c in containers(pod) for f in resource_faults(c)] for pod in pods(everything)}
    assert {workload: found for workload, found in faults.items() if found} == {}


def test_every_part_of_pyroscope_satisfies_pod_security_restricted(pyroscope: list[Manifest]) -> None:
    assert {pod.workload: found for pod in pods(pyroscope) if (found := restricted_faults(pod))} == {}
    for pod in pods(pyroscope):
        assert all(c["securityContext"]["readOnlyRootFilesystem"] for c in containers(pod)), pod.workload


def test_the_agent_has_what_ebpf_needs_and_no_more(agent: list[Manifest]) -> None:
    (pod,) = pods(agent)
    (container,) = containers(pod)
    context = container["securityContext"]
    assert pod.spec["hostPID"]
    assert "hostNetwork" not in pod.spec
    assert "privileged" not in context
    assert context["capabilities"] == {"drop": ["ALL"], "add": [*EBPF_CAPABILITIES]}
    assert context["allowPrivilegeEscalation"] is False
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    paths = [v["hostPath"]["path"] for v in pod.spec["volumes"] if "hostPath" in v]
    assert paths == ["/sys/kernel/tracing"]
    writable = {m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")}
    assert writable == {"/etc/alloy", "/tmp"}, "the first is a ConfigMap"


def test_without_ebpf_the_agent_satisfies_pod_security_restricted() -> None:
    (pod,) = pods(agent_manifests(ebpf_enabled=False))
    assert restricted_faults(pod) == []
    assert [v for v in pod.spec["volumes"] if "hostPath" in v] == []


def test_the_agent_may_read_pods_and_nothing_else(agent: list[Manifest]) -> None:
    rules = named(agent, "ClusterRole", names.AGENT)["rules"]
    assert {(group, what) for rule in rules for group in rule["apiGroups"] for what in rule["resources"]} == {
        ("", "pods")
    }
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert not any("nonResourceURLs" in rule for rule in rules)


def test_the_agent_runs_on_every_node_and_rolls_out_before_helm_gives_up(agent: list[Manifest]) -> None:
    daemon = named(agent, "DaemonSet", names.AGENT)["spec"]
    assert daemon["template"]["spec"]["tolerations"] == [{"operator": "Exists"}]
    assert daemon["updateStrategy"]["rollingUpdate"]["maxUnavailable"] == "25%"
    arguments = daemon["template"]["spec"]["containers"][0]["args"]
    assert "--disable-reporting" in arguments
    assert "--stability.level=generally-available" in arguments
    assert of_kind(agent, "CustomResourceDefinition") == []


def test_the_agent_s_configuration_arrives_as_it_was_written(agent: list[Manifest]) -> None:
    assert named(agent, "ConfigMap", names.AGENT)["data"]["config.alloy"] == alloy_config(AGENT).rstrip("\n")
    annotations = named(agent, "DaemonSet", names.AGENT)["spec"]["template"]["metadata"]["annotations"]
    assert "checksum/config" in annotations, "a changed configuration restarts the agents"


def test_pyroscope_s_configuration_arrives_as_it_was_written(pyroscope: list[Manifest]) -> None:
    text = named(pyroscope, "ConfigMap", "pyroscope-config")["data"]["config.yaml"]
    assert yaml.safe_load(text) == pyroscope_config(PYROSCOPE)
    overrides = yaml.safe_load(named(pyroscope, "ConfigMap", "pyroscope-overrides-config")["data"]["overrides.yaml"])
    assert overrides == {"overrides": {"games": {"ingestion_rate_mb": 5, "max_query_length": "48h"}}}


def test_every_part_runs_on_the_second_storage_and_says_little(pyroscope: list[Manifest]) -> None:
    for pod in pods(pyroscope):
        arguments = containers(pod)[0]["args"]
        assert f"-target={part(pod)}" in arguments
        assert "-architecture.storage=v2" in arguments
        assert "-log.level=info" in arguments
        assert "-self-profiling.disable-push=true" in arguments


def test_one_service_account_carries_the_role(pyroscope: list[Manifest]) -> None:
    (account,) = of_kind(pyroscope, "ServiceAccount")
    assert account["metadata"]["name"] == names.PYROSCOPE
    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": ROLE}
    assert {pod.spec["serviceAccountName"] for pod in pods(pyroscope)} == {names.PYROSCOPE}


def test_metastores_keep_their_raft_log_on_volumes_and_expect_exactly_each_other(pyroscope: list[Manifest]) -> None:
    for manifest in of_kind(pyroscope, "StatefulSet"):
        claims = manifest["spec"].get("volumeClaimTemplates", [])
        assert bool(claims) == (manifest["metadata"]["name"] == "pyroscope-metastore"), "nothing else keeps anything"
    metastore = named(pyroscope, "StatefulSet", "pyroscope-metastore")
    (claim,) = metastore["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "gp3"
    assert claim["spec"]["resources"]["requests"]["storage"] == "10Gi"
    (container,) = metastore["spec"]["template"]["spec"]["containers"]
    mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
    assert mounts["/data-metastore"] == claim["metadata"]["name"]
    arguments = container["args"]
    assert "-metastore.raft.bootstrap-expect-peers=3" in arguments
    assert "-metastore.raft.dir=./data-metastore/raft" in arguments, "on the volume"
    assert any(a.startswith("-metastore.index.cleanup-interval=") for a in arguments), "else nothing is ever deleted"


@pytest.mark.parametrize("count", [1, 5])
def test_another_number_of_metastores_is_expected_too(count: int) -> None:
    sizing: Any = {"metastore_replicas": count}
    manifests = render("pyroscope", names.PYROSCOPE, pyroscope_values({**PYROSCOPE, "sizing": sizing}))
    metastore = named(manifests, "StatefulSet", "pyroscope-metastore")["spec"]
    assert metastore["replicas"] == count
    assert f"-metastore.raft.bootstrap-expect-peers={count}" in metastore["template"]["spec"]["containers"][0]["args"]


def test_every_replicated_part_has_a_budget_and_spreads_over_zones(pyroscope: list[Manifest]) -> None:
    for pod in pods(pyroscope):
        budgets = [
            b["spec"]
            for b in of_kind(pyroscope, "PodDisruptionBudget")
            if selects(b["spec"]["selector"]["matchLabels"], pod.labels)
        ]
        assert [budget["maxUnavailable"] for budget in budgets] == [1], pod.workload
        constraints = {c["topologyKey"]: c for c in pod.spec["topologySpreadConstraints"]}
        zone = constraints["topology.kubernetes.io/zone"]
        assert selects(zone["labelSelector"]["matchLabels"], pod.labels)
        strict = part(pod) == names.METASTORE
        assert {c["whenUnsatisfiable"] for c in constraints.values()} == {
            "DoNotSchedule" if strict else "ScheduleAnyway"
        }
        assert ("tolerations" in pod.spec) != strict, "only the metastore keeps off Spot"


def test_every_selector_finds_the_pods_of_one_part(pyroscope: list[Manifest]) -> None:
    for kind in ("Service", "PodDisruptionBudget"):
        for manifest in of_kind(pyroscope, kind):
            selector = manifest["spec"]["selector"]
            chosen = [pod for pod in pods(pyroscope) if selects(selector.get("matchLabels", selector), pod.labels)]
            gossip = manifest["metadata"]["name"] == "pyroscope-memberlist"
            assert len(chosen) == (len(names.PARTS) if gossip else 1), manifest["metadata"]["name"]


def test_every_autoscaler_finds_its_workload_and_the_requests_that_it_measures_by(pyroscope: list[Manifest]) -> None:
    scalers = of_kind(pyroscope, "HorizontalPodAutoscaler")
    bounds = {s["metadata"]["name"]: (s["spec"]["minReplicas"], s["spec"]["maxReplicas"]) for s in scalers}
    assert bounds == {
        "pyroscope-distributor": (2, 6),
        "pyroscope-query-backend": (2, 6),
        "pyroscope-compaction-worker": (1, 3),
    }
    for scaler in scalers:
        target = scaler["spec"]["scaleTargetRef"]
        named(pyroscope, target["kind"], target["name"])
        assert [m["resource"]["name"] for m in scaler["spec"]["metrics"]] == ["cpu"]


def test_prometheus_scrapes_each_pod_once(everything: list[Manifest]) -> None:
    for monitor in of_kind(everything, "ServiceMonitor"):
        (endpoint,) = monitor["spec"]["endpoints"]
        selector = monitor["spec"]["selector"]["matchLabels"]
        services = [s for s in of_kind(everything, "Service") if selects(selector, s["metadata"]["labels"])]
        dropped = [rule["regex"] for rule in endpoint.get("relabelings", []) if rule["action"] == "drop"]
        left = [s for s in services if not (dropped == [".*-headless"] and s["metadata"]["name"].endswith("-headless"))]
        assert len(left) == 1, f"{monitor['metadata']['name']}: {[s['metadata']['name'] for s in left]}"
        assert endpoint["port"] in [port["name"] for port in left[0]["spec"]["ports"]]


def test_pyroscope_profiles_itself_through_the_agent(pyroscope: list[Manifest]) -> None:
    for pod in of_kind(pyroscope, "Deployment"):
        template = pod["spec"]["template"]
        annotations = template["metadata"]["annotations"]
        for kind in ("cpu", "memory", "goroutine"):
            assert annotations[f"profiles.grafana.com/{kind}.scrape"] == "true"
            port = annotations[f"profiles.grafana.com/{kind}.port_name"]
            assert port in [p["name"] for c in template["spec"]["containers"] for p in c["ports"]]


def test_every_pod_has_a_network_policy_and_every_flow_ends_at_an_open_port(everything: list[Manifest]) -> None:
    own = {"observability": NETWORK, "observability-agents": agent_network("observability-agents")}
    for pod in pods(everything):
        specs = network_policy_specs(own[pod.namespace])
        assert any(selects(s["podSelector"]["matchLabels"], pod.labels) for s in specs.values()), pod.workload
    listening = {
        pod.workload: {p["containerPort"] for c in containers(pod) for p in c["ports"]} for pod in pods(everything)
    }
    for network in own.values():
        for flow in network["flows"]:
            target = network["peers"][flow["target"]]
            if "port" not in flow or target.get("namespace") not in own:
                continue
            chosen = [pod.workload for pod in pods(everything) if selects(target["labels"], pod.labels)]
            assert chosen, f"{flow['target']} is nobody"
            assert all(flow["port"] in listening[workload] for workload in chosen), flow


def test_a_part_is_called_on_its_grpc_port_only_by_those_who_need_it() -> None:
    callers: dict[str, set[str]] = {}
    for flow in NETWORK["flows"]:
        if flow.get("port") == names.GRPC_PORT:
            callers.setdefault(flow["target"].removeprefix("pyroscope-"), set()).add(
                flow["source"].removeprefix("pyroscope-")
            )
    assert callers == {
        "segment-writer": {"distributor"},
        "metastore": {"metastore", "segment-writer", "compaction-worker", "query-frontend", "admin"},
        "query-backend": {"query-frontend", "query-backend"},
    }


def floats(value: Any) -> Any:
    """What becomes of whole numbers on their way through Pulumi."""
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_numbers_survive_the_way_through_pulumi() -> None:
    for chart, values in (
        ("pyroscope", pyroscope_values(PYROSCOPE)),
        ("alloy", profiles_agent_values(AGENT)),
        ("alloy", profiles_agent_values(TO_CENTRE)),
    ):
        plain, travelled = (render(chart, "x", given) for given in (values, floats(values)))
        for before, after in zip(plain, travelled, strict=True):
            for manifest in (before, after):
                template = manifest.get("spec", {}).get("template", {})
                template.get("metadata", {}).get("annotations", {}).pop("checksum/config", None)
            if before["kind"] == "ConfigMap":
                before["data"], after["data"] = (
                    {k: yaml.safe_load(t) if k.endswith(".yaml") else t for k, t in m["data"].items()}
                    for m in (before, after)
                )
            assert before == after, before["metadata"]["name"]


# --- another S3, TLS, the centre ---------------------------------------------------------------

STORE: Any = {"endpoint": "s3.example.com:9000", "credentials_secret_name": "object-store-credentials"}


def test_every_part_reads_the_keys_from_the_secret_and_keeps_its_own_variables() -> None:
    given: Any = {key: value for key, value in PYROSCOPE.items() if key != "role_arn"}
    manifests = render("pyroscope", names.PYROSCOPE, pyroscope_values({**given, "object_store": STORE}))
    for pod in pods(manifests):
        variables = {each["name"]: each for each in containers(pod)[0]["env"]}
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            reference = {"name": "object-store-credentials", "key": key}
            assert variables[key] == {"name": key, "valueFrom": {"secretKeyRef": reference}}, pod.workload
        assert "value" in variables["GOMEMLIMIT"], pod.workload
    (account,) = of_kind(manifests, "ServiceAccount")
    assert "eks.amazonaws.com/role-arn" not in (account["metadata"].get("annotations") or {})


@pytest.fixture(scope="module")
def over_tls() -> list[Manifest]:
    values = pyroscope_values({**PYROSCOPE, "certificate_secret_name": "pyroscope-tls"})
    return render("pyroscope", names.PYROSCOPE, values)


def test_probes_and_prometheus_speak_tls_to_every_part(over_tls: list[Manifest]) -> None:
    for pod in pods(over_tls):
        (container,) = containers(pod)
        assert container["readinessProbe"]["httpGet"]["scheme"] == "HTTPS", pod.workload
        mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
        (volume,) = [v for v in pod.spec["volumes"] if v["name"] == mounts["/etc/tls"]]
        assert volume["secret"]["secretName"] == "pyroscope-tls"
        assert not [m for m in container["volumeMounts"] if m["mountPath"] == "/etc/tls" and "subPath" in m], (
            "a single file would keep the first certificate for ever"
        )
        assert restricted_faults(pod) == []
    for monitor in of_kind(over_tls, "ServiceMonitor"):
        (endpoint,) = monitor["spec"]["endpoints"]
        assert endpoint["scheme"] == "https"
        assert endpoint["tlsConfig"]["serverName"] == "pyroscope-memberlist.observability.svc.cluster.local"


def test_what_the_agent_cannot_check_it_does_not_read(over_tls: list[Manifest]) -> None:
    for manifest in (*of_kind(over_tls, "Deployment"), *of_kind(over_tls, "StatefulSet")):
        annotations = manifest["spec"]["template"]["metadata"]["annotations"]
        asked = {key: value for key, value in annotations.items() if key.endswith(".scrape")}
        assert set(asked.values()) == {"false"}, manifest["metadata"]["name"]


TO_CENTRE: Any = {
    "cluster_name": "games",
    "tenant": "games",
    "centre": {"host": "games.obs.internal", "certificate_secret_name": "client", "ca_secret_name": "ca"},
}


@pytest.mark.parametrize("ebpf", [True, False])
def test_beside_the_agent_of_another_cluster_stands_a_buffer_without_rights(ebpf: bool) -> None:
    values = profiles_agent_values({**TO_CENTRE, "ebpf_enabled": ebpf})
    manifests = render("alloy", names.AGENT, values, "observability-agents")
    (pod,) = pods(manifests)
    agent, buffer = containers(pod)
    assert (agent["name"], buffer["name"]) == ("alloy", "buffer")
    assert [fault for fault in restricted_faults(pod) if fault.startswith("buffer")] == []
    assert ebpf or restricted_faults(pod) == []
    assert resource_faults(buffer) == []
    assert "hostNetwork" not in pod.spec, "its port would be the node's"
    assert "ports" not in buffer, "nobody outside the pod calls it"
    volumes = {v["name"] for v in pod.spec["volumes"]}
    assert {m["name"] for m in buffer["volumeMounts"]} <= volumes
    assert {m["name"] for m in buffer["volumeMounts"]} & {m["name"] for m in agent["volumeMounts"]} == set()
    files = named(manifests, "ConfigMap", "profiles-agent-buffer")["data"]
    assert files == values["extraObjects"][0]["data"], "no template took it for its own"
    annotations = named(manifests, "DaemonSet", names.AGENT)["spec"]["template"]["metadata"]["annotations"]
    assert {"checksum/config", "checksum/buffer"} <= set(annotations)


@pytest.mark.parametrize("ebpf", [True, False])
def test_the_agent_serves_tls_and_may_read_its_certificate(ebpf: bool) -> None:
    manifests = agent_manifests(certificate_secret_name="alloy-tls", ebpf_enabled=ebpf)
    (pod,) = pods(manifests)
    (container,) = containers(pod)
    assert container["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert "/etc/tls" in {m["mountPath"] for m in container["volumeMounts"]}
    if not ebpf:
        assert pod.spec["securityContext"]["fsGroup"] == container["securityContext"]["runAsGroup"]
        assert restricted_faults(pod) == []
    (monitor,) = of_kind(manifests, "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["scheme"] == "https"
    assert endpoint["tlsConfig"]["ca"] == {"secret": {"name": "alloy-tls", "key": "ca.crt"}}

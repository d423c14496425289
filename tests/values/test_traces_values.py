"""The traces room as data: Helm values, the collectors' and Tempo's configuration, rules, and service accounts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components import defaults
from components.traces import names
from components.traces.agent_values import agent_config, agent_values
from components.traces.collector_rules import collector_rules
from components.traces.gateway_values import gateway_values
from components.traces.tempo_rules import tempo_rules
from components.traces.tempo_values import tempo_values
from components.versions import CHARTS, OTEL_COLLECTOR_VERSION, TEMPO_VERSION
from tests.values.chart_keys import require_chart_keys, unknown_keys

ROLE = "arn:aws:iam::123456789012:role/obs-tempo-eu-west-1"
URLS = names.remote_write_urls("observability", 2)
TEMPO: Any = {"bucket_name": "obs-traces-123456789012-eu-west-1", "region": "eu-west-1", "role_arn": ROLE}
AGENT: Any = {"cluster_name": "prod", "node_metrics_enabled": True}
GATEWAY: Any = {"remote_write_urls": URLS}

VALUES: dict[str, tuple[str, dict[str, Any]]] = {
    "agent": ("opentelemetry-collector", agent_values(AGENT)),
    "gateway": ("opentelemetry-collector", gateway_values({**GATEWAY, "tenant": "obs"})),
    "tempo": ("tempo-distributed", tempo_values({**TEMPO, "multi_tenancy": True})),
}
FREE = {
    # Read by the chart's templates, without a default in its values.
    "opentelemetry-collector": [
        "service.enabled",
        "service.internalTrafficPolicy",
        "service.clusterIP",
        "podDisruptionBudget.maxUnavailable",
    ],
    # S3's own settings, which exist once S3 is chosen; and maps that are written into the pods as they are.
    "tempo-distributed": ["storage.trace.s3", "tempo.podSecurityContext", "tempo.securityContext"],
}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def gateway(**over: Any) -> Any:
    return gateway_values({**GATEWAY, **over})["alternateConfig"]


@pytest.mark.parametrize("part", VALUES)
def test_the_chart_knows_every_key(part: str) -> None:
    chart, values = VALUES[part]
    require_chart_keys(chart)
    assert unknown_keys(chart, values, FREE[chart]) == []


@pytest.mark.parametrize("part", VALUES)
def test_values_are_whole_and_carry_no_secret(part: str) -> None:
    for path, value in leaves(VALUES[part][1]):
        assert value is not None, f"{path}: a null doesn't travel to Helm through Pulumi"
        assert not isinstance(value, float) or "percentage" in path, f"{path}: {value} would be written as a float"
        words = {"password", "secret_key", "access_key", "accesskey", "bearer"}
        assert not any(word in str(value).lower() for word in words), path
        assert path.rpartition(".")[2] not in ("privileged", "hostNetwork"), path


def test_values_are_the_same_every_time() -> None:
    assert list(leaves(agent_values(AGENT))) == list(leaves(VALUES["agent"][1])), "in the same order too"
    assert gateway_values(GATEWAY) == gateway_values(GATEWAY)


def test_collectors_run_the_contrib_image_and_their_whole_configuration_is_ours() -> None:
    for part in ("agent", "gateway"):
        values = VALUES[part][1]
        image = {"repository": "docker.io/otel/opentelemetry-collector-contrib", "tag": OTEL_COLLECTOR_VERSION}
        assert values["image"] == image
        assert "config" not in values, "the chart would merge its own receivers into it"
        assert set(values["alternateConfig"]["receivers"]) <= {"otlp", "host_metrics", "kubelet_stats"}


def test_the_memory_limiter_is_first_wherever_data_comes_in() -> None:
    for part in ("agent", "gateway"):
        config = VALUES[part][1]["alternateConfig"]
        for name, pipeline in config["service"]["pipelines"].items():
            if {"otlp", "host_metrics"} & set(pipeline["receivers"]):
                assert pipeline["processors"][0] == "memory_limiter", f"{part}: {name}"


@pytest.mark.parametrize("part", ["agent", "gateway"])
def test_a_configuration_defines_what_it_uses_and_uses_what_it_defines(part: str) -> None:
    config = VALUES[part][1]["alternateConfig"]
    pipelines = config["service"]["pipelines"].values()
    connectors = set(config.get("connectors", {}))
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in pipelines for name in pipeline[kind]} - connectors
        assert used == set(config[kind]), kind
    assert set(config["service"]["extensions"]) == set(config["extensions"])
    for connector in connectors:
        assert any(connector in p["exporters"] for p in pipelines), connector
        assert any(connector in p["receivers"] for p in pipelines), connector


def test_agents_route_traces_by_id_to_the_names_of_the_gateways() -> None:
    balanced = agent_config({"cluster_name": "prod"})["exporters"]["load_balancing/traces"]
    assert balanced["routing_key"] == "traceID"
    service = {"service": "otel-gateway.observability", "ports": [4317], "return_hostnames": True}
    assert balanced["resolver"] == {"k8s": service}
    values = gateway_values({})
    assert (values["mode"], values["fullnameOverride"]) == ("statefulset", "otel-gateway"), "names that stay"
    assert values["service"]["clusterIP"] == "None", "headless: agents choose the pod"
    assert balanced["sending_queue"]["enabled"], "what one gateway doesn't take, another does"
    assert balanced["retry_on_failure"]["enabled"]


def test_applications_reach_their_own_node_s_agent_without_a_port_of_the_node() -> None:
    values = VALUES["agent"][1]
    assert values["service"] == {"enabled": True, "internalTrafficPolicy": "Local"}
    assert {port.get("hostPort", 0) for port in values["ports"].values()} == {0}
    assert values["rollout"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}, "no gap in an update"
    assert values["tolerations"] == [{"operator": "Exists"}], "on tainted nodes too"


def test_agents_watch_pods_of_their_own_node_and_where_gateways_are() -> None:
    values = agent_values({"cluster_name": "prod"})
    rights = {(r["apiGroups"][0], *r["resources"], *r["verbs"]) for r in values["clusterRole"]["rules"]}
    assert rights == {
        ("", "pods", "get", "list", "watch"),
        ("discovery.k8s.io", "endpointslices", "get", "list", "watch"),
    }
    attributes = values["alternateConfig"]["processors"]["k8s_attributes"]
    assert attributes["filter"] == {"node_from_env_var": "OTEL_K8S_NODE_NAME"}
    needing_more = {"k8s.deployment.uid", "k8s.cronjob.uid", "k8s.node.uid", "k8s.cluster.uid"}
    assert needing_more.isdisjoint(attributes["extract"]["metadata"])


def test_the_node_s_metrics_are_read_only_when_asked_for() -> None:
    without = agent_values({"cluster_name": "prod"})
    assert "extraVolumes" not in without
    assert set(without["alternateConfig"]["receivers"]) == {"otlp"}
    values = VALUES["agent"][1]
    assert values["extraVolumeMounts"][0]["readOnly"] is True
    assert {"apiGroups": [""], "resources": ["nodes/stats"], "verbs": ["get"]} in values["clusterRole"]["rules"]
    receivers = values["alternateConfig"]["receivers"]
    assert receivers["host_metrics"]["root_path"] == values["extraVolumeMounts"][0]["mountPath"]


def test_spans_are_counted_before_they_are_sampled() -> None:
    pipelines = gateway()["service"]["pipelines"]
    assert pipelines["traces/all"]["processors"] == ["memory_limiter"]
    assert set(pipelines["traces/all"]["exporters"]) == {"forward", "span_metrics", "service_graph"}
    assert pipelines["traces/kept"]["receivers"] == ["forward"]
    assert pipelines["traces/kept"]["processors"][0] == "tail_sampling"
    assert pipelines["metrics/spans"]["receivers"] == ["span_metrics", "service_graph"]
    assert tempo_values(TEMPO)["metricsGenerator"] == {"enabled": False}, "it would count the kept ones only"


def test_every_replica_of_prometheus_gets_all_metrics() -> None:
    exporters = gateway()["exporters"]
    written = [e["endpoint"] for name, e in exporters.items() if name.startswith("prometheus_remote_write")]
    where = "prometheus-operated.observability.svc.cluster.local:9090/api/v1/write"
    assert written == [f"http://prometheus-kps-prometheus-{index}.{where}" for index in (0, 1)]
    for name in ("metrics/spans", "metrics/applications"):
        assert len(gateway()["service"]["pipelines"][name]["exporters"]) == 2
    assert exporters["prometheus_remote_write/0"]["remote_write_queue"]["num_consumers"] == 1, "samples in order"


def test_without_prometheus_no_metrics_are_made() -> None:
    config = gateway(remote_write_urls=[])
    assert set(config["connectors"]) == {"forward"}
    assert set(config["service"]["pipelines"]) == {"traces/all", "traces/kept"}
    agent = agent_config({"cluster_name": "prod", "metrics_enabled": False})
    assert set(agent["service"]["pipelines"]) == {"traces"}


def test_head_sampling_is_the_agents_and_then_gateways_judge_nothing() -> None:
    head: Any = {"mode": "head", "percentage": 25}
    agent = agent_config({"cluster_name": "prod", "sampling": head})
    assert agent["processors"]["probabilistic_sampler"] == {"mode": "proportional", "sampling_percentage": 25.0}
    assert agent["service"]["pipelines"]["traces"]["processors"].index("probabilistic_sampler") == 3
    assert "probabilistic_sampler" not in agent["service"]["pipelines"]["metrics"]["processors"]
    config = gateway(sampling=head)
    assert "tail_sampling" not in config["processors"]
    assert "probabilistic_sampler" not in agent_config({"cluster_name": "prod"})["processors"]


def test_what_tempo_does_not_take_waits_on_a_volume_that_can_hold_it() -> None:
    values = VALUES["gateway"][1]
    exporter = values["alternateConfig"]["exporters"]["otlp_grpc/tempo"]
    queue, storage = exporter["sending_queue"], values["alternateConfig"]["extensions"]["file_storage"]
    (claim,) = values["statefulset"]["volumeClaimTemplates"]
    assert queue["storage"] == "file_storage"
    assert storage["directory"] == values["extraVolumeMounts"][0]["mountPath"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert queue["queue_size"] == 10 * 2**30, "half of it: the file grows before it is compacted"
    assert exporter["retry_on_failure"]["max_elapsed_time"] == "0s", "as long as there is room"
    assert queue["batch"]["max_size"] <= 16 * 2**20, "no larger than Tempo takes"


def test_gateways_name_the_tenant_that_tempo_asks_for() -> None:
    assert VALUES["gateway"][1]["alternateConfig"]["exporters"]["otlp_grpc/tempo"]["headers"] == {
        "X-Scope-OrgID": "obs"
    }
    assert "headers" not in gateway()["exporters"]["otlp_grpc/tempo"]
    assert VALUES["tempo"][1]["multitenancyEnabled"] is True
    assert tempo_values(TEMPO)["multitenancyEnabled"] is False


def test_gateways_grow_quickly_and_shrink_slowly() -> None:
    scaling = gateway_values({})["autoscaling"]
    assert (scaling["minReplicas"], scaling["maxReplicas"]) == (3, 9)
    down = scaling["behavior"]["scaleDown"]
    assert down["stabilizationWindowSeconds"] >= 600
    assert down["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 600}]
    fixed: Any = {"gateway_replicas": 2, "gateway_max_replicas": 2}
    assert gateway_values({"sizing": fixed})["autoscaling"] == {"enabled": False}
    assert gateway_values({"sizing": fixed})["replicaCount"] == 2


def test_replicas_are_those_of_the_seeds() -> None:
    values = VALUES["tempo"][1]
    parts = ("distributor", "ingester", "queryFrontend", "querier", "compactor")
    assert [values[part]["replicas"] for part in parts] == [3, 3, 2, 2, 1]
    assert VALUES["gateway"][1]["replicaCount"] == 3
    assert values["ingester"]["config"]["replication_factor"] == 3


def test_tempo_keeps_traces_for_14_days_in_s3_without_credentials() -> None:
    values = tempo_values(TEMPO)
    assert values["compactor"]["config"]["compaction"]["block_retention"] == "336h"
    assert values["overrides"]["defaults"]["read"]["max_search_duration"] == "336h", "all of it can be searched"
    assert values["storage"]["trace"] == {
        "backend": "s3",
        "s3": {
            "bucket": "obs-traces-123456789012-eu-west-1",
            "endpoint": "s3.eu-west-1.amazonaws.com",
            "region": "eu-west-1",
        },
    }
    shorter: Any = {**TEMPO, "retention_days": 3.0}
    assert tempo_values(shorter)["compactor"]["config"]["compaction"]["block_retention"] == "72h"


def test_ingesters_keep_their_log_on_a_volume_and_never_share_a_node() -> None:
    ingester = tempo_values({**TEMPO, "storage_class_name": "gp3-encrypted"})["ingester"]
    assert ingester["persistence"] == {"enabled": True, "size": "20Gi", "storageClass": "gp3-encrypted"}
    (term,) = json.loads(ingester["affinity"])["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    zone = json.loads(ingester["topologySpreadConstraints"])[0]
    assert (zone["topologyKey"], zone["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "DoNotSchedule")


def test_the_chart_takes_places_as_text() -> None:
    values = VALUES["tempo"][1]
    for part in ("distributor", "ingester", "queryFrontend", "querier"):
        for key in ("affinity", "topologySpreadConstraints"):
            assert isinstance(values[part][key], str), f"{part}.{key}"
            assert "{{" not in values[part][key], "it would be a template"


def test_limits_let_an_hour_pass_in_which_everything_is_kept() -> None:
    busy: Any = {"expected_spans_per_second": 50_000}
    limits = tempo_values({**TEMPO, "sampling": busy})["overrides"]["defaults"]["ingestion"]
    assert limits["rate_strategy"] == "global"
    assert limits["rate_limit_bytes"] == 50_000 * 1024
    assert limits["burst_size_bytes"] >= limits["rate_limit_bytes"]
    assert limits["max_traces_per_user"] == 5_000 * 30
    small = tempo_values(TEMPO)["overrides"]["defaults"]["ingestion"]
    assert (small["rate_limit_bytes"], small["max_traces_per_user"]) == (15_000_000, 30_000), "not below its own"


def test_one_service_account_carries_the_role() -> None:
    with_role = [path for part in VALUES for path, value in leaves(VALUES[part][1]) if value == ROLE]
    assert with_role == ["serviceAccount.annotations.eks.amazonaws.com/role-arn"]
    assert VALUES["tempo"][1]["serviceAccount"]["name"] == names.TEMPO_SERVICE_ACCOUNT
    assert VALUES["tempo"][1]["serviceAccount"]["automountServiceAccountToken"] is False
    assert VALUES["gateway"][1]["serviceAccount"]["automountServiceAccountToken"] is False


def test_tempo_tells_nobody_and_takes_only_otlp() -> None:
    values = VALUES["tempo"][1]
    assert values["reportingEnabled"] is False
    assert set(values["traces"]) == {"otlp"}
    assert values["tempo"]["image"]["tag"] == TEMPO_VERSION
    assert TEMPO_VERSION.startswith("2.10."), "the last line without Kafka"
    assert CHARTS["tempo-distributed"].version.startswith("2.")


@pytest.mark.parametrize("part", ["distributor", "ingester", "queryFrontend", "querier", "compactor"])
def test_every_part_of_tempo_has_requests_and_limits(part: str) -> None:
    given = VALUES["tempo"][1][part]["resources"]
    assert {*given["requests"], *given["limits"]} == {"cpu", "memory"}
    assert given["requests"]["memory"] == given["limits"]["memory"], "memory can't be taken back"


def test_every_alert_says_how_bad_it_is_and_where_to_read_on() -> None:
    rules = [rule for group in (*tempo_rules(), *collector_rules()) for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 18
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical"), rule["alert"]
        assert rule["annotations"]["summary"].endswith("."), rule["alert"]
        assert rule["annotations"]["runbook_url"].startswith("docs/traces.md#"), rule["alert"]


def test_addresses_are_those_of_the_charts_services() -> None:
    inside = "svc.cluster.local"
    assert names.otlp_grpc_url("agents") == f"http://otel-agent.agents.{inside}:4317"
    assert names.otlp_http_url("agents") == f"http://otel-agent.agents.{inside}:4318"
    assert names.query_url("observability") == f"http://tempo-query-frontend.observability.{inside}:3200"
    assert defaults.TRACES_DAYS == 14

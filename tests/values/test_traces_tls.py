"""TLS, another S3, other clusters: the traces room's values as data."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from components.security.centre import CentreArgs
from components.traces import names
from components.traces.agent_values import agent_config, agent_values
from components.traces.forwarder_values import forwarder_sizing, forwarder_values
from components.traces.gateway_values import gateway_values
from components.traces.tempo_faults import tempo_faults
from components.traces.tempo_values import tempo_values
from components.traces.tls import collector_certificate, tempo_certificate
from components.traces.traces_agent_args import TracesAgentArgs, traces_agent_faults
from policies.facts import Resource
from policies.rules.helm_values import values as safe_values
from tests.values.chart_keys import require_chart_keys, unknown_keys
from tests.values.test_traces_values import FREE, leaves

ISSUER = "observability-ca"
URLS = names.remote_write_urls("observability", 2, tls=True)
CENTRE: CentreArgs = {"host": "shop.obs.internal", "certificate_secret_name": "client", "ca_secret_name": "centre-ca"}
STORE: Any = {
    "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
    "credentials_secret_name": "object-store-credentials",
    "insecure": True,
}
FORWARDER: TracesAgentArgs = {
    "cluster_name": "shop",
    "tenant": "retail",
    "centre": CENTRE,
    "certificate_issuer": ISSUER,
    "metrics_enabled": True,
}
S3: Any = {"bucket_name": "traces", "region": "us-east-1", "object_store": STORE}
VALUES: dict[str, tuple[str, dict[str, Any]]] = {
    "agent": (
        "opentelemetry-collector",
        agent_values(
            {
                "cluster_name": "centre",
                "node_metrics_enabled": True,
                "other_clusters": True,
                "certificate_issuer": ISSUER,
            }
        ),
    ),
    "gateway": (
        "opentelemetry-collector",
        gateway_values(
            {"remote_write_urls": URLS, "tenant": "obs", "tenants": ["retail"], "certificate_issuer": ISSUER}
        ),
    ),
    "forwarder": ("opentelemetry-collector", forwarder_values(FORWARDER)),
    "tempo": ("tempo-distributed", tempo_values({**S3, "certificate_issuer": ISSUER})),
}


def config(part: str) -> Any:
    return VALUES[part][1]["alternateConfig"]


@pytest.mark.parametrize("part", VALUES)
def test_the_chart_knows_every_key(part: str) -> None:
    chart, values = VALUES[part]
    require_chart_keys(chart)
    # Written into the pods as they are.
    free = ["tempo.livenessProbe.httpGet", "tempo.readinessProbe.httpGet"] if part == "tempo" else ["ports"]
    assert unknown_keys(chart, values, [*FREE[chart], *free]) == []


@pytest.mark.parametrize("part", VALUES)
def test_nothing_is_null_and_no_certificate_goes_unchecked(part: str) -> None:
    for path, value in leaves(VALUES[part][1]):
        assert value is not None, f"{path}: a null doesn't travel to Helm through Pulumi"
        assert "skip_verify" not in path, path
        assert not (path.endswith("tls.insecure") and value), path


@pytest.mark.parametrize("part", ["agent", "gateway", "forwarder"])
def test_a_configuration_defines_what_it_uses_and_uses_what_it_defines(part: str) -> None:
    pipelines = config(part)["service"]["pipelines"].values()
    connectors = set(config(part).get("connectors", {}))
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in pipelines for name in pipeline[kind]} - connectors
        assert used == set(config(part)[kind]), kind
    for connector in connectors:
        assert any(connector in p["exporters"] for p in pipelines), connector
        assert any(connector in p["receivers"] for p in pipelines), connector


def tls_of(part: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    def found(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if isinstance(value, dict):
            for key, item in value.items():
                if key == "tls":
                    yield path, item
                else:
                    yield from found(item, f"{path}.{key}")

    yield from found({"receivers": config(part)["receivers"], "exporters": config(part)["exporters"]}, part)


@pytest.mark.parametrize("part", ["agent", "gateway", "forwarder"])
def test_every_certificate_of_a_collector_is_read_anew_without_a_restart(part: str) -> None:
    found = dict(tls_of(part))
    assert found
    for path, tls in found.items():
        assert tls["reload_interval"] == "1h", path
        assert "ca_file" in tls or "client_ca_file" in tls, path


def test_between_our_own_both_ends_show_a_certificate() -> None:
    for part in ("gateway", "forwarder"):
        protocols = config(part)["receivers"]["otlp"]["protocols"]
        assert set(protocols) == {"grpc"}, "nobody comes in without TLS"
        assert {"cert_file", "key_file", "client_ca_file"} <= set(protocols["grpc"]["tls"])
    for exporter in config("agent")["exporters"].values():
        assert {"ca_file", "cert_file", "key_file"} <= set(exporter["protocol"]["otlp"]["tls"])
    for name in ("otlp_grpc/tempo", "otlp_grpc/tempo-retail"):
        assert {"ca_file", "cert_file", "key_file"} <= set(config("gateway")["exporters"][name]["tls"])
    assert set(config("agent")["receivers"]["otlp"]["protocols"]["grpc"]) == {"endpoint", "max_recv_msg_size_mib"}, (
        "applications stay on their node"
    )


def test_gateways_check_prometheus_where_it_speaks_tls_and_only_there() -> None:
    writers = {n: e for n, e in config("gateway")["exporters"].items() if n.startswith("prometheus")}
    assert [e["endpoint"].partition(":")[0] for e in writers.values()] == ["https", "https"]
    assert all(set(e["tls"]) == {"ca_file", "reload_interval"} for e in writers.values())
    plain = gateway_values(
        {"remote_write_urls": names.remote_write_urls("observability", 1), "certificate_issuer": ISSUER}
    )
    assert "tls" not in plain["alternateConfig"]["exporters"]["prometheus_remote_write/0"]
    foreign = gateway_values({"remote_write_urls": ["https://mimir.example.com/api/v1/push"]})
    assert "tls" not in foreign["alternateConfig"]["exporters"]["prometheus_remote_write/0"], "the system's authorities"


def test_certificates_have_the_names_by_which_their_owners_are_called() -> None:
    def covered(name: str, certificate: Any) -> bool:
        wanted = [n for n in certificate["dns_names"] if n.count(".") == name.count(".")]
        return any(fnmatchcase(name, pattern) for pattern in wanted)

    gateways = collector_certificate(names.GATEWAY, "telemetry", ISSUER)
    # As the k8s resolver of the load balancing exporter writes it.
    assert covered("otel-gateway-2.otel-gateway.telemetry", gateways)
    tempo = tempo_certificate("telemetry", ISSUER)
    values = gateway_values({"namespace": "telemetry", "certificate_issuer": ISSUER})
    endpoint = values["alternateConfig"]["exporters"]["otlp_grpc/tempo"]["endpoint"]
    assert covered(endpoint.removeprefix("dns:///").partition(":")[0], tempo)
    assert covered(names.query_url("telemetry", tls=True).split("/")[2].partition(":")[0], tempo)
    own: Any = {**S3, "namespace": "telemetry", "certificate_issuer": ISSUER}
    structured = tempo_values(own)["tempo"]["structuredConfig"]
    for client in (
        structured["ingester_client"]["grpc_client_config"],
        structured["querier"]["frontend_worker"]["grpc_client_config"],
    ):
        assert covered(client["tls_server_name"], tempo)
    monitor = tempo_values(own)["metaMonitoring"]["serviceMonitor"]
    assert (monitor["scheme"], covered(monitor["tlsConfig"]["serverName"], tempo)) == ("https", True)
    assert monitor["tlsConfig"]["ca"] == {"secret": {"name": "tempo-tls", "key": "ca.crt"}}


def test_tempo_asks_its_own_for_certificates_and_nobody_who_only_reads() -> None:
    server = VALUES["tempo"][1]["tempo"]["structuredConfig"]["server"]
    assert server["grpc_tls_config"]["client_auth_type"] == "RequireAndVerifyClientCert"
    assert "client_auth_type" not in server["http_tls_config"], "Prometheus, Grafana and the node have none"
    receiver = VALUES["tempo"][1]["traces"]["otlp"]["grpc"]["receiverConfig"]
    assert "client_ca_file" in receiver["tls"]
    assert receiver["max_recv_msg_size_mib"] == 16
    for probe in ("livenessProbe", "readinessProbe"):
        assert VALUES["tempo"][1]["tempo"][probe]["httpGet"]["scheme"] == "HTTPS"


def test_with_certificates_the_policies_find_nothing_that_is_off() -> None:
    secure: dict[str, Any] = {part: values for part, (_, values) in VALUES.items() if part != "tempo"}
    secure["tempo"] = tempo_values(
        {"bucket_name": "traces", "region": "eu-west-1", "role_arn": "arn", "certificate_issuer": ISSUER}
    )
    for part, values in secure.items():
        found = list(safe_values(Resource("kubernetes:helm.sh/v3:Release", part, {"values": values})))
        # Agents that read the node's metrics mount its file system: an exemption of its own.
        assert [finding for finding in found if "tls" in finding.word] == [], part
        assert found == [] or part == "agent"
    plain = Resource("kubernetes:helm.sh/v3:Release", "gateway", {"values": gateway_values({})})
    assert {finding.word for finding in safe_values(plain)} == {"tls-off"}


def test_keys_of_another_s3_come_from_a_secret_to_those_that_use_it() -> None:
    values = VALUES["tempo"][1]
    assert values["storage"]["trace"]["s3"] == {
        "bucket": "traces",
        "region": "us-east-1",
        "endpoint": STORE["endpoint"],
        "forcepathstyle": True,
        "insecure": True,
    }
    reference = {"secretKeyRef": {"name": "object-store-credentials", "key": "AWS_SECRET_ACCESS_KEY"}}
    for part in ("ingester", "querier", "queryFrontend", "compactor"):
        environment = {entry["name"]: entry["valueFrom"] for entry in values[part]["extraEnv"]}
        assert set(environment) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}, part
        assert environment["AWS_SECRET_ACCESS_KEY"] == reference, part
    assert "extraEnv" not in values["distributor"]
    assert values["serviceAccount"]["annotations"] == {}, "no role"
    assert (
        "insecure" not in tempo_values({**S3, "object_store": {**STORE, "insecure": False}})["storage"]["trace"]["s3"]
    )


@pytest.mark.parametrize("given", [{}, {"role_arn": "arn", "object_store": STORE}])
def test_a_bucket_is_reached_by_a_role_or_by_keys(given: Any) -> None:
    (fault,) = tempo_faults({"bucket_name": "traces", "region": "eu-west-1", **given})
    assert fault.path == "role_arn"


def test_a_laptop_runs_one_of_each_with_little_memory_and_no_zones() -> None:
    one = ("gateway", "distributor", "ingester", "querier", "query_frontend", "cache")
    sizing: Any = {f"{part}_replicas": 1 for part in one} | {
        f"{part}_max_replicas": 1 for part in ("gateway", "distributor", "querier")
    }
    sizing |= {"replication_factor": 1, "ingester_storage_gib": 1, "gateway_storage_gib": 1}
    sizing |= {f"{part}_memory": "256Mi" for part in ("distributor", "ingester", "querier", "query_frontend")}
    sampling: Any = {"expected_spans_per_second": 100}
    values = tempo_values({**S3, "sizing": sizing, "sampling": sampling})
    for part in ("distributor", "ingester", "queryFrontend", "querier"):
        assert values[part]["replicas"] == 1, part
        assert values[part]["resources"]["limits"]["memory"] == "256Mi", part
        assert values[part]["topologySpreadConstraints"] == "[]", "no node of kind has a zone"
    assert values["ingester"]["config"]["replication_factor"] == 1
    collectors = gateway_values({"sizing": sizing, "sampling": sampling})
    assert collectors["topologySpreadConstraints"] == []
    assert collectors["autoscaling"] == {"enabled": False}
    assert collectors["resources"]["limits"]["memory"] == "512Mi"


def test_other_clusters_come_in_by_a_way_of_their_own() -> None:
    pipelines = config("agent")["service"]["pipelines"]
    assert pipelines["traces/clusters"]["receivers"] == ["otlp/clusters"]
    for name in ("traces/clusters", "metrics/clusters"):
        assert pipelines[name]["processors"][0] == "memory_limiter"
        assert "k8s_attributes" not in pipelines[name]["processors"], "it would take the entrance's pod for theirs"
        assert "resource/cluster" not in pipelines[name]["processors"]
    opened = VALUES["agent"][1]["ports"]["otlp-clusters"]
    assert (opened["containerPort"], opened["servicePort"]) == (4319, 4319)
    assert names.other_clusters_url("agents") == "http://otel-agent.agents.svc.cluster.local:4319"
    without = agent_config({"cluster_name": "centre"})
    assert set(without["receivers"]) == {"otlp"}


def test_head_sampling_at_the_centre_holds_for_other_clusters_too() -> None:
    head = agent_config({"cluster_name": "centre", "other_clusters": True, "sampling": {"mode": "head"}})
    assert "probabilistic_sampler" in head["service"]["pipelines"]["traces/clusters"]["processors"]


def test_every_tenant_has_a_queue_and_together_they_fill_half_of_the_volume() -> None:
    exporters = config("gateway")["exporters"]
    assert exporters["otlp_grpc/tempo-retail"]["headers"] == {"X-Scope-OrgID": "retail"}
    sizes = [e["sending_queue"]["queue_size"] for n, e in exporters.items() if n.startswith("otlp_grpc")]
    assert sizes == [5 * 2**30] * 2
    (route,) = config("gateway")["connectors"]["routing/tenants"]["table"]
    assert route == {"condition": 'attributes["observability.tenant"] == "retail"', "pipelines": ["traces/retail"]}
    same = gateway_values({"tenant": "obs", "tenants": ["obs", "retail", "retail"]})["alternateConfig"]
    assert len([n for n in same["exporters"] if n.startswith("otlp_grpc")]) == 2


# --- a cluster without Tempo -----------------------------------------------------------------------


def test_forwarders_have_room_for_an_hour_without_the_centre() -> None:
    given: TracesAgentArgs = {**FORWARDER, "sampling": {"expected_spans_per_second": 20_000}}
    sizing = forwarder_sizing(given)
    hour = 20_000 * 392 * 3600 / 2**30
    exporters = forwarder_values(given)["alternateConfig"]["exporters"]
    queue = exporters["otlp_http/spans"]["sending_queue"]
    assert queue["queue_size"] / 2**30 * sizing["replicas"] >= hour
    together = sum(e["sending_queue"]["queue_size"] for e in exporters.values())
    assert together <= sizing["storage_gib"] * 2**30 / 2 + 2
    assert queue["storage"] == "file_storage"
    assert exporters["otlp_http/spans"]["retry_on_failure"]["max_elapsed_time"] == "0s", "as long as there is room"
    assert "batch" not in forwarder_values(given)["alternateConfig"]["processors"], "on disk before it is acknowledged"


def test_forwarders_send_to_the_centre_with_the_cluster_s_certificate_and_tenant() -> None:
    values = VALUES["forwarder"][1]
    spans, metrics = (config("forwarder")["exporters"][f"otlp_http/{kind}"] for kind in ("spans", "metrics"))
    assert spans["traces_endpoint"] == "https://shop.obs.internal/v1/traces"
    assert metrics["metrics_endpoint"] == "https://shop.obs.internal/v1/metrics"
    assert spans["headers"] == {"X-Scope-OrgID": "retail"}
    assert spans["tls"]["min_version"] == "1.2"
    mounts = {mount["mountPath"]: mount["name"] for mount in values["extraVolumeMounts"]}
    secrets = {volume["name"]: volume["secret"]["secretName"] for volume in values["extraVolumes"]}
    read = {key: secrets[mounts[spans["tls"][key].rpartition("/")[0]]] for key in ("cert_file", "key_file", "ca_file")}
    assert read == {"cert_file": "client", "key_file": "client", "ca_file": "centre-ca"}
    without = forwarder_values({**FORWARDER, "metrics_enabled": False})["alternateConfig"]
    assert set(without["service"]["pipelines"]) == {"traces"}


@pytest.mark.parametrize(
    ("over", "path"),
    [
        ({"centre": {**CENTRE, "host": "https://shop.obs.internal"}}, "centre.host"),
        ({"centre": {**CENTRE, "ca_secret_name": "CA"}}, "centre.ca_secret_name"),
        ({"tenant": " "}, "tenant"),
        ({"resource_attributes": {"k8s.cluster.name": "other"}}, "resource_attributes"),
        ({"sizing": {"replicas": 0}}, "sizing.replicas"),
        ({"sizing": {"memory": "1G"}}, "sizing.memory"),
        ({"sizing": {"gateway_replicas": 2}}, "sizing.gateway_replicas"),
        ({"sampling": {"expected_spans_per_second": 1}}, "sampling.expected_spans_per_second"),
        ({"certificate_issuer": "Mine!"}, "certificate_issuer"),
    ],
)
def test_what_a_workload_cluster_can_t_have_is_refused(over: Any, path: str) -> None:
    given: Any = {**FORWARDER, **over}
    assert [fault.path for fault in traces_agent_faults(given)] == [path]
    assert traces_agent_faults(FORWARDER) == []

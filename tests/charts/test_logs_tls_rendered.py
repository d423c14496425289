"""The charts of the logs room with certificates, with another S3, and on a workload cluster."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.logs import names, tls
from components.logs.flows import logs_agent_network
from components.logs.fluent_bit_values import events_values, fluent_bit_values
from components.logs.logs_agent import agent_fluent_bit_args
from components.logs.loki_values import loki_values
from components.security.certificate import FOLDER
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
from tests.charts.test_logs_rendered import configuration, floats, pipeline_of, selects

ISSUER = "observability-ca"
COMMON: Any = {
    "bucket_name": "obs-logs-123456789012-eu-west-1",
    "region": "eu-west-1",
    "role_arn": "arn:aws:iam::123456789012:role/obs-loki-eu-west-1",
    "certificate_issuer": ISSUER,
}
FLUENT_BIT: Any = {"cluster_name": "prod", "certificate_issuer": ISSUER}
STORE: Any = {
    "bucket_name": "obs-logs",
    "region": "us-east-1",
    "topology": names.SIMPLE_SCALABLE,
    "object_store": {
        "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
        "credentials_secret_name": "object-store-credentials",
        "insecure": True,
    },
    "sizing": {
        **dict.fromkeys(("replication_factor", "gateway_replicas", "backend_replicas"), 1),
        **{f"{part}_{replicas}": 1 for part in ("write", "read") for replicas in ("replicas", "max_replicas")},
        **{
            f"{cache}_cache_{what}": size
            for cache in ("chunks", "results")
            for what, size in (("replicas", 1), ("mib", 64))
        },
    },
}
AGENT: Any = {
    "cluster_name": "shop",
    "tenant": "shop",
    "centre": {
        "host": "shop.logs.example.com",
        "certificate_secret_name": "centre-client",
        "ca_secret_name": "centre-authority",
    },
}


@pytest.fixture(scope="module", autouse=True)
def _charts() -> None:
    charts_or_skip("loki", "fluent-bit")


@pytest.fixture(scope="module", params=names.TOPOLOGIES)
def topology(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def backend(topology: str) -> list[Manifest]:
    return render("loki", names.LOKI, loki_values({**COMMON, "topology": topology}))


@pytest.fixture(scope="module")
def collectors() -> list[Manifest]:
    nodes = render("fluent-bit", names.FLUENT_BIT, fluent_bit_values(FLUENT_BIT), "observability-agents")
    return [*nodes, *render("fluent-bit", names.EVENTS, events_values(FLUENT_BIT))]


@pytest.fixture(scope="module")
def agents() -> list[Manifest]:
    args = agent_fluent_bit_args(AGENT)
    nodes = render("fluent-bit", names.FLUENT_BIT, fluent_bit_values(args), "observability-agents")
    return [*nodes, *render("fluent-bit", names.EVENTS, events_values(args))]


def process(pod: Pod) -> bool:
    """Whether the pod is one of Loki's own processes."""
    return pod.labels.get("app.kubernetes.io/part-of") == "memberlist"


def provided(pod: Pod, container: dict[str, Any]) -> dict[str, str]:
    """Files below the folder of certificates that a container sees, and the Secret that each comes from."""
    volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", [])}
    found = {}
    for mount in container.get("volumeMounts", []):
        if mount["mountPath"] == FOLDER:
            assert mount["readOnly"]
            assert "subPath" not in mount, "it would keep the first certificate for ever"
            volume = volumes[mount["name"]]
            sources = [source["secret"] for source in volume.get("projected", {}).get("sources", [])]
            for secret in sources or [{**volume["secret"], "name": volume["secret"]["secretName"]}]:
                keys = [item["path"] for item in secret.get("items", [])] or ["tls.crt", "tls.key", "ca.crt"]
                found |= {f"{FOLDER}/{key}": secret["name"] for key in keys}
    return found


def mentioned(text: str) -> set[str]:
    return set(re.findall(rf"{FOLDER}/[a-z.]+[a-z]", text))


def read_by(manifests: list[Manifest]) -> Iterator[tuple[Pod, dict[str, Any], set[str]]]:
    """Each pod's first container, with the files that its configuration or its arguments name."""
    for pod in pods(manifests):
        container = pod.spec["containers"][0]
        text = " ".join(container.get("args", [])) + str(container.get("env"))
        for volume in pod.spec.get("volumes", []):
            if name := volume.get("configMap", {}).get("name"):
                text += str([m["data"] for m in of_kind(manifests, "ConfigMap") if m["metadata"]["name"] == name])
        yield pod, container, mentioned(text)


def test_every_file_that_a_configuration_names_is_mounted_in_that_pod(
    backend: list[Manifest], collectors: list[Manifest], agents: list[Manifest]
) -> None:
    kinds = {tls.LOKI_SECRET: 0, tls.GATEWAY_SECRET: 0, "fluent-bit-tls": 0, "fluent-bit-events-tls": 0}
    for manifests in (backend, collectors, agents):
        for pod, container, files in read_by(manifests):
            seen = provided(pod, container)
            assert files <= set(seen), pod.workload
            assert not seen or files, f"{pod.workload} has a key that it doesn't use"
            for secret in set(seen.values()) & set(kinds):
                kinds[secret] += 1
    assert all(kinds.values()), kinds


def test_who_only_checks_others_sees_no_key(backend: list[Manifest], collectors: list[Manifest]) -> None:
    for pod in [*pods(backend), *pods(collectors)]:
        for container in containers(pod):
            files = set(provided(pod, container))
            if not process(pod) and container["name"] != "nginx":
                assert files <= {f"{FOLDER}/ca.crt"}, f"{pod.workload}: {container['name']}"


def test_probes_speak_what_the_listener_speaks(backend: list[Manifest], collectors: list[Manifest]) -> None:
    found: dict[str, set[str]] = {}
    for pod in [*pods(backend), *pods(collectors)]:
        for container in containers(pod):
            secure = process(pod) or container["name"] == "nginx"
            for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
                get = (container.get(probe) or {}).get("httpGet")
                if get:
                    assert get.get("scheme", "HTTP") == ("HTTPS" if secure else "HTTP"), f"{pod.workload}: {probe}"
                    found.setdefault(pod.workload, set()).add(probe)
            if process(pod):
                assert {"livenessProbe", "readinessProbe"} <= found[pod.workload]


def test_the_gateway_takes_and_asks_over_tls_only(backend: list[Manifest]) -> None:
    nginx = named(backend, "ConfigMap", names.GATEWAY)["data"]["nginx.conf"]
    listening = re.findall(r"listen\s+([^;]+);", nginx)
    assert listening == ["127.0.0.1:8081", "8080 ssl"], "all but its own status, which nobody else reaches"
    targets = re.findall(r'set \$backend\s+"([^"]+)"', nginx)
    assert targets
    assert all(target.startswith("https://") for target in targets)
    assert re.search(r"proxy_ssl_verify on;", nginx)
    (port,) = named(backend, "Service", names.GATEWAY)["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (443, "http")
    exporter = named(backend, "Deployment", names.GATEWAY)["spec"]["template"]["spec"]["containers"][1]["args"]
    last = len(exporter) - 1 - exporter[::-1].index("--nginx.scrape-url")
    assert exporter[last + 1] == "http://127.0.0.1:8081/stub_status"


def test_nobody_s_certificate_goes_unchecked(
    backend: list[Manifest], collectors: list[Manifest], agents: list[Manifest]
) -> None:
    for manifests in (backend, collectors, agents):
        text = json.dumps([m for m in manifests if m["kind"] != "ConfigMap" or "grafana_dashboard" not in str(m)])
        assert not re.search(r"insecure_?skip|-insecure\b|tls\.verify: (false|off)", text, re.IGNORECASE)


def test_the_canary_asks_the_gateway_over_tls(backend: list[Manifest]) -> None:
    canary = named(backend, "DaemonSet", "loki-canary")["spec"]["template"]["spec"]["containers"][0]
    assert {"-addr=loki-gateway.observability.svc.cluster.local:443", "-tls"} <= set(canary["args"])
    assert {"name": "SSL_CERT_FILE", "value": f"{FOLDER}/ca.crt"} in canary["env"]
    assert not [arg for arg in canary["args"] if arg.startswith("-ca-file")], "without a key it would not start"


def test_every_grpc_client_shows_and_asks_for_a_certificate(topology: str, backend: list[Manifest]) -> None:
    config = configuration(backend)
    assert config["server"]["grpc_tls_config"]["client_auth_type"] == "RequireAndVerifyClientCert"
    assert "client_ca_file" not in config["server"]["http_tls_config"], "Prometheus and Grafana have none to show"
    clients = {
        "ingester_client": config["ingester_client"]["grpc_client_config"],
        "frontend": config["frontend"]["grpc_client_config"],
        "scheduler": config["query_scheduler"]["grpc_client_config"],
        "querier to frontend": config["frontend_worker"]["query_frontend_grpc_client"],
        "querier to scheduler": config["frontend_worker"]["query_scheduler_grpc_client"],
        "compactor": config["compactor_grpc_client"],
        "ruler": config["ruler"]["ruler_client"],
        "index gateway": config["storage_config"]["tsdb_shipper"]["index_gateway_client"]["grpc_client_config"],
    }
    for who, client in clients.items():
        assert client["tls_enabled"] is True, who
        assert client["tls_server_name"] == tls.loki_identity("observability"), who
        assert {f"{FOLDER}/tls.crt", f"{FOLDER}/tls.key", f"{FOLDER}/ca.crt"} <= set(map(str, client.values())), who
    assert not config["memberlist"].get("tls_enabled"), "its listener would go on with an expired certificate"
    tail = config["frontend"]["tail_proxy_url"]
    assert tail == (
        "https://loki-querier.observability.svc.cluster.local:3100" if topology == names.DISTRIBUTED else ""
    )


def test_the_ruler_s_alertmanagers_are_called_by_a_name_that_their_certificate_has(backend: list[Manifest]) -> None:
    ruler = configuration(backend)["ruler"]
    assert ruler["alertmanager_url"].startswith("https://_http-web._tcp.alertmanager-operated.observability.")
    client = ruler["alertmanager_client"]
    assert client["tls_server_name"] == "alertmanager-operated.observability.svc.cluster.local"
    assert client["tls_ca_path"] == f"{FOLDER}/ca.crt"


def test_somebody_s_own_alertmanager_is_called_as_it_was_said() -> None:
    given: Any = {**COMMON, "alertmanager_url": "https://alerts.example.com"}
    ruler = configuration(render("loki", names.LOKI, loki_values(given)))["ruler"]
    assert ruler["alertmanager_url"] == "https://alerts.example.com"
    assert "alertmanager_client" not in ruler, "another authority has signed for it"


def snake(key: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), key)


def test_the_real_promtool_scrapes_loki_over_tls_and_what_else_the_chart_installs_without(
    backend: list[Manifest], tmp_path: Path
) -> None:
    promtool = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if not promtool:
        pytest.skip("no promtool: set PROMTOOL or put it on PATH")
    (monitor,) = of_kind(backend, "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    secret = endpoint["tlsConfig"]["ca"]["secret"]
    assert secret == {"name": tls.LOKI_SECRET, "key": "ca.crt"}
    certified = tls.loki_certificate("observability", ISSUER)["dns_names"]
    assert endpoint["tlsConfig"]["serverName"] in certified
    meta = "__meta_kubernetes_pod_label_"
    targets = [
        {
            "targets": [f"{index}.example:1"],
            "labels": {meta + re.sub(r"[^a-z_]", "_", key): value for key, value in pod.labels.items()},
        }
        for index, pod in enumerate(pods(backend))
    ]
    (tmp_path / "targets.json").write_text(json.dumps(targets))
    rules = [{snake(key): value for key, value in rule.items()} for rule in endpoint["relabelings"]]
    job = {
        "job_name": "loki",
        "scheme": endpoint.get("scheme", "http"),
        "relabel_configs": rules,
        "file_sd_configs": [{"files": [str(tmp_path / "targets.json")]}],
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [job]}))
    command = [promtool, "check", "service-discovery", "--timeout=5s", str(tmp_path / "prometheus.yml"), "loki"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    schemes = {found["labels"]["instance"]: found["labels"]["__scheme__"] for found in json.loads(done.stdout)}
    expected = {f"{i}.example:1": "https" if process(pod) else "http" for i, pod in enumerate(pods(backend))}
    assert schemes == expected
    assert set(expected.values()) == {"http", "https"}


def test_sidecars_are_as_restricted_and_bounded_as_the_rest(
    backend: list[Manifest], collectors: list[Manifest], agents: list[Manifest]
) -> None:
    for pod in [*pods(backend), *pods(collectors), *pods(agents)]:
        assert [fault for c in containers(pod) for fault in resource_faults(c)] == [], pod.workload
        if pod.workload != "DaemonSet/fluent-bit":
            assert restricted_faults(pod) == [], pod.workload


def test_fluent_bit_is_told_of_new_certificates_and_still_restarted_for_a_new_configuration(
    collectors: list[Manifest], agents: list[Manifest]
) -> None:
    for pod in [*pods(collectors), *pods(agents)]:
        main, reloader = pod.spec["containers"]
        assert "--enable-hot-reload" in main["args"]
        watched = {m["mountPath"]: m["name"] for m in reloader["volumeMounts"]}
        folder = next(path for path, name in watched.items() if name == tls.VOLUME)
        assert f"-volume-dir={folder}" in reloader["args"]
    other: Any = {**FLUENT_BIT, "buffer_gib": 9}
    first, second = (
        named(render("fluent-bit", "x", fluent_bit_values(args)), "DaemonSet", names.FLUENT_BIT)["spec"]["template"]
        for args in (FLUENT_BIT, other)
    )
    assert first["metadata"]["annotations"] != second["metadata"]["annotations"]


def test_lines_and_events_go_to_the_gateway_s_own_name(collectors: list[Manifest]) -> None:
    certified = tls.gateway_certificate("observability", ISSUER)["dns_names"]
    for release in (names.FLUENT_BIT, names.EVENTS):
        for output in pipeline_of(collectors, release)["pipeline"]["outputs"]:
            assert output["host"] in certified
            assert output["port"] == 443
            assert (output["tls"], output["tls.verify"], output["tls.verify_hostname"]) == (True, True, True)


def test_a_workload_cluster_s_lines_and_events_go_to_the_centre_with_its_certificate(agents: list[Manifest]) -> None:
    for release in (names.FLUENT_BIT, names.EVENTS):
        for output in pipeline_of(agents, release)["pipeline"]["outputs"]:
            assert (output["host"], output["port"]) == ("shop.logs.example.com", 443)
            assert output["uri"] == "/loki/api/v1/push"
            assert output["tls.verify_hostname"] is True
            assert output["retry_limit"] == "no_limits"
            assert "cluster=shop" in output["labels"]
    for pod in pods(agents):
        assert provided(pod, pod.spec["containers"][0]) == {
            f"{FOLDER}/tls.crt": "centre-client",
            f"{FOLDER}/tls.key": "centre-client",
            f"{FOLDER}/ca.crt": "centre-authority",
        }


def test_every_agent_has_one_policy_and_leaves_its_cluster_on_443_alone(agents: list[Manifest]) -> None:
    networks = logs_agent_network("observability", "observability-agents", events=True)
    specs = [(n["namespace"], spec) for n in networks for spec in network_policy_specs(n).values()]
    for pod in pods(agents):
        chosen = [
            spec
            for namespace, spec in specs
            if namespace == pod.namespace and selects(spec["podSelector"]["matchLabels"], pod.labels)
        ]
        assert len(chosen) == 1, pod.workload
        outside = [rule for rule in chosen[0]["egress"] if "ipBlock" in rule["to"][0]]
        assert {port["port"] for rule in outside for port in rule["ports"]} == {443, 6443}
        assert all(to["ipBlock"]["cidr"] != "0.0.0.0/0" for rule in outside for to in rule["to"])


# --- another S3, on a laptop -------------------------------------------------------------------------


def test_another_s3_is_addressed_by_path_with_keys_by_reference_and_no_role() -> None:
    manifests = render("loki", names.LOKI, loki_values(STORE))
    assert configuration(manifests)["common"]["storage"]["s3"] == {
        "bucketnames": "obs-logs",
        "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
        "insecure": True,
        "region": "us-east-1",
        "s3forcepathstyle": True,
    }
    for account in of_kind(manifests, "ServiceAccount"):
        assert not account["metadata"].get("annotations"), account["metadata"]["name"]
    for pod in pods(manifests):
        for container in containers(pod):
            keys = {e["name"]: e.get("valueFrom") for e in container.get("env") or [] if e["name"].startswith("AWS_")}
            expected = {
                key: {"secretKeyRef": {"name": "object-store-credentials", "key": key}}
                for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
            }
            assert keys == (expected if process(pod) else {}), pod.workload


def test_one_node_without_a_zone_holds_everything() -> None:
    manifests = render("loki", names.LOKI, loki_values(STORE))
    for workload in manifests:
        if workload["kind"] in ("Deployment", "StatefulSet"):
            assert workload["spec"]["replicas"] == 1, workload["metadata"]["name"]
    assert not of_kind(manifests, "HorizontalPodAutoscaler")
    for pod in pods(manifests):
        for rule in pod.spec.get("topologySpreadConstraints") or []:
            assert rule["whenUnsatisfiable"] == "ScheduleAnyway", f"{pod.workload} would wait for a zone"
        assert not pod.spec.get("nodeSelector"), pod.workload


@pytest.mark.parametrize(
    ("chart", "values"),
    [
        ("loki", lambda: loki_values({**COMMON, "multi_tenancy": True})),
        ("loki", lambda: loki_values(STORE)),
        ("fluent-bit", lambda: fluent_bit_values(FLUENT_BIT)),
        ("fluent-bit", lambda: events_values(agent_fluent_bit_args(AGENT))),
    ],
)
def test_numbers_survive_the_way_through_pulumi(chart: str, values: Any) -> None:
    plain, travelled = (render(chart, "x", given) for given in (values(), floats(values())))
    for before, after in zip(plain, travelled, strict=True):
        assert before == after, before["metadata"]["name"]

"""The metrics room with certificates, and with another S3: what the values say, and what they must not."""

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from components.metrics import names
from components.metrics.object_store import object_store_config
from components.metrics.prometheus_values import prometheus_faults, prometheus_values
from components.metrics.thanos_args import thanos_faults
from components.metrics.thanos_values import thanos_values
from components.metrics.tls import prometheus_certificates, thanos_certificate
from components.metrics.workload_alerts import WORKLOAD_CLUSTER_RULES, rules_as_template
from components.security.certificate import certificate_faults
from components.traces.names import remote_write_urls
from tests.values.chart_keys import require_chart_keys, unknown_keys

STORE: Any = {
    "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
    "credentials_secret_name": "object-store-credentials",
    "insecure": True,
}
PLAIN: Any = {
    "cluster_name": "prod",
    "object_store_config": object_store_config("blocks", "eu-west-1"),
    "role_arn": "arn:aws:iam::123456789012:role/obs-thanos-eu-west-1",
}
SECURED: Any = {**PLAIN, "certificate_issuer": "observability-ca"}
LOCAL: Any = {
    "cluster_name": "local",
    "object_store_config": object_store_config("blocks", "us-east-1", STORE),
    "object_store": STORE,
    "certificate_issuer": "observability-ca",
}
INSIDE = "observability.svc.cluster.local"

CERTIFIED: dict[str, list[str]] = {
    wanted["certificate_name"]: wanted["dns_names"]
    for wanted in (
        *prometheus_certificates("observability", "observability-ca"),
        thanos_certificate("observability", "observability-ca"),
    )
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


def certifies(secret: str, host: str) -> bool:
    """Whether a certificate is for a host; a wildcard is for one label."""
    return any(
        name == host or (name.startswith("*.") and fnmatch.fnmatch(host, name) and host.count(".") == name.count("."))
        for name in CERTIFIED[secret]
    )


@pytest.mark.parametrize("args", [SECURED, LOCAL])
def test_the_charts_know_every_key(args: Any) -> None:
    require_chart_keys("kube-prometheus-stack")
    issuer = "prometheusOperator.admissionWebhooks.certManager.issuerRef"  # in the chart's values as a comment
    context = [
        f"prometheus-node-exporter.containerSecurityContext.{key}"
        for key in ("allowPrivilegeEscalation", "capabilities", "seccompProfile")
    ]
    assert unknown_keys("kube-prometheus-stack", prometheus_values(args), [issuer, *context]) == []
    rules = [r"ruler.rules.workload-clusters\.yaml"]
    assert unknown_keys("thanos", thanos_values({**args, "receive_enabled": True}), rules) == []


def test_certificates_are_in_order_and_different() -> None:
    made = [*prometheus_certificates("ns", "ca"), thanos_certificate("ns", "ca")]
    assert [fault for wanted in made for fault in certificate_faults(wanted)] == []
    assert len({wanted["certificate_name"] for wanted in made}) == 3
    for wanted in made:
        assert len(wanted["dns_names"]) == len(set(wanted["dns_names"]))
        assert not [name for name in wanted["dns_names"] if "localhost" in name]


@pytest.mark.parametrize(
    ("secret", "host"),
    [
        ("prometheus-tls", f"kps-prometheus.{INSIDE}"),
        ("prometheus-tls", f"kps-thanos-discovery.{INSIDE}"),
        ("alertmanager-tls", f"kps-alertmanager.{INSIDE}"),
        # What the SRV records of Loki's ruler name.
        ("alertmanager-tls", f"alertmanager-kps-alertmanager-2.alertmanager-operated.{INSIDE}"),
        ("alertmanager-tls", "alertmanager-kps-alertmanager-0.alertmanager-operated.observability.svc"),
        ("thanos-tls", f"thanos-receive.{INSIDE}"),
        ("thanos-tls", f"thanos-receive-1.thanos-receive-headless.{INSIDE}"),
    ],
)
def test_whoever_is_called_is_certified_by_that_name(secret: str, host: str) -> None:
    assert certifies(secret, host)
    assert not certifies(secret, f"other.{INSIDE}")


def test_the_traces_gateways_find_every_replica_certified() -> None:
    for url in remote_write_urls("observability", 3):
        found = re.match(r"\w+://([^:/]+)", url)
        assert found
        assert certifies("prometheus-tls", found[1]), url


def test_prometheus_and_alertmanager_serve_tls_and_are_called_over_it() -> None:
    values = prometheus_values(SECURED)
    for part, spec, secret in (
        ("prometheus", "prometheusSpec", "prometheus-tls"),
        ("alertmanager", "alertmanagerSpec", "alertmanager-tls"),
    ):
        web = values[part][spec]["web"]["tlsConfig"]
        assert web["keySecret"] == {"name": secret, "key": "tls.key"}
        assert web["cert"]["secret"] == {"name": secret, "key": "tls.crt"}
        assert "client_ca" not in web, "Grafana and scrapers have no certificate"
        monitor = values[part]["serviceMonitor"]
        assert monitor["scheme"] == "https"
        assert monitor["tlsConfig"]["ca"]["secret"]["name"] == secret
        assert certifies(secret, monitor["tlsConfig"]["serverName"])
        assert values[part][spec]["externalUrl"].startswith("https://")
    alerting = values["alertmanager"]["alertmanagerSpec"]
    assert alerting["scheme"] == "https"
    assert certifies("alertmanager-tls", alerting["tlsConfig"]["serverName"])


def test_nobody_skips_verification_and_nobody_has_a_certificate_from_nowhere() -> None:
    for values in (prometheus_values(SECURED), thanos_values({**SECURED, "receive_enabled": True})):
        text = json.dumps(values)
        assert not re.search(r"insecure_?skip_?verify|skip-verify", text, re.IGNORECASE)
        secrets = {v for path, v in leaves(values) if path.endswith(("secret.name", "keySecret.name", "secretName"))}
        assert secrets - {names.OBJECT_STORE_SECRET} <= set(CERTIFIED)


def test_the_sidecar_checks_prometheus_certificate_in_place_of_the_operator_s_own_way() -> None:
    values = prometheus_values(SECURED)
    (config,) = values["extraManifests"]
    spec = values["prometheus"]["prometheusSpec"]
    (patch,) = spec["containers"]
    (mount,) = patch["volumeMounts"]
    assert patch["name"] == "thanos-sidecar"
    assert mount["mountPath"] == "/etc/thanos/config", "the operator's own mount, which a merge replaces by its path"
    volume = next(v for v in spec["volumes"] if v["name"] == mount["name"])
    assert volume["configMap"]["name"] == config["metadata"]["name"]
    client = yaml.safe_load(config["data"]["prometheus.http-client-file.yaml"])["tls_config"]
    assert certifies("prometheus-tls", client["server_name"])
    tls = next(v for v in spec["volumes"] if v["name"] == "tls")
    assert tls["secret"]["secretName"] == "prometheus-tls"
    assert client["ca_file"].startswith(spec["thanos"]["volumeMounts"][0]["mountPath"])


def test_alertmanagers_gossip_over_mutual_tls_unless_there_is_one() -> None:
    gossip = prometheus_values(SECURED)["alertmanager"]["alertmanagerSpec"]["clusterTLS"]
    assert gossip["server"]["clientAuthType"] == "RequireAndVerifyClientCert"
    assert gossip["server"]["client_ca"]["secret"]["key"] == "ca.crt"
    assert certifies("alertmanager-tls", gossip["client"]["serverName"])
    alone = prometheus_values({**SECURED, "sizing": {"alertmanager_replicas": 1}})
    assert "clusterTLS" not in alone["alertmanager"]["alertmanagerSpec"]


def test_every_grpc_server_asks_for_a_certificate_and_has_it_mounted() -> None:
    values = thanos_values({**SECURED, "receive_enabled": True})
    for part in ("query", "storegateway", "ruler", "receive"):
        flags = set(values[part]["extraArgs"])
        assert {
            "--grpc-server-tls-cert=/etc/tls/tls.crt",
            "--grpc-server-tls-key=/etc/tls/tls.key",
            "--grpc-server-tls-client-ca=/etc/tls/ca.crt",
        } <= flags, part
        assert values[part]["extraVolumes"][0]["secret"]["secretName"] == "thanos-tls"
        assert values[part]["extraVolumeMounts"] == [{"name": "tls", "mountPath": "/etc/tls", "readOnly": True}]
    sidecar = prometheus_values(SECURED)["prometheus"]["prometheusSpec"]["thanos"]["grpcServerTlsConfig"]
    assert set(sidecar) == {"certFile", "keyFile", "caFile"}


def test_query_checks_each_of_its_endpoints_by_its_own_name() -> None:
    query = thanos_values({**SECURED, "receive_enabled": True})["query"]
    assert query["endpoints"]["static"] == [], "an endpoint that is a flag would be called without TLS"
    (flag,) = [a for a in query["extraArgs"] if a.startswith("--endpoint.sd-config=")]
    endpoints = yaml.safe_load(flag.split("=", 1)[1])["endpoints"]
    called = {endpoint["client_config"]["server_name"].split(".")[0]: endpoint for endpoint in endpoints}
    plain = thanos_values({**PLAIN, "receive_enabled": True})["query"]
    assert len(called) == len(plain["endpoints"]["static"]) + 1
    for service, endpoint in called.items():
        host = endpoint["client_config"]["server_name"]
        assert endpoint["address"] == f"dnssrv+_grpc._tcp.{host}"
        assert certifies("prometheus-tls" if service.startswith("kps") else "thanos-tls", host)
        tls = endpoint["client_config"]["tls_config"]
        assert (tls["enabled"], tls["ca_file"]) == (True, "/etc/tls/ca.crt")
    assert called["thanos-store-group"]["group"] is True


def test_receive_takes_samples_over_tls_and_passes_them_on_over_mutual_tls() -> None:
    flags = dict(
        flag.partition("=")[::2] for flag in thanos_values({**SECURED, "receive_enabled": True})["receive"]["extraArgs"]
    )
    assert flags["--remote-write.server-tls-cert"] == "/etc/tls/tls.crt"
    assert "--remote-write.server-tls-client-ca" not in flags
    assert "--remote-write.client-tls-secure" in flags
    assert certifies("thanos-tls", flags["--remote-write.client-server-name"])


def test_the_ruler_calls_alertmanagers_over_tls_though_it_finds_them_by_address() -> None:
    config = yaml.safe_load(thanos_values(SECURED)["ruler"]["alertmanagers"]["config"])["alertmanagers"][0]
    assert config["scheme"] == "https"
    assert certifies("alertmanager-tls", config["http_config"]["tls_config"]["server_name"])
    plain = yaml.safe_load(thanos_values(PLAIN)["ruler"]["alertmanagers"]["config"])["alertmanagers"][0]
    assert plain["scheme"] == "http"
    assert "http_config" not in plain


def test_webhooks_are_certified_by_the_same_authority_and_still_passed_over_when_down() -> None:
    webhooks = prometheus_values(SECURED)["prometheusOperator"]["admissionWebhooks"]
    assert webhooks["certManager"]["issuerRef"]["name"] == "observability-ca"
    assert webhooks["patch"]["enabled"] is False
    assert webhooks["failurePolicy"] == "Ignore"


def test_without_an_issuer_nothing_mentions_certificates() -> None:
    for values in (prometheus_values(PLAIN), thanos_values({**PLAIN, "receive_enabled": True})):
        assert not [path for path, value in leaves(values) if "tls" in path.lower() or "-tls" in str(value)]


# --- another S3 --------------------------------------------------------------------------------


def test_another_s3_is_called_by_path_and_keys_are_only_referred_to() -> None:
    config = yaml.safe_load(LOCAL["object_store_config"])["config"]
    assert config == {
        "bucket": "blocks",
        "endpoint": STORE["endpoint"],
        "region": "us-east-1",
        "insecure": True,
        "bucket_lookup_type": "path",
    }
    secure = object_store_config("b", "us-east-1", {"endpoint": "s3.example.com", "credentials_secret_name": "k"})
    assert yaml.safe_load(secure)["config"]["insecure"] is False


def test_whatever_uses_the_bucket_reads_its_keys_from_the_secret_and_has_no_role() -> None:
    stack, thanos = prometheus_values(LOCAL), thanos_values({**LOCAL, "receive_enabled": True})
    environments = {part: thanos[part]["extraEnv"] for part in ("storegateway", "compactor", "ruler", "receive")}
    environments["sidecar"] = stack["prometheus"]["prometheusSpec"]["containers"][0]["env"]
    for part, environment in environments.items():
        keys = {e["name"]: e["valueFrom"]["secretKeyRef"] for e in environment if "valueFrom" in e}
        assert keys == {
            key: {"name": "object-store-credentials", "key": key}
            for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        }, part
    assert "extraEnv" not in thanos["query"]
    assert "role-arn" not in json.dumps([stack, thanos])


def test_nodes_without_zones_get_every_pod() -> None:
    text = json.dumps([prometheus_values(LOCAL), thanos_values({**LOCAL, "receive_enabled": True})])
    assert "DoNotSchedule" not in text
    assert "DoNotSchedule" in json.dumps(prometheus_values(SECURED)), "on AWS zones are known"


def test_one_of_each_is_enough_for_a_laptop() -> None:
    sizing: Any = {"query_replicas": 1, "store_replicas": 1, "ruler_replicas": 1, "cache_replicas": 1}
    small = {**LOCAL, "sizing": {**sizing, "receive_replicas": 1, "receive_memory": "256Mi", "receive_storage_gib": 5}}
    assert thanos_faults(small) == []
    thanos = thanos_values({**small, "receive_enabled": True})
    parts = ("query", "queryFrontend", "storegateway", "ruler", "receive", "compactor")
    assert {thanos[part]["replicaCount"] for part in parts} == {1}
    assert "--receive.replication-factor=1" in thanos["receive"]["extraArgs"]
    assert thanos["receive"]["resources"]["limits"]["memory"] == "256Mi"
    assert thanos["receive"]["persistence"]["size"] == "5Gi"


@pytest.mark.parametrize(("replicas", "copies"), [(1, 1), (2, 1), (3, 3), (5, 3)])
def test_two_copies_would_lose_the_quorum_with_one_receiver(replicas: int, copies: int) -> None:
    values = thanos_values({**PLAIN, "receive_enabled": True, "sizing": {"receive_replicas": replicas}})
    assert f"--receive.replication-factor={copies}" in values["receive"]["extraArgs"]


@pytest.mark.parametrize("faults", [prometheus_faults, thanos_faults])
def test_a_part_without_access_to_a_bucket_is_refused(faults: Any) -> None:
    args: Any = {"cluster_name": "c", "object_store_config": ""}
    assert [fault.path for fault in faults(args)] == ["role_arn"]
    bad: Any = {**args, "object_store": {**STORE, "endpoint": "http://s3"}, "certificate_issuer": "A_B"}
    assert [fault.path for fault in faults(bad)] == ["object_store.endpoint", "certificate_issuer"]


# --- other clusters' silence -------------------------------------------------------------------


def test_the_ruler_watches_for_silent_clusters_where_there_are_any() -> None:
    assert list(thanos_values(PLAIN)["ruler"]["rules"]) == ["example-alerts.yaml"]
    ruler = thanos_values({**PLAIN, "receive_enabled": True})["ruler"]
    (rule,) = yaml.safe_load(WORKLOAD_CLUSTER_RULES)["groups"][0]["rules"]
    assert rule["alert"] == "WorkloadClusterSilent"
    assert ruler["rules"]["workload-clusters.yaml"] == rules_as_template()
    assert [e["name"] for e in ruler["extraEnv"]] == ["RULES"], "a changed rule restarts the ruler, which reads it once"

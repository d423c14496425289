"""The profiles room as data: values, Pyroscope's configuration, retention, sizes, limits, rights, bad arguments."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from components import defaults, naming
from components.foundation.iam import bucket_access, irsa_trust
from components.profiles import names
from components.profiles.alerts import profiles_alerts
from components.profiles.alloy_args import profiles_agent_faults
from components.profiles.alloy_values import profiles_agent_values
from components.profiles.flows import agent_network, profiles_network
from components.profiles.limits import limits_faults, tenant_faults
from components.profiles.placement import placement_faults
from components.profiles.profiles_args import profiles_faults
from components.profiles.pyroscope_values import pyroscope_config, pyroscope_values
from components.profiles.retention import bucket_expiry_faults, profiles_expire_after_days
from components.profiles.sizing import (
    PYROSCOPE_SIZING,
    agent_sizing_faults,
    go_memory_limit,
    pyroscope_sizing_faults,
)
from components.profiles.tls import AGENT_SECRET, PYROSCOPE_SECRET, agent_certificate, pyroscope_certificate
from components.security.certificate import certificate_faults
from components.security.network_policy import network_policy_faults
from tests.values.chart_keys import require_chart_keys, unknown_keys
from tests.values.iam_evaluator import decide

BUCKET = "obs-profiles-123456789012-eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/obs-pyroscope-eu-west-1"
PYROSCOPE: Any = {
    "bucket_name": BUCKET,
    "region": "eu-west-1",
    "role_arn": ROLE,
    "multi_tenancy": True,
    "tenant_limits": {"games": {"ingestion_rate_mb": 5}},
}
STORE: Any = {
    "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
    "credentials_secret_name": "object-store-credentials",
    "insecure": True,
}
ELSEWHERE: Any = {**{key: value for key, value in PYROSCOPE.items() if key != "role_arn"}, "object_store": STORE}
"""Pyroscope without AWS."""
OVER_TLS: Any = {**PYROSCOPE, "certificate_secret_name": PYROSCOPE_SECRET}
CENTRE: Any = {
    "host": "shop.example.com",
    "certificate_secret_name": "centre-client",
    "ca_secret_name": "centre-ca",
}
TO_CENTRE: Any = {"cluster_name": "shop", "tenant": "games", "centre": CENTRE}
AGENT: Any = {"write_url": "http://pyroscope-distributor:4040", "cluster_name": "prod", "tenant": "games"}
MAKE: dict[str, Callable[[], dict[str, Any]]] = {
    "pyroscope": lambda: pyroscope_values(PYROSCOPE),
    "alloy": lambda: profiles_agent_values(AGENT),
    "alloy to the centre": lambda: profiles_agent_values(TO_CENTRE),
}
FREE = ["pyroscope.podSecurityContext", "pyroscope.extraArgs"]
"""Written out by the chart as they are."""
NEEDED: dict[str, Any] = {
    "platform_name": "obs",
    "cluster_name": "prod",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "bucket_name": BUCKET,
    "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1",
    "oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/issuer",
    "oidc_issuer": "issuer",
}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


# --- charts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("chart", MAKE)
def test_the_chart_knows_every_key(chart: str) -> None:
    name = chart.split()[0]
    require_chart_keys(name)
    assert unknown_keys(name, MAKE[chart](), FREE) == []


def test_the_chart_knows_every_part_and_what_is_said_about_it() -> None:
    """`pyroscope.components` takes anything and drops what it doesn't know: held against the parts' own defaults."""
    require_chart_keys("pyroscope")
    for part, given in MAKE["pyroscope"]()["pyroscope"]["components"].items():
        as_default = {"architecture": {"microservices": {"v2": {part: {"replicaCount": given["replicaCount"]}}}}}
        assert unknown_keys("pyroscope", as_default) == [], part
        inherited = {key: value for key, value in given.items() if key not in ("replicaCount", "autoscaling")}
        inherited.get("persistence", {}).pop("storageClassName", None)  # read by the template, without a default
        assert unknown_keys("pyroscope", {"pyroscope": inherited}, FREE) == [], part
        assert set(given.get("autoscaling", {})) <= {
            "enabled",
            "minReplicas",
            "maxReplicas",
            "targetCPUUtilizationPercentage",
        }, "the keys of the chart's template"


@pytest.mark.parametrize("chart", MAKE)
def test_values_are_whole_and_carry_no_secret(chart: str) -> None:
    for path, value in leaves(MAKE[chart]()):
        assert value is not None, f"{path}: a null doesn't travel to Helm through Pulumi"
        assert not (isinstance(value, int) and value >= 1_000_000), f"{path}: would be written as 1e+06"
        assert not any(word in path.lower() for word in ("password", "secret_key", "access_key")), path
        assert path.rpartition(".")[2] not in ("privileged", "hostNetwork"), path


@pytest.mark.parametrize("chart", MAKE)
def test_values_are_the_same_every_time(chart: str) -> None:
    assert list(leaves(MAKE[chart]())) == list(leaves(MAKE[chart]())), "in the same order too"


# --- Pyroscope ---------------------------------------------------------------------------------


def test_the_counts_are_those_of_the_seeds_in_today_s_terms() -> None:
    counts = {part: v["replicaCount"] for part, v in MAKE["pyroscope"]()["pyroscope"]["components"].items()}
    assert counts["distributor"] == 2
    assert counts["segment-writer"] == 3, "ingester"
    assert counts["query-frontend"] == counts["query-backend"] == 2, "querier, store gateway"
    assert counts["compaction-worker"] == 1, "compactor"
    assert counts["metastore"] == 3, "new, and the only state"


def test_pyroscope_s_configuration_is_this() -> None:
    assert pyroscope_config({"bucket_name": BUCKET, "region": "eu-west-1", "role_arn": ROLE}) == {
        "multitenancy_enabled": False,
        "analytics": {"reporting_enabled": False},
        "storage": {
            "backend": "s3",
            "s3": {"bucket_name": BUCKET, "endpoint": "s3.eu-west-1.amazonaws.com", "region": "eu-west-1"},
        },
        "limits": {
            "ingestion_rate_mb": 32,
            "ingestion_burst_size_mb": 64,
            "max_query_length": "24h",
            "max_sessions_per_series": 0,
            "retention_period": "168h",
            "max_query_lookback": "168h",
            "reject_older_than": "24h",
        },
        "segment_writer": {"segment_duration": "2s"},
        "compaction_worker": {"temp_dir": "/data"},
    }


def test_another_retention_reaches_storage_and_queries() -> None:
    limits = pyroscope_config({**PYROSCOPE, "retention_days": 14.0})["limits"]
    assert limits["retention_period"] == limits["max_query_lookback"] == "336h"


def test_a_push_ends_before_pyroscope_gives_up_on_it() -> None:
    upload_timeout, segment_writer_timeout = 2, 5  # Pyroscope's own
    assert defaults.PYROSCOPE_SEGMENT_SECONDS + upload_timeout < segment_writer_timeout


def test_go_collects_garbage_before_the_kernel_kills() -> None:
    assert go_memory_limit("1Gi") == "921MiB"
    assert go_memory_limit("512Mi") == "460MiB"
    for part, given in MAKE["pyroscope"]()["pyroscope"]["components"].items():
        limit = given["resources"]["limits"]["memory"]
        assert given["extraEnvVars"]["GOMEMLIMIT"] == go_memory_limit(limit), part
    with pytest.raises(ValueError, match="lots"):
        go_memory_limit("lots")


def test_a_part_with_equal_bounds_is_not_autoscaled() -> None:
    sizing: Any = {"query_backend_replicas": 4, "query_backend_max_replicas": 4}
    given = pyroscope_values({**PYROSCOPE, "sizing": sizing})["pyroscope"]["components"]["query-backend"]
    assert given["replicaCount"] == 4
    assert given["autoscaling"]["enabled"] is False


def test_alerts_are_told_apart_by_name_and_say_what_is_wrong() -> None:
    groups = profiles_alerts("observability-agents")
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) == 10
    assert all(
        rule["annotations"]["summary"] and rule["labels"]["severity"] in ("warning", "critical") for rule in rules
    )
    cost = next(rule for rule in rules if rule["alert"] == "ProfilesAgentTooExpensive")
    assert 'namespace="observability-agents"' in cost["expr"]
    assert cost["expr"].endswith("> 0.02"), "the promised bound"
    without = [rule["alert"] for group in profiles_alerts("x", ebpf_enabled=False) for rule in group["rules"]]
    assert "ProfilesAgentEbpfFailing" not in without


# --- rights ------------------------------------------------------------------------------------

OBJECTS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")


def test_the_role_works_on_its_own_bucket_and_on_no_other() -> None:
    document = bucket_access("eu-west-1", BUCKET)
    own = naming.bucket_arn("eu-west-1", BUCKET)
    other = naming.bucket_arn("eu-west-1", "obs-traces-123456789012-eu-west-1")
    for action in OBJECTS:
        assert decide(document, action, f"{own}/segments/1/anonymous/01J/block.bin") == "allow"
        assert decide(document, action, f"{other}/x") == "none"
        assert decide(document, action, f"{own}-2/x") == "none", "a bucket whose name begins the same"
    assert decide(document, "s3:ListBucket", own) == "allow"
    assert decide(document, "s3:ListBucket", other) == "none"
    for action in ("s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration"):
        assert decide(document, action, own) == "none"


def test_only_pyroscope_s_service_account_may_assume_the_role() -> None:
    provider = NEEDED["oidc_provider_arn"]
    (statement,) = irsa_trust(provider, "issuer", "observability", [names.PYROSCOPE])["Statement"]
    assert statement["Condition"]["StringEquals"]["issuer:sub"] == "system:serviceaccount:observability:pyroscope"


# --- bad arguments -----------------------------------------------------------------------------


def told(**over: Any) -> list[str]:
    args: Any = {**NEEDED, **over}
    return [str(fault) for fault in profiles_faults(args)]


def test_what_is_asked_for_by_default_is_in_order() -> None:
    assert told() == []
    assert told(zones=3, nodes=3, bucket_expire_after_days=profiles_expire_after_days()) == []


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"retention_days": 0}, "retention_days: 0 must be a whole number from 1 to 3650 (days)"),
        ({"retention_days": 1.5}, "retention_days: 1.5 must be a whole number"),
        ({"bucket_expire_after_days": 7}, "bucket_expire_after_days: 7 must be more than 8 (days): retention_days (7)"),
        (
            {"retention_days": 30, "bucket_expire_after_days": 10},
            "bucket_expire_after_days: 10 must be more than 31 (days): retention_days (30)",
        ),
        ({"sample_rate_hz": 0}, "sample_rate_hz: 0 must be a whole number from 1 to 100"),
        ({"sample_rate_hz": 997}, "sample_rate_hz: 997 must be a whole number from 1 to 100"),
        ({"multi_tenancy": True}, "tenant: '' must be given with multi_tenancy"),
        ({"tenant": "games"}, "tenant: 'games' must be left out, or multi_tenancy be true"),
        ({"multi_tenancy": True, "tenant": "a/b"}, "tenant: 'a/b' must be 1 to 150 letters, digits"),
        ({"tenant_limits": {"a": {}}}, "tenant_limits: ['a'] must be left out, or multi_tenancy be true"),
        ({"limits": {"ingestion_rate_mb": 0}}, "limits.ingestion_rate_mb: 0 must be a number of at least"),
        ({"limits": {"ingestion_burst_mb": 1}}, "limits.ingestion_burst_mb: 1 must be a number of at least 4"),
        ({"limits": {"rate": 1}}, "limits.rate: 1 must be one of ingestion_rate_mb"),
        ({"pyroscope": {"metastore_replicas": 2}}, "pyroscope.metastore_replicas: 2 must be 1, 3 or 5"),
        ({"pyroscope": {"metastore_replicas": 4}}, "pyroscope.metastore_replicas: 4 must be 1, 3 or 5"),
        (
            {"pyroscope": {"metastore_storage_gib": 1}},
            "pyroscope.metastore_storage_gib: 1 must be a whole number from 5",
        ),
        (
            {"pyroscope": {"segment_writer_memory": "2G"}},
            "pyroscope.segment_writer_memory: '2G' must be an amount of memory",
        ),
        ({"pyroscope": {"distributor_cpu": "fast"}}, "pyroscope.distributor_cpu: 'fast' must be an amount of CPU"),
        (
            {"pyroscope": {"query_backend_replicas": 9}},
            "pyroscope.query_backend_max_replicas: 6 must be at least query_backend_replicas (9)",
        ),
        ({"pyroscope": {"ingester_replicas": 3}}, "pyroscope.ingester_replicas: 3 must be one of distributor_replicas"),
        ({"agent": {"memory": "512"}}, "agent.memory: '512' must be an amount of memory"),
        ({"agent": {"cpu_limit": "0"}}, "agent.cpu_limit: '0' must be an amount of CPU"),
        ({"nodes": 2}, "pyroscope.metastore_replicas: 3 must be at most the nodes (2)"),
        ({"zones": 2}, "pyroscope.metastore_replicas: 3 must be 1, or spread over at least three zones"),
        ({"zones": 1}, "pyroscope.metastore_replicas: 3 must be 1, or spread over at least three zones"),
    ],
)
def test_what_cannot_work_is_refused(over: dict[str, Any], message: str) -> None:
    (fault,) = told(**over)
    assert fault.startswith(message)


def test_all_faults_are_told_at_once() -> None:
    faults = told(retention_days=0, sample_rate_hz=1000, pyroscope={"metastore_replicas": 6}, agent={"cpu": ""})
    assert [fault.split(":")[0] for fault in faults] == [
        "retention_days",
        "sample_rate_hz",
        "pyroscope.metastore_replicas",
        "agent.cpu",
    ]


def test_limits_of_single_tenants_are_judged_like_the_rest() -> None:
    (fault,) = told(multi_tenancy=True, tenant="a", tenant_limits={"b": {"max_query_hours": 0}})
    assert fault.startswith("tenant_limits.b.max_query_hours: 0")
    assert [f.path for f in tenant_faults("..")] == ["tenant"]
    assert limits_faults({"ingestion_rate_mb": True})[0].path == "limits.ingestion_rate_mb"


def test_one_metastore_may_stand_anywhere_and_five_need_three_zones() -> None:
    assert placement_faults({"metastore_replicas": 1}, zones=1, nodes=1) == []
    assert placement_faults({"metastore_replicas": 5}, zones=3, nodes=5) == [], "two, two and one"
    assert len(placement_faults({"metastore_replicas": 5}, zones=2, nodes=4)) == 2


def test_the_bucket_outlives_pyroscope_s_own_deletion() -> None:
    assert profiles_expire_after_days() == 10
    assert profiles_expire_after_days(14) == 17
    assert bucket_expiry_faults(7, profiles_expire_after_days(7)) == []
    assert len(bucket_expiry_faults(7, 8)) == 1


def test_the_agent_alone_judges_its_arguments_too() -> None:
    faults = profiles_agent_faults({**AGENT, "sample_rate_hz": 101, "tenant": "a b", "sizing": {"cpu": "x"}})
    assert [fault.path for fault in faults] == ["sample_rate_hz", "sizing.cpu", "tenant"]
    assert agent_sizing_faults(None) == pyroscope_sizing_faults(None) == []


def test_whole_numbers_that_arrive_as_floats_stay_whole() -> None:
    sizing: Any = {key: float(value) if isinstance(value, int) else value for key, value in PYROSCOPE_SIZING.items()}
    assert pyroscope_values({**PYROSCOPE, "sizing": sizing}) == MAKE["pyroscope"]()
    text = profiles_agent_values({**AGENT, "sample_rate_hz": 19.0})["alloy"]["configMap"]["content"]
    assert "sample_rate      = 19\n" in text


# --- another S3 --------------------------------------------------------------------------------


def test_another_s3_is_reached_by_path_with_keys_that_stand_in_a_secret() -> None:
    given = pyroscope_values(ELSEWHERE)["pyroscope"]
    assert given["structuredConfig"]["storage"]["s3"] == {
        "bucket_name": BUCKET,
        "region": "eu-west-1",
        "endpoint": STORE["endpoint"],
        "bucket_lookup_type": "path-style",
        "insecure": True,
    }
    assert given["serviceAccount"]["annotations"] == {}, "no role"
    secret = {"name": "object-store-credentials"}
    assert given["extraEnvVars"] == {
        key: {"valueFrom": {"secretKeyRef": {**secret, "key": key}}}
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }


def test_another_s3_is_spoken_to_over_tls_unless_said_otherwise() -> None:
    store = {key: value for key, value in STORE.items() if key != "insecure"}
    bucket = pyroscope_config({**ELSEWHERE, "object_store": store})["storage"]["s3"]
    assert "insecure" not in bucket, "which is false"


@pytest.mark.parametrize(
    ("store", "reached"),
    [
        (None, {("everywhere", 443), ("pod-identity", 80)}),
        (STORE, {("object-store", 8333)}),
        ({**STORE, "endpoint": "s3.example.com:9000"}, {("everywhere", 9000)}),
        ({"endpoint": "s3.example.com", "credentials_secret_name": "x"}, {("everywhere", 443)}),
    ],
)
def test_pyroscope_reaches_the_bucket_and_no_other_address(store: Any, reached: set[tuple[str, int]]) -> None:
    network = profiles_network("observability", store)
    assert network_policy_faults(network) == []
    outside = {"everywhere", "pod-identity", "object-store"}
    assert {(f["target"], f["port"]) for f in network["flows"] if f["target"] in outside} == reached


def test_only_who_looks_up_the_metastore_s_leader_reaches_the_api_server() -> None:
    flows = profiles_network("observability", STORE)["flows"]
    callers = {f["source"] for f in flows if f["target"] == "private-network"}
    assert callers == {names.service(part) for part in names.METASTORE_CLIENTS}
    assert {f["port"] for f in flows if f["target"] == "private-network"} == {443, 6443}, "EKS', and kind's"


def test_a_laptop_s_sizes_are_accepted() -> None:
    ones: Any = {key: 1 for key in PYROSCOPE_SIZING if key.endswith("_replicas")}
    assert pyroscope_sizing_faults(ones) == []
    given = pyroscope_values({**ELSEWHERE, "sizing": ones})["pyroscope"]["components"]
    assert {part["replicaCount"] for part in given.values()} == {1}
    assert not any(part.get("autoscaling", {}).get("enabled") for part in given.values())


# --- TLS ---------------------------------------------------------------------------------------


def test_without_a_certificate_nothing_is_said_of_tls() -> None:
    text = str(pyroscope_values(PYROSCOPE)) + str(profiles_agent_values(AGENT))
    assert "tls" not in text
    assert "HTTPS" not in text


def test_grpc_between_parts_is_mutual_and_http_asks_for_no_certificate() -> None:
    config = pyroscope_config(OVER_TLS)
    server = config["server"]
    assert server["grpc_tls_config"]["client_auth_type"] == "RequireAndVerifyClientCert"
    assert server["grpc_tls_config"]["client_ca_file"] == "/etc/tls/ca.crt"
    assert set(server["http_tls_config"]) == {"cert_file", "key_file"}
    for part in ("metastore", "segment_writer", "query_backend"):
        client = config[part]["grpc_client_config"]
        assert client["tls_enabled"] is True, "who calls it must speak TLS too"
        assert {client[key] for key in ("tls_cert_path", "tls_key_path", "tls_ca_path")} == {
            "/etc/tls/tls.crt",
            "/etc/tls/tls.key",
            "/etc/tls/ca.crt",
        }
        assert "tls_insecure_skip_verify" not in client
    assert config["segment_writer"]["segment_duration"] == "2s", "still there"


def test_the_certificate_bears_every_name_that_is_asked_for() -> None:
    certificate = pyroscope_certificate("backends", "observability-ca")
    assert certificate_faults(certificate) == []
    assert len(certificate["common_name"]) <= 64
    named = set(certificate["dns_names"])
    config = pyroscope_config({**OVER_TLS, "namespace": "backends"})
    asked = {config[part]["grpc_client_config"]["tls_server_name"] for part in ("metastore", "segment_writer")}
    scraping = pyroscope_values({**OVER_TLS, "namespace": "backends"})["serviceMonitor"]["tlsConfig"]
    assert asked | {scraping["serverName"]} <= named, "parts and Prometheus dial addresses of pods"
    for part in names.PARTS:
        assert f"pyroscope-{part}.backends.svc.cluster.local" in named
    assert scraping["ca"] == {"secret": {"name": "pyroscope-tls", "key": "ca.crt"}}


def test_the_agent_s_pages_are_scraped_over_tls_by_the_name_in_its_certificate() -> None:
    values = profiles_agent_values({**AGENT, "certificate_secret_name": AGENT_SECRET})
    assert values["alloy"]["listenScheme"] == "HTTPS", "the probe too"
    scraping = values["serviceMonitor"]["tlsConfig"]
    assert scraping["serverName"] in agent_certificate("observability-agents", "x")["dns_names"]


@pytest.mark.parametrize("ebpf", [True, False])
def test_the_agent_may_read_the_certificates_that_it_mounts(ebpf: bool) -> None:
    values = profiles_agent_values({**AGENT, "ebpf_enabled": ebpf, "certificate_secret_name": AGENT_SECRET})
    (volume,) = [v for v in values["controller"]["volumes"]["extra"] if v["name"] == "tls"]
    assert volume["secret"] == {"secretName": "alloy-tls", "defaultMode": 0o440}
    if ebpf:
        assert values["alloy"]["securityContext"]["runAsUser"] == 0
    else:
        assert values["global"]["podSecurityContext"]["fsGroup"] == values["alloy"]["securityContext"]["runAsGroup"]


# --- workload clusters -------------------------------------------------------------------------


def buffer_of(values: dict[str, Any]) -> dict[str, Any]:
    (container,) = values["controller"]["extraContainers"]
    return dict(container)


def test_the_agent_of_another_cluster_writes_to_the_buffer_in_its_pod_and_knows_nothing_of_the_centre() -> None:
    values = profiles_agent_values({**TO_CENTRE, "certificate_secret_name": AGENT_SECRET})
    text = values["alloy"]["configMap"]["content"]
    assert re.search(r'url += "http://127\.0\.0\.1:4041"\n', text), "the client appends the path"
    assert "tls_config" not in text
    assert "centre" not in str(values["alloy"])
    (files,) = [each["data"] for each in values["extraObjects"]]
    assert "listen 127.0.0.1:4041;" in files["nginx.conf"], "the pod's own loopback"
    assert "hostNetwork" not in values["controller"]


def test_the_buffer_sends_to_the_cluster_s_own_host_at_the_centre_with_its_certificate() -> None:
    values = profiles_agent_values(TO_CENTRE)
    (config_map,) = values["extraObjects"]
    script = config_map["data"]["buffer.sh"]
    assert 'centre="https://shop.example.com"\n' in script
    assert not re.findall(r"@\w+@", script + config_map["data"]["nginx.conf"]), "everything is filled in"
    container, volumes = buffer_of(values), {v["name"]: v for v in values["controller"]["volumes"]["extra"]}
    folders = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
    assert {folders[v["name"]]: v["secret"]["secretName"] for v in volumes.values() if "secret" in v} == {
        "/etc/centre/certificate": "centre-client",
        "/etc/centre/authority": "centre-ca",
    }
    for file in ("certificate/tls.crt", "certificate/tls.key", "authority/ca.crt"):
        assert f'"/etc/centre/{file}"' in script
    assert volumes["buffer-configuration"]["configMap"]["name"] == config_map["metadata"]["name"]
    assert container["command"] == ["/bin/sh", f"{folders['buffer-configuration']}/buffer.sh"]
    assert "--insecure" not in script


@pytest.mark.parametrize("ebpf", [True, False])
def test_the_buffer_has_no_rights_and_may_read_its_certificate(ebpf: bool) -> None:
    values = profiles_agent_values({**TO_CENTRE, "ebpf_enabled": ebpf})
    context = buffer_of(values)["securityContext"]
    assert (context["runAsUser"], context["runAsNonRoot"], context["readOnlyRootFilesystem"]) == (101, True, True)
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert values["global"]["podSecurityContext"] == {"fsGroup": 473}, "files of Secrets are their group's"


def test_a_full_buffer_stops_taking_before_its_pod_would_be_evicted() -> None:
    for mib in (64, 1024, 65536.0):
        values = profiles_agent_values({**TO_CENTRE, "buffer_mib": mib})  # type: ignore[typeddict-item]
        (volume,) = [v for v in values["controller"]["volumes"]["extra"] if v["name"] == "buffer"]
        (config_map,) = values["extraObjects"]
        assert f"bound_kib={int(mib) * 1024}\n" in config_map["data"]["buffer.sh"]
        assert int(volume["emptyDir"]["sizeLimit"].removesuffix("Mi")) >= mib + 64


def test_another_configuration_of_the_buffer_starts_its_pods_anew() -> None:
    digests = {
        profiles_agent_values({**TO_CENTRE, "buffer_mib": mib})["controller"]["podAnnotations"]["checksum/buffer"]
        for mib in (64, 65)
    }
    assert len(digests) == 2


def test_without_a_centre_there_is_no_buffer() -> None:
    values = profiles_agent_values(AGENT)
    assert "extraObjects" not in values
    assert not {"extraContainers", "podAnnotations"} & set(values["controller"])
    assert "buffer" not in str(values["controller"]["volumes"])


def test_the_agent_of_another_cluster_reaches_the_centre_s_private_addresses() -> None:
    flows = agent_network("observability-agents")["flows"]
    assert {"source": "agent", "target": "private-network", "port": 443, "protocol": "TCP"} in flows
    assert not any(f["target"] == "everywhere" for f in flows)


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"centre": {**CENTRE, "host": "https://shop.example.com"}}, "centre.host: 'https://shop.example.com' must be"),
        ({"centre": {**CENTRE, "host": "shop.example.com:443"}}, "centre.host: 'shop.example.com:443' must be"),
        ({"centre": {**CENTRE, "ca_secret_name": "A"}}, "centre.ca_secret_name: 'A' must be a DNS label"),
        ({"tenant": "a/b"}, "tenant: 'a/b' must be 1 to 150"),
        ({"sample_rate_hz": 0}, "sample_rate_hz: 0 must be"),
        ({"buffer_mib": 63}, "buffer_mib: 63 must be a whole number from 64 to 65536"),
        ({"buffer_mib": 65537}, "buffer_mib: 65537 must be"),
        ({"buffer_mib": 100.5}, "buffer_mib: 100.5 must be"),
        ({"buffer_mib": True}, "buffer_mib: True must be"),
        ({"external_labels": {"cluster": "x"}}, "external_labels: 'cluster' must have names of letters"),
        ({"external_labels": {"a-b": "x"}}, "external_labels: 'a-b' must have names of letters"),
        ({"external_labels": {"region": "{{x}}"}}, "external_labels.region: '{{x}}' must be printable text"),
    ],
)
def test_a_workload_cluster_s_bad_arguments_are_refused(over: dict[str, Any], message: str) -> None:
    base: Any = {"cluster_name": "shop", "tenant": "games", "centre": CENTRE}
    assert profiles_agent_faults(base) == []
    (fault,) = profiles_agent_faults({**base, **over})
    assert str(fault).startswith(message)


def test_a_buffer_without_a_centre_is_refused() -> None:
    (fault,) = profiles_agent_faults({**AGENT, "buffer_mib": 1024})
    assert str(fault).startswith("buffer_mib: 1024 must be left out without centre")


def test_the_agent_sends_to_one_place() -> None:
    for args in ({"cluster_name": "shop"}, {**AGENT, "centre": CENTRE}):
        (fault,) = profiles_agent_faults(args)  # type: ignore[arg-type]
        assert fault.path == "write_url"


@pytest.mark.parametrize("key", ["account_id", "kms_key_arn", "oidc_provider_arn", "oidc_issuer"])
def test_what_makes_the_role_is_needed_on_aws_alone(key: str) -> None:
    args: Any = {name: value for name, value in NEEDED.items() if name != key}
    (fault,) = profiles_faults(args)
    assert fault.path == key
    assert profiles_faults({**args, "object_store": STORE}) == []


@pytest.mark.parametrize(
    ("over", "path"),
    [
        ({"object_store": {**STORE, "endpoint": "http://s3.example.com"}}, "object_store.endpoint"),
        ({"certificate_issuer": "An issuer"}, "certificate_issuer"),
    ],
)
def test_a_store_or_an_issuer_that_cannot_be_is_refused(over: dict[str, Any], path: str) -> None:
    assert [fault.split(":")[0] for fault in told(**over)] == [path]

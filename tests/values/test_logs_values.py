"""The logs room as data: Helm values, retention, schema, limits, sizes, network, and every bad argument."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components import defaults
from components.logs import names
from components.logs.audit import (
    AUDIT_EVENTS,
    destination,
    error_group_name,
    feed_policy,
    feed_trust,
    stream_arn,
    writer_policy,
)
from components.logs.flows import logs_agent_network, logs_network
from components.logs.fluent_bit_config import events_pipeline, node_pipeline
from components.logs.fluent_bit_values import events_values, fluent_bit_values, literal
from components.logs.logs_agent import agent_fluent_bit_args, logs_agent_faults
from components.logs.logs_args import logs_faults, loki_args
from components.logs.loki_args import loki_faults
from components.logs.loki_config import client_headers, loki_config
from components.logs.loki_values import loki_values
from components.logs.placement import placement_faults
from components.logs.retention import logs_bucket_expiry_days, logs_retention_faults
from components.logs.rollout_operator import rollout_operator_values
from components.logs.schema import schema_config, schema_faults
from components.logs.sizing import loki_sizing, loki_sizing_faults, mebibytes
from components.logs.tenants import limits_config, namespace_tenants, tenant_overrides
from components.security.network_policy import network_policy_faults
from tests.values.chart_keys import require_chart_keys, unknown_keys
from tests.values.iam_evaluator import decide

TODAY = datetime.date(2026, 10, 1)
ACCOUNT, REGION = "123456789012", "eu-west-1"
BUCKET, OTHER = f"obs-logs-{ACCOUNT}-{REGION}", f"obs-metrics-{ACCOUNT}-{REGION}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/obs-loki-{REGION}"
COMMON: Any = {"bucket_name": BUCKET, "region": REGION, "role_arn": ROLE}
FLUENT_BIT: Any = {"cluster_name": "prod"}
ISSUER = "observability-ca"
STORE: Any = {
    "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
    "credentials_secret_name": "object-store-credentials",
    "insecure": True,
}
ELSEWHERE: Any = {
    "bucket_name": "obs-logs",
    "region": "us-east-1",
    "topology": "simple-scalable",
    "object_store": STORE,
}
CENTRE: Any = {"host": "shop.logs.example.com", "certificate_secret_name": "client", "ca_secret_name": "authority"}
AUDIT: Any = {
    "platform_name": "obs",
    "cluster_name": "prod",
    "account_id": ACCOUNT,
    "region": REGION,
    "bucket_name": f"obs-audit-{ACCOUNT}-{REGION}",
    "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
}

VALUES: dict[str, tuple[str, Any]] = {
    "distributed": ("loki", lambda: loki_values({**COMMON, "multi_tenancy": True})),
    "simple-scalable": ("loki", lambda: loki_values({**COMMON, "topology": "simple-scalable"})),
    "nodes": ("fluent-bit", lambda: fluent_bit_values(FLUENT_BIT)),
    "events": ("fluent-bit", lambda: events_values(FLUENT_BIT)),
    "rollout-operator": ("rollout-operator", rollout_operator_values),
    "certified": ("loki", lambda: loki_values({**COMMON, "certificate_issuer": ISSUER})),
    "other-s3": ("loki", lambda: loki_values(ELSEWHERE)),
    "certified-nodes": ("fluent-bit", lambda: fluent_bit_values({**FLUENT_BIT, "certificate_issuer": ISSUER})),
    "centre-events": ("fluent-bit", lambda: events_values({**FLUENT_BIT, "centre": CENTRE})),
}
FREE = {
    # Read by the chart's template; its values show it as a comment.
    "fluent-bit": ["prometheusRule.rules", "updateStrategy", "hotReload.securityContext"],
    # Below these the chart takes over whole what is there: Loki's own configuration, and Kubernetes' own types.
    "loki": [
        *("loki.ingester", "loki.rulerConfig", "loki.limits_config", "loki.storage.bucketNames"),
        *(f"{part}.affinity.nodeAffinity" for part in ("write", "backend", "indexGateway", "compactor", "ruler")),
        *("gateway.containerSecurityContext", "gateway.readinessProbe", "loki.readinessProbe", "loki.livenessProbe"),
        *("loki.server", "loki.frontend", "loki.frontend_worker", "loki.storage_config"),
    ],
    "rollout-operator": ["resources"],
}


def args(**over: Any) -> Any:
    base = {
        "platform_name": "obs",
        "cluster_name": "prod",
        "account_id": ACCOUNT,
        "region": REGION,
        "bucket_name": BUCKET,
        "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/x",
        "oidc_issuer": "oidc.eks/id/A",
    }
    return {**base, **over}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


@pytest.mark.parametrize("which", VALUES)
def test_the_chart_knows_every_key(which: str) -> None:
    chart, values = VALUES[which]
    require_chart_keys(chart)
    assert unknown_keys(chart, values(), FREE.get(chart, ())) == []


@pytest.mark.parametrize("which", VALUES)
def test_values_are_whole_and_the_same_every_time(which: str) -> None:
    _, values = VALUES[which]
    for path, value in leaves(values()):
        assert value is not None, f"{path}: a null doesn't travel to Helm through Pulumi"
        assert not isinstance(value, float), f"{path}: {value} would be written as a float"
        assert path.rpartition(".")[2] not in ("privileged", "hostNetwork"), path
    assert list(leaves(values())) == list(leaves(values())), "in the same order too"


def test_the_other_topology_s_workloads_are_off() -> None:
    """The chart refuses to render with both."""
    distributed, scalable = loki_values(COMMON), loki_values({**COMMON, "topology": "simple-scalable"})
    assert [distributed[part]["replicas"] for part in ("write", "read", "backend")] == [0, 0, 0]
    assert [scalable[part]["replicas"] for part in ("ingester", "querier", "compactor", "ruler")] == [0, 0, 0, 0]


# --- Loki's configuration ------------------------------------------------------------------------


def test_retention_is_on_and_says_where_it_keeps_its_requests() -> None:
    config = loki_config({**COMMON, "retention_days": 14})
    assert config["limits_config"]["retention_period"] == "336h"
    assert config["compactor"]["retention_enabled"] is True
    assert config["compactor"]["delete_request_store"] == "s3"


def test_the_bucket_outlives_loki_s_own_deletion() -> None:
    assert logs_bucket_expiry_days(None) == 37
    assert logs_retention_faults({"days": 30}, 37) == []
    (fault,) = logs_retention_faults({"days": 30}, 30)
    assert str(fault).startswith("bucket_expire_after_days: 30 must be at least 32 (days): Loki keeps logs for 30 days")
    (fault,) = logs_retention_faults({"days": 0})
    assert str(fault).startswith("retention.days: 0 must be at least 1")


def test_chunks_and_ruler_share_the_bucket_and_no_credentials_are_given() -> None:
    storage = loki_config(COMMON)["storage"]
    assert storage == {"type": "s3", "s3": {"region": REGION}, "bucketNames": {"chunks": BUCKET, "ruler": BUCKET}}


def test_the_first_day_of_the_schema_is_a_constant_that_has_never_moved() -> None:
    assert defaults.LOKI_SCHEMA_FROM == "2024-04-01", "moving it hides every log stored so far"
    (period,) = schema_config(None)["configs"]
    assert period == {
        "from": "2024-04-01",
        "store": "tsdb",
        "object_store": "s3",
        "schema": "v13",
        "index": {"prefix": "loki_index_", "period": "24h"},
    }


@pytest.mark.parametrize(
    ("periods", "message"),
    [
        ([{"from_date": "2026-10-02", "version": "v13"}], "schema_periods[0].from_date: '2026-10-02' must not lie in"),
        ([{"from_date": "yesterday", "version": "v13"}], "schema_periods[0].from_date: 'yesterday' must be a day"),
        ([{"from_date": "2024-04-01", "version": "v12"}], "schema_periods[0].version: 'v12' must be v13"),
        (
            [{"from_date": "2024-04-01", "version": "v13"}, {"from_date": "2024-04-01", "version": "v13"}],
            "schema_periods[1].from_date: '2024-04-01' must be later than the period before it (2024-04-01)",
        ),
        (
            [{"from_date": "2025-04-01", "version": "v13"}, {"from_date": "2024-04-01", "version": "v13"}],
            "schema_periods[1].from_date: '2024-04-01' must be later than the period before it (2025-04-01)",
        ),
    ],
)
def test_schema_periods_that_hide_data_are_refused(periods: Any, message: str) -> None:
    (fault,) = schema_faults(periods, TODAY)
    assert str(fault).startswith(message)


def test_a_new_schema_period_may_begin_in_the_future() -> None:
    periods: Any = [{"from_date": "2024-04-01", "version": "v13"}, {"from_date": "2027-01-01", "version": "v13"}]
    assert schema_faults(periods, TODAY) == []


def test_limits_are_set_and_documented_ones_arrive_where_loki_looks() -> None:
    limits = limits_config({"ingestion_rate_mb": 50, "ingestion_burst_mb": 80, "max_query_days": 7}, 30)
    assert (limits["ingestion_rate_mb"], limits["ingestion_burst_size_mb"]) == (50, 80)
    assert limits["max_query_length"] == "169h"
    assert limits["max_global_streams_per_user"] == 20000
    assert limits["tsdb_max_query_parallelism"] == limits["max_query_parallelism"] == 64
    assert limits["max_line_size_truncate"] is True, "a refused line is lost whole"


def test_a_short_retention_takes_no_lines_that_are_older() -> None:
    assert limits_config(None, 3)["reject_old_samples_max_age"] == "72h"
    assert limits_config(None, 30)["reject_old_samples_max_age"] == "168h"


def test_only_what_differs_is_overridden_for_a_tenant() -> None:
    assert tenant_overrides({"a": {"namespaces": ["x"]}}) == {}
    tenants: Any = {"a": {"namespaces": ["x"], "limits": {"query_timeout_seconds": 60}}}
    assert tenant_overrides(tenants) == {"overrides": {"a": {"query_timeout": "60s"}}}


def test_clients_are_told_which_tenant_to_name() -> None:
    assert client_headers(COMMON) == {"X-Scope-OrgID": "fake"}
    assert client_headers({**COMMON, "tenant": "platform"}) == {"X-Scope-OrgID": "platform"}


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"tenants": {"a": {"namespaces": ["x"]}}}, "tenants: ['a'] must be empty while multi_tenancy is off"),
        ({"tenant": "a/b"}, "tenant: 'a/b' must be 1 to 150 letters"),
        (
            {"multi_tenancy": True, "tenants": {"a": {"namespaces": ["x"]}, "b": {"namespaces": ["x"]}}},
            "tenants.b.namespaces: 'x' must belong to one tenant; a has it too",
        ),
        (
            {"multi_tenancy": True, "tenants": {"a": {"namespaces": [], "limits": {"retention_days": 31}}}},
            "tenants.a.limits.retention_days: 31 must be at most the retention of all (30 days)",
        ),
        ({"limits": {"max_streams": 5}}, "limits.max_streams: 5 must be a whole number from 100 to 1e+07"),
        ({"limits": {"burst": 5}}, "limits.burst: 5 must be one of ingestion_rate_mb"),
        ({"limits": {"ingestion_burst_mb": 10}}, "limits.ingestion_burst_mb: 10 must be at least ingestion_rate_mb"),
        ({"topology": "monolithic"}, "topology: 'monolithic' must be distributed or simple-scalable"),
        ({"bucket_name": "Logs"}, "bucket_name: 'Logs' must"),
        ({"bucket_expire_after_days": 30}, "bucket_expire_after_days: 30 must be at least 32"),
        ({"audit_logs": True}, "audit_bucket_name: '' must name a bucket while audit_logs is on"),
        ({"audit_logs": True, "audit_bucket_name": BUCKET}, f"audit_bucket_name: '{BUCKET}' must be another bucket"),
        ({"cluster_name": "a b"}, "cluster_name: 'a b' must be letters"),
        ({"fluent_bit": {"buffer_gib": 0}}, "fluent_bit.buffer_gib: 0 must be a whole number from 1 to 100"),
        (
            {"fluent_bit": {"redaction": {"builtin": ["mail"]}}},
            "fluent_bit.redaction.builtin: 'mail' must be one of private-key",
        ),
        ({"availability_zones": ["a", "b"]}, "availability_zones: 2 must name 3 zones for the distributed topology"),
        ({"sizing": {"write_replicas": 4}}, "sizing.write_replicas: 4 must be a multiple of 3"),
        ({"sizing": {"read_cpu": "fast"}}, "sizing.read_cpu: 'fast' must be an amount of CPU"),
    ],
)
def test_bad_arguments_are_named_with_value_and_bound(over: Any, message: str) -> None:
    (fault,) = logs_faults(args(**over), TODAY)
    assert str(fault).startswith(message)


def test_every_fault_is_reported_at_once() -> None:
    faults = logs_faults(args(bucket_expire_after_days=3, tenant="a b", sizing={"write_replicas": 0}), TODAY)
    assert len(faults) == 3
    assert logs_faults(args(), TODAY) == []


# --- another S3, certificates, the centre ----------------------------------------------------------


def elsewhere(**over: Any) -> Any:
    needed = ("platform_name", "cluster_name")
    return {**{key: args()[key] for key in needed}, **ELSEWHERE, **over}


def test_another_s3_needs_nothing_of_aws() -> None:
    assert logs_faults(elsewhere(), TODAY) == []
    assert "role_arn" not in loki_args(elsewhere(), "")
    values = loki_values(ELSEWHERE)
    assert values["serviceAccount"]["annotations"] == {}
    assert values["loki"]["storage"]["s3"] == {
        "region": "us-east-1",
        "endpoint": STORE["endpoint"],
        "s3ForcePathStyle": True,
        "insecure": True,
    }
    secure = loki_values({**ELSEWHERE, "object_store": {k: v for k, v in STORE.items() if k != "insecure"}})
    assert secure["loki"]["storage"]["s3"]["insecure"] is False


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"audit_logs": True, "audit_bucket_name": "a"}, "audit_logs: True must be off with object_store"),
        (
            {"object_store": {**STORE, "endpoint": "http://minio:9000"}},
            "object_store.endpoint: 'http://minio:9000' must",
        ),
        ({"certificate_issuer": "My CA"}, "certificate_issuer: 'My CA' must be the name of a ClusterIssuer"),
    ],
)
def test_what_does_not_go_with_another_s3_or_is_no_name_is_refused(over: Any, message: str) -> None:
    (fault,) = logs_faults(elsewhere(**over), TODAY)
    assert str(fault).startswith(message)


def test_without_another_s3_everything_that_makes_the_role_is_needed() -> None:
    given = {key: value for key, value in elsewhere().items() if key != "object_store"}
    missing = {fault.path for fault in logs_faults(given, TODAY)}  # type: ignore[arg-type]
    assert missing == {"account_id", "kms_key_arn", "oidc_provider_arn", "oidc_issuer"}
    (fault,) = loki_faults({"bucket_name": BUCKET, "region": REGION}, TODAY)
    assert str(fault) == "role_arn: None must be given, unless object_store is"


def test_without_an_issuer_nothing_changes() -> None:
    for values in (loki_values(COMMON), fluent_bit_values(FLUENT_BIT), events_values(FLUENT_BIT)):
        text = str(values)
        assert "/etc/tls" not in text
        assert "https" not in text.lower().replace("https://github.com", "")
        assert "hotReload" not in text


def test_a_tenant_of_another_cluster_needs_no_namespaces() -> None:
    tenants: Any = {"shop": {"limits": {"ingestion_rate_mb": 30}}, "games": {"namespaces": ["arena"]}}
    assert logs_faults(args(multi_tenancy=True, tenants=tenants), TODAY) == []
    assert namespace_tenants(tenants) == {"arena": "games"}
    assert tenant_overrides(tenants) == {"overrides": {"shop": {"ingestion_rate_mb": 30}}}


def agent(**over: Any) -> Any:
    return {"cluster_name": "shop", "tenant": "shop", "centre": CENTRE, **over}


def test_an_agent_waits_out_an_hour_of_the_centre_s_absence_on_disk() -> None:
    given = agent_fluent_bit_args(agent())
    for pipeline in (node_pipeline(given), events_pipeline(given)):
        for each in pipeline["pipeline"]["inputs"]:
            assert each["storage.type"] == "filesystem"
        for output in pipeline["pipeline"]["outputs"]:
            assert output["retry_limit"] == "no_limits"
            bytes_a_second = int(output["storage.total_limit_size"].removesuffix("G")) * 2**30 / 3600
            assert bytes_a_second > (250_000 if output["alias"] == "events" else 1_000_000)


def test_an_agent_s_labels_are_on_lines_and_events() -> None:
    given = agent_fluent_bit_args(agent(external_labels={"environment": "prod", "site": "eu-west-1/a"}))
    for pipeline in (node_pipeline(given), events_pipeline(given)):
        for output in pipeline["pipeline"]["outputs"]:
            assert output["labels"].startswith("cluster=shop, source=")
            assert output["labels"].endswith(", environment=prod, site=eu-west-1/a")


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"centre": {**CENTRE, "host": "https://x.y"}}, "centre.host: 'https://x.y' must be a host's name"),
        ({"centre": {**CENTRE, "host": "localhost"}}, "centre.host: 'localhost' must be a host's name"),
        ({"centre": {**CENTRE, "ca_secret_name": "A"}}, "centre.ca_secret_name: 'A' must be a DNS label"),
        ({"tenant": "a/b"}, "tenant: 'a/b' must be 1 to 150 letters"),
        ({"cluster_name": "a b"}, "cluster_name: 'a b' must be letters"),
        ({"external_labels": {"level": "x"}}, "external_labels.level: 'level' must be another label"),
        ({"external_labels": {"a-b": "x"}}, "external_labels.a-b: 'a-b' must be a label's name"),
        ({"external_labels": {"site": "a, b"}}, "external_labels.site: 'a, b' must be up to 255 letters"),
        ({"external_labels": {"site": "$app"}}, "external_labels.site: '$app' must be up to 255 letters"),
        ({"fluent_bit": {"buffer_gib": 0}}, "fluent_bit.buffer_gib: 0 must be a whole number from 1 to 100"),
    ],
)
def test_an_agent_s_bad_arguments_are_named(over: Any, message: str) -> None:
    (fault,) = logs_agent_faults(agent(**over))
    assert str(fault).startswith(message)
    assert logs_agent_faults(agent()) == []


# --- sizes and cross-checks ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizing", "message"),
    [
        ({"write_replicas": 1}, "sizing.write_replicas: 1 must be at least replication_factor (3), or writes fail"),
        ({"replication_factor": 2}, "sizing.replication_factor: 2 must be 1 or 3"),
        ({"read_max_replicas": 2}, "sizing.read_max_replicas: 2 must be at least read_replicas (3)"),
        (
            {"write_memory": "4Gi", "wal_replay_memory_mib": 4096},
            "sizing.wal_replay_memory_mib: 4096 must be at most 3276 (MiB), 80 % of write_memory (4Gi)",
        ),
        ({"read_replicas": 2.5}, "sizing.read_replicas: 2.5 must be a whole number from 1 to 300"),
        ({"gateway_replicas": True}, "sizing.gateway_replicas: True must be a whole number from 1 to 20"),
        ({"write_memory": "2GB"}, "sizing.write_memory: '2GB' must be an amount of memory such as"),
        ({"cache": 1}, "sizing.cache: 1 must be one of replication_factor"),
    ],
)
def test_sizes_that_can_t_work_are_refused(sizing: Any, message: str) -> None:
    faults = [str(fault) for fault in loki_sizing_faults(sizing)]
    assert len(faults) == 1
    assert faults[0].startswith(message)


@pytest.mark.parametrize("memory", ["512Mi", "2Gi", "16Gi"])
def test_the_write_ahead_log_replays_below_the_memory_limit_whatever_that_is(memory: str) -> None:
    values = loki_values({**COMMON, "sizing": {"write_memory": memory}})
    ceiling = int(values["loki"]["ingester"]["wal"]["replay_memory_ceiling"].removesuffix("MB"))
    limit = mebibytes(values["ingester"]["resources"]["limits"]["memory"])
    assert ceiling <= limit * 0.8
    assert loki_sizing({"write_memory": memory})["wal_replay_memory_mib"] == limit * 3 // 4


@pytest.mark.parametrize(
    ("topology", "sizing", "zones", "nodes", "memory", "paths"),
    [
        ("distributed", {}, 3, 3, 16, []),
        ("distributed", {}, 2, None, None, ["availability_zones"]),
        ("simple-scalable", {}, 2, None, None, []),
        ("distributed", {"write_replicas": 9}, 3, 3, None, []),
        ("distributed", {}, 3, 2, None, ["sizing.write_replicas"]),
        ("simple-scalable", {"write_replicas": 6}, 3, 5, None, ["sizing.write_replicas"]),
        ("distributed", {"chunks_cache_mib": 8192}, 3, None, 8, ["sizing.chunks_cache_mib"]),
        ("distributed", {"chunks_cache_mib": 8192}, 3, None, 16, []),
        ("distributed", {"results_cache_mib": 4096, "read_memory": "8Gi"}, 3, None, 4, None),
        ("distributed", {"replication_factor": 1}, 3, None, None, ["sizing.replication_factor"]),
    ],
)
def test_what_does_not_fit_on_zones_and_nodes_is_refused(
    topology: str, sizing: Any, zones: int, nodes: int | None, memory: float | None, paths: list[str] | None
) -> None:
    found = [fault.path for fault in placement_faults(topology, sizing, zones, nodes, memory)]
    assert found == (["sizing.results_cache_mib", "sizing.read_memory"] if paths is None else paths)


def test_a_cache_that_no_node_holds_says_how_much_is_free() -> None:
    (fault,) = placement_faults("distributed", {"chunks_cache_mib": 8192}, 3, None, 8)
    assert str(fault) == (
        "sizing.chunks_cache_mib: 8192 must leave the pod (9830 MiB) within a node: 6963 MiB of node_memory_gib (8)"
        " are free"
    )


def test_sizes_may_arrive_as_floats() -> None:
    sizing: Any = {"write_replicas": 3.0, "chunks_cache_mib": 2048.0}
    assert loki_values({**COMMON, "sizing": sizing}) == loki_values(COMMON)


def test_one_of_each_for_development() -> None:
    sizing: Any = {"replication_factor": 1, "write_replicas": 1, "write_max_replicas": 1, "read_replicas": 1}
    values = loki_values({**COMMON, "topology": "simple-scalable", "sizing": sizing})
    assert values["write"]["autoscaling"] == {"enabled": False}
    assert values["loki"]["commonConfig"] == {"replication_factor": 1}
    assert logs_faults(args(topology="simple-scalable", sizing=sizing), TODAY) == []


# --- Fluent Bit ------------------------------------------------------------------------------------


def test_nothing_is_given_up_before_the_stated_bound() -> None:
    pipeline = node_pipeline({**FLUENT_BIT, "buffer_gib": 7})["pipeline"]
    (files,) = pipeline["inputs"]
    assert files["storage.type"] == "filesystem"
    assert files["db"].startswith("/var/lib/fluent-bit/")
    emitters = [f for f in pipeline["filters"] if "emitter_name" in f]
    assert len(emitters) == 2
    assert {f["emitter_storage.type"] for f in emitters} == {"filesystem"}
    for output in pipeline["outputs"]:
        assert output["retry_limit"] == "no_limits"
        assert output["storage.total_limit_size"] == "7G"


def test_labels_are_few_and_bounded() -> None:
    for pipeline in (node_pipeline(FLUENT_BIT), events_pipeline(FLUENT_BIT)):
        for output in pipeline["pipeline"]["outputs"]:
            labels = set(output["label_keys"].replace("$", "").split(", "))
            assert labels <= {"namespace", "app", "level", "stream", "canary"}, "pods and traces are many"
            assert output["structured_metadata_map_keys"] == "$metadata"


def test_fluent_bit_does_not_read_its_own_failures() -> None:
    (files,) = node_pipeline(FLUENT_BIT)["pipeline"]["inputs"]
    assert files["exclude_path"] == "/var/log/containers/fluent-bit-*.log"


def test_helm_leaves_double_brackets_alone() -> None:
    assert literal("a {{ b }}") == 'a {{ "{{" }} b }}'


# --- network ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("topology", names.TOPOLOGIES)
def test_flows_are_sound_and_only_loki_may_leave(topology: str) -> None:
    for network in logs_network("observability", "observability-agents", topology, events=True):
        assert network_policy_faults(network) == []
        outside = {flow["source"] for flow in network["flows"] if flow["target"] == "everywhere"}
        assert outside <= {"loki"}, "nobody else needs S3"
        entering = {flow["source"] for flow in network["flows"] if flow["target"] == "gateway"}
        assert entering <= {"prometheus-anywhere", "nodes-fluent-bit", "canary", "events", "fluent-bit"}


@pytest.mark.parametrize(
    ("endpoint", "insecure", "target", "port"),
    [
        (STORE["endpoint"], True, "object-store", 8333),
        ("s3.example.com", False, "everywhere", 443),
        ("minio.example.com:9000", True, "everywhere", 9000),
        ("minio.example.com", True, "everywhere", 80),
    ],
)
def test_loki_reaches_the_bucket_wherever_that_is(endpoint: str, insecure: bool, target: str, port: int) -> None:
    store: Any = {**STORE, "endpoint": endpoint, "insecure": insecure}
    (backends, _) = logs_network("observability", "observability-agents", "simple-scalable", True, store)
    outside = [flow for flow in backends["flows"] if flow["target"] in ("object-store", "everywhere", "pod-identity")]
    assert outside == [{"source": "loki", "target": target, "port": port, "protocol": "TCP"}]


def test_on_aws_loki_may_ask_the_node_for_its_credentials() -> None:
    (backends, _) = logs_network("observability", "observability-agents", names.DISTRIBUTED, events=True)
    assert {flow["source"] for flow in backends["flows"] if flow["target"] == "pod-identity"} == {"loki"}


def test_an_agent_s_flows_are_sound_and_end_without_events_where_those_do() -> None:
    networks = logs_agent_network("observability", "observability-agents", events=True)
    assert [network["namespace"] for network in networks] == ["observability-agents", "observability"]
    assert [fault for network in networks for fault in network_policy_faults(network)] == []
    assert len(logs_agent_network("observability", "observability-agents", events=False)) == 1


def test_without_events_nobody_is_let_in_for_them() -> None:
    (backends, _) = logs_network("observability", "observability-agents", names.SIMPLE_SCALABLE, events=False)
    assert not {"events", names.ROLLOUT_OPERATOR} & set(backends["peers"])


# --- audit -----------------------------------------------------------------------------------------


def test_only_audit_events_are_carried_into_a_folder_a_day() -> None:
    assert AUDIT_EVENTS == '{ ($.kind = "Event") && ($.apiVersion = "audit.k8s.io/v1") }'
    where = destination(AUDIT)
    assert where["prefix"] == "eks-audit/prod/!{timestamp:yyyy/MM/dd}/"
    assert where["bucket_arn"] == f"arn:aws:s3:::obs-audit-{ACCOUNT}-{REGION}"
    assert where["role_arn"] == f"arn:aws:iam::{ACCOUNT}:role/obs-audit-writer-{REGION}"


def test_firehose_writes_to_its_own_bucket_and_reads_and_deletes_nothing() -> None:
    policy = writer_policy(AUDIT)
    own, other = f"arn:aws:s3:::{AUDIT['bucket_name']}", f"arn:aws:s3:::{BUCKET}"
    assert decide(policy, "s3:PutObject", f"{own}/eks-audit/x") == "allow"
    assert decide(policy, "s3:ListBucket", own) == "allow"
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{error_group_name(AUDIT)}:log-stream:delivery"
    assert decide(policy, "logs:PutLogEvents", group) == "allow"
    assert decide(policy, "s3:PutObject", f"{other}/eks-audit/x") == "none"
    for action in ("s3:GetObject", "s3:DeleteObject", "s3:PutBucketPolicy"):
        assert decide(policy, action, f"{own}/x") == "none", action


def test_cloudwatch_feeds_one_stream_for_this_account_only() -> None:
    policy = feed_policy(AUDIT)
    assert decide(policy, "firehose:PutRecordBatch", stream_arn(AUDIT)) == "allow"
    assert decide(policy, "firehose:PutRecordBatch", stream_arn({**AUDIT, "platform_name": "else"})) == "none"
    trust, service = feed_trust(AUDIT), f"logs.{REGION}.amazonaws.com"
    ours = {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/eks/prod/cluster"}
    theirs = {"aws:SourceArn": f"arn:aws:logs:{REGION}:999999999999:log-group:x"}
    assert decide(trust, "sts:AssumeRole", "", service, ours) == "allow"
    assert decide(trust, "sts:AssumeRole", "", service, theirs) == "none"


def test_names_are_right_in_china_too() -> None:
    china: Any = {**AUDIT, "region": "cn-north-1"}
    assert stream_arn(china).startswith("arn:aws-cn:firehose:cn-north-1:")
    assert feed_trust(china)["Statement"][0]["Principal"] == {"Service": "logs.cn-north-1.amazonaws.com.cn"}

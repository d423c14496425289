"""The profiles room as data: values, Pyroscope's configuration, retention, sizes, limits, rights, bad arguments."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from components import defaults, naming
from components.foundation.iam import bucket_access, irsa_trust
from components.profiles import names
from components.profiles.alerts import profiles_alerts
from components.profiles.alloy_args import profiles_agent_faults
from components.profiles.alloy_values import profiles_agent_values
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
AGENT: Any = {"write_url": "http://pyroscope-distributor:4040", "cluster_name": "prod", "tenant": "games"}
MAKE: dict[str, Callable[[], dict[str, Any]]] = {
    "pyroscope": lambda: pyroscope_values(PYROSCOPE),
    "alloy": lambda: profiles_agent_values(AGENT),
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
    require_chart_keys(chart)
    assert unknown_keys(chart, MAKE[chart](), FREE) == []


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

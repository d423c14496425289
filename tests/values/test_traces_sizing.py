"""Sampling and sizes of the traces room as arithmetic, and every choice that is refused."""

from typing import Any

import pytest

from components.traces.gateway_values import gateway_values
from components.traces.sampling import (
    REMEMBERED_WAITS,
    head_sampling,
    sampler_size,
    sampling,
    sampling_faults,
    tail_sampling,
)
from components.traces.sizing import (
    LIMIT_PERCENTAGE,
    SPIKE_PERCENTAGE,
    gateway_mib,
    mib,
    traces_sizing,
    traces_sizing_faults,
)
from components.traces.tempo_faults import retention_faults, tempo_faults, version_faults
from components.traces.traces_args import TracesArgs, tenant, traces_faults

STANDARD = sampling(None)


def args(**over: Any) -> TracesArgs:
    base: dict[str, Any] = {
        "platform_name": "obs",
        "cluster_name": "prod",
        "account_id": "123456789012",
        "region": "eu-west-1",
        "bucket_name": "obs-traces-123456789012-eu-west-1",
        "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1",
        "oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/x",
        "oidc_issuer": "x",
    }
    return {**base, **over}  # type: ignore[typeddict-item]


def messages(**over: Any) -> str:
    return "; ".join(str(fault) for fault in traces_faults(args(**over)))


def test_the_defaults_are_the_seeds() -> None:
    assert STANDARD.tail
    assert (STANDARD.percentage, STANDARD.slow_threshold_ms, STANDARD.critical_services) == (10, 2000, ("payments",))
    policies = {p["name"]: p for p in tail_sampling(STANDARD, 3)["policies"]}
    assert list(policies) == ["errors", "slow", "critical", "rest"]
    assert policies["errors"]["status_code"] == {"status_codes": ["ERROR"]}
    assert policies["slow"]["latency"] == {"threshold_ms": 2000}
    assert policies["critical"]["string_attribute"] == {"key": "service.name", "values": ["payments"]}
    assert policies["rest"]["probabilistic"] == {"sampling_percentage": 10.0}
    assert traces_faults(args()) == []


def test_the_sampler_s_tables_follow_from_the_spans_a_second() -> None:
    # 10,000 spans/s are 1,000 traces/s; two of three gateways carry them while the third is away.
    size = sampler_size(STANDARD, 3)
    assert size.new_traces_per_second == 500
    assert size.num_traces == 500 * 30 * 2, "thirty seconds' worth, twice over"
    assert size.dropped_decisions == size.num_traces * REMEMBERED_WAITS
    assert size.kept_decisions * 3 == size.dropped_decisions
    config = tail_sampling(STANDARD, 3)
    assert config["num_traces"] == 30_000
    assert config["expected_new_traces_per_sec"] == 500
    assert config["decision_wait"] == "30s"


@pytest.mark.parametrize(
    ("change", "factor"),
    [({"expected_spans_per_second": 20_000}, 2), ({"spans_per_trace": 5}, 2), ({"decision_wait_seconds": 60}, 2)],
)
def test_twice_the_traces_take_twice_the_table(change: Any, factor: int) -> None:
    assert sampler_size(sampling(change), 3).num_traces == 30_000 * factor


def test_memory_depends_on_spans_and_not_on_how_they_form_traces() -> None:
    few, many = (sampler_size(sampling({"spans_per_trace": n}), 3).buffer_mib for n in (1000, 10))
    assert many - few < 60, "but for the remembered decisions"
    assert sampler_size(sampling({"expected_spans_per_second": 20_000}), 3).buffer_mib > 1.9 * many


@pytest.mark.parametrize("spans", [100, 10_000, 50_000, 300_000])
@pytest.mark.parametrize("gateways", [1, 2, 3, 10])
def test_a_gateway_s_memory_holds_its_traces_below_the_limiter_s_refusal(spans: int, gateways: int) -> None:
    chosen = sampling({"expected_spans_per_second": spans})
    limit = mib(traces_sizing({"gateway_replicas": gateways}, chosen)["gateway_memory"])
    soft = limit * (LIMIT_PERCENTAGE - SPIKE_PERCENTAGE) / 100
    assert soft >= sampler_size(chosen, gateways).buffer_mib + 256
    assert limit % 256 == 0


def test_the_computed_size_reaches_the_chart() -> None:
    values = gateway_values({})
    assert values["resources"] == {
        "requests": {"cpu": "250m", "memory": "1792Mi"},
        "limits": {"cpu": "500m", "memory": "1792Mi"},
    }
    busy = gateway_values({"sampling": {"expected_spans_per_second": 100_000}})["resources"]
    assert busy["requests"] == {
        "cpu": "2000m",
        "memory": f"{-(-gateway_mib(sampling({'expected_spans_per_second': 100_000}), 3) // 256) * 256}Mi",
    }
    head = gateway_values({"sampling": {"mode": "head"}})["resources"]["requests"]["memory"]
    assert mib(head) == 512, "nothing waits"


def test_head_sampling_tells_its_share() -> None:
    assert head_sampling(sampling({"mode": "head", "percentage": 5})) == {
        "mode": "proportional",
        "sampling_percentage": 5.0,
    }


def test_numbers_may_arrive_as_floats_and_leave_as_whole_ones() -> None:
    floating: Any = {"decision_wait_seconds": 30.0, "expected_spans_per_second": 10_000.0, "slow_threshold_ms": 2000.0}
    assert sampling_faults(floating) == []
    assert tail_sampling(sampling(floating), 3) == tail_sampling(STANDARD, 3)
    sizing: Any = {"gateway_replicas": 3.0, "ingester_storage_gib": 20.0}
    assert traces_sizing_faults(sizing, STANDARD) == []
    assert traces_sizing(sizing, STANDARD) == traces_sizing(None, STANDARD)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mode": "none"}, "sampling.mode: 'none' must be tail or head"),
        ({"percentage": 0}, "sampling.percentage: 0 must be more than 0 and at most 100"),
        ({"percentage": 101}, "sampling.percentage: 101 must be"),
        ({"decision_wait_seconds": 1}, "sampling.decision_wait_seconds: 1 must be a whole number from 5 to 300"),
        ({"expected_spans_per_second": 50}, "sampling.expected_spans_per_second: 50 must be"),
        ({"spans_per_trace": 2.5}, "sampling.spans_per_trace: 2.5 must be a whole number"),
        ({"critical_services": ["payments", " "]}, "sampling.critical_services[1]: ' ' must be the name of a service"),
        ({"thresold": 1}, "sampling.thresold: 1 must be one of mode, percentage"),
        ({"routing_key": "pod"}, "sampling.routing_key: 'pod' must be traceID or service"),
        ({"routing_key": "service"}, "sampling.routing_key: 'service' must be traceID with tail sampling"),
        (
            {"slow_threshold_ms": 6000, "decision_wait_seconds": 6},
            "sampling.slow_threshold_ms: 6000 must be less than decision_wait_seconds (6 s)",
        ),
    ],
)
def test_choices_that_cannot_work_are_refused(given: Any, message: str) -> None:
    assert message in messages(sampling=given)


def test_routing_by_service_is_for_head_sampling() -> None:
    assert messages(sampling={"mode": "head", "routing_key": "service"}) == ""


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"sizing": {"ingester_replicas": 2}}, "sizing.ingester_replicas: 2 must be at least replication_factor (3)"),
        ({"sizing": {"replication_factor": 2}}, "sizing.replication_factor: 2 must be 1 or 3"),
        (
            {"sizing": {"gateway_max_replicas": 2}},
            "sizing.gateway_max_replicas: 2 must be at least gateway_replicas (3)",
        ),
        ({"sizing": {"querier_cpu": "lots"}}, "sizing.querier_cpu: 'lots' must be an amount of CPU"),
        ({"sizing": {"querier_memory": "2G"}}, "sizing.querier_memory: '2G' must be an amount of memory"),
        ({"sizing": {"queriers": 3}}, "sizing.queriers: 3 must be one of agent_cpu"),
        ({"sizing": {"gateway_memory": "1Gi"}}, "sizing.gateway_memory: '1Gi' must be at least"),
        (
            {"sizing": {"ingester_replicas": 7}, "nodes": {"zones": 3, "nodes_per_zone": 2}},
            "sizing.ingester_replicas: 7 must be at most 6",
        ),
        ({"nodes": {"zones": 2, "nodes_per_zone": 1}}, "sizing.ingester_replicas: 3 must be at most 2"),
        (
            {"sizing": {"cache_memory_mib": 16384}, "nodes": {"memory_gib": 16}},
            "sizing.cache_memory_mib: 16384 must be less: the pod takes 20608Mi, and a node has 13926Mi to give",
        ),
        (
            {"sizing": {"ingester_memory": "15Gi"}, "nodes": {"memory_gib": 16}},
            "sizing.ingester_memory: '15Gi' must be at most 13926Mi",
        ),
        ({"retention_days": 0}, "retention_days: 0 must be a whole number from 1 to 3650 (days)"),
        (
            {"retention_days": 14, "bucket_expire_after_days": 14},
            "retention_days: 14 must be less than the days after which the bucket deletes (14)",
        ),
        ({"tempo_image_tag": "3.0.3"}, "tempo_image_tag: '3.0.3' must be of the 2.10 line: from Tempo 3 on every span"),
        ({"tempo_image_tag": "latest"}, "tempo_image_tag: 'latest' must be of the 2.10 line"),
        ({"tenant": "shop"}, "tenant: 'shop' must be left out without multi_tenancy"),
        ({"tenant": "a/b", "multi_tenancy": True}, "tenant: 'a/b' must be 1 to 150 letters"),
        ({"remote_write_urls": ["prometheus:9090"]}, "remote_write_urls[0]: 'prometheus:9090' must be an address"),
        ({"node_metrics_enabled": True}, "node_metrics_enabled: True must come with remote_write_urls"),
        ({"bucket_name": "Not_A_Bucket"}, "bucket_name: 'Not_A_Bucket' must be"),
    ],
)
def test_arguments_that_cannot_work_are_refused(over: Any, message: str) -> None:
    assert message in messages(**over)


def test_all_faults_are_told_at_once() -> None:
    found = messages(retention_days=0, sampling={"mode": "x"}, tempo_image_tag="3.0.0")
    assert all(path in found for path in ("retention_days", "sampling.mode", "tempo_image_tag"))


def test_the_default_platform_fits_its_own_nodes() -> None:
    # r7g.xlarge, one in each of three zones.
    assert messages(nodes={"zones": 3, "nodes_per_zone": 1, "memory_gib": 32}) == ""


def test_tempo_3_is_refused_by_its_chart_too() -> None:
    assert version_faults("2.10.8") == []
    assert version_faults("2.10.8-arm64") == []
    (fault,) = version_faults("2.10.8", "3.3.0")
    assert "Kafka" in str(fault)
    assert "chart tempo-distributed: '3.3.0'" in str(fault)
    given: Any = {"bucket_name": "traces", "region": "eu-west-1", "role_arn": "", "image_tag": "2.11.0"}
    assert [f.path for f in tempo_faults(given)] == ["image_tag"]


def test_the_bucket_keeps_traces_longer_than_tempo() -> None:
    assert retention_faults(14, 21) == []
    assert retention_faults(14, 15) == []
    assert len(retention_faults(14, 13)) == 1
    assert retention_faults(14) == [], "unknown, and not checked"


def test_the_tenant_is_the_platform_unless_named() -> None:
    assert tenant(args()) == ""
    assert tenant(args(multi_tenancy=True)) == "obs"
    assert tenant(args(multi_tenancy=True, tenant="shop")) == "shop"

"""The metrics room as data: Helm values, retention, sizes, network, and every bad argument."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from components import defaults
from components.metrics import names
from components.metrics.blackbox_exporter import blackbox_exporter_faults, blackbox_exporter_values
from components.metrics.caches import ITEM_MIB, bucket_cache_config, index_cache_config, response_cache_config
from components.metrics.memcached import memcached_faults, memcached_manifests
from components.metrics.metrics_args import metrics_faults
from components.metrics.object_store import object_store_config
from components.metrics.prometheus_values import prometheus_values
from components.metrics.pushgateway import pushgateway_values
from components.metrics.retention import (
    bucket_expiry_faults,
    metrics_retention,
    metrics_retention_faults,
    metrics_transitions,
)
from components.metrics.sizing import (
    prometheus_sizing_faults,
    thanos_sizing,
    thanos_sizing_faults,
    twice,
)
from components.metrics.thanos_values import thanos_values
from tests.values.chart_keys import require_chart_keys, unknown_keys

ROLE = "arn:aws:iam::123456789012:role/obs-thanos-eu-west-1"
COMMON: Any = {
    "cluster_name": "prod",
    "object_store_config": object_store_config("obs-metrics-123456789012-eu-west-1", "eu-west-1"),
    "role_arn": ROLE,
}

VALUES: dict[str, dict[str, Any]] = {
    "kube-prometheus-stack": prometheus_values({**COMMON, "remote_write_receiver": True}),
    "thanos": thanos_values({**COMMON, "receive_enabled": True}),
    "prometheus-blackbox-exporter": blackbox_exporter_values({}),
    "prometheus-pushgateway": pushgateway_values({}),
}
FREE = {
    # The template ranges over the files.
    "thanos": [r"ruler.rules.workload-clusters\.yaml"],
    # Modules are added to the chart's own one.
    "prometheus-blackbox-exporter": ["config.modules.tcp_connect", "config.modules.icmp"],
    # In the chart's values as a comment, read by its template.
    "prometheus-pushgateway": ["persistentVolume.storageClass"],
    # The template writes the whole map into the container.
    "kube-prometheus-stack": [
        f"prometheus-node-exporter.containerSecurityContext.{key}"
        for key in ("allowPrivilegeEscalation", "capabilities", "seccompProfile")
    ],
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


@pytest.mark.parametrize("chart", VALUES)
def test_the_chart_knows_every_key(chart: str) -> None:
    require_chart_keys(chart)
    assert unknown_keys(chart, VALUES[chart], FREE.get(chart, ())) == []


def test_a_misspelt_key_would_be_found() -> None:
    require_chart_keys("thanos")
    values = {"query": {"replicaCuont": 2, "autoscaling": {"enabled": "yes"}}, "ruler": {"rules": {"x.yaml": ""}}}
    assert unknown_keys("thanos", values) == [
        "query.replicaCuont",
        "query.autoscaling.enabled (a bool)",
        r"ruler.rules.x\.yaml",
    ]


@pytest.mark.parametrize("chart", VALUES)
def test_values_are_whole_and_carry_no_secret(chart: str) -> None:
    for path, value in leaves(VALUES[chart]):
        assert value is not None, f"{path}: a null doesn't travel to Helm through Pulumi"
        assert not isinstance(value, float), f"{path}: {value} would be written as a float"
        words = {"password", "secret_key", "secretkey", "access_key", "accesskey", "token"}
        assert not any(word in str(value).lower() for word in words), path
        assert path.rpartition(".")[2] not in ("privileged", "hostNetwork"), path


@pytest.mark.parametrize("chart", VALUES)
def test_values_are_the_same_every_time(chart: str) -> None:
    again = {
        "kube-prometheus-stack": lambda: prometheus_values({**COMMON, "remote_write_receiver": True}),
        "thanos": lambda: thanos_values({**COMMON, "receive_enabled": True}),
        "prometheus-blackbox-exporter": lambda: blackbox_exporter_values({}),
        "prometheus-pushgateway": lambda: pushgateway_values({}),
    }
    assert list(leaves(again[chart]())) == list(leaves(VALUES[chart])), "in the same order too"


def test_the_object_store_has_an_address_and_no_credentials() -> None:
    config = yaml.safe_load(object_store_config("obs-metrics-123456789012-eu-west-1", "eu-west-1"))
    assert config == {
        "type": "S3",
        "config": {
            "bucket": "obs-metrics-123456789012-eu-west-1",
            "endpoint": "s3.eu-west-1.amazonaws.com",
            "region": "eu-west-1",
        },
    }
    china = yaml.safe_load(object_store_config("b", "cn-north-1"))["config"]["endpoint"]
    assert china == "s3.cn-north-1.amazonaws.com.cn"


def test_prometheus_and_query_agree_on_the_replica_label_and_the_sidecar_s_service() -> None:
    prometheus, thanos = VALUES["kube-prometheus-stack"], VALUES["thanos"]
    label = prometheus["prometheus"]["prometheusSpec"]["replicaExternalLabelName"]
    assert label in thanos["query"]["replicaLabels"]
    service = f"{prometheus['fullnameOverride']}-thanos-discovery"
    assert any(f"_grpc._tcp.{service}." in endpoint for endpoint in thanos["query"]["endpoints"]["static"])
    assert thanos["global"]["thanosRules"]["groups"]["thanosSidecar"]["jobPattern"] == service


def test_sidecar_and_components_read_the_same_secret() -> None:
    stack = VALUES["kube-prometheus-stack"]["prometheus"]["prometheusSpec"]["thanos"]["objectStorageConfig"]
    shared = VALUES["thanos"]["global"]["objstore"]
    assert stack["existingSecret"] == {"name": shared["secretName"], "key": shared["secretKey"]}
    assert shared["createSecret"] is False


def test_local_data_outlives_its_upload_and_fits_the_volume() -> None:
    spec = prometheus_values({**COMMON, "sizing": {"storage_gib": 100}})["prometheus"]["prometheusSpec"]
    assert spec["retention"] == "6h"
    assert int(spec["retention"][:-1]) >= 3 * defaults.PROMETHEUS_LOCAL_HOURS, "Thanos asks for three blocks' worth"
    assert spec["retentionSize"] == "80GB"
    claim = spec["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert claim["resources"]["requests"]["storage"] == "100Gi"
    assert claim["storageClassName"] == "gp3"


def test_the_role_is_where_the_bucket_is_used_and_nowhere_else() -> None:
    with_role = [path for chart in VALUES for path, value in leaves(VALUES[chart]) if value == ROLE]
    key = "serviceAccount.annotations.eks.amazonaws.com/role-arn"
    assert with_role == [f"{part}.{key}" for part in ("prometheus", "storegateway", "compactor", "ruler", "receive")]


def test_service_accounts_have_the_names_that_the_roles_trust() -> None:
    assert VALUES["kube-prometheus-stack"]["prometheus"]["serviceAccount"]["name"] == "kps-prometheus"
    account = VALUES["thanos"]["global"]["serviceAccount"]
    assert (account["create"], account["perComponent"]) == (False, True)
    assert names.thanos_s3_service_accounts(False) == ["thanos-storegateway", "thanos-compactor", "thanos-ruler"]
    assert names.thanos_s3_service_accounts(True)[-1] == "thanos-receive"


def test_replicas_are_those_of_the_seeds() -> None:
    thanos, stack = VALUES["thanos"], VALUES["kube-prometheus-stack"]
    assert stack["prometheus"]["prometheusSpec"]["replicas"] == 2
    assert stack["alertmanager"]["alertmanagerSpec"]["replicas"] == 3
    assert [thanos[part]["replicaCount"] for part in ("query", "queryFrontend", "storegateway")] == [2, 2, 2]
    assert (thanos["compactor"]["replicaCount"], thanos["receive"]["replicaCount"]) == (1, 3)
    assert thanos_values(COMMON)["receive"] == {"enabled": False}


@pytest.mark.parametrize("part", ["query", "queryFrontend", "storegateway", "compactor", "ruler", "receive"])
def test_every_part_of_thanos_has_requests_and_limits(part: str) -> None:
    given = VALUES["thanos"][part]["resources"]
    assert {*given["requests"], *given["limits"]} == {"cpu", "memory"}
    assert given["requests"]["memory"] == given["limits"]["memory"], "memory can't be taken back"


def test_sizes_may_arrive_as_floats_and_leave_as_whole_numbers() -> None:
    sizing: Any = {"replicas": 2.0, "storage_gib": 50.0, "alertmanager_replicas": 3.0}
    assert prometheus_values({**COMMON, "sizing": sizing}) == prometheus_values(COMMON)
    big: Any = {"cache_memory_mib": 2048.0}
    assert thanos_sizing(big)["cache_memory_mib"] == 2048
    assert prometheus_sizing_faults(sizing) == []


def test_the_sizes_of_a_larger_cluster_go_where_they_belong() -> None:
    spec = prometheus_values({**COMMON, "sizing": {"cpu": "4", "memory": "32Gi"}})["prometheus"]["prometheusSpec"]
    assert spec["resources"] == {
        "requests": {"cpu": "4", "memory": "32Gi"},
        "limits": {"cpu": "8000m", "memory": "32Gi"},
    }
    assert [twice(cpu) for cpu in ("500m", "1", "0.25", "12")] == ["1000m", "2000m", "500m", "24000m"]


def test_a_single_replica_gets_no_budget_that_would_block_every_drain() -> None:
    values = prometheus_values({**COMMON, "sizing": {"replicas": 1, "alertmanager_replicas": 1}})
    assert values["prometheus"]["podDisruptionBudget"]["enabled"] is False
    assert values["alertmanager"]["podDisruptionBudget"]["enabled"] is False
    assert "podDisruptionBudget" not in blackbox_exporter_values({"replicas": 1})


def test_autoscaling_is_off_where_there_is_nothing_to_scale_between() -> None:
    values = thanos_values({**COMMON, "sizing": {"query_replicas": 1, "query_max_replicas": 1}})
    assert values["query"]["autoscaling"]["enabled"] is False
    assert values["queryFrontend"]["replicaCount"] == 1
    assert thanos_values(COMMON)["query"]["autoscaling"] == {
        "enabled": True,
        "minReplicas": 2,
        "maxReplicas": 6,
        "targetCPUUtilizationPercentage": 70,
    }


@pytest.mark.parametrize(
    ("config", "service"),
    [
        (index_cache_config, names.INDEX_CACHE),
        (bucket_cache_config, names.BUCKET_CACHE),
        (response_cache_config, names.RESPONSE_CACHE),
    ],
)
def test_client_and_server_of_a_cache_agree(config: Any, service: str) -> None:
    client = yaml.safe_load(config("observability"))
    assert client["type"] == "MEMCACHED"
    address = f"dnssrvnoa+_memcached._tcp.{service}.observability.svc.cluster.local"
    assert client["config"]["addresses"] == [address], "by name, so that a restart moves no keys"
    made = memcached_manifests({"service_name": service, "max_item_mib": ITEM_MIB[service]})
    server = made.stateful_set["spec"]["template"]["spec"]["containers"][0]
    assert f"-I {ITEM_MIB[service]}m" in server["args"]
    assert client["config"]["max_item_size"] == f"{ITEM_MIB[service]}MiB"
    assert made.service["spec"]["clusterIP"] == "None"
    assert made.service["spec"]["publishNotReadyAddresses"] is True, "a store gateway starts only if it finds it"
    assert made.service["spec"]["ports"][0]["name"] == "memcached", "the SRV record's name"


def test_a_cache_has_room_for_more_than_its_items() -> None:
    made = memcached_manifests({"service_name": "c", "memory_mib": 1000})
    server = made.stateful_set["spec"]["template"]["spec"]["containers"][0]
    assert server["args"][0] == "-m 1000"
    assert server["resources"]["limits"]["memory"] == "1314Mi"


def test_blackbox_pings_without_raw_sockets() -> None:
    values = VALUES["prometheus-blackbox-exporter"]
    assert set(values["config"]["modules"]) == {"http_2xx", "tcp_connect", "icmp"}
    assert "NET_RAW" not in str(values)
    sysctls = values["podSecurityContext"]["sysctls"]
    assert sysctls == [{"name": "net.ipv4.ping_group_range", "value": "0 2147483647"}]


def test_pushgateway_keeps_what_was_pushed_and_the_labels_of_who_pushed() -> None:
    values = pushgateway_values({"namespace": "telemetry", "storage_class_name": "fast"})
    assert values["replicaCount"] == 1
    assert any(arg.startswith("--persistence.file=/data/") for arg in values["extraArgs"])
    assert values["persistentVolume"]["storageClass"] == "fast"
    assert values["serviceMonitor"] == {"enabled": True, "namespace": "telemetry", "honorLabels": True}


# --- retention ---------------------------------------------------------------------------------


def test_tiers_and_retention_are_those_of_the_seeds() -> None:
    assert metrics_retention(None) == (30, 90, 365)
    assert metrics_transitions(None) == [("STANDARD_IA", 30), ("GLACIER_IR", 90)]
    compactor = VALUES["thanos"]["compactor"]["retention"]
    assert compactor == {"resolutionRaw": "30d", "resolution5m": "90d", "resolution1h": "365d"}


def test_the_bucket_outlives_the_compactor_s_own_deletion() -> None:
    days = metrics_retention({"one_hour_days": 400})
    assert days.expire_after_days == 414
    assert bucket_expiry_faults(days, days.expire_after_days) == []
    (fault,) = bucket_expiry_faults(days, 402)
    assert str(fault) == (
        "expire_after_days: 402 must be more than 402 (days): one_hour_days (400) and Thanos' delay of deletion"
    )


@pytest.mark.parametrize(
    ("retention", "messages"),
    [
        ({"raw_days": 1}, ["retention.raw_days: 1 must be at least 2 (days): 5-minute data is made from 40 hours"]),
        (
            {"raw_days": 10, "five_minute_days": 12},
            ["retention.five_minute_days: 12 must be at least 16 (days): 1-hour data is made from 14 days"],
        ),
        (
            {"raw_days": 60, "five_minute_days": 45, "one_hour_days": 40},
            [
                "retention.five_minute_days: 45 must be at least raw_days (60)",
                "retention.one_hour_days: 40 must be at least five_minute_days (45)",
            ],
        ),
        ({"raw_days": 90, "five_minute_days": 90, "one_hour_days": 90}, []),
    ],
)
def test_retentions_that_delete_before_downsampling_are_refused(retention: Any, messages: list[str]) -> None:
    faults = [str(fault) for fault in metrics_retention_faults(retention)]
    assert len(faults) == len(messages)
    for fault, message in zip(faults, messages, strict=True):
        assert fault.startswith(message)


def test_the_least_retention_of_5_minute_data_lets_two_weeks_of_it_be_joined() -> None:
    """Thanos joins ranges of 14 days, and a range only when a block after it exists, which takes two days more.

    The first two-day block of a range is two days old when it is complete, so it has to live 14 days more.
    """
    oldest_age_when_joined = 14 + 2 - 2
    assert oldest_age_when_joined < defaults.METRICS_MIN_5M_DAYS <= oldest_age_when_joined + 2
    exists_after_hours, oldest_part_ended = 52, 8
    assert exists_after_hours - oldest_part_ended < defaults.METRICS_MIN_RAW_DAYS * 24


# --- bad sizes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizing", "message"),
    [
        ({"replicas": 0}, "prometheus.replicas: 0 must be a whole number from 1 to 3"),
        ({"replicas": 1.5}, "prometheus.replicas: 1.5 must be a whole number from 1 to 3"),
        ({"replicas": True}, "prometheus.replicas: True must be a whole number from 1 to 3"),
        ({"memory": "8G"}, "prometheus.memory: '8G' must be an amount of memory such as 512Mi or 8Gi"),
        ({"cpu": "lots"}, "prometheus.cpu: 'lots' must be an amount of CPU such as 500m or 2"),
        ({"storage_gib": 5}, "prometheus.storage_gib: 5 must be a whole number from 10 to 16384"),
        ({"replica": 2}, "prometheus.replica: 2 must be one of replicas, cpu,"),
    ],
)
def test_sizes_of_prometheus_that_cannot_work_are_refused(sizing: Any, message: str) -> None:
    (fault,) = prometheus_sizing_faults(sizing)
    assert str(fault).startswith(message)


@pytest.mark.parametrize(
    ("sizing", "message"),
    [
        ({"query_max_replicas": 1}, "thanos.query_max_replicas: 1 must be at least query_replicas (2)"),
        ({"store_replicas": 9}, "thanos.store_max_replicas: 6 must be at least store_replicas (9)"),
        ({"cache_memory_mib": 32}, "thanos.cache_memory_mib: 32 must be a whole number from 64 to 65536"),
        ({"compactor_memory": "4"}, "thanos.compactor_memory: '4' must be an amount of memory"),
    ],
)
def test_sizes_of_thanos_that_cannot_work_are_refused(sizing: Any, message: str) -> None:
    (fault,) = thanos_sizing_faults(sizing)
    assert str(fault).startswith(message)


def test_other_numbers_that_cannot_work_are_refused() -> None:
    assert [str(f) for f in blackbox_exporter_faults({"replicas": 0})] == [
        "replicas: 0 must be a whole number from 1 to 10"
    ]
    faults = memcached_faults({"service_name": "c", "memory_mib": 8, "max_item_mib": 200})
    assert [fault.path for fault in faults] == ["memory_mib", "max_item_mib"]


def test_all_faults_are_told_at_once() -> None:
    args: Any = {
        "object_store": {"endpoint": "http://s3:8333", "credentials_secret_name": "keys"},
        "certificate_issuer": "My CA",
        "retention": {"raw_days": 1},
        "prometheus": {"replicas": 7},
        "thanos": {"ruler_replicas": 0, "store_memory": "much"},
        "blackbox_replicas": 0,
    }
    assert [fault.path for fault in metrics_faults(args)] == [
        "object_store.endpoint",
        "certificate_issuer",
        "retention.raw_days",
        "prometheus.replicas",
        "thanos.ruler_replicas",
        "thanos.store_memory",
        "blackbox_replicas",
    ]


def test_without_another_s3_the_room_needs_an_account_a_key_and_an_identity_provider() -> None:
    args: Any = {"platform_name": "p", "cluster_name": "c", "region": "eu-west-1"}
    missing = [fault.path for fault in metrics_faults(args)]
    assert missing == ["account_id", "kms_key_arn", "oidc_provider_arn", "oidc_issuer"]

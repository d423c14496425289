"""The object store without AWS as data: values, keys, flows, bad arguments."""

import json
from typing import Any

import pytest

from components.foundation.object_store import object_store_faults
from components.foundation.pods import RESTRICTED_CONTAINER
from components.foundation.seaweedfs_values import (
    SeaweedFsArgs,
    seaweedfs_faults,
    seaweedfs_identities,
    seaweedfs_network,
    seaweedfs_object_store,
    seaweedfs_values,
)
from components.security.network_policy import network_policy_faults, network_policy_specs
from components.security.surroundings import OBJECT_STORE_PORT, surroundings
from tests.values.chart_keys import require_chart_keys, unknown_keys

POD = ("podSecurityContext", "containerSecurityContext", "resources")
FREE = [f"{part}.{key}" for part in ("master", "volume", "filer") for key in POD]
"""Written out by the chart as they are."""
FREE += ["master.extraEnvironmentVars", "filer.s3.createBuckets"]


def args(**over: Any) -> SeaweedFsArgs:
    base = {
        "namespace": "observability",
        "bucket_names": ["local-metrics", "local-logs"],
        "storage_class_name": "standard",
    }
    return {**base, **over}  # type: ignore[typeddict-item]


def test_the_chart_knows_every_key() -> None:
    require_chart_keys("seaweedfs")
    assert unknown_keys("seaweedfs", seaweedfs_values(args()), FREE) == []


def test_no_key_is_in_the_values_nor_left_to_the_chart_to_draw() -> None:
    values = seaweedfs_values(args())
    assert values["filer"]["s3"]["enableAuth"] is True
    assert values["filer"]["s3"]["existingConfigSecret"] == "seaweedfs-identities"
    assert "credentials" not in values.get("s3", {})
    assert values.get("allInOne", {}).get("enabled") is not True, "that form makes keys at random"


def test_the_only_identity_may_use_buckets_and_neither_make_nor_remove_them() -> None:
    (identity,) = json.loads(seaweedfs_identities("k" * 40))["identities"]
    assert identity["credentials"] == [{"accessKey": "observability", "secretKey": "k" * 40}]
    assert set(identity["actions"]) == {"Read", "Write", "List", "Tagging"}, "Admin would make and remove buckets"


@pytest.mark.parametrize("gib", [5, 20, 20.0, 100])
def test_its_files_leave_a_fifth_of_the_claim_free(gib: float) -> None:
    values = seaweedfs_values(args(storage_gib=gib))
    (folder,) = values["volume"]["dataDirs"]
    assert folder["size"] == f"{int(gib)}Gi"
    filled = folder["maxVolumes"] * values["master"]["volumeSizeLimitMB"] / 1024
    assert 0.75 * gib < filled <= 0.8 * gib, "0 would fill the whole disk that the claim is a folder of"


def test_every_bucket_can_be_written_to_in_the_smallest_store_that_is_accepted() -> None:
    buckets = [f"local-{number}" for number in range(15)]
    given = args(bucket_names=buckets, storage_gib=5)
    assert seaweedfs_faults(given) == []
    values = seaweedfs_values(given)
    at_once = int(values["master"]["extraEnvironmentVars"]["WEED_MASTER_VOLUME_GROWTH_COPY_1"])
    assert at_once * len(buckets) <= values["volume"]["dataDirs"][0]["maxVolumes"]


def test_no_part_has_more_rights_than_it_needs() -> None:
    values = seaweedfs_values(args())
    for part in ("master", "volume", "filer"):
        pod, container = values[part]["podSecurityContext"], values[part]["containerSecurityContext"]
        assert pod.pop("enabled") is container.pop("enabled") is True, "without it the chart ignores the rest"
        assert pod["runAsNonRoot"] is True
        assert container == RESTRICTED_CONTAINER
    assert values["global"]["seaweedfs"]["createClusterRole"] is False, "it would delete pods in every namespace"
    assert values["global"]["seaweedfs"]["automountServiceAccountToken"] is False
    assert values["volume"]["resizeHook"]["enabled"] is False


def test_scraping_can_be_left_out_on_a_cluster_without_the_operator() -> None:
    assert seaweedfs_values(args())["global"]["seaweedfs"]["monitoring"] == {"enabled": True}
    assert seaweedfs_values(args(service_monitor=False))["global"]["seaweedfs"]["monitoring"] == {"enabled": False}


def test_what_the_rooms_are_told_is_an_address_and_the_name_of_a_secret() -> None:
    store = seaweedfs_object_store("observability")
    assert object_store_faults("object_store", store) == []
    assert store == {
        "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
        "credentials_secret_name": "object-store-credentials",
        "insecure": True,
    }


def test_only_s3_and_metrics_are_open_to_others() -> None:
    network = seaweedfs_network("observability")
    assert network_policy_faults(network) == []
    (spec,) = network_policy_specs(network).values()
    assert spec["podSelector"]["matchLabels"] == surroundings()["object-store"]["labels"], "whom the rooms call"
    open_to = {
        json.dumps(rule["from"][0]["podSelector"] | rule["from"][0]["namespaceSelector"], sort_keys=True): [
            port["port"] for port in rule.get("ports", [])
        ]
        for rule in spec["ingress"]
    }
    here = {"kubernetes.io/metadata.name": "observability"}
    assert open_to == {
        json.dumps({"matchLabels": here}): [OBJECT_STORE_PORT],
        json.dumps({"matchLabels": {"operator.prometheus.io/name": "kps-prometheus"}}): [9327],
    } | {key: [] for key in open_to if "seaweedfs" in key or key == json.dumps({"matchLabels": {}})}
    outside = [peer for rule in spec["egress"] for peer in rule["to"] if "ipBlock" in peer]
    assert outside == [], "it calls nobody but itself and DNS"


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"bucket_names": []}, "bucket_names: [] must name at least one bucket"),
        ({"bucket_names": ["local-logs", "local-logs"]}, "bucket_names[1]: 'local-logs' must appear once only"),
        ({"bucket_names": ["Local"]}, "bucket_names[0]: 'Local' must be 3 to 63 lower-case letters"),
        ({"storage_class_name": ""}, "storage_class_name: '' must be the name of a storage class"),
        ({"storage_gib": 4}, "storage_gib: 4 must be a whole number from 5 to 16384"),
        ({"storage_gib": 7.5}, "storage_gib: 7.5 must be a whole number"),
        (
            {"bucket_names": [f"local-{n}" for n in range(30)], "storage_gib": 9},
            "storage_gib: 9 must be a whole number from 10 to 16384",
        ),
        ({"namespace": "Observability"}, "namespace: 'Observability' must be a DNS label"),
    ],
)
def test_bad_arguments_are_refused(over: dict[str, Any], message: str) -> None:
    assert any(str(fault).startswith(message) for fault in seaweedfs_faults(args(**over))), seaweedfs_faults(
        args(**over)
    )

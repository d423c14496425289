"""The SeaweedFS chart, rendered with our values."""

import shlex
from typing import Any

import pytest

from components.foundation.seaweedfs_values import (
    IDENTITIES_KEY,
    IDENTITIES_SECRET,
    seaweedfs_endpoint,
    seaweedfs_network,
    seaweedfs_values,
)
from components.security.network_policy import network_policy_specs
from tests.charts.rendering import (
    Manifest,
    _render,
    charts_or_skip,
    containers,
    named,
    of_kind,
    pods,
    render,
    resource_faults,
    restricted_faults,
)

ARGS: Any = {
    "namespace": "observability",
    "bucket_names": ["local-metrics", "local-logs"],
    "storage_class_name": "standard",
    "storage_gib": 20.0,
}
PARTS = ("master", "volume", "filer")


@pytest.fixture(scope="module")
def manifests() -> list[Manifest]:
    charts_or_skip("seaweedfs")
    return render("seaweedfs", "seaweedfs", seaweedfs_values(ARGS))


def command(manifests: list[Manifest], part: str) -> list[str]:
    (container,) = named(manifests, "StatefulSet", f"seaweedfs-{part}")["spec"]["template"]["spec"]["containers"]
    text: str = container["command"][-1]
    return shlex.split(text.replace("\\\n", " "))


def test_one_of_each_part_and_a_hook_that_makes_the_buckets(manifests: list[Manifest]) -> None:
    assert {pod.workload for pod in pods(manifests)} == {
        *(f"StatefulSet/seaweedfs-{part}" for part in PARTS),
        "Job/seaweedfs-bucket-hook",
    }
    assert {s["spec"]["replicas"] for s in of_kind(manifests, "StatefulSet")} == {1}
    hook = named(manifests, "Job", "seaweedfs-bucket-hook")
    assert hook["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade", "so buckets can be added"
    text = hook["spec"]["template"]["spec"]["containers"][0]["command"][-1]
    for bucket in ARGS["bucket_names"]:
        assert f"s3.bucket.create --name {bucket}'" in text


def test_every_pod_satisfies_pod_security_restricted_and_has_requests_and_limits(manifests: list[Manifest]) -> None:
    for pod in pods(manifests):
        assert restricted_faults(pod) == [], pod.workload
        for container in containers(pod):
            assert resource_faults(container) == []
            assert container["securityContext"]["readOnlyRootFilesystem"], pod.workload
    assert [v for pod in pods(manifests) for v in pod.spec.get("volumes", []) if "hostPath" in v] == []


def test_nothing_is_drawn_at_random_and_no_secret_is_made(manifests: list[Manifest]) -> None:
    _render.cache_clear()
    assert render("seaweedfs", "seaweedfs", seaweedfs_values(ARGS)) == manifests
    assert of_kind(manifests, "Secret") == []


def test_s3_asks_for_the_keys_of_our_secret(manifests: list[Manifest]) -> None:
    pod = named(manifests, "StatefulSet", "seaweedfs-filer")["spec"]["template"]["spec"]
    arguments = command(manifests, "filer")
    assert "-s3" in arguments
    (config,) = [a.partition("=")[2] for a in arguments if a.startswith("-s3.config=")]
    (volume,) = [v["name"] for v in pod["volumes"] if v.get("secret", {}).get("secretName") == IDENTITIES_SECRET]
    (mount,) = [m["mountPath"] for m in pod["containers"][0]["volumeMounts"] if m["name"] == volume]
    assert config == f"{mount}/{IDENTITIES_KEY}", "without this file everybody is let in"


def test_the_address_is_that_of_a_service_of_the_filer(manifests: list[Manifest]) -> None:
    host, _, port = seaweedfs_endpoint("observability").partition(":")
    name, namespace = host.split(".")[:2]
    service = named(manifests, "Service", name)
    assert service["metadata"]["namespace"] == namespace
    assert int(port) in [p["port"] for p in service["spec"]["ports"]]
    filer = named(manifests, "StatefulSet", "seaweedfs-filer")["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= filer.items()


def test_its_files_are_as_small_and_few_as_was_asked(manifests: list[Manifest]) -> None:
    assert "-volumeSizeLimitMB=128" in command(manifests, "master")
    volume = command(manifests, "volume")
    assert volume[volume.index("-max") + 1] == "128"
    (container,) = named(manifests, "StatefulSet", "seaweedfs-master")["spec"]["template"]["spec"]["containers"]
    growth = [e["value"] for e in container["env"] if e["name"] == "WEED_MASTER_VOLUME_GROWTH_COPY_1"]
    assert growth == ["2"], "the chart sets 7, and a variable wins over the file"
    assert "-telemetry=false" in command(manifests, "master")


def test_everything_is_on_volumes_of_the_class_that_was_asked_for(manifests: list[Manifest]) -> None:
    sizes = {}
    for part in PARTS:
        (claim,) = named(manifests, "StatefulSet", f"seaweedfs-{part}")["spec"]["volumeClaimTemplates"]
        assert claim["spec"]["storageClassName"] == "standard"
        sizes[part] = claim["spec"]["resources"]["requests"]["storage"]
    assert sizes == {"master": "1Gi", "volume": "20Gi", "filer": "2Gi"}


def test_it_asks_nothing_of_kubernetes(manifests: list[Manifest]) -> None:
    assert of_kind(manifests, "ClusterRole") == of_kind(manifests, "ClusterRoleBinding") == []
    assert [account["automountServiceAccountToken"] for account in of_kind(manifests, "ServiceAccount")] == [False]
    assert of_kind(manifests, "Ingress") == []
    for service in of_kind(manifests, "Service"):
        assert service["spec"].get("type", "ClusterIP") == "ClusterIP"


def test_every_pod_has_the_policy_and_prometheus_finds_each_part(manifests: list[Manifest]) -> None:
    (spec,) = network_policy_specs(seaweedfs_network("observability")).values()
    selector = spec["podSelector"]["matchLabels"]
    assert all(selector.items() <= pod.labels.items() for pod in pods(manifests))
    assert len(of_kind(manifests, "ServiceMonitor")) == len(PARTS)
    without = render("seaweedfs", "seaweedfs", seaweedfs_values({**ARGS, "service_monitor": False}))
    assert of_kind(without, "ServiceMonitor") == []

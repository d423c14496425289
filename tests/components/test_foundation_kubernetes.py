"""HelmRelease, StorageClass and Namespace: what reaches Helm and Kubernetes, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from components.foundation.helm_release import HelmRelease, HelmReleaseArgs, chart_location
from components.foundation.namespace import Namespace
from components.foundation.storage_class import StorageClass
from components.versions import CHARTS
from tests.components.recorder import Runner


def args(**over: Any) -> HelmReleaseArgs:
    base = {"chart": "thanos", "namespace": "observability", "release_name": "thanos", "values": {"query": {"x": 1}}}
    return {**base, **over}  # type: ignore[typeddict-item]


def release(run: Runner, **over: Any) -> dict[str, Any]:
    return run(lambda: HelmRelease("thanos", args(**over)) and None).named("thanos-release").inputs


def test_a_release_is_exact_all_or_nothing_and_bounded_in_time(run: Runner) -> None:
    inputs = release(run)
    assert inputs["version"] == CHARTS["thanos"].version
    assert inputs["name"] == "thanos", "or Pulumi names it at random and every name derived from it changes"
    assert inputs["atomic"] is inputs["cleanupOnFail"] is True
    assert (inputs["timeout"], inputs["skipCrds"], inputs["createNamespace"]) == (600, True, False)
    assert inputs["values"] == {"query": {"x": 1}}


def test_timeout_and_crds_can_be_chosen(run: Runner) -> None:
    inputs = release(run, timeout_seconds=900.0, skip_crds=False)
    assert (inputs["timeout"], inputs["skipCrds"]) == (900, False)


def test_upstream_oci_charts_are_named_by_their_reference(run: Runner) -> None:
    inputs = release(run)
    assert inputs["chart"] == "oci://ghcr.io/thanos-community/helm-charts/thanos"
    assert "repositoryOpts" not in inputs


def test_upstream_repositories_are_given_as_such(run: Runner) -> None:
    inputs = release(run, chart="prometheus-pushgateway", release_name="pushgateway")
    assert inputs["chart"] == "prometheus-pushgateway"
    assert inputs["repositoryOpts"] == {"repo": "https://prometheus-community.github.io/helm-charts"}


def test_a_registry_replaces_every_upstream(run: Runner) -> None:
    for chart in CHARTS:
        where = chart_location(chart, "oci://registry.example/charts/")
        assert where == (f"oci://registry.example/charts/{chart}", CHARTS[chart].version, "")


def test_a_folder_of_charts_replaces_every_upstream(run: Runner, tmp_path: Path) -> None:
    file = tmp_path / f"thanos-{CHARTS['thanos'].version}.tgz"
    file.touch()
    assert release(run, charts_source=str(tmp_path))["chart"] == str(file)


def test_a_chart_that_the_folder_lacks_is_named_before_anything_is_made(run: Runner, tmp_path: Path) -> None:
    message = run.refused(lambda: HelmRelease("thanos", args(charts_source=str(tmp_path))) and None)
    assert f"hold thanos-{CHARTS['thanos'].version}.tgz" in message
    assert str(tmp_path) in message


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"chart": "tanos"}, "chart: 'tanos' must be a chart of the versions file; the nearest is thanos"),
        ({"chart": "kube-prometheus"}, "the nearest is kube-prometheus-stack"),
        ({"charts_source": "https://charts.example"}, "must be empty, an oci:// prefix or a folder of charts"),
        ({"release_name": "Thanos"}, "release_name: 'Thanos' must be a DNS label"),
        ({"release_name": "t" * 54}, "have at most 53 characters"),
        ({"namespace": "my_ns"}, "namespace: 'my_ns' must be a DNS label"),
        ({"timeout_seconds": 0}, "timeout_seconds: 0 must be 30 to 3600 (seconds)"),
    ],
)
def test_bad_releases_are_refused(run: Runner, over: dict[str, Any], message: str) -> None:
    assert message in run.refused(lambda: HelmRelease("thanos", args(**over)) and None)


def test_a_release_waits_for_the_namespace_whose_name_it_was_given(run: Runner) -> None:
    def program() -> None:
        namespace = Namespace("ns", {"namespace": "observability", "pod_security": "restricted"})
        HelmRelease("thanos", args(namespace=namespace.namespace_name))

    registered = run(program, preview=True)
    assert registered.named("thanos-release").inputs["namespace"] == "observability"
    assert registered.waits_for("thanos-release", "ns-namespace")


def test_volumes_are_encrypted_growable_and_made_where_the_pod_is(run: Runner) -> None:
    inputs = run(lambda: StorageClass("gp3", {"kms_key_arn": "arn:key"}) and None).named("gp3-storage-class").inputs
    assert inputs["provisioner"] == "ebs.csi.aws.com"
    assert inputs["parameters"] == {
        "type": "gp3",
        "encrypted": "true",
        "kmsKeyId": "arn:key",
        "csi.storage.k8s.io/fstype": "ext4",
    }
    assert inputs["volumeBindingMode"] == "WaitForFirstConsumer"
    assert inputs["allowVolumeExpansion"] is True
    assert inputs["reclaimPolicy"] == "Retain"
    assert inputs["metadata"]["name"] == "gp3"
    assert inputs["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}


def test_volumes_are_encrypted_without_a_key_of_ours_too(run: Runner) -> None:
    registered = run(lambda: StorageClass("s", {"protect": False, "default": False}) and None)
    inputs = registered.named("s-storage-class").inputs
    assert inputs["parameters"]["encrypted"] == "true"
    assert "kmsKeyId" not in inputs["parameters"]
    assert inputs["reclaimPolicy"] == "Delete"
    assert inputs["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "false"}


def test_a_namespace_enforces_its_pod_security_level(run: Runner) -> None:
    inputs = run(lambda: Namespace("ns", {"namespace": "obs", "pod_security": "restricted"}) and None)
    labels = inputs.named("ns-namespace").inputs["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}
    assert labels["app.kubernetes.io/part-of"] == "eks-observability"


def test_a_level_that_kubernetes_does_not_know_is_refused(run: Runner) -> None:
    """Kubernetes takes a misspelt level for none at all, and only warns."""
    message = run.refused(lambda: Namespace("ns", {"namespace": "obs", "pod_security": "strict"}) and None)
    assert "pod_security: 'strict' must be one of restricted, baseline, privileged" in message

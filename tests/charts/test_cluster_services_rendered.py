"""The charts of the cluster services, rendered with our values."""

from typing import Any

import pytest

from components.foundation.cluster_autoscaler import cluster_autoscaler_values
from components.foundation.karpenter_values import karpenter_values
from components.foundation.load_balancer_controller import load_balancer_controller_values
from components.foundation.metrics_server import metrics_server_monitor, metrics_server_values
from tests.charts.rendering import (
    Manifest,
    charts_or_skip,
    containers,
    named,
    of_kind,
    pods,
    render,
    resource_faults,
    restricted_faults,
)

ROLE = "arn:aws:iam::123456789012:role/obs-x-eu-west-1"
BASE: Any = {
    "cluster_name": "obs",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "oidc_provider_arn": "arn",
    "oidc_issuer": "issuer",
}
VALUES: dict[str, dict[str, Any]] = {
    "aws-load-balancer-controller": load_balancer_controller_values(
        {**BASE, "vpc_id": "vpc-1", "certificate_issuer": "observability-ca"}, ROLE
    ),
    "cluster-autoscaler": cluster_autoscaler_values({**BASE, "kubernetes_version": "1.34"}, ROLE),
    "karpenter": karpenter_values(BASE, ROLE, "obs-karpenter"),
    "metrics-server": metrics_server_values({"certificate_issuer": "observability-ca"}),
}


@pytest.fixture(scope="module", autouse=True)
def _charts() -> None:
    charts_or_skip(*VALUES, "karpenter-crd")


def manifests(chart: str) -> list[Manifest]:
    return render(chart, chart, VALUES[chart], "kube-system")


def arguments(chart: str) -> list[str]:
    (pod,) = pods(manifests(chart))
    return [*pod.spec["containers"][0].get("command", []), *pod.spec["containers"][0].get("args", [])]


@pytest.mark.parametrize("chart", VALUES)
def test_every_controller_is_restricted_bounded_spread_and_runs_twice(chart: str) -> None:
    (deployment,) = of_kind(manifests(chart), "Deployment")
    assert deployment["spec"]["replicas"] == 2
    assert len(of_kind(manifests(chart), "PodDisruptionBudget")) == 1
    (pod,) = pods(manifests(chart))
    assert restricted_faults(pod) == []
    for container in containers(pod):
        assert resource_faults(container) == []
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
    for rule in pod.spec["topologySpreadConstraints"]:
        assert rule["labelSelector"]["matchLabels"].items() <= pod.labels.items()
    assert pod.spec["priorityClassName"] == "system-cluster-critical"
    assert {"key": "CriticalAddonsOnly", "operator": "Exists"} in pod.spec["tolerations"]


@pytest.mark.parametrize("chart", ["aws-load-balancer-controller", "cluster-autoscaler", "karpenter"])
def test_the_role_is_on_the_service_account_of_the_pods(chart: str) -> None:
    (account,) = of_kind(manifests(chart), "ServiceAccount")
    (pod,) = pods(manifests(chart))
    assert account["metadata"]["name"] == pod.spec["serviceAccountName"] == chart
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == ROLE


def test_load_balancers_do_without_the_nodes_metadata_and_without_waf_classic_and_shield() -> None:
    given = arguments("aws-load-balancer-controller")
    assert {"--aws-region=eu-west-1", "--aws-vpc-id=vpc-1", "--cluster-name=obs"} <= set(given)
    assert {"--enable-shield=false", "--enable-waf=false"} <= set(given)


def test_no_webhook_is_asked_about_every_service() -> None:
    (hooks,) = of_kind(manifests("aws-load-balancer-controller"), "MutatingWebhookConfiguration")
    resources = [kind for hook in hooks["webhooks"] for rule in hook["rules"] for kind in rule["resources"]]
    assert "services" not in resources
    certificate = named(manifests("aws-load-balancer-controller"), "Certificate", "aws-load-balancer-serving-cert")
    assert certificate["spec"]["issuerRef"]["name"] == "observability-ca"


def test_the_autoscaler_matches_the_cluster_and_finds_its_groups_by_tag() -> None:
    (pod,) = pods(manifests("cluster-autoscaler"))
    assert ":v1.34." in pod.spec["containers"][0]["image"]
    given = arguments("cluster-autoscaler")
    assert (
        "--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/obs" in given
    )
    assert "--balance-similar-node-groups=true" in given
    assert "--skip-nodes-with-local-storage=false" in given
    monitor = named(manifests("cluster-autoscaler"), "ServiceMonitor", "cluster-autoscaler")
    assert monitor["metadata"]["namespace"] == "kube-system", "the chart's default belongs to nobody here"


def test_karpenter_knows_its_cluster_and_its_queue_and_keeps_off_its_own_nodes() -> None:
    (pod,) = pods(manifests("karpenter"))
    environment = {e["name"]: e.get("value") for e in pod.spec["containers"][0]["env"]}
    assert environment["CLUSTER_NAME"] == "obs"
    assert environment["INTERRUPTION_QUEUE"] == "obs-karpenter"
    terms = pod.spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert {"key": "karpenter.sh/nodepool", "operator": "DoesNotExist"} in terms[0]["matchExpressions"]


def test_karpenters_custom_resources_are_defined_by_the_other_release() -> None:
    crds = {
        crd["metadata"]["name"]
        for crd in of_kind(render("karpenter-crd", "karpenter-crd", {}, "kube-system"), "CustomResourceDefinition")
    }
    assert {"ec2nodeclasses.karpenter.k8s.aws", "nodepools.karpenter.sh"} <= crds


def test_the_api_server_checks_metrics_servers_certificate() -> None:
    made = manifests("metrics-server")
    spec = named(made, "APIService", "v1beta1.metrics.k8s.io")["spec"]
    assert not spec.get("insecureSkipTLSVerify")
    issuer = named(made, "Certificate", "metrics-server")["spec"]["issuerRef"]
    assert (issuer["kind"], issuer["name"]) == ("ClusterIssuer", "observability-ca")
    assert "--kubelet-insecure-tls" not in arguments("metrics-server")
    assert not of_kind(made, "ServiceMonitor"), "the chart's would check nothing"


def test_our_monitor_of_metrics_server_finds_it_under_a_name_in_its_certificate() -> None:
    made, monitor = manifests("metrics-server"), metrics_server_monitor()
    service = named(made, "Service", "metrics-server")
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    names = named(made, "Certificate", "metrics-server")["spec"]["dnsNames"]
    assert endpoint["tlsConfig"]["serverName"] in names
    assert (
        endpoint["tlsConfig"]["ca"]["secret"]["name"]
        == named(made, "Certificate", "metrics-server")["spec"]["secretName"]
    )

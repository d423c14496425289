"""The charts of certificates and secrets, rendered with our values: what really reaches the cluster."""

from typing import Any

import pytest

from components.security.cert_manager_values import (
    CA_INJECTOR,
    CONTROLLER,
    METRICS_PORT,
    STARTUP_CHECK,
    WEBHOOK,
    WEBHOOK_PORT,
    cert_manager_network,
    cert_manager_values,
    service_account,
)
from components.security.external_secrets_values import external_secrets_network, external_secrets_values
from components.security.network_policy import network_policy_specs
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

ROLE = "arn:aws:iam::123456789012:role/obs-secrets-eu-west-1"
STORES: Any = {
    "platform_name": "obs",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "oidc_provider_arn": "arn",
    "oidc_issuer": "issuer",
    "kms_key_arn": "arn",
    "namespaces": ["observability"],
}


@pytest.fixture(scope="module", autouse=True)
def _charts() -> None:
    charts_or_skip("cert-manager", "external-secrets")


@pytest.fixture(scope="module")
def cert_manager() -> list[Manifest]:
    return render("cert-manager", "cert-manager", cert_manager_values({}), "cert-manager")


def external_secrets(**over: Any) -> list[Manifest]:
    return render(
        "external-secrets", "external-secrets", external_secrets_values({**STORES, **over}, ROLE), "external-secrets"
    )


def test_every_pod_is_restricted_bounded_and_cannot_write_its_root(cert_manager: list[Manifest]) -> None:
    every = [*cert_manager, *external_secrets(), *external_secrets(certificate_issuer="observability-ca")]
    for pod in pods(every):
        assert restricted_faults(pod) == [], pod.workload
        for container in containers(pod):
            assert resource_faults(container) == [], pod.workload
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, pod.workload


def test_three_parts_run_twice_with_a_budget_each(cert_manager: list[Manifest]) -> None:
    deployments = of_kind(cert_manager, "Deployment")
    assert {d["spec"]["replicas"] for d in deployments} == {2}
    assert len(deployments) == len(of_kind(cert_manager, "PodDisruptionBudget")) == 3
    for deployment in deployments:
        pod = deployment["spec"]["template"]
        for rule in pod["spec"]["topologySpreadConstraints"]:
            wanted = rule["labelSelector"]["matchLabels"]
            assert wanted.items() <= pod["metadata"]["labels"].items(), "a spread that counts no pod spreads none"


def test_leaders_are_elected_in_the_namespace_itself(cert_manager: list[Manifest]) -> None:
    arguments = [argument for pod in pods(cert_manager) for argument in pod.spec["containers"][0].get("args", [])]
    assert arguments.count("--leader-election-namespace=cert-manager") == 2, "controller and injector"
    roles = {m["metadata"]["namespace"] for m in of_kind(cert_manager, "Role") if "leaderelection" in str(m)}
    assert roles == {"cert-manager"}


def test_the_charts_crds_survive_the_release(cert_manager: list[Manifest]) -> None:
    crds = of_kind(cert_manager, "CustomResourceDefinition")
    assert len(crds) == 6
    assert {crd["metadata"]["annotations"]["helm.sh/resource-policy"] for crd in crds} == {"keep"}


def test_policies_select_the_pods_that_there_are(cert_manager: list[Manifest]) -> None:
    for manifests, network in (
        (cert_manager, cert_manager_network()),
        (external_secrets(), external_secrets_network(True)),
        (external_secrets(certificate_issuer="ca"), external_secrets_network(False)),
    ):
        selectors = {name: spec["podSelector"]["matchLabels"] for name, spec in network_policy_specs(network).items()}
        for pod in pods(manifests):
            hit = [name for name, wanted in selectors.items() if wanted.items() <= pod.labels.items()]
            assert len(hit) == 1, f"{pod.workload}: {hit}"
        assert len(selectors) == len(list(pods(manifests))), "no policy for nobody"


def test_open_ports_are_those_of_the_containers(cert_manager: list[Manifest]) -> None:
    ports = {
        pod.labels["app.kubernetes.io/name"]: {p["containerPort"] for c in containers(pod) for p in c.get("ports", [])}
        for pod in pods(cert_manager)
    }
    assert WEBHOOK_PORT in ports[WEBHOOK]
    for part in (CONTROLLER, WEBHOOK, CA_INJECTOR):
        assert METRICS_PORT in ports[part]
    assert ports[STARTUP_CHECK] == set()


def test_service_accounts_have_the_names_that_we_say(cert_manager: list[Manifest]) -> None:
    for pod in pods(cert_manager):
        name = pod.labels["app.kubernetes.io/name"]
        assert pod.spec["serviceAccountName"] == service_account(name)


def test_nobody_gets_rights_on_certificates_through_a_namespaces_roles(cert_manager: list[Manifest]) -> None:
    for manifests in (cert_manager, external_secrets()):
        for role in of_kind(manifests, "ClusterRole"):
            aggregated = [key for key in role["metadata"].get("labels", {}) if "aggregate-to-" in key]
            assert set(aggregated) <= {"rbac.authorization.k8s.io/aggregate-to-cluster-reader"}, role["metadata"][
                "name"
            ]


def test_the_controller_of_secrets_mints_no_tokens() -> None:
    role = named(external_secrets(), "ClusterRole", "external-secrets-controller")
    assert not [rule for rule in role["rules"] if "serviceaccounts/token" in rule["resources"]]


def test_the_webhook_of_secrets_is_certified_by_the_authority() -> None:
    manifests = external_secrets(certificate_issuer="observability-ca")
    certificate = named(manifests, "Certificate", "external-secrets-webhook")
    assert certificate["spec"]["issuerRef"] == {
        "group": "cert-manager.io",
        "kind": "ClusterIssuer",
        "name": "observability-ca",
    }
    assert {d["metadata"]["name"] for d in of_kind(manifests, "Deployment")} == {
        "external-secrets",
        "external-secrets-webhook",
    }, "nobody needs to sign for it"


def test_the_role_is_the_controllers_alone() -> None:
    annotated = [
        account["metadata"]["name"]
        for account in of_kind(external_secrets(), "ServiceAccount")
        if "eks.amazonaws.com/role-arn" in (account["metadata"].get("annotations") or {})
    ]
    assert annotated == ["external-secrets"]


def test_without_the_prometheus_operator_no_monitor_is_made() -> None:
    small = render(
        "cert-manager", "cert-manager", cert_manager_values({"replicas": 1, "service_monitor": False}), "cert-manager"
    )
    assert not of_kind(small, "ServiceMonitor")
    assert not of_kind(small, "PodDisruptionBudget")
    assert not of_kind(external_secrets(service_monitor=False, replicas=1), "ServiceMonitor")

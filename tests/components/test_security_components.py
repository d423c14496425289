"""CertManager, ExternalSecrets and ExternalSecret as resources: what is made, in which order, known when."""

import json
from typing import Any

import pulumi
import pytest

from components.security.cert_manager import CertManager
from components.security.external_secret import ExternalSecret, ExternalSecretArgs
from components.security.external_secrets import ExternalSecrets, ExternalSecretsArgs
from tests.components.recorder import ACCOUNT, REGION, Registrations, Runner
from tests.values.iam_evaluator import decide

ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/ABCDEF"


def stores(**over: Any) -> ExternalSecretsArgs:
    base: dict[str, Any] = {
        "platform_name": "obs",
        "account_id": ACCOUNT,
        "region": REGION,
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
        "oidc_issuer": ISSUER,
        "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
        "namespaces": ["observability"],
    }
    return {**base, **over}  # type: ignore[typeddict-item]


def secret() -> ExternalSecretArgs:
    return {
        "secret_name": "grafana-oauth",
        "namespace": "observability",
        "store_name": "secrets-manager",
        "keys": {"secret": "/obs/grafana/oauth"},
    }


def values(registered: Registrations, release: str) -> Any:
    (found,) = [r for r in registered.of_type(":Release") if r.inputs["name"] == release]
    return found.inputs["values"]


def test_the_authority_comes_after_a_cert_manager_that_is_ready(run: Runner) -> None:
    registered = run(lambda: CertManager("certificates", {}) and None)
    chain = ["certificates-clusterissuer", "certificates-certificate", "certificates-issuer"]
    for later, earlier in zip(chain, [*chain[1:], "certificates-cert-manager-release"], strict=True):
        assert registered.waits_for(later, earlier), f"{later} before {earlier}"
    release = "certificates-cert-manager-release"
    assert registered.waits_for(release, "certificates-network-startupapicheck"), "its last step asks the API server"
    (namespace,) = registered.of_type("core/v1:Namespace")
    assert namespace.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert registered.named("certificates-namespace-default-deny").inputs["spec"]["podSelector"] == {}


def test_whoever_uses_the_issuer_waits_for_it_and_knows_its_name(run: Runner) -> None:
    from pulumi_aws.kms import Alias

    registered = run(
        lambda: Alias("user", name=CertManager("certificates", {}).issuer_name, target_key_id="k") and None,
        preview=True,
    )
    assert registered.named("user").inputs["name"] == "observability-ca"
    assert registered.waits_for("user", "certificates-clusterissuer")


def test_nothing_of_the_prometheus_operator_is_needed_unless_asked_for(run: Runner) -> None:
    with_monitor = run(lambda: CertManager("c", {}) and None)
    assert [r.inputs["metadata"]["name"] for r in with_monitor.of_type(":PrometheusRule")] == ["cert-manager"]
    without = run(lambda: CertManager("c", {"service_monitor": False}) and None)
    assert not without.of_type(":PrometheusRule")
    without = run(lambda: ExternalSecrets("s", stores(service_monitor=False)) and None)
    assert not without.of_type(":PrometheusRule")


def test_stores_come_after_the_operator_and_its_rights(run: Runner) -> None:
    registered = run(lambda: ExternalSecrets("secrets", stores()) and None)
    for store in ("secrets-secrets-manager", "secrets-parameter-store"):
        assert registered.waits_for(store, "secrets-external-secrets-release")
        assert registered.waits_for(store, "secrets-role-secrets-key"), "a store is tried at once"
    annotations = values(registered, "external-secrets")["serviceAccount"]["annotations"]
    assert annotations == {"eks.amazonaws.com/role-arn": f"arn:aws:iam::{ACCOUNT}:role/obs-secrets-{REGION}"}


def test_the_role_trusts_the_controller_and_only_the_keys_document_waits_for_the_key(run: Runner) -> None:
    def program() -> None:
        from pulumi_aws.kms import Key

        ExternalSecrets("secrets", stores(kms_key_arn=Key("key").arn, push_parameter_names=["/obs/clusters/a/ca"]))

    registered = run(program, preview=True)
    trust = json.loads(registered.named("secrets-role-role").inputs["assumeRolePolicy"])
    (statement,) = trust["Statement"]
    assert statement["Condition"]["StringEquals"][f"{ISSUER}:sub"] == (
        "system:serviceaccount:external-secrets:external-secrets"
    )
    assert registered.named("secrets-role-secrets-key").inputs["policy"] is None, "unknown until the key exists"
    read = json.loads(registered.named("secrets-role-secrets").inputs["policy"])
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:/obs/x-AbCdEf"
    assert decide(read, "secretsmanager:GetSecretValue", arn) == "allow", "and policies can judge it"
    publish = json.loads(registered.named("secrets-role-publish").inputs["policy"])
    parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/obs/clusters/a/ca"
    assert decide(publish, "ssm:PutParameter", parameter) == "allow"
    assert "None" not in str(values(registered, "external-secrets"))


def test_without_parameters_to_publish_there_is_no_right_to(run: Runner) -> None:
    registered = run(lambda: ExternalSecrets("secrets", stores()) and None)
    assert {r.inputs["name"] for r in registered.of_type("iam/rolePolicy:RolePolicy")} == {"secrets", "secrets-key"}


def test_a_bounded_account_bounds_the_role(run: Runner) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    registered = run(lambda: ExternalSecrets("s", stores(permissions_boundary_arn=boundary)) and None)
    assert registered.named("s-role-role").inputs["permissionsBoundary"] == boundary


def test_secrets_go_before_the_operator_whose_crds_they_need(run: Runner) -> None:
    def program() -> None:
        operator = ExternalSecrets("secrets", stores())
        ExternalSecret("oauth", secret(), pulumi.ResourceOptions(depends_on=[operator]))

    registered = run(program)
    assert registered.waits_for("oauth-external-secret", "secrets-secrets-manager"), "and is deleted before it"


def test_a_secrets_values_are_in_no_input_at_all(run: Runner) -> None:
    registered = run(lambda: ExternalSecret("oauth", secret()) and None)
    (made,) = registered.of_type(":ExternalSecret")[-1:]
    assert made.inputs["spec"]["data"] == [{"secretKey": "secret", "remoteRef": {"key": "/obs/grafana/oauth"}}]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CertManager("c", {"replicas": 9}), "CertManager 'c': replicas: 9 must be 1 to 5"),
        (lambda: ExternalSecrets("s", stores(namespaces=[])), "ExternalSecrets 's': namespaces: []"),
        (lambda: ExternalSecret("e", {**secret(), "keys": {}}), "ExternalSecret 'e': keys: {}"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_made(run: Runner, make: Any, message: str) -> None:
    assert message in run.refused(lambda: make() and None)

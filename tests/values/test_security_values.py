"""cert-manager, the cluster's authority and External Secrets as data: values, rights, resources, bad arguments."""

import json
from typing import Any

import pytest

from components.security.cert_manager_values import (
    AUTHORITY_DURATION_HOURS,
    AUTHORITY_RENEW_BEFORE_HOURS,
    CERT_MANAGER_ALERTS,
    authority_specs,
    cert_manager_faults,
    cert_manager_values,
)
from components.security.certificate import DURATION_HOURS, ISSUER, RENEW_BEFORE_HOURS
from components.security.external_secret import external_secret_faults, external_secret_spec
from components.security.external_secrets_values import (
    EXTERNAL_SECRETS_ALERTS,
    external_secrets_faults,
    external_secrets_values,
    store_spec,
)
from components.security.secret_access import parameters_publish, secrets_key_use, secrets_read
from tests.values.chart_keys import require_chart_keys, unknown_keys
from tests.values.iam_evaluator import decide

ACCOUNT, REGION = "123456789012", "eu-west-1"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/obs-secrets-{REGION}"
STORES: Any = {
    "platform_name": "obs",
    "account_id": ACCOUNT,
    "region": REGION,
    "oidc_provider_arn": "arn",
    "oidc_issuer": "issuer",
    "kms_key_arn": KEY,
    "namespaces": ["observability", "observability-agents"],
}
ONE: Any = {
    "secret_name": "grafana-oauth",
    "namespace": "observability",
    "store_name": "secrets-manager",
    "keys": {"client_secret": "/obs/grafana/oauth#client_secret", "all": "/obs/grafana/oauth"},
}
COMMENTED = ["serviceAccount.name", "podDisruptionBudget.maxUnavailable"]
"""Keys of cert-manager's that its values file shows in comments only; its schema, which is strict, takes them."""


# --- rights


def test_the_role_reads_its_platforms_path_and_nothing_beside_it() -> None:
    document = secrets_read("obs", ACCOUNT, REGION)
    assert decide(document, "secretsmanager:GetSecretValue", f"{SECRET}/obs/grafana/admin-AbCdEf") == "allow"
    assert decide(document, "secretsmanager:DescribeSecret", f"{SECRET}/obs/x-AbCdEf") == "allow"
    assert decide(document, "ssm:GetParameter", f"{PARAMETER}/obs/x") == "allow"
    for name in ("/obs2/x", "/other/obs/x", "obs/x", "rds!db-1"):
        assert decide(document, "secretsmanager:GetSecretValue", f"{SECRET}{name}-AbCdEf") == "none", name
    for name in ("/obs2/x", "/other/x", "/obs"):
        assert decide(document, "ssm:GetParameter", f"{PARAMETER}{name}") == "none", name
    for region_or_account in (SECRET.replace(REGION, "eu-west-2"), SECRET.replace(ACCOUNT, "210987654321")):
        assert decide(document, "secretsmanager:GetSecretValue", f"{region_or_account}/obs/x-AbCdEf") == "none"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("secretsmanager:PutSecretValue", f"{SECRET}/obs/x-AbCdEf"),
        ("secretsmanager:DeleteSecret", f"{SECRET}/obs/x-AbCdEf"),
        ("secretsmanager:ListSecrets", "*"),
        ("ssm:PutParameter", f"{PARAMETER}/obs/x"),
        ("ssm:DescribeParameters", "*"),
        ("kms:Decrypt", KEY),
    ],
)
def test_reading_is_all_that_it_may_do_there(action: str, resource: str) -> None:
    assert decide(secrets_read("obs", ACCOUNT, REGION), action, resource) == "none"


def test_another_clusters_parameter_is_read_only_where_it_is_named() -> None:
    centre = "/centre/clusters/centre/ca"
    assert decide(secrets_read("games", ACCOUNT, REGION, [centre]), "ssm:GetParameter", PARAMETER + centre) == "allow"
    assert decide(secrets_read("games", ACCOUNT, REGION), "ssm:GetParameter", PARAMETER + centre) == "none"


def test_publishing_is_for_the_named_parameters_and_never_deletes() -> None:
    document = parameters_publish(["/obs/clusters/games/ca"], ACCOUNT, REGION)
    named = f"{PARAMETER}/obs/clusters/games/ca"
    for action in ("ssm:PutParameter", "ssm:AddTagsToResource", "ssm:ListTagsForResource", "ssm:GetParameter"):
        assert decide(document, action, named) == "allow"
        assert decide(document, action, f"{PARAMETER}/obs/clusters/shop/ca") == "none"
    assert decide(document, "ssm:DeleteParameter", named) == "none"


def test_the_key_decrypts_for_the_two_services_and_not_for_s3() -> None:
    document = secrets_key_use(KEY, REGION)
    via = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
    assert decide(document, "kms:Decrypt", KEY, context=via) == "allow"
    assert decide(document, "kms:Decrypt", KEY, context={"kms:ViaService": f"ssm.{REGION}.amazonaws.com"}) == "allow"
    assert decide(document, "kms:Decrypt", KEY, context={"kms:ViaService": f"s3.{REGION}.amazonaws.com"}) == "none"
    assert decide(document, "kms:Decrypt", KEY) == "none", "nor by itself"
    assert decide(document, "kms:GenerateDataKey", KEY, context=via) == "none"


# --- the authority


def test_the_authority_keeps_its_key_and_outlives_what_it_signs_many_times() -> None:
    certificate = authority_specs({})["Certificate"]
    assert certificate["isCA"] is True
    assert certificate["privateKey"]["rotationPolicy"] == "Never", "or a renewal breaks every chain at once"
    assert set(certificate["usages"]) == {"cert sign", "crl sign"}, "it authenticates nobody itself"
    overlap = AUTHORITY_RENEW_BEFORE_HOURS
    assert overlap < AUTHORITY_DURATION_HOURS / 2
    assert overlap > 5 * (DURATION_HOURS - RENEW_BEFORE_HOURS), "all that was signed before is replaced in time"


def test_certificates_are_signed_by_the_issuer_that_rooms_name() -> None:
    specs = authority_specs({"authority_name": "games observability"})
    assert specs["ClusterIssuer"] == {"ca": {"secretName": specs["Certificate"]["secretName"]}}
    assert specs["Certificate"]["commonName"] == "games observability"
    assert ISSUER == "observability-ca"


def test_who_edits_a_namespace_gets_neither_certificates_nor_secrets_of_the_platform() -> None:
    assert cert_manager_values({})["global"]["rbac"]["aggregateClusterRoles"] is False
    rbac = external_secrets_values(STORES, ROLE)["rbac"]
    assert not any(rbac[f"aggregateTo{role}"] for role in ("View", "Edit", "Admin"))
    assert rbac["serviceAccountTokenCreate"] is False, "the controller needs to become nobody else"


# --- stores and secrets


@pytest.mark.parametrize(("service"), ["SecretsManager", "ParameterStore"])
def test_a_store_serves_the_platforms_namespaces_and_borrows_no_identity(service: str) -> None:
    spec = store_spec(service, REGION, ["observability"])
    assert spec["conditions"] == [{"namespaces": ["observability"]}]
    assert spec["provider"] == {"aws": {"service": service, "region": REGION}}, "no key, no other account"


def test_a_secret_names_its_values_and_survives_their_loss() -> None:
    spec = external_secret_spec(ONE)
    assert spec["data"] == [
        {"secretKey": "all", "remoteRef": {"key": "/obs/grafana/oauth"}},
        {"secretKey": "client_secret", "remoteRef": {"key": "/obs/grafana/oauth", "property": "client_secret"}},
    ]
    assert spec["target"]["deletionPolicy"] == "Retain"
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "secrets-manager"}
    assert external_secret_spec({**ONE, "refresh_minutes": 5.0})["refreshInterval"] == "5m", "numbers arrive as floats"


def test_only_what_is_used_is_served() -> None:
    values = external_secrets_values(STORES, ROLE)
    assert not any(values[f"process{kind}"] for kind in ("SecretStore", "ClusterExternalSecret", "ClusterPushSecret"))
    assert values["processPushSecret"] is False
    assert external_secrets_values({**STORES, "push_parameter_names": ["/obs/a"]}, ROLE)["processPushSecret"] is True
    assert values["leaderElect"] is True, "two controllers would write against each other"


def test_one_pod_each_on_a_laptop_and_no_budget_that_blocks_its_drain() -> None:
    values = cert_manager_values({"replicas": 1, "service_monitor": False})
    assert [values["replicaCount"], values["webhook"]["replicaCount"], values["cainjector"]["replicaCount"]] == [
        1,
        1,
        1,
    ]
    assert not any(part["podDisruptionBudget"]["enabled"] for part in (values, values["webhook"], values["cainjector"]))
    assert values["prometheus"]["servicemonitor"]["enabled"] is False
    assert external_secrets_values({**STORES, "replicas": 1}, ROLE)["podDisruptionBudget"]["enabled"] is False


def test_the_webhook_has_a_certificate_either_way() -> None:
    own = external_secrets_values(STORES, ROLE)
    assert own["certController"]["create"] is True
    given = external_secrets_values({**STORES, "certificate_issuer": "observability-ca"}, ROLE)
    assert given["certController"] == {"create": False}
    assert given["webhook"]["certManager"]["cert"]["issuerRef"]["name"] == "observability-ca"


# --- keys and alerts


def test_the_charts_know_every_key() -> None:
    for chart in ("cert-manager", "external-secrets"):
        require_chart_keys(chart)
    free = [f"{part}{key}" for part in ("", "webhook.", "cainjector.") for key in COMMENTED]
    assert unknown_keys("cert-manager", cert_manager_values({}), free) == []
    assert unknown_keys("external-secrets", external_secrets_values(STORES, ROLE)) == []
    assert (
        unknown_keys(
            "external-secrets",
            external_secrets_values({**STORES, "certificate_issuer": "ca", "push_parameter_names": ["/a/b"]}, ROLE),
        )
        == []
    )


def test_values_carry_no_secret_and_are_json() -> None:
    for values in (cert_manager_values({}), external_secrets_values(STORES, ROLE)):
        text = json.dumps(values)
        assert "password" not in text.lower()


def test_alerts_come_while_there_is_time_to_act() -> None:
    expiry = next(alert for alert in CERT_MANAGER_ALERTS if alert.name == "CertificateExpiresSoon")
    days = int(expiry.expression.rsplit("<", 1)[1].split("*")[0])
    assert days * 24 < RENEW_BEFORE_HOURS, "not before a renewal was even due"
    names = [alert.name for alert in (*CERT_MANAGER_ALERTS, *EXTERNAL_SECRETS_ALERTS)]
    assert len(set(names)) == len(names)


# --- bad arguments


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"replicas": 0}, "replicas: 0 must be 1 to 5"),
        ({"authority_name": "x" * 65}, "have 1 to 64 characters"),
        ({"charts_source": "https://charts"}, "charts_source"),
    ],
)
def test_bad_arguments_of_cert_manager(over: Any, message: str) -> None:
    assert message in "; ".join(map(str, cert_manager_faults(over)))


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"account_id": "1"}, "account_id: '1' must be an AWS account id"),
        ({"region": "Europe"}, "region: 'Europe' must be an AWS region"),
        ({"platform_name": "Obs"}, "platform_name: 'Obs' must be a DNS label"),
        ({"namespaces": []}, "namespaces: [] must name at least one namespace"),
        ({"namespaces": ["*"]}, "namespaces[0]: '*' must be a DNS label"),
        ({"push_parameter_names": ["/obs/*"]}, "push_parameter_names[0]: '/obs/*' must be a parameter's full name"),
        ({"read_parameter_names": ["obs"]}, "read_parameter_names[0]: 'obs' must be a parameter's full name"),
        ({"replicas": 9}, "replicas: 9 must be 1 to 5"),
        ({"certificate_issuer": "A"}, "certificate_issuer: 'A' must be a DNS label"),
    ],
)
def test_bad_arguments_of_external_secrets(over: dict[str, Any], message: str) -> None:
    assert message in "; ".join(map(str, external_secrets_faults({**STORES, **over})))


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"keys": {}}, "keys: {} must hold at least one key"),
        ({"keys": {"a b": "/obs/x"}}, "keys: 'a b' must be letters"),
        ({"keys": {"a": "obs/x"}}, "keys.a: 'obs/x' must be a full name"),
        ({"keys": {"a": "/obs/x#"}}, "keys.a: '/obs/x#' must be a full name"),
        ({"secret_name": "A"}, "secret_name: 'A' must be a DNS label"),
        ({"store_name": ""}, "store_name: '' must be a DNS label"),
        ({"refresh_minutes": 0}, "refresh_minutes: 0 must be 1 to 1440 (minutes)"),
    ],
)
def test_bad_arguments_of_a_secret(over: dict[str, Any], message: str) -> None:
    assert message in "; ".join(map(str, external_secret_faults({**ONE, **over})))


def test_good_arguments_are_not_refused() -> None:
    assert not cert_manager_faults({})
    assert not external_secrets_faults(STORES)
    assert not external_secret_faults(ONE)

"""Grafana, its database and its secrets as resources: what waits for what, and that no password is in plain text."""

import json
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from google.protobuf import json_format

from components.grafana.database import GrafanaDatabase
from components.grafana.grafana import Grafana
from components.grafana.secret import GeneratedSecret
from tests.components import recorder
from tests.components.recorder import Registration, Registrations, Runner

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
SIGNALS: Any = {"thanos_url": "http://thanos:9090", "loki_url": "http://loki", "tempo_url": "http://tempo:3200"}
PLAIN: Any = {"platform_name": "obs", "signals": SIGNALS}
FULL: Any = {
    **PLAIN,
    "secret_store_name": "secrets-manager",
    "kms_key_arn": KEY,
    "certificate_issuer": "observability-ca",
    "database": {"secret_name": "grafana/database"},
    "ingress": {
        "host": "grafana.example.com",
        "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
    },
    "auth": {
        "oidc": {
            "client_id": "grafana",
            "client_secret_name": "grafana/oidc",
            "auth_url": "https://id.example.com/authorize",
            "token_url": "https://id.example.com/token",
            "api_url": "https://id.example.com/userinfo",
        }
    },
}
DATABASE: Any = {
    "platform_name": "obs",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "kms_key_arn": KEY,
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "client_security_group_id": "sg-cluster",
}
SECRET = "1b47061264138c4ac30d75fd1eb44270"
"""Marks a secret value in what the engine is sent."""


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> str:
    """What the random provider draws: a text to look for, and no secret by the mock's own account."""
    decided = {**recorder._DECIDED, "random:index/randomPassword:RandomPassword": {"result": "drawn-by-nobody"}}
    decided["aws:rds/instance:Instance"] = {"address": "obs-grafana.abc.eu-west-1.rds.amazonaws.com"}
    monkeypatch.setattr(recorder, "_DECIDED", decided)
    return "drawn-by-nobody"


def sent(resource: Registration) -> dict[str, Any]:
    """Inputs as the engine gets them, secrets with their marks."""
    return dict(json_format.MessageToDict(resource.request.object))


def plain_places(value: Any, needle: str, path: str = "") -> list[str]:
    """Where a text stands outside of anything marked as secret."""
    if isinstance(value, dict):
        if value.get("4dabf18193072939515e22adb298388d") == SECRET:
            return []
        return [place for key, item in value.items() for place in plain_places(item, needle, f"{path}.{key}")]
    if isinstance(value, list):
        return [place for index, item in enumerate(value) for place in plain_places(item, needle, f"{path}[{index}]")]
    return [path] if isinstance(value, str) and needle in value else []


def made(run: Runner, args: Any, **kwargs: Any) -> Registrations:
    return run(lambda: Grafana("grafana", args) and None, **kwargs)


# --- secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [PLAIN, FULL], ids=["cluster", "secrets-manager"])
def test_no_password_is_sent_in_plain_text(run: Runner, drawn: str, args: Any) -> None:
    registered = made(run, args)
    assert plain_places({"spec": [{"text": f"a {drawn} b"}]}, drawn) == [".spec[0].text"], "the search finds it"
    assert len(registered.of_type(":RandomPassword")) == 2
    for resource in registered:
        assert plain_places(sent(resource), drawn) == [], resource.name
    holders = registered.of_type(":SecretVersion", "core/v1:Secret")
    assert len(holders) == 1, "one place keeps it"


def test_with_aws_passwords_lie_in_secrets_manager_and_external_secrets_brings_them(run: Runner, drawn: str) -> None:
    registered = made(run, FULL)
    (secret,) = registered.of_type("secretsmanager/secret:Secret")
    assert (secret.inputs["name"], secret.inputs["kmsKeyId"]) == ("/obs/grafana/admin", KEY)
    assert secret.inputs["recoveryWindowInDays"] == 30
    (version,) = registered.of_type(":SecretVersion")
    assert json.loads(version.inputs["secretString"]) == {
        "admin-user": "admin",
        "admin-password": drawn,
        "encryption": drawn,
    }
    brought = {each.inputs["spec"]["target"]["name"]: each for each in registered.of_type(":ExternalSecret")
               if "spec" in each.inputs}  # fmt: skip
    assert set(brought) == {"grafana-admin", "grafana-database", "grafana-oidc"}
    remote = {each["secretKey"]: each["remoteRef"] for each in brought["grafana-admin"].inputs["spec"]["data"]}
    assert remote["admin-password"] == {"key": "/obs/grafana/admin", "property": "admin-password"}
    assert {each.inputs["spec"]["secretStoreRef"]["name"] for each in brought.values()} == {"secrets-manager"}
    admin = next(each for each in registered if each.inputs.get("spec") == brought["grafana-admin"].inputs["spec"])
    assert registered.waits_for(admin.name, version.name), "it would find nothing"


def test_without_aws_the_secret_is_made_in_the_cluster(run: Runner, drawn: str) -> None:
    registered = made(run, PLAIN)
    assert not [each for each in registered if each.type.startswith("aws:")]
    (secret,) = registered.of_type("core/v1:Secret")
    assert secret.inputs["metadata"]["name"] == "grafana-admin"
    assert secret.inputs["stringData"]["admin-password"] == drawn


def test_without_protection_a_deleted_secrets_name_is_free_at_once(run: Runner) -> None:
    (secret,) = made(run, {**FULL, "protect": False}).of_type("secretsmanager/secret:Secret")
    assert secret.inputs["recoveryWindowInDays"] == 0


def test_a_secret_in_secrets_manager_needs_a_name_and_a_key(run: Runner) -> None:
    args: Any = {"secret_name": "s", "namespace": "n", "generated": ["password"], "store_name": "secrets-manager"}
    message = run.refused(lambda: GeneratedSecret("secret", args) and None)
    assert "path" in message
    assert "kms_key_arn" in message


# --- Grafana ---------------------------------------------------------------------------------------


def test_the_release_waits_for_all_that_its_pods_mount_and_may_reach(run: Runner) -> None:
    registered = made(run, FULL)
    (release,) = registered.of_type(":Release")
    assert (release.inputs["name"], release.inputs["chart"]) == ("grafana", "grafana")
    (certificate,) = [each for each in registered.of_type(":Certificate") if "spec" in each.inputs]
    assert certificate.inputs["spec"]["secretName"] == "grafana-tls"
    assert "grafana.observability.svc.cluster.local" in certificate.inputs["spec"]["dnsNames"]
    (role,) = registered.of_type("v1:Role")
    assert [dict(rule) for rule in role.inputs["rules"]] == [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    ]
    for other in (certificate, role, *registered.of_type(":SecretVersion"), *registered.of_type(":NetworkPolicy")):
        assert registered.waits_for(release.name, other.name), other.name


def test_values_are_known_in_a_preview(run: Runner) -> None:
    """Nothing that only AWS decides is in them, so that policies can judge them."""
    (release,) = made(run, FULL, preview=True).of_type(":Release")
    assert "null" not in json.dumps(release.inputs["values"])


def test_outputs_say_where_grafana_is(run: Runner) -> None:
    found: dict[str, Grafana] = {}

    def program() -> None:
        found["plain"], found["full"] = Grafana("plain", PLAIN), Grafana("full", FULL)

    run(program)
    assert found["plain"].url == "http://grafana.observability.svc.cluster.local"
    assert found["plain"].address == ""
    assert found["full"].url == "https://grafana.observability.svc.cluster.local"
    assert found["full"].address == "https://grafana.example.com/"
    assert found["full"].admin_secret_name == "grafana-admin"


def test_bad_arguments_are_refused_before_anything_is_made(run: Runner) -> None:
    message = run.refused(lambda: Grafana("grafana", {**PLAIN, "sizing": {"replicas": 3}}) and None)
    assert "sizing.replicas" in message


def test_children_wait_for_what_grafana_is_told_to_wait_for(run: Runner) -> None:
    def program() -> None:
        first = kubernetes.core.v1.Namespace("first", metadata={"name": "observability"})
        Grafana("grafana", PLAIN, pulumi.ResourceOptions(depends_on=[first]))

    registered = run(program)
    for resource in registered:
        if resource.name != "first" and resource.request.custom:
            assert registered.waits_for(resource.name, "first"), resource.name


# --- database --------------------------------------------------------------------------------------


def test_the_database_is_encrypted_in_two_zones_and_protected(run: Runner) -> None:
    registered = run(lambda: GrafanaDatabase("database", DATABASE) and None)
    (instance,) = registered.of_type("rds/instance:Instance")
    expected = {
        "multiAz": True, "storageEncrypted": True, "kmsKeyId": KEY, "publiclyAccessible": False,
        "deletionProtection": True, "skipFinalSnapshot": False, "backupRetentionPeriod": 7, "storageType": "gp3",
        "performanceInsightsKmsKeyId": KEY, "iamDatabaseAuthenticationEnabled": True, "autoMinorVersionUpgrade": True,
    }  # fmt: skip
    assert {key: instance.inputs.get(key) for key in expected} == expected
    assert instance.request.protect is True
    (parameters,) = registered.of_type(":ParameterGroup")
    assert {"name": "rds.force_ssl", "value": "1"} in [dict(each) for each in parameters.inputs["parameters"]]
    logs = registered.of_type(":LogGroup")
    assert {each.inputs["name"] for each in logs} == {
        f"/aws/rds/instance/obs-grafana/{log}" for log in instance.inputs["enabledCloudwatchLogsExports"]
    }
    assert all(each.inputs["kmsKeyId"] == KEY for each in logs)
    assert all(registered.waits_for(instance.name, each.name) for each in logs), "RDS would make them unencrypted"


def test_only_the_cluster_reaches_the_database(run: Runner) -> None:
    registered = run(lambda: GrafanaDatabase("database", DATABASE) and None)
    (rule,) = registered.of_type(":SecurityGroupIngressRule")
    assert (rule.inputs["referencedSecurityGroupId"], rule.inputs["fromPort"]) == ("sg-cluster", 5432)
    assert "cidrIpv4" not in rule.inputs
    assert not registered.of_type(":SecurityGroupEgressRule")


def test_the_databases_password_is_where_grafana_looks_for_it(run: Runner, drawn: str) -> None:
    found: dict[str, GrafanaDatabase] = {}
    registered = run(lambda: found.update(made=GrafanaDatabase("database", DATABASE)))
    (secret,) = registered.of_type("secretsmanager/secret:Secret")
    assert secret.inputs["name"] == f"/obs/{found['made'].secret_name}"
    (version,) = registered.of_type(":SecretVersion")
    held = json.loads(version.inputs["secretString"])
    assert {"host", "dbname", "username", "password"} <= set(held)
    assert held["host"] == "obs-grafana.abc.eu-west-1.rds.amazonaws.com"
    for resource in registered:
        assert plain_places(sent(resource), drawn) == [], resource.name


def test_without_protection_the_database_goes_without_a_trace(run: Runner) -> None:
    registered = run(lambda: GrafanaDatabase("database", {**DATABASE, "protect": False}) and None)
    (instance,) = registered.of_type("rds/instance:Instance")
    assert instance.inputs["deletionProtection"] is False
    assert instance.inputs["skipFinalSnapshot"] is True
    assert not instance.request.protect

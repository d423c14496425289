"""EncryptionKey and IrsaRole: what is known in the first preview, and which arguments are refused."""

import json
from typing import Any

import pulumi_aws as aws
import pytest

from components.foundation.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.foundation.irsa_role import IrsaRole, IrsaRoleArgs
from tests.components.recorder import ACCOUNT, REGION, Runner

ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/ABC"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"


def key_args(**over: Any) -> EncryptionKeyArgs:
    base = {"alias": "obs-metrics", "description": "Metrics of obs", "account_id": ACCOUNT, "region": REGION}
    return {**base, **over}  # type: ignore[typeddict-item]


def role_args(**over: Any) -> IrsaRoleArgs:
    base = {
        "role_name": f"obs-thanos-{REGION}",
        "account_id": ACCOUNT,
        "region": REGION,
        "oidc_provider_arn": PROVIDER,
        "oidc_issuer": ISSUER,
        "namespace": "observability",
        "service_accounts": ["thanos"],
    }
    return {**base, **over}  # type: ignore[typeddict-item]


def test_a_key_rotates_has_an_alias_and_a_month_to_think(run: Runner) -> None:
    registered = run(lambda: EncryptionKey("metrics", key_args()) and None)
    key, alias = registered.named("metrics-key"), registered.named("metrics-alias")
    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["deletionWindowInDays"] == 30
    assert "bypassPolicyLockoutSafetyCheck" not in key.inputs
    assert alias.inputs["name"] == "alias/obs-metrics"
    assert {key.parent, alias.parent} == {"metrics"}


def test_a_key_is_protected_and_kept_unless_told_otherwise(run: Runner) -> None:
    key = run(lambda: EncryptionKey("metrics", key_args()) and None).named("metrics-key").request
    assert key.protect
    assert key.retainOnDelete
    key = run(lambda: EncryptionKey("metrics", key_args(protect=False)) and None).named("metrics-key").request
    assert not key.protect
    assert not key.retainOnDelete


def test_the_key_policy_is_known_at_preview_and_names_only_the_asked_services(run: Runner) -> None:
    registered = run(lambda: EncryptionKey("logs", key_args(services=["logs"])) and None, preview=True)
    statements = json.loads(registered.named("logs-key").inputs["policy"])["Statement"]
    assert [statement["Sid"] for statement in statements] == ["Account", "Logs"]


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"alias": "alias/obs"}, "alias: 'alias/obs' must be letters, digits"),
        ({"alias": "aws/obs"}, "not begin with aws/"),
        ({"account_id": "42"}, "account_id: '42' must be an AWS account id"),
        ({"services": ["s3"]}, "services[0]: 's3' must be one of ebs, logs"),
        ({"deletion_window_days": 7}, "deletion_window_days: 7 must be 14 to 30 (days)"),
        ({"deletion_window_days": 31}, "deletion_window_days: 31 must be 14 to 30 (days)"),
    ],
)
def test_bad_keys_are_refused(run: Runner, over: dict[str, Any], message: str) -> None:
    assert message in run.refused(lambda: EncryptionKey("k", key_args(**over)) and None)


def test_a_roles_arn_is_plain_text_in_the_first_preview(run: Runner) -> None:
    arns: list[str] = []

    def program() -> None:
        oidc = aws.iam.OpenIdConnectProvider("oidc", url=f"https://{ISSUER}", client_id_lists=["sts.amazonaws.com"])
        arns.append(IrsaRole("thanos", role_args(oidc_provider_arn=oidc.arn)).role_arn)

    registered = run(program, preview=True)
    assert arns == [f"arn:aws:iam::{ACCOUNT}:role/obs-thanos-{REGION}"]
    assert registered.named("thanos-role").inputs["name"] == f"obs-thanos-{REGION}"


def test_an_unknown_key_hides_neither_bucket_nor_trust(run: Runner) -> None:
    def program() -> None:
        IrsaRole("thanos", role_args(bucket_name="obs-metrics", kms_key_arn=aws.kms.Key("key").arn))

    registered = run(program, preview=True)
    bucket = json.loads(registered.named("thanos-bucket").inputs["policy"])
    assert bucket["Statement"][0]["Resource"] == "arn:aws:s3:::obs-metrics"
    assert json.loads(registered.named("thanos-role").inputs["assumeRolePolicy"])["Statement"]
    assert registered.named("thanos-key").inputs["policy"] is None


def test_a_role_has_no_rights_but_those_asked_for(run: Runner) -> None:
    registered = run(lambda: IrsaRole("thanos", role_args()) and None)
    assert [resource.name for resource in registered] == ["thanos", "thanos-role"]


def test_a_boundary_reaches_the_role(run: Runner) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    registered = run(lambda: IrsaRole("r", role_args(permissions_boundary_arn=boundary)) and None)
    assert registered.named("r-role").inputs["permissionsBoundary"] == boundary


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"role_name": "x" * 65}, "this one has 65"),
        ({"service_accounts": []}, "service_accounts: [] must name at least one service account"),
        ({"service_accounts": ["*"]}, "service_accounts[0]: '*' must be a DNS label"),
        ({"namespace": "obs*"}, "namespace: 'obs*' must be a DNS label"),
        ({"oidc_issuer": f"https://{ISSUER}"}, "must come without https://"),
        ({"bucket_name": "No_Bucket"}, "bucket_name: 'No_Bucket' must be 3 to 63"),
    ],
)
def test_bad_roles_are_refused(run: Runner, over: dict[str, Any], message: str) -> None:
    assert message in run.refused(lambda: IrsaRole("r", role_args(**over)) and None)

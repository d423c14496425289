"""IAM, bucket and key documents: what they let through and what they don't, asked of an evaluator."""

import json
from typing import Any

import pytest

from components.foundation import iam
from components.foundation.bucket_policy import bucket_policy
from components.foundation.key_policy import key_policy
from tests.values.iam_evaluator import decide

ACCOUNT, REGION = "123456789012", "eu-west-1"
BUCKET, OTHER = "arn:aws:s3:::obs-metrics", "arn:aws:s3:::obs-metrics-2"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/ABC"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/admin"
BACKEND = f"arn:aws:iam::{ACCOUNT}:role/obs-thanos"
TLS = {"aws:SecureTransport": "true"}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:ListBucket", BUCKET),
        ("s3:GetBucketLocation", BUCKET),
        ("s3:GetObject", f"{BUCKET}/01ABC/meta.json"),
        ("s3:PutObject", f"{BUCKET}/01ABC/chunks/000001"),
        ("s3:DeleteObject", f"{BUCKET}/01ABC/index"),
    ],
)
def test_a_role_does_its_work_in_its_own_bucket_and_in_no_other(action: str, resource: str) -> None:
    document = iam.bucket_access(REGION, "obs-metrics")
    assert decide(document, action, resource) == "allow"
    assert decide(document, action, resource.replace(BUCKET, OTHER)) == "none"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:DeleteBucket", BUCKET),
        ("s3:PutBucketPolicy", BUCKET),
        ("s3:PutLifecycleConfiguration", BUCKET),
        ("s3:DeleteObjectVersion", f"{BUCKET}/x"),
        ("s3:PutObjectAcl", f"{BUCKET}/x"),
        ("s3:ListAllMyBuckets", "*"),
        ("kms:Decrypt", KEY),
    ],
)
def test_a_role_may_do_nothing_to_the_bucket_itself(action: str, resource: str) -> None:
    assert decide(iam.bucket_access(REGION, "obs-metrics"), action, resource) == "none"


def test_a_role_uses_its_own_key_and_cannot_administer_it() -> None:
    document = iam.key_use(KEY)
    assert decide(document, "kms:Decrypt", KEY) == decide(document, "kms:GenerateDataKey", KEY) == "allow"
    assert decide(document, "kms:Decrypt", KEY.replace("key/1", "key/2")) == "none"
    for action in ("kms:Encrypt", "kms:CreateGrant", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy"):
        assert decide(document, action, KEY) == "none"


@pytest.mark.parametrize(
    "document",
    [
        iam.bucket_access(REGION, "obs-metrics"),
        iam.key_use(KEY),
        iam.volume_key_use(KEY),
        iam.flow_log_delivery(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:x"),
    ],
)
def test_no_document_of_a_role_has_a_wildcard_action_or_resource(document: dict[str, Any]) -> None:
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        assert not [action for action in actions if "*" in action]
        assert "*" not in resources


def assumes(document: dict[str, Any], subject: str, audience: str = "sts.amazonaws.com") -> str:
    context = {f"{ISSUER}:sub": subject, f"{ISSUER}:aud": audience}
    return decide(document, "sts:AssumeRoleWithWebIdentity", "", PROVIDER, context)


def test_exactly_the_named_service_account_assumes_the_role() -> None:
    document = iam.irsa_trust(PROVIDER, ISSUER, "observability", ["prometheus"])
    assert assumes(document, "system:serviceaccount:observability:prometheus") == "allow"
    assert assumes(document, "system:serviceaccount:observability:prometheus-2") == "none"
    assert assumes(document, "system:serviceaccount:default:prometheus") == "none"
    assert assumes(document, "system:serviceaccount:observability:prometheus", "kubernetes.default.svc") == "none"


def test_a_token_without_subject_or_audience_assumes_nothing() -> None:
    document = iam.irsa_trust(PROVIDER, ISSUER, "observability", ["prometheus"])
    assert decide(document, "sts:AssumeRoleWithWebIdentity", "", PROVIDER) == "none"


def test_several_service_accounts_are_each_named() -> None:
    document = iam.irsa_trust(PROVIDER, ISSUER, "observability", ["store", "compactor"])
    assert assumes(document, "system:serviceaccount:observability:compactor") == "allow"
    assert assumes(document, "system:serviceaccount:observability:query") == "none"


def test_trust_in_a_service_can_be_tied_to_the_account() -> None:
    document = iam.service_trust("vpc-flow-logs.amazonaws.com", ACCOUNT)
    mine, other = {"aws:SourceAccount": ACCOUNT}, {"aws:SourceAccount": "210987654321"}
    assert decide(document, "sts:AssumeRole", "", "vpc-flow-logs.amazonaws.com", mine) == "allow"
    assert decide(document, "sts:AssumeRole", "", "vpc-flow-logs.amazonaws.com", other) == "none"
    assert decide(document, "sts:AssumeRole", "", "ec2.amazonaws.com", mine) == "none"


def test_a_bucket_refuses_plain_http_for_itself_and_its_objects() -> None:
    document = bucket_policy(REGION, "obs-metrics", protect=False)
    plain = {"aws:SecureTransport": "false"}
    assert decide(document, "s3:GetObject", f"{BUCKET}/x", BACKEND, plain) == "deny"
    assert decide(document, "s3:ListBucket", BUCKET, BACKEND, plain) == "deny"
    assert decide(document, "s3:GetObject", f"{BUCKET}/x", BACKEND, TLS) == "none"


@pytest.mark.parametrize(("header", "verdict"), [("", "none"), ("aws:kms", "none"), ("AES256", "deny")])
def test_an_upload_may_name_kms_or_nothing(header: str, verdict: str) -> None:
    document = bucket_policy(REGION, "obs-metrics", protect=True, object_deletion_principal_arns=[BACKEND])
    context = {**TLS, "s3:x-amz-server-side-encryption": header}
    assert decide(document, "s3:PutObject", f"{BUCKET}/x", BACKEND, context) == verdict


def test_only_the_listed_delete_from_a_protected_bucket() -> None:
    document = bucket_policy(REGION, "obs-metrics", True, [ADMIN], [BACKEND])
    stranger = f"arn:aws:iam::{ACCOUNT}:role/developer"

    def verdicts(principal: str) -> list[str]:
        return [
            decide(document, "s3:DeleteObject", f"{BUCKET}/x", principal, TLS),
            decide(document, "s3:DeleteObjectVersion", f"{BUCKET}/x", principal, TLS),
            decide(document, "s3:DeleteBucket", BUCKET, principal, TLS),
        ]

    assert verdicts(ADMIN) == ["none", "none", "none"]
    assert verdicts(BACKEND) == ["none", "deny", "deny"], "the backend compacts; it does not destroy"
    assert verdicts(stranger) == ["deny", "deny", "deny"]
    assert verdicts(f"arn:aws:iam::{ACCOUNT}:root") == ["deny", "deny", "deny"]


def test_reading_and_writing_a_protected_bucket_is_left_to_iam() -> None:
    document = bucket_policy(REGION, "obs-metrics", True)
    for action in ("s3:GetObject", "s3:PutObject"):
        assert decide(document, action, f"{BUCKET}/x", BACKEND, TLS) == "none"
    assert decide(document, "s3:PutLifecycleConfiguration", BUCKET, ADMIN, TLS) == "none", "retention can change"


def test_the_account_governs_its_key() -> None:
    assert decide(key_policy(ACCOUNT, REGION), "kms:PutKeyPolicy", KEY, ADMIN) == "allow"
    assert decide(key_policy(ACCOUNT, REGION), "kms:Decrypt", KEY, "arn:aws:iam::210987654321:role/x") == "none"


def test_logs_use_the_key_for_this_accounts_groups_only() -> None:
    document = key_policy(ACCOUNT, REGION, ["logs"])
    service = f"logs.{REGION}.amazonaws.com"

    def verdict(account: str, region: str = REGION) -> str:
        arn = f"arn:aws:logs:{region}:{account}:log-group:/aws/eks/obs/cluster"
        return decide(document, "kms:GenerateDataKey", KEY, service, {"kms:EncryptionContext:aws:logs:arn": arn})

    assert verdict(ACCOUNT) == "allow"
    assert verdict("210987654321") == "none"
    assert verdict(ACCOUNT, "us-east-1") == "none"
    assert decide(document, "kms:Decrypt", KEY, service) == "none", "without an encryption context there is no group"


SLR = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"


def test_auto_scaling_starts_nodes_with_encrypted_disks_and_nobody_else_may() -> None:
    document = key_policy(ACCOUNT, REGION, ["ebs"])
    # Without the account's own statement, which leaves the decision to IAM policies.
    document["Statement"] = [one for one in document["Statement"] if one["Sid"] != "Account"]
    context = {"kms:CallerAccount": ACCOUNT, "kms:GrantIsForAWSResource": "true"}
    assert decide(document, "kms:CreateGrant", KEY, SLR, context) == "allow"
    assert decide(document, "kms:GenerateDataKeyWithoutPlaintext", KEY, SLR, context) == "allow"
    assert decide(document, "kms:CreateGrant", KEY, SLR, {"kms:CallerAccount": ACCOUNT}) == "none"
    assert decide(document, "kms:CreateGrant", KEY, ADMIN, context) == "none"
    foreign = SLR.replace(ACCOUNT, "210987654321")
    assert decide(document, "kms:Decrypt", KEY, foreign, {"kms:CallerAccount": "210987654321"}) == "none"


def test_the_ebs_driver_grants_the_key_to_aws_services_only() -> None:
    document = iam.volume_key_use(KEY)
    assert decide(document, "kms:CreateGrant", KEY, context={"kms:GrantIsForAWSResource": "true"}) == "allow"
    assert decide(document, "kms:CreateGrant", KEY) == "none"
    assert decide(document, "kms:Decrypt", KEY.replace("key/1", "key/2")) == "none"


def test_other_partitions_get_their_own_arns() -> None:
    china = json.dumps(key_policy(ACCOUNT, "cn-north-1", ["logs", "ebs"]))
    assert "arn:aws:" not in china
    assert "logs.cn-north-1.amazonaws.com.cn" in china
    assert "arn:aws-us-gov:s3:::b" in json.dumps(bucket_policy("us-gov-west-1", "b", True))


def test_the_same_document_is_the_same_text() -> None:
    assert iam.to_json({"b": 1, "a": [2]}) == iam.to_json({"a": [2], "b": 1}) == '{"a":[2],"b":1}'

"""TieredBucket: what a bucket is made of, in which order, and which arguments are refused."""

import json
from typing import Any

import pytest

from components.foundation.tiered_bucket import TieredBucket, TieredBucketArgs
from tests.components.recorder import ACCOUNT, REGION, Registrations, Runner

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/admin"
BACKEND = f"arn:aws:iam::{ACCOUNT}:role/obs-thanos-{REGION}"


def args(**over: Any) -> TieredBucketArgs:
    base: dict[str, Any] = {
        "bucket_name": f"obs-metrics-{ACCOUNT}-{REGION}",
        "region": REGION,
        "kms_key_arn": KEY,
        "expire_after_days": 365,
        "transitions": [
            {"storage_class": "STANDARD_IA", "after_days": 30},
            {"storage_class": "GLACIER_IR", "after_days": 90},
        ],
    }
    return {**base, **over}  # type: ignore[typeddict-item]


def made(run: Runner, **over: Any) -> Registrations:
    return run(lambda: TieredBucket("metrics", args(**over)) and None)


def policy(registered: Registrations) -> dict[str, dict[str, Any]]:
    document = json.loads(registered.named("metrics-policy").inputs["policy"])
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_every_child_belongs_to_the_component(run: Runner) -> None:
    registered = made(run)
    assert registered[0].type == "eks-observability:index:TieredBucket"
    assert {child.parent for child in registered[1:]} == {"metrics"}
    assert {child.name for child in registered[1:]} == {
        "metrics-bucket",
        "metrics-encryption",
        "metrics-versioning",
        "metrics-lifecycle",
        "metrics-ownership",
        "metrics-public-access-block",
        "metrics-policy",
    }, "suffixes are for ever: a renamed child is a replaced one"


def test_objects_are_encrypted_with_the_given_key_and_a_bucket_key(run: Runner) -> None:
    (rule,) = made(run).named("metrics-encryption").inputs["rules"]
    assert rule["bucketKeyEnabled"] is True
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}


def test_nothing_can_be_public_and_the_owner_owns_all(run: Runner) -> None:
    registered = made(run)
    block = registered.named("metrics-public-access-block").inputs
    assert [
        block[k] for k in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ] == [True] * 4
    assert registered.named("metrics-ownership").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert registered.named("metrics-versioning").inputs["versioningConfiguration"] == {"status": "Enabled"}


def test_the_lifecycle_moves_expires_and_cleans_up(run: Runner) -> None:
    rules = {rule["id"]: rule for rule in made(run).named("metrics-lifecycle").inputs["rules"]}
    assert {rule["status"] for rule in rules.values()} == {"Enabled"}
    assert rules["data"]["transitions"] == [
        {"storageClass": "STANDARD_IA", "days": 30},
        {"storageClass": "GLACIER_IR", "days": 90},
    ]
    assert rules["data"]["expiration"] == {"days": 365}
    assert rules["remains"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert rules["remains"]["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
    assert rules["remains"]["expiration"] == {"expiredObjectDeleteMarker": True}


def test_settings_follow_each_other_where_s3_demands_it(run: Runner) -> None:
    registered = made(run)
    assert registered.waits_for("metrics-lifecycle", "metrics-versioning")
    assert registered.waits_for("metrics-policy", "metrics-public-access-block"), "S3 answers 409 to both at once"
    assert registered.waits_for("metrics-public-access-block", "metrics-ownership")


def test_a_protected_bucket_and_its_settings_stay_when_the_stack_goes(run: Runner) -> None:
    registered = made(run)
    bucket = registered.named("metrics-bucket").request
    assert bucket.protect
    assert all(child.request.retainOnDelete for child in registered[1:]), (
        "a kept bucket without its public access block is an open one"
    )


def test_an_unprotected_bucket_goes_with_the_stack(run: Runner) -> None:
    registered = made(run, protect=False)
    assert not any(child.request.protect or child.request.retainOnDelete for child in registered)
    assert set(policy(registered)) == {"TlsOnly", "KmsOnly"}


def test_the_policy_denies_plain_http_and_foreign_encryption(run: Runner) -> None:
    statements = policy(made(run))
    arn = f"arn:aws:s3:::obs-metrics-{ACCOUNT}-{REGION}"
    tls = statements["TlsOnly"]
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
    assert tls["Resource"] == [arn, f"{arn}/*"]
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statements["KmsOnly"]["Condition"]["Null"] == {"s3:x-amz-server-side-encryption": "false"}, (
        "an upload that names no encryption gets the bucket's and must pass"
    )


def test_the_policy_denies_deletion_to_all_but_the_listed(run: Runner) -> None:
    statements = policy(made(run, deletion_principal_arns=[ADMIN], object_deletion_principal_arns=[BACKEND]))
    destruction, deletion = statements["NoDestruction"], statements["NoDeletion"]
    assert destruction["Action"] == ["s3:DeleteBucket", "s3:DeleteObjectVersion"]
    assert destruction["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": [ADMIN]}}
    assert deletion["Action"] == ["s3:DeleteObject"]
    assert deletion["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": [ADMIN, BACKEND]}}


def test_without_a_list_deletion_is_denied_to_everybody(run: Runner) -> None:
    statements = policy(made(run))
    assert "Condition" not in statements["NoDestruction"]
    assert "Condition" not in statements["NoDeletion"]


def test_name_policy_and_lifecycle_are_known_while_the_key_is_not(run: Runner) -> None:
    import pulumi_aws as aws

    def program() -> None:
        TieredBucket("metrics", args(kms_key_arn=aws.kms.Key("key").arn))

    registered = run(program, preview=True)
    assert registered.named("metrics-bucket").inputs["bucket"] == f"obs-metrics-{ACCOUNT}-{REGION}"
    assert policy(registered)
    (rule,) = registered.named("metrics-encryption").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] is None
    assert rule["bucketKeyEnabled"] is True


def test_access_logs_go_to_another_bucket_under_the_buckets_name(run: Runner) -> None:
    logging = made(run, access_log_bucket="obs-access-logs").named("metrics-logging").inputs
    assert logging["targetBucket"] == "obs-access-logs"
    assert logging["targetPrefix"] == f"obs-metrics-{ACCOUNT}-{REGION}/"


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"bucket_name": "Metrics"}, "bucket_name: 'Metrics' must be 3 to 63 lower-case letters"),
        ({"bucket_name": "192.168.5.4"}, "must not have the form of an IP address"),
        (
            {"transitions": [{"storage_class": "GLACIER", "after_days": 90}]},
            "transitions[0].storage_class: 'GLACIER' must stay queryable",
        ),
        (
            {"transitions": [{"storage_class": "DEEP_ARCHIVE", "after_days": 90}]},
            "transitions[0].storage_class: 'DEEP_ARCHIVE' must stay queryable",
        ),
        (
            {
                "transitions": [
                    {"storage_class": "GLACIER_IR", "after_days": 30},
                    {"storage_class": "STANDARD_IA", "after_days": 90},
                ]
            },
            "transitions[1].storage_class: 'STANDARD_IA' must be colder than GLACIER_IR",
        ),
        ({"expire_after_days": 90}, "expire_after_days: 90 must be later than the last transition (90 days)"),
        ({"noncurrent_expire_after_days": 0}, "noncurrent_expire_after_days: 0 must be a whole number of days"),
        ({"abort_multipart_after_days": -1}, "abort_multipart_after_days: -1 must be a whole number of days"),
        ({"deletion_principal_arns": ["*"]}, "deletion_principal_arns[0]: '*' must be the ARN of an IAM role"),
        ({"region": "europe"}, "region: 'europe' must be an AWS region"),
        (
            {"access_log_bucket": f"obs-metrics-{ACCOUNT}-{REGION}"},
            "must be another bucket",
        ),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_made(run: Runner, over: dict[str, Any], message: str) -> None:
    assert message in run.refused(lambda: TieredBucket("metrics", args(**over)) and None)


def test_all_faults_are_named_at_once(run: Runner) -> None:
    message = run.refused(lambda: TieredBucket("metrics", args(bucket_name="A", expire_after_days=1)) and None)
    assert "TieredBucket 'metrics'" in message
    assert "bucket_name" in message
    assert "expire_after_days" in message

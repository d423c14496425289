"""Rules about what is missing beside a resource, on whole stacks."""

from typing import Any

import pytest

from policies import pack
from tests.policies.cases import FOUR, TIDY, document, lifecycle, tls
from tests.policies.harness import UNKNOWN, It, Pack, urn, words

PACK = Pack()
BUCKET = "aws:s3/bucket:Bucket"
SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "s3-sse-kms": (SSE, {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]}),
    "s3-tls-only": ("aws:s3/bucketPolicy:BucketPolicy", {"policy": document(tls())}),
    "s3-public-access-block": ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", FOUR),
    "s3-versioning": ("aws:s3/bucketVersioning:BucketVersioning", {"versioningConfiguration": {"status": "Enabled"}}),
    "s3-lifecycle-complete": (
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lifecycle(TIDY),
    ),
}
"""The setting that each rule wants beside a bucket."""


def _setting(rule: str, **more: Any) -> It:
    kind, props = KINDS[rule]
    depends = more.pop("depends", {})
    return It(kind, f"{rule}-setting", {**props, **more}, depends)


@pytest.mark.parametrize("rule", KINDS)
def test_a_bucket_without_the_setting_is_flagged_by_its_urn(rule: str) -> None:
    found = PACK.all(It(BUCKET, "logs", {"bucket": "logs"}))
    assert [each.urn for each in found if each.policy == rule and each.mandatory] == [urn(BUCKET, "logs")]


@pytest.mark.parametrize("rule", KINDS)
def test_a_setting_counts_by_literal_name(rule: str) -> None:
    assert not words(PACK.all(It(BUCKET, "logs", {"bucket": "logs"}), _setting(rule, bucket="logs")), rule)


@pytest.mark.parametrize("rule", KINDS)
def test_a_setting_counts_by_its_dependency_while_the_name_is_unknown(rule: str) -> None:
    setting = _setting(rule, bucket=UNKNOWN, depends={"bucket": ["logs"]})
    found = PACK.all(It(BUCKET, "logs", {"arn": UNKNOWN}), setting)
    assert not words(found, rule)
    assert not words(found, rule, mandatory=False)


@pytest.mark.parametrize("rule", KINDS)
def test_a_setting_of_another_bucket_does_not_count(rule: str) -> None:
    other, logs = It(BUCKET, "other", {}), It(BUCKET, "logs", {"bucket": "logs"})
    by_name = PACK.all(logs, _setting(rule, bucket="other"))
    by_dependency = PACK.all(other, logs, _setting(rule, bucket=UNKNOWN, depends={"bucket": ["other"]}))
    assert words(by_name, rule)
    assert urn(BUCKET, "logs") in {each.urn for each in by_dependency if each.policy == rule and each.mandatory}


@pytest.mark.parametrize("rule", KINDS)
def test_a_setting_that_cant_be_told_apart_is_a_note_and_not_a_verdict(rule: str) -> None:
    found = PACK.all(It(BUCKET, "logs", {"bucket": "logs"}), _setting(rule, bucket=UNKNOWN))
    assert not words(found, rule)
    assert words(found, rule, mandatory=False) == {"unknown"}


@pytest.mark.parametrize("rule", KINDS)
def test_an_unknown_setting_of_one_bucket_does_not_hide_another(rule: str) -> None:
    first, second = It(BUCKET, "first", {}), It(BUCKET, "second", {"bucket": "second", "tags": UNKNOWN})
    found = PACK.all(first, second, _setting(rule, bucket=UNKNOWN, depends={"bucket": ["first"]}))
    assert [each.urn for each in found if each.policy == rule and each.mandatory] == [urn(BUCKET, "second")]


def _encrypted(algorithm: str) -> It:
    rules = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}}]
    return It(SSE, "sse", {"bucket": "logs", "rules": rules})


def test_s3_s_own_keys_are_not_kms() -> None:
    logs = It(BUCKET, "logs", {"bucket": "logs"})
    assert words(PACK.all(logs, _encrypted("AES256")), "s3-sse-kms") == {"not-kms"}
    assert not words(PACK.all(logs, _encrypted("aws:kms:dsse")), "s3-sse-kms")


def test_a_target_of_access_logs_may_use_s3_s_own_keys() -> None:
    logs, logging = It(BUCKET, "logs", {"bucket": "logs"}), "aws:s3/bucketLogging:BucketLogging"
    named = It(logging, "l", {"bucket": "other", "targetBucket": "logs"})
    by_output = It(logging, "l", {"bucket": "other", "targetBucket": UNKNOWN}, {"targetBucket": ["logs"]})
    of_another = It(logging, "l", {"bucket": "logs", "targetBucket": "other"})
    assert not words(PACK.all(logs, _encrypted("AES256"), named), "s3-sse-kms")
    assert not words(PACK.all(logs, _encrypted("AES256"), by_output), "s3-sse-kms")
    assert words(PACK.all(logs, _encrypted("AES256"), of_another), "s3-sse-kms") == {"not-kms"}


def test_settings_inside_the_bucket_count() -> None:
    inline = {
        "bucket": "logs",
        "versioning": {"enabled": True},
        "serverSideEncryptionConfiguration": {
            "rule": {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}
        },
    }
    found = PACK.all(It(BUCKET, "logs", inline))
    assert not words(found, "s3-versioning")
    assert not words(found, "s3-sse-kms")


VPC, FLOW = "aws:ec2/vpc:Vpc", "aws:ec2/flowLog:FlowLog"
DEFAULT = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"


def test_a_vpc_wants_a_flow_log_and_a_closed_default_group() -> None:
    vpc, rule = It(VPC, "vpc", {"cidrBlock": "10.0.0.0/16", "id": UNKNOWN}), "vpc-flow-logs-default-sg"
    flow = It(FLOW, "flow", {"vpcId": UNKNOWN}, {"vpcId": ["vpc"]})
    group = It(DEFAULT, "default", {"vpcId": UNKNOWN}, {"vpcId": ["vpc"]})
    assert words(PACK.all(vpc), rule) == {"no-flow-log", "default-group-kept"}
    assert words(PACK.all(vpc, group), rule) == {"no-flow-log"}
    assert not words(PACK.all(vpc, flow, group), rule)


EXEMPTION = {
    **dict.fromkeys(("type", "name", "finding", "owner"), "x"),
    "namespace": None,
    "policy": "s3-versioning",
    "reason": "a reason of some length",
    "expires": "2999-12-31",
}


def test_at_most_eight_policies_look_at_the_whole_stack() -> None:
    from pulumi_policy import StackValidationPolicy

    assert sum(isinstance(policy, StackValidationPolicy) for policy in pack.build([EXEMPTION])) <= 8

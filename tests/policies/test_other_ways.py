"""Remediation, the Cloud Control providers over a whole stack, speed, and what other languages' hosts send."""

import json
import time
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime import proto

from tests.policies.cases import FOUR, document, tls
from tests.policies.cases_kubernetes import container, pod, workload
from tests.policies.harness import UNKNOWN, It, Pack, struct, urn, words

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "value": "hunter22"}
WANTED = {"tags-and-packages": {"tags": {"team": "platform", "environment": "prod"}}}
BUCKET = "aws:s3/bucket:Bucket"


def _remedied(kind: str, props: dict[str, Any], provider: dict[str, Any] | None = None) -> Any:
    """The properties after remediation, as protocol JSON; None where nothing was changed."""
    running = Pack(config=WANTED, levels={"tags-and-packages": "remediate"})
    request = proto.AnalyzeRequest(type=kind, urn=urn(kind, "it"), name="it", properties=struct(props))
    if provider is not None:
        request.provider.CopyFrom(
            proto.AnalyzerProviderResource(type="pulumi:providers:aws", properties=struct(provider))
        )
    found = running.server.Remediate(request, None).remediations
    assert not [each.diagnostic for each in found if each.diagnostic]
    return json_format.MessageToDict(found[0].properties) if found else None


def test_remediation_merges_missing_tags_and_changes_nothing_else() -> None:
    props = {
        "bucket": UNKNOWN,
        "acl": None,
        "secret": SECRET,
        "n": 3,
        "deep": {"x": [UNKNOWN]},
        "tags": {"team": "mine"},
    }
    assert _remedied(BUCKET, props) == {**props, "tags": {"team": "mine", "environment": "prod"}}
    assert _remedied(BUCKET, {"bucket": "b"}) == {"bucket": "b", "tags": WANTED["tags-and-packages"]["tags"]}


@pytest.mark.parametrize(
    ("kind", "props"),
    [
        (BUCKET, {"tags": {"team": "a", "environment": UNKNOWN}}),
        (BUCKET, {"tags": UNKNOWN}),
        (BUCKET, {"tags": {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "value": {"team": "a"}}}),
        ("aws:ec2/route:Route", {"routeTableId": "x"}),
        ("kubernetes:core/v1:ConfigMap", {"data": {}}),
    ],
)
def test_remediation_leaves_alone_what_it_cant_merge(kind: str, props: dict[str, Any]) -> None:
    assert _remedied(kind, props) is None


def test_default_tags_of_the_provider_count() -> None:
    tags = json.dumps({"tags": {"team": "a", "environment": "b"}})
    assert _remedied(BUCKET, {"bucket": "b"}, {"defaultTags": tags}) is None
    assert _remedied(BUCKET, {"bucket": "b"}, {"defaultTags": '{"tags": {"team": "a"}}'})["tags"] == {
        "environment": "prod"
    }


def test_no_other_rule_remediates() -> None:
    for kind in (BUCKET, "aws:kms/key:Key"):
        request = proto.AnalyzeRequest(type=kind, name="x", properties=struct({}))
        assert not Pack(levels={"kms-rotation": "remediate"}).server.Remediate(request, None).remediations


def test_packages_outside_of_the_list_are_advice() -> None:
    running = Pack(config={"tags-and-packages": {"packages": ["aws"]}}, levels={"tags-and-packages": "mandatory"})
    assert words(running.one("gcp:storage/bucket:Bucket", {}), "tags-and-packages", mandatory=False) == {"package"}
    for kind in (BUCKET, "pulumi:pulumi:Stack", "eks-observability:index:Platform"):
        assert not running.one(kind, {}), kind


def _native_bucket(**more: Any) -> dict[str, Any]:
    return {
        "bucketName": "logs",
        "bucketEncryption": {
            "serverSideEncryptionConfiguration": [{"serverSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]
        },
        "publicAccessBlockConfiguration": FOUR,
        "versioningConfiguration": {"status": "Enabled"},
        "lifecycleConfiguration": {
            "rules": [
                {
                    "status": "Enabled",
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                }
            ]
        },
        **more,
    }


@pytest.mark.parametrize("form", ["aws-native", "cloudcontrol"])
def test_a_bucket_of_the_cloud_control_api_has_its_settings_inside(form: str) -> None:
    def stack(props: dict[str, Any]) -> list[It]:
        policy = {"bucket": "logs", "policyDocument": json.loads(document(tls()))}
        if form == "aws-native":
            return [It("aws-native:s3:Bucket", "b", props), It("aws-native:s3:BucketPolicy", "p", policy)]
        kind = "aws:cloudcontrol/resource:Resource"
        return [
            It(kind, "b", {"typeName": "AWS::S3::Bucket", "desiredState": json.dumps(props)}),
            It(kind, "p", {"typeName": "AWS::S3::BucketPolicy", "desiredState": json.dumps(policy)}),
        ]

    running = Pack()
    assert not [each for each in running.all(*stack(_native_bucket())) if each.mandatory]
    bare = {each.policy for each in running.all(*stack({"bucketName": "logs"})) if each.mandatory}
    assert bare >= {"s3-sse-kms", "s3-public-access-block", "s3-versioning", "s3-lifecycle-complete"}
    aes = {"serverSideEncryptionConfiguration": [{"serverSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]}
    assert words(running.all(*stack(_native_bucket(bucketEncryption=aes))), "s3-sse-kms") == {"not-kms"}


def test_a_state_that_isnt_known_yet_is_a_note() -> None:
    found = Pack().one("aws:cloudcontrol/resource:Resource", {"typeName": "AWS::KMS::Key", "desiredState": UNKNOWN})
    assert {(each.word, each.mandatory) for each in found} == {("unknown", False)}


RECORDED: list[dict[str, Any]] = [
    # TypeScript: new aws.kms.Key("k", {enableKeyRotation: false}), with the provider's `__defaults`.
    {
        "type": "aws:kms/key:Key",
        "urn": "urn:pulumi:dev::ts::aws:kms/key:Key::k",
        "name": "k",
        "properties": {"__defaults": ["skipDestroy"], "enableKeyRotation": False, "skipDestroy": False},
        "options": {"protect": False, "ignoreChanges": [], "aliases": [], "customTimeouts": {}},
    },
    # Go: numbers as floats, a secret in its envelope, an unknown of an output.
    {
        "type": "aws:kms/key:Key",
        "urn": "urn:pulumi:dev::go::aws:kms/key:Key::k",
        "name": "k",
        "properties": {
            "deletionWindowInDays": 7.0,
            "description": SECRET,
            "enableKeyRotation": False,
            "policy": UNKNOWN,
        },
    },
]


@pytest.mark.parametrize("request_", RECORDED, ids=["typescript", "go"])
def test_the_language_of_the_program_makes_no_difference(request_: dict[str, Any]) -> None:
    request = json_format.ParseDict(request_, proto.AnalyzeRequest(), ignore_unknown_fields=True)
    found = Pack().server.Analyze(request, None).diagnostics
    assert "kms-rotation" in {each.policyName for each in found if each.enforcementLevel == proto.MANDATORY}
    assert not any("hunter22" in each.message for each in found)


def _thousand() -> list[It]:
    """What a large stack is made of, roughly in our own proportions."""
    parts: list[tuple[str, dict[str, Any]]] = [
        ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24", "tags": {"a": "b"}}),
        (
            "aws:iam/rolePolicy:RolePolicy",
            {"policy": document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})},
        ),
        (BUCKET, {"bucket": "b"}),
        ("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "b", "policy": document(tls("b"))}),
        ("kubernetes:apps/v1:Deployment", workload(pod(container(), container()))),
        ("kubernetes:core/v1:ConfigMap", {"metadata": {"name": "c"}, "data": {"x.yaml": "a: b\n" * 200}}),
        (
            "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            {"metadata": {"namespace": "n"}, "spec": {"podSelector": {}}},
        ),
        (
            "kubernetes:helm.sh/v3:Release",
            {"chart": "x", "version": "1.0.0", "values": {"a": {"b": ["c: d\ntls: true\n"] * 20}}},
        ),
        ("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}]}),
        ("eks-observability:index:Network", {"region": "x"}),
    ]
    return [It(kind, f"r{number}", props) for number in range(100) for kind, props in parts]


def seconds_for_a_thousand() -> float:
    """What the pack adds to a preview of 1,000 resources, on this machine."""
    running, its = Pack(), _thousand()
    messages = [
        proto.AnalyzeRequest(type=it.type, urn=urn(it.type, it.name), name=it.name, properties=struct(it.props))
        for it in its
    ]
    started = time.perf_counter()
    for message in messages:
        running.server.Analyze(message, None)
    running.all(*its)
    return time.perf_counter() - started


def test_a_thousand_resources_cost_at_most_three_seconds() -> None:
    seconds_for_a_thousand()  # tables and caches
    assert min(seconds_for_a_thousand() for _ in range(2)) < 3

"""Cases of resources in other forms: the Cloud Control providers, twins of types, secrets' own policies."""

import json
from typing import Any

from tests.policies.cases import Case, allow, document, irsa, public, tls
from tests.policies.harness import UNKNOWN

_CONTROL = "aws:cloudcontrol/resource:Resource"


def _control(kind: str, **state: Any) -> dict[str, Any]:
    return {"typeName": kind, "desiredState": json.dumps(state)}


def _doc(*statements: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document(*statements))
    return found


_RESOURCES = {"EnableKeyRotation": False}
OTHER_FORMS = [
    Case("kms-rotation", "rotation-off", "aws-native:kms:Key", {"enableKeyRotation": False}),
    Case("kms-rotation", "", "aws-native:kms:Key", {"enableKeyRotation": True}),
    Case("kms-rotation", "rotation-off", _CONTROL, _control("AWS::KMS::Key", **_RESOURCES)),
    Case("kms-rotation", "", _CONTROL, _control("AWS::KMS::Key", EnableKeyRotation=True)),
    Case("kms-safety", "short-window", _CONTROL, _control("AWS::KMS::Key", PendingWindowInDays=7)),
    Case("kms-key-policy", "any-principal", "aws-native:kms:Key", {"keyPolicy": _doc(public(Action="kms:*"))}),
    Case(
        "s3-versioning", "versioning-off", "aws-native:s3:Bucket", {"versioningConfiguration": {"status": "Suspended"}}
    ),
    Case(
        "s3-public-access-block",
        "not-blocked",
        "aws-native:s3:Bucket",
        {"publicAccessBlockConfiguration": {"blockPublicAcls": True}},
    ),
    Case(
        "s3-public-access-block",
        "",
        _CONTROL,
        _control(
            "AWS::S3::Bucket",
            PublicAccessBlockConfiguration=dict.fromkeys(
                ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
            ),
        ),
    ),
    Case(
        "s3-no-public-grant",
        "public-policy",
        "aws-native:s3:BucketPolicy",
        {"bucket": "logs", "policyDocument": _doc(public())},
    ),
    Case("s3-tls-only", "", "aws-native:s3:BucketPolicy", {"bucket": "logs", "policyDocument": _doc(tls())}),
    Case(
        "s3-lifecycle-valid",
        "not-queryable",
        "aws-native:s3:Bucket",
        {
            "lifecycleConfiguration": {
                "rules": [
                    {"status": "Enabled", "transitions": [{"storageClass": "DEEP_ARCHIVE", "transitionInDays": 90}]}
                ]
            }
        },
    ),
    Case(
        "iam-no-wildcard-action",
        "whole-service",
        "aws-native:iam:Role",
        {"policies": [{"policyName": "x", "policyDocument": _doc(allow("s3:*"))}]},
    ),
    Case(
        "iam-no-wildcard-action",
        "whole-service",
        _CONTROL,
        _control("AWS::IAM::ManagedPolicy", PolicyDocument=_doc(allow("s3:*"))),
    ),
    Case(
        "iam-no-wildcard-action",
        "",
        _CONTROL,
        _control("AWS::IAM::ManagedPolicy", PolicyDocument=_doc(allow("s3:GetObject"))),
    ),
    Case(
        "iam-no-admin-managed",
        "admin-policy",
        "aws-native:iam:Role",
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
    ),
    Case("irsa-trust-exact", "no-sub", "aws-native:iam:Role", {"assumeRolePolicyDocument": _doc(irsa(Condition={}))}),
    Case("irsa-trust-exact", "", "aws-native:iam:Role", {"assumeRolePolicyDocument": _doc(irsa())}),
    Case("iam-no-users-keys", "user", _CONTROL, _control("AWS::IAM::User", UserName="x")),
    Case("eks-endpoint", "open-by-default", "aws-native:eks:Cluster", {"resourcesVpcConfig": {"subnetIds": UNKNOWN}}),
    Case(
        "eks-endpoint", "", _CONTROL, _control("AWS::EKS::Cluster", ResourcesVpcConfig={"EndpointPublicAccess": False})
    ),
    Case(
        "eks-logs",
        "",
        "aws-native:eks:Cluster",
        {
            "logging": {
                "clusterLogging": {
                    "enabledTypes": [
                        {"type": kind} for kind in ("api", "audit", "authenticator", "controllerManager", "scheduler")
                    ]
                }
            }
        },
    ),
    Case(
        "eks-secrets-kms",
        "",
        _CONTROL,
        _control("AWS::EKS::Cluster", EncryptionConfig=[{"Provider": {"KeyArn": "arn:x"}, "Resources": ["secrets"]}]),
    ),
    Case("eks-secrets-kms", "no-key", _CONTROL, _control("AWS::EKS::Cluster", Name="x")),
    Case(
        "node-imdsv2",
        "tokens-optional",
        "aws-native:ec2:LaunchTemplate",
        {"launchTemplateData": {"metadataOptions": {"httpTokens": "optional"}}},
    ),
    Case(
        "node-private-encrypted",
        "disk-unencrypted",
        _CONTROL,
        _control("AWS::EC2::LaunchTemplate", LaunchTemplateData={"BlockDeviceMappings": [{"Ebs": {"VolumeSize": 1}}]}),
    ),
    Case(
        "sg-no-open-ingress",
        "open",
        "aws-native:ec2:SecurityGroup",
        {"securityGroupIngress": [{"cidrIp": "0.0.0.0/0", "fromPort": 22, "toPort": 22}]},
    ),
    Case("logs-retention-kms", "no-retention", "aws-native:logs:LogGroup", {"kmsKeyId": "arn:x"}),
    Case("sns-sqs-encrypted", "no-key", _CONTROL, _control("AWS::SNS::Topic", TopicName="x")),
    Case("rds-encrypted-private", "unencrypted", _CONTROL, _control("AWS::RDS::DBCluster", Engine="x")),
    Case(
        "rds-encrypted-private",
        "public",
        _CONTROL,
        _control("AWS::RDS::DBInstance", StorageEncrypted=True, PubliclyAccessible=True),
    ),
    Case(
        "iam-kms-secrets-scoped",
        "any-principal",
        "aws-native:secretsmanager:ResourcePolicy",
        {"resourcePolicy": _doc(public(Action="secretsmanager:GetSecretValue"))},
    ),
    Case(
        "iam-kms-secrets-scoped",
        "any-principal",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        {"policy": document(public(Action="secretsmanager:*"))},
    ),
    Case(
        "iam-kms-secrets-scoped",
        "public-policy-allowed",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        {"blockPublicPolicy": False},
    ),
    Case(
        "iam-kms-secrets-scoped",
        "",
        "aws:secretsmanager/secret:Secret",
        {"policy": document(public(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}))},
    ),
    Case(
        "iam-no-privilege-escalation",
        "borrowed-rights",
        "aws:iam/policy:Policy",
        {"policy": document(allow("lambda:UpdateFunctionCode", "*"))},
    ),
    Case(
        "iam-no-privilege-escalation",
        "borrowed-rights",
        "aws:iam/policy:Policy",
        {"policy": document(allow("kms:PutKeyPolicy", "arn:aws:kms:*:123456789012:key/*"))},
    ),
    Case(
        "iam-no-privilege-escalation",
        "",
        "aws:iam/policy:Policy",
        {"policy": document(allow("lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:123456789012:function:mine"))},
    ),
    Case(
        "iam-no-privilege-escalation",
        "escalation",
        "aws:iam/policy:Policy",
        {"policy": document({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})},
    ),
    Case(
        "iam-no-privilege-escalation",
        "",
        "aws:iam/policy:Policy",
        {"policy": document({"Effect": "Deny", "Action": "iam:*", "Resource": "*"})},
    ),
]

"""Resources that a rule must flag, each with the finding's word, and near misses that it must leave alone."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.policies.harness import UNKNOWN

ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
ROOT = {"AWS": "arn:aws:iam::123456789012:root"}
LOCKED = {
    "chart": "thanos",
    "version": "0.38.0",
    "repositoryOpts": {"repo": "oci://ghcr.io/thanos-community/helm-charts"},
}
CARE = {"atomic": True, "timeout": 600}


class Case(NamedTuple):
    """What one rule says about one resource before it is created; no word means that it says nothing."""

    rule: str
    word: str
    type: str
    props: dict[str, Any]
    config: Mapping[str, Any] = MappingProxyType({})


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Any, resources: Any = "arn:aws:s3:::logs/*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def public(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*", **more}


def tls(bucket: str = "logs", **more: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **more,
    }


def irsa(**more: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{ISSUER}:sub": "system:serviceaccount:obs:thanos", f"{ISSUER}:aud": "sts.amazonaws.com"}
        },
        **more,
    }


def lifecycle(*rules: dict[str, Any], bucket: str = "logs") -> dict[str, Any]:
    return {
        "bucket": bucket,
        "rules": [{"id": str(number), "status": "Enabled", **rule} for number, rule in enumerate(rules)],
    }


def moves(*steps: tuple[int, str], **more: Any) -> dict[str, Any]:
    return {"transitions": [{"days": days, "storageClass": kind} for days, kind in steps], **more}


TIDY = {
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    "noncurrentVersionExpiration": {"noncurrentDays": 30},
}
FOUR = {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}

_KEY = "aws:kms/key:Key"
_ROLE = "aws:iam/role:Role"
_IAM = "aws:iam/policy:Policy"
_INLINE = "aws:iam/rolePolicy:RolePolicy"
_BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_CLUSTER = "aws:eks/cluster:Cluster"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_GROUP = "aws:eks/nodeGroup:NodeGroup"
_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_SG = "aws:ec2/securityGroup:SecurityGroup"

S3 = [
    Case("s3-tls-only", "no-tls-deny", _BUCKET_POLICY, {"bucket": "logs", "policy": document(public())}),
    Case("s3-tls-only", "", _BUCKET_POLICY, {"bucket": "logs", "policy": document(tls())}),
    Case(
        "s3-tls-only",
        "",
        "aws:s3/bucketPolicyV2:BucketPolicyV2",
        {"bucket": "logs", "policy": json.loads(document(tls()))},
    ),
    Case(
        "s3-tls-only",
        "tls-deny-incomplete",
        _BUCKET_POLICY,
        {"bucket": "logs", "policy": document(tls(Resource="arn:aws:s3:::logs/*"))},
    ),
    Case(
        "s3-tls-only",
        "tls-deny-incomplete",
        _BUCKET_POLICY,
        {"bucket": "logs", "policy": document(tls(Resource="arn:aws:s3:::logs"))},
    ),
    Case("s3-tls-only", "tls-deny-incomplete", _BUCKET_POLICY, {"bucket": "logs", "policy": document(tls("other"))}),
    Case(
        "s3-tls-only",
        "",
        _BUCKET_POLICY,
        {"bucket": "logs", "policy": document(tls(Resource="arn:aws:s3:::logs"), tls(Resource="arn:aws:s3:::logs/*"))},
    ),
    Case("s3-tls-only", "", _BUCKET_POLICY, {"bucket": UNKNOWN, "policy": document(tls())}),
    Case("s3-tls-only", "no-tls-deny", _BUCKET_POLICY, {"bucket": "logs", "policy": document(tls(Principal=ROOT))}),
    Case(
        "s3-tls-only", "no-tls-deny", _BUCKET_POLICY, {"bucket": "logs", "policy": document(tls(Action="s3:GetObject"))}
    ),
    Case(
        "s3-tls-only",
        "no-tls-deny",
        _BUCKET_POLICY,
        {"bucket": "logs", "policy": document(tls(Condition={"Bool": {"aws:SecureTransport": "true"}}))},
    ),
    Case(
        "s3-tls-only",
        "no-tls-deny",
        _BUCKET_POLICY,
        {
            "bucket": "logs",
            "policy": document(
                tls(Condition={"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:PrincipalAccount": "1"}})
            ),
        },
    ),
    Case(
        "s3-tls-only",
        "",
        _BUCKET_POLICY,
        {
            "bucket": "logs",
            "policy": document(
                tls(Principal={"AWS": "*"}, Action=["S3:*"], Condition={"Bool": {"AWS:securetransport": [False]}})
            ),
        },
    ),
    Case("s3-tls-only", "not-json", _BUCKET_POLICY, {"bucket": "logs", "policy": "{oh no"}),
    Case(
        "s3-public-access-block",
        "not-blocked",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"bucket": "b", **FOUR, "ignorePublicAcls": False},
    ),
    Case(
        "s3-public-access-block",
        "not-blocked",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"bucket": "b", "blockPublicAcls": True},
    ),
    Case(
        "s3-public-access-block", "", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {"bucket": "b", **FOUR}
    ),
    Case("s3-no-public-grant", "public-policy", _BUCKET_POLICY, {"policy": document(public())}),
    Case("s3-no-public-grant", "public-policy", _BUCKET_POLICY, {"policy": document(public(Principal={"AWS": ["*"]}))}),
    Case(
        "s3-no-public-grant",
        "public-policy",
        _BUCKET_POLICY,
        {"policy": document(public(Condition={"StringLike": {"aws:PrincipalArn": "*"}}))},
    ),
    Case(
        "s3-no-public-grant",
        "public-policy",
        _BUCKET_POLICY,
        {"policy": document(public(Condition={"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}}))},
    ),
    Case(
        "s3-no-public-grant",
        "public-policy",
        _BUCKET_POLICY,
        {"policy": document(public(Condition={"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}))},
    ),
    Case(
        "s3-no-public-grant",
        "public-policy",
        _BUCKET_POLICY,
        {"policy": document(public(Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}))},
    ),
    Case(
        "s3-no-public-grant",
        "public-policy",
        _BUCKET_POLICY,
        {"policy": document(public(Condition={"Bool": {"aws:SecureTransport": "true"}}))},
    ),
    Case(
        "s3-no-public-grant",
        "",
        _BUCKET_POLICY,
        {"policy": document(public(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}))},
    ),
    Case(
        "s3-no-public-grant",
        "",
        _BUCKET_POLICY,
        {"policy": document(public(Condition={"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}}))},
    ),
    Case("s3-no-public-grant", "", _BUCKET_POLICY, {"policy": document(public(Effect="Deny"), public(Principal=ROOT))}),
    Case("s3-no-public-grant", "public-acl", "aws:s3/bucketAcl:BucketAcl", {"acl": "public-read"}),
    Case(
        "s3-no-public-grant",
        "public-acl",
        "aws:s3/bucketAcl:BucketAcl",
        {
            "accessControlPolicy": {
                "grants": [
                    {
                        "grantee": {"type": "Group", "uri": "http://acs.amazonaws.com/groups/global/AllUsers"},
                        "permission": "READ",
                    }
                ]
            }
        },
    ),
    Case("s3-no-public-grant", "public-acl", "aws:s3/bucketV2:BucketV2", {"acl": "authenticated-read"}),
    Case(
        "s3-no-public-grant",
        "",
        "aws:s3/bucketAcl:BucketAcl",
        {
            "acl": "private",
            "accessControlPolicy": {
                "grants": [{"grantee": {"type": "Group", "uri": "http://acs.amazonaws.com/groups/s3/LogDelivery"}}]
            },
        },
    ),
    Case(
        "s3-versioning",
        "versioning-off",
        "aws:s3/bucketVersioning:BucketVersioning",
        {"versioningConfiguration": {"status": "Suspended"}},
    ),
    Case(
        "s3-versioning",
        "",
        "aws:s3/bucketVersioning:BucketVersioning",
        {"versioningConfiguration": {"status": "Enabled"}},
    ),
    Case(
        "s3-ownership",
        "acls-on",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
    ),
    Case(
        "s3-ownership",
        "",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
    ),
    Case(
        "s3-lifecycle-complete",
        "no-abort",
        _LIFECYCLE,
        lifecycle({"noncurrentVersionExpiration": {"noncurrentDays": 30}}),
    ),
    Case(
        "s3-lifecycle-complete",
        "no-noncurrent-expiry",
        _LIFECYCLE,
        lifecycle({"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}),
    ),
    Case("s3-lifecycle-complete", "no-enabled-rule", _LIFECYCLE, lifecycle({**TIDY, "status": "Disabled"})),
    Case("s3-lifecycle-complete", "no-abort", _LIFECYCLE, lifecycle({**TIDY, "filter": {"prefix": "tmp/"}})),
    Case("s3-lifecycle-complete", "", _LIFECYCLE, lifecycle({**TIDY, "filter": {"prefix": ""}})),
    Case(
        "s3-lifecycle-complete",
        "",
        _LIFECYCLE,
        lifecycle(
            {"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}},
            {"noncurrentVersionExpiration": {"noncurrentDays": 30}},
        ),
    ),
    Case("s3-lifecycle-valid", "out-of-order", _LIFECYCLE, lifecycle(moves((30, "GLACIER_IR"), (90, "STANDARD_IA")))),
    Case(
        "s3-lifecycle-valid",
        "expiry-too-early",
        _LIFECYCLE,
        lifecycle(moves((30, "STANDARD_IA"), (90, "GLACIER_IR"), expiration={"days": 90})),
    ),
    Case(
        "s3-lifecycle-valid",
        "expiry-too-early",
        _LIFECYCLE,
        lifecycle(moves((30, "STANDARD_IA")), {"expiration": {"days": 20}}),
    ),
    Case(
        "s3-lifecycle-valid", "not-queryable", _LIFECYCLE, lifecycle(moves((90, "GLACIER"), expiration={"days": 365}))
    ),
    Case(
        "s3-lifecycle-valid",
        "not-queryable",
        _LIFECYCLE,
        lifecycle(moves((UNKNOWN, "DEEP_ARCHIVE"), expiration={"days": UNKNOWN})),
    ),
    Case("s3-lifecycle-valid", "too-early", _LIFECYCLE, lifecycle(moves((7, "STANDARD_IA")))),
    Case("s3-lifecycle-valid", "same-day", _LIFECYCLE, lifecycle(moves((30, "STANDARD_IA"), (30, "GLACIER_IR")))),
    Case(
        "s3-lifecycle-valid",
        "",
        _LIFECYCLE,
        lifecycle(moves((30, "STANDARD_IA"), (90, "GLACIER_IR"), expiration={"days": 365})),
    ),
    Case(
        "s3-lifecycle-valid",
        "",
        _LIFECYCLE,
        lifecycle(
            moves((90, "GLACIER_IR"), filter={"prefix": "a/"}), {"expiration": {"days": 30}, "filter": {"prefix": "b/"}}
        ),
    ),
    Case(
        "s3-lifecycle-valid",
        "",
        _LIFECYCLE,
        lifecycle(moves((90, "DEEP_ARCHIVE")), bucket="audit-archive"),
        {"archives": ["audit-*"]},
    ),
    Case("s3-lifecycle-valid", "", _LIFECYCLE, lifecycle(moves((7, "INTELLIGENT_TIERING"), expiration={"days": 30}))),
]

KMS = [
    Case("kms-rotation", "rotation-off", _KEY, {"description": "x"}),
    Case(
        "kms-rotation", "rotation-off", _KEY, {"enableKeyRotation": False, "customerMasterKeySpec": "SYMMETRIC_DEFAULT"}
    ),
    Case("kms-rotation", "", _KEY, {"enableKeyRotation": True}),
    Case("kms-rotation", "", _KEY, {"customerMasterKeySpec": "RSA_4096", "keyUsage": "SIGN_VERIFY"}),
    Case("kms-key-policy", "any-principal", _KEY, {"policy": document(public(Action="kms:Decrypt"))}),
    Case(
        "kms-key-policy",
        "any-principal",
        "aws:kms/keyPolicy:KeyPolicy",
        {
            "policy": document(
                public(Action="kms:*", Condition={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}})
            )
        },
    ),
    Case(
        "kms-key-policy",
        "any-principal",
        _KEY,
        {"policy": document(public(Action="kms:*", Principal={"AWS": "arn:aws:iam::*:root"}))},
    ),
    Case("kms-key-policy", "", _KEY, {"policy": document(public(Action="kms:*", Principal=ROOT))}),
    Case(
        "kms-key-policy",
        "",
        _KEY,
        {
            "policy": document(
                public(
                    Action="kms:Decrypt",
                    Condition={
                        "StringEquals": {
                            "kms:CallerAccount": "123456789012",
                            "kms:ViaService": "s3.eu-west-1.amazonaws.com",
                        }
                    },
                )
            )
        },
    ),
    Case(
        "kms-key-policy",
        "",
        _KEY,
        {
            "policy": document(
                public(
                    Action="kms:Decrypt",
                    Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/app-*"}},
                )
            )
        },
    ),
    Case(
        "kms-key-policy",
        "any-principal",
        _KEY,
        {
            "policy": document(
                public(Action="kms:Decrypt", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/app"}})
            )
        },
    ),
    Case(
        "kms-key-policy",
        "all-actions-for-service",
        _KEY,
        {"policy": document(public(Action="kms:*", Principal={"Service": "logs.eu-west-1.amazonaws.com"}))},
    ),
    Case(
        "kms-key-policy",
        "",
        _KEY,
        {
            "policy": document(
                public(
                    Action=["kms:Decrypt", "kms:GenerateDataKey*"],
                    Principal={"Service": "logs.eu-west-1.amazonaws.com"},
                )
            )
        },
    ),
    Case("kms-safety", "lockout-bypass", _KEY, {"bypassPolicyLockoutSafetyCheck": True}),
    Case("kms-safety", "short-window", _KEY, {"deletionWindowInDays": 7}),
    Case("kms-safety", "", _KEY, {"deletionWindowInDays": 14}),
    Case("kms-safety", "", _KEY, {}),
]

IAM = [
    Case("iam-no-wildcard-action", "all-services", _IAM, {"policy": document(allow("*"))}),
    Case("iam-no-wildcard-action", "all-services", _INLINE, {"policy": document(allow(["s3:GetObject", "*:*"]))}),
    Case("iam-no-wildcard-action", "whole-service", _INLINE, {"policy": document(allow("S3:**"))}),
    Case(
        "iam-no-wildcard-action",
        "whole-service",
        _ROLE,
        {
            "assumeRolePolicy": document(irsa()),
            "inlinePolicies": [{"name": "x", "policy": document(allow("dynamodb:*"))}],
        },
    ),
    Case("iam-no-wildcard-action", "many-actions", _INLINE, {"policy": document(allow("s3:*Object"))}),
    Case("iam-no-wildcard-action", "many-actions", _INLINE, {"policy": json.loads(document(allow("s3:Put?bject*")))}),
    Case(
        "iam-no-wildcard-action",
        "many-actions",
        "aws:iam/userPolicy:UserPolicy",
        {"policy": document(allow("ec2:*Instances"))},
    ),
    Case("iam-no-wildcard-action", "", _INLINE, {"policy": document(allow(["s3:GetObject", "s3:PutObject"]))}),
    Case("iam-no-wildcard-action", "", _INLINE, {"policy": document(allow(["ec2:Describe*", "kms:GenerateDataKey*"]))}),
    Case(
        "iam-no-wildcard-action",
        "",
        _INLINE,
        {"policy": document({"Effect": "Deny", "Action": "*", "Resource": "*"}, allow("s3:GetObject"))},
    ),
    Case("iam-no-wildcard-resource", "all-resources", _INLINE, {"policy": document(allow("s3:GetObject", "*"))}),
    Case(
        "iam-no-wildcard-resource",
        "all-resources",
        _INLINE,
        {"policy": document(allow("s3:GetObject", ["arn:aws:s3:::logs/*", "arn:aws:s3:::*/*"]))},
    ),
    Case(
        "iam-no-wildcard-resource",
        "all-resources",
        _INLINE,
        {"policy": document(allow(["ec2:DescribeInstances", "ec2:RunInstances"], "*"))},
    ),
    Case(
        "iam-no-wildcard-resource",
        "",
        _INLINE,
        {"policy": document(allow(["ec2:DescribeInstances", "ecr:GetAuthorizationToken", "s3:ListAllMyBuckets"], "*"))},
    ),
    Case("iam-no-wildcard-resource", "", _INLINE, {"policy": document(allow("s3:GetObject", "arn:aws:s3:::logs/*"))}),
    Case(
        "iam-no-wildcard-resource",
        "",
        _INLINE,
        {
            "policy": document(
                allow("ec2:StopInstances", "*", Condition={"StringEquals": {"aws:ResourceTag/team": "obs"}})
            )
        },
    ),
    Case(
        "iam-no-wildcard-resource",
        "all-resources",
        _INLINE,
        {"policy": document(allow("ec2:StopInstances", "*", Condition={"StringLike": {"aws:ResourceTag/team": "*"}}))},
    ),
    Case(
        "iam-no-notaction-notresource",
        "not-action",
        _INLINE,
        {"policy": document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::logs"})},
    ),
    Case(
        "iam-no-notaction-notresource",
        "not-resource",
        _INLINE,
        {"policy": document({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::secret/*"})},
    ),
    Case(
        "iam-no-notaction-notresource",
        "",
        _INLINE,
        {"policy": document({"Effect": "Deny", "NotAction": "iam:*", "NotResource": "*"})},
    ),
    Case("iam-no-privilege-escalation", "escalation", _INLINE, {"policy": document(allow("iam:Pass*", "*"))}),
    Case(
        "iam-no-privilege-escalation",
        "escalation",
        _INLINE,
        {"policy": document(allow("IAM:attachrolepolicy", "arn:aws:iam::123456789012:role/*"))},
    ),
    Case(
        "iam-no-privilege-escalation",
        "",
        _INLINE,
        {"policy": document(allow("iam:PassRole", "arn:aws:iam::123456789012:role/app"))},
    ),
    Case("iam-no-privilege-escalation", "", _INLINE, {"policy": document(allow("iam:GetRole", "*"))}),
    Case(
        "iam-no-privilege-escalation",
        "",
        _INLINE,
        {"policy": document(allow("iam:PassRole", "arn:aws:iam::123456789012:role/obs/*"))},
    ),
    Case(
        "iam-kms-secrets-scoped",
        "unscoped",
        _INLINE,
        {"policy": document(allow("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/*"))},
    ),
    Case("iam-kms-secrets-scoped", "unscoped", _INLINE, {"policy": document(allow("secretsmanager:Get*", "*"))}),
    Case(
        "iam-kms-secrets-scoped",
        "",
        _INLINE,
        {
            "policy": document(
                allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:obs/*")
            )
        },
    ),
    Case(
        "iam-kms-secrets-scoped",
        "",
        _INLINE,
        {"policy": document(allow("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/abc"))},
    ),
    Case(
        "iam-no-admin-managed",
        "admin-policy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"policyArn": "arn:aws-cn:iam::aws:policy/AdministratorAccess"},
    ),
    Case(
        "iam-no-admin-managed",
        "admin-policy",
        _ROLE,
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/IAMFullAccess"]},
    ),
    Case(
        "iam-no-admin-managed",
        "",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
    ),
    Case("iam-no-users-keys", "user", "aws:iam/user:User", {"name": "ci"}),
    Case("iam-no-users-keys", "access-key", "aws:iam/accessKey:AccessKey", {"user": UNKNOWN}),
    Case("iam-no-users-keys", "", "aws:iam/group:Group", {"name": "people"}),
    Case(
        "iam-trust-principal",
        "any-principal",
        _ROLE,
        {"assumeRolePolicy": document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})},
    ),
    Case(
        "iam-trust-principal",
        "any-principal",
        _ROLE,
        {
            "assumeRolePolicy": document(
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"sts:ExternalId": "x"}},
                }
            )
        },
    ),
    Case(
        "iam-trust-principal",
        "any-principal",
        _ROLE,
        {"assumeRolePolicy": document({"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "sts:AssumeRole"})},
    ),
    Case(
        "iam-trust-principal",
        "",
        _ROLE,
        {
            "assumeRolePolicy": document(
                {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
            )
        },
    ),
    Case(
        "iam-trust-principal",
        "",
        _ROLE,
        {
            "assumeRolePolicy": document(
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
                }
            )
        },
    ),
    Case("irsa-trust-exact", "", _ROLE, {"assumeRolePolicy": document(irsa())}),
    Case("irsa-trust-exact", "", _ROLE, {"assumeRolePolicy": json.loads(document(irsa()))}),
    Case(
        "irsa-trust-exact",
        "no-sub",
        _ROLE,
        {"assumeRolePolicy": document(irsa(Condition={"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}}))},
    ),
    Case(
        "irsa-trust-exact",
        "no-aud",
        _ROLE,
        {
            "assumeRolePolicy": document(
                irsa(Condition={"StringEquals": {f"{ISSUER}:sub": "system:serviceaccount:obs:x"}})
            )
        },
    ),
    Case(
        "irsa-trust-exact",
        "loose-sub",
        _ROLE,
        {
            "assumeRolePolicy": document(
                irsa(
                    Condition={
                        "StringLike": {f"{ISSUER}:sub": "system:serviceaccount:obs:*"},
                        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"},
                    }
                )
            )
        },
    ),
    Case(
        "irsa-trust-exact",
        "loose-sub",
        _ROLE,
        {
            "assumeRolePolicy": document(
                irsa(
                    Condition={
                        "StringEqualsIfExists": {f"{ISSUER}:sub": "system:serviceaccount:obs:x"},
                        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"},
                    }
                )
            )
        },
    ),
    Case(
        "irsa-trust-exact",
        "loose-sub",
        _ROLE,
        {
            "assumeRolePolicy": document(
                irsa(
                    Condition={
                        "ForAllValues:StringEquals": {f"{ISSUER}:sub": "system:serviceaccount:obs:x"},
                        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"},
                    }
                )
            )
        },
    ),
    Case(
        "irsa-trust-exact",
        "no-sub",
        _ROLE,
        {
            "assumeRolePolicy": document(
                irsa(), irsa(Condition={"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}})
            )
        },
    ),
    Case(
        "irsa-trust-exact",
        "no-sub",
        _ROLE,
        {
            "assumeRolePolicy": document(
                irsa(
                    Condition={
                        "StringEquals": {
                            "other.example.com:sub": "system:serviceaccount:obs:x",
                            f"{ISSUER}:aud": "sts.amazonaws.com",
                        }
                    }
                )
            )
        },
    ),
    Case(
        "irsa-trust-exact",
        "",
        _ROLE,
        {
            "assumeRolePolicy": document(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "pods.eks.amazonaws.com"},
                    "Action": ["sts:AssumeRole", "sts:TagSession"],
                }
            )
        },
    ),
    Case("iam-boundary", "", _ROLE, {"assumeRolePolicy": document(irsa())}),
]

EKS = [
    Case("eks-secrets-kms", "no-key", _CLUSTER, {"name": "x"}),
    Case(
        "eks-secrets-kms",
        "secrets-left-out",
        _CLUSTER,
        {"encryptionConfig": {"provider": {"keyArn": "arn:x"}, "resources": []}},
    ),
    Case(
        "eks-secrets-kms",
        "",
        _CLUSTER,
        {"encryptionConfig": {"provider": {"keyArn": UNKNOWN}, "resources": ["secrets"]}},
    ),
    Case("eks-endpoint", "open-by-default", _CLUSTER, {"vpcConfig": {"subnetIds": UNKNOWN}}),
    Case("eks-endpoint", "open", _CLUSTER, {"vpcConfig": {"publicAccessCidrs": ["0.0.0.0/1", "128.0.0.0/1"]}}),
    Case(
        "eks-endpoint",
        "open",
        _CLUSTER,
        {"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["10.0.0.0/8", "::/0"]}},
    ),
    Case("eks-endpoint", "open", _CLUSTER, {"vpcConfig": {"publicAccessCidrs": ["0.0.0.0/0", UNKNOWN]}}),
    Case("eks-endpoint", "", _CLUSTER, {"vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True}}),
    Case("eks-endpoint", "", _CLUSTER, {"vpcConfig": {"publicAccessCidrs": ["203.0.113.0/24", "198.51.100.7/32"]}}),
    Case("eks-logs", "logs-missing", _CLUSTER, {"enabledClusterLogTypes": ["api", "audit"]}),
    Case(
        "eks-logs",
        "",
        _CLUSTER,
        {"enabledClusterLogTypes": ["scheduler", "api", "audit", "authenticator", "controllerManager"]},
    ),
    Case("eks-auth-api", "config-map-mode", _CLUSTER, {"name": "x"}),
    Case("eks-auth-api", "config-map-mode", _CLUSTER, {"accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}}),
    Case(
        "eks-auth-api",
        "aws-auth",
        "kubernetes:core/v1:ConfigMapPatch",
        {"metadata": {"name": "aws-auth", "namespace": "kube-system"}},
    ),
    Case(
        "eks-auth-api", "", "kubernetes:core/v1:ConfigMap", {"metadata": {"name": "aws-auth", "namespace": "default"}}
    ),
    Case(
        "eks-auth-api",
        "",
        _CLUSTER,
        {"accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}},
    ),
    Case("eks-version", "no-version", _CLUSTER, {"name": "x"}),
    Case("eks-version", "unsupported", _CLUSTER, {"version": "1.24"}, {"supported": ["1.34", "1.35"]}),
    Case("eks-version", "", _CLUSTER, {"version": "1.35"}, {"supported": ["1.34", "1.35"]}),
]

NODES = [
    Case("node-imdsv2", "tokens-optional", _TEMPLATE, {"metadataOptions": {"httpTokens": "optional"}}),
    Case("node-imdsv2", "tokens-optional", _TEMPLATE, {"imageId": UNKNOWN}),
    Case(
        "node-imdsv2",
        "hop-limit",
        _TEMPLATE,
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 3}},
    ),
    Case("node-imdsv2", "no-template", _GROUP, {"clusterName": "x"}),
    Case("node-imdsv2", "", _GROUP, {"clusterName": "x", "launchTemplate": {"id": UNKNOWN, "version": UNKNOWN}}),
    Case("node-imdsv2", "", _TEMPLATE, {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2}}),
    Case("node-imdsv2", "", "aws:ec2/instance:Instance", {"metadataOptions": {"httpEndpoint": "disabled"}}),
    Case("node-private-encrypted", "root-unencrypted", _TEMPLATE, {"imageId": "ami-1"}),
    Case(
        "node-private-encrypted",
        "disk-unencrypted",
        _TEMPLATE,
        {
            "blockDeviceMappings": [
                {"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}},
                {"deviceName": "/dev/xvdb", "ebs": {"encrypted": "false"}},
            ]
        },
    ),
    Case(
        "node-private-encrypted",
        "public-address",
        _TEMPLATE,
        {
            "blockDeviceMappings": [{"ebs": {"encrypted": "true"}}],
            "networkInterfaces": [{"associatePublicIpAddress": "true"}],
        },
    ),
    Case(
        "node-private-encrypted",
        "",
        _TEMPLATE,
        {
            "blockDeviceMappings": [{"ebs": {"encrypted": "true"}}, {"noDevice": ""}],
            "networkInterfaces": [{"associatePublicIpAddress": "false"}],
        },
    ),
    Case("node-private-encrypted", "root-unencrypted", "aws:ec2/instance:Instance", {"ami": "ami-1"}),
    Case("node-private-encrypted", "", "aws:ec2/instance:Instance", {"rootBlockDevice": {"encrypted": True}}),
    Case(
        "node-private-encrypted",
        "open-ssh",
        _GROUP,
        {"launchTemplate": {"id": "lt-1"}, "remoteAccess": {"ec2SshKey": "me"}},
    ),
    Case(
        "node-private-encrypted",
        "",
        _GROUP,
        {"launchTemplate": {"id": "lt-1"}, "remoteAccess": {"ec2SshKey": "me", "sourceSecurityGroupIds": [UNKNOWN]}},
    ),
    Case("node-private-encrypted", "disk-unencrypted", "aws:ebs/volume:Volume", {"size": 1}),
]

DATA = [
    Case(
        "vpc-flow-logs-default-sg",
        "default-group-open",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        {"ingress": [{"protocol": "-1", "self": True}]},
    ),
    Case(
        "vpc-flow-logs-default-sg",
        "",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        {"vpcId": UNKNOWN, "ingress": []},
    ),
    Case("sg-no-open-ingress", "open", _SG, {"ingress": [{"fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]}),
    Case(
        "sg-no-open-ingress",
        "open",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        {"type": "ingress", "ipv6CidrBlocks": ["::/0"]},
    ),
    Case(
        "sg-no-open-ingress",
        "open",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 443, "toPort": 444},
        {"openPorts": [443]},
    ),
    Case(
        "sg-no-open-ingress",
        "",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 443, "toPort": 443},
        {"openPorts": [443]},
    ),
    Case(
        "sg-no-open-ingress",
        "",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]},
    ),
    Case(
        "sg-no-open-ingress",
        "",
        _SG,
        {"ingress": [{"cidrBlocks": ["10.0.0.0/16"]}], "egress": [{"cidrBlocks": ["0.0.0.0/0"]}]},
    ),
    Case(
        "ebs-storageclass-encrypted",
        "unencrypted",
        _CLASS,
        {"provisioner": "ebs.csi.aws.com", "parameters": {"type": "gp3"}},
    ),
    Case(
        "ebs-storageclass-encrypted",
        "unencrypted",
        _CLASS,
        {"provisioner": "ebs.csi.aws.com", "parameters": {"encrypted": "false", "kmsKeyId": UNKNOWN}},
    ),
    Case(
        "ebs-storageclass-encrypted",
        "",
        _CLASS,
        {"provisioner": "ebs.csi.aws.com", "parameters": {"encrypted": "true", "kmsKeyId": UNKNOWN}},
    ),
    Case("ebs-storageclass-encrypted", "", _CLASS, {"provisioner": "efs.csi.aws.com"}),
    Case("logs-retention-kms", "no-retention", "aws:cloudwatch/logGroup:LogGroup", {"kmsKeyId": UNKNOWN}),
    Case("logs-retention-kms", "no-key", "aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 30}),
    Case("logs-retention-kms", "", "aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 30, "kmsKeyId": UNKNOWN}),
    Case("sns-sqs-encrypted", "no-key", "aws:sns/topic:Topic", {"name": "x"}),
    Case("sns-sqs-encrypted", "no-key", "aws:sqs/queue:Queue", {"sqsManagedSseEnabled": False}),
    Case(
        "sns-sqs-encrypted",
        "any-principal",
        "aws:sns/topicPolicy:TopicPolicy",
        {"policy": document(public(Action="sns:Publish"))},
    ),
    Case(
        "sns-sqs-encrypted",
        "",
        "aws:sqs/queue:Queue",
        {
            "policy": document(
                public(
                    Action="sqs:SendMessage",
                    Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:123456789012:alerts"}},
                )
            )
        },
    ),
    Case("sns-sqs-encrypted", "", "aws:sns/topic:Topic", {"kmsMasterKeyId": UNKNOWN}),
    Case("rds-encrypted-private", "unencrypted", "aws:rds/instance:Instance", {"storageEncrypted": False}),
    Case("rds-encrypted-private", "unencrypted", "aws:rds/cluster:Cluster", {"snapshotIdentifier": "s"}),
    Case(
        "rds-encrypted-private",
        "public",
        "aws:rds/instance:Instance",
        {"storageEncrypted": True, "publiclyAccessible": True},
    ),
    Case("rds-encrypted-private", "public", "aws:rds/clusterInstance:ClusterInstance", {"publiclyAccessible": True}),
    Case("rds-encrypted-private", "", "aws:rds/clusterInstance:ClusterInstance", {"engine": "aurora-postgresql"}),
    Case("rds-encrypted-private", "", "aws:rds/instance:Instance", {"replicateSourceDb": "grafana"}),
    Case("rds-encrypted-private", "", "aws:rds/instance:Instance", {"storageEncrypted": UNKNOWN}),
    Case("exposure", "public-load-balancer", "aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "network"}),
    Case("exposure", "public-load-balancer", "aws:alb/loadBalancer:LoadBalancer", {"internal": False}),
    Case("exposure", "", "aws:lb/loadBalancer:LoadBalancer", {"internal": True}),
    Case("exposure", "", "aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "gateway"}),
    Case("exposure", "", "aws:elb/loadBalancer:LoadBalancer", {"internal": UNKNOWN}),
    *(
        Case(rule, word, "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass", {"spec": spec})
        for rule, word, spec in (
            ("node-imdsv2", "tokens-optional", {"metadataOptions": {"httpTokens": "optional"}}),
            ("node-imdsv2", "hop-limit", {"metadataOptions": {"httpPutResponseHopLimit": 3}}),
            ("node-imdsv2", "", {"metadataOptions": {"httpTokens": "required"}}),
            ("node-imdsv2", "", {}),
            ("node-private-encrypted", "disk-unencrypted", {"blockDeviceMappings": [{"ebs": {"volumeSize": "20Gi"}}]}),
            ("node-private-encrypted", "", {"blockDeviceMappings": [{"ebs": {"encrypted": True}}]}),
            ("node-private-encrypted", "", {}),
            ("node-private-encrypted", "public-address", {"associatePublicIPAddress": True}),
        )
    ),
]

HELM = [
    Case("helm-source-locked", "", _RELEASE, {**LOCKED, **CARE, "values": UNKNOWN}),
    Case(
        "helm-source-locked",
        "",
        _RELEASE,
        {**CARE, "chart": "oci://ghcr.io/thanos-community/helm-charts/thanos", "version": "0.38.0"},
    ),
    Case("helm-source-locked", "other-version", _RELEASE, {**LOCKED, "version": "0.37.0"}),
    Case("helm-source-locked", "not-exact", _RELEASE, {**LOCKED, "version": "^0.38.0"}),
    Case("helm-source-locked", "not-exact", _RELEASE, {key: LOCKED[key] for key in ("chart", "repositoryOpts")}),
    Case(
        "helm-source-locked",
        "plain-http",
        _RELEASE,
        {**LOCKED, "repositoryOpts": {"repo": "http://ghcr.io/thanos-community/helm-charts"}},
    ),
    Case(
        "helm-source-locked",
        "unknown-source",
        _RELEASE,
        {**LOCKED, "repositoryOpts": {"repo": "https://charts.example.com"}},
    ),
    Case(
        "helm-source-locked",
        "unknown-source",
        _RELEASE,
        {"chart": "oci://ghcr.io/thanos-community/helm-charts-evil/thanos", "version": "0.38.0"},
    ),
    Case("helm-source-locked", "not-in-lock", _RELEASE, {**LOCKED, "chart": "unheard-of", "version": "1.0.0"}),
    Case(
        "helm-source-locked",
        "",
        _RELEASE,
        {**CARE, "chart": "loki", "version": "1.0.0", "repositoryOpts": {"repo": "https://charts.example.com/x/"}},
        {"charts": {"loki": "1.0.0"}, "repositories": ["https://charts.example.com/x"]},
    ),
    Case(
        "helm-source-locked",
        "",
        _RELEASE,
        {**CARE, "chart": "/srv/charts/thanos-0.38.0.tgz"},
        {"repositories": ["/srv/charts"]},
    ),
    Case(
        "helm-source-locked",
        "not-in-lock",
        _RELEASE,
        {**CARE, "chart": "/srv/charts/thanos-0.1.0.tgz"},
        {"repositories": ["/srv/charts"]},
    ),
    Case("helm-source-locked", "unknown-source", _RELEASE, {**CARE, "chart": "./thanos-0.38.0.tgz"}),
]

CASES = [*S3, *KMS, *IAM, *EKS, *NODES, *DATA, *HELM]

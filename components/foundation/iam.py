"""IAM and KMS documents as plain data, and their canonical JSON.

Every statement names its actions one by one: a wildcard grows when AWS adds an action.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .. import naming

Statement = dict[str, Any]
Document = dict[str, Any]


def document(statements: Sequence[Statement]) -> Document:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def to_json(value: Mapping[str, Any]) -> str:
    """JSON with sorted keys: the same document is the same text in every run, so no diff appears from nothing."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def service_trust(service: str, account_id: str = "") -> Document:
    """Trust in an AWS service, optionally only when it acts for this account (the confused deputy)."""
    statement: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if account_id:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account_id}}
    return document([statement])


def irsa_trust(oidc_provider_arn: str, oidc_issuer: str, namespace: str, service_accounts: Sequence[str]) -> Document:
    """Trust in exactly these service accounts of one cluster; `oidc_issuer` comes without `https://`."""
    subjects = [f"system:serviceaccount:{namespace}:{account}" for account in service_accounts]
    return document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Federated": oidc_provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{oidc_issuer}:aud": "sts.amazonaws.com",
                        f"{oidc_issuer}:sub": subjects[0] if len(subjects) == 1 else subjects,
                    }
                },
            }
        ]
    )


def bucket_access(region: str, bucket: str) -> Document:
    """Reading, writing and deleting the objects of one bucket, and nothing of the bucket itself."""
    arn = naming.bucket_arn(region, bucket)
    return document(
        [
            {
                "Sid": "Bucket",
                "Effect": "Allow",
                "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
                "Resource": arn,
            },
            {
                "Sid": "Objects",
                "Effect": "Allow",
                "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                "Resource": f"{arn}/*",
            },
        ]
    )


def key_use(key_arn: str) -> Document:
    """What S3 asks of a caller who reads and writes objects under a key: both, for multipart uploads too."""
    return document(
        [
            {
                "Sid": "Objects",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": key_arn,
            }
        ]
    )


def volume_key_use(key_arn: str) -> Document:
    """What the EBS CSI driver needs of the volumes' key (EBS user guide, "Permissions for IAM users").

    Grants only on behalf of an AWS service: the driver can hand the key to EBS and to nobody else.
    """
    return document(
        [
            {
                "Sid": "Volumes",
                "Effect": "Allow",
                "Action": [
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:GenerateDataKeyWithoutPlaintext",
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo",
                ],
                "Resource": key_arn,
            },
            {
                "Sid": "Grants",
                "Effect": "Allow",
                "Action": "kms:CreateGrant",
                "Resource": key_arn,
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
        ]
    )


def flow_log_delivery(log_group_arn: str) -> Document:
    """What VPC flow logs need to write to one log group that exists already."""
    return document(
        [
            {
                "Sid": "Streams",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Resource": [log_group_arn, f"{log_group_arn}:*"],
            }
        ]
    )

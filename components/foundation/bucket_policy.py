"""The policy of a bucket, as a pure function: what is denied to everybody, whatever IAM allows them."""

from collections.abc import Sequence

from .. import naming
from .iam import Document, Statement, document

_DESTRUCTION = ["s3:DeleteBucket", "s3:DeleteObjectVersion"]
"""What loses data for good. Deleting an object that has versions only hides it, and backends must: their
compactors do it all day. Changing the lifecycle is left to IAM: a retention is changed by `pulumi up`."""


def bucket_policy(
    region: str,
    bucket: str,
    protect: bool,
    deletion_principal_arns: Sequence[str] = (),
    object_deletion_principal_arns: Sequence[str] = (),
) -> Document:
    """TLS only, no encryption but the bucket's, and when protected no deletion but by the listed principals.

    `aws:PrincipalArn` is the role's own ARN for every session of the role (IAM user guide, "AWS global
    condition context keys"), and a principal that doesn't exist yet does no harm in a condition.
    """
    arn = naming.bucket_arn(region, bucket)
    statements = [_tls(arn), _encryption(arn)]
    if protect:
        statements.append(
            _deny("NoDestruction", _DESTRUCTION, [arn, f"{arn}/*"], deletion_principal_arns),
        )
        statements.append(
            _deny(
                "NoDeletion",
                ["s3:DeleteObject"],
                [f"{arn}/*"],
                [*deletion_principal_arns, *object_deletion_principal_arns],
            )
        )
    return document(statements)


def _tls(arn: str) -> Statement:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _encryption(arn: str) -> Statement:
    """Uploads that ask for another encryption. One that asks for none gets the bucket's: hence `Null`."""
    return {
        "Sid": "KmsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {
            "Null": {"s3:x-amz-server-side-encryption": "false"},
            "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
        },
    }


def _deny(sid: str, actions: list[str], resources: list[str], but: Sequence[str]) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": resources,
    }
    if but:
        statement["Condition"] = {"ArnNotLike": {"aws:PrincipalArn": sorted(set(but))}}
    return statement

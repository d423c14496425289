"""The policy of a KMS key, as a pure function of the account, the region and the services that use it."""

from collections.abc import Sequence

from .. import naming
from .iam import Document, Statement, document

SERVICES = ("ebs", "logs")
"""The AWS services that may use a key of ours. S3 and EKS need no entry: they act with the caller's rights."""

_USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]


def key_policy(account_id: str, region: str, services: Sequence[str] = ()) -> Document:
    """Who may use the key: the account, as its IAM policies say, and the listed services.

    Without the account's statement nobody could ever change the policy again (KMS developer guide,
    "Default key policy").
    """
    account: Statement = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{naming.partition(region)}:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    statements = [account]
    if "logs" in services:
        statements.append(_logs(account_id, region))
    if "ebs" in services:
        statements.extend(_node_volumes(account_id, region))
    return document(statements)


def _logs(account_id: str, region: str) -> Statement:
    """CloudWatch Logs, for log groups of this account and region only."""
    return {
        "Sid": "Logs",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.{naming.dns_suffix(region)}"},
        "Action": _USE,
        "Resource": "*",
        "Condition": {
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": (
                    f"arn:{naming.partition(region)}:logs:{region}:{account_id}:log-group:*"
                )
            }
        },
    }


def _node_volumes(account_id: str, region: str) -> list[Statement]:
    """Auto Scaling and Spot, which start nodes whose root volume the key encrypts.

    Their service-linked roles do not exist before the account's first group, and a key policy that names
    a principal that doesn't exist is refused. So the principals are matched by conditions instead; `*` with
    the account and the role's exact ARN is no wider than the role. Source: EC2 Auto Scaling user guide,
    "Required AWS KMS key policy"; EC2 user guide, "Service-linked role for Spot Instance requests".
    """
    roles = f"arn:{naming.partition(region)}:iam::{account_id}:role/aws-service-role"
    linked = [
        f"{roles}/autoscaling.{naming.dns_suffix(region)}/AWSServiceRoleForAutoScaling",
        f"{roles}/spot.{naming.dns_suffix(region)}/AWSServiceRoleForEC2Spot",
    ]
    who = {"StringEquals": {"kms:CallerAccount": account_id}, "ArnEquals": {"aws:PrincipalArn": linked}}
    return [
        {
            "Sid": "NodeVolumes",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [*_USE, "kms:GenerateDataKeyWithoutPlaintext"],
            "Resource": "*",
            "Condition": who,
        },
        {
            "Sid": "NodeVolumeGrants",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {**who, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]

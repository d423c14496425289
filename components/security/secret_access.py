"""What External Secrets may read and write in AWS, as IAM documents.

Exactly this platform's path and exactly the named parameters: another platform's secrets in the same account
have the same form and another first part.
"""

from collections.abc import Sequence

from .. import naming
from ..foundation.iam import Document, Statement, document


def path_arns(platform: str, account_id: str, region: str) -> tuple[str, str]:
    """ARNs of every secret and of every parameter whose name begins with `/<platform>/`."""
    partition = naming.partition(region)
    return (
        f"arn:{partition}:secretsmanager:{region}:{account_id}:secret:/{platform}/*",
        f"arn:{partition}:ssm:{region}:{account_id}:parameter/{platform}/*",
    )


def parameter_arns(names: Sequence[str], account_id: str, region: str) -> list[str]:
    """ARNs of parameters, whose names begin with a slash."""
    return [f"arn:{naming.partition(region)}:ssm:{region}:{account_id}:parameter{name}" for name in names]


def secrets_read(platform: str, account_id: str, region: str, parameter_names: Sequence[str] = ()) -> Document:
    """Reading the platform's secrets and parameters, and other named ones. Listing is left out: names are given."""
    secrets, parameters = path_arns(platform, account_id, region)
    return document(
        [
            {
                "Sid": "Secrets",
                "Effect": "Allow",
                "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                "Resource": secrets,
            },
            {
                "Sid": "Parameters",
                "Effect": "Allow",
                "Action": ["ssm:GetParameter", "ssm:GetParameters"],
                "Resource": [parameters, *parameter_arns(parameter_names, account_id, region)],
            },
        ]
    )


def parameters_publish(names: Sequence[str], account_id: str, region: str) -> Document:
    """Publishing named parameters. External Secrets marks what it made with a tag, and touches nothing else;
    deleting is left out (provider's source, v2.9: PushSecret with deletionPolicy None).
    """
    publish: Statement = {
        "Sid": "Publish",
        "Effect": "Allow",
        "Action": [
            "ssm:AddTagsToResource",
            "ssm:GetParameter",
            "ssm:ListTagsForResource",
            "ssm:PutParameter",
            "ssm:RemoveTagsFromResource",
        ],
        "Resource": parameter_arns(names, account_id, region),
    }
    return document([publish])


def secrets_key_use(key_arn: str, region: str) -> Document:
    """Decrypting with the key, and only through the two services that keep the values."""
    suffix = naming.dns_suffix(region)
    services = [f"secretsmanager.{region}.{suffix}", f"ssm.{region}.{suffix}"]
    return document(
        [
            {
                "Sid": "Decrypt",
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": key_arn,
                "Condition": {"StringEquals": {"kms:ViaService": services}},
            }
        ]
    )

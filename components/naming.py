"""Physical names and ARNs, derived and never random.

Everything that AWS lets us name is named from the platform's name, the account and the region, so that
ARNs, Helm values and IAM documents are plain strings in the very first preview. A name is part of a
resource's identity: changing one of these functions replaces buckets.
"""


def partition(region: str) -> str:
    """The ARN partition of a region: `aws`, `aws-cn` or `aws-us-gov`."""
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"


def dns_suffix(region: str) -> str:
    """The domain under which the region's service endpoints live."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def bucket_name(platform: str, account_id: str, region: str, purpose: str) -> str:
    """`<platform>-<purpose>-<account>-<region>`: bucket names are unique in the whole partition."""
    return f"{platform}-{purpose}-{account_id}-{region}"


def bucket_arn(region: str, bucket: str) -> str:
    """ARN of a bucket from its name."""
    return f"arn:{partition(region)}:s3:::{bucket}"


def s3_endpoint(region: str) -> str:
    """Host of the region's S3, without a scheme, as Thanos, Tempo and Pyroscope want it."""
    return f"s3.{region}.{dns_suffix(region)}"


def role_name(platform: str, region: str, purpose: str) -> str:
    """`<platform>-<purpose>-<region>`: role names are unique in the account, over all its regions."""
    return f"{platform}-{purpose}-{region}"


def role_arn(account_id: str, region: str, role: str) -> str:
    """ARN of a role from its name."""
    return f"arn:{partition(region)}:iam::{account_id}:role/{role}"


def oidc_provider_arn(account_id: str, region: str, issuer: str) -> str:
    """ARN of the IAM OIDC provider of a cluster's issuer (given without `https://`)."""
    return f"arn:{partition(region)}:iam::{account_id}:oidc-provider/{issuer}"


def aws_managed_policy_arn(region: str, policy: str) -> str:
    """ARN of an AWS managed policy; `policy` carries its path, if any (`service-role/...`)."""
    return f"arn:{partition(region)}:iam::aws:policy/{policy}"

"""A bucket for anything that must be kept a year, under a key of its own: two components and nothing else."""

import pulumi
from eks_observability.components.foundation.encryption_key import EncryptionKey
from eks_observability.components.foundation.tiered_bucket import TieredBucket

ACCOUNT, REGION = "123456789012", "eu-west-1"
place = {"account_id": ACCOUNT, "region": REGION}

key = EncryptionKey("reports", {"alias": "reports", "description": "Reports", **place})
bucket = TieredBucket(
    "reports",
    {
        "bucket_name": f"acme-reports-{ACCOUNT}-{REGION}",
        "region": REGION,
        "kms_key_arn": key.key_arn,
        "transitions": [
            {"storage_class": "STANDARD_IA", "after_days": 30},
            {"storage_class": "GLACIER_IR", "after_days": 90},
        ],
        "expire_after_days": 365,
    },
)
pulumi.export("bucket", bucket.bucket_name)

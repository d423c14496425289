"""A bucket for anything that must be kept a year, under a key of its own: two components and nothing else."""

import pulumi
from eks_observability.components import EncryptionKey, TieredBucket

place = {"account_id": "123456789012", "region": "eu-west-1"}
tiers = [{"storage_class": "STANDARD_IA", "after_days": 30}, {"storage_class": "GLACIER_IR", "after_days": 90}]

key = EncryptionKey("reports", {"alias": "reports", "description": "Reports", **place})
what = {"bucket_name": "acme-reports", "region": place["region"], "kms_key_arn": key.key_arn}
bucket = TieredBucket("reports", {**what, "transitions": tiers, "expire_after_days": 365})
pulumi.export("bucket", bucket.bucket_name)

"""Profiles alone, on a cluster that exists: a bucket, Pyroscope over it, and an agent on every node.

The cluster must know the CRDs of the Prometheus operator: what is scraped and alerted on is declared by them.
"""

import pulumi
from eks_observability.components import EncryptionKey, Namespace, Profiles, StorageClass, TieredBucket

ACCOUNT, REGION = "123456789012", "eu-west-1"
ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E"  # aws eks describe-cluster
BUCKET = f"acme-profiles-{ACCOUNT}-{REGION}"
RETENTION_DAYS, EXPIRE_AFTER_DAYS = 7, 10

key = EncryptionKey(
    "profiles", {"alias": "acme-profiles", "description": "Profiles", "account_id": ACCOUNT, "region": REGION}
)
bucket = TieredBucket(
    "profiles-bucket",
    {
        "bucket_name": BUCKET,
        "region": REGION,
        "kms_key_arn": key.key_arn,
        "expire_after_days": EXPIRE_AFTER_DAYS,
        # Pyroscope deletes what is too old, and nobody else does.
        "object_deletion_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/acme-pyroscope-{REGION}"],
    },
)
volumes = StorageClass("gp3", {"kms_key_arn": key.key_arn, "default": False})
backends = Namespace("backends", {"namespace": "observability", "pod_security": "restricted"})
agents = Namespace("agents", {"namespace": "observability-agents", "pod_security": "privileged"})

profiles = Profiles(
    "profiles",
    {
        "platform_name": "acme",
        "cluster_name": "shop",
        "account_id": ACCOUNT,
        "region": REGION,
        "bucket_name": BUCKET,
        "kms_key_arn": key.key_arn,
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
        "oidc_issuer": ISSUER,
        "retention_days": RETENTION_DAYS,
        # Held against each other before anything is made.
        "bucket_expire_after_days": EXPIRE_AFTER_DAYS,
        "zones": 3,
        "nodes": 3,
    },
    pulumi.ResourceOptions(depends_on=[bucket, volumes, backends, agents]),
)
pulumi.export("query", profiles.query_url)
pulumi.export("push", profiles.write_url)

"""Metrics alone, on a cluster that exists: Prometheus, Thanos and a bucket that keeps a year of both."""

import pulumi
from eks_observability.components import EncryptionKey, Metrics, Namespace, StorageClass

ACCOUNT, REGION = "123456789012", "eu-west-1"
ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E"  # aws eks describe-cluster

key = EncryptionKey(
    "metrics", {"alias": "acme-metrics", "description": "Metrics", "account_id": ACCOUNT, "region": REGION}
)
volumes = StorageClass("gp3", {"kms_key_arn": key.key_arn, "default": False})
backends = Namespace("backends", {"namespace": "observability", "pod_security": "restricted"})
agents = Namespace("agents", {"namespace": "observability-agents", "pod_security": "privileged"})

metrics = Metrics(
    "metrics",
    {
        "platform_name": "acme",
        "cluster_name": "shop",
        "account_id": ACCOUNT,
        "region": REGION,
        "kms_key_arn": key.key_arn,
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
        "oidc_issuer": ISSUER,
        # Two million series instead of half a million.
        "prometheus": {"cpu": "2", "memory": "16Gi"},
        "thanos": {"query_cpu": "1", "query_memory": "4Gi"},
    },
    pulumi.ResourceOptions(depends_on=[volumes, backends, agents]),
)
pulumi.export("query", metrics.query_frontend_url)

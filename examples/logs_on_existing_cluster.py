"""Logs alone, on a cluster that exists: Loki, Fluent Bit, events, the audit log, and the buckets they fill."""

import pulumi
from eks_observability.components import EncryptionKey, HelmRelease, Namespace, StorageClass, TieredBucket
from eks_observability.components.logs.logs import Logs

ACCOUNT, REGION = "123456789012", "eu-west-1"
ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E"  # aws eks describe-cluster
LOGS, AUDIT = f"acme-logs-{ACCOUNT}-{REGION}", f"acme-audit-{ACCOUNT}-{REGION}"

# CloudWatch Logs encrypts Firehose's own log with it.
key = EncryptionKey(
    "logs",
    {"alias": "acme-logs", "description": "Logs", "account_id": ACCOUNT, "region": REGION, "services": ["logs"]},
)
logs_bucket = TieredBucket(
    "logs",
    {
        "bucket_name": LOGS,
        "region": REGION,
        "kms_key_arn": key.key_arn,
        "transitions": [{"storage_class": "INTELLIGENT_TIERING", "after_days": 7}],
        # A week after Loki has deleted.
        "expire_after_days": 37,
        "object_deletion_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/acme-loki-{REGION}"],
    },
)
audit_bucket = TieredBucket(
    "audit", {"bucket_name": AUDIT, "region": REGION, "kms_key_arn": key.key_arn, "expire_after_days": 90}
)
volumes = StorageClass("gp3", {"kms_key_arn": key.key_arn, "default": False})
backends = Namespace("backends", {"namespace": "observability", "pod_security": "restricted"})
agents = Namespace("agents", {"namespace": "observability-agents", "pod_security": "privileged"})
monitors = HelmRelease(
    "crds",
    {
        "chart": "prometheus-operator-crds",
        "release_name": "prometheus-operator-crds",
        "namespace": backends.namespace_name,
        "values": {},
    },
)

logs = Logs(
    "logs",
    {
        "platform_name": "acme",
        "cluster_name": "shop",
        "account_id": ACCOUNT,
        "region": REGION,
        "bucket_name": LOGS,
        "bucket_expire_after_days": 37,
        "kms_key_arn": key.key_arn,
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
        "oidc_issuer": ISSUER,
        # Our customers' numbers are personal data, too.
        "fluent_bit": {"redaction": {"patterns": {"customer": "(customer[ =])K%-%d+"}}},
        "audit_logs": True,
        "audit_bucket_name": AUDIT,
    },
    pulumi.ResourceOptions(depends_on=[logs_bucket, audit_bucket, volumes, backends, agents, monitors]),
)
pulumi.export("loki", logs.gateway_url)

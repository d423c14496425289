"""Traces alone, on a cluster that exists and has the Prometheus operator: agents, gateways, Tempo, a bucket."""

import pulumi
from eks_observability.components.foundation.encryption_key import EncryptionKey
from eks_observability.components.foundation.namespace import Namespace
from eks_observability.components.foundation.storage_class import StorageClass
from eks_observability.components.foundation.tiered_bucket import TieredBucket
from eks_observability.components.traces.traces import Traces

ACCOUNT, REGION = "123456789012", "eu-west-1"
ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E"  # aws eks describe-cluster
BUCKET = f"acme-traces-{ACCOUNT}-{REGION}"
DAYS = 14

key = EncryptionKey(
    "traces", {"alias": "acme-traces", "description": "Traces", "account_id": ACCOUNT, "region": REGION}
)
volumes = StorageClass("gp3", {"kms_key_arn": key.key_arn, "default": False})
backends = Namespace("backends", {"namespace": "observability", "pod_security": "restricted"})
agents = Namespace("agents", {"namespace": "observability-agents", "pod_security": "privileged"})
bucket = TieredBucket(
    "traces",
    {
        "bucket_name": BUCKET,
        "region": REGION,
        "kms_key_arn": key.key_arn,
        # A week longer than Tempo keeps them: deleting is its compactor's work.
        "expire_after_days": DAYS + 7,
        "object_deletion_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/acme-tempo-{REGION}"],
    },
)

traces = Traces(
    "traces",
    {
        "platform_name": "acme",
        "cluster_name": "shop",
        "account_id": ACCOUNT,
        "region": REGION,
        "bucket_name": BUCKET,
        "kms_key_arn": key.key_arn,
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
        "oidc_issuer": ISSUER,
        # A ClusterIssuer of the cluster's cert-manager: mutual TLS from agents to gateways to Tempo.
        "certificate_issuer": "internal-ca",
        "retention_days": DAYS,
        "bucket_expire_after_days": DAYS + 7,
        "sampling": {"expected_spans_per_second": 20_000, "critical_services": ["payments", "checkout"]},
        # A Prometheus that takes remote write, and exemplars.
        "remote_write_urls": ["http://prometheus.monitoring.svc.cluster.local:9090/api/v1/write"],
    },
    pulumi.ResourceOptions(depends_on=[volumes, backends, agents, bucket]),
)
pulumi.export("otlp", traces.otlp_grpc_url)
pulumi.export("query", traces.query_url)

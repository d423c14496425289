"""Grafana alone, on a cluster that exists and whose backends do: a database, an internal load balancer, sign-on.

The cluster must run External Secrets with its store `secrets-manager`, the AWS Load Balancer Controller, cert-manager
with a ClusterIssuer, and know the CRDs of the Prometheus operator. The client's secret must lie in Secrets Manager as
`/acme/grafana/oidc`.
"""

import pulumi
from eks_observability.components import EncryptionKey, Grafana, GrafanaDatabase, Namespace

ACCOUNT, REGION = "123456789012", "eu-west-1"
VPC, SUBNETS = "vpc-0123456789abcdef0", ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
CLUSTER_SECURITY_GROUP = "sg-0123456789abcdef0"  # aws eks describe-cluster
BACKENDS = "observability.svc.cluster.local"
PROVIDER = "https://id.example.com/oauth2/v1"

key = EncryptionKey(
    "grafana",
    {
        "alias": "acme-grafana",
        "description": "Grafana's passwords and database",
        "account_id": ACCOUNT,
        "region": REGION,
        "services": ["logs"],
    },
)
backends = Namespace("backends", {"namespace": "observability", "pod_security": "restricted"})
database = GrafanaDatabase(
    "grafana-database",
    {
        "platform_name": "acme",
        "account_id": ACCOUNT,
        "region": REGION,
        "kms_key_arn": key.key_arn,
        "vpc_id": VPC,
        "subnet_ids": SUBNETS,
        "client_security_group_id": CLUSTER_SECURITY_GROUP,
    },
)
grafana = Grafana(
    "grafana",
    {
        "platform_name": "acme",
        "secret_store_name": "secrets-manager",
        "kms_key_arn": key.key_arn,
        "certificate_issuer": "observability-ca",
        "signals": {
            "thanos_url": f"https://thanos-query-frontend.{BACKENDS}:9090",
            "alertmanager_url": f"https://kps-alertmanager.{BACKENDS}:9093",
            "loki_url": f"https://loki-gateway.{BACKENDS}",
            "tempo_url": f"https://tempo-query-frontend.{BACKENDS}:3200",
        },
        "database": {"secret_name": database.secret_name},
        "ingress": {
            "host": "grafana.acme.internal",
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/0f0e0d0c-0000-4000-8000-000000000000",
            "inbound_cidrs": ["10.0.0.0/8"],
        },
        "auth": {
            "oidc": {
                "client_id": "grafana",
                "client_secret_name": "grafana/oidc",
                "auth_url": f"{PROVIDER}/authorize",
                "token_url": f"{PROVIDER}/token",
                "api_url": f"{PROVIDER}/userinfo",
                "scopes": ["openid", "profile", "email", "groups"],
                "admin_groups": ["platform"],
                "editor_groups": ["developers"],
                "viewer_groups": ["staff"],
            }
        },
    },
    pulumi.ResourceOptions(depends_on=[backends, database]),
)
pulumi.export("address", grafana.address)

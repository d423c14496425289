"""A workload on a cluster that exists: a namespace, and a role that reads and writes one bucket."""

import pulumi
from eks_observability.components import IrsaRole, Namespace

ACCOUNT, REGION = "123456789012", "eu-west-1"
ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E"  # aws eks describe-cluster

namespace = Namespace("reports", {"namespace": "reports", "pod_security": "restricted"})
role = IrsaRole(
    "reports",
    {
        "role_name": f"acme-reports-{REGION}",
        "account_id": ACCOUNT,
        "region": REGION,
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
        "oidc_issuer": ISSUER,
        "namespace": "reports",
        "service_accounts": ["reporter"],
        "bucket_name": f"acme-reports-{ACCOUNT}-{REGION}",
        "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    },
)
pulumi.export("annotation", {"eks.amazonaws.com/role-arn": role.role_arn})

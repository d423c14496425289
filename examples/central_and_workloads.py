"""One centre that stores, and two clusters that only collect: one that exists, in a peered VPC, and one made here.

In life each is a stack of its own, and the centre's outputs reach the others as stack references.
"""

import pulumi
from eks_observability.components import Platform, WorkloadCluster

ACCOUNT, REGION = "123456789012", "eu-west-1"
place = {"account_id": ACCOUNT, "region": REGION}

centre = Platform(
    "centre",
    {
        "name": "obs",
        **place,
        "network": {"cidr_block": "10.64.0.0/16"},
        "metrics": {"receive_enabled": True},
        "entrance": {
            "clusters": {"games": {"tenant": "games"}, "shop": {"tenant": "shop"}},
            "allowed_cidr_blocks": ["10.80.0.0/16"],  # the VPC of games
            "private_link": {"allowed_principals": [f"arn:aws:iam::{ACCOUNT}:root"]},
        },
    },
)

games = WorkloadCluster(
    "games",
    {
        "cluster_name": "games",
        "tenant": "games",
        **place,
        "cluster": {
            "existing": {
                "name": "games",
                "oidc_issuer": f"oidc.eks.{REGION}.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E",
                "kubeconfig": "~/.kube/games",
                "network": {
                    "vpc_id": "vpc-0a1b2c3d4e5f60718",
                    "private_subnet_ids": ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"],
                    "security_group_id": "sg-0cccccccccccccccc",
                },
            }
        },
        # A route leads to the centre's VPC: peering or a transit gateway.
        "centre": {
            "platform_name": "obs",
            "address": centre.entrance_address,
            "address_zone_id": centre.entrance_zone_id,
        },
    },
)

shop = WorkloadCluster(
    "shop",
    {
        "cluster_name": "shop",
        "tenant": "shop",
        **place,
        "network": {"cidr_block": "10.96.0.0/16"},
        # No route leads there: PrivateLink.
        "centre": {"platform_name": "obs", "endpoint_service_name": centre.entrance_endpoint_service},
        "external_labels": {"environment": "prod"},
        "profiles": {"enabled": False},
    },
)

pulumi.export("entrance", centre.entrance_address)
pulumi.export("shop sends spans to", shop.otlp_urls)

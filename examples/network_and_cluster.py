"""A private EKS cluster in a network of its own, and encrypted volumes on it."""

import pulumi
import pulumi_kubernetes as kubernetes
from eks_observability.components import EksCluster, EncryptionKey, Network, StorageClass

ACCOUNT, REGION, NAME = "123456789012", "eu-west-1", "acme"
ZONES = [f"{REGION}{zone}" for zone in "abc"]
place = {"account_id": ACCOUNT, "region": REGION}

logs = EncryptionKey("logs", {"alias": f"{NAME}-logs", "description": "Logs", "services": ["logs"], **place})
disks = EncryptionKey("disks", {"alias": f"{NAME}-disks", "description": "Disks", "services": ["ebs"], **place})
network = Network("network", {"cluster_name": NAME, "availability_zones": ZONES, "kms_key_arn": logs.key_arn, **place})
cluster = EksCluster(
    "cluster",
    {
        "cluster_name": NAME,
        "vpc_id": network.vpc_id,
        "private_subnet_ids": network.private_subnet_ids,
        "control_plane_subnet_ids": network.intra_subnet_ids,
        "availability_zones": ZONES,
        "log_kms_key_arn": logs.key_arn,
        "node_volume_kms_key_arn": disks.key_arn,
        "admin_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/platform-admin"],
        **place,
    },
)
provider = kubernetes.Provider("cluster", kubeconfig=cluster.kubeconfig)
StorageClass(
    "gp3",
    {"kms_key_arn": disks.key_arn},
    pulumi.ResourceOptions(providers=[provider], depends_on=cluster.ready),
)
pulumi.export("kubeconfig", cluster.kubeconfig)

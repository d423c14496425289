"""Encrypted EBS volumes for Kubernetes claims."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ..ordering import child_of
from ..validation import refuse
from .checks import dns_label_faults
from .labels import labels
from .outputs import after


class StorageClassArgs(TypedDict):
    """How volumes are made."""

    storage_class_name: NotRequired[str]
    """Name that claims use. Default `gp3`."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Key that encrypts the volumes. Default the account's EBS default key."""
    default: NotRequired[bool]
    """Whether claims that name no class get this one. Default True. EKS makes no other default from
    Kubernetes 1.30 on; an older cluster's `gp2` has to lose its annotation by hand."""
    protect: NotRequired[bool]
    """Whether a volume outlives its claim (reclaim policy Retain). Default True."""


class StorageClass(pulumi.ComponentResource):
    """Encrypted gp3 volumes that grow on demand, made in the zone of the pod that first claims them."""

    storage_class_name: pulumi.Output[str]
    """Name, for claims and Helm values."""

    def __init__(self, name: str, args: StorageClassArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        class_name = args.get("storage_class_name", "gp3")
        refuse("StorageClass", name, dns_label_faults("storage_class_name", class_name))
        super().__init__("eks-observability:index:StorageClass", name, dict(args), opts)
        parameters: dict[str, pulumi.Input[str]] = {
            "type": "gp3",
            "encrypted": "true",
            "csi.storage.k8s.io/fstype": "ext4",
        }
        if "kms_key_arn" in args:
            parameters["kmsKeyId"] = args["kms_key_arn"]
        storage_class = kubernetes.storage.v1.StorageClass(
            f"{name}-storage-class",
            metadata={
                "name": class_name,
                "labels": labels("storage-class", class_name, "storage"),
                "annotations": {
                    "storageclass.kubernetes.io/is-default-class": str(args.get("default", True)).lower(),
                },
            },
            provisioner="ebs.csi.aws.com",
            parameters=parameters,
            # A volume lives in one zone: it is made only when the scheduler has chosen the pod's.
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            reclaim_policy="Retain" if args.get("protect", True) else "Delete",
            opts=child_of(self, opts),
        )
        self.storage_class_name = after(class_name, [storage_class])
        self.register_outputs({"storage_class_name": self.storage_class_name})

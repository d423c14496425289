"""Volumes that Kubernetes makes."""

from collections.abc import Iterator

from ..facts import UNKNOWN, Resource, truth
from ..model import Finding, Rule, unknown

STORAGE_CLASS = Rule(
    33,
    "ebs-storageclass-encrypted",
    cause="Volumes of an EBS storage class are encrypted",
    why="Every volume that a claim makes through the class inherits this: unencrypted data at rest, by the dozen.",
    fix='Set parameters.encrypted to "true" (text), and parameters.kmsKeyId to a key of your own.',
    severity="high",
    frameworks=("AWS FSBP EC2.3", "CIS AWS Foundations 3.0.0 2.2.1"),
)


@STORAGE_CLASS.resource("kubernetes:storage.k8s.io/v1:StorageClass")
def storage_class(resource: Resource) -> Iterator[Finding]:
    """Classes of other provisioners are none of this rule's business."""
    provisioner = resource.get("provisioner")
    encrypted = truth(resource.get("parameters", "encrypted"))
    if encrypted is True or provisioner not in ("ebs.csi.aws.com", "kubernetes.io/aws-ebs", UNKNOWN):
        return
    if provisioner is UNKNOWN or encrypted is UNKNOWN:
        yield unknown("provisioner" if provisioner is UNKNOWN else "parameters.encrypted")
    elif not (resource.partial and encrypted is None):
        yield Finding("unencrypted", 'set parameters.encrypted to "true"')

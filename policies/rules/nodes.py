"""Machines: instance metadata, disks, addresses."""

from collections.abc import Iterator
from typing import Any

from ..facts import UNKNOWN, Resource, dig, items, truth
from ..model import Finding, Rule, unknown

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_INSTANCE = "aws:ec2/instance:Instance"
_SPOT = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
_CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
_NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
_NODE_CLASSES = tuple(f"kubernetes:karpenter.k8s.aws/{version}:EC2NodeClass" for version in ("v1", "v1beta1"))

IMDS = Rule(
    29,
    "node-imdsv2",
    cause="Instance metadata asks for a session token, and is out of pods' reach",
    why="With version 1 a request forged through any web server on the node returns the node's credentials.",
    fix='Set metadataOptions.httpTokens to "required" and httpPutResponseHopLimit to at most 2; give node groups a '
    "launch template that does.",
    severity="high",
    frameworks=("AWS FSBP EC2.8", "CIS AWS Foundations 3.0.0 5.6"),
)


@IMDS.resource(_TEMPLATE, _INSTANCE, _SPOT, _CONFIGURATION)
def imds(resource: Resource) -> Iterator[Finding]:
    """Metadata that is switched off needs no token."""
    options = resource.get("metadataOptions")
    endpoint, tokens = dig(options, "httpEndpoint"), dig(options, "httpTokens")
    limit = dig(options, "httpPutResponseHopLimit")
    if endpoint == "disabled":
        return
    if tokens is UNKNOWN or endpoint is UNKNOWN:
        yield unknown("metadataOptions")
    elif tokens != "required":
        yield Finding("tokens-optional", 'set metadataOptions.httpTokens to "required"')
    if limit is UNKNOWN and tokens is not UNKNOWN:
        yield unknown("metadataOptions.httpPutResponseHopLimit")
    elif _number(limit) > 2:
        yield Finding("hop-limit", "set metadataOptions.httpPutResponseHopLimit to 1 or 2")


def _number(value: Any) -> float:
    """A count that may be written as text; 0 where there is none."""
    try:
        return float(value) if isinstance(value, int | float | str) else 0
    except ValueError:
        return 0


@IMDS.resource(_NODE_GROUP)
def imds_of_group(group: Resource) -> Iterator[Finding]:
    """What EKS makes up for a group without a template leaves tokens optional on some images."""
    if group.get("launchTemplate") is None:
        yield Finding("no-template", "set launchTemplate to one with metadataOptions.httpTokens required")


@IMDS.resource(*_NODE_CLASSES)
def imds_of_class(resource: Resource) -> Iterator[Finding]:
    """Karpenter asks for tokens by itself, and lets no pod of its own address reach them."""
    options = resource.get("spec", "metadataOptions")
    tokens, limit = dig(options, "httpTokens"), dig(options, "httpPutResponseHopLimit")
    if tokens is UNKNOWN or limit is UNKNOWN:
        yield unknown("spec.metadataOptions")
    if tokens not in (None, "required", UNKNOWN):
        yield Finding("tokens-optional", 'set spec.metadataOptions.httpTokens to "required", or leave it out')
    if _number(limit) > 2:
        yield Finding("hop-limit", "set spec.metadataOptions.httpPutResponseHopLimit to 1 or 2")


DISKS = Rule(
    30,
    "node-private-encrypted",
    cause="Machines have encrypted disks, no public address and no open SSH",
    why="A node's disk holds images, logs and mounted secrets; a public address offers all of its ports.",
    fix="Set encrypted on every block device, associatePublicIpAddress to false, and no SSH key without security "
    "groups.",
    severity="high",
    frameworks=("AWS FSBP EC2.3", "AWS FSBP EC2.9"),
)


@DISKS.resource(_TEMPLATE)
def template(resource: Resource) -> Iterator[Finding]:
    """A template that names no device leaves the image's own, unencrypted."""
    devices = resource.get("blockDeviceMappings")
    volumes = [(number, dig(device, "ebs")) for number, device in enumerate(items(devices))]
    if not any(volume is not None for _, volume in volumes):
        yield Finding("root-unencrypted", 'add the root device to blockDeviceMappings with ebs.encrypted "true"')
    for number, volume in volumes:
        if volume is not None:
            yield from _encrypted(volume, f"blockDeviceMappings[{number}].ebs")
    for number, interface in enumerate(items(resource.get("networkInterfaces"))):
        yield from _private(interface, f"networkInterfaces[{number}].associatePublicIpAddress")


@DISKS.resource(_INSTANCE, _SPOT, _CONFIGURATION)
def instance(resource: Resource) -> Iterator[Finding]:
    """The root device is there whether it is named or not."""
    root = resource.get("rootBlockDevice")
    if root is None:
        yield Finding("root-unencrypted", "add rootBlockDevice with encrypted true")
    else:
        yield from _encrypted(dig(root), "rootBlockDevice")
    for number, device in enumerate(items(resource.get("ebsBlockDevices"))):
        yield from _encrypted(device, f"ebsBlockDevices[{number}]")
    yield from _private(resource.props, "associatePublicIpAddress")


@DISKS.resource(_NODE_GROUP)
def group(resource: Resource) -> Iterator[Finding]:
    """EKS opens SSH to everybody when a key is given without security groups."""
    if resource.get("launchTemplate") is None:
        yield Finding("root-unencrypted", "set launchTemplate to one that encrypts the root volume")
    access = resource.get("remoteAccess")
    if access is UNKNOWN:
        yield unknown("remoteAccess")
    elif dig(access, "ec2SshKey") is not None and dig(access, "sourceSecurityGroupIds") in (None, []):
        yield Finding("open-ssh", "set remoteAccess.sourceSecurityGroupIds, or remove ec2SshKey")


@DISKS.resource(*_NODE_CLASSES)
def node_class(resource: Resource) -> Iterator[Finding]:
    """A class that names no device gets Karpenter's own, which is encrypted."""
    for number, device in enumerate(items(resource.get("spec", "blockDeviceMappings"))):
        yield from _encrypted(dig(device, "ebs"), f"spec.blockDeviceMappings[{number}].ebs")
    public = truth(resource.get("spec", "associatePublicIPAddress"))
    if public is UNKNOWN:
        yield unknown("spec.associatePublicIPAddress")
    elif public:
        yield Finding("public-address", "set spec.associatePublicIPAddress to false")


@DISKS.resource("aws:ebs/volume:Volume")
def volume(resource: Resource) -> Iterator[Finding]:
    """A volume made by itself."""
    yield from _encrypted(resource.props, "the volume")


@DISKS.resource("aws:ec2/networkInterface:NetworkInterface")
def interface(resource: Resource) -> Iterator[Finding]:
    """An interface made by itself."""
    yield from _private(resource.props, "associatePublicIpAddress")


def _encrypted(volume: Any, where: str) -> Iterator[Finding]:
    encrypted = truth(dig(volume, "encrypted"))
    if encrypted is UNKNOWN:
        yield unknown(f"{where}.encrypted")
    elif not encrypted:
        yield Finding("disk-unencrypted", f"set encrypted to true on {where}")


def _private(holder: Any, where: str) -> Iterator[Finding]:
    public = truth(dig(holder, "associatePublicIpAddress"))
    if public is UNKNOWN:
        yield unknown(where)
    elif public:
        yield Finding("public-address", f"set {where} to false")

"""What AWS refuses because of how resources stand to each other. Few, and each a mistake worth catching."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

from ..simulation import Props, at_path
from ..store import Store
from ..values import unknown

ZONES = "abc"
"""Every simulated region has three zones."""
_MIN_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
"""S3 moves nothing younger to these classes (Lifecycle configuration elements, Amazon S3 User Guide)."""
_Rule = Callable[[Store, Any, Props, str], Iterator[str]]


def problems(store: Store, config: Any, type_: str, inputs: Props, id_: str) -> Iterator[str]:
    """What is wrong with a resource in this account, as `Code: message`."""
    if rule := _RULES.get(type_):
        yield from rule(store, config, inputs, id_)


def _subnet(store: Store, config: Any, inputs: Props, id_: str) -> Iterator[str]:
    zone = inputs.get("availabilityZone")
    region = inputs.get("region") or config.region
    if zone and zone not in [region + letter for letter in ZONES]:
        yield f"InvalidParameterValue: Value ({zone}) for parameter availabilityZone is invalid. Subnets can " + (
            "currently only be created in the following availability zones: "
            + ", ".join(region + letter for letter in ZONES)
            + "."
        )
    vpc = store.get("aws:ec2/vpc:Vpc", str(inputs.get("vpcId")))
    block = _network(inputs.get("cidrBlock"))
    outer = _network(vpc.outputs.get("cidrBlock")) if vpc else None
    if block and outer and not (block.version == outer.version and block.subnet_of(outer)):  # type: ignore[arg-type]
        yield f"InvalidSubnet.Range: The CIDR '{block}' is invalid."
    for other in store.of_type("aws:ec2/subnet:Subnet"):
        taken = _network(other.outputs.get("cidrBlock"))
        beside = other.id != id_ and other.outputs.get("vpcId") == inputs.get("vpcId")
        if beside and block and taken and block.overlaps(taken):
            yield f"InvalidSubnet.Conflict: The CIDR '{block}' conflicts with another subnet"


def _network(text: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _cluster(store: Store, config: Any, inputs: Props, id_: str) -> Iterator[str]:
    found = [store.get("aws:ec2/subnet:Subnet", str(s)) for s in at_path(inputs, "vpcConfig.subnetIds.[]")]
    known = [subnet for subnet in found if subnet is not None]
    zones = {subnet.outputs.get("availabilityZone") for subnet in known}
    if known and len(known) == len(found) and len(zones) < 2:
        yield "InvalidParameterException: Subnets specified must be in at least two different AZs"
    vpcs = {subnet.outputs.get("vpcId") for subnet in known}
    if len(vpcs) > 1:
        yield "InvalidParameterException: Subnets specified must belong to the same VPC"
    access = inputs.get("vpcConfig", {})
    if access.get("endpointPublicAccess") is False and not access.get("endpointPrivateAccess"):
        yield "InvalidParameterException: Private and public endpoint access cannot be false"


def _node_group(store: Store, config: Any, inputs: Props, id_: str) -> Iterator[str]:
    scaling = inputs.get("scalingConfig", {})
    low, wanted, high = (scaling.get(key) for key in ("minSize", "desiredSize", "maxSize"))
    if not any(value is None or unknown(value) for value in (low, wanted, high)) and not low <= wanted <= high:
        yield f"InvalidParameterException: desired capacity {wanted} must lie between minSize {low} and maxSize {high}"


def _lifecycle(store: Store, config: Any, inputs: Props, id_: str) -> Iterator[str]:
    for rule in at_path(inputs, "rules.[]"):
        expiry = (rule.get("expiration") or {}).get("days")
        for transition in rule.get("transitions") or []:
            storage, days = transition.get("storageClass"), transition.get("days")
            if isinstance(days, int) and days < _MIN_DAYS.get(storage, 0):
                yield (
                    "InvalidArgument: 'Days' in Transition action must be greater than or equal to "
                    f"{_MIN_DAYS[storage]} for storageClass '{storage}'"
                )
            if isinstance(days, int) and isinstance(expiry, int) and expiry <= days:
                yield (
                    "InvalidArgument: 'Days' in the Expiration action for filter must be greater than 'Days' in the "
                    "Transition action"
                )


_RULES: dict[str, _Rule] = {
    "aws:ec2/subnet:Subnet": _subnet,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _lifecycle,
}

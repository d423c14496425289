"""Networks: what is recorded, and what is open."""

from collections.abc import Iterator
from typing import Any

from ..facts import UNKNOWN, Resource, dig, items
from ..linking import linked
from ..model import Finding, Rule, Stack, unknown
from ..net import open_to_the_world

_VPC = "aws:ec2/vpc:Vpc"
_FLOW_LOG = "aws:ec2/flowLog:FlowLog"
_DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"

VPC = Rule(
    31,
    "vpc-flow-logs-default-sg",
    cause="A VPC records its traffic, and its default security group lets nothing through",
    why="Flow logs are the only record of who talked to whom; whatever forgets to name a security group gets the "
    "default one.",
    fix="Add a FlowLog for the VPC, and a DefaultSecurityGroup without ingress and egress.",
    severity="medium",
    frameworks=("AWS FSBP EC2.6", "AWS FSBP EC2.2", "CIS AWS Foundations 3.0.0 3.7"),
)


@VPC.resource(_DEFAULT_GROUP)
def default_group(resource: Resource) -> Iterator[Finding]:
    """The resource adopts the group and removes every rule that it doesn't list."""
    for side in ("ingress", "egress"):
        rules = resource.get(side)
        if rules is UNKNOWN:
            yield unknown(side)
        elif rules:
            yield Finding("default-group-open", f"remove {side} from the default security group")


@VPC.resource(_FLOW_LOG)
def flow_log(resource: Resource) -> Iterator[Finding]:
    """A log of what was refused only doesn't show who got through."""
    kind = resource.get("trafficType")
    if kind is UNKNOWN:
        yield unknown("trafficType")
    elif kind in ("ACCEPT", "REJECT"):
        yield Finding("not-all-traffic", 'set trafficType to "ALL"')


@VPC.stack
def vpc(stack: Stack) -> Iterator[Finding]:
    """What lies beside each VPC."""
    for each in stack.of(_VPC):
        for kind, word, message in (
            (_FLOW_LOG, "no-flow-log", "add a FlowLog with trafficType ALL for this VPC"),
            (_DEFAULT_GROUP, "default-group-kept", "add a DefaultSecurityGroup without rules for this VPC"),
        ):
            beside = linked(stack, each, kind, "vpcId")
            if beside is UNKNOWN:
                yield unknown(f"which VPC a {kind.rpartition(':')[2]} belongs to", each.urn)
            elif not beside:
                yield Finding(word, message, urn=each.urn)


INGRESS = Rule(
    32,
    "sg-no-open-ingress",
    cause="No security group is open to the whole internet",
    why="An open port is found within minutes; load balancers made by the cluster bring their own groups.",
    fix="Name the ranges or security groups that need access. Ports that are meant to be public go under `openPorts`.",
    severity="high",
    frameworks=("AWS FSBP EC2.18", "CIS AWS Foundations 3.0.0 5.2"),
    config={
        "openPorts": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "Ports that may be open to everybody, one by one: a range is not excused by its members.",
        }
    },
)


@INGRESS.resource("aws:ec2/securityGroup:SecurityGroup", _DEFAULT_GROUP)
def group(resource: Resource, config: dict[str, Any]) -> Iterator[Finding]:
    """Rules written inside the group."""
    for number, rule in enumerate(items(resource.get("ingress"))):
        if rule is UNKNOWN:
            yield unknown("ingress")
        else:
            yield from _open(rule, f"ingress[{number}].", config)


@INGRESS.resource("aws:ec2/securityGroupRule:SecurityGroupRule")
def group_rule(resource: Resource, config: dict[str, Any]) -> Iterator[Finding]:
    """Rules as resources, in both directions."""
    if resource.get("type") in ("ingress", UNKNOWN):
        yield from _open(resource.props, "", config)


@INGRESS.resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
def ingress_rule(resource: Resource, config: dict[str, Any]) -> Iterator[Finding]:
    """Rules as resources, one range each."""
    yield from _open(resource.props, "", config)


def _open(rule: Any, where: str, config: dict[str, Any]) -> Iterator[Finding]:
    """`where` is the path of a rule within its group, with a dot at its end; empty for a rule by itself."""
    ranges = {key: list(items(dig(rule, key))) for key in ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6")}
    if not open_to_the_world(cidr for cidrs in ranges.values() for cidr in cidrs):
        for key, cidrs in ranges.items():
            if UNKNOWN in cidrs:
                yield unknown(f"{where}{key}")
        return
    first, last = dig(rule, "fromPort"), dig(rule, "toPort")
    if first != last or first not in list(items(config.get("openPorts"))):
        key = next(key for key, cidrs in ranges.items() if cidrs)
        yield Finding("open", f"{where}{key}: name the ranges that need access instead of everybody")

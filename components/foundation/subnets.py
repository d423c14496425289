"""How a VPC's addresses are shared out. Pure."""

import ipaddress
import itertools
from collections.abc import Sequence
from typing import NamedTuple

from ..validation import Fault

LARGEST_PREFIX, SMALLEST_PREFIX = 16, 20
"""AWS' largest VPC, and the smallest whose private subnets still hold 500 addresses: each pod takes one."""

_PRIVATE = tuple(
    ipaddress.IPv4Network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


class SubnetPlan(NamedTuple):
    """One subnet of each kind in every zone, in the order of the zones."""

    private: tuple[str, ...]
    """Nodes and pods: an eighth of the VPC each, /19 of a /16."""
    public: tuple[str, ...]
    """NAT gateways and load balancers: /24 of a /16, never smaller than the /27 that a load balancer asks for."""
    intra: tuple[str, ...]
    """The control plane's interfaces, with no way out: /28, AWS' smallest (EKS takes up to six addresses)."""


def subnet_plan(cidr_block: str, zones: int) -> SubnetPlan:
    """Addresses of the subnets. A zone that is added later moves none of the others."""
    vpc = ipaddress.IPv4Network(cidr_block)
    eighths = list(vpc.subnets(prefixlen_diff=3))
    public_space, intra_space = eighths[-1].subnets(prefixlen_diff=1)
    public = public_space.subnets(new_prefix=min(vpc.prefixlen + 8, 27))
    intra = intra_space.subnets(new_prefix=28)
    return SubnetPlan(
        private=tuple(map(str, eighths[:zones])),
        public=tuple(map(str, itertools.islice(public, zones))),
        intra=tuple(map(str, itertools.islice(intra, zones))),
    )


def cidr_faults(path: str, cidr_block: str) -> list[Fault]:
    """A range that is no network, of the wrong size, or not private."""
    try:
        net = ipaddress.IPv4Network(cidr_block)
    except ValueError:
        return [Fault(path, cidr_block, "be an IPv4 network such as 10.64.0.0/16, with no host bits set")]
    faults: list[Fault] = []
    if not LARGEST_PREFIX <= net.prefixlen <= SMALLEST_PREFIX:
        faults.append(Fault(path, cidr_block, f"be /{LARGEST_PREFIX} to /{SMALLEST_PREFIX} in size"))
    if not any(net.subnet_of(private) for private in _PRIVATE):
        faults.append(Fault(path, cidr_block, "lie in a private range: 10/8, 172.16/12, 192.168/16 or 100.64/10"))
    return faults


def zone_faults(path: str, zones: Sequence[str], region: str) -> list[Fault]:
    """Too few or too many zones, one named twice, or one of another region."""
    faults: list[Fault] = []
    if not 2 <= len(zones) <= 3:
        faults.append(Fault(path, list(zones), "name two or three zones: EKS refuses one"))
    for index, zone in enumerate(zones):
        if zone in zones[:index]:
            faults.append(Fault(f"{path}[{index}]", zone, "appear once only"))
        elif zone[:-1] != region or not zone[-1:].isalpha():
            faults.append(Fault(f"{path}[{index}]", zone, f"be a zone of {region}, such as {region}a"))
    return faults

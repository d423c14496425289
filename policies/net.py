"""Address ranges: which of them mean the whole internet, alone or together."""

import ipaddress
from collections.abc import Iterable
from typing import Any

_V4_SHARE = 2**32 // 16
_V6_SHARE = 2**128 // 2**16
"""A sixteenth of IPv4 (256 million addresses), a /16 of IPv6: nobody owns that much, so it means everybody."""


def open_to_the_world(cidrs: Iterable[Any]) -> bool:
    """Whether ranges cover more than anybody owns: `0.0.0.0/0`, its halves, or many pieces of it."""
    v4: list[ipaddress.IPv4Network] = []
    v6: list[ipaddress.IPv6Network] = []
    for cidr in cidrs:
        if not isinstance(cidr, str):
            continue
        try:
            network = ipaddress.ip_network(cidr.strip(), strict=False)
        except ValueError:
            continue
        if isinstance(network, ipaddress.IPv4Network):
            v4.append(network)
        else:
            v6.append(network)
    return (
        sum(network.num_addresses for network in ipaddress.collapse_addresses(v4)) > _V4_SHARE
        or sum(network.num_addresses for network in ipaddress.collapse_addresses(v6)) > _V6_SHARE
    )

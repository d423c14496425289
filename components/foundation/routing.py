"""Routes of a VPC: public subnets to the internet, private ones through NAT, intra ones nowhere."""

from typing import NamedTuple

import pulumi
import pulumi_aws as aws

_ANYWHERE = "0.0.0.0/0"


class Routing(NamedTuple):
    """What others need of the routes."""

    without_public: list[aws.ec2.RouteTable]
    """The private and intra route tables, for gateway endpoints."""
    ways: dict[str, list[pulumi.Resource]]
    """By kind of subnet, what must exist before the subnets lead where they should."""


def route(
    name: str,
    vpc: aws.ec2.Vpc,
    cluster: str,
    zones: list[str],
    subnets: dict[str, list[aws.ec2.Subnet]],
    single_nat_gateway: bool,
    opts: pulumi.ResourceOptions,
) -> Routing:
    """Internet gateway, NAT gateways, and a route table for each way out."""
    internet = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=vpc.id, tags={"Name": cluster}, opts=opts)
    public = _table(name, "public", vpc, cluster, opts)
    out = aws.ec2.Route(
        f"{name}-public-out",
        route_table_id=public.id,
        destination_cidr_block=_ANYWHERE,
        gateway_id=internet.id,
        opts=opts,
    )
    ways: dict[str, list[pulumi.Resource]] = {"public": [out], "private": [], "intra": []}
    for zone, subnet in _by_zone(zones, subnets["public"]):
        ways["public"].append(_join(name, "public", zone, public, subnet, opts))

    gateways = [
        _nat(name, cluster, zone, subnet, internet, opts)
        for zone, subnet in _by_zone(zones, subnets["public"])[: 1 if single_nat_gateway else len(zones)]
    ]
    tables: list[aws.ec2.RouteTable] = []
    for index, (zone, subnet) in enumerate(_by_zone(zones, subnets["private"])):
        table = _table(name, f"private-{zone[-1]}", vpc, cluster, opts)
        way_out = aws.ec2.Route(
            f"{name}-private-{zone[-1]}-out",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            nat_gateway_id=gateways[min(index, len(gateways) - 1)].id,
            opts=opts,
        )
        ways["private"] += [way_out, _join(name, "private", zone, table, subnet, opts)]
        tables.append(table)

    intra = _table(name, "intra", vpc, cluster, opts)
    for zone, subnet in _by_zone(zones, subnets["intra"]):
        ways["intra"].append(_join(name, "intra", zone, intra, subnet, opts))
    return Routing([*tables, intra], ways)


def _by_zone(zones: list[str], subnets: list[aws.ec2.Subnet]) -> list[tuple[str, aws.ec2.Subnet]]:
    return list(zip(zones, subnets, strict=True))


def _table(name: str, kind: str, vpc: aws.ec2.Vpc, cluster: str, opts: pulumi.ResourceOptions) -> aws.ec2.RouteTable:
    return aws.ec2.RouteTable(f"{name}-{kind}-table", vpc_id=vpc.id, tags={"Name": f"{cluster}-{kind}"}, opts=opts)


def _join(
    name: str,
    kind: str,
    zone: str,
    table: aws.ec2.RouteTable,
    subnet: aws.ec2.Subnet,
    opts: pulumi.ResourceOptions,
) -> aws.ec2.RouteTableAssociation:
    return aws.ec2.RouteTableAssociation(
        f"{name}-{kind}-{zone[-1]}-routes", subnet_id=subnet.id, route_table_id=table.id, opts=opts
    )


def _nat(
    name: str,
    cluster: str,
    zone: str,
    subnet: aws.ec2.Subnet,
    internet: aws.ec2.InternetGateway,
    opts: pulumi.ResourceOptions,
) -> aws.ec2.NatGateway:
    tags = {"Name": f"{cluster}-{zone}"}
    address = aws.ec2.Eip(
        f"{name}-nat-{zone[-1]}-address",
        domain="vpc",
        tags=tags,
        # On the way down the address goes first: the internet gateway can't be detached while one is in use.
        opts=pulumi.ResourceOptions(parent=opts.parent, depends_on=[internet]),
    )
    return aws.ec2.NatGateway(
        f"{name}-nat-{zone[-1]}",
        allocation_id=address.allocation_id,
        subnet_id=subnet.id,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=opts.parent, depends_on=[internet]),
    )

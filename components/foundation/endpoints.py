"""Private ways from a VPC to AWS services."""

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from .network import NetworkArgs


def private_endpoints(
    name: str,
    vpc: aws.ec2.Vpc,
    args: "NetworkArgs",
    cidr_block: str,
    services: list[str],
    subnets: list[aws.ec2.Subnet],
    tables: list[aws.ec2.RouteTable],
    opts: pulumi.ResourceOptions,
) -> None:
    """S3 through a gateway, which costs nothing; each listed service through interfaces in every zone."""
    region, cluster = args["region"], args["cluster_name"]
    aws.ec2.VpcEndpoint(
        f"{name}-endpoint-s3",
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[table.id for table in tables],
        tags={"Name": f"{cluster}-s3"},
        opts=opts,
    )
    if not services:
        return
    group = _security_group(name, vpc, cidr_block, cluster, opts)
    for service in services:
        aws.ec2.VpcEndpoint(
            f"{name}-endpoint-{service.replace('.', '-')}",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{region}.{service}",
            vpc_endpoint_type="Interface",
            # The service's public name then resolves to the interface: no client needs to know.
            private_dns_enabled=True,
            subnet_ids=[subnet.id for subnet in subnets],
            security_group_ids=[group.id],
            tags={"Name": f"{cluster}-{service}"},
            opts=opts,
        )


def _security_group(
    name: str, vpc: aws.ec2.Vpc, cidr_block: str, cluster: str, opts: pulumi.ResourceOptions
) -> aws.ec2.SecurityGroup:
    """HTTPS from inside the VPC; nothing goes out, for an endpoint opens no connection."""
    group = aws.ec2.SecurityGroup(
        f"{name}-endpoints",
        name=f"{cluster}-endpoints",
        description="Interface endpoints: HTTPS from the VPC",
        vpc_id=vpc.id,
        tags={"Name": f"{cluster}-endpoints"},
        opts=opts,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-endpoints-https",
        security_group_id=group.id,
        description="HTTPS from the VPC",
        cidr_ipv4=cidr_block,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        opts=opts,
    )
    return group

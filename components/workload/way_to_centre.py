"""How the centre's name is found in this cluster's VPC: a private zone for that one name, and an address in it."""

import pulumi
import pulumi_aws as aws

from ..platform_cluster import Place
from ..security.centre import ENTRANCE_PORT
from .agents import own_host
from .workload_args import WorkloadClusterArgs


def way_to_centre(
    name: str, args: WorkloadClusterArgs, place: Place, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """Zone and record, with PrivateLink an endpoint too; the last of them.

    The zone is the host name itself and not the domain: other names of the domain are looked up as before, and two
    clusters in one VPC are not in each other's way.
    """
    zone = aws.route53.Zone(
        f"{name}-zone",
        name=own_host(args),
        comment=f"The observability centre, as {args['cluster_name']} calls it",
        vpcs=[{"vpc_id": place.vpc_id, "vpc_region": args["region"]}],
        # Records in it are made here alone; a left-over must not keep a cluster from being destroyed.
        force_destroy=True,
        tags={"Name": f"{args['cluster_name']}-centre"},
        opts=opts,
    )
    address, zone_id = _address(name, args, place, opts)
    record = aws.route53.Record(
        f"{name}-record",
        zone_id=zone.id,
        name=own_host(args),
        type="A",
        aliases=[{"name": address, "zone_id": zone_id, "evaluate_target_health": False}],
        opts=opts,
    )
    return [record]


def _address(
    name: str, args: WorkloadClusterArgs, place: Place, opts: pulumi.ResourceOptions
) -> tuple[pulumi.Input[str], pulumi.Input[str]]:
    """A name for the centre's entrance, and the hosted zone that it is in."""
    centre = args["centre"]
    if "endpoint_service_name" not in centre:
        return centre["address"], centre["address_zone_id"]
    group = _security_group(name, args, place, opts)
    endpoint = aws.ec2.VpcEndpoint(
        f"{name}-endpoint",
        vpc_id=place.vpc_id,
        service_name=centre["endpoint_service_name"],
        vpc_endpoint_type="Interface",
        subnet_ids=place.private_subnet_ids,
        security_group_ids=[group.id],
        # The service has no name of its own in AWS; the zone beside it has.
        private_dns_enabled=False,
        tags={"Name": f"{args['cluster_name']}-centre"},
        opts=opts,
    )
    # The first entry is the name over all zones.
    return (
        endpoint.dns_entries.apply(lambda entries: str(entries[0].dns_name)),
        endpoint.dns_entries.apply(lambda entries: str(entries[0].hosted_zone_id)),
    )


def _security_group(
    name: str, args: WorkloadClusterArgs, place: Place, opts: pulumi.ResourceOptions
) -> aws.ec2.SecurityGroup:
    """From nodes and pods of this cluster; nothing goes out, for an endpoint opens no connection."""
    physical = f"{args['cluster_name']}-centre"
    group = aws.ec2.SecurityGroup(
        f"{name}-security-group",
        name=physical,
        description="Agents to the observability centre",
        vpc_id=place.vpc_id,
        tags={"Name": physical},
        opts=opts,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-from-nodes",
        security_group_id=group.id,
        description="Agents on nodes and in pods",
        referenced_security_group_id=place.security_group_id,
        ip_protocol="tcp",
        from_port=ENTRANCE_PORT,
        to_port=ENTRANCE_PORT,
        opts=opts,
    )
    return group

"""A VPC for one cluster: subnets in every zone, ways out, private ways to AWS, and a record of all traffic."""

import re
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .. import defaults
from ..ordering import child_of
from ..validation import Fault, refuse
from .checks import account_faults, cluster_name_faults, log_retention_faults, region_faults
from .endpoints import private_endpoints
from .flow_logs import flow_logs
from .outputs import after
from .routing import Routing, route
from .subnets import SubnetPlan, cidr_faults, subnet_plan, zone_faults

INTERFACE_ENDPOINTS = ("ecr.api", "ecr.dkr", "sts", "ec2", "kms", "logs")
"""What nodes need to join, pull images and get credentials when the way out is down or forbidden
(EKS user guide, "Deploy private clusters"), and the log service that everything writes to."""


class NetworkArgs(TypedDict):
    """What only the caller can decide about the network."""

    region: str
    """AWS region."""
    account_id: str
    """AWS account, twelve digits: only its flow logs may use the role that writes them."""
    cluster_name: str
    """Cluster that will live here: subnets are tagged for it, and names begin with it."""
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the flow logs; its policy lets CloudWatch Logs use it."""
    cidr_block: NotRequired[str]
    """IPv4 range of the VPC, /16 to /20, private. Default 10.64.0.0/16."""
    availability_zones: NotRequired[list[str]]
    """Two or three zones. Default a, b and c of the region; name them where the account has others."""
    single_nat_gateway: NotRequired[bool]
    """One NAT gateway instead of one in each zone: cheaper, and down with its zone. Default False."""
    interface_endpoints: NotRequired[list[str]]
    """AWS services reached without NAT, as in `com.amazonaws.<region>.<service>`. Default ecr.api, ecr.dkr,
    sts, ec2, kms and logs; an empty list means none. S3's gateway endpoint is free and always there."""
    flow_log_retention_days: NotRequired[int]
    """Days that flow logs are kept; one of CloudWatch Logs' periods. Default 90."""
    permissions_boundary_arn: NotRequired[str]
    """Policy that bounds the flow logs' role, where the account demands one. Default none."""


def default_zones(region: str) -> list[str]:
    """The three zones that most regions call a, b and c."""
    return [f"{region}{letter}" for letter in "abc"]


def interface_endpoint_faults(path: str, services: Sequence[str]) -> list[Fault]:
    """Names that are no service's, S3 (which has its gateway), or a service named twice."""
    faults: list[Fault] = []
    for index, service in enumerate(services):
        where = f"{path}[{index}]"
        if not re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", service):
            faults.append(Fault(where, service, "be a service's short name such as ecr.api"))
        elif service == "s3":
            faults.append(Fault(where, service, "be left out: S3 has a gateway endpoint, which costs nothing"))
        elif service in services[:index]:
            faults.append(Fault(where, service, "appear once only"))
    return faults


def network_faults(args: NetworkArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    region = args["region"]
    faults = region_faults("region", region) + account_faults("account_id", args["account_id"])
    faults += cidr_faults("cidr_block", args.get("cidr_block", defaults.NETWORK_CIDR))
    faults += zone_faults("availability_zones", args.get("availability_zones", default_zones(region)), region)
    faults += interface_endpoint_faults("interface_endpoints", args.get("interface_endpoints", []))
    faults += log_retention_faults(
        "flow_log_retention_days", args.get("flow_log_retention_days", defaults.FLOW_LOG_RETENTION_DAYS)
    )
    return faults + cluster_name_faults("cluster_name", args["cluster_name"], region)


class Network(pulumi.ComponentResource):
    """VPC with private, public and intra subnets over two or three zones."""

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    vpc_cidr_block: pulumi.Output[str]
    """IPv4 range of the VPC."""
    public_subnet_ids: pulumi.Output[list[str]]
    """Subnets of load balancers and NAT gateways, in the order of the zones."""
    private_subnet_ids: pulumi.Output[list[str]]
    """Subnets of nodes and pods, in the order of the zones."""
    intra_subnet_ids: pulumi.Output[list[str]]
    """Subnets of the control plane's interfaces, in the order of the zones; no route leaves them."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Network", name, network_faults(args))
        super().__init__("eks-observability:index:Network", name, dict(args), opts)
        child = child_of(self, opts)
        cidr_block = args.get("cidr_block", defaults.NETWORK_CIDR)
        zones = args.get("availability_zones", default_zones(args["region"]))
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=cidr_block,
            # Both, or the private names of endpoints and of the API server don't resolve.
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": args["cluster_name"]},
            opts=child,
        )
        # AWS gives every VPC this group, open to itself; whoever forgets to name a group gets it. Empty, it is safe.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-security-group",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags={"Name": f"{args['cluster_name']}-default-closed"},
            opts=child,
        )
        subnets = _subnets(name, vpc, args["cluster_name"], zones, subnet_plan(cidr_block, len(zones)), child)
        routing = route(name, vpc, args["cluster_name"], zones, subnets, args.get("single_nat_gateway", False), child)
        services = args.get("interface_endpoints", list(INTERFACE_ENDPOINTS))
        private_endpoints(name, vpc, args, cidr_block, services, subnets["private"], routing.without_public, child)
        flow_logs(name, vpc, args, child)
        self._outputs(vpc, subnets, routing)

    def _outputs(self, vpc: aws.ec2.Vpc, subnets: dict[str, list[aws.ec2.Subnet]], routing: Routing) -> None:
        def ids(kind: str) -> pulumi.Output[list[str]]:
            # A node that starts before its subnet leads somewhere can't join.
            return after(pulumi.Output.all(*(subnet.id for subnet in subnets[kind])), routing.ways[kind])

        self.vpc_id = vpc.id
        self.vpc_cidr_block = vpc.cidr_block
        self.public_subnet_ids = ids("public")
        self.private_subnet_ids = ids("private")
        self.intra_subnet_ids = ids("intra")
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "vpc_cidr_block": self.vpc_cidr_block,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "intra_subnet_ids": self.intra_subnet_ids,
            }
        )


def _subnets(
    name: str, vpc: aws.ec2.Vpc, cluster: str, zones: list[str], plan: SubnetPlan, opts: pulumi.ResourceOptions
) -> dict[str, list[aws.ec2.Subnet]]:
    """One subnet of each kind in every zone, tagged as EKS and the load balancer controller look for them."""
    roles = {
        "private": {"kubernetes.io/role/internal-elb": "1"},
        "public": {"kubernetes.io/role/elb": "1"},
        "intra": {},
    }
    return {
        kind: [
            aws.ec2.Subnet(
                f"{name}-{kind}-subnet-{zone[-1]}",
                vpc_id=vpc.id,
                cidr_block=block,
                availability_zone=zone,
                # Not even in public subnets: what is public there (NAT, load balancers) brings its own address.
                map_public_ip_on_launch=False,
                tags={"Name": f"{cluster}-{kind}-{zone}", f"kubernetes.io/cluster/{cluster}": "shared", **roles[kind]},
                opts=opts,
            )
            for zone, block in zip(zones, getattr(plan, kind), strict=True)
        ]
        for kind in roles
    }

"""The entrance's outside address: an internal network load balancer, which passes TLS through to the pods."""

from typing import NamedTuple

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from ..foundation.labels import labels
from . import entrance_names as names
from .centre import ENTRANCE_PORT
from .entrance_args import EntranceArgs
from .surroundings import PRIVATE


class LoadBalancer(NamedTuple):
    """What the outside is told."""

    address: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    endpoint_service_name: pulumi.Output[str]


def entrance_load_balancer(name: str, args: EntranceArgs, running: pulumi.ResourceOptions) -> LoadBalancer:
    """Load balancer, target group of the pods' addresses, listener and, if asked for, endpoint service.

    AWS' own wait for nothing in the cluster; what binds the pods to them is made with the options `running`.
    """
    opts = pulumi.ResourceOptions(parent=running.parent)
    physical = f"{args['platform_name']}-{names.ENTRANCE}"
    group = _security_group(name, physical, args, opts)
    balancer = aws.lb.LoadBalancer(
        f"{name}-load-balancer",
        name=physical,
        load_balancer_type="network",
        internal=True,
        subnets=args["subnet_ids"],
        security_groups=[group.id],
        enable_cross_zone_load_balancing=True,
        enable_deletion_protection=args.get("protect", True),
        # Callers through an endpoint are let in by principal; their addresses are those of some other network.
        enforce_security_group_inbound_rules_on_private_link_traffic="off" if "private_link" in args else "on",
        tags={"Name": physical},
        opts=opts,
    )
    targets = aws.lb.TargetGroup(
        f"{name}-targets",
        name=physical,
        target_type="ip",
        protocol="TCP",
        port=names.PORT,
        vpc_id=args["vpc_id"],
        preserve_client_ip="false",
        deregistration_delay=60,
        connection_termination=True,
        health_check={"protocol": "TCP", "port": "traffic-port", "interval": 10, "unhealthy_threshold": 2},
        tags={"Name": physical},
        opts=opts,
    )
    listener = aws.lb.Listener(
        f"{name}-listener",
        load_balancer_arn=balancer.arn,
        port=ENTRANCE_PORT,
        protocol="TCP",
        default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
        opts=opts,
    )
    listening = pulumi.ResourceOptions(depends_on=[listener])
    _binding(name, args, targets, group, pulumi.ResourceOptions.merge(running, listening))
    return LoadBalancer(balancer.dns_name, balancer.zone_id, _endpoint_service(name, physical, args, balancer, opts))


def _security_group(
    name: str, physical: str, args: EntranceArgs, opts: pulumi.ResourceOptions
) -> aws.ec2.SecurityGroup:
    """In from the networks that are named, out to pods only."""
    group = aws.ec2.SecurityGroup(
        f"{name}-security-group",
        name=physical,
        description="Telemetry of other clusters",
        vpc_id=args["vpc_id"],
        tags={"Name": physical},
        opts=opts,
    )
    for block in args["allowed_cidr_blocks"]:
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-{_slug(block)}",
            security_group_id=group.id,
            description="Agents of other clusters",
            cidr_ipv4=block,
            ip_protocol="tcp",
            from_port=ENTRANCE_PORT,
            to_port=ENTRANCE_PORT,
            opts=opts,
        )
    for block in PRIVATE:
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-to-{_slug(block)}",
            security_group_id=group.id,
            description="Pods of the entrance, wherever their subnets are",
            cidr_ipv4=block,
            ip_protocol="tcp",
            from_port=names.PORT,
            to_port=names.PORT,
            opts=opts,
        )
    return group


def _slug(block: str) -> str:
    return block.replace(".", "-").replace("/", "-")


def _binding(
    name: str,
    args: EntranceArgs,
    targets: aws.lb.TargetGroup,
    group: aws.ec2.SecurityGroup,
    opts: pulumi.ResourceOptions,
) -> None:
    """Tells the load balancer controller whose addresses go into the target group, and opens the pods' own security
    group for the load balancer's.
    """
    kubernetes.apiextensions.CustomResource(
        f"{name}-binding",
        api_version="elbv2.k8s.aws/v1beta1",
        kind="TargetGroupBinding",
        metadata={
            "name": names.ENTRANCE,
            "namespace": args.get("namespace", "observability"),
            "labels": labels(names.ENTRANCE, names.ENTRANCE, "entrance"),
        },
        spec={
            "serviceRef": {"name": names.ENTRANCE, "port": "https"},
            "targetGroupARN": targets.arn,
            "targetType": "ip",
            "networking": {
                "ingress": [
                    {
                        "from": [{"securityGroup": {"groupID": group.id}}],
                        "ports": [{"protocol": "TCP", "port": names.PORT}],
                    }
                ]
            },
        },
        opts=opts,
    )


def _endpoint_service(
    name: str, physical: str, args: EntranceArgs, balancer: aws.lb.LoadBalancer, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    if "private_link" not in args:
        return pulumi.Output.from_input("")
    link = args["private_link"]
    service = aws.ec2.VpcEndpointService(
        f"{name}-endpoint-service",
        acceptance_required=link.get("acceptance_required", True),
        allowed_principals=link["allowed_principals"],
        network_load_balancer_arns=[balancer.arn],
        tags={"Name": physical},
        opts=opts,
    )
    return service.service_name

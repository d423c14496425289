"""Nodes of a cluster: their role, a launch template for each kind, and the managed groups."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from .. import naming
from .iam import service_trust, to_json
from .node_groups import DEFAULT_NODE_GROUPS, TAINT_EFFECTS, WORKLOAD_LABEL, PlannedGroup, plan_groups

if TYPE_CHECKING:
    from .cluster import EksClusterArgs

_NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""Joining the cluster and pulling images. The CNI's rights are on the CNI's own role."""


def node_groups(
    name: str,
    args: "EksClusterArgs",
    cluster_name: pulumi.Input[str],
    version: str,
    security_group_id: pulumi.Input[str],
    after: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """Every managed node group of the cluster, made after `after`: nodes without a CNI never become ready."""
    groups = args.get("node_groups") or DEFAULT_NODE_GROUPS
    role, attachments = _node_role(name, args, parent)
    templates = {
        group: _launch_template(name, group, args, security_group_id, int(spec.get("disk_gib", 50)), parent)
        for group, spec in groups.items()
    }
    subnets = pulumi.Output.from_input(args["private_subnet_ids"])
    return [
        _node_group(
            name,
            plan,
            cluster_name,
            version,
            role,
            templates[plan.group],
            _subnets_of(subnets, plan.zone_index),
            pulumi.ResourceOptions(
                parent=parent,
                # On the way down the rights outlive the nodes, which need them to leave in order.
                depends_on=[*after, *attachments],
                # Autoscalers own it after the start.
                ignore_changes=["scalingConfig.desiredSize"],
            ),
        )
        for plan in plan_groups(args["cluster_name"], groups, args["availability_zones"])
    ]


def _subnets_of(subnets: pulumi.Output[list[str]], zone_index: int | None) -> pulumi.Output[list[str]]:
    if zone_index is None:
        return subnets
    return subnets.apply(lambda ids: [ids[zone_index]])


def _node_role(
    name: str, args: "EksClusterArgs", parent: pulumi.Resource
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-nodes",
        name=naming.role_name(args["cluster_name"], args["region"], "nodes"),
        description=f"Nodes of {args['cluster_name']}",
        assume_role_policy=to_json(service_trust("ec2.amazonaws.com")),
        permissions_boundary=args.get("permissions_boundary_arn"),
        opts=child,
    )
    attachments: list[pulumi.Resource] = [
        aws.iam.RolePolicyAttachment(
            f"{name}-nodes-{policy}",
            role=role.name,
            policy_arn=naming.aws_managed_policy_arn(args["region"], policy),
            opts=child,
        )
        for policy in _NODE_POLICIES
    ]
    return role, attachments


def _launch_template(
    name: str,
    group: str,
    args: "EksClusterArgs",
    security_group_id: pulumi.Input[str],
    disk_gib: int,
    parent: pulumi.Resource,
) -> aws.ec2.LaunchTemplate:
    """What every node of a group is, whatever its type: image and start-up script stay EKS' own."""
    tags = {"Name": f"{args['cluster_name']}-{group}"}
    ebs: aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgsDict = {
        "volume_type": "gp3",
        "volume_size": disk_gib,
        "encrypted": "true",
        "delete_on_termination": "true",
    }
    if "node_volume_kms_key_arn" in args:
        ebs["kms_key_id"] = args["node_volume_kms_key_arn"]
    return aws.ec2.LaunchTemplate(
        f"{name}-{group}-template",
        name=f"{args['cluster_name']}-{group}",
        description=f"Nodes {group} of {args['cluster_name']}",
        update_default_version=True,
        block_device_mappings=[{"device_name": "/dev/xvda", "ebs": ebs}],
        # One hop: pods that are not on the host's network never reach the node's credentials.
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        monitoring={"enabled": True},
        network_interfaces=[
            {
                "device_index": 0,
                "associate_public_ip_address": "false",
                "delete_on_termination": "true",
                # A template that names interfaces must name their groups as well; this is the cluster's own.
                "security_groups": [security_group_id],
            }
        ],
        # Default tags of the provider reach the template, not what is launched from it.
        tag_specifications=[
            {"resource_type": kind, "tags": tags} for kind in ("instance", "network-interface", "volume")
        ],
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _node_group(
    name: str,
    plan: PlannedGroup,
    cluster_name: pulumi.Input[str],
    version: str,
    role: aws.iam.Role,
    template: aws.ec2.LaunchTemplate,
    subnet_ids: pulumi.Output[list[str]],
    opts: pulumi.ResourceOptions,
) -> aws.eks.NodeGroup:
    least, desired, most = plan.sizes
    return aws.eks.NodeGroup(
        f"{name}-{plan.suffix}-nodes",
        node_group_name=plan.physical_name,
        cluster_name=cluster_name,
        version=version,
        node_role_arn=role.arn,
        subnet_ids=subnet_ids,
        ami_type=plan.ami_type,
        capacity_type="SPOT" if plan.args.get("spot", False) else "ON_DEMAND",
        instance_types=plan.args["instance_types"],
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        scaling_config={"min_size": least, "desired_size": desired, "max_size": most},
        # One node at a time: with two replicas of everything, two at once can be both.
        update_config={"max_unavailable": 1},
        # EKS replaces a node that has gone silent; a zone's only stateful node must not wait for somebody's morning.
        node_repair_config={"enabled": True},
        labels={WORKLOAD_LABEL: plan.group, **plan.args.get("labels", {})},
        taints=[
            {"key": taint["key"], "value": taint.get("value", ""), "effect": TAINT_EFFECTS[taint["effect"]]}
            for taint in plan.args.get("taints", [])
        ],
        tags={"Name": plan.physical_name},
        opts=opts,
    )

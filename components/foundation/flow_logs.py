"""The record of a VPC's traffic, in an encrypted log group."""

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from .. import defaults, naming
from .iam import flow_log_delivery, service_trust, to_json

if TYPE_CHECKING:
    from .network import NetworkArgs


def flow_logs(name: str, vpc: aws.ec2.Vpc, args: "NetworkArgs", opts: pulumi.ResourceOptions) -> None:
    """All traffic of a VPC, accepted and rejected, through a role that can write there and nowhere else."""
    account, region = args["account_id"], args["region"]
    group_name = f"/aws/vpc/{args['cluster_name']}/flow-logs"
    group_arn = f"arn:{naming.partition(region)}:logs:{region}:{account}:log-group:{group_name}"
    group = aws.cloudwatch.LogGroup(
        f"{name}-flow-logs",
        name=group_name,
        kms_key_id=args["kms_key_arn"],
        retention_in_days=int(args.get("flow_log_retention_days", defaults.FLOW_LOG_RETENTION_DAYS)),
        opts=opts,
    )
    role = aws.iam.Role(
        f"{name}-flow-logs-role",
        name=naming.role_name(args["cluster_name"], region, "flow-logs"),
        description=f"VPC flow logs of {args['cluster_name']}",
        assume_role_policy=to_json(service_trust("vpc-flow-logs.amazonaws.com", account)),
        permissions_boundary=args.get("permissions_boundary_arn"),
        opts=opts,
    )
    delivery = aws.iam.RolePolicy(
        f"{name}-flow-logs-delivery",
        name="delivery",
        role=role.name,
        policy=to_json(flow_log_delivery(group_arn)),
        opts=opts,
    )
    aws.ec2.FlowLog(
        f"{name}-flow-log",
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        # Ten-minute records: a sixth of the lines of one-minute ones, and an audit asks who and when, not how fast.
        max_aggregation_interval=600,
        tags={"Name": args["cluster_name"]},
        opts=pulumi.ResourceOptions(parent=opts.parent, depends_on=[delivery]),
    )

"""What Karpenter may do, as IAM documents.

After the reference that its project publishes with v1.14 (getting started, cloudformation.yaml), less what it needs
only to make instance profiles itself: ours is made beside it, so no right to change IAM is left.
"""

from collections.abc import Mapping

from .. import naming
from .iam import Document, Statement, document

_POOL = "karpenter.sh/nodepool"
_NEW = ("fleet", "instance", "launch-template", "network-interface", "spot-instances-request", "volume")
"""What starting a node makes."""


def instance_access(cluster_name: str, account_id: str, region: str) -> Document:
    """Starting instances, only tagged as this cluster's, and ending only such."""
    ec2 = f"arn:{naming.partition(region)}:ec2:{region}"
    new = [f"{ec2}:{account_id}:{kind}/*" for kind in _NEW]
    owned = {f"aws:ResourceTag/kubernetes.io/cluster/{cluster_name}": "owned"}
    asked = {
        "aws:RequestTag/eks:eks-cluster-name": cluster_name,
        f"aws:RequestTag/kubernetes.io/cluster/{cluster_name}": "owned",
    }
    launch = ["ec2:CreateFleet", "ec2:RunInstances"]
    made = ["CreateFleet", "CreateLaunchTemplate", "RunInstances"]
    of_a_pool = {f"aws:ResourceTag/{_POOL}": "*"}
    for_a_pool = {f"aws:RequestTag/{_POOL}": "*"}
    return document(
        [
            {
                # Images and their snapshots are AWS' own: they have no account in their ARNs, or another.
                "Sid": "LaunchFrom",
                "Effect": "Allow",
                "Action": launch,
                "Resource": [
                    *(f"{ec2}::{kind}/*" for kind in ("image", "snapshot")),
                    *(f"{ec2}:{account_id}:{kind}/*" for kind in ("security-group", "subnet")),
                ],
            },
            _when(
                "LaunchByTemplate", launch, f"{ec2}:{account_id}:launch-template/*",
                StringEquals=owned, StringLike=of_a_pool,
            ),
            _when("Launch", [*launch, "ec2:CreateLaunchTemplate"], new, StringEquals=asked, StringLike=for_a_pool),
            _when(
                "TagNew", "ec2:CreateTags", new,
                StringEquals={**asked, "ec2:CreateAction": made}, StringLike=for_a_pool,
            ),
            _when(
                "Tag", "ec2:CreateTags", f"{ec2}:{account_id}:instance/*",
                StringEquals=owned,
                StringLike=of_a_pool,
                StringEqualsIfExists={"aws:RequestTag/eks:eks-cluster-name": cluster_name},
                **{
                    "ForAllValues:StringEquals": {
                        "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]
                    }
                },
            ),
            _when(
                "End", ["ec2:DeleteLaunchTemplate", "ec2:TerminateInstances"],
                [f"{ec2}:{account_id}:{kind}/*" for kind in ("instance", "launch-template")],
                StringEquals=owned, StringLike=of_a_pool,
            ),
        ]
    )  # fmt: skip


def discovery_access(cluster_name: str, account_id: str, region: str, node_role_arn: str, queue_arn: str) -> Document:
    """Looking around, being told of interruptions, and giving nodes their role and no other."""
    partition = naming.partition(region)
    ec2 = [
        "CapacityReservations", "Images", "InstanceStatus", "InstanceTypeOfferings", "InstanceTypes", "Instances",
        "LaunchTemplates", "PlacementGroups", "SecurityGroups", "SpotPriceHistory", "Subnets",
    ]  # fmt: skip
    return document(
        [
            _when(
                "Look",
                [f"ec2:Describe{what}" for what in ec2],
                "*",
                StringEquals={"aws:RequestedRegion": region},
            ),
            # The price list is served from few regions, instance profiles from none.
            _when("LookAnywhere", ["iam:ListInstanceProfiles", "pricing:GetProducts"], "*"),
            _when("Profiles", "iam:GetInstanceProfile", f"arn:{partition}:iam::{account_id}:instance-profile/*"),
            _when("Images", "ssm:GetParameter", f"arn:{partition}:ssm:{region}::parameter/aws/service/*"),
            _when(
                "Cluster", "eks:DescribeCluster", f"arn:{partition}:eks:{region}:{account_id}:cluster/{cluster_name}"
            ),
            _when(
                "NodeRole",
                "iam:PassRole",
                node_role_arn,
                StringEquals={"iam:PassedToService": f"ec2.{naming.dns_suffix(region)}"},
            ),
            _when("Queue", ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"], queue_arn),
        ]
    )


def queue_policy(queue_arn: str, rule_arns: list[str]) -> Document:
    """Who may write to the queue of interruptions: our rules, through TLS."""
    return document(
        [
            {
                "Sid": "Events",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arns}},
            },
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": queue_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ]
    )


def _when(sid: str, action: str | list[str], resource: str | list[str], **condition: Mapping[str, object]) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return statement

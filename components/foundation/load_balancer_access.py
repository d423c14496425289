"""What the AWS Load Balancer Controller may do, as an IAM document.

After the policy that its project publishes with v3.5 (docs/install/iam_policy.json), narrower in four ways:
this account and region only; what is made and changed must bear this cluster's name, not any cluster's; no Shield,
WAF Classic, Cognito, IAM server certificates, Outposts or IPAM, which nothing here uses; the rules of security groups
are changed in groups of this cluster only.
"""

from .. import naming
from .iam import Document, Statement, document

_CLUSTER_TAG = "elbv2.k8s.aws/cluster"
"""The tag by which the controller knows its own load balancers, target groups and security groups."""

_CHANGES = [
    "DeleteLoadBalancer", "DeleteTargetGroup", "ModifyCapacityReservation", "ModifyListenerAttributes",
    "ModifyLoadBalancerAttributes", "ModifyTargetGroup", "ModifyTargetGroupAttributes", "SetIpAddressType",
    "SetSecurityGroups", "SetSubnets",
]  # fmt: skip
_LISTENERS = [
    "AddListenerCertificates", "CreateListener", "CreateRule", "DeleteListener", "DeleteRule", "ModifyListener",
    "ModifyRule", "RemoveListenerCertificates", "SetRulePriorities",
]  # fmt: skip


def load_balancer_access(cluster_name: str, account_id: str, region: str) -> Document:
    """The whole document. It names tags and no ids, so it is known before the cluster exists."""
    return document(
        [
            *_looking(account_id, region),
            *_security_groups(cluster_name, account_id, region),
            *_load_balancers(cluster_name, account_id, region),
            *_web_acls(account_id, region),
        ]
    )


def _ours(cluster_name: str) -> dict[str, str]:
    return {f"aws:ResourceTag/{_CLUSTER_TAG}": cluster_name}


def _asked(cluster_name: str) -> dict[str, str]:
    return {f"aws:RequestTag/{_CLUSTER_TAG}": cluster_name}


def _looking(account_id: str, region: str) -> list[Statement]:
    """What can't be narrowed to a resource (Service Authorization Reference), and the certificates of listeners."""
    ec2 = [
        "AccountAttributes", "Addresses", "AvailabilityZones", "Instances", "InternetGateways", "NetworkInterfaces",
        "RouteTables", "SecurityGroups", "Subnets", "Tags", "VpcPeeringConnections", "Vpcs",
    ]  # fmt: skip
    elb = [
        "CapacityReservation", "ListenerAttributes", "ListenerCertificates", "Listeners", "LoadBalancerAttributes",
        "LoadBalancers", "Rules", "SSLPolicies", "Tags", "TargetGroupAttributes", "TargetGroups", "TargetHealth",
        "TrustStores",
    ]  # fmt: skip
    partition = naming.partition(region)
    service = "elasticloadbalancing.amazonaws.com"
    return [
        {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": [
                "acm:ListCertificates",
                *(f"ec2:Describe{what}" for what in ec2),
                *(f"elasticloadbalancing:Describe{what}" for what in elb),
            ],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
        },
        {
            "Sid": "Certificates",
            "Effect": "Allow",
            "Action": "acm:DescribeCertificate",
            "Resource": f"arn:{partition}:acm:{region}:{account_id}:certificate/*",
        },
        {
            # The account's first load balancer makes this role; afterwards the call is answered that it exists.
            "Sid": "ServiceRole",
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": (
                f"arn:{partition}:iam::{account_id}:role/aws-service-role/{service}/AWSServiceRoleForElasticLoadBalancing"
            ),
            "Condition": {"StringEquals": {"iam:AWSServiceName": service}},
        },
    ]


def _security_groups(cluster_name: str, account_id: str, region: str) -> list[Statement]:
    ec2 = f"arn:{naming.partition(region)}:ec2:{region}:{account_id}"
    groups = f"{ec2}:security-group/*"
    rules = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    return [
        {"Sid": "LookIn", "Effect": "Allow", "Action": "ec2:GetSecurityGroupsForVpc", "Resource": f"{ec2}:vpc/*"},
        {
            "Sid": "MakeGroups",
            "Effect": "Allow",
            "Action": "ec2:CreateSecurityGroup",
            "Resource": groups,
            "Condition": {"StringEquals": _asked(cluster_name)},
        },
        # The same call is asked about the VPC as well, which bears no tag of the request.
        {"Sid": "MakeGroupsIn", "Effect": "Allow", "Action": "ec2:CreateSecurityGroup", "Resource": f"{ec2}:vpc/*"},
        {
            "Sid": "TagNewGroups",
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": groups,
            "Condition": {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup", **_asked(cluster_name)}},
        },
        {
            "Sid": "TagGroups",
            "Effect": "Allow",
            "Action": ["ec2:CreateTags", "ec2:DeleteTags"],
            "Resource": groups,
            # Any tag but the one that makes a group ours.
            "Condition": {
                "StringEquals": _ours(cluster_name),
                "Null": {f"aws:RequestTag/{_CLUSTER_TAG}": "true"},
            },
        },
        {
            "Sid": "ChangeGroups",
            "Effect": "Allow",
            "Action": [*rules, "ec2:DeleteSecurityGroup"],
            "Resource": groups,
            "Condition": {"StringEquals": _ours(cluster_name)},
        },
        {
            # Targets let the load balancer in: EKS gives the nodes' group this tag.
            "Sid": "OpenNodes",
            "Effect": "Allow",
            "Action": rules,
            "Resource": groups,
            "Condition": {"StringEquals": {f"aws:ResourceTag/kubernetes.io/cluster/{cluster_name}": "owned"}},
        },
    ]


def _load_balancers(cluster_name: str, account_id: str, region: str) -> list[Statement]:
    elb = f"arn:{naming.partition(region)}:elasticloadbalancing:{region}:{account_id}"
    balancers = [f"{elb}:loadbalancer/{kind}/*/*" for kind in ("app", "net")]
    listeners = [f"{elb}:listener/{kind}/*/*/*" for kind in ("app", "net")]
    rules = [f"{elb}:listener-rule/{kind}/*/*/*/*" for kind in ("app", "net")]
    groups = f"{elb}:targetgroup/*/*"
    made = [*balancers, groups]
    tagging = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"]
    return [
        _allow("MakeBalancers", ["CreateLoadBalancer", "CreateTargetGroup"], made, _asked(cluster_name)),
        {
            "Sid": "TagNewBalancers",
            "Effect": "Allow",
            "Action": "elasticloadbalancing:AddTags",
            "Resource": made,
            "Condition": {
                "StringEquals": {
                    "elasticloadbalancing:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"],
                    **_asked(cluster_name),
                }
            },
        },
        {
            "Sid": "TagBalancers",
            "Effect": "Allow",
            "Action": tagging,
            "Resource": made,
            "Condition": {"StringEquals": _ours(cluster_name), "Null": {f"aws:RequestTag/{_CLUSTER_TAG}": "true"}},
        },
        {"Sid": "TagListeners", "Effect": "Allow", "Action": tagging, "Resource": [*listeners, *rules]},
        _allow("ChangeBalancers", _CHANGES, [*made, *listeners], _ours(cluster_name)),
        # Not bound to the cluster's tag: upstream does not, for listeners and targets of balancers made elsewhere.
        _allow("Listeners", _LISTENERS, [*balancers, *listeners, *rules]),
        _allow("Targets", ["DeregisterTargets", "RegisterTargets"], groups),
    ]


def _web_acls(account_id: str, region: str) -> list[Statement]:
    """An Ingress may name a web ACL, which guards a public Grafana."""
    partition = naming.partition(region)
    return [
        {
            "Sid": "WebAcls",
            "Effect": "Allow",
            "Action": [
                "elasticloadbalancing:SetWebAcl",
                "wafv2:AssociateWebACL",
                "wafv2:DisassociateWebACL",
                "wafv2:GetWebACL",
                "wafv2:GetWebACLForResource",
            ],
            "Resource": [
                f"arn:{partition}:elasticloadbalancing:{region}:{account_id}:loadbalancer/app/*/*",
                f"arn:{partition}:wafv2:{region}:{account_id}:regional/webacl/*/*",
            ],
        }
    ]


def _allow(sid: str, actions: list[str], resource: str | list[str], tags: dict[str, str] | None = None) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [f"elasticloadbalancing:{action}" for action in actions],
        "Resource": resource,
    }
    if tags:
        statement["Condition"] = {"StringEquals": tags}
    return statement

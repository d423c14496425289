"""Load Balancer Controller, metrics-server, Cluster Autoscaler and Karpenter as data: values, rights, bad arguments."""

import json
from typing import Any

import pytest

from components.foundation.cluster_autoscaler import (
    cluster_autoscaler_access,
    cluster_autoscaler_faults,
    cluster_autoscaler_values,
)
from components.foundation.karpenter_access import discovery_access, instance_access, queue_policy
from components.foundation.karpenter_values import (
    DEFAULT_POOLS,
    karpenter_faults,
    karpenter_values,
    node_class_spec,
    pool_spec,
)
from components.foundation.load_balancer_access import load_balancer_access
from components.foundation.load_balancer_controller import (
    load_balancer_controller_faults,
    load_balancer_controller_values,
)
from components.foundation.metrics_server import metrics_server_faults, metrics_server_monitor, metrics_server_values
from components.versions import CLUSTER_AUTOSCALER_VERSIONS, EKS_ADDONS
from tests.values.chart_keys import require_chart_keys, unknown_keys
from tests.values.iam_evaluator import decide

ACCOUNT, REGION = "123456789012", "eu-west-1"
HERE = f"{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/obs-x-{REGION}"
NODE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/obs-karpenter-ec2-{REGION}"
QUEUE = f"arn:aws:sqs:{HERE}:obs-karpenter"
BASE: Any = {
    "cluster_name": "obs",
    "account_id": ACCOUNT,
    "region": REGION,
    "oidc_provider_arn": "arn",
    "oidc_issuer": "issuer",
}
BALANCER: Any = {**BASE, "vpc_id": "vpc-1"}
SCALER: Any = {**BASE, "kubernetes_version": "1.35"}
KARPENTER: Any = {
    **BASE,
    "private_subnet_ids": ["subnet-1", "subnet-2"],
    "security_group_id": "sg-1",
    "volume_kms_key_arn": f"arn:aws:kms:{HERE}:key/1",
}
IN_REGION = {"aws:RequestedRegion": REGION}


# --- load balancers

BALANCERS = load_balancer_access("obs", ACCOUNT, REGION)
LB = f"arn:aws:elasticloadbalancing:{HERE}:loadbalancer/app/k8s-x/1"
GROUP = f"arn:aws:ec2:{HERE}:security-group/sg-1"
ASKED, OURS = "aws:RequestTag/elbv2.k8s.aws/cluster", "aws:ResourceTag/elbv2.k8s.aws/cluster"


@pytest.mark.parametrize(
    ("action", "resource", "tag"),
    [
        ("elasticloadbalancing:CreateLoadBalancer", LB, ASKED),
        ("elasticloadbalancing:CreateTargetGroup", f"arn:aws:elasticloadbalancing:{HERE}:targetgroup/x/1", ASKED),
        ("elasticloadbalancing:DeleteLoadBalancer", LB, OURS),
        ("elasticloadbalancing:SetSecurityGroups", LB, OURS),
        ("ec2:CreateSecurityGroup", GROUP, ASKED),
        ("ec2:DeleteSecurityGroup", GROUP, OURS),
        ("ec2:AuthorizeSecurityGroupIngress", GROUP, OURS),
    ],
)
def test_the_controller_makes_and_changes_its_clusters_own_and_no_other(action: str, resource: str, tag: str) -> None:
    assert decide(BALANCERS, action, resource, context={tag: "obs"}) == "allow"
    assert decide(BALANCERS, action, resource, context={tag: "shop"}) == "none", "another cluster's"
    assert decide(BALANCERS, action, resource) == "none", "and not what no cluster owns"
    elsewhere = resource.replace(ACCOUNT, "210987654321")
    assert decide(BALANCERS, action, elsewhere, context={tag: "obs"}) == "none", "nor another account's"


def test_nothing_can_be_made_the_clusters_own_by_tagging_it() -> None:
    for action, resource in (("ec2:CreateTags", GROUP), ("elasticloadbalancing:AddTags", LB)):
        assert decide(BALANCERS, action, resource, context={ASKED: "obs"}) == "none"
        assert decide(BALANCERS, action, resource, context={OURS: "shop"}) == "none"
        assert decide(BALANCERS, action, resource, context={OURS: "obs"}) == "allow", "other tags on its own"


def test_nodes_of_this_cluster_let_load_balancers_in() -> None:
    action = "ec2:AuthorizeSecurityGroupIngress"
    owned = {"aws:ResourceTag/kubernetes.io/cluster/obs": "owned"}
    assert decide(BALANCERS, action, GROUP, context=owned) == "allow"
    assert decide(BALANCERS, action, GROUP, context={"aws:ResourceTag/kubernetes.io/cluster/shop": "owned"}) == "none"
    assert decide(BALANCERS, "ec2:DeleteSecurityGroup", GROUP, context=owned) == "none"


@pytest.mark.parametrize(
    "action",
    [
        "shield:CreateProtection", "cognito-idp:DescribeUserPoolClient", "iam:GetServerCertificate",
        "waf-regional:AssociateWebACL", "ec2:RunInstances", "iam:PassRole", "ec2:AuthorizeSecurityGroupEgress",
    ],
)  # fmt: skip
def test_the_controller_has_no_rights_that_nothing_needs(action: str) -> None:
    assert decide(BALANCERS, action, "*", context=IN_REGION) == "none"


def test_looking_is_for_this_region() -> None:
    assert decide(BALANCERS, "ec2:DescribeSubnets", "*", context=IN_REGION) == "allow"
    assert decide(BALANCERS, "ec2:DescribeSubnets", "*", context={"aws:RequestedRegion": "us-east-1"}) == "none"


def test_the_controller_never_stands_in_the_way_of_services_or_changes_its_certificate_by_itself() -> None:
    values = load_balancer_controller_values(BALANCER, ROLE)
    assert values["enableServiceMutatorWebhook"] is False
    assert values["keepTLSSecret"] is True
    issued = load_balancer_controller_values({**BALANCER, "certificate_issuer": "observability-ca"}, ROLE)
    assert issued["certManager"]["issuerRef"]["name"] == "observability-ca"
    assert "keepTLSSecret" not in issued


# --- Cluster Autoscaler

SCALING = cluster_autoscaler_access("obs", ACCOUNT, REGION)
ASG = f"arn:aws:autoscaling:{HERE}:autoScalingGroup:1:autoScalingGroupName/eks-x"


@pytest.mark.parametrize(
    "action", ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
)
def test_the_autoscaler_scales_its_own_clusters_groups_only(action: str) -> None:
    tag = "aws:ResourceTag/k8s.io/cluster-autoscaler/obs"
    assert decide(SCALING, action, ASG, context={tag: "owned"}) == "allow"
    assert decide(SCALING, action, ASG, context={"aws:ResourceTag/k8s.io/cluster-autoscaler/shop": "owned"}) == "none"
    assert decide(SCALING, action, ASG) == "none"


def test_the_autoscaler_can_start_nothing_but_through_a_group() -> None:
    for action in ("ec2:RunInstances", "ec2:TerminateInstances", "autoscaling:UpdateAutoScalingGroup", "iam:PassRole"):
        assert decide(SCALING, action, "*", context=IN_REGION) == "none"


def test_there_is_an_autoscaler_for_every_version_of_a_cluster() -> None:
    assert set(CLUSTER_AUTOSCALER_VERSIONS) == set(EKS_ADDONS)
    for minor, tag in CLUSTER_AUTOSCALER_VERSIONS.items():
        assert tag.startswith(f"v{minor}."), "it simulates that version's scheduler"
        values = cluster_autoscaler_values({**SCALER, "kubernetes_version": minor}, ROLE)
        assert values["image"]["tag"] == tag


# --- Karpenter

INSTANCES = instance_access("obs", ACCOUNT, REGION)
DISCOVERY = discovery_access("obs", ACCOUNT, REGION, NODE_ROLE, QUEUE)
INSTANCE = f"arn:aws:ec2:{HERE}:instance/i-1"
POOL = {"aws:ResourceTag/karpenter.sh/nodepool": "stateless"}
NEW = {
    "aws:RequestTag/karpenter.sh/nodepool": "stateless",
    "aws:RequestTag/kubernetes.io/cluster/obs": "owned",
    "aws:RequestTag/eks:eks-cluster-name": "obs",
}


def test_karpenter_starts_only_what_is_tagged_as_this_clusters() -> None:
    for action, resource in (("ec2:RunInstances", INSTANCE), ("ec2:CreateFleet", f"arn:aws:ec2:{HERE}:fleet/f-1")):
        assert decide(INSTANCES, action, resource, context=NEW) == "allow"
        for missing in NEW:
            rest = {key: value for key, value in NEW.items() if key != missing}
            assert decide(INSTANCES, action, resource, context=rest) == "none", missing
    assert decide(INSTANCES, "ec2:RunInstances", f"arn:aws:ec2:{REGION}::image/ami-1") == "allow"
    assert decide(INSTANCES, "ec2:RunInstances", f"arn:aws:ec2:{HERE}:subnet/subnet-1") == "allow"


def test_karpenter_ends_only_nodes_of_this_cluster_that_it_started() -> None:
    own = {"aws:ResourceTag/kubernetes.io/cluster/obs": "owned"}
    other = {"aws:ResourceTag/kubernetes.io/cluster/shop": "owned"}
    assert decide(INSTANCES, "ec2:TerminateInstances", INSTANCE, context={**own, **POOL}) == "allow"
    assert decide(INSTANCES, "ec2:TerminateInstances", INSTANCE, context={**other, **POOL}) == "none"
    assert decide(INSTANCES, "ec2:TerminateInstances", INSTANCE, context=own) == "none", "a managed group's node"


def test_karpenter_tags_its_nodes_with_three_tags_and_no_other() -> None:
    own = {"aws:ResourceTag/kubernetes.io/cluster/obs": "owned", **POOL}
    assert decide(INSTANCES, "ec2:CreateTags", INSTANCE, context={**own, "aws:TagKeys": "Name"}) == "allow"
    assert decide(INSTANCES, "ec2:CreateTags", INSTANCE, context={**own, "aws:TagKeys": "Name,owner"}) == "none"


def test_karpenter_hands_out_the_nodes_role_to_instances_and_changes_no_right() -> None:
    to_ec2 = {"iam:PassedToService": "ec2.amazonaws.com"}
    assert decide(DISCOVERY, "iam:PassRole", NODE_ROLE, context=to_ec2) == "allow"
    assert decide(DISCOVERY, "iam:PassRole", ROLE, context=to_ec2) == "none", "no other role"
    assert (
        decide(DISCOVERY, "iam:PassRole", NODE_ROLE, context={"iam:PassedToService": "lambda.amazonaws.com"}) == "none"
    )
    for action in ("iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile", "iam:DeleteInstanceProfile"):
        assert decide(DISCOVERY, action, f"arn:aws:iam::{ACCOUNT}:instance-profile/x") == "none"


def test_only_the_clusters_rules_write_to_the_queue_and_only_encrypted() -> None:
    rule = f"arn:aws:events:{HERE}:rule/obs-karpenter-health"
    document = queue_policy(QUEUE, [rule])
    events, tls = "events.amazonaws.com", {"aws:SecureTransport": "true"}
    sent = {"aws:SourceArn": rule, **tls}
    assert decide(document, "sqs:SendMessage", QUEUE, events, sent) == "allow"
    assert decide(document, "sqs:SendMessage", QUEUE, events, {**tls, "aws:SourceArn": f"{rule}-2"}) == "none"
    assert decide(document, "sqs:SendMessage", QUEUE, events, {**sent, "aws:SecureTransport": "false"}) == "deny"


def test_inline_documents_fit_into_a_role() -> None:
    """IAM counts 10,240 characters over all inline policies of a role (IAM quotas)."""
    for documents in ([BALANCERS], [SCALING], [INSTANCES, DISCOVERY]):
        assert sum(len(json.dumps(document, separators=(",", ":"))) for document in documents) < 9_500


def test_nodes_that_karpenter_starts_are_as_safe_as_those_of_groups() -> None:
    spec = node_class_spec(KARPENTER, "profile", [{"id": "subnet-1"}])
    assert spec["metadataOptions"]["httpTokens"] == "required"
    assert spec["metadataOptions"]["httpPutResponseHopLimit"] == 1
    (volume,) = spec["blockDeviceMappings"]
    assert volume["ebs"]["encrypted"] is True
    assert volume["ebs"]["kmsKeyID"] == KARPENTER["volume_kms_key_arn"]
    assert spec["associatePublicIPAddress"] is False
    (image,) = spec["amiSelectorTerms"]
    assert image["alias"].startswith("al2023@v20"), "a release, so that nodes change when we say"
    assert "role" not in spec, "with it Karpenter would make instance profiles, and need the right to"


def test_pools_are_bounded_and_give_up_one_node_at_a_time() -> None:
    for name, pool in DEFAULT_POOLS.items():
        spec = pool_spec(name, pool, 720)
        assert spec["limits"] == {"cpu": str(pool["cpu_limit"]), "memory": f"{pool['memory_limit_gib']}Gi"}
        assert spec["disruption"]["budgets"] == [{"nodes": "1"}]
        assert spec["template"]["metadata"]["labels"]["eks-observability/workload"] == name
        assert spec["template"]["spec"]["expireAfter"] == "720h"
    wanted = {
        r["key"]: r for r in pool_spec("stateless", DEFAULT_POOLS["stateless"], 24)["template"]["spec"]["requirements"]
    }
    assert wanted["karpenter.sh/capacity-type"]["values"] == ["spot"]
    assert wanted["karpenter.k8s.aws/instance-generation"]["values"] == ["5"], "later than the fifth"


# --- metrics-server


def test_certificates_of_metrics_server_are_checked_on_both_sides() -> None:
    values = metrics_server_values({"certificate_issuer": "observability-ca"})
    assert values["apiService"]["insecureSkipTLSVerify"] is False
    assert values["args"] == [], "kubelets' certificates too"
    assert metrics_server_values({"certificate_issuer": "ca", "kubelet_insecure_tls": True})["args"] == [
        "--kubelet-insecure-tls"
    ]
    (endpoint,) = metrics_server_monitor()["endpoints"]
    assert endpoint["scheme"] == "https"
    assert "insecureSkipVerify" not in endpoint["tlsConfig"]


# --- all


def test_the_charts_know_every_key() -> None:
    made = {
        "aws-load-balancer-controller": load_balancer_controller_values({**BALANCER, "certificate_issuer": "ca"}, ROLE),
        "cluster-autoscaler": cluster_autoscaler_values(SCALER, ROLE),
        "karpenter": karpenter_values(KARPENTER, ROLE, "obs-karpenter"),
        "metrics-server": metrics_server_values({"certificate_issuer": "ca"}),
    }
    free = ["securityContext", "certManager.issuerRef", "resources", "extraArgs"]
    for chart, values in made.items():
        require_chart_keys(chart)
        assert unknown_keys(chart, values, free) == [], chart


@pytest.mark.parametrize(
    ("faults", "good", "over", "message"),
    [
        (load_balancer_controller_faults, BALANCER, {"cluster_name": "a_b"}, "cluster_name: 'a_b' must be letters"),
        (load_balancer_controller_faults, BALANCER, {"account_id": "1"}, "account_id: '1' must be an AWS account id"),
        (load_balancer_controller_faults, BALANCER, {"replicas": 0}, "replicas: 0 must be 1 to 5"),
        (load_balancer_controller_faults, BALANCER, {"certificate_issuer": "_"}, "certificate_issuer: '_' must be"),
        (
            cluster_autoscaler_faults,
            SCALER,
            {"kubernetes_version": "1.20"},
            "kubernetes_version: '1.20' must be one of",
        ),
        (cluster_autoscaler_faults, SCALER, {"region": "mars"}, "region: 'mars' must be an AWS region"),
        (metrics_server_faults, {"certificate_issuer": "ca"}, {"certificate_issuer": ""}, "certificate_issuer: ''"),
        (karpenter_faults, KARPENTER, {"disk_gib": 5}, "disk_gib: 5 must be 20 to 16384 (GiB)"),
        (karpenter_faults, KARPENTER, {"ami_version": "latest"}, "ami_version: 'latest' must be a release"),
        (karpenter_faults, KARPENTER, {"expire_after_hours": 1}, "expire_after_hours: 1 must be 24 to 8760"),
        (karpenter_faults, KARPENTER, {"pools": {}}, "pools: {} must hold at least one pool"),
    ],
)
def test_bad_arguments_are_refused(faults: Any, good: Any, over: dict[str, Any], message: str) -> None:
    assert not faults(good)
    assert message in "; ".join(map(str, faults({**good, **over})))


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"cpu_limit": 1}, "pools.a.cpu_limit: 1 must be at least 2 (CPUs)"),
        ({"memory_limit_gib": 1}, "pools.a.memory_limit_gib: 1 must be at least 4 (GiB)"),
        ({"min_generation": 3}, "pools.a.min_generation: 3 must be 5 or later"),
        ({"instance_categories": ["m7g"]}, "pools.a.instance_categories: ['m7g'] must be single letters"),
        ({"taints": [{"key": "k", "effect": "Never"}]}, "pools.a.taints[0].effect: 'Never' must be one of"),
    ],
)
def test_bad_pools_are_refused(over: dict[str, Any], message: str) -> None:
    pool = {"cpu_limit": 8, "memory_limit_gib": 32, **over}
    assert message in "; ".join(map(str, karpenter_faults({**KARPENTER, "pools": {"a": pool}})))

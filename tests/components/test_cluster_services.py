"""The cluster services as resources, and IrsaRole's own policies."""

import json
from typing import Any

import pulumi_aws as aws
import pytest

from components.foundation.cluster_autoscaler import ClusterAutoscaler
from components.foundation.irsa_role import IrsaRole, IrsaRoleArgs
from components.foundation.karpenter import Karpenter
from components.foundation.load_balancer_controller import LoadBalancerController
from components.foundation.metrics_server import MetricsServer
from tests.components.recorder import ACCOUNT, REGION, Registrations, Runner

ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/ABCDEF"
BASE: dict[str, Any] = {
    "cluster_name": "obs",
    "account_id": ACCOUNT,
    "region": REGION,
    "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
    "oidc_issuer": ISSUER,
}
DOCUMENT = '{"Statement":[{"Action":"s3:ListBucket","Effect":"Allow","Resource":"arn:aws:s3:::b"}]}'


def karpenter(**over: Any) -> Any:
    nodes = {"private_subnet_ids": ["subnet-1"], "security_group_id": "sg-1", "volume_kms_key_arn": "arn:key"}
    return {**BASE, **nodes, **over}


def role_args(**over: Any) -> IrsaRoleArgs:
    base: dict[str, Any] = {**BASE, "role_name": "r", "namespace": "n", "service_accounts": ["a"], **over}
    base.pop("cluster_name")
    return base  # type: ignore[return-value]


def values(registered: Registrations, release: str) -> Any:
    (found,) = [r for r in registered.of_type(":Release") if r.inputs["name"] == release]
    return found.inputs["values"]


def subject(registered: Registrations, role: str) -> str:
    (statement,) = json.loads(registered.named(role).inputs["assumeRolePolicy"])["Statement"]
    return str(statement["Condition"]["StringEquals"][f"{ISSUER}:sub"])


def test_each_role_trusts_the_service_account_that_its_chart_makes(run: Runner) -> None:
    def program() -> None:
        LoadBalancerController("lb", {**BASE, "vpc_id": "vpc-1"})  # type: ignore[typeddict-item]
        ClusterAutoscaler("ca", {**BASE, "kubernetes_version": "1.35"})  # type: ignore[typeddict-item]
        Karpenter("k", karpenter())

    registered = run(program)
    accounts = {
        "lb-role-role": values(registered, "aws-load-balancer-controller")["serviceAccount"],
        "ca-role-role": values(registered, "cluster-autoscaler")["rbac"]["serviceAccount"],
        "k-role-role": values(registered, "karpenter")["serviceAccount"],
    }
    for role, account in accounts.items():
        assert subject(registered, role) == f"system:serviceaccount:kube-system:{account['name']}"
        physical = registered.named(role).inputs["name"]
        assert account["annotations"]["eks.amazonaws.com/role-arn"].endswith(f":role/{physical}")
    for release in registered.of_type(":Release"):
        assert release.inputs["namespace"] == "kube-system"
        assert release.inputs["atomic"] is True


def test_rights_outlive_the_controllers_that_need_them_to_clean_up(run: Runner) -> None:
    def program() -> None:
        LoadBalancerController("lb", {**BASE, "vpc_id": "vpc-1"})  # type: ignore[typeddict-item]
        Karpenter("k", karpenter())

    registered = run(program)
    assert registered.waits_for("lb-controller-release", "lb-role-load-balancers")
    for pool in ("k-pool-stateless", "k-pool-stateful"):
        assert registered.waits_for(pool, "k-node-class")
        assert registered.waits_for(pool, "k-role-instances")
        assert registered.waits_for(pool, "k-entry"), "nodes without an entry never join"
        assert registered.waits_for(pool, "k-health-target")
    assert registered.waits_for("k-controller-release", "k-crds-release"), "its CRDs have a release of their own"


def test_the_load_balancer_controllers_crds_come_with_it(run: Runner) -> None:
    registered = run(lambda: LoadBalancerController("lb", {**BASE, "vpc_id": "vpc-1"}) and None)  # type: ignore[typeddict-item]
    assert registered.named("lb-controller-release").inputs["skipCrds"] is False


def test_karpenters_names_are_known_before_there_is_a_network_or_a_key(run: Runner) -> None:
    def program() -> None:
        key = aws.kms.Key("key")
        subnets = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16").id.apply(lambda id_: [id_])
        Karpenter("k", karpenter(volume_kms_key_arn=key.arn, private_subnet_ids=subnets))

    registered = run(program, preview=True)
    spec = registered.named("k-node-class").inputs["spec"]
    assert spec["subnetSelectorTerms"] is None, "unknown"
    assert spec["metadataOptions"]["httpTokens"] == "required", "the rest can be judged"
    assert "None" not in str(values(registered, "karpenter"))
    statements = json.loads(registered.named("k-queue-policy").inputs["policy"])["Statement"]
    assert f"arn:aws:sqs:{REGION}:{ACCOUNT}:obs-karpenter" in {s["Resource"] for s in statements}
    assert len(registered.of_type("cloudwatch/eventRule:EventRule")) == 5
    assert registered.named("k-role-volume-key").inputs["policy"] is None


def test_karpenters_nodes_join_through_an_access_entry(run: Runner) -> None:
    registered = run(lambda: Karpenter("k", karpenter()) and None)
    entry = registered.named("k-entry")
    assert entry.inputs["type"] == "EC2_LINUX"
    assert registered.named("k-profile").inputs["name"] == registered.named("k-nodes").inputs["name"]
    assert registered.named("k-node-class").inputs["spec"]["instanceProfile"] == f"obs-karpenter-ec2-{REGION}"


def test_metrics_server_is_scraped_by_a_monitor_that_checks_its_certificate(run: Runner) -> None:
    registered = run(lambda: MetricsServer("m", {"certificate_issuer": "observability-ca"}) and None)
    (monitor,) = registered.of_type(":ServiceMonitor")
    assert monitor.inputs["spec"]["endpoints"][0]["tlsConfig"]["ca"]["secret"]["name"] == "metrics-server"
    assert values(registered, "metrics-server")["serviceMonitor"]["enabled"] is False
    without = run(lambda: MetricsServer("m", {"certificate_issuer": "ca", "service_monitor": False}) and None)
    assert not without.of_type(":ServiceMonitor")


def test_a_role_takes_documents_of_its_callers(run: Runner) -> None:
    registered = run(lambda: IrsaRole("r", role_args(inline_policies={"list": DOCUMENT})) and None)
    policy = registered.named("r-list")
    assert policy.inputs["name"] == "list"
    assert json.loads(policy.inputs["policy"]) == json.loads(DOCUMENT)


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ({"bucket": DOCUMENT}, "inline_policies: 'bucket' must be 1 to 128"),
        ({"a b": DOCUMENT}, "inline_policies: 'a b' must be 1 to 128"),
        ({"list": "not json"}, "inline_policies.list: 'not json' must be a policy document"),
        ({"list": "{}"}, "inline_policies.list: '{}' must be a policy document"),
    ],
)
def test_documents_that_are_none_are_refused(run: Runner, policies: dict[str, str], message: str) -> None:
    assert message in run.refused(lambda: IrsaRole("r", role_args(inline_policies=policies)) and None)


def test_role_names_have_room_for_long_clusters(run: Runner) -> None:
    longest = "c" * (64 - len(f"-control-plane-{REGION}"))
    registered = run(lambda: Karpenter("k", karpenter(cluster_name=longest)) and None)
    assert all(len(role.inputs["name"]) <= 64 for role in registered.of_type("iam/role:Role"))
    assert all(len(rule.inputs["name"]) <= 64 for rule in registered.of_type("eventRule:EventRule"))

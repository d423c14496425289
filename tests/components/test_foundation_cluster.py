"""EksCluster: what is locked down, in which order it comes up, and which arguments are refused."""

import json
from typing import Any

import pulumi
import pytest

from components.foundation.checks import cluster_name_faults
from components.foundation.cluster import EksCluster, EksClusterArgs
from components.foundation.node_groups import DEFAULT_NODE_GROUPS, NodeGroupArgs, is_arm, node_group_faults, plan_groups
from components.versions import EKS_ADDONS
from tests.components.recorder import ACCOUNT, REGION, Registrations, Runner

LOG_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/logs"
VOLUME_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/volumes"
ZONES = [f"{REGION}{zone}" for zone in "abc"]
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/platform/admin"


def args(**over: Any) -> EksClusterArgs:
    base = {
        "cluster_name": "obs",
        "account_id": ACCOUNT,
        "region": REGION,
        "vpc_id": "vpc-1",
        "private_subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
        "control_plane_subnet_ids": ["intra-a", "intra-b", "intra-c"],
        "availability_zones": ZONES,
        "log_kms_key_arn": LOG_KEY,
        "node_volume_kms_key_arn": VOLUME_KEY,
    }
    return {**base, **over}  # type: ignore[typeddict-item]


def made(run: Runner, preview: bool = False, **over: Any) -> Registrations:
    return run(lambda: EksCluster("eks", args(**over)) and None, preview)


def test_the_control_plane_is_private_encrypted_logged_and_governed_by_access_entries(run: Runner) -> None:
    cluster = made(run).named("eks-cluster").inputs
    assert cluster["endpointPrivateAccess"] is True
    assert cluster["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in cluster
    assert cluster["encryptionConfigKeyArn"].startswith("arn:aws:kms:")
    assert cluster["enabledClusterLogTypes"] == ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    assert cluster["authenticationMode"] == "API"
    assert cluster["version"] == "1.35"
    assert cluster["deletionProtection"] is True
    assert cluster["subnetIds"] == ["intra-a", "intra-b", "intra-c"]


def test_what_pulumi_eks_would_do_less_strictly_is_switched_off(run: Runner) -> None:
    cluster = made(run).named("eks-cluster").inputs
    assert cluster["skipDefaultNodeGroup"] is True
    assert cluster["skipDefaultSecurityGroups"] is True
    assert cluster["createInstanceRole"] is False
    assert cluster["createOidcProvider"] is False, "its thumbprint is fetched from the network, in previews too"
    assert cluster["useDefaultVpcCni"] is True, "true means that it leaves the CNI alone"
    assert cluster["kubeProxyAddonOptions"] == cluster["corednsAddonOptions"] == {"enabled": False}


def test_secrets_have_a_key_of_their_own(run: Runner) -> None:
    registered = made(run)
    assert registered.named("eks-secrets").type == "eks-observability:index:EncryptionKey"
    assert registered.named("eks-secrets-alias").inputs["name"] == "alias/obs-secrets"
    assert registered.waits_for("eks-cluster", "eks-secrets-key")


def test_the_endpoint_opens_only_to_the_listed_ranges(run: Runner) -> None:
    cluster = made(run, public_access_cidrs=["203.0.113.0/24"]).named("eks-cluster").inputs
    assert cluster["endpointPublicAccess"] is True
    assert cluster["endpointPrivateAccess"] is True
    assert cluster["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_the_log_group_exists_before_eks_would_make_its_own(run: Runner) -> None:
    registered = made(run, control_plane_log_retention_days=30)
    group = registered.named("eks-logs").inputs
    assert (group["name"], group["kmsKeyId"], group["retentionInDays"]) == ("/aws/eks/obs/cluster", LOG_KEY, 30)
    assert registered.waits_for("eks-cluster", "eks-logs")
    assert registered.waits_for("eks-cluster", "eks-control-plane-AmazonEKSClusterPolicy")


def test_addons_come_up_where_they_can_work(run: Runner) -> None:
    registered = made(run)
    for node in registered.of_type(":NodeGroup"):
        for addon in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent"):
            assert registered.waits_for(node.name, f"eks-addon-{addon}"), "a node without a CNI never becomes ready"
    for addon in ("coredns", "aws-ebs-csi-driver", "metrics-server"):
        hosts = [
            node for node in registered.of_type(":NodeGroup") if registered.waits_for(f"eks-addon-{addon}", node.name)
        ]
        assert len(hosts) == 1, "a Deployment without nodes stays degraded, and needs no more than one group"
    assert registered.waits_for("eks-addon-aws-ebs-csi-driver", "eks-ebs-csi-key")
    assert registered.waits_for("eks-addon-vpc-cni", "eks-vpc-cni-AmazonEKS_CNI_Policy")


@pytest.mark.parametrize("version", sorted(EKS_ADDONS))
def test_all_six_addons_have_the_version_pinned_for_the_kubernetes(run: Runner, version: str) -> None:
    registered = made(run, kubernetes_version=version)
    addons = {addon.inputs["addonName"]: addon.inputs for addon in registered.of_type(":Addon")}
    assert {name: addon["addonVersion"] for name, addon in addons.items()} == EKS_ADDONS[version]
    assert len(addons) == 6
    assert {addon["resolveConflictsOnUpdate"] for addon in addons.values()} == {"OVERWRITE"}
    assert {group.inputs["version"] for group in registered.of_type(":NodeGroup")} == {version}


def test_network_policies_are_enforced(run: Runner) -> None:
    (addon,) = [one for one in made(run).of_type(":Addon") if one.inputs["addonName"] == "vpc-cni"]
    assert json.loads(addon.inputs["configurationValues"]) == {"enableNetworkPolicy": "true"}
    assert addon.inputs["serviceAccountRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/obs-vpc-cni-{REGION}"


def test_the_ebs_driver_has_its_own_role_and_exactly_the_volumes_key(run: Runner) -> None:
    registered = made(run)
    trust = json.loads(registered.named("eks-ebs-csi-role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Condition"]["StringEquals"] == {
        f"oidc.eks.{REGION}.amazonaws.com/id/ABCDEF:aud": "sts.amazonaws.com",
        f"oidc.eks.{REGION}.amazonaws.com/id/ABCDEF:sub": "system:serviceaccount:kube-system:ebs-csi-controller-sa",
    }
    attachment = registered.named("eks-ebs-csi-AmazonEBSCSIDriverPolicyV2").inputs
    assert attachment["policyArn"] == "arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"
    statements = json.loads(registered.named("eks-ebs-csi-key").inputs["policy"])["Statement"]
    assert {statement["Resource"] for statement in statements} == {VOLUME_KEY}


def test_without_a_volume_key_the_driver_gets_no_key(run: Runner) -> None:
    bare = args()
    del bare["node_volume_kms_key_arn"]
    registered = run(lambda: EksCluster("eks", bare) and None)
    assert "eks-ebs-csi-key" not in {resource.name for resource in registered}
    for template in registered.of_type(":LaunchTemplate"):
        assert template.inputs["blockDeviceMappings"][0]["ebs"]["encrypted"] == "true"


def test_nodes_are_private_encrypted_and_keep_their_credentials(run: Runner) -> None:
    templates = made(run).of_type(":LaunchTemplate")
    assert {template.name for template in templates} == {
        f"eks-{group}-template" for group in ("system", "stateful", "stateless")
    }
    for template in templates:
        options = template.inputs["metadataOptions"]
        assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)
        (disk,) = template.inputs["blockDeviceMappings"]
        assert disk["deviceName"] == "/dev/xvda"
        assert (disk["ebs"]["volumeType"], disk["ebs"]["encrypted"], disk["ebs"]["kmsKeyId"]) == (
            "gp3",
            "true",
            VOLUME_KEY,
        )
        (interface,) = template.inputs["networkInterfaces"]
        assert interface["associatePublicIpAddress"] == "false"
        assert interface["securityGroups"] == ["sg-cluster"]
        assert not {"keyName", "userData", "imageId"} & set(template.inputs)
        assert {spec["resourceType"] for spec in template.inputs["tagSpecifications"]} >= {"instance", "volume"}


def test_nodes_have_no_rights_over_the_network(run: Runner) -> None:
    attached = {
        one.inputs["policyArn"].rsplit("/", 1)[1]
        for one in made(run).of_type(":RolePolicyAttachment")
        if one.inputs["role"] == f"obs-nodes-{REGION}"
    }
    assert attached == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_stateful_nodes_have_a_group_in_each_zone_and_the_others_one_over_all(run: Runner) -> None:
    groups = {group.name: group.inputs for group in made(run).of_type(":NodeGroup")}
    assert {name: group["subnetIds"] for name, group in groups.items() if "stateful-" in name} == {
        f"eks-stateful-{zone}-nodes": [f"subnet-{zone}"] for zone in "abc"
    }
    assert len(groups["eks-system-nodes"]["subnetIds"]) == len(groups["eks-stateless-nodes"]["subnetIds"]) == 3
    assert {name for name, group in groups.items() if group["capacityType"] != "ON_DEMAND"} == {"eks-stateless-nodes"}
    assert groups["eks-stateless-nodes"]["capacityType"] == "SPOT"
    assert len(groups["eks-stateless-nodes"]["instanceTypes"]) >= 4, (
        "one Spot pool that runs dry must not be all of them"
    )
    assert {group["amiType"] for group in groups.values()} == {"AL2023_ARM_64_STANDARD"}
    assert groups["eks-system-nodes"]["labels"] == {"eks-observability/workload": "system"}


def test_autoscalers_own_the_number_of_nodes(run: Runner) -> None:
    for group in made(run).of_type(":NodeGroup"):
        assert list(group.request.ignoreChanges) == ["scalingConfig.desiredSize"]
        assert group.inputs["updateConfig"] == {"maxUnavailable": 1}


def test_a_group_that_must_be_replaced_gets_a_new_name_and_one_that_need_not_keeps_it() -> None:
    def name(**over: Any) -> str:
        spec: Any = {"instance_types": ["m7g.large"], **over}
        (plan,) = plan_groups("obs", {"system": spec}, ZONES)
        return plan.physical_name

    assert name() == name(max_size=9, disk_gib=100, labels={"a": "b"})
    assert name() != name(instance_types=["m7g.xlarge"]), "or the new one can't exist beside the old one"
    assert name() != name(spot=True)


@pytest.mark.parametrize(
    ("kind", "arm"),
    [("m7g.large", True), ("r8gd.xlarge", True), ("c6gn.large", True), ("im4gn.large", True), ("x2gd.large", True),
     ("t4g.medium", True), ("a1.large", True), ("m7i.large", False), ("g5.xlarge", False), ("t3.large", False),
     ("r6i.2xlarge", False), ("c7i-flex.large", False), ("m7a.large", False)],
)  # fmt: skip
def test_graviton_is_told_from_the_type(kind: str, arm: bool) -> None:
    assert is_arm(kind) is arm


def test_x86_types_get_the_x86_image(run: Runner) -> None:
    (group,) = made(run, node_groups={"all": {"instance_types": ["m7i.large"]}}).of_type(":NodeGroup")
    assert group.inputs["amiType"] == "AL2023_x86_64_STANDARD"


def test_admins_get_in_through_access_entries(run: Runner) -> None:
    registered = made(run, admin_principal_arns=[ADMIN])
    entry = registered.named("eks-admin-role-platform-admin")
    policy = registered.named("eks-admin-role-platform-admin-policy")
    assert entry.inputs["principalArn"] == policy.inputs["principalArn"] == ADMIN
    assert policy.inputs["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    assert registered.waits_for(policy.name, entry.name)


def test_the_oidc_provider_needs_no_thumbprint(run: Runner) -> None:
    oidc = made(run).named("eks-oidc").inputs
    assert oidc["clientIdLists"] == ["sts.amazonaws.com"]
    assert "thumbprintLists" not in oidc


def test_every_name_is_known_in_the_first_preview(run: Runner) -> None:
    registered = made(run, preview=True, admin_principal_arns=[ADMIN])
    named = {"role:Role": "name", ":NodeGroup": "nodeGroupName", ":LaunchTemplate": "name", ":LogGroup": "name"}
    for suffix, key in named.items():
        assert all(one.inputs[key] for one in registered.of_type(suffix))
    for suffix in (":Addon", ":NodeGroup", ":AccessEntry"):
        assert {one.inputs["clusterName"] for one in registered.of_type(suffix)} == {"obs"}
    roles = {one.inputs.get("serviceAccountRoleArn") for one in registered.of_type(":Addon")}
    assert roles == {None, *(f"arn:aws:iam::{ACCOUNT}:role/obs-{role}-{REGION}" for role in ("vpc-cni", "ebs-csi"))}


def test_everything_waits_for_the_control_plane(run: Runner) -> None:
    registered = made(run, admin_principal_arns=[ADMIN])
    for one in registered.of_type(":Addon", ":NodeGroup", ":AccessEntry", ":OpenIdConnectProvider"):
        assert registered.waits_for(one.name, "eks-cluster"), one.name


def test_whoever_waits_for_ready_waits_for_nodes_dns_and_volumes(run: Runner) -> None:
    def program() -> None:
        cluster = EksCluster("eks", args())
        pulumi.ComponentResource("test:index:App", "app", opts=pulumi.ResourceOptions(depends_on=cluster.ready))

    registered = run(program)
    for other in (
        "eks-addon-coredns",
        "eks-addon-aws-ebs-csi-driver",
        "eks-stateful-c-nodes",
        "eks-addon-metrics-server",
    ):
        assert registered.waits_for("app", other)


def test_a_boundary_reaches_every_role(run: Runner) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    roles = made(run, permissions_boundary_arn=boundary).of_type("role:Role")
    assert len(roles) == 4
    assert {role.inputs["permissionsBoundary"] for role in roles} == {boundary}


def test_protection_can_be_taken_off(run: Runner) -> None:
    registered = made(run, protect=False)
    assert registered.named("eks-cluster").inputs["deletionProtection"] is False
    assert not any(resource.request.protect for resource in registered)
    assert made(run).named("eks-cluster").request.protect


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"public_access_cidrs": ["0.0.0.0/0"]}, "public_access_cidrs[0]: '0.0.0.0/0' must be /16 or smaller"),
        (
            {"public_access_cidrs": ["0.0.0.0/1", "128.0.0.0/1"]},
            "public_access_cidrs[1]: '128.0.0.0/1' must be /16 or smaller",
        ),
        ({"public_access_cidrs": ["10.0.0.0/16"]}, "must be routable"),
        ({"public_access_cidrs": ["203.0.113.7/24"]}, "no host bits set"),
        ({"public_access_cidrs": ["::/0"]}, "must be an IPv4 network"),
        ({"kubernetes_version": "1.29"}, "kubernetes_version: '1.29' must be one of 1.34, 1.35, 1.36"),
        ({"availability_zones": ZONES[:1]}, "must name two or three zones"),
        ({"admin_principal_arns": ["admin"]}, "admin_principal_arns[0]: 'admin' must be the ARN of one IAM role"),
        ({"admin_principal_arns": [f"arn:aws:iam::{ACCOUNT}:root"]}, "must be the ARN of one IAM role or user"),
        ({"admin_principal_arns": [ADMIN, ADMIN]}, "admin_principal_arns[1]"),
        ({"control_plane_log_retention_days": 100}, "control_plane_log_retention_days: 100 must be one of"),
        ({"cluster_name": "obs_prod"}, "cluster_name: 'obs_prod' must be letters, digits and hyphens"),
        ({"cluster_name": "o" * 41}, "or role names exceed 64 (this one has 41)"),
        ({"node_groups": {}}, "node_groups: {} must hold at least one group"),
        ({"node_groups": {"All": {"instance_types": ["m7g.large"]}}}, "must be named with 1 to 13 lower-case"),
        ({"node_groups": {"all": {"instance_types": []}}}, "must name at least one instance type"),
        ({"node_groups": {"all": {"instance_types": ["large"]}}}, "must be an EC2 instance type"),
        ({"node_groups": {"all": {"instance_types": ["m7g.large", "m7i.large"]}}}, "must be of one architecture"),
        (
            {"node_groups": {"all": {"instance_types": ["m7g.large"], "min_size": 3, "max_size": 2}}},
            "must satisfy 0 <= min_size <= desired_size <= max_size",
        ),
        ({"node_groups": {"all": {"instance_types": ["m7g.large"], "disk_gib": 5}}}, "must be 20 to 16384 (GiB)"),
        (
            {"node_groups": {"all": {"instance_types": ["m7g.large"], "taints": [{"key": "a", "effect": "Never"}]}}},
            "node_groups.all.taints[0].effect: 'Never' must be one of NoSchedule",
        ),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_made(run: Runner, over: dict[str, Any], message: str) -> None:
    assert message in run.refused(lambda: EksCluster("eks", args(**over)) and None)


def test_the_default_groups_are_valid_and_all_graviton() -> None:
    assert all(is_arm(kind) for group in DEFAULT_NODE_GROUPS.values() for kind in group["instance_types"])


def test_the_longest_names_still_fit() -> None:
    name = "o" * 40
    assert not cluster_name_faults("cluster_name", name, REGION)
    groups: dict[str, NodeGroupArgs] = {"g" * 13: {"instance_types": ["m7g.large"], "one_per_zone": True}}
    assert not node_group_faults("node_groups", groups)
    assert {len(plan.physical_name) for plan in plan_groups(name, groups, ZONES)} == {63}, "EKS allows 63"

"""The rules of the simulated providers, without an engine: through the mocks that unit tests use."""

from typing import Any

import pulumi
import pytest

from sandbox.mocks import CloudMocks
from sandbox.providers.aws import Aws, Config
from sandbox.providers.aws_functions import invoke
from sandbox.providers.kubernetes import Kubernetes
from sandbox.simulation import CloudError, Resource
from sandbox.store import Item, Store
from sandbox.values import UNKNOWN, changed_paths

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
BUCKET = "aws:s3/bucket:Bucket"
ROLE = "aws:iam/role:Role"


def make(cloud: CloudMocks, type_: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
    args = pulumi.runtime.MockResourceArgs(typ=type_, name="x", inputs=inputs, custom=True)
    id_, outputs = cloud.new_resource(args)
    return str(id_), outputs


@pytest.mark.parametrize(
    ("type_", "inputs", "message"),
    [
        (SUBNET, {"cidrBlock": "10.0.0.0/24"}, 'The argument "vpc_id" is required'),
        (VPC, {}, "one of `cidr_block,ipv4_ipam_pool_id` must be specified"),
        (BUCKET, {"bucket": "Not_A_Bucket"}, "expected bucket to match"),
        (BUCKET, {"bucket": "192.168.0.1"}, "expected bucket to match"),
        ("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "nowhere", "policy": "{}"}, "NoSuchBucket"),
        ("aws:s3/bucketVersioning:BucketVersioning", {"bucket": "b"}, '"versioning_configuration" is required'),
        ("aws:iam/rolePolicy:RolePolicy", {"role": "nobody", "policy": "{}"}, "NoSuchEntity: The role with name"),
        ("aws:kms/alias:Alias", {"name": "alias/x", "targetKeyId": "none"}, "NotFoundException: Key 'none'"),
        ("aws:kms/alias:Alias", {"name": "x", "targetKeyId": "none"}, "expected name to match"),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "/a", "retentionInDays": 8}, "expected retention_in_days to be"),
        (ROLE, {"assumeRolePolicy": "not json"}, "contains an invalid JSON policy"),
        ("aws:eks/addon:Addon", {"clusterName": "none", "addonName": "coredns"}, "No cluster found for name: none."),
        ("kubernetes:core/v1:Namespace", {"metadata": {"name": "Not_Valid"}}, "a lowercase RFC 1123 subdomain"),
        ("kubernetes:helm.sh/v3:Release", {"chart": "./none-1.0.0.tgz"}, "no such file"),
        ("kubernetes:helm.sh/v3:Release", {"chart": "oci://r/thanos"}, "has no version"),
    ],
)
def test_bad_inputs_and_references_to_nothing_are_refused(type_: str, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(CloudError) as refused:
        make(CloudMocks(), type_, **inputs)
    assert message in str(refused.value)


def test_names_are_unique_where_aws_wants_them_to_be() -> None:
    cloud = CloudMocks()
    make(cloud, ROLE, name="r", assumeRolePolicy="{}")
    with pytest.raises(CloudError, match="EntityAlreadyExists: Role with name r already exists"):
        make(cloud, ROLE, name="r", assumeRolePolicy="{}")
    make(cloud, BUCKET, bucket="data")
    with pytest.raises(CloudError, match="BucketAlreadyOwnedByYou"):
        make(cloud, BUCKET, bucket="data")


def test_subnets_lie_in_their_network_and_beside_each_other() -> None:
    cloud = CloudMocks(region="eu-west-1")
    vpc, _ = make(cloud, VPC, cidrBlock="10.0.0.0/16")
    make(cloud, SUBNET, vpcId=vpc, cidrBlock="10.0.0.0/24", availabilityZone="eu-west-1a")
    for cidr, zone, message in (
        ("10.1.0.0/24", "eu-west-1a", "InvalidSubnet.Range"),
        ("10.0.0.128/25", "eu-west-1a", "InvalidSubnet.Conflict"),
        ("10.0.1.0/24", "us-east-1a", r"Value \(us-east-1a\) for parameter availabilityZone is invalid"),
    ):
        with pytest.raises(CloudError, match=message):
            make(cloud, SUBNET, vpcId=vpc, cidrBlock=cidr, availabilityZone=zone)


def test_a_cluster_spans_zones_and_tells_its_network() -> None:
    cloud = CloudMocks(region="eu-west-1")
    vpc, _ = make(cloud, VPC, cidrBlock="10.0.0.0/16")
    subnets = [
        make(cloud, SUBNET, vpcId=vpc, cidrBlock=f"10.0.{number}.0/24", availabilityZone=f"eu-west-1{zone}")[0]
        for number, zone in enumerate("ab")
    ]
    _, role = make(cloud, ROLE, name="eks", assumeRolePolicy="{}")
    with pytest.raises(CloudError, match="at least two different AZs"):
        make(cloud, "aws:eks/cluster:Cluster", name="c", roleArn=role["arn"], vpcConfig={"subnetIds": subnets[:1]})
    _, cluster = make(cloud, "aws:eks/cluster:Cluster", name="c", roleArn=role["arn"], vpcConfig={"subnetIds": subnets})
    assert cluster["vpcConfig"]["vpcId"] == vpc
    assert cluster["vpcConfig"]["endpointPublicAccess"] is True
    assert cluster["arn"] == "arn:aws:eks:eu-west-1:123456789012:cluster/c"
    issuer = cluster["identities"][0]["oidcs"][0]["issuer"]
    assert issuer.startswith("https://oidc.eks.eu-west-1.amazonaws.com/id/")
    assert len(issuer.rpartition("/")[2]) == 32
    _, provider = make(cloud, "aws:iam/openIdConnectProvider:OpenIdConnectProvider", url=issuer, clientIdLists=["sts"])
    assert provider["arn"] == f"arn:aws:iam::123456789012:oidc-provider/{issuer.removeprefix('https://')}"


def test_lifecycle_rules_that_s3_refuses_are_refused() -> None:
    cloud = CloudMocks()
    make(cloud, BUCKET, bucket="data")
    rule = {"id": "r", "status": "Enabled", "transitions": [{"days": 7, "storageClass": "STANDARD_IA"}]}
    with pytest.raises(CloudError, match="greater than or equal to 30 for storageClass 'STANDARD_IA'"):
        make(cloud, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", bucket="data", rules=[rule])


def test_regions_decide_partition_and_domain() -> None:
    assert Config(region="cn-north-1").partition == "aws-cn"
    assert Config(region="cn-north-1").dns == "amazonaws.com.cn"
    assert Config(region="us-gov-west-1").partition == "aws-us-gov"
    assert Config(region="ap-southeast-2").partition == "aws"


def test_a_type_that_is_not_listed_still_works() -> None:
    id_, outputs = make(CloudMocks(), "aws:glue/job:Job", name="n", tags={"a": "b"})
    assert outputs["arn"] == f"arn:aws:glue:us-east-1:123456789012:job/{id_}"
    assert outputs["tagsAll"] == {"a": "b"}


def test_json_documents_compare_by_meaning() -> None:
    aws = Aws(Store())
    resource = Resource(ROLE, "r", "urn")
    olds = {"name": "r", "assumeRolePolicy": '{"Statement": [], "Version": "2012-10-17"}'}
    news = {"name": "r", "assumeRolePolicy": '{"Version":"2012-10-17","Statement":[]}'}
    assert aws.diff(Config(), resource, olds, news).paths == {}


def test_a_replacement_of_the_same_name_deletes_first() -> None:
    aws = Aws(Store())
    resource = Resource(ROLE, "r", "urn")
    olds = {"name": "r", "path": "/", "assumeRolePolicy": "{}"}
    changed = aws.diff(Config(), resource, olds, {**olds, "path": "/new/"})
    assert changed.paths == {"path": "update-replace"}
    assert changed.delete_first
    assert not aws.diff(Config(), resource, olds, {**olds, "name": "s"}).delete_first


def test_a_config_map_is_replaced_unless_its_provider_may_change_it() -> None:
    cluster = Kubernetes(Store())
    resource = Resource("kubernetes:core/v1:ConfigMap", "m", "urn")
    olds = {"metadata": {"name": "m", "namespace": "n"}, "data": {"a": "1"}}
    news = {**olds, "data": {"a": "2"}}
    usual, mutable = cluster.configure({}), cluster.configure({"enableConfigMapMutable": "true"})
    assert cluster.diff(usual, resource, olds, news).paths == {"data.a": "update-replace"}
    assert cluster.diff(mutable, resource, olds, news).paths == {"data.a": "update"}
    fixed = {"immutable": True}
    assert cluster.diff(mutable, resource, olds | fixed, news | fixed).paths == {"data.a": "update-replace"}


@pytest.mark.parametrize(
    ("type_", "guard", "message"),
    [
        ("aws:eks/cluster:Cluster", "deletionProtection", "Cluster x has deletion protection enabled"),
        ("aws:rds/instance:Instance", "deletionProtection", "Cannot delete protected DB Instance"),
        ("aws:lb/loadBalancer:LoadBalancer", "enableDeletionProtection", "'x' cannot be deleted"),
    ],
)
def test_what_aws_guards_is_deleted_once_the_guard_is_lifted(type_: str, guard: str, message: str) -> None:
    store = Store()
    store.put(Item(type_, "x", "urn", {}, {guard: True}))
    with pytest.raises(CloudError, match=message):
        Aws(store).delete(Config(), Resource(type_, "x", "urn"), "x")
    store.put(Item(type_, "x", "urn", {}, {guard: False}))
    Aws(store).delete(Config(), Resource(type_, "x", "urn"), "x")
    assert list(store) == []


def test_previews_leave_unknown_what_depends_on_the_unknown() -> None:
    aws = Aws(Store())
    _, outputs = aws.create(Config(), Resource(BUCKET, "b", "urn"), {"bucket": UNKNOWN, "tags": {"a": "b"}}, True)
    assert outputs["arn"] == UNKNOWN
    assert outputs["tagsAll"] == {"a": "b"}
    assert outputs["region"] == "us-east-1"


def test_policy_documents_are_rendered_as_the_provider_does() -> None:
    statement = {
        "sid": "Read",
        "actions": ["s3:GetObject", "s3:ListBucket"],
        "resources": ["arn:aws:s3:::b"],
        "principals": [{"type": "Service", "identifiers": ["a.amazonaws.com"]}],
        "conditions": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}],
    }
    args = {"statements": [statement]}
    rendered = invoke(Store(), Config(), "aws:iam/getPolicyDocument:getPolicyDocument", args)
    assert rendered["json"].startswith('{\n  "Version": "2012-10-17",\n  "Statement": [')
    assert '"Effect": "Allow"' in rendered["json"]
    assert '"Resource": "arn:aws:s3:::b"' in rendered["json"]
    assert '"aws:SecureTransport": "true"' in rendered["json"]


def test_changed_paths_are_pulumis_property_paths() -> None:
    old = {"a": [1, 2], "tags": {"x/y": "1"}, "gone": 1}
    new = {"a": [1, 3, 4], "tags": {"x/y": "2"}}
    assert dict(changed_paths(old, new)) == {
        "a[1]": "update",
        "a[2]": "add",
        'tags["x/y"]': "update",
        "gone": "delete",
    }


def test_the_store_survives_a_torn_last_line(tmp_path: Any) -> None:
    path = tmp_path / "cloud.jsonl"
    store = Store(path)
    store.put(Item(VPC, "vpc-1", "urn", {}, {}))
    store.put(Item(VPC, "vpc-2", "urn", {}, {}))
    store.delete(VPC, "vpc-1")
    with path.open("a") as file:
        file.write('{"type": "aws:ec2/v')
    assert [item.id for item in Store(path)] == ["vpc-2"]
    Store(path).put(Item(VPC, "vpc-3", "urn", {}, {}))
    assert [item.id for item in Store(path)] == ["vpc-2", "vpc-3"]


def test_the_mocks_serve_pulumis_unit_tests() -> None:
    import pulumi_aws as aws
    import pulumi_kubernetes as kubernetes
    import pulumi_random as random

    cloud = CloudMocks(region="eu-west-1")
    pulumi.runtime.set_mocks(cloud)
    seen: list[Any] = []

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        bucket = aws.s3.Bucket("b", bucket="some-data")
        password = random.RandomPassword("p", length=20)
        namespace = kubernetes.core.v1.Namespace("n", metadata={"name": "x"})
        account = aws.get_caller_identity_output().account_id
        values = pulumi.Output.all(bucket.arn, password.result, namespace.metadata.name, account)
        return values.apply(seen.extend)

    program()
    assert [seen[0], len(seen[1]), *seen[2:]] == ["arn:aws:s3:::some-data", 20, "x", "123456789012"]
    assert {args.typ for args in cloud.registered} >= {BUCKET, "kubernetes:core/v1:Namespace"}

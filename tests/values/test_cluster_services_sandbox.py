"""The simulated AWS' types around the cluster: forms of ARNs, what is refused, what replaces, what is unknown."""

from typing import Any

import pulumi
import pytest

from sandbox.mocks import CloudMocks
from sandbox.providers.aws import Aws, Config
from sandbox.simulation import CloudError, Resource
from sandbox.store import Store
from sandbox.values import UNKNOWN

ACCOUNT, REGION = "123456789012", "eu-west-1"
HERE = f"{REGION}:{ACCOUNT}"
DATABASE = "aws:rds/instance:Instance"
PARAMETER = "aws:ssm/parameter:Parameter"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
RECORD = "aws:route53/record:Record"
DB: dict[str, Any] = {"identifier": "grafana", "engine": "postgres", "instanceClass": "db.t4g.medium"}


def make(cloud: CloudMocks, type_: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
    args = pulumi.runtime.MockResourceArgs(typ=type_, name="x", inputs=inputs, custom=True)
    id_, outputs = cloud.new_resource(args)
    return str(id_), outputs


def test_a_parameters_arn_has_one_slash_whatever_its_name_begins_with() -> None:
    cloud = CloudMocks(region=REGION)
    for name in ("/obs/x", "obs"):
        _, made = make(cloud, PARAMETER, name=name, type="String", value="v")
        assert made["arn"] == f"arn:aws:ssm:{HERE}:parameter/{name.removeprefix('/')}"


def test_load_balancers_and_listeners_share_the_digits_of_their_arns() -> None:
    cloud = CloudMocks(region=REGION)
    vpc, _ = make(cloud, "aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    subnet, _ = make(cloud, "aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock="10.0.0.0/24")
    id_, balancer = make(cloud, BALANCER, name="entrance", loadBalancerType="network", subnets=[subnet])
    assert id_ == balancer["arn"]
    assert balancer["arn"].endswith(balancer["arnSuffix"])
    assert balancer["arn"].startswith(f"arn:aws:elasticloadbalancing:{HERE}:loadbalancer/net/entrance/")
    assert balancer["vpcId"] == vpc
    _, group = make(cloud, "aws:lb/targetGroup:TargetGroup", name="entrance", vpcId=vpc, targetType="ip")
    forward = [{"type": "forward", "targetGroupArn": group["arn"]}]
    _, listener = make(cloud, "aws:lb/listener:Listener", loadBalancerArn=id_, port=443, defaultActions=forward)
    assert listener["arn"].startswith(id_.replace(":loadbalancer/", ":listener/") + "/")


def test_a_database_has_one_address_and_a_secret_only_if_aws_keeps_its_password() -> None:
    cloud = CloudMocks(region=REGION)
    _, plain = make(cloud, DATABASE, **DB)
    assert plain["endpoint"] == f"{plain['address']}:5432"
    assert plain["address"].endswith(f".{REGION}.rds.amazonaws.com")
    assert plain["masterUserSecrets"] == []
    _, managed = make(cloud, DATABASE, **{**DB, "identifier": "other", "manageMasterUserPassword": True})
    (secret,) = managed["masterUserSecrets"]
    assert secret["secretArn"].startswith(f"arn:aws:secretsmanager:{HERE}:secret:rds!db-")


@pytest.mark.parametrize(
    ("type_", "inputs", "message"),
    [
        (PARAMETER, {"name": "/a b", "type": "String", "value": "v"}, "expected name to match"),
        (PARAMETER, {"name": "/a", "type": "String"}, "one of `value,value_wo,insecure_value` must be specified"),
        (DATABASE, {"identifier": "x", "engine": "postgres"}, '"instance_class" is required'),
        (DATABASE, {**DB, "identifier": "Grafana"}, "expected identifier to match"),
        (DATABASE, {**DB, "parameterGroupName": "none"}, "RDS Parameter Group none does not exist"),
        (BALANCER, {"name": "internal-x", "subnets": ["s"]}, "expected name to match"),
        ("aws:lb/listener:Listener", {"loadBalancerArn": "none", "defaultActions": []}, "LoadBalancerNotFound"),
        (RECORD, {"zoneId": "Z", "name": "a", "type": "A"}, "one of `records,aliases` must be specified"),
        ("aws:grafana/roleAssociation:RoleAssociation", {"role": "ADMIN", "workspaceId": "g"}, "Workspace g does not"),
        ("aws:sqs/queuePolicy:QueuePolicy", {"queueUrl": "none", "policy": "{}"}, "does not exist"),
    ],
)
def test_what_aws_would_refuse_is_refused(type_: str, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(CloudError) as refused:
        make(CloudMocks(), type_, **inputs)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("type_", "key", "before", "after"),
    [
        (DATABASE, "storageEncrypted", False, True),
        (BALANCER, "internal", True, False),
        ("aws:ssm/parameter:Parameter", "name", "/a", "/b"),
        ("aws:sqs/queue:Queue", "name", "a", "b"),
        ("aws:rds/parameterGroup:ParameterGroup", "family", "postgres16", "postgres17"),
        ("aws:cloudwatch/eventRule:EventRule", "name", "a", "b"),
    ],
)
def test_what_cannot_be_changed_in_place_is_replaced(type_: str, key: str, before: Any, after: Any) -> None:
    aws, resource = Aws(Store()), Resource(type_, "x", "urn:x")
    found = aws.diff(Config(region=REGION), resource, {key: before}, {key: after})
    assert found.paths == {key: "update-replace"}
    assert not found.delete_first or key != "name", "a new name has room beside the old one"


def test_what_aws_decides_is_unknown_in_a_preview() -> None:
    aws, config = Aws(Store()), Config(region=REGION)
    for type_, inputs, keys in (
        (DATABASE, DB, ("address", "endpoint", "arn")),
        (BALANCER, {"name": "x", "subnets": ["s"]}, ("arn", "dnsName", "zoneId")),
        ("aws:grafana/workspace:Workspace", {"name": "x"}, ("endpoint", "arn")),
        ("aws:ec2/vpcEndpointService:VpcEndpointService", {"acceptanceRequired": True}, ("serviceName",)),
    ):
        _, outputs = aws.create(config, Resource(type_, "x", "urn:x"), inputs, preview=True)
        assert {outputs[key] for key in keys} == {UNKNOWN}, type_


def test_deletion_protection_holds() -> None:
    aws, config, resource = Aws(Store()), Config(region=REGION), Resource(DATABASE, "x", "urn:x")
    id_, _ = aws.create(config, resource, {**DB, "deletionProtection": True}, preview=False)
    with pytest.raises(CloudError, match="disable deletion protection"):
        aws.delete(config, resource, id_)
    aws.update(config, resource, id_, {}, {**DB, "deletionProtection": False}, preview=False)
    aws.delete(config, resource, id_)
    assert aws.read(config, DATABASE, id_) is None


def test_a_secrets_arn_stays_when_it_is_changed() -> None:
    aws, config = Aws(Store()), Config(region=REGION)
    resource = Resource("aws:secretsmanager/secret:Secret", "x", "urn:x")
    id_, made = aws.create(config, resource, {"name": "/obs/x"}, preview=False)
    changed = aws.update(config, resource, id_, made, {"name": "/obs/x", "description": "new"}, preview=False)
    assert changed["arn"] == made["arn"] == id_

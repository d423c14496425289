"""Network: how addresses are shared out, what is private, and which arguments are refused."""

import ipaddress
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.foundation.network import Network, NetworkArgs
from components.foundation.subnets import subnet_plan
from tests.components.recorder import ACCOUNT, REGION, Registrations, Runner

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"


def args(**over: Any) -> NetworkArgs:
    base = {"region": REGION, "account_id": ACCOUNT, "cluster_name": "obs", "kms_key_arn": KEY}
    return {**base, **over}  # type: ignore[typeddict-item]


def made(run: Runner, preview: bool = False, **over: Any) -> Registrations:
    return run(lambda: Network("net", args(**over)) and None, preview)


def test_a_slash_16_gives_the_documented_subnets() -> None:
    plan = subnet_plan("10.64.0.0/16", 3)
    assert plan.private == ("10.64.0.0/19", "10.64.32.0/19", "10.64.64.0/19")
    assert plan.public == ("10.64.224.0/24", "10.64.225.0/24", "10.64.226.0/24")
    assert plan.intra == ("10.64.240.0/28", "10.64.240.16/28", "10.64.240.32/28")


@given(st.integers(16, 20), st.integers(2, 3))
def test_subnets_of_any_size_fit_and_never_overlap(prefix: int, zones: int) -> None:
    cidr = f"10.0.0.0/{prefix}"
    plan = subnet_plan(cidr, zones)
    nets = [ipaddress.IPv4Network(net) for kind in plan for net in kind]
    assert len(nets) == 3 * zones
    assert all(net.subnet_of(ipaddress.IPv4Network(cidr)) for net in nets)
    assert not [1 for i, net in enumerate(nets) for other in nets[:i] if net.overlaps(other)]
    assert all(net.prefixlen <= 27 for net in nets[zones : 2 * zones]), "a load balancer asks for a /27"


def test_a_third_zone_moves_no_subnet_of_the_first_two() -> None:
    two, three = subnet_plan("10.64.0.0/16", 2), subnet_plan("10.64.0.0/16", 3)
    assert [kind[:2] for kind in three] == list(two)


def test_subnets_carry_the_tags_that_eks_and_its_load_balancers_look_for(run: Runner) -> None:
    registered = made(run)
    for zone in "abc":
        private, public = registered.named(f"net-private-subnet-{zone}"), registered.named(f"net-public-subnet-{zone}")
        assert private.inputs["tags"]["kubernetes.io/role/internal-elb"] == "1"
        assert public.inputs["tags"]["kubernetes.io/role/elb"] == "1"
        for subnet in (private, public, registered.named(f"net-intra-subnet-{zone}")):
            assert subnet.inputs["tags"]["kubernetes.io/cluster/obs"] == "shared"
            assert subnet.inputs["mapPublicIpOnLaunch"] is False
            assert subnet.inputs["availabilityZone"] == f"{REGION}{zone}"


def test_names_inside_the_vpc_resolve(run: Runner) -> None:
    vpc = made(run).named("net-vpc").inputs
    assert vpc["enableDnsHostnames"] is vpc["enableDnsSupport"] is True
    assert vpc["cidrBlock"] == "10.64.0.0/16"


def test_each_zone_has_its_own_way_out(run: Runner) -> None:
    registered = made(run)
    assert len(registered.of_type(":NatGateway")) == 3
    for zone in "abc":
        assert registered.named(f"net-private-{zone}-out").inputs["natGatewayId"] == f"net-nat-{zone}-id"


def test_one_gateway_serves_every_zone_when_asked(run: Runner) -> None:
    registered = made(run, single_nat_gateway=True, availability_zones=[f"{REGION}a", f"{REGION}b"])
    assert len(registered.of_type(":NatGateway")) == len(registered.of_type(":Eip")) == 1
    assert registered.named("net-private-b-out").inputs["natGatewayId"] == "net-nat-a-id"


def test_no_route_leaves_the_intra_subnets(run: Runner) -> None:
    routes = {route.inputs["routeTableId"] for route in made(run).of_type("route:Route")}
    assert "net-intra-table-id" not in routes
    assert len(routes) == 4


def test_s3_is_reached_without_nat_from_every_subnet_that_works(run: Runner) -> None:
    endpoint = made(run).named("net-endpoint-s3").inputs
    assert endpoint["vpcEndpointType"] == "Gateway"
    assert set(endpoint["routeTableIds"]) == {
        "net-private-a-table-id",
        "net-private-b-table-id",
        "net-private-c-table-id",
        "net-intra-table-id",
    }


def test_interface_endpoints_take_https_from_the_vpc_only(run: Runner) -> None:
    registered = made(run, cidr_block="10.0.0.0/18")
    interfaces = [one for one in registered.of_type(":VpcEndpoint") if one.inputs["vpcEndpointType"] == "Interface"]
    assert {one.inputs["serviceName"].removeprefix(f"com.amazonaws.{REGION}.") for one in interfaces} == {
        "ecr.api",
        "ecr.dkr",
        "sts",
        "ec2",
        "kms",
        "logs",
    }
    assert all(one.inputs["privateDnsEnabled"] and one.inputs["securityGroupIds"] for one in interfaces)
    (rule,) = registered.of_type(":SecurityGroupIngressRule")
    assert (rule.inputs["cidrIpv4"], rule.inputs["fromPort"], rule.inputs["toPort"]) == ("10.0.0.0/18", 443, 443)


def test_interface_endpoints_can_be_switched_off(run: Runner) -> None:
    registered = made(run, interface_endpoints=[])
    assert [one.name for one in registered.of_type(":VpcEndpoint")] == ["net-endpoint-s3"]
    assert not registered.of_type(":SecurityGroup", ":SecurityGroupIngressRule")


def test_the_default_security_group_is_closed(run: Runner) -> None:
    group = made(run).named("net-default-security-group").inputs
    assert group["ingress"] == group["egress"] == []


def test_all_traffic_is_recorded_encrypted_and_for_a_while(run: Runner) -> None:
    registered = made(run, preview=True)
    group, log = registered.named("net-flow-logs"), registered.named("net-flow-log")
    assert group.inputs["name"] == "/aws/vpc/obs/flow-logs"
    assert (group.inputs["kmsKeyId"], group.inputs["retentionInDays"]) == (KEY, 90)
    assert log.inputs["trafficType"] == "ALL"
    assert registered.waits_for("net-flow-log", "net-flow-logs-delivery"), "without rights the first records are lost"
    trust = json.loads(registered.named("net-flow-logs-role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    (rights,) = json.loads(registered.named("net-flow-logs-delivery").inputs["policy"])["Statement"]
    own = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vpc/obs/flow-logs"
    assert rights["Resource"] == [own, f"{own}:*"]


def test_whoever_uses_a_subnet_waits_for_its_way_out(run: Runner) -> None:
    import pulumi_aws as aws

    def program() -> None:
        network = Network("net", args())
        aws.ec2.Instance("node", subnet_id=network.private_subnet_ids[0])

    registered = run(program)
    assert registered.named("node").inputs["subnetId"] == "net-private-subnet-a-id"
    for zone in "abc":
        assert registered.waits_for("node", f"net-private-{zone}-out")
        assert registered.waits_for("node", f"net-private-{zone}-routes")
    assert registered.waits_for("node", "net-nat-a")
    assert not registered.waits_for("node", "net-flow-log")


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"cidr_block": "10.0.0.0/8"}, "cidr_block: '10.0.0.0/8' must be /16 to /20 in size"),
        ({"cidr_block": "10.0.0.0/24"}, "cidr_block: '10.0.0.0/24' must be /16 to /20 in size"),
        ({"cidr_block": "10.0.0.1/16"}, "with no host bits set"),
        ({"cidr_block": "ten"}, "cidr_block: 'ten' must be an IPv4 network"),
        ({"cidr_block": "8.8.0.0/16"}, "must lie in a private range"),
        ({"availability_zones": [f"{REGION}a"]}, "must name two or three zones"),
        ({"availability_zones": [f"{REGION}{z}" for z in "abcd"]}, "must name two or three zones"),
        ({"availability_zones": [f"{REGION}a", f"{REGION}a"]}, "availability_zones[1]: 'eu-west-1a' must appear once"),
        ({"availability_zones": [f"{REGION}a", "us-east-1a"]}, "must be a zone of eu-west-1"),
        ({"interface_endpoints": ["com.amazonaws.x/y"]}, "must be a service's short name"),
        ({"interface_endpoints": ["s3"]}, "S3 has a gateway endpoint"),
        ({"interface_endpoints": ["sts", "sts"]}, "interface_endpoints[1]: 'sts' must appear once only"),
        ({"flow_log_retention_days": 42}, "flow_log_retention_days: 42 must be one of 1, 3, 5"),
        ({"account_id": "1234"}, "must be an AWS account id"),
        ({"cluster_name": "o" * 60}, "or role names exceed 64"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_made(run: Runner, over: dict[str, Any], message: str) -> None:
    assert message in run.refused(lambda: Network("net", args(**over)) and None)

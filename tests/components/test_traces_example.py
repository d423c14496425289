"""docs/traces.md and its example: what they say is so."""

import re
import runpy
from pathlib import Path

import pytest

from components.foundation.object_store import ObjectStoreArgs
from components.security.centre import CentreArgs
from components.traces.collector_rules import collector_rules, forwarder_rules
from components.traces.sampling import TraceSamplingArgs
from components.traces.sizing import TracesNodesArgs, TracesSizingArgs
from components.traces.tempo_rules import tempo_rules
from components.traces.traces import Traces, TracesArgs
from components.traces.traces_agent import TracesAgent
from components.traces.traces_agent_args import TracesAgentArgs, TracesAgentSizingArgs
from tests.components.recorder import Runner

AGENTS = (TracesAgentArgs, TracesAgentSizingArgs)
SHARED = (ObjectStoreArgs, CentreArgs)


def test_the_example_makes_traces_on_a_cluster_that_exists(
    run: Runner, repository: Path, installed_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(installed_library))
    path = str(repository / "examples" / "traces_on_existing_cluster.py")
    registered = run(lambda: runpy.run_path(path) and None)
    assert {release.inputs["name"] for release in registered.of_type(":Release")} == {
        "tempo",
        "otel-gateway",
        "otel-agent",
    }
    assert not registered.of_type(":EksCluster", ":Vpc")
    (bucket,) = registered.of_type("s3/bucket:Bucket")
    assert bucket.inputs["bucket"] == "acme-traces-123456789012-eu-west-1"
    role = registered.named("traces-role-role").inputs["name"]
    assert f"role/{role}" in registered.named("traces-policy").inputs["policy"], "the bucket lets it delete"


def test_the_page_names_every_argument_and_output(repository: Path) -> None:
    page = (repository / "docs" / "traces.md").read_text()
    assert "../examples/traces_on_existing_cluster.py" in page
    for group in (TracesArgs, TraceSamplingArgs, TracesSizingArgs, TracesNodesArgs, *AGENTS, *SHARED):
        for name in group.__annotations__:
            assert f"`{name}`" in page, name
    for name in (*Traces.__annotations__, *TracesAgent.__annotations__):
        assert f"`{name}`" in page, name


def test_the_page_explains_every_alert_and_no_other(repository: Path) -> None:
    page = (repository / "docs" / "traces.md").read_text()
    groups = (*tempo_rules(), *collector_rules(), *forwarder_rules())
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    assert set(re.findall(r"`((?:Tempo|Otel)[A-Z]\w+)`", page)) == alerts
    assert "## What breaks, and how it shows" in page, "alerts lead there"

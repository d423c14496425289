"""docs/metrics.md and its example: what they say is so."""

import runpy
from pathlib import Path

import pytest

from components.foundation.object_store import ObjectStoreArgs
from components.metrics.metrics import Metrics, MetricsArgs
from components.metrics.prometheus_agent_args import PrometheusAgentArgs, PrometheusAgentSizingArgs
from components.metrics.sizing import PrometheusSizingArgs, ThanosSizingArgs
from components.security.centre import CentreArgs
from components.storage import MetricsRetentionArgs
from tests.components.recorder import Runner


def test_the_example_makes_metrics_on_a_cluster_that_exists(
    run: Runner, repository: Path, installed_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(installed_library))
    path = str(repository / "examples" / "metrics_on_existing_cluster.py")
    registered = run(lambda: runpy.run_path(path) and None)
    assert len(registered.of_type(":Release")) == 5
    assert not registered.of_type(":EksCluster", ":Vpc")
    (bucket,) = registered.of_type("s3/bucket:Bucket")
    assert bucket.inputs["bucket"] == "acme-metrics-123456789012-eu-west-1"


def test_the_page_names_every_argument_and_output(repository: Path) -> None:
    page = (repository / "docs" / "metrics.md").read_text()
    assert "../examples/metrics_on_existing_cluster.py" in page
    agent = (PrometheusAgentArgs, PrometheusAgentSizingArgs, CentreArgs)
    for group in (MetricsArgs, MetricsRetentionArgs, PrometheusSizingArgs, ObjectStoreArgs, *agent):
        for name in group.__annotations__:
            assert f"`{name}`" in page, name
    for name in ThanosSizingArgs.__annotations__:
        assert f"`{name}`" in page or name.startswith("store_"), name
    for name in Metrics.__annotations__:
        assert f"`{name}`" in page, name

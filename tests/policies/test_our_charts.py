"""The charts that we install, rendered with our values, through the same rules as our stacks.

Needs Helm and the charts (see tests/charts/rendering.py); skipped, with the reason, without them.
"""

from pathlib import Path

import pytest

from components.metrics import names
from components.metrics.blackbox_exporter import blackbox_exporter_values
from components.metrics.object_store import object_store_config
from components.metrics.prometheus_values import prometheus_values
from components.metrics.pushgateway import pushgateway_values
from components.metrics.thanos_values import thanos_values
from policies import exemptions, manifests
from policies.rules import RULES
from tests.charts.rendering import charts_or_skip, render

FILE = Path(manifests.__file__).parent / "manifest-exemptions.yaml"
CHARTS = ("kube-prometheus-stack", "thanos", "prometheus-blackbox-exporter", "prometheus-pushgateway")


@pytest.fixture(scope="module")
def sources() -> list[manifests.Source]:
    charts_or_skip(*CHARTS)
    store = object_store_config("obs-metrics-123456789012-eu-west-1", "eu-west-1")
    role = "arn:aws:iam::123456789012:role/obs-thanos-eu-west-1"
    common = {"cluster_name": "prod", "object_store_config": store, "role_arn": role}
    rendered = [
        *render("kube-prometheus-stack", names.PROMETHEUS, prometheus_values(common)),  # type: ignore[arg-type]
        *render("thanos", names.THANOS, thanos_values({**common, "receive_enabled": True})),  # type: ignore[typeddict-item]
        *render("prometheus-blackbox-exporter", names.BLACKBOX_EXPORTER, blackbox_exporter_values({})),
        *render("prometheus-pushgateway", names.PUSHGATEWAY, pushgateway_values({})),
    ]
    return [manifests.Source("rendered", number, body) for number, body in enumerate(rendered, 1)]


def test_they_pass_but_for_what_is_explained(sources: list[manifests.Source]) -> None:
    excused = exemptions.Exemptions(exemptions.load(FILE), RULES)
    found = manifests.judge(sources, exemptions=excused, namespace="observability")
    mandatory = [f"{each.rule.id} {each.label}: {each.finding.message}" for each in found if each.level == "mandatory"]
    assert not mandatory, "\n".join(mandatory)
    here = {each.body["metadata"]["name"] for each in sources}
    unused = [entry.label() for entry in excused.unused(()) if entry.name in here]
    assert not unused, unused

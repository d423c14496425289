"""docs/grafana.md and its example: what they say is so."""

import runpy
from pathlib import Path

import pytest

from components.grafana.alerts import grafana_alerts
from components.grafana.auth_args import GrafanaAuthArgs, GrafanaLdapArgs, GrafanaOidcArgs, GrafanaSamlArgs
from components.grafana.database import GrafanaDatabase, GrafanaDatabaseArgs
from components.grafana.datasources import datasources
from components.grafana.grafana import Grafana
from components.grafana.grafana_args import GrafanaArgs, GrafanaDatabaseConnectionArgs, GrafanaSignalsArgs
from components.grafana.ingress import GrafanaIngressArgs
from components.grafana.managed import ManagedGrafana, ManagedGrafanaArgs
from components.grafana.managed_args import ManagedGrafanaSamlArgs
from components.grafana.sizing import GrafanaSizingArgs
from tests.components.recorder import Runner
from tests.values.test_grafana_datasources import ALL

GROUPS = (
    GrafanaArgs,
    GrafanaSignalsArgs,
    GrafanaSizingArgs,
    GrafanaDatabaseConnectionArgs,
    GrafanaDatabaseArgs,
    GrafanaIngressArgs,
    GrafanaAuthArgs,
    GrafanaOidcArgs,
    GrafanaLdapArgs,
    GrafanaSamlArgs,
    ManagedGrafanaArgs,
    ManagedGrafanaSamlArgs,
)


def test_the_example_makes_grafana_and_its_database(
    run: Runner, repository: Path, installed_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(installed_library))
    path = str(repository / "examples" / "grafana_on_existing_cluster.py")
    registered = run(lambda: runpy.run_path(path) and None)
    (release,) = registered.of_type(":Release")
    assert release.inputs["name"] == "grafana"
    (instance,) = registered.of_type("rds/instance:Instance")
    assert registered.waits_for(release.name, instance.name)
    dashboards = [each for each in registered.of_type(":ConfigMap") if "grafana_dashboard" in str(each.inputs)]
    assert dashboards, "the wheel holds the dashboards"


def test_the_page_names_every_argument_output_alert_and_datasource(repository: Path) -> None:
    page = (repository / "docs" / "grafana.md").read_text()
    assert "../examples/grafana_on_existing_cluster.py" in page
    for group in GROUPS:
        for name in group.__annotations__:
            assert f"`{name}`" in page, f"{group.__name__}.{name}"
    for component in (Grafana, GrafanaDatabase, ManagedGrafana):
        for name in component.__annotations__:
            assert f"`{name}`" in page, f"{component.__name__}.{name}"
    for alerts in grafana_alerts("observability"):
        for rule in alerts["rules"]:
            assert f"`{rule['alert']}`" in page, rule["alert"]
    for each in datasources(ALL, verified=False):  # type: ignore[arg-type]
        assert f"`{each['uid']}`" in page, each["uid"]

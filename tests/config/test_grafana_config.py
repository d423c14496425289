"""Grafana's alerts, dashboards and links, judged by the programs that will be asked."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.grafana.alerts import grafana_alerts
from components.grafana.dashboard_files import dashboards
from components.grafana.datasources import span_queries


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if not found:
        pytest.skip("no promtool: see tools/")
    return found


def check(promtool: str, tmp_path: Path, groups: list[dict[str, Any]]) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": groups}))
    done = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_are_rules_that_prometheus_takes(promtool: str, tmp_path: Path) -> None:
    check(promtool, tmp_path, grafana_alerts("observability"))


def test_every_query_of_every_dashboard_and_link_is_promql(promtool: str, tmp_path: Path) -> None:
    asked = [
        target["expr"] for each in dashboards() for panel in each.model["panels"] for target in panel.get("targets", [])
    ]
    asked += [query.replace("$$__tags", 'service_name="shop"') for query in span_queries().values()]
    assert len(asked) > 10
    queries = [re.sub(r"\$__(rate_)?interval", "5m", query) for query in asked]
    rules = [{"record": f"asked:{index}", "expr": query} for index, query in enumerate(queries)]
    check(promtool, tmp_path, [{"name": "asked", "rules": rules}])


def test_alerts_fire_when_they_should(promtool: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": grafana_alerts("observability")}))
    who = 'job="grafana",namespace="observability"'
    asked = "grafana_datasource_request_total"
    series = [
        {"series": f'up{{{who},pod="a"}}', "values": "1x10 0x20"},
        {"series": f'{asked}{{{who},datasource="Loki",code="200"}}', "values": "0+100x30"},
        {"series": f'{asked}{{{who},datasource="Loki",code="502"}}', "values": "0+50x30"},
        {"series": f'{asked}{{{who},datasource="Thanos",code="200"}}', "values": "0+100x30"},
    ]
    alerts = [
        {"alertname": "GrafanaDown", "eval_time": "9m", "exp_alerts": []},
        {"alertname": "GrafanaDown", "eval_time": "20m", "exp_alerts": [{"exp_labels": {"severity": "critical"}}]},
        {
            "alertname": "GrafanaDatasourceFailing",
            "eval_time": "20m",
            "exp_alerts": [{"exp_labels": {"severity": "warning", "datasource": "Loki"}}],
        },
    ]
    rules = {rule["alert"]: rule for group in grafana_alerts("observability") for rule in group["rules"]}
    for alert in alerts:
        for expected in alert["exp_alerts"]:  # type: ignore[attr-defined]
            expected["exp_annotations"] = dict(rules[str(alert["alertname"])]["annotations"])
            filled = {"{{ $value | humanizePercentage }}": "33.33%", "{{ $labels.datasource }}": "Loki"}
            for template, text in filled.items():
                expected["exp_annotations"]["description"] = expected["exp_annotations"]["description"].replace(
                    template, text
                )
    test = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m",
            "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": alerts}]}  # fmt: skip
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test))
    done = subprocess.run([promtool, "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

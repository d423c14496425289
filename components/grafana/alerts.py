"""What to be told about Grafana itself; docs/grafana.md says what to do about each.

Metrics are those of Grafana 13.2. None of these alerts needs Grafana: Prometheus evaluates, Alertmanager tells.
"""

from typing import Any

from . import names


def grafana_alerts(namespace: str) -> list[dict[str, Any]]:
    """Groups of rules, as in the `spec` of a PrometheusRule."""
    who = f'job="{names.GRAFANA}",namespace="{namespace}"'
    requests = "grafana_http_request_duration_seconds_count"
    asked = "grafana_datasource_request_total"
    return [
        {
            "name": names.GRAFANA,
            "rules": [
                _rule(
                    "GrafanaDown",
                    f"(sum(up{{{who}}}) or vector(0)) == 0",
                    5,
                    "critical",
                    "No Grafana answers",
                    "Nobody sees dashboards; telemetry is collected and alerts are sent all the same.",
                ),
                _rule(
                    "GrafanaRequestsFailing",
                    f'sum(rate({requests}{{{who},status_code=~"5.."}}[5m]))'
                    f" / sum(rate({requests}{{{who}}}[5m])) > 0.05",
                    10,
                    "warning",
                    "Grafana answers with errors",
                    "{{ $value | humanizePercentage }} of requests fail: the database, or a backend that it asks.",
                ),
                _rule(
                    "GrafanaDatasourceFailing",
                    f'sum by (datasource) (rate({asked}{{{who},code=~"5..|0"}}[5m]))'
                    f" / sum by (datasource) (rate({asked}{{{who}}}[5m])) > 0.1",
                    10,
                    "warning",
                    "A datasource fails",
                    "{{ $value | humanizePercentage }} of the queries to {{ $labels.datasource }}.",
                ),
                _rule(
                    "GrafanaWithoutDashboards",
                    f"max(grafana_stat_totals_dashboard{{{who}}}) == 0",
                    30,
                    "warning",
                    "Grafana has no dashboards",
                    "The sidecar that brings them can't read ConfigMaps, or there are none.",
                ),
            ],
        }
    ]


def _rule(alert: str, expression: str, minutes: int, severity: str, summary: str, description: str) -> dict[str, Any]:
    return {
        "alert": alert,
        "expr": expression,
        "for": f"{minutes}m",
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }

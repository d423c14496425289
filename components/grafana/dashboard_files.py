"""Dashboards that this library brings, as ConfigMaps: one for each file of `dashboards/<folder>/`.

A dashboard is brought when every datasource that it names exists. The first page also says how far back each goes.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .. import defaults
from ..foundation.labels import labels
from ..storage import RetentionArgs, bucket_plans
from . import names

HERE = Path(__file__).parent / "dashboards"
MOST_BYTES = 1_000_000
"""Of one file: a ConfigMap holds 1 MiB in all."""
REACH = "@REACH@"
"""Stands in a text panel for the table of how far back each datasource goes."""


class Dashboard(NamedTuple):
    """One file."""

    folder: str
    """Folder in Grafana."""
    name: str
    model: dict[str, Any]

    @property
    def config_map(self) -> str:
        """Name of its ConfigMap."""
        return f"dashboard-{self.folder.lower()}-{self.name}"

    def uids(self) -> set[str]:
        """Datasources that it names; those that its readers choose, and Grafana's own, are not among them."""
        found = {str(each["datasource"].get("uid", "")) for each in _objects(self.model) if _refers(each)}
        return {uid for uid in found if uid and not uid.startswith(("$", "-- ", "grafana"))}


def dashboards() -> list[Dashboard]:
    """Every file, in a fixed order."""
    return [
        Dashboard(path.parent.name.capitalize(), path.stem, json.loads(path.read_text()))
        for path in sorted(HERE.glob("*/*.json"))
    ]


def dashboard_config_maps(
    made: Collection[Mapping[str, Any]], retention: RetentionArgs, namespace: str
) -> dict[str, dict[str, Any]]:
    """Manifests by name; `made` are the datasources that exist."""
    uids = {str(each["uid"]) for each in made}
    text = reach(uids, retention)
    return {
        each.config_map: {
            "metadata": {
                "name": each.config_map,
                "namespace": namespace,
                "labels": {**labels(names.GRAFANA, names.GRAFANA, "dashboard"), names.DASHBOARD_LABEL: "1"},
                "annotations": {names.FOLDER_ANNOTATION: each.folder},
            },
            "data": {f"{each.name}.json": _text(each.model, text)},
        }
        for each in dashboards()
        if each.uids() <= uids
    }


def reach(uids: Collection[str], retention: RetentionArgs) -> str:
    """How far back each datasource goes, as a table in Markdown."""
    days = {plan.signal: plan.retention_days for plan in bucket_plans(retention)}
    metrics = retention.get("metrics", {})
    raw = int(metrics.get("raw_days", defaults.METRICS_RAW_DAYS))
    fine = int(metrics.get("five_minute_days", defaults.METRICS_5M_DAYS))
    local = defaults.PROMETHEUS_LOCAL_HOURS + defaults.PROMETHEUS_UPLOAD_MARGIN_HOURS
    rows = {
        names.THANOS: f"{raw} days as scraped, {fine} days at 5 minutes, {days['metrics']} days at 1 hour",
        names.PROMETHEUS: f"about {local} hours, even while Thanos is down; everything older is in Thanos",
        names.LOKI: f"{days['logs']} days",
        names.TEMPO: f"{days['traces']} days",
        names.PYROSCOPE: f"{days['profiles']} days",
    }
    lines = ["| datasource | goes back |", "|---|---|"]
    return "\n".join([*lines, *(f"| {uid} | {text} |" for uid, text in rows.items() if uid in uids)])


def _text(model: Mapping[str, Any], reach_table: str) -> str:
    text = json.dumps(model, separators=(",", ":"), sort_keys=True)
    return text.replace(REACH, json.dumps(reach_table)[1:-1])


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _refers(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("datasource"), dict)

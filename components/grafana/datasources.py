"""Datasources and the ways from one to another, as a pure function of which backends there are.

A link to a backend that is off doesn't exist. Names and uids never change: Grafana finds a datasource of its
provisioning by name, and refuses to start when another name claims a uid that is taken.

Dollars are doubled where Grafana's provisioning would expand a variable that is the browser's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .. import defaults
from ..security.certificate import CA_FILE
from . import names
from .grafana_args import GrafanaSignalsArgs

TRACE_ID = "trace_id"
"""Key of a trace's id in the exemplars of span metrics (collector, Prometheus exporters) and in the structured
metadata of log lines (`logs/fluent_bit_script.py`)."""
TENANT_HEADER = "X-Scope-OrgID"
SPAN_METRICS_CALLS, SPAN_METRICS_LATENCY = "traces_spanmetrics_calls_total", "traces_spanmetrics_latency_bucket"
"""What `traces/gateway_config.py` calls them, as Prometheus spells it."""
CPU_PROFILE = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
"""Type of the profiles that Alloy's eBPF makes, and Go's own CPU profiles."""

SPAN_TO_LOG_LABELS = {"k8s.cluster.name": "cluster", "k8s.namespace.name": "namespace"}
"""Attributes of a span, and the labels of its pod's logs. The pod isn't a label there; the trace's id says more."""
SPAN_TO_METRIC_LABELS = {"service.name": "service_name", "k8s.namespace.name": "k8s_namespace_name"}
SPAN_TO_PROFILE_LABELS = {"service.name": "service_name"}
"""The one label that both the eBPF agent and SDKs in programs set."""

MARGIN = {"spanStartTimeShift": "-5m", "spanEndTimeShift": "5m"}
"""Logs and metrics of a span may bear a slightly other time than it."""

Datasource = dict[str, Any]


def datasources(signals: GrafanaSignalsArgs, verified: bool) -> list[Datasource]:
    """Every datasource in a fixed order; `verified`: HTTPS backends have certificates of the cluster's authority."""
    made = [
        *_prometheus(signals, verified),
        *_alertmanager(signals, verified),
        *_loki(signals, verified),
        *_tempo(signals, verified),
        *_pyroscope(signals, verified),
    ]
    if made and not any(each.get("isDefault") for each in made):
        made[0]["isDefault"] = True
    return made


def provisioning_file(made: Sequence[Datasource]) -> dict[str, Any]:
    """Grafana's file of datasources; what it made once and is no longer listed goes."""
    return {"apiVersion": 1, "prune": True, "datasources": list(made)}


def _prometheus(signals: GrafanaSignalsArgs, verified: bool) -> list[Datasource]:
    json_data: dict[str, Any] = {
        "httpMethod": "POST",
        "timeInterval": f"{defaults.SCRAPE_INTERVAL_SECONDS}s",
        **_exemplars(signals),
    }
    made = []
    if "thanos_url" in signals:
        # Coarser data where the screen shows no more; replicas are merged by Thanos' own default.
        wide = {**json_data, "prometheusType": "Thanos", "customQueryParameters": "max_source_resolution=auto"}
        thanos = _one("Thanos", names.THANOS, "prometheus", signals["thanos_url"], wide, verified)
        made.append({**thanos, "isDefault": True})
    if "prometheus_url" in signals:
        # Its rules and alerts are shown once, through Thanos.
        recent = {**json_data, "prometheusType": "Prometheus", "manageAlerts": "thanos_url" not in signals}
        made.append(
            _one("Prometheus (recent)", names.PROMETHEUS, "prometheus", signals["prometheus_url"], recent, verified)
        )
    return made


def _exemplars(signals: GrafanaSignalsArgs) -> dict[str, Any]:
    if "tempo_url" not in signals:
        return {}
    return {"exemplarTraceIdDestinations": [{"name": TRACE_ID, "datasourceUid": names.TEMPO}]}


def _alertmanager(signals: GrafanaSignalsArgs, verified: bool) -> list[Datasource]:
    """Shown, and silenced from here; Grafana's own rules don't go there, since it evaluates none."""
    if "alertmanager_url" not in signals:
        return []
    json_data = {"implementation": "prometheus", "handleGrafanaManagedAlerts": False}
    address = signals["alertmanager_url"]
    return [_one("Alertmanager", names.ALERTMANAGER, "alertmanager", address, json_data, verified)]


def _loki(signals: GrafanaSignalsArgs, verified: bool) -> list[Datasource]:
    if "loki_url" not in signals:
        return []
    made = []
    for uid, title, tenant in _tenants(names.LOKI, "Loki", signals.get("loki_tenants")):
        # Its rules come from ConfigMaps, and what fires is in Alertmanager.
        json_data: dict[str, Any] = {"maxLines": 1000, "manageAlerts": False}
        if "tempo_url" in signals:
            json_data["derivedFields"] = [
                {
                    "name": "Trace",
                    "matcherType": "label",
                    "matcherRegex": TRACE_ID,
                    "datasourceUid": _same_tenant(names.TEMPO, tenant, signals.get("tempo_tenants")),
                    "url": "$${__value.raw}",
                    "urlDisplayLabel": "Show the trace",
                }
            ]
        made.append(_one(title, uid, "loki", signals["loki_url"], json_data, verified, tenant))
    return made


def _tempo(signals: GrafanaSignalsArgs, verified: bool) -> list[Datasource]:
    if "tempo_url" not in signals:
        return []
    made = []
    for uid, title, tenant in _tenants(names.TEMPO, "Tempo", signals.get("tempo_tenants")):
        json_data: dict[str, Any] = {
            "nodeGraph": {"enabled": True},
            "search": {"hide": False},
            # A trace is found without a search through all blocks, when about its time is known.
            "traceQuery": {"timeShiftEnabled": True, "spanStartTimeShift": "-30m", "spanEndTimeShift": "30m"},
            **_from_spans(signals, tenant),
        }
        made.append(_one(title, uid, "tempo", signals["tempo_url"], json_data, verified, tenant))
    return made


def _from_spans(signals: GrafanaSignalsArgs, tenant: str) -> dict[str, Any]:
    """From a span to everything else about the same pod and time."""
    links: dict[str, Any] = {}
    if "loki_url" in signals:
        links["tracesToLogsV2"] = {
            "datasourceUid": _same_tenant(names.LOKI, tenant, signals.get("loki_tenants")),
            "tags": _tags(SPAN_TO_LOG_LABELS),
            "customQuery": True,
            # The id is structured metadata: exact, and cheaper than a search through the lines' text.
            "query": f'{{$${{__tags}}}} | {TRACE_ID}="$${{__span.traceId}}"',
            **MARGIN,
        }
    if "thanos_url" in signals and signals.get("span_metrics", True):
        links["serviceMap"] = {"datasourceUid": names.THANOS}
        links["tracesToMetrics"] = {
            "datasourceUid": names.THANOS,
            "tags": _tags(SPAN_TO_METRIC_LABELS),
            "queries": [{"name": name, "query": query} for name, query in span_queries().items()],
            "spanStartTimeShift": "-30m",
            "spanEndTimeShift": "30m",
        }
    if "pyroscope_url" in signals:
        links["tracesToProfiles"] = {
            "datasourceUid": _same_tenant(names.PYROSCOPE, tenant, signals.get("pyroscope_tenants")),
            "tags": _tags(SPAN_TO_PROFILE_LABELS),
            "profileTypeId": CPU_PROFILE,
            "customQuery": False,
        }
    return links


def span_queries() -> dict[str, str]:
    """What is asked about a span's service, by title."""
    same = "{$$__tags}"
    failed = '{$$__tags, status_code="STATUS_CODE_ERROR"}'
    return {
        "Requests per second": f"sum(rate({SPAN_METRICS_CALLS}{same}[5m]))",
        "Errors per second": f"sum(rate({SPAN_METRICS_CALLS}{failed}[5m]))",
        "95th percentile of duration": f"histogram_quantile(0.95, sum(rate({SPAN_METRICS_LATENCY}{same}[5m])) by (le))",
    }


def _pyroscope(signals: GrafanaSignalsArgs, verified: bool) -> list[Datasource]:
    if "pyroscope_url" not in signals:
        return []
    return [
        _one(title, uid, "grafana-pyroscope-datasource", signals["pyroscope_url"], {"minStep": "15s"}, verified, tenant)
        for uid, title, tenant in _tenants(names.PYROSCOPE, "Pyroscope", signals.get("pyroscope_tenants"))
    ]


def _tenants(uid: str, title: str, tenants: Sequence[str] | None) -> list[tuple[str, str, str]]:
    """Uid, name and tenant of each; the first keeps the plain uid, by which dashboards and links know it."""
    first, *others = tenants or [""]
    return [(uid, title, first), *((names.of_tenant(uid, each), f"{title} ({each})", each) for each in others)]


def _same_tenant(uid: str, tenant: str, tenants: Sequence[str] | None) -> str:
    """The uid where another backend keeps the same tenant's data; the first tenant's where it knows no such one."""
    if tenant in (tenants or [])[1:]:
        return names.of_tenant(uid, tenant)
    return uid


def _tags(labels: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": attribute, "value": label} for attribute, label in labels.items()]


def _one(
    title: str, uid: str, kind: str, url: str, json_data: Mapping[str, Any], verified: bool, tenant: str = ""
) -> Datasource:
    made: Datasource = {
        "name": title,
        "uid": uid,
        "type": kind,
        "access": "proxy",
        "url": url,
        "editable": False,
        "jsonData": dict(json_data),
    }
    secure: dict[str, str] = {}
    if verified and url.startswith("https://"):
        made["jsonData"]["tlsAuthWithCACert"] = True
        secure["tlsCACert"] = f"$__file{{{CA_FILE}}}"
    if tenant:
        made["jsonData"]["httpHeaderName1"] = TENANT_HEADER
        secure["httpHeaderValue1"] = tenant
    if secure:
        made["secureJsonData"] = secure
    return made

"""Grafana's datasources: every link leads somewhere, and asks for what the other rooms really write."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.grafana import names
from components.grafana.datasources import (
    CPU_PROFILE,
    SPAN_METRICS_CALLS,
    SPAN_METRICS_LATENCY,
    SPAN_TO_LOG_LABELS,
    SPAN_TO_METRIC_LABELS,
    SPAN_TO_PROFILE_LABELS,
    TRACE_ID,
    datasources,
    provisioning_file,
)
from components.logs.fluent_bit_script import script
from components.profiles.alloy_config import alloy_config
from components.traces.agent_config import KUBERNETES_ATTRIBUTES, agent_config
from components.traces.gateway_config import gateway_config
from components.traces.sampling import sampling

ALL: dict[str, Any] = {
    "thanos_url": "http://thanos-query-frontend.observability.svc.cluster.local:9090",
    "prometheus_url": "http://kps-prometheus.observability.svc.cluster.local:9090",
    "alertmanager_url": "http://kps-alertmanager.observability.svc.cluster.local:9093",
    "loki_url": "http://loki-gateway.observability.svc.cluster.local",
    "tempo_url": "http://tempo-query-frontend.observability.svc.cluster.local:3200",
    "pyroscope_url": "http://pyroscope-query-frontend.observability.svc.cluster.local:4040",
}
UIDS = {key: key.removesuffix("_url") for key in ALL}


def made(signals: Mapping[str, Any] = ALL, verified: bool = False) -> dict[str, dict[str, Any]]:
    return {each["uid"]: each for each in datasources(dict(signals), verified)}  # type: ignore[arg-type]


def links(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "datasourceUid" in value:
            yield value["datasourceUid"]
        for item in value.values():
            yield from links(item)
    elif isinstance(value, list):
        for item in value:
            yield from links(item)


def gateway() -> dict[str, Any]:
    config: Any = gateway_config(sampling({}), 3, 1, "/q", "observability", ["http://prometheus/api/v1/write"])
    return dict(config)


# --- what there is ---------------------------------------------------------------------------------


def test_every_backend_has_a_datasource_whose_uid_never_changes() -> None:
    """Dashboards and links of users name these uids: a change here breaks them all."""
    found = made()
    assert set(found) == {"thanos", "prometheus", "alertmanager", "loki", "tempo", "pyroscope"}
    assert {uid: each["url"] for uid, each in found.items()} == {UIDS[key]: url for key, url in ALL.items()}
    assert {uid: each["type"] for uid, each in found.items()} == {
        "thanos": "prometheus",
        "prometheus": "prometheus",
        "alertmanager": "alertmanager",
        "loki": "loki",
        "tempo": "tempo",
        "pyroscope": "grafana-pyroscope-datasource",
    }


def test_names_and_uids_are_unique_since_grafana_would_not_start_otherwise() -> None:
    tenants = {f"{backend}_tenants": ["obs", "games"] for backend in ("loki", "tempo", "pyroscope")}
    every = datasources({**ALL, **tenants}, verified=True)  # type: ignore[typeddict-item]
    assert len({each["name"] for each in every}) == len({each["uid"] for each in every}) == len(every) == 9
    assert all(len(each["uid"]) <= 40 for each in every)


def test_questions_without_a_datasource_go_to_all_metrics() -> None:
    assert [uid for uid, each in made().items() if each.get("isDefault")] == ["thanos"]
    assert made()["thanos"]["jsonData"]["prometheusType"] == "Thanos"
    without = {key: url for key, url in ALL.items() if key not in ("thanos_url", "prometheus_url")}
    assert sum(bool(each.get("isDefault")) for each in made(without).values()) == 1


def test_what_is_switched_off_later_leaves_grafana() -> None:
    assert provisioning_file([])["prune"] is True


def test_grafana_hands_no_alerts_of_its_own_to_alertmanager() -> None:
    assert made()["alertmanager"]["jsonData"] == {"implementation": "prometheus", "handleGrafanaManagedAlerts": False}


# --- links -----------------------------------------------------------------------------------------


def test_signals_lead_to_each_other_in_both_directions() -> None:
    found = made()
    ways = {(uid, target) for uid, each in found.items() for target in links(each["jsonData"])}
    assert ways == {
        ("thanos", "tempo"),
        ("prometheus", "tempo"),
        ("loki", "tempo"),
        ("tempo", "loki"),
        ("tempo", "thanos"),
        ("tempo", "pyroscope"),
    }


@pytest.mark.parametrize("off", ALL)
def test_no_link_leads_to_a_backend_that_is_off(off: str) -> None:
    found = made({key: url for key, url in ALL.items() if key != off})
    assert UIDS[off] not in found
    assert {target for each in found.values() for target in links(each["jsonData"])} <= set(found)


def test_without_metrics_of_spans_traces_lead_to_no_metrics() -> None:
    json_data = made({**ALL, "span_metrics": False})["tempo"]["jsonData"]
    assert not {"tracesToMetrics", "serviceMap"} & set(json_data)


def test_browser_variables_survive_the_provisioning_that_expands_dollars() -> None:
    text = json.dumps(datasources(ALL, verified=True))  # type: ignore[arg-type]
    assert re.findall(r"(?<!\$)\$(?!\$|__file\{)", text) == []
    assert "$${__value.raw}" in text
    assert "{{" not in text, "the chart would take it for a template"


# --- what links ask for is what the rooms write ----------------------------------------------------


def test_a_log_line_leads_to_its_trace_by_what_fluent_bit_writes() -> None:
    (field,) = made()["loki"]["jsonData"]["derivedFields"]
    assert (field["matcherType"], field["matcherRegex"], field["datasourceUid"]) == ("label", "trace_id", "tempo")
    lua = script([], [], "fake", {}, "")
    assert f"{field['matcherRegex']} = trace_of(" in lua, "the script writes it as structured metadata"


def test_a_span_leads_to_log_lines_by_labels_that_fluent_bit_sets() -> None:
    link = made()["tempo"]["jsonData"]["tracesToLogsV2"]
    assert link["query"] == '{$${__tags}} | trace_id="$${__span.traceId}"'
    assert {tag["key"]: tag["value"] for tag in link["tags"]} == SPAN_TO_LOG_LABELS
    pipeline = fluent_bit_output()
    sent = {label.split("=")[0].strip() for label in pipeline["labels"].split(",")}
    sent |= {key.strip().lstrip("$") for key in pipeline["label_keys"].split(",")}
    assert set(SPAN_TO_LOG_LABELS.values()) <= sent, "labels of streams; structured metadata can't select one"
    assert set(SPAN_TO_LOG_LABELS) <= span_attributes()


def test_a_span_leads_to_metrics_that_the_gateways_write() -> None:
    link = made()["tempo"]["jsonData"]["tracesToMetrics"]
    connector = gateway()["connectors"]["span_metrics"]
    prefix = connector["namespace"].replace(".", "_")
    assert f"{prefix}_calls_total" == SPAN_METRICS_CALLS
    renamed = " ".join(gateway()["processors"]["transform/names"]["metric_statements"])
    assert 'set(metric.name, "traces.spanmetrics.latency")' in renamed
    assert f"{prefix}_latency_bucket" == SPAN_METRICS_LATENCY
    dimensions = {"service.name", *(each["name"] for each in connector["dimensions"])}
    assert set(SPAN_TO_METRIC_LABELS) <= dimensions
    assert all(label == attribute.replace(".", "_") for attribute, label in SPAN_TO_METRIC_LABELS.items())
    assert {tag["key"] for tag in link["tags"]} == set(SPAN_TO_METRIC_LABELS)
    asked = {metric for query in link["queries"] for metric in re.findall(r"traces_\w+", query["query"])}
    assert asked == {SPAN_METRICS_CALLS, SPAN_METRICS_LATENCY}


def test_metrics_lead_to_traces_by_the_exemplars_that_the_gateways_attach() -> None:
    assert gateway()["connectors"]["span_metrics"]["exemplars"]["enabled"] is True
    for uid in ("thanos", "prometheus"):
        (destination,) = made()[uid]["jsonData"]["exemplarTraceIdDestinations"]
        assert destination == {"name": TRACE_ID, "datasourceUid": "tempo"}


def test_a_span_leads_to_profiles_that_the_agent_collects() -> None:
    link = made()["tempo"]["jsonData"]["tracesToProfiles"]
    assert link["profileTypeId"] == CPU_PROFILE == "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
    config: Any = {"write_url": "http://pyroscope", "cluster_name": "prod"}
    labels = set(re.findall(r'target_label\s+= "(\w+)"', alloy_config(config)))
    assert {tag["value"] for tag in link["tags"]} == set(SPAN_TO_PROFILE_LABELS.values()) <= labels


def fluent_bit_output() -> dict[str, Any]:
    from components.logs.fluent_bit_config import node_pipeline

    args: Any = {"cluster_name": "prod", "namespace": "observability"}
    outputs: list[dict[str, Any]] = node_pipeline(args)["pipeline"]["outputs"]
    return next(output for output in outputs if output["name"] == "loki")


def span_attributes() -> set[str]:
    config: Any = agent_config({"cluster_name": "prod"})
    added = {each["key"] for each in config["processors"]["resource/cluster"]["attributes"]}
    return {*KUBERNETES_ATTRIBUTES, *added}


# --- tenants, certificates -------------------------------------------------------------------------


def test_each_tenant_has_a_datasource_and_the_first_keeps_the_plain_uid() -> None:
    found = made({**ALL, "loki_tenants": ["obs", "games"], "tempo_tenants": ["obs", "games"]})
    assert {"loki", "loki-games", "tempo", "tempo-games"} <= set(found)
    header = {uid: found[uid]["secureJsonData"]["httpHeaderValue1"] for uid in ("loki", "loki-games", "tempo-games")}
    assert header == {"loki": "obs", "loki-games": "games", "tempo-games": "games"}
    assert found["loki"]["jsonData"]["httpHeaderName1"] == "X-Scope-OrgID"
    assert "httpHeaderName1" not in found["thanos"]["jsonData"]


def test_a_tenants_logs_lead_to_the_same_tenants_traces_and_back() -> None:
    found = made({**ALL, "loki_tenants": ["obs", "games"], "tempo_tenants": ["obs", "games"]})
    assert found["loki-games"]["jsonData"]["derivedFields"][0]["datasourceUid"] == "tempo-games"
    assert found["tempo-games"]["jsonData"]["tracesToLogsV2"]["datasourceUid"] == "loki-games"
    only = made({**ALL, "loki_tenants": ["obs", "games"]})
    assert only["loki-games"]["jsonData"]["derivedFields"][0]["datasourceUid"] == "tempo"


def test_backends_with_certificates_are_checked_against_the_clusters_authority() -> None:
    signals = {**ALL, "loki_url": "https://loki-gateway.observability.svc.cluster.local"}
    loki = made(signals, verified=True)["loki"]
    assert loki["jsonData"]["tlsAuthWithCACert"] is True
    assert loki["secureJsonData"]["tlsCACert"] == "$__file{/etc/tls/ca.crt}"
    assert "tlsAuthWithCACert" not in made(signals, verified=True)["thanos"]["jsonData"], "it speaks HTTP here"
    assert "tlsAuthWithCACert" not in made(signals, verified=False)["loki"]["jsonData"], "public authorities suffice"
    assert "tlsSkipVerify" not in json.dumps(list(made(signals, verified=True).values()))


def test_uids_are_those_that_other_modules_name() -> None:
    named = {names.THANOS, names.PROMETHEUS, names.ALERTMANAGER, names.LOKI, names.TEMPO, names.PYROSCOPE}
    assert set(made()) == named

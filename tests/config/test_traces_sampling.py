"""Sampling on running collectors: two agents, two gateways, and exactly the promised traces at the other end.

Needs the collector of `tools/collector` (see there), and no cluster.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from components.traces import names
from components.traces.agent_values import agent_config
from components.traces.collector_rules import collector_rules
from components.traces.gateway_config import gateway_config
from components.traces.sampling import TraceSamplingArgs, sampling
from tests.config.traces_harness import (
    Collector,
    Collectors,
    FakePrometheus,
    FakeTempo,
    Span,
    collector_or_skip,
    free_port,
    local_agent,
    local_gateway,
    prometheus,
    send,
    tempo,
    wait_until,
)

__all__ = ["prometheus", "tempo"]

CLIENT, SERVER = 3, 2
WAIT = 6
"""Seconds to judgement; the agents' own batches take one."""
TAIL: TraceSamplingArgs = {"decision_wait_seconds": WAIT, "critical_services": ["payments", "ledger"]}
HEAD: TraceSamplingArgs = {"mode": "head"}


@pytest.fixture
def collectors(tmp_path: Path) -> Iterator[Collectors]:
    made = Collectors(collector_or_skip(), tmp_path)
    yield made
    made.stop()


class Stage(NamedTuple):
    """Two agents in front of two gateways."""

    agents: list[Collector]
    gateways: list[Collector]


def stage(
    collectors: Collectors,
    given: TraceSamplingArgs,
    tempo: FakeTempo,
    prometheus: FakePrometheus,
    blind: bool = False,
) -> Stage:
    """The two layers; `blind` agents don't route but each send to a gateway of their own."""
    chosen = sampling(given)
    config = gateway_config(chosen, 2, 0.1, "/", "observability", [prometheus.url])
    gateways = [
        collectors.start(
            f"otel-gateway-{index}",
            local_gateway(config, collectors.folder / f"queue-{index}", f"127.0.0.1:{tempo.port}", prometheus.url),
        )
        for index in range(2)
    ]
    agent = agent_config({"cluster_name": "prod", "sampling": given})
    agents = [
        collectors.start(f"otel-agent-{index}", local_agent(agent, [gateways[index]] if blind else gateways))
        for index in range(2)
    ]
    return Stage(agents, gateways)


class Story(NamedTuple):
    """Traces by what they are, and their spans by the agent that sees them."""

    ids: dict[str, list[bytes]]
    spans: tuple[list[Span], list[Span]]

    @property
    def all_spans(self) -> list[Span]:
        return [*self.spans[0], *self.spans[1]]


KINDS = {"error": 60, "slow": 60, "critical": 60, "just fast enough": 60, "ordinary": 1500}


def story() -> Story:
    """Every trace is a call from one node to another: its client's span is one agent's, its server's the other's.

    What makes a trace special is seen by one agent only. A slow trace is slow only as a whole: each span takes
    1.2 s, and the second begins when the first has ended.
    """
    choice = random.Random(2026)
    ids: dict[str, list[bytes]] = {kind: [choice.randbytes(16) for _ in range(n)] for kind, n in KINDS.items()}
    spans: tuple[list[Span], list[Span]] = ([], [])
    for kind, traces in ids.items():
        for index, trace_id in enumerate(traces):
            first = index % 2
            client, server = choice.randbytes(8), choice.randbytes(8)
            seen: dict[str, Any] = {"name": "POST /order", "error": kind == "error"}
            if kind == "critical":
                seen["service"] = ("payments", "ledger")[index % 2]
            took = {"slow": 1200.5, "just fast enough": 1000}.get(kind, 10)
            spans[first].append(Span(trace_id, client, service="shop", kind=CLIENT, duration_ms=took))
            spans[1 - first].append(
                Span(
                    trace_id,
                    server,
                    client,
                    **{"service": "orders", **seen},
                    start_ms=took,
                    duration_ms=took,
                    kind=SERVER,
                )
            )
    return Story(ids, spans)


def tell(told: Story, agents: list[Collector]) -> None:
    """Send everything, in batches that cut across traces, to both agents in turn."""
    for start in range(0, len(told.spans[0]) + 200, 200):
        for agent, spans in zip(agents, told.spans, strict=True):
            if batch := spans[start : start + 200]:
                send(agent.otlp_port, batch)


def kept_by_lot(trace_id: bytes, percentage: float = 10) -> bool:
    """The sampler's own lot: 64-bit FNV-1a of a salt and the trace id, against a share of all numbers."""
    value = 0xCBF29CE484222325
    for byte in b"default-hash-seed" + trace_id:
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return value <= int((2**64 - 1) * percentage / 100)


def expected(told: Story) -> set[bytes]:
    always = {t for kind in ("error", "slow", "critical") for t in told.ids[kind]}
    return always | {t for kind in ("just fast enough", "ordinary") for t in told.ids[kind] if kept_by_lot(t)}


def test_tail_sampling_keeps_exactly_what_is_promised(
    collectors: Collectors, tempo: FakeTempo, prometheus: FakePrometheus
) -> None:
    told = story()
    both = stage(collectors, TAIL, tempo, prometheus)
    tell(told, both.agents)
    wait_until(lambda: len(tempo.spans) >= len(expected(told)), "the kept traces")
    tempo.quiet(WAIT)
    for kind in ("error", "slow", "critical"):
        assert set(told.ids[kind]) <= set(tempo.spans), f"all of {kind}"
    assert set(tempo.spans) == expected(told), "and of the rest the lot's choice"
    for kind in ("just fast enough", "ordinary"):
        share = len(set(told.ids[kind]) & set(tempo.spans)) / len(told.ids[kind])
        assert 0 < share < 0.25, f"{kind}: {share:.0%}"
    ordinary = len(set(told.ids["ordinary"]) & set(tempo.spans))
    # 1,500 tries of one in ten: 150, and four standard deviations of 11.6 to each side.
    assert 104 <= ordinary <= 196, ordinary
    assert {len(spans) for spans in tempo.spans.values()} == {2}, "a kept trace is kept whole"
    worked = ["otelcol_processor_tail_sampling_global_count_traces_sampled" in g.metrics() for g in both.gateways]
    assert worked == [True, True], "both gateways have judged"


def test_without_routing_by_trace_id_the_promise_is_broken(
    collectors: Collectors, tempo: FakeTempo, prometheus: FakePrometheus
) -> None:
    told = story()
    both = stage(collectors, TAIL, tempo, prometheus, blind=True)
    tell(told, both.agents)
    tempo.quiet(WAIT + 4)
    slow = set(told.ids["slow"])
    assert not slow <= set(tempo.spans), "no gateway saw a whole slow trace"
    torn = [t for t in told.ids["error"] if len(tempo.spans.get(t, set())) == 1]
    assert torn, "the half without the error is gone"


def test_span_metrics_count_what_sampling_drops_and_lead_to_traces(
    collectors: Collectors, tempo: FakeTempo, prometheus: FakePrometheus
) -> None:
    told = story()
    both = stage(collectors, TAIL, tempo, prometheus)
    tell(told, both.agents)
    calls = "traces_spanmetrics_calls_total"
    wait_until(lambda: prometheus.total(calls) == len(told.all_spans), "all calls to be counted")
    errors = prometheus.total(calls, service_name="orders", status_code="STATUS_CODE_ERROR")
    assert errors == KINDS["error"], "as many as there were, not nine times their share"
    instances = {dict(key)["instance"] for key in prometheus.named(calls)}
    assert instances == {"otel-gateway-0", "otel-gateway-1"}, "each gateway writes series of its own"
    assert {dict(key)["job"] for key in prometheus.named(calls)} == {names.GATEWAY}
    assert not any("collector_instance_id" in dict(key) for key in prometheus.series)
    latency = prometheus.named("traces_spanmetrics_latency_bucket", le="+Inf", service_name="orders")
    assert sum(series.value for series in latency.values()) == KINDS["error"] + KINDS["slow"] + 1560
    exemplars = [e for series in latency.values() for e in series.exemplars]
    exemplars += [e for s in prometheus.named("traces_spanmetrics_latency_bucket").values() for e in s.exemplars]
    known = {t.hex() for traces in told.ids.values() for t in traces}
    assert exemplars, "metrics lead to traces"
    assert {e["trace_id"] for e in exemplars} <= known
    graph = "traces_service_graph_request_total"
    wait_until(lambda: prometheus.total(graph, client="shop", server="orders") == 1680, "every call in the graph")
    failed = prometheus.total("traces_service_graph_request_failed_total", client="shop", server="orders")
    assert failed == KINDS["error"]
    assert prometheus.named("traces_service_graph_request_server_seconds_bucket")


def test_head_sampling_keeps_its_share_and_metrics_are_scaled_up_again(
    collectors: Collectors, tempo: FakeTempo, prometheus: FakePrometheus
) -> None:
    told = story()
    both = stage(collectors, HEAD, tempo, prometheus)
    tell(told, both.agents)
    count = sum(KINDS.values())
    wait_until(lambda: len(tempo.spans) > count * 0.05, "some traces")
    tempo.quiet(4)
    # The last 7 bytes of a trace id are its lot (W3C trace context): a tenth of them is kept.
    lots = {t: int.from_bytes(t[-7:], "big") / 2**56 for traces in told.ids.values() for t in traces}
    assert set(tempo.spans) == {t for t, lot in lots.items() if lot >= 0.9}
    assert {len(spans) for spans in tempo.spans.values()} == {2}, "both agents drew the same lots"
    assert {state.partition(";")[0] for state in tempo.trace_states} == {"ot=th:e666"}, "0.9 of 16^4, four digits"
    calls = "traces_spanmetrics_calls_total"
    kept = sum(len(spans) for spans in tempo.spans.values())
    wait_until(lambda: prometheus.total(calls) >= kept * 9, "calls to be scaled")
    assert prometheus.total(calls) == pytest.approx(kept * 10, rel=0.01)


def test_what_tempo_does_not_take_waits_on_disk_and_outlives_the_gateway(
    collectors: Collectors, prometheus: FakePrometheus
) -> None:
    port = free_port()
    config = gateway_config(sampling(TAIL), 1, 0.1, "/", "observability", [prometheus.url], tenant="shop")
    local = local_gateway(config, collectors.folder / "queue", f"127.0.0.1:{port}", prometheus.url)
    gateway = collectors.start("otel-gateway-0", local)
    spans = [Span(bytes([1, index] * 8), bytes([index] * 8), error=True) for index in range(1, 51)]
    send(gateway.otlp_port, spans)
    queued = "otelcol_exporter_queue_size{"
    wait_until(
        lambda: any(
            line.startswith(queued) and 'data_type="traces"' in line and float(line.split()[-1]) > 0
            for line in gateway.metrics().splitlines()
        ),
        "the judged traces in the queue",
    )
    gateway.stop()
    tempo = FakeTempo(port)
    try:
        assert tempo.spans == {}, "nothing has reached Tempo yet"
        collectors.start("otel-gateway-0", local)
        wait_until(lambda: len(tempo.spans) == len(spans), "what was queued before the restart")
        assert tempo.tenants == {"shop"}
    finally:
        tempo.stop()


def test_the_alerts_ask_for_metrics_that_collectors_have(
    collectors: Collectors, tempo: FakeTempo, prometheus: FakePrometheus
) -> None:
    told = story()
    both = stage(collectors, TAIL, tempo, prometheus)
    tell(told, both.agents)
    wait_until(lambda: len(tempo.spans) >= len(expected(told)), "the kept traces")
    # Spans that come after their trace was judged.
    for gateway in both.gateways:
        send(gateway.otlp_port, [Span(t, b"too late") for t in told.ids["ordinary"][:200]])
    early = "early_releases_from_cache_decision_total"
    wait_until(lambda: all(early in gateway.metrics() for gateway in both.gateways), "late spans")
    shown = "".join(c.metrics() for c in (*both.agents, *both.gateways))
    expressions = " ".join(rule["expr"] for group in collector_rules() for rule in group["rules"])
    missing = {m for m in re.findall(r"otelcol_\w+", expressions) if not re.search(rf"^{m}[{{ ]", shown, re.M)}
    # Counted from the first time on.
    assert missing <= {
        "otelcol_exporter_send_failed_spans_total",
        "otelcol_exporter_enqueue_failed_spans_total",
        "otelcol_exporter_send_failed_metric_points_total",
    }, missing

"""Which traces are kept, and how much room deciding takes: sampling as arithmetic.

Tail sampling holds every span in memory until its trace is judged, so its size follows from the spans a second.
Constants are the sampler's (OpenTelemetry Collector contrib v0.158.0, processor/tailsampling) or measured on it
(docs/traces.md).
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple, NotRequired, TypedDict

from .. import defaults
from ..validation import Fault
from . import names

TAIL, HEAD = "tail", "head"
MODES = (TAIL, HEAD)

SPAN_BYTES = 2560
"""Memory that a span of 8 attributes takes until it is judged, garbage included: measured 2,419 (docs/traces.md)."""
CACHED_DECISION_BYTES = 128
"""Memory of a remembered decision: an entry of an LRU map with a 16-byte key. An estimate, on the safe side."""
BURST = 2
"""Room for twice the expected traces: a full sampler throws out the oldest undecided trace."""
REMEMBERED_WAITS = 10
"""Decisions are remembered ten times as long as traces: the sampler's documentation asks for an order of magnitude."""


class TraceSamplingArgs(TypedDict):
    """Which traces are kept."""

    mode: NotRequired[str]
    """`tail`: gateways judge whole traces. `head`: agents keep a share of all traces, by trace id, whatever
    becomes of them. Default tail."""
    percentage: NotRequired[float]
    """Share of ordinary traces kept, in percent. More than 0, up to 100; default 10."""
    slow_threshold_ms: NotRequired[int]
    """Tail only: a trace that takes longer, from its first span's start to its last one's end, is kept. At least 1,
    and less than the decision wait; default 2000."""
    critical_services: NotRequired[list[str]]
    """Tail only: traces with a span of one of these services (`service.name`) are all kept. Default payments."""
    decision_wait_seconds: NotRequired[int]
    """Tail only: seconds from a trace's first span to its judgement. 5 to 300; default 30."""
    expected_spans_per_second: NotRequired[int]
    """Spans a second of the whole cluster before sampling, at its busiest. 100 to 10,000,000; default 10,000."""
    spans_per_trace: NotRequired[int]
    """Spans of an average trace. 1 to 10,000; default 10."""
    routing_key: NotRequired[str]
    """By what agents choose a span's gateway: `traceID`, or `service`, which makes fewer series of span metrics
    but can't be had with tail sampling. Default traceID."""


class Sampling(NamedTuple):
    """The choices made, with the defaults for the rest."""

    mode: str
    percentage: float
    slow_threshold_ms: int
    critical_services: tuple[str, ...]
    decision_wait_seconds: int
    spans_per_second: int
    spans_per_trace: int
    routing_key: str

    @property
    def tail(self) -> bool:
        """Whether gateways judge whole traces."""
        return self.mode == TAIL


def sampling(given: TraceSamplingArgs | None) -> Sampling:
    """The choices given, and the defaults for the rest."""
    given = given or {}
    return Sampling(
        given.get("mode", TAIL),
        float(given.get("percentage", defaults.TRACES_SAMPLING_PERCENTAGE)),
        int(given.get("slow_threshold_ms", defaults.TRACES_SLOW_THRESHOLD_MS)),
        tuple(given.get("critical_services", defaults.TRACES_CRITICAL_SERVICES)),
        int(given.get("decision_wait_seconds", defaults.TRACES_DECISION_WAIT_SECONDS)),
        int(given.get("expected_spans_per_second", defaults.TRACES_EXPECTED_SPANS_PER_SECOND)),
        int(given.get("spans_per_trace", defaults.TRACES_SPANS_PER_TRACE)),
        given.get("routing_key", names.TRACE_ID),
    )


class SamplerSize(NamedTuple):
    """Room that the sampler of one gateway needs."""

    new_traces_per_second: int
    num_traces: int
    """Traces in memory at a time."""
    kept_decisions: int
    dropped_decisions: int
    buffer_mib: int
    """Memory of undecided spans and of remembered decisions, with the room for bursts that `num_traces` allows."""


def sampler_size(chosen: Sampling, gateways: int) -> SamplerSize:
    """Room for one gateway's share while another one is gone: drained, restarted or lost with its zone."""
    share = max(gateways - 1, 1)
    new = ceil(chosen.spans_per_second / chosen.spans_per_trace / share)
    traces = new * chosen.decision_wait_seconds * BURST
    dropped = traces * REMEMBERED_WAITS
    # In an ordinary hour a tenth and the errors are kept; a third is an hour that isn't.
    kept = ceil(dropped / 3)
    spans = ceil(chosen.spans_per_second / share) * chosen.decision_wait_seconds * BURST
    return SamplerSize(new, traces, kept, dropped, _mib(spans * SPAN_BYTES + (kept + dropped) * CACHED_DECISION_BYTES))


def tail_sampling(chosen: Sampling, gateways: int) -> dict[str, Any]:
    """Configuration of the `tail_sampling` processor: a trace is kept if any policy says so."""
    size = sampler_size(chosen, gateways)
    policies: list[dict[str, Any]] = [
        {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
        {"name": "slow", "type": "latency", "latency": {"threshold_ms": chosen.slow_threshold_ms}},
        {"name": "rest", "type": "probabilistic", "probabilistic": {"sampling_percentage": chosen.percentage}},
    ]
    if chosen.critical_services:
        critical = {"key": "service.name", "values": list(chosen.critical_services)}
        policies.insert(2, {"name": "critical", "type": "string_attribute", "string_attribute": critical})
    return {
        "decision_wait": f"{chosen.decision_wait_seconds}s",
        "num_traces": size.num_traces,
        "expected_new_traces_per_sec": size.new_traces_per_second,
        "decision_cache": {"sampled_cache_size": size.kept_decisions, "non_sampled_cache_size": size.dropped_decisions},
        "policies": policies,
    }


def head_sampling(chosen: Sampling) -> dict[str, Any]:
    """Configuration of the agents' `probabilistic_sampler`.

    `proportional` writes the share into each span's trace state, from which the span metrics are scaled up again.
    """
    return {"mode": "proportional", "sampling_percentage": chosen.percentage}


def sampling_faults(given: TraceSamplingArgs | None, path: str = "sampling") -> list[Fault]:
    """Choices that can't work."""
    given = given or {}
    faults = _choice_faults(path, given) + _number_faults(path, given)
    if faults:
        return faults
    chosen = sampling(given)
    if not chosen.tail:
        return []
    if chosen.routing_key != names.TRACE_ID:
        bound = f"be {names.TRACE_ID} with tail sampling: a gateway that sees part of a trace misjudges it"
        faults.append(Fault(f"{path}.routing_key", chosen.routing_key, bound))
    if chosen.slow_threshold_ms >= chosen.decision_wait_seconds * 1000:
        bound = f"be less than decision_wait_seconds ({chosen.decision_wait_seconds} s): a trace is judged after that"
        faults.append(Fault(f"{path}.slow_threshold_ms", chosen.slow_threshold_ms, bound))
    return faults


def _choice_faults(path: str, given: TraceSamplingArgs) -> list[Fault]:
    unknown = [key for key in given if key not in TraceSamplingArgs.__annotations__]
    known = ", ".join(TraceSamplingArgs.__annotations__)
    faults = [Fault(f"{path}.{key}", given[key], f"be one of {known}") for key in unknown]  # type: ignore[literal-required]
    choices: Mapping[str, Sequence[str]] = {"mode": MODES, "routing_key": names.ROUTING_KEYS}
    for key, allowed in choices.items():
        if key in given and given[key] not in allowed:  # type: ignore[literal-required]
            faults.append(Fault(f"{path}.{key}", given[key], f"be {' or '.join(allowed)}"))  # type: ignore[literal-required]
    for index, service in enumerate(given.get("critical_services", [])):
        if not service.strip():
            faults.append(Fault(f"{path}.critical_services[{index}]", service, "be the name of a service"))
    return faults


_BOUNDS = {
    "slow_threshold_ms": (1, 300_000),
    "decision_wait_seconds": (5, 300),
    "expected_spans_per_second": (100, 10_000_000),
    "spans_per_trace": (1, 10_000),
}


def _number_faults(path: str, given: TraceSamplingArgs) -> list[Fault]:
    faults = []
    percentage = given.get("percentage", defaults.TRACES_SAMPLING_PERCENTAGE)
    if not 0 < percentage <= 100:
        faults.append(Fault(f"{path}.percentage", percentage, "be more than 0 and at most 100"))
    for key, (least, most) in _BOUNDS.items():
        value: Any = given.get(key, least)
        if isinstance(value, bool) or value != int(value) or not least <= value <= most:
            faults.append(Fault(f"{path}.{key}", value, f"be a whole number from {least} to {most}"))
    return faults


def _mib(count: int) -> int:
    return ceil(count / 2**20)

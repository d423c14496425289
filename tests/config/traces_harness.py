"""Collectors of our own configuration on this machine, what is sent to them, and what comes out at the other end.

The configuration is the generated one. Replaced is only what a cluster gives: addresses, the volume, the API server
behind `k8s_attributes` and the list of gateways; and times are shorter.
"""

import copy
import os
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache as cache_of
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
import yaml
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service_grpc
from opentelemetry.proto.trace.v1 import trace_pb2 as trace

from components.versions import OTEL_COLLECTOR_VERSION
from tools.gomodule import cache


def collector_or_skip() -> str:
    """The collector that `tools/collector` builds; skips the calling test, with the reason, without it."""
    built = cache() / f"collector-{OTEL_COLLECTOR_VERSION}" / "bin" / "collector"
    found = os.environ.get("COLLECTOR") or (str(built) if built.exists() else "")
    if not found:
        pytest.skip(f"no collector: build it (python tools/build.py collector, into {built}) or set COLLECTOR")
    missing = {"otlp_http", "routing"} - parts(found)
    assert not missing, f"{found} lacks {', '.join(sorted(missing))}: remove its folder, and build it anew"
    return found


@cache_of
def parts(program: str) -> frozenset[str]:
    """Names of everything that a collector is made of."""
    done = subprocess.run([program, "components"], capture_output=True, text=True, check=True)
    return frozenset(line.partition("name:")[2].strip() for line in done.stdout.splitlines() if "name:" in line)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Collector:
    """A running collector."""

    process: subprocess.Popen[bytes]
    otlp_port: int
    health_port: int
    metrics_port: int
    log: Path
    clusters_port: int = 0
    """Where other clusters' spans come in, at an agent that takes them."""

    def metrics(self) -> str:
        """Its own metrics, as Prometheus reads them."""
        # Whichever format Prometheus asks for first.
        accept = {"Accept": "application/openmetrics-text;version=1.0.0"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.metrics_port}/metrics", headers=accept)
        with urllib.request.urlopen(request, timeout=5) as answer:
            text: str = answer.read().decode()
        return text

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(by)
            self.process.wait(30)


class Collectors:
    """Starts collectors, and stops them all in the end."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.running: list[Collector] = []

    def start(self, name: str, config: Mapping[str, Any]) -> Collector:
        """Start one with this configuration, its ports replaced by free ones, and wait until it is healthy."""
        ports = {wanted: free_port() for wanted in (4317, 4318, 4319, 8888, 13133)}
        text = yaml.safe_dump(dict(config))
        for wanted, port in ports.items():
            text = text.replace(f"${{env:MY_POD_IP}}:{wanted}", f"127.0.0.1:{port}").replace(
                f"port: {wanted}\n", f"port: {port}\n"
            )
        file, log = self.folder / f"{name}.yaml", self.folder / f"{name}.log"
        file.write_text(text)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [self.program, "--config", str(file)], env=environment(name), stdout=output, stderr=output
            )
        made = Collector(process, ports[4317], ports[13133], ports[8888], log, ports[4319])
        self.running.append(made)
        wait_until(lambda: self._healthy(made), f"{name} to be healthy: {log}")
        return made

    def stop(self) -> None:
        """Stop all that still run."""
        for collector in self.running:
            collector.stop(signal.SIGKILL)

    def _healthy(self, made: Collector) -> bool:
        assert made.process.poll() is None, made.log.read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{made.health_port}/", timeout=1) as answer:
                healthy: bool = answer.status == 200
            return healthy
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def environment(pod: str) -> dict[str, str]:
    """What the chart sets for a pod."""
    given = {"MY_POD_IP": "127.0.0.1", "OTEL_K8S_NODE_NAME": "node", "OTEL_K8S_NODE_IP": "127.0.0.1"}
    return {**os.environ, **given, "OTEL_K8S_POD_NAME": pod, "GOMAXPROCS": "1"}


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait for something, or fail saying for what."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:g} s for {what}"
        time.sleep(0.2)


def local_gateway(config: Mapping[str, Any], folder: Path, tempo: str, prometheus: str) -> dict[str, Any]:
    """A gateway's configuration on this machine."""
    local: dict[str, Any] = copy.deepcopy(dict(config))
    folder.mkdir(exist_ok=True)
    local["extensions"]["file_storage"] |= {
        "directory": str(folder),
        "compaction": {"on_rebound": True, "directory": str(folder)},
    }
    for name in local["exporters"]:
        if name.startswith("otlp_grpc/tempo"):
            local["exporters"][name]["endpoint"] = tempo
        if name.startswith("prometheus_remote_write"):
            local["exporters"][name]["endpoint"] = prometheus
    for connector in ("span_metrics", "service_graph"):
        if connector in local["connectors"]:
            local["connectors"][connector]["metrics_flush_interval"] = "2s"
    return local


def local_agent(config: Mapping[str, Any], gateways: Sequence[Collector]) -> dict[str, Any]:
    """An agent's configuration on this machine: no API server to ask about pods and gateways."""
    local: dict[str, Any] = copy.deepcopy(dict(config))
    del local["processors"]["k8s_attributes"]
    for pipeline in local["service"]["pipelines"].values():
        pipeline["processors"] = [p for p in pipeline["processors"] if p != "k8s_attributes"]
    hostnames = [f"127.0.0.1:{gateway.otlp_port}" for gateway in gateways]
    for exporter in local["exporters"].values():
        exporter["resolver"] = {"static": {"hostnames": hostnames}}
    return local


EPOCH = time.time_ns() - 60 * 10**9
"""When the stories that the tests tell begin: the same for all agents."""


class Span(NamedTuple):
    """One span to send."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes = b""
    service: str = "shop"
    name: str = "GET /"
    start_ms: float = 0
    duration_ms: float = 10
    error: bool = False
    kind: int = trace.Span.SPAN_KIND_SERVER


def request_of(spans: Sequence[Span], said: Mapping[str, str] | None = None) -> Any:
    """Spans grouped by service as SDKs do, whose resources say this besides."""
    request = service.ExportTraceServiceRequest()
    for name in dict.fromkeys(span.service for span in spans):
        resource = request.resource_spans.add()
        for key, value in {"service.name": name, **(said or {})}.items():
            resource.resource.attributes.add(key=key).value.string_value = value
        scope = resource.scope_spans.add()
        for span in spans:
            if span.service != name:
                continue
            start = EPOCH + int(span.start_ms * 10**6)
            sent = scope.spans.add(
                trace_id=span.trace_id,
                span_id=span.span_id,
                parent_span_id=span.parent_id,
                name=span.name,
                kind=span.kind,
                start_time_unix_nano=start,
                end_time_unix_nano=start + int(span.duration_ms * 10**6),
            )
            if span.error:
                sent.status.code = trace.Status.STATUS_CODE_ERROR
    return request


def send(port: int, spans: Sequence[Span], said: Mapping[str, str] | None = None) -> None:
    """Send spans over OTLP/gRPC."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        service_grpc.TraceServiceStub(channel).Export(request_of(spans, said), timeout=20)


def send_over_http(port: int, spans: Sequence[Span], said: Mapping[str, str], headers: Mapping[str, str]) -> None:
    """Send spans over OTLP/HTTP."""
    body = request_of(spans, said).SerializeToString()
    address = f"http://127.0.0.1:{port}/v1/traces"
    request = urllib.request.Request(address, body, {"Content-Type": "application/x-protobuf", **headers})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


class FakeTempo(service_grpc.TraceServiceServicer):
    """Takes spans as Tempo's distributors do, and remembers them."""

    def __init__(self, port: int = 0, certificates: Path | None = None) -> None:
        """With a folder of certificates it speaks TLS, and asks for one by the same authority."""
        self.spans: dict[bytes, set[bytes]] = {}
        self.stored: dict[str, set[bytes]] = {}
        """Traces by tenant."""
        self.resources: dict[bytes, dict[str, str]] = {}
        self.trace_states: set[str] = set()
        self.tenants: set[str] = set()
        self.lock = threading.Lock()
        self.server = grpc.server(futures.ThreadPoolExecutor(4))
        service_grpc.add_TraceServiceServicer_to_server(self, self.server)
        if certificates:
            key, chain, ca = ((certificates / name).read_bytes() for name in ("tls.key", "tls.crt", "ca.crt"))
            credentials = grpc.ssl_server_credentials([(key, chain)], ca, require_client_auth=True)
            self.port = self.server.add_secure_port(f"127.0.0.1:{port}", credentials)
        else:
            self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.server.start()

    def Export(self, request: Any, context: Any) -> Any:
        with self.lock:
            whose = {value for key, value in context.invocation_metadata() if key == "x-scope-orgid"}
            self.tenants |= whose
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        self.spans.setdefault(span.trace_id, set()).add(span.span_id)
                        self.trace_states.add(span.trace_state)
                        self.resources[span.trace_id] = {
                            said.key: said.value.string_value for said in resource.resource.attributes
                        }
                        for tenant in whose:
                            self.stored.setdefault(tenant, set()).add(span.trace_id)
        return service.ExportTraceServiceResponse()

    def stop(self) -> None:
        self.server.stop(0).wait()

    def quiet(self, seconds: float) -> None:
        """Wait until nothing has come for so long."""
        last, since = -1, time.monotonic()
        while time.monotonic() - since < seconds:
            with self.lock:
                count = sum(len(spans) for spans in self.spans.values())
            if count != last:
                last, since = count, time.monotonic()
            time.sleep(0.2)


@dataclass
class Series:
    """What was written of one series last."""

    value: float = 0
    exemplars: list[dict[str, str]] = field(default_factory=list)


class FakePrometheus:
    """Takes remote writes, and remembers the last sample of every series."""

    def __init__(self) -> None:
        self.series: dict[tuple[tuple[str, str], ...], Series] = {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.take(snappy(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/v1/write"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request: bytes) -> None:
        """One write request of protocol version 1: its series' labels, samples and exemplars."""
        for number, series in fields(request):
            if number != 1:
                continue
            labels: dict[str, str] = {}
            for part, content in fields(series):
                if part == 1:
                    labels |= label(content)
            made = self.series.setdefault(tuple(sorted(labels.items())), Series())
            for part, content in fields(series):
                if part == 2:
                    # Protobuf leaves out a zero.
                    made.value = next((struct.unpack("<d", c)[0] for n, c in fields(content) if n == 1), 0.0)
                if part == 3:
                    found: dict[str, str] = {}
                    for n, c in fields(content):
                        if n == 1:
                            found |= label(c)
                    made.exemplars.append(found)

    def named(self, name: str, **labels: str) -> dict[tuple[tuple[str, str], ...], Series]:
        """Series of a metric."""
        wanted = {("__name__", name), *labels.items()}
        return {key: series for key, series in list(self.series.items()) if wanted <= set(key)}

    def total(self, name: str, **labels: str) -> float:
        """Sum over all series of a metric."""
        return sum(series.value for series in self.named(name, **labels).values())

    def stop(self) -> None:
        self.server.shutdown()


def label(message: bytes) -> dict[str, str]:
    """A label pair of the remote write protocol."""
    parts = {number: content.decode() for number, content in fields(message)}
    return {parts.get(1, ""): parts.get(2, "")}


def fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of every field of a protobuf message; whole numbers as their bytes."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(message, at)
            yield number, struct.pack("<Q", value & (2**64 - 1))
            continue
        if kind == 2:
            size, at = varint(message, at)
        else:
            size = {1: 8, 5: 4}[kind]
        yield number, message[at : at + size]
        at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length number and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def snappy(data: bytes) -> bytes:
    """Unpack Snappy's block format: literals, and copies of what is already there."""
    size, at = varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            length = (tag >> 2) + 1
            if length > 60:
                extra = length - 60
                length = int.from_bytes(data[at : at + extra], "little") + 1
                at += extra
            out += data[at : at + length]
            at += length
            continue
        if tag & 3 == 1:
            length, offset = ((tag >> 2) & 7) + 4, (tag >> 5) << 8 | data[at]
            at += 1
        else:
            width = 2 if tag & 3 == 2 else 4
            length, offset = (tag >> 2) + 1, int.from_bytes(data[at : at + width], "little")
            at += width
        for _ in range(length):
            out.append(out[-offset])
    assert len(out) == size
    return bytes(out)


@pytest.fixture
def tempo() -> Iterator[FakeTempo]:
    fake = FakeTempo()
    yield fake
    with suppress(Exception):
        fake.stop()


@pytest.fixture
def prometheus() -> Iterator[FakePrometheus]:
    fake = FakePrometheus()
    yield fake
    fake.stop()

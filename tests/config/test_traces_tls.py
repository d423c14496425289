"""TLS on running collectors: agent to gateway to Tempo, and a workload cluster's forwarder to the centre.

Certificates are those that cert-manager would make of our Certificates, by an authority of this test's own. Needs the
collector of `tools/collector`, and openssl.
"""

import copy
import gzip
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_service
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

from components.security.centre import CentreArgs
from components.security.certificate import FOLDER
from components.traces import names
from components.traces.agent_values import agent_config
from components.traces.forwarder_config import (
    AUTHORITY_FOLDER,
    CERTIFICATE_FOLDER,
    ForwarderQueues,
    forwarder_config,
)
from components.traces.gateway_config import gateway_config
from components.traces.sampling import sampling
from components.traces.tls import collector_certificate, tempo_certificate
from tests.config.logs_harness import Authority
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
    send_over_http,
    wait_until,
)

__all__ = ["prometheus"]

TRACE = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
POD = f"{names.GATEWAY}-0.{names.GATEWAY}.observability"
CENTRE: CentreArgs = {"host": "shop.obs.internal", "certificate_secret_name": "client", "ca_secret_name": "ca"}


@pytest.fixture
def collectors(tmp_path: Path) -> Iterator[Collectors]:
    made = Collectors(collector_or_skip(), tmp_path)
    yield made
    made.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def files(config: Mapping[str, Any], folders: Mapping[str, Path]) -> dict[str, Any]:
    """The configuration with certificates from folders of this machine, read anew every second."""

    def local(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: "1s" if key == "reload_interval" else local(item) for key, item in value.items()}
        if isinstance(value, list):
            return [local(item) for item in value]
        for mounted, folder in folders.items():
            if isinstance(value, str) and value.startswith(f"{mounted}/"):
                return str(folder / value.rpartition("/")[2])
        return value

    made: dict[str, Any] = local(copy.deepcopy(dict(config)))
    return made


def tempo_with_tls(authority: Authority, folder: Path) -> FakeTempo:
    """Distributors that ask for a certificate, under the names that theirs has."""
    given = authority.sign(folder, ["localhost", *tempo_certificate("observability", "ca")["dns_names"]])
    return FakeTempo(certificates=given)


def gateway(collectors: Collectors, own: Path, tempo: FakeTempo, prometheus: FakePrometheus, folder: Path) -> Collector:
    config = gateway_config(sampling({"decision_wait_seconds": 5}), 1, 0.1, "/", "observability", [], encrypted=True)
    local = local_gateway(config, folder / "queue", f"localhost:{tempo.port}", prometheus.url)
    return collectors.start("otel-gateway-0", files(local, {FOLDER: own}))


def agent(collectors: Collectors, gateway: Collector, own: Path, name: str = "agent") -> Collector:
    config = agent_config({"cluster_name": "prod", "metrics_enabled": False, "certificate_issuer": "ca"})
    local = local_agent(config, [gateway])
    # The name by which agents call it: on this machine nobody resolves it.
    local["exporters"]["load_balancing/traces"]["protocol"]["otlp"]["tls"]["server_name_override"] = POD
    return collectors.start(name, files(local, {FOLDER: own}))


def test_a_span_passes_from_agent_to_gateway_to_tempo_and_after_every_certificate_was_renewed(
    collectors: Collectors, authority: Authority, prometheus: FakePrometheus, tmp_path: Path
) -> None:
    wanted = collector_certificate(names.GATEWAY, "observability", "ca")["dns_names"]
    gateways, agents = tmp_path / "gateway", tmp_path / "agent-tls"
    authority.sign(gateways, wanted)
    authority.sign(agents, collector_certificate(names.AGENT, "observability-agents", "ca")["dns_names"])
    tempo = tempo_with_tls(authority, tmp_path / "tempo")
    try:
        running = gateway(collectors, gateways, tempo, prometheus, tmp_path)
        first = agent(collectors, running, agents)
        send(first.otlp_port, [Span(TRACE, b"12345678", error=True)])
        wait_until(lambda: TRACE in tempo.spans, "the span in Tempo")
        before = served(running.otlp_port, authority, agents)
        authority.sign(gateways, wanted)
        wait_until(lambda: served(running.otlp_port, authority, agents) != before, "the gateway's new certificate")
        authority.sign(agents, collector_certificate(names.AGENT, "observability-agents", "ca")["dns_names"])
        renewed = agent(collectors, running, agents, "agent-2")
        send(renewed.otlp_port, [Span(TRACE[::-1], b"12345678", error=True)])
        wait_until(lambda: TRACE[::-1] in tempo.spans, "a span after the renewal")
        assert counted(running, "otelcol_receiver_accepted_spans_total") == 2
    finally:
        tempo.stop()


def served(port: int, authority: Authority, own: Path) -> str:
    """The certificate that a server shows now."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(authority.certificate)]
    command += ["-cert", str(own / "tls.crt"), "-key", str(own / "tls.key"), "-alpn", "h2"]
    done = subprocess.run(command, input="", capture_output=True, text=True, check=False, timeout=20)
    assert "BEGIN CERTIFICATE" in done.stdout, done.stderr
    return done.stdout.partition("BEGIN CERTIFICATE")[2].partition("END CERTIFICATE")[0]


def test_the_gateway_takes_nothing_from_strangers_nor_in_plain_text(
    collectors: Collectors, authority: Authority, prometheus: FakePrometheus, tmp_path: Path
) -> None:
    own = authority.sign(tmp_path / "gateway", collector_certificate(names.GATEWAY, "observability", "ca")["dns_names"])
    stranger = Authority(tmp_path / "elsewhere").sign(tmp_path / "stranger", ["otel-agent"])
    # It trusts the gateway, but the gateway has never heard of who signed its certificate.
    (stranger / "ca.crt").write_bytes(authority.certificate.read_bytes())
    tempo = tempo_with_tls(authority, tmp_path / "tempo")
    try:
        running = gateway(collectors, own, tempo, prometheus, tmp_path)
        refused = agent(collectors, running, stranger)
        send(refused.otlp_port, [Span(TRACE, b"12345678", error=True)])
        plain = agent_config({"cluster_name": "prod", "metrics_enabled": False})
        silent = collectors.start("plain", local_agent(plain, [running]))
        send(silent.otlp_port, [Span(TRACE, b"23456789", error=True)])
        for sender in (refused, silent):
            wait_until(lambda s=sender: "failed" in s.log.read_text().lower(), "a failed attempt")  # type: ignore[misc]
        assert counted(running, "otelcol_receiver_accepted_spans_total") == 0, "nothing came in"
        assert tempo.spans == {}
    finally:
        tempo.stop()


def test_tempo_s_own_certificate_lets_gateways_in_and_nobody_without_one(authority: Authority, tmp_path: Path) -> None:
    """The stand-in for Tempo does ask, or the test above would prove little."""
    tempo = tempo_with_tls(authority, tmp_path / "tempo")
    try:
        with pytest.raises(grpc.RpcError):
            send(tempo.port, [Span(TRACE, b"12345678")])
        assert tempo.spans == {}
    finally:
        tempo.stop()


# --- other clusters --------------------------------------------------------------------------------


class Centre:
    """The entrance, as a workload cluster sees it: HTTPS that asks for a certificate, and OTLP."""

    def __init__(self, certificates: Path, port: int) -> None:
        self.spans: dict[bytes, set[str]] = {}
        self.points: dict[str, dict[str, str]] = {}
        self.requests: list[tuple[str, str]] = []
        centre = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                centre.take(self.path, self.headers, body)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificates / "tls.crt", certificates / "tls.key")
        context.load_verify_locations(certificates / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path: str, headers: Any, body: bytes) -> None:
        self.requests.append((path, headers["X-Scope-OrgID"]))
        if headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        if path == "/v1/traces":
            for resource in service.ExportTraceServiceRequest.FromString(body).resource_spans:
                said = {f"{a.key}={a.value.string_value}" for a in resource.resource.attributes}
                for span in (span for scope in resource.scope_spans for span in scope.spans):
                    self.spans.setdefault(span.trace_id, set()).update(said)

        if path == "/v1/metrics":
            for measured in metrics_service.ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for metric in (metric for scope in measured.scope_metrics for metric in scope.metrics):
                    (point,) = metric.sum.data_points
                    self.points[metric.name] = {a.key: a.value.string_value for a in point.attributes}

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def forwarder(collectors: Collectors, port: int, own: Path, client: Path, folder: Path) -> Collector:
    """A forwarder whose centre is on this machine."""
    config = forwarder_config("shop", CENTRE, ForwarderQueues(0.1, 0.1), "/", metrics=True, encrypted=True)
    folders = {FOLDER: own, CERTIFICATE_FOLDER: client, AUTHORITY_FOLDER: client}
    local = files(config, folders)
    folder.mkdir(exist_ok=True)
    local["extensions"]["file_storage"] = {"directory": str(folder)}
    for name, key in (("spans", "traces_endpoint"), ("metrics", "metrics_endpoint")):
        exporter = local["exporters"][f"otlp_http/{name}"]
        exporter[key] = exporter[key].replace(CENTRE["host"], f"localhost:{port}")
        # The name that the entrance's certificate has for this cluster.
        exporter["tls"]["server_name_override"] = CENTRE["host"]
    return collectors.start("otel-forwarder-0", local)


def test_spans_wait_on_disk_for_an_absent_centre_over_a_restart_and_arrive_over_mutual_tls(
    collectors: Collectors, authority: Authority, tmp_path: Path
) -> None:
    own = authority.sign(
        tmp_path / "forwarder", collector_certificate(names.FORWARDER, "observability-agents", "ca")["dns_names"]
    )
    client = authority.sign(tmp_path / "client", ["shop"])
    entrance = authority.sign(tmp_path / "entrance", [CENTRE["host"]])
    port = free_port()
    running = forwarder(collectors, port, own, client, tmp_path / "queue")
    config = agent_config(
        {
            "cluster_name": "shop",
            "certificate_issuer": "ca",
            "gateway_service": names.FORWARDER,
            "resource_attributes": {"deployment.environment.name": "test"},
        }
    )
    local = local_agent(config, [running])
    pod = f"{names.FORWARDER}-0.{names.FORWARDER}.observability-agents"
    for exporter in local["exporters"].values():
        exporter["protocol"]["otlp"]["tls"]["server_name_override"] = pod
    sender = collectors.start("agent", files(local, {FOLDER: own}))
    send(sender.otlp_port, [Span(TRACE, b"12345678")])
    send_metric(sender.otlp_port)
    waiting = ('data_type="traces"', 'data_type="metrics"')
    for kind in waiting:
        wait_until(
            lambda label=kind: counted(running, "otelcol_exporter_queue_size", label) > 0,  # type: ignore[misc]
            f"something in the forwarder's queue: {kind}",
        )
    running.stop()
    again = forwarder(collectors, port, own, client, tmp_path / "queue")
    time.sleep(2)
    centre = Centre(entrance, port)
    try:
        wait_until(lambda: TRACE in centre.spans, "the span at the centre")
        assert {"k8s.cluster.name=shop", "deployment.environment.name=test"} <= centre.spans[TRACE]
        wait_until(lambda: bool(centre.points), "the metric at the centre")
        assert centre.points == {"orders": {"k8s.cluster.name": "shop"}}, "a label by which clusters are told apart"
        assert set(centre.requests) == {("/v1/traces", "shop"), ("/v1/metrics", "shop")}
        wait_until(lambda: queued(again) == 0, "an empty queue")
    finally:
        centre.stop()


def send_metric(port: int) -> None:
    """Send a counter as an application does."""
    request = metrics_service.ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="orders")
    metric.sum.is_monotonic, metric.sum.aggregation_temporality = True, 2
    metric.sum.data_points.add(as_int=7, time_unix_nano=time.time_ns())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        metrics_grpc.MetricsServiceStub(channel).Export(request, timeout=20)


def counted(collector: Collector, name: str, label: str = "") -> float:
    """Sum of a metric of the collector's own over all series with a label."""
    lines = [line for line in collector.metrics().splitlines() if line.startswith(f"{name}{{") and label in line]
    return sum(float(line.split()[-1]) for line in lines)


def queued(collector: Collector) -> float:
    """What is in the forwarder's queues."""
    return counted(collector, "otelcol_exporter_queue_size")


def test_each_cluster_s_traces_are_stored_in_its_tenant_and_no_application_can_choose_another(
    collectors: Collectors, prometheus: FakePrometheus, tmp_path: Path
) -> None:
    tempo = FakeTempo()
    config = gateway_config(
        sampling({"decision_wait_seconds": 5}),
        1,
        0.1,
        "/",
        "observability",
        [prometheus.url],
        "platform",
        tenants=["shop", "bank"],
        other_clusters=True,
    )
    local = local_gateway(config, tmp_path / "queue", f"127.0.0.1:{tempo.port}", prometheus.url)
    running = collectors.start("otel-gateway-0", local)
    sampled: Any = {"cluster_name": "centre", "other_clusters": True}
    sender = collectors.start("agent", local_agent(agent_config(sampled), [running]))
    try:
        ids = {name: bytes([number]) * 16 for number, name in enumerate(("platform", "shop", "bank", "unknown"), 1)}
        for name in ("shop", "bank", "unknown"):
            # Says that it is another one's, twice; only what the entrance says counts.
            said = {"k8s.cluster.name": f"{name}-eu", "k8s.pod.name": "cart-0", names.TENANT_ATTRIBUTE: "bank"}
            spans = [Span(ids[name], b"12345678", error=True)]
            send_over_http(sender.clusters_port, spans, said, {names.TENANT_HEADER: name})
        send(sender.otlp_port, [Span(ids["platform"], b"12345678", error=True)], {names.TENANT_ATTRIBUTE: "shop"})
        wait_until(lambda: len(tempo.spans) == 4, "all four traces")
        assert tempo.stored == {
            "platform": {ids["platform"], ids["unknown"]},
            "shop": {ids["shop"]},
            "bank": {ids["bank"]},
        }
        assert tempo.resources[ids["shop"]]["k8s.cluster.name"] == "shop-eu", "where it comes from stays"
        assert tempo.resources[ids["shop"]]["k8s.pod.name"] == "cart-0"
        assert tempo.resources[ids["platform"]]["k8s.cluster.name"] == "centre"
        wait_until(
            lambda: bool(prometheus.named("traces_spanmetrics_calls_total", k8s_cluster_name="shop-eu")),
            "metrics of spans that tell the clusters apart",
        )
    finally:
        tempo.stop()

"""Tempo in its parts, one process each as in the cluster, over TLS; and Tempo with the keys of another S3.

Runs where `TEMPO` names one of the 2.10 line (`tempo_harness.py`).
"""

import copy
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service_grpc

from components.security.certificate import FOLDER
from components.traces.tls import tempo_certificate
from tests.config.logs_harness import Authority
from tests.config.tempo_harness import Tempos, ask, local_tempo, ports, tempo_or_skip, tempo_text
from tests.config.traces_harness import Span, request_of, wait_until

TRACE = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
PARTS = ("ingester", "distributor", "query-frontend", "querier")


def in_folder(value: Any, folder: Path) -> Any:
    """Certificates from a folder of this machine."""
    if isinstance(value, dict):
        return {key: in_folder(item, folder) for key, item in value.items()}
    return value.replace(FOLDER, str(folder)) if isinstance(value, str) and value.startswith(f"{FOLDER}/") else value


def channel(port: int, authority: Authority, own: Path | None) -> grpc.Channel:
    """A caller of the distributor, with or without a certificate."""
    shown = ((own / "tls.key").read_bytes(), (own / "tls.crt").read_bytes()) if own else (None, None)
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes(), *shown)
    return grpc.secure_channel(f"localhost:{port}", credentials)


def test_a_trace_goes_through_all_parts_of_tempo_over_tls_and_only_who_has_a_certificate_writes(
    tmp_path: Path,
) -> None:
    program, authority = tempo_or_skip(), Authority(tmp_path / "authority")
    own = authority.sign(tmp_path / "tls", ["localhost", *tempo_certificate("observability", "ca")["dns_names"]])
    text = tempo_text(
        {
            "bucket_name": "traces",
            "region": "eu-west-1",
            "role_arn": "arn:aws:iam::1:role/x",
            "certificate_issuer": "ca",
        }
    )
    http, rpc, gossip = (dict(zip(PARTS, ports(4), strict=True)) for _ in range(3))
    (otlp,) = ports(1)
    whole = in_folder(local_tempo(text, tmp_path, rpc["query-frontend"]), own)
    whole["ingester"]["lifecycler"]["ring"]["kvstore"]["store"] = "memberlist"
    whole["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] = f"127.0.0.1:{otlp}"
    trusted = ssl.create_default_context(cafile=str(authority.certificate))
    started = Tempos(program, tmp_path)
    try:
        for part in PARTS:
            config = copy.deepcopy(whole)
            config["server"] |= {"http_listen_port": http[part], "grpc_listen_port": rpc[part]}
            config["memberlist"] = {
                "bind_addr": ["127.0.0.1"],
                "advertise_addr": "127.0.0.1",
                "bind_port": gossip[part],
                "advertise_port": gossip[part],
                "join_members": [f"127.0.0.1:{gossip['ingester']}"],
            }
            started.start(part, config)
        for part in PARTS:
            started.wait(http[part], trusted)
        assert ask(http["querier"], "/ready") is None, "not in plain text"
        with channel(otlp, authority, None) as stranger, pytest.raises(grpc.RpcError):
            service_grpc.TraceServiceStub(stranger).Export(request_of([Span(TRACE, b"12345678")]), timeout=10)
        with channel(otlp, authority, own) as gateway:
            request = request_of([Span(TRACE, b"12345678", service="orders")])
            service_grpc.TraceServiceStub(gateway).Export(request, timeout=20)
        path = f"/api/traces/{TRACE.hex()}"
        wait_until(lambda: "orders" in (ask(http["query-frontend"], path, trusted) or ""), "the trace by its id", 60)
        with channel(rpc["ingester"], authority, None) as stranger, pytest.raises(grpc.FutureTimeoutError):
            grpc.channel_ready_future(stranger).result(timeout=5)
        with channel(rpc["ingester"], authority, own) as own_part:
            grpc.channel_ready_future(own_part).result(timeout=10)
        before = shown(http["querier"], trusted)
        authority.sign(own, ["localhost", *tempo_certificate("observability", "ca")["dns_names"]])
        assert shown(http["querier"], trusted) != before, "a new one without a restart"
    finally:
        started.stop()


def shown(port: int, trusted: ssl.SSLContext) -> bytes:
    """The certificate that is shown to who says whom it calls, as all but the node's probes do."""
    with (
        socket.create_connection(("localhost", port), timeout=10) as plain,
        trusted.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        return wrapped.getpeercert(binary_form=True) or b""


def test_another_s3_is_asked_by_path_with_the_keys_of_the_environment(tmp_path: Path) -> None:
    program = tempo_or_skip()
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization", "")))
            self.send_error(503)

        do_HEAD = do_PUT = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store = {
        "endpoint": f"localhost:{server.server_port}",
        "credentials_secret_name": "object-store-credentials",
        "insecure": True,
    }
    text = tempo_text({"bucket_name": "traces", "region": "us-east-1", "object_store": store})
    http, rpc = ports(2)
    config = local_tempo(text, tmp_path, rpc)
    config["storage"]["trace"]["backend"] = "s3"
    config["server"] |= {"http_listen_port": http, "grpc_listen_port": rpc}
    started = Tempos(program, tmp_path)
    try:
        started.start("compactor", config, {"AWS_ACCESS_KEY_ID": "SEAWEED", "AWS_SECRET_ACCESS_KEY": "unknown"})
        wait_until(lambda: bool(asked), "a request to the bucket", 30)
        path, authorization = asked[0]
        assert path.startswith("/traces"), "by path: the store has no host name for each bucket"
        assert "Credential=SEAWEED/" in authorization
        assert "/us-east-1/s3/" in authorization
    finally:
        started.stop()
        server.shutdown()

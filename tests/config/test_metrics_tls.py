"""The real Thanos with the flags that certificates and another S3 bring, and promtool with the rule about silence.

Needs `thanos` and `promtool` (`THANOS`, `PROMTOOL`, or on PATH) and `openssl`. Only 127.0.0.1 is called; names that
a cluster's DNS knows are replaced by it, and are still what certificates are checked for.
"""

import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.metrics.object_store import object_store_config
from components.metrics.prometheus_values import prometheus_values
from components.metrics.thanos_values import thanos_values
from components.metrics.tls import prometheus_certificates, thanos_certificate
from components.metrics.workload_alerts import WORKLOAD_CLUSTER_RULES
from tests.config.test_metrics_config import eventually, free_port, running, started

STORE: Any = {"endpoint": "127.0.0.1:1", "credentials_secret_name": "object-store-credentials", "insecure": True}
ARGS: Any = {
    "cluster_name": "prod",
    "object_store_config": object_store_config("blocks", "us-east-1", STORE),
    "object_store": STORE,
    "certificate_issuer": "observability-ca",
    "receive_enabled": True,
}
VALUES = thanos_values(ARGS)
RECEIVE = "thanos-receive.observability.svc.cluster.local"


def program(name: str) -> str:
    found = os.environ.get(name.upper()) or shutil.which(name)
    if not found:
        pytest.skip(f"no {name}: set {name.upper()} or put it on PATH")
    return found


@pytest.fixture(scope="module")
def thanos() -> str:
    return program("thanos")


def openssl(*arguments: str) -> None:
    subprocess.run([program("openssl"), *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority of our own, and what it has signed for each part: `<name>/{tls.crt,tls.key,ca.crt}`."""
    folder = tmp_path_factory.mktemp("authority")
    key, certificate = str(folder / "ca.key"), str(folder / "ca.crt")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *curve, "-subj", "/CN=ca", "-days", "1", "-keyout", key, "-out", certificate)
    wanted = [*prometheus_certificates("observability", "ca"), thanos_certificate("observability", "ca")]
    for one in wanted:
        own = folder / one["certificate_name"]
        own.mkdir()
        shutil.copy(certificate, own / "ca.crt")
        names = ",".join(f"DNS:{name}" for name in one["dns_names"])
        request = ["-subj", f"/CN={one['common_name']}", "-addext", f"subjectAltName={names}"]
        signed = ["-x509", "-CA", certificate, "-CAkey", key, "-days", "1"]
        usage = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth,clientAuth"]
        openssl("req", *curve, *request, *usage, *signed, "-keyout", str(own / "tls.key"), "-out", str(own / "tls.crt"))
    return folder


def flags(part: str, certificate: Path) -> list[str]:
    """Our own arguments of a part, with its certificate where it is here."""
    found = [argument for argument in VALUES[part]["extraArgs"] if argument != "--enable-auto-gomemlimit"]
    return [argument.replace("/etc/tls", str(certificate)) for argument in found]


def calls(flag: str, ports: dict[str, int]) -> str:
    """Query's endpoints: those that run here, at their ports, still checked by the names that they have."""
    config = json.loads(flag.split("=", 1)[1])
    here = [e for e in config["endpoints"] if e["client_config"]["server_name"].split(".")[0] in ports]
    for endpoint in here:
        port = ports[endpoint["client_config"]["server_name"].split(".")[0]]
        endpoint["address"] = f"dns+localhost:{port}" if endpoint.get("group") else f"127.0.0.1:{port}"
    return f"--endpoint.sd-config={json.dumps({'endpoints': here})}"


@contextmanager
def query(thanos: str, certificate: Path, ports: dict[str, int]) -> Iterator[str]:
    """The address of a Query that calls these."""
    http = free_port()
    own = [calls(f, ports) if f.startswith("--endpoint.sd-config=") else f for f in flags("query", certificate)]
    replicas = [f"--query.replica-label={label}" for label in VALUES["query"]["replicaLabels"]]
    addresses = [f"--http-address=127.0.0.1:{http}", "--grpc-address=127.0.0.1:0", "--store.sd-dns-resolver=golang"]
    with running([thanos, "query", *addresses, "--store.sd-dns-interval=1s", *replicas, *own]):
        yield f"http://127.0.0.1:{http}"


def store(thanos: str, certificate: Path, folder: Path, port: int) -> list[str]:
    bucket = folder / "bucket"
    bucket.mkdir(exist_ok=True)
    config = yaml.safe_dump({"type": "FILESYSTEM", "config": {"directory": str(bucket)}})
    own = [flag for flag in flags("storegateway", certificate) if not flag.startswith("--index-cache")]
    addresses = ["--http-address=127.0.0.1:0", f"--grpc-address=127.0.0.1:{port}"]
    return [thanos, "store", *addresses, f"--objstore.config={config}", f"--data-dir={folder}/data", *own]


def test_query_and_store_gateway_know_each_other_by_certificate(thanos: str, authority: Path, tmp_path: Path) -> None:
    port, mine = free_port(), authority / "thanos-tls"
    with running(store(thanos, mine, tmp_path, port)):
        with query(thanos, mine, {"thanos-store-group": port}) as address:
            (found,) = eventually(f"{address}/api/v1/stores", "store")
            assert found["lastError"] is None
        # Kubernetes' own clients would be refused likewise: the handshake ends for want of a certificate.
        with pytest.raises((ssl.SSLError, ConnectionError)):
            handshake(port, trusting(authority))
        handshake(port, trusting(authority, mine))


def test_query_refuses_who_has_another_s_certificate(thanos: str, authority: Path, tmp_path: Path) -> None:
    """A store gateway that shows Alertmanager's certificate is no store gateway, though the authority is the same."""
    port = free_port()
    with (
        running(store(thanos, authority / "alertmanager-tls", tmp_path, port)),
        query(thanos, authority / "thanos-tls", {"thanos-store-group": port}) as address,
        pytest.raises(AssertionError, match="has no store"),
    ):
        eventually(f"{address}/api/v1/stores", "store")


def trusting(authority: Path, certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority / "ca.crt"))
    if certificate:
        context.load_cert_chain(certificate / "tls.crt", certificate / "tls.key")
    return context


def handshake(port: int, context: ssl.SSLContext) -> None:
    """TLS with a gRPC server; with TLS 1.3 a refusal is read after the handshake."""
    host = "thanos-store-group.observability.svc.cluster.local"
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        secured.settimeout(5)
        secured.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        assert secured.recv(9), "settings of HTTP/2"


class Receiver:
    """Its ports."""

    def __init__(self) -> None:
        self.http, self.grpc, self.write = free_port(), free_port(), free_port()


@contextmanager
def receivers(thanos: str, certificate: Path, folder: Path) -> Iterator[list[Receiver]]:
    """Three receivers that keep three copies of each sample."""
    ring = [Receiver() for _ in range(3)]
    hashrings = json.dumps([{"endpoints": [f"127.0.0.1:{one.grpc}" for one in ring]}])
    with ExitStack() as stack:
        for index, one in enumerate(ring):
            command = [
                *(thanos, "receive", f"--http-address=127.0.0.1:{one.http}", f"--grpc-address=127.0.0.1:{one.grpc}"),
                *(f"--remote-write.address=127.0.0.1:{one.write}", f"--tsdb.path={folder}/{index}"),
                *(f'--label=receive_replica="{index}"', f"--receive.hashrings={hashrings}"),
                *("--receive.hashrings-algorithm=ketama", f"--receive.local-endpoint=127.0.0.1:{one.grpc}"),
                # Which three on one machine can't share.
                *(re.sub(r"^(--receive.capnproto-address=.*:).*", r"\g<1>0", f) for f in flags("receive", certificate)),
            ]
            stack.enter_context(running(command))
        for one in ring:
            ready(f"http://127.0.0.1:{one.http}/-/ready")
        yield ring


def ready(url: str) -> None:
    for _ in range(100):
        with suppress(OSError), urllib.request.urlopen(url):
            return
        time.sleep(0.1)
    raise AssertionError(f"{url} never answers")


def field(number: int, content: bytes) -> bytes:
    """A field of a protobuf message."""
    assert len(content) < 126, "then one byte tells the length, also of what it is in"
    return bytes([number << 3 | 2, len(content)]) + content


def write_request(labels: dict[str, str], value: float) -> bytes:
    """One sample, now, as remote write wants it: protobuf in a single literal of Snappy."""
    millis, stamp = int(time.time() * 1000), b""
    while millis:
        millis, low = millis >> 7, millis & 127
        stamp += bytes([low | (128 if millis else 0)])
    sample = field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + stamp)
    named = (field(1, field(1, key.encode()) + field(2, text.encode())) for key, text in sorted(labels.items()))
    message = field(1, b"".join(named) + sample)
    return bytes([len(message), 0xF0, len(message) - 1]) + message


def push(port: int, context: ssl.SSLContext, body: bytes, host: str = RECEIVE) -> int:
    """The status of a remote write to the receiver that certifies as `host`."""
    connection = HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    connection.connect = lambda: _connect(connection, host)  # type: ignore[method-assign]
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf", "THANOS-TENANT": "shop"}
    connection.request("POST", "/api/v1/receive", body, headers)
    return connection.getresponse().status


def _connect(connection: Any, host: str) -> None:
    plain = socket.create_connection((connection.host, connection.port), timeout=10)
    connection.sock = connection._context.wrap_socket(plain, server_hostname=host)


def test_samples_of_an_agent_pair_arrive_over_tls_and_are_merged(thanos: str, authority: Path, tmp_path: Path) -> None:
    told = subprocess.run([thanos, "--version"], capture_output=True, text=True, check=True)
    if "slicelabels" not in told.stdout + told.stderr:
        pytest.skip("thanos was built without the tag slicelabels: such a receiver takes no sample")
    mine, context = authority / "thanos-tls", trusting(authority)
    with receivers(thanos, mine, tmp_path) as ring:
        for replica in ("a", "b"):
            body = write_request({"__name__": "m", "cluster": "shop", "prometheus_replica": replica}, 7)
            accepted(ring[0].write, context, body)
        with query(thanos, mine, {"thanos-receive-headless": ring[1].grpc}) as address:
            (series,) = eventually(f"{address}/api/v1/query?{urllib.parse.urlencode({'query': 'm'})}", "result")
    assert series["metric"] == {"__name__": "m", "cluster": "shop", "tenant_id": "shop"}
    assert series["value"][1] == "7"


def accepted(port: int, context: ssl.SSLContext, body: bytes) -> None:
    """Receivers first find each other; until then they answer 503."""
    status = 0
    for _ in range(50):
        with suppress(OSError, HTTPException):
            status = push(port, context, body)
        if status == 200:
            return
        time.sleep(0.2)
    raise AssertionError(f"remote write is answered with {status}")


def test_remote_write_is_not_taken_in_the_clear(thanos: str, authority: Path, tmp_path: Path) -> None:
    with receivers(thanos, authority / "thanos-tls", tmp_path) as ring:
        request = urllib.request.Request(f"http://127.0.0.1:{ring[0].write}/api/v1/receive", data=b"x")
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(request, timeout=5)
        with pytest.raises(ssl.SSLCertVerificationError):
            push(ring[0].write, trusting(authority), b"x", "somebody.else")


class Bucket(BaseHTTPRequestHandler):
    """An S3 that holds nothing, and remembers who asked for what."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization", "")))
        answer = b'<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_keys_come_from_the_environment_and_buckets_are_paths(
    thanos: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (Bucket,), {"asked": asked}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = object_store_config("blocks", "us-east-1", {**STORE, "endpoint": f"127.0.0.1:{server.server_port}"})
    environment = {e["name"] for e in VALUES["storegateway"]["extraEnv"]}
    for name in environment:
        monkeypatch.setenv(name, f"of-{name}")
    try:
        addresses = ["--http-address=127.0.0.1:0", "--grpc-address=127.0.0.1:0", f"--data-dir={tmp_path}"]
        started(thanos, "store", *addresses, f"--objstore.config={config}")
    finally:
        server.shutdown()
    path, authorization = asked[0]
    assert path.startswith("/blocks/?")
    assert "Credential=of-AWS_ACCESS_KEY_ID/" in authorization
    assert "/us-east-1/s3/" in authorization


@pytest.mark.parametrize("part", ["prometheus", "alertmanager"])
def test_promtool_accepts_the_web_configuration_that_the_operator_writes(
    part: str, authority: Path, tmp_path: Path
) -> None:
    """The operator writes files for the Secrets that the values name, and copies the rest."""
    spec = prometheus_values(ARGS)[part][f"{part}{'Spec'}"]["web"]["tlsConfig"]
    folder = authority / spec["keySecret"]["name"]
    config = {
        "cert_file": str(folder / spec["cert"]["secret"]["key"]),
        "key_file": str(folder / spec["keySecret"]["key"]),
        "min_version": spec["minVersion"],
    }
    file = tmp_path / "web.yaml"
    file.write_text(yaml.safe_dump({"tls_server_config": config}))
    done = subprocess.run([program("promtool"), "check", "web-config", str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_cluster_that_falls_silent_is_alerted_on_for_days_and_one_that_writes_is_not(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(WORKLOAD_CLUSTER_RULES)
    metric = "thanos_receive_write_samples_count"
    series = [
        {"series": f'{metric}{{code="200",tenant="shop",pod="r0"}}', "values": "0+60x120 7200x4000"},
        {"series": f'{metric}{{code="200",tenant="bank",pod="r0"}}', "values": "0+60x4200"},
    ]
    silent = {"exp_labels": {"severity": "critical", "tenant": "shop"}}
    expected = [("1h", []), ("2h15m", []), ("2h40m", [silent]), ("2d", [silent])]
    tests = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "alert_rule_test": [
                    {"eval_time": when, "alertname": "WorkloadClusterSilent", "exp_alerts": alerts}
                    for when, alerts in expected
                ],
            }
        ],
    }
    text = re.search(r"summary: (.*)", WORKLOAD_CLUSTER_RULES)
    assert text
    silent["exp_annotations"] = {
        "summary": text[1],
        "description": "Tenant shop has written to Thanos receive in the last 7 days, and nothing for 20 minutes. "
        "Its agents keep two hours; what is older is lost.",
    }
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests))
    command = [program("promtool"), "test", "rules", str(tmp_path / "tests.yaml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

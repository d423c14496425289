"""The real nginx runs the gateway's configuration, as the chart makes it of our values, before a stand-in for Loki.

Needs `nginx` (`NGINX`, or on PATH), `openssl`, Helm and the charts. Only places differ: folders and addresses.
"""

import http.client
import os
import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from components.logs import loki_tls, names, tls
from components.logs.loki_values import loki_values
from components.security.certificate import FOLDER
from tests.charts.rendering import charts_or_skip, named, render
from tests.config.logs_harness import Authority, client, free_port, shown

COMMON: Any = {
    "bucket_name": "obs-logs-123456789012-eu-west-1",
    "region": "eu-west-1",
    "role_arn": "arn:aws:iam::123456789012:role/obs-loki-eu-west-1",
    "certificate_issuer": "observability-ca",
}
HOST = names.gateway_host("observability")


class Running(NamedTuple):
    """A gateway that runs."""

    port: int
    status_port: int
    loki_port: int
    authority: Authority
    secret: Path
    loki_secret: Path


class _Loki(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["X-Scope-OrgID"].encode())

    def log_message(self, *_: Any) -> None:
        pass


def serve(port: int, secret: Path | None) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", port), _Loki)
    if secret:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(secret / "tls.crt", secret / "tls.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Running]:
    charts_or_skip("loki")
    program = os.environ.get("NGINX") or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not program:
        pytest.skip("no nginx: set NGINX or put it on PATH")
    authority = Authority(tmp_path / "authority")
    made = Running(
        *(free_port() for _ in range(3)),
        authority,
        authority.sign(tmp_path / "tls", tls.gateway_certificate("observability", "x")["dns_names"]),
        authority.sign(tmp_path / "loki", tls.loki_certificate("observability", "x")["dns_names"]),
    )
    text = named(render("loki", names.LOKI, loki_values(COMMON)), "ConfigMap", "loki-gateway")["data"]["nginx.conf"]
    loki = r"https://[a-z-]+\.observability\.svc\.cluster\.local:3100"
    text = re.sub(loki, f"https://127.0.0.1:{made.loki_port}", text)
    text = re.sub(r"resolver .*;", "resolver 127.0.0.1;", text)
    for place, here in (
        (" /tmp/", f" {tmp_path}/"),
        (f"{FOLDER}/", f"{made.secret}/"),
        (f"listen             {names.GATEWAY_PORT} ", f"listen 127.0.0.1:{made.port} "),
        (f"listen 127.0.0.1:{loki_tls.STATUS_PORT};", f"listen 127.0.0.1:{made.status_port};"),
    ):
        assert place in text, place
        text = text.replace(place, here)
    file = tmp_path / "nginx.conf"
    # Root's workers would be somebody else, who may not read the key; in the pod nobody is root.
    file.write_text(f"user root;\n{text}" if os.geteuid() == 0 else text)
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen([program, "-c", file, "-g", "daemon off;", "-e", "stderr"], stdout=log, stderr=log)
    try:
        for _ in range(100):
            assert process.poll() is None, (tmp_path / "log").read_text()
            try:
                shown(made.port, client(authority), HOST)
                break
            except OSError:
                time.sleep(0.1)
        yield made
    finally:
        process.terminate()
        process.wait(20)


def ask(gateway: Running, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    try:
        connection.connect()
        connection.sock = client(gateway.authority).wrap_socket(connection.sock, server_hostname=HOST)
        connection.request("GET", path, headers={"X-Scope-OrgID": "fake"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_loki_is_asked_over_tls_and_only_if_it_proves_its_name(gateway: Running, tmp_path: Path) -> None:
    query = "/loki/api/v1/labels"
    server = serve(gateway.loki_port, gateway.loki_secret)
    assert ask(gateway, query) == (200, "fake")
    server.shutdown()
    server.server_close()
    others = gateway.authority.sign(tmp_path / "somebody-else", ["tempo.observability.svc.cluster.local"])
    stranger = Authority(tmp_path / "stranger").sign(tmp_path / "theirs", [tls.loki_identity("observability")])
    for impostor in (others, stranger, None):
        server = serve(gateway.loki_port, impostor)
        assert ask(gateway, query)[0] == 502, impostor
        server.shutdown()
        server.server_close()


def test_nothing_is_taken_in_plain(gateway: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    connection.request("GET", "/loki/api/v1/labels")
    assert connection.getresponse().status == 400
    connection.close()


def test_a_new_certificate_is_shown_without_a_reload(gateway: Running) -> None:
    before = shown(gateway.port, client(gateway.authority), HOST)
    gateway.authority.sign(gateway.secret, [HOST])
    assert shown(gateway.port, client(gateway.authority), HOST) != before


def test_the_exporter_beside_it_reads_its_status_and_nothing_else(gateway: Running) -> None:
    for path, status in (("/stub_status", 200), ("/loki/api/v1/labels", 404)):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.status_port, timeout=20)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == status, path
        assert status == 404 or b"Active connections" in answer.read()
        connection.close()

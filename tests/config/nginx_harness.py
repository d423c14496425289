"""A real Nginx at the entrance, with real certificates, a name server and a backend that shows what it was sent."""

import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from components.security.entrance_args import EntranceArgs
from components.security.entrance_config import CLIENTS_FOLDER, CONFIG_FOLDER, SCRIPT, entrance_files
from components.security.entrance_names import HEALTH_PORT, PORT

DOMAIN = "obs.internal"


def programs_or_skip(*programs: str) -> None:
    for program in programs or ("nginx", "openssl"):
        if not shutil.which(program):
            pytest.skip(f"no {program} on PATH")


class Signed(NamedTuple):
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


def _openssl(*arguments: object) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Authority:
    """A certificate authority of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.own = folder, Signed(folder / "ca.crt", folder / "ca.key")
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 2,
            "-subj", f"/CN={name}", "-keyout", self.own.key, "-out", self.own.certificate,
        )  # fmt: skip

    def sign(self, common_name: str, names: str = "DNS:nobody") -> Signed:
        made = Signed(self.folder / f"{common_name}.crt", self.folder / f"{common_name}.key")
        request, extensions = self.folder / "request.csr", self.folder / "extensions"
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n")
        _openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={common_name}", "-keyout", made.key, "-out", request,
        )  # fmt: skip
        _openssl(
            "x509", "-req", "-days", 2, "-in", request, "-CA", self.own.certificate, "-CAkey", self.own.key,
            "-CAcreateserial", "-extfile", extensions, "-out", made.certificate,
        )  # fmt: skip
        return made


class Backend(ThreadingHTTPServer):
    """Keeps what it was sent."""

    daemon_threads = True

    def __init__(self, server: Signed | None = None) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        if server:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(server.certificate, server.key)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that refuses the certificate is the test's business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Backend

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.server.requests.append((self.path, headers, body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:
        """Silence."""


class NameServer:
    """Answers every question with this machine's own address, and keeps the names."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                packet, who = self.socket.recvfrom(512)
            except OSError:
                return
            labels, at = [], 12
            while length := packet[at]:
                labels.append(packet[at + 1 : at + 1 + length].decode())
                at += length + 1
            self.asked.add(".".join(labels))
            question = packet[12 : at + 5]
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 5, 4) + socket.inet_aton("127.0.0.1")
            self.socket.sendto(packet[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + question + answer, who)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Entrance:
    """A running entrance, in a folder of its own."""

    def __init__(self, folder: Path, args: EntranceArgs, resolver: str) -> None:
        self.folder, self.port, self.health = folder, free_port(), free_port()
        self.config, self.tls, self.clients = (folder / name for name in ("config", "tls", "clients"))
        for each in (self.config, self.tls, self.clients, folder / "tmp"):
            each.mkdir()
        for name, text in entrance_files(args, resolver).items():
            (self.config / name).write_text(self._moved(text))

    def _moved(self, text: str) -> str:
        """The same text for this machine: other folders, other ports."""
        moved = {
            CONFIG_FOLDER: str(self.config),
            "/etc/tls": str(self.tls),
            CLIENTS_FOLDER: str(self.clients),
            "/tmp/": f"{self.folder}/tmp/",
            "/dev/stdout": f"{self.folder}/refusals",
            f"listen {PORT} ": f"listen 127.0.0.1:{self.port} ",
            f"listen {HEALTH_PORT};": f"listen 127.0.0.1:{self.health};",
        }
        return re.sub("|".join(map(re.escape, moved)), lambda found: moved[found[0]], text)

    def certify(self, server: Signed, authority: Authority) -> None:
        shutil.copy(server.certificate, self.tls / "tls.crt")
        shutil.copy(server.key, self.tls / "tls.key")
        shutil.copy(authority.own.certificate, self.tls / "ca.crt")

    def know(self, cluster: str, authority: str) -> None:
        (self.clients / cluster).mkdir(exist_ok=True)
        (self.clients / cluster / "ca.crt").write_text(authority)

    @contextmanager
    def running(self, reload_seconds: int = 3600) -> Iterator["Entrance"]:
        environment = {**os.environ, "RELOAD_SECONDS": str(reload_seconds)}
        with (self.folder / "log").open("w") as log:
            process = subprocess.Popen(
                ["/bin/sh", str(self.config / SCRIPT)], stderr=log, stdout=log, env=environment, start_new_session=True
            )
        try:
            self.wait(lambda: self._open(), "to listen")
            yield self
        finally:
            # The session is this test's own: Nginx and the loop beside it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _open(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.health)) == 0

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def wait(self, done: Any, what: str, seconds: float = 10) -> None:
        until = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < until, f"waited in vain {what}: {self.log()}"
            time.sleep(0.1)


class Answer(NamedTuple):
    status: int
    text: str


def call(
    port: int,
    name: str,
    path: str,
    *,
    trust: Authority,
    client: Signed | None = None,
    host: str = "",
    headers: dict[str, str] | None = None,
    body: bytes = b"payload",
    method: str = "POST",
    tls: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> Answer:
    """One request, with every part of it under control; raises what the handshake raises."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(trust.own.certificate)
    context.minimum_version = context.maximum_version = tls
    if client:
        context.load_cert_chain(client.certificate, client.key)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host or name}", "Connection: close"]
        said = dict(headers or {})
        length = {} if "Transfer-Encoding" in said else {"Content-Length": str(len(body))}
        lines += [f"{key}: {value}" for key, value in {**length, **said}.items()]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return Answer(int(received.split()[1]), received.decode(errors="replace"))

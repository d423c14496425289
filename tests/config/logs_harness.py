"""Certificates made by openssl, and servers and clients that check them, for the tests of the logs room."""

import shutil
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path
from socket import create_connection, socket

import pytest


def free_port() -> int:
    """A port that nobody listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def openssl(*arguments: str | Path) -> None:
    """Run openssl, or skip the calling test where there is none."""
    program = shutil.which("openssl")
    if not program:
        pytest.skip("no openssl")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Authority:
    """An authority that signs as cert-manager does: ECDSA, for server and client."""

    def __init__(self, home: Path, name: str = "ca") -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.certificate, self._key = home / f"{name}.crt", home / f"{name}.key"
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        files = ("-keyout", self._key, "-out", self.certificate)
        openssl("req", "-x509", *curve, *files, "-subj", f"/CN={name}", "-days", "30")

    def sign(self, folder: Path, names: Sequence[str]) -> Path:
        """Write `tls.crt`, `tls.key` and `ca.crt`, as a mounted Secret has them; again means a new key."""
        folder.mkdir(parents=True, exist_ok=True)
        request, extensions = folder / "request", folder / "extensions"
        alternatives = ",".join(f"DNS:{name}" for name in names)
        extensions.write_text(f"subjectAltName={alternatives}\nextendedKeyUsage=serverAuth,clientAuth\n")
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        key, certificate = folder / "next.key", folder / "next.crt"
        openssl("req", "-new", *curve, "-keyout", key, "-out", request, "-subj", "/CN=test")
        signing = ("-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial", "-days", "5")
        openssl("x509", "-req", "-in", request, *signing, "-extfile", extensions, "-out", certificate)
        key.replace(folder / "tls.key")
        certificate.replace(folder / "tls.crt")
        shutil.copy(self.certificate, folder / "ca.crt")
        return folder


def client(authority: Authority, certificate: Path | None = None) -> ssl.SSLContext:
    """A client that trusts one authority, and shows a certificate if it has one. Names are the caller's to check."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if certificate:
        context.load_cert_chain(certificate / "tls.crt", certificate / "tls.key")
    return context


def shown(port: int, context: ssl.SSLContext, name: str, http2: bool = False) -> bytes:
    """The certificate that a server shows to who asks for this name; `ssl.SSLError` if that isn't its own, or if it
    refuses the client's.
    """
    if http2:
        context.set_alpn_protocols(["h2"])
    with (
        create_connection(("127.0.0.1", port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=name) as connection,
    ):
        if http2:
            # The preface and empty settings: a server of TLS 1.3 refuses a client only after the handshake.
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
            if not connection.recv(9):
                raise ssl.SSLError("closed")
        certificate = connection.getpeercert(binary_form=True)
        assert certificate
        return certificate

"""The real Fluent Bit checks whom it sends to, shows who it is, and takes new certificates while it runs.

Needs `fluent-bit` (`FLUENT_BIT`, or on PATH) and `openssl`. Only places differ from the real thing.
"""

import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from components.security.centre import LOGS_PATH
from tests.config.logs_harness import Authority
from tests.config.test_logs_fluent_bit import Node, StandIn, fluent_bit, loki

__all__ = ["fluent_bit", "loki"]

CENTRE: Any = {"host": "shop.logs.example.com", "certificate_secret_name": "c", "ca_secret_name": "a"}
WAYS = {"gateway": {"certificate_issuer": "observability-ca"}, "centre": {"centre": CENTRE}}


def secure(loki: StandIn, secret: Path, clients: Authority | None = None) -> None:
    """Serve this certificate, and ask for one of these clients'."""
    loki.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    loki.tls.load_cert_chain(secret / "tls.crt", secret / "tls.key")
    if clients:
        loki.tls.load_verify_locations(clients.certificate)
        loki.tls.verify_mode = ssl.CERT_REQUIRED


def reload(node: Node) -> None:
    """What the sidecar does when a mounted folder has changed."""
    request = urllib.request.Request(f"http://127.0.0.1:{node.port}/api/v2/reload", b"{}")
    for _ in range(50):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError("it doesn't reload")


@pytest.mark.parametrize("way", WAYS)
def test_lines_go_to_who_proves_its_name(fluent_bit: str, loki: StandIn, tmp_path: Path, way: str) -> None:
    authority = Authority(tmp_path / "authority")
    secure(loki, authority.sign(tmp_path / "served", ["localhost"]), authority if way == "centre" else None)
    node = Node(fluent_bit, tmp_path, loki, **WAYS[way])
    authority.sign(tmp_path / "tls", ["fluent-bit"])
    node.write("hello", "level=error it broke")
    loki.open()
    with node.running():
        assert {line.text for line in loki.wait_for(2)} == {"hello", "level=error it broke"}, "both outputs"
    assert loki.paths == {LOGS_PATH}


@pytest.mark.parametrize("way", WAYS)
def test_lines_wait_while_nobody_proves_that_name_and_are_sent_once_somebody_does(
    fluent_bit: str, loki: StandIn, tmp_path: Path, way: str
) -> None:
    authority = Authority(tmp_path / "authority")
    for index, impostor in enumerate(
        (
            Authority(tmp_path / "stranger").sign(tmp_path / "theirs", ["localhost"]),
            authority.sign(tmp_path / "other-name", ["loki.elsewhere"]),
        )
    ):
        home = tmp_path / str(index)
        home.mkdir()
        secure(loki, impostor)
        node = Node(fluent_bit, home, loki, **WAYS[way])
        authority.sign(home / "tls", ["fluent-bit"])
        node.write("a secret")
        loki.open()
        with node.running():
            assert loki.wait_for(1, seconds=6) == []
            loki.close()
            secure(loki, authority.sign(tmp_path / "served", ["localhost"]))
            loki.open()
            assert [line.text for line in loki.wait_for(1)] == ["a secret"]
        loki.close()
        loki.lines.clear()


def test_a_new_authority_is_taken_while_it_runs_and_nothing_is_lost(
    fluent_bit: str, loki: StandIn, tmp_path: Path
) -> None:
    old, new = Authority(tmp_path / "old"), Authority(tmp_path / "new")
    secure(loki, new.sign(tmp_path / "served", ["localhost"]))
    node = Node(fluent_bit, tmp_path, loki, **WAYS["gateway"])
    old.sign(tmp_path / "tls", ["fluent-bit"])
    node.write("before")
    loki.open()
    with node.running():
        assert loki.wait_for(1, seconds=6) == []
        new.sign(tmp_path / "tls", ["fluent-bit"])
        reload(node)
        node.write("after")
        assert sorted(line.text for line in loki.wait_for(2, seconds=60)) == ["after", "before"]


def test_a_new_certificate_of_its_own_is_shown_while_it_runs(fluent_bit: str, loki: StandIn, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    secure(loki, authority.sign(tmp_path / "served", ["localhost"]), authority)
    node = Node(fluent_bit, tmp_path, loki, **WAYS["centre"])
    Authority(tmp_path / "stranger").sign(tmp_path / "tls", ["fluent-bit"])
    (tmp_path / "tls" / "ca.crt").write_bytes(authority.certificate.read_bytes())
    node.write("a line")
    loki.open()
    with node.running():
        assert loki.wait_for(1, seconds=6) == [], "the centre refuses a certificate of another authority"
        authority.sign(tmp_path / "tls", ["fluent-bit"])
        reload(node)
        assert [line.text for line in loki.wait_for(1, seconds=60)] == ["a line"]

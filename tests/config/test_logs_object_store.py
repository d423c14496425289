"""The real Loki writes to another S3 with keys from its environment, as the chart makes its configuration of ours.

Needs `loki` (`LOKI`, or on PATH), Helm and the charts. The S3 is a stand-in that keeps what it is given in memory.
"""

import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import yaml

from components.foundation.object_store import ACCESS_KEY, SECRET_KEY
from components.logs import names
from components.logs.loki_values import loki_values
from tests.charts.rendering import charts_or_skip, named, render
from tests.config.logs_harness import free_port
from tests.config.test_logs_loki import get, push


class Store:
    """Objects by path, and who came for them."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.callers: set[str] = set()
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self, status: int, body: bytes = b"") -> None:
                authorization = self.headers.get("Authorization", "")
                store.callers.add(authorization.partition("Credential=")[2].partition("/")[0])
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("ETag", '"0"')
                self.send_header("Last-Modified", "Thu, 01 Oct 2026 00:00:00 GMT")
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else body)

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("x-amz-content-sha256", "").startswith("STREAMING"):
                    body = unchunked(body)
                store.objects[urllib.parse.unquote(self.path.partition("?")[0])] = body
                self._answer(200)

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                path = urllib.parse.unquote(path)
                if path.count("/") == 1 or path.endswith("/"):
                    asked = dict(urllib.parse.parse_qsl(query))
                    self._answer(200, store.listing(path.strip("/"), asked.get("prefix", ""), asked.get("delimiter")))
                elif path in store.objects:
                    self._answer(200, store.objects[path])
                else:
                    self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

            do_HEAD = do_GET

            def do_DELETE(self) -> None:
                store.objects.pop(urllib.parse.unquote(self.path.partition("?")[0]), None)
                self._answer(204)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def listing(self, bucket: str, prefix: str, delimiter: str | None) -> bytes:
        """ListObjectsV2."""
        keys = [path.removeprefix(f"/{bucket}/") for path in self.objects if path.startswith(f"/{bucket}/{prefix}")]
        folders = {prefix + key[len(prefix) :].partition("/")[0] + "/" for key in keys if "/" in key[len(prefix) :]}
        if not delimiter:
            folders = set()
        stamp = "<LastModified>2026-10-01T00:00:00.000Z</LastModified>"
        files = [key for key in keys if not any(key.startswith(folder) for folder in folders)]
        contents = "".join(f"<Contents><Key>{escape(key)}</Key>{stamp}<Size>1</Size></Contents>" for key in files)
        common = "".join(f"<CommonPrefixes><Prefix>{escape(f)}</Prefix></CommonPrefixes>" for f in sorted(folders))
        head = f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>"
        return f"<ListBucketResult>{head}{contents}{common}</ListBucketResult>".encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def unchunked(body: bytes) -> bytes:
    """The object within an upload that carries a check sum after it."""
    found = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if not length:
            break
        found, body = found + rest[:length], rest[length + 2 :]
    return found


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    yield made
    made.close()


def test_chunks_and_index_reach_another_s3_with_keys_from_the_environment(store: Store, tmp_path: Path) -> None:
    charts_or_skip("loki")
    program = os.environ.get("LOKI") or shutil.which("loki")
    if not program:
        pytest.skip("no loki: set LOKI or put it on PATH")
    args: Any = {
        "bucket_name": "obs-logs",
        "region": "us-east-1",
        "topology": "simple-scalable",
        "sizing": {"replication_factor": 1, "wal_replay_memory_mib": 64},
        "object_store": {
            "endpoint": f"127.0.0.1:{store.port}",
            "credentials_secret_name": "object-store-credentials",
            "insecure": True,
        },
    }
    text = named(render("loki", names.LOKI, loki_values(args)), "ConfigMap", "loki")["data"]["config.yaml"]
    given = yaml.safe_load(text.replace("/var/loki", str(tmp_path)))
    port = free_port()
    own = ("auth_enabled", "schema_config", "limits_config", "ingester", "compactor", "analytics")
    config = {key: given[key] for key in own} | {
        "server": {"http_listen_port": port, "grpc_listen_port": free_port(), "log_level": "warn"},
        "common": {
            **{key: given["common"][key] for key in ("path_prefix", "replication_factor", "storage")},
            "ring": {"instance_addr": "127.0.0.1", "kvstore": {"store": "inmemory"}},
        },
    }
    file, log = tmp_path / "config.yaml", (tmp_path / "log").open("w")
    file.write_text(yaml.safe_dump(config))
    environment = {**os.environ, ACCESS_KEY: "the-key", SECRET_KEY: "not-written-anywhere"}
    process = subprocess.Popen([program, f"-config.file={file}"], stdout=log, stderr=log, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            assert process.poll() is None, (tmp_path / "log").read_text()[-3000:]
            try:
                urllib.request.urlopen(f"{address}/ready", timeout=2)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        assert push(address, {"namespace": "shop"}, "kept elsewhere", {}) == 204
        (stream,) = get(address, "/loki/api/v1/query_range", query='{namespace="shop"}')["data"]["result"]
        assert stream["values"][0][1] == "kept elsewhere"
    finally:
        process.terminate()
        process.wait(60)
    kept = {path.removeprefix("/obs-logs/").partition("/")[0] for path in store.objects}
    assert {"fake", "index"} <= kept, "chunks by tenant, and the index, in the bucket's own path"
    assert all(path.startswith("/obs-logs/") for path in store.objects)
    assert store.callers == {"the-key"}

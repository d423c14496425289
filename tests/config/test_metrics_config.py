"""The real Thanos reads the configuration that is generated for it.

Needs `thanos` (`THANOS`, or on PATH). Nothing is reached: parts start, read their configuration, and are stopped.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.metrics.object_store import object_store_config
from components.metrics.thanos_values import thanos_values

ARGS: Any = {
    "cluster_name": "prod",
    "object_store_config": object_store_config("blocks", "eu-west-1"),
    "role_arn": "arn:aws:iam::123456789012:role/obs-thanos-eu-west-1",
    "receive_enabled": True,
}
VALUES = thanos_values(ARGS)
ANY_PORT = ["--http-address=127.0.0.1:0"]
SECONDS = 4
"""A part that reads all of its configuration and goes on to work takes a tenth of this to refuse a bad one."""


@pytest.fixture(scope="module")
def thanos() -> str:
    found = os.environ.get("THANOS") or shutil.which("thanos")
    if not found:
        pytest.skip("no thanos: set THANOS or put it on PATH")
    return found


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    """Blocks in a folder, where the real configuration has S3."""
    (tmp_path / "bucket").mkdir()
    config = yaml.safe_dump({"type": "FILESYSTEM", "config": {"directory": str(tmp_path / "bucket")}})
    return [f"--objstore.config={config}", f"--data-dir={tmp_path / 'data'}"]


def started(thanos: str, *arguments: str) -> str:
    """What a part logs in a few seconds; fails if it ends by itself."""
    process = subprocess.Popen([thanos, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0]
    raise AssertionError(f"ended by itself with {process.returncode}: {output}")


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def eventually(url: str, key: str) -> Any:
    """The answer's data under a key, as soon as there is some."""
    for _ in range(100):
        with suppress(OSError), urllib.request.urlopen(url) as answer:
            if found := json.load(answer)["data"].get(key):
                return found
        time.sleep(0.1)
    raise AssertionError(f"{url} has no {key}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def extra(part: str) -> list[str]:
    """Our own arguments of a part; a container's share of memory can't be measured here."""
    values: Mapping[str, Any] = VALUES[part]
    return [argument for argument in values["extraArgs"] if argument != "--enable-auto-gomemlimit"]


def test_query_takes_its_endpoints(thanos: str) -> None:
    labels = [f"--query.replica-label={label}" for label in VALUES["query"]["replicaLabels"]]
    endpoints = [f"--endpoint={endpoint}" for endpoint in VALUES["query"]["endpoints"]["static"]]
    started(thanos, "query", *ANY_PORT, "--grpc-address=127.0.0.1:0", *labels, *endpoints, *extra("query"))


def test_query_finds_store_gateways_through_its_endpoint_group(thanos: str, store: list[str]) -> None:
    """The real configuration, but for the name, which only a cluster's DNS knows (and here only /etc/hosts)."""
    http, grpc = free_port(), free_port()
    (config,) = [argument for argument in extra("query") if argument.startswith("--endpoint.sd-config=")]
    here = re.sub(r"dnssrv\+[^,]*", f"dns+localhost:{grpc}", config)
    gateway = [thanos, "store", *ANY_PORT, f"--grpc-address=127.0.0.1:{grpc}", *store]
    query = [thanos, "query", f"--http-address=127.0.0.1:{http}", "--grpc-address=127.0.0.1:0", here]
    query.append("--store.sd-dns-resolver=golang")
    with running(gateway), running(query):
        stores = eventually(f"http://127.0.0.1:{http}/api/v1/stores", "store")
    assert [(found["name"], found["lastError"]) for found in stores] == [(f"thanos:///dns+localhost:{grpc}", None)]


def test_query_frontend_takes_its_caches(thanos: str) -> None:
    cache = f"--query-range.response-cache-config={VALUES['queryFrontend']['cacheConfig']}"
    downstream = "--query-frontend.downstream-url=http://127.0.0.1:1"
    started(thanos, "query-frontend", *ANY_PORT, downstream, cache, *extra("queryFrontend"))


def test_store_gateway_takes_its_caches(thanos: str, store: list[str]) -> None:
    """It doesn't start while a cache's name has no address: so the Service names pods that aren't ready too."""
    cache = f"--store.caching-bucket.config={VALUES['storegateway']['cachingBucketConfig']}"
    arguments = [re.sub(r"dnssrvnoa\+[^]]*", "127.0.0.1:1", argument) for argument in (cache, *extra("storegateway"))]
    log = started(thanos, "store", *ANY_PORT, "--grpc-address=127.0.0.1:0", *store, *arguments)
    assert "loading caching bucket configuration" in log
    with pytest.raises(AssertionError, match="no server address resolved"):
        started(thanos, "store", *ANY_PORT, "--grpc-address=127.0.0.1:0", *store, cache)


def test_compactor_takes_its_retention(thanos: str, store: list[str]) -> None:
    kept = VALUES["compactor"]["retention"]
    resolutions = {"raw": "resolutionRaw", "5m": "resolution5m", "1h": "resolution1h"}
    retention = [f"--retention.resolution-{name}={kept[key]}" for name, key in resolutions.items()]
    log = started(thanos, "compact", "--wait", *ANY_PORT, *store, *retention, *extra("compactor"))
    assert log.count("retention policy of") == 3


def test_ruler_takes_its_alertmanagers_and_labels(thanos: str, store: list[str]) -> None:
    alertmanagers = f"--alertmanagers.config={VALUES['ruler']['alertmanagers']['config']}"
    started(
        thanos,
        "rule",
        *ANY_PORT,
        "--grpc-address=127.0.0.1:0",
        *store,
        alertmanagers,
        "--query=127.0.0.1:1",
        *extra("ruler"),
    )


def test_receive_takes_its_replication(thanos: str, tmp_path: Path) -> None:
    ring = [f"127.0.0.1:{port}" for port in (1, 2, 3)]
    started(
        thanos,
        "receive",
        *ANY_PORT,
        "--grpc-address=127.0.0.1:0",
        "--remote-write.address=127.0.0.1:0",
        f"--tsdb.path={tmp_path}",
        '--label=receive_replica="x"',
        f"--receive.hashrings={json.dumps([{'endpoints': ring}])}",
        "--receive.local-endpoint=127.0.0.1:1",
        *extra("receive"),
    )

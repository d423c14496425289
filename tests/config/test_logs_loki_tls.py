"""The real Loki, split into its parts as in the cluster, speaks TLS with the configuration that is generated for it.

Needs `loki` (`LOKI`, or on PATH) and `openssl`. Only places differ from the real thing: folders, addresses, and a
folder instead of S3. The parts find each other by addresses, as pods do, and prove one common name.
"""

import http.client
import json
import os
import shutil
import ssl
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.logs import names, tls
from components.logs.loki_config import loki_config
from components.security.certificate import FOLDER
from tests.config.logs_harness import Authority, client, free_port, shown

COMMON: Any = {
    "bucket_name": "obs-logs-123456789012-eu-west-1",
    "region": "eu-west-1",
    "role_arn": "arn:aws:iam::123456789012:role/obs-loki-eu-west-1",
    "certificate_issuer": "observability-ca",
    "sizing": {"wal_replay_memory_mib": 64},
}
IDENTITY = tls.loki_identity("observability")
PARTS = {
    names.DISTRIBUTED: (
        *("ingester", "distributor", "index-gateway", "compactor"),
        *("query-scheduler", "querier", "query-frontend", "ruler"),
    ),
    names.SIMPLE_SCALABLE: ("write", "backend", "read"),
}
WRITES = {names.DISTRIBUTED: "distributor", names.SIMPLE_SCALABLE: "write"}
ANSWERS = {names.DISTRIBUTED: "query-frontend", names.SIMPLE_SCALABLE: "read"}


class Cluster:
    """Every part of Loki as a process of its own."""

    def __init__(self, program: str, home: Path, topology: str) -> None:
        self.topology, self.home, self.program = topology, home, program
        self.authority = Authority(home / "authority")
        self.secret = self.authority.sign(home / "tls", [IDENTITY])
        self.http = {part: free_port() for part in PARTS[topology]}
        self.grpc = {part: free_port() for part in PARTS[topology]}
        self._gossip = {part: free_port() for part in PARTS[topology]}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        for part in PARTS[self.topology]:
            file = self.home / f"{part}.yaml"
            text = yaml.safe_dump(self._configuration(part)).replace(f"{FOLDER}/", f"{self.secret}/")
            file.write_text(text)
            log = (self.home / f"{part}.log").open("w")
            command = [self.program, f"-config.file={file}", f"-target={part}"]
            self._processes[part] = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()

    def _configuration(self, part: str) -> dict[str, Any]:
        given = loki_config({**COMMON, "topology": self.topology})  # type: ignore[typeddict-item]
        home = self.home / part
        keeps = self.grpc.get("compactor") or self.grpc["backend"]
        index = self.grpc.get("index-gateway") or self.grpc["backend"]
        for period in given["schemaConfig"]["configs"]:
            period["object_store"] = "filesystem"
        for shipper in given["storage_config"].values():
            shipper["index_gateway_client"]["server_address"] = f"dns+127.0.0.1:{index}"
        frontend, worker = given["frontend"], given["frontend_worker"]
        if self.topology == names.DISTRIBUTED:
            assert frontend["tail_proxy_url"].startswith("https://loki-querier.")
            frontend["tail_proxy_url"] = f"https://127.0.0.1:{self.http['querier']}"
            frontend["scheduler_address"] = f"127.0.0.1:{self.grpc['query-scheduler']}"
            worker["scheduler_address"] = frontend["scheduler_address"]
        return {
            "auth_enabled": False,
            "server": {
                **given["server"],
                "http_listen_port": self.http[part],
                "grpc_listen_port": self.grpc[part],
                "log_level": "info",
            },
            "memberlist": {
                "bind_addr": ["127.0.0.1"],
                "bind_port": self._gossip[part],
                "advertise_addr": "127.0.0.1",
                "advertise_port": self._gossip[part],
                "node_name": part,
                "join_members": [f"127.0.0.1:{port}" for port in self._gossip.values()],
            },
            "common": {
                "ring": {"instance_addr": "127.0.0.1", "kvstore": {"store": "memberlist"}},
                "path_prefix": str(home),
                "replication_factor": 1,
                "compactor_grpc_address": f"127.0.0.1:{keeps}",
                "storage": {
                    "filesystem": {"chunks_directory": f"{self.home}/chunks", "rules_directory": f"{home}/rules"}
                },
            },
            "schema_config": given["schemaConfig"],
            "limits_config": given["limits_config"],
            "querier": given["querier"],
            "analytics": given["analytics"],
            "compactor": {
                **given["compactor"],
                "working_directory": f"{home}/compactor",
                "delete_request_store": "filesystem",
            },
            "ingester": {**given["ingester"], "wal": {**given["ingester"]["wal"], "dir": f"{home}/wal"}},
            "ruler": {
                **given["rulerConfig"],
                "storage": {"type": "local", "local": {"directory": f"{home}/rules"}},
                "rule_path": f"{home}/scratch",
                "wal": {"dir": f"{home}/ruler-wal"},
            },
            **{
                key: given[key]
                for key in (
                    *("ingester_client", "query_scheduler", "frontend_worker", "frontend"),
                    *("compactor_grpc_client", "storage_config"),
                )
            },
        }

    def ask(self, part: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Over HTTPS, as the gateway does: by address, for the common name, without a certificate of its own."""
        connection = _Connection(self.http[part], client(self.authority))
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def wait(self) -> None:
        until = time.monotonic() + 120
        for part, process in self._processes.items():
            while True:
                assert process.poll() is None, (part, self.log(part)[-3000:])
                try:
                    if self.ask(part, "/ready")[0] == 200:
                        break
                except OSError:
                    pass
                assert time.monotonic() < until, (part, self.log(part)[-3000:])
                time.sleep(0.5)

    def log(self, part: str) -> str:
        return (self.home / f"{part}.log").read_text()


class _Connection(http.client.HTTPSConnection):
    """To an address, checking a name."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__("127.0.0.1", port, timeout=30)
        self._checked = context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._checked.wrap_socket(self.sock, server_hostname=IDENTITY)


@pytest.fixture(scope="module", params=names.TOPOLOGIES)
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    program = os.environ.get("LOKI") or shutil.which("loki")
    if not program:
        pytest.skip("no loki: set LOKI or put it on PATH")
    made = Cluster(program, tmp_path_factory.mktemp("loki"), request.param)
    made.start()
    try:
        made.wait()
        yield made
    finally:
        made.stop()


def push(cluster: Cluster, text: str) -> int:
    body = {"streams": [{"stream": {"namespace": "shop"}, "values": [[str(time.time_ns()), text]]}]}
    return cluster.ask(WRITES[cluster.topology], "/loki/api/v1/push", body)[0]


def found(cluster: Cluster, part: str, text: str) -> bool:
    query = urllib.parse.urlencode({"query": f'{{namespace="shop"}} |= "{text}"'})
    for _ in range(60):
        status, answer = cluster.ask(part, f"/loki/api/v1/query_range?{query}")
        if status == 200 and text in answer.decode():
            return True
        time.sleep(0.5)
    return False


def test_a_line_is_written_and_read_through_every_part(cluster: Cluster) -> None:
    assert push(cluster, "first line") == 204
    assert found(cluster, ANSWERS[cluster.topology], "first line"), "through frontend, scheduler, querier, ingester"


def test_a_deletion_reaches_the_compactor(cluster: Cluster) -> None:
    """Queriers ask the compactor, over gRPC, what was deleted, before they answer."""
    part = "compactor" if cluster.topology == names.DISTRIBUTED else "backend"
    status, _ = cluster.ask(part, "/loki/api/v1/delete")
    assert status == 200
    for each in PARTS[cluster.topology]:
        log = cluster.log(each)
        assert "tls: " not in log, f"{each}: {log[-2000:]}"
        assert "x509" not in log, each


def test_rulers_find_each_other(cluster: Cluster) -> None:
    part = "ruler" if cluster.topology == names.DISTRIBUTED else "backend"
    status, answer = cluster.ask(part, "/prometheus/api/v1/rules")
    assert status == 200, answer


def test_grpc_is_refused_to_who_shows_no_certificate_or_a_stranger_s(cluster: Cluster, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger").sign(tmp_path / "theirs", [IDENTITY])
    for part, port in cluster.grpc.items():
        assert shown(port, client(cluster.authority, cluster.secret), IDENTITY, http2=True), part
        for context in (client(cluster.authority), client(cluster.authority, stranger)):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                shown(port, context, IDENTITY, http2=True)


def test_nothing_is_served_in_plain_and_no_other_name_is_proven(cluster: Cluster) -> None:
    for part, port in cluster.http.items():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/ready")
        assert connection.getresponse().status == 400, part
        connection.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            shown(port, client(cluster.authority), "loki-gateway.observability.svc.cluster.local")


def test_a_new_certificate_is_taken_without_a_restart(cluster: Cluster) -> None:
    before = {part: shown(port, client(cluster.authority), IDENTITY) for part, port in cluster.http.items()}
    cluster.authority.sign(cluster.secret, [IDENTITY])
    for part, port in cluster.http.items():
        assert shown(port, client(cluster.authority), IDENTITY) != before[part], part
        context = client(cluster.authority, cluster.secret)
        assert shown(cluster.grpc[part], context, IDENTITY, http2=True) != before[part], part
    assert push(cluster, "second line") == 204
    assert found(cluster, ANSWERS[cluster.topology], "second line")

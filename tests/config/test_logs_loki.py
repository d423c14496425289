"""The real Loki reads the configuration that the chart makes of our values, and takes and answers with it.

Needs `loki` (`LOKI`, or on PATH); the first tests also Helm and the charts, as tests/charts do.
"""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.logs import names
from components.logs.loki_config import loki_config
from components.logs.loki_values import loki_values
from components.logs.rules import rules_data
from tests.charts.rendering import charts_or_skip, named, pods, render
from tests.config.logs_harness import free_port

COMMON: Any = {
    "bucket_name": "obs-logs-123456789012-eu-west-1",
    "region": "eu-west-1",
    "role_arn": "arn:aws:iam::123456789012:role/obs-loki-eu-west-1",
}


@pytest.fixture(scope="module")
def loki() -> str:
    found = os.environ.get("LOKI") or shutil.which("loki")
    if not found:
        pytest.skip("no loki: set LOKI or put it on PATH")
    return found


SETTINGS: dict[str, Any] = {
    "plain": {},
    "tenants": {"multi_tenancy": True, "tenants": {"games": {"namespaces": ["arena"], "limits": {"max_streams": 500}}}},
    "certificates": {"certificate_issuer": "observability-ca"},
    "another S3": {
        "object_store": {"endpoint": "s3.example:8333", "credentials_secret_name": "keys", "insecure": True}
    },
}


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("topology", names.TOPOLOGIES)
def test_every_part_accepts_its_configuration(loki: str, topology: str, settings: str, tmp_path: Path) -> None:
    charts_or_skip("loki")
    given: Any = {**COMMON, "topology": topology, **SETTINGS[settings]}
    manifests = render("loki", names.LOKI, loki_values(given))
    config, runtime = tmp_path / "config.yaml", tmp_path / "runtime.yaml"
    runtime.write_text(named(manifests, "ConfigMap", "loki-runtime")["data"]["runtime-config.yaml"])
    text = named(manifests, "ConfigMap", "loki")["data"]["config.yaml"]
    config.write_text(text.replace("/etc/loki/runtime-config/runtime-config.yaml", str(runtime)))
    arguments = set()
    for pod in pods(manifests):
        if pod.labels.get("app.kubernetes.io/part-of") == "memberlist":
            args = pod.spec["containers"][0]["args"]
            arguments.add(tuple(a for a in args if not a.startswith(("-config.", "-memberlist."))))
    targets = {a.removeprefix("-target=") for args in arguments for a in args if a.startswith("-target=")}
    assert targets == (
        {"write", "read", "backend"}
        if topology == names.SIMPLE_SCALABLE
        else {
            *("ingester", "distributor", "querier", "query-frontend"),
            *("query-scheduler", "index-gateway", "compactor", "ruler"),
        }
    )
    for args in sorted(arguments):
        command = [loki, "-verify-config", "-config.expand-env=true", f"-config.file={config}", *args]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{args}: {done.stderr[-2000:]}"
        assert "config is valid" in done.stderr


def test_a_wrong_setting_would_be_noticed(loki: str, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("limits_config: {retention_perod: 720h}\n")
    done = subprocess.run([loki, "-verify-config", f"-config.file={config}"], capture_output=True, check=False)
    assert done.returncode != 0


@pytest.fixture(scope="module")
def address(loki: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Loki with our limits, schema, compactor and rules; a folder where the real one has S3."""
    home, port = tmp_path_factory.mktemp("loki"), free_port()
    given = loki_config({**COMMON, "limits": {"max_streams": 100}, "sizing": {"wal_replay_memory_mib": 64}})
    (home / "rules" / names.TENANT).mkdir(parents=True)
    (home / "rules" / names.TENANT / "platform.yaml").write_text(rules_data()["platform.yaml"])
    schema = given["schemaConfig"]
    schema["configs"][0]["object_store"] = "filesystem"
    ring = {"instance_addr": "127.0.0.1", "kvstore": {"store": "inmemory"}}
    config = {
        "auth_enabled": given["auth_enabled"],
        "server": {"http_listen_port": port, "grpc_listen_port": free_port(), "log_level": "error"},
        "common": {
            "ring": ring,
            "replication_factor": 1,
            "path_prefix": str(home),
            "storage": {"filesystem": {"chunks_directory": f"{home}/chunks", "rules_directory": f"{home}/r"}},
        },
        "schema_config": schema,
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
            "storage": {"type": "local", "local": {"directory": f"{home}/rules"}},
            "rule_path": f"{home}/scratch",
            "ring": {"kvstore": {"store": "inmemory"}},
            "enable_sharding": True,
            "poll_interval": "1s",
        },
    }
    file = home / "config.yaml"
    file.write_text(yaml.safe_dump(config))
    log = (home / "log").open("w")
    process = subprocess.Popen([loki, f"-config.file={file}"], stdout=log, stderr=log)
    try:
        for _ in range(240):
            assert process.poll() is None, (home / "log").read_text()[-3000:]
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def push(address: str, labels: dict[str, str], text: str, metadata: dict[str, str]) -> int:
    body = {"streams": [{"stream": labels, "values": [[str(time.time_ns()), text, metadata]]}]}
    request = urllib.request.Request(
        f"{address}/loki/api/v1/push", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        return int(urllib.request.urlopen(request, timeout=10).status)
    except urllib.error.HTTPError as error:
        return error.code


def get(address: str, path: str, **query: str) -> Any:
    with urllib.request.urlopen(f"{address}{path}?{urllib.parse.urlencode(query)}", timeout=20) as answer:
        return json.load(answer)


def test_a_trace_s_lines_are_found_by_structured_metadata(address: str) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert push(address, {"namespace": "shop", "level": "info"}, '{"msg":"a"}', {"trace_id": trace}) == 204
    assert push(address, {"namespace": "shop", "level": "info"}, '{"msg":"b"}', {}) == 204
    query = f'{{namespace="shop"}} | trace_id="{trace}"'
    (stream,) = get(address, "/loki/api/v1/query_range", query=query)["data"]["result"]
    assert [value[1] for value in stream["values"]] == ['{"msg":"a"}']


def test_a_line_that_is_too_long_is_shortened_and_not_refused(address: str) -> None:
    assert push(address, {"namespace": "long"}, "x" * 300 * 1024, {}) == 204
    (stream,) = get(address, "/loki/api/v1/query_range", query='{namespace="long"}')["data"]["result"]
    assert len(stream["values"][0][1]) <= 256 * 1024


def test_a_tenant_s_streams_are_limited(address: str) -> None:
    answers = {push(address, {"namespace": "many", "id": str(i)}, "x", {}) for i in range(130)}
    assert answers == {204, 429}


def test_the_ruler_has_the_rules(address: str) -> None:
    for _ in range(60):
        groups = get(address, "/prometheus/api/v1/rules")["data"]["groups"]
        if groups and groups[0]["rules"]:
            break
        time.sleep(1)
    assert {rule["name"] for group in groups for rule in group["rules"]} == {
        "PodOutOfMemoryOnNode",
        "VolumeCanNotBeAttached",
    }
    assert {rule.get("lastError", "") for group in groups for rule in group["rules"]} == {""}

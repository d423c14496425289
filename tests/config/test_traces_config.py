"""The real programs read the configuration that is generated for them.

The collector is built by `tools/collector`. Tempo can't be had from a package registry: its tests run where `TEMPO`
names one of the 2.10 line, and are skipped elsewhere; what the chart makes of our values is then still held against
the chart's keys (tests/values) and its rendering (tests/charts).
"""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.traces import names
from components.traces.agent_values import agent_config
from components.traces.forwarder_values import forwarder_values
from components.traces.gateway_config import gateway_config
from components.traces.gateway_values import gateway_values
from components.traces.sampling import sampling
from tests.config.tempo_harness import Tempos, ask, local_tempo, ports, tempo_or_skip, tempo_text
from tests.config.traces_harness import (
    Collectors,
    FakePrometheus,
    Span,
    collector_or_skip,
    environment,
    local_gateway,
    prometheus,
    send,
    wait_until,
)

__all__ = ["prometheus"]

URLS = names.remote_write_urls("observability", 2)
HEAD: Any = {"mode": "head", "routing_key": "service"}
CONFIGS: dict[str, Any] = {
    "agent": agent_config({"cluster_name": "prod"}),
    "agent, head sampling": agent_config({"cluster_name": "prod", "sampling": HEAD}),
    "agent, traces only": agent_config({"cluster_name": "prod", "metrics_enabled": False}),
    "agent, the node's metrics": agent_config({"cluster_name": "prod", "node_metrics_enabled": True}),
    "gateway": gateway_values({"remote_write_urls": URLS, "tenant": "shop"})["alternateConfig"],
    "gateway, head sampling": gateway_values({"remote_write_urls": URLS, "sampling": HEAD})["alternateConfig"],
    "gateway, traces only": gateway_values({})["alternateConfig"],
    "gateway, no critical services": gateway_values({"sampling": {"critical_services": []}})["alternateConfig"],
    "agent, TLS and other clusters": agent_config(
        {"cluster_name": "prod", "other_clusters": True, "certificate_issuer": "ca"}
    ),
    "gateway, TLS and tenants": gateway_values(
        {
            "remote_write_urls": names.remote_write_urls("observability", 2, tls=True),
            "tenant": "platform",
            "tenants": ["retail", "it's!_(*).-"],
            "other_clusters": True,
            "certificate_issuer": "ca",
        }
    )["alternateConfig"],
    "forwarder": forwarder_values(
        {
            "cluster_name": "shop",
            "tenant": "retail",
            "centre": {"host": "shop.obs", "certificate_secret_name": "client", "ca_secret_name": "ca"},
            "metrics_enabled": True,
        }
    )["alternateConfig"],
}


@pytest.fixture(scope="module")
def collector() -> str:
    return collector_or_skip()


def validated(collector: str, config: Any, folder: Path) -> str:
    """What the collector says to a configuration; nothing if it takes it."""
    local = yaml.safe_load(yaml.safe_dump(config))
    # Asks for a folder that exists, which in a cluster is a volume.
    if "file_storage" in local["extensions"]:
        local["extensions"]["file_storage"] |= {"directory": str(folder), "compaction": {"directory": str(folder)}}
    if "host_metrics" in local["receivers"]:
        local["receivers"]["host_metrics"]["root_path"] = "/"
    # Its module can't be had from every proxy of Go modules, so the collector built here lacks it.
    local["receivers"].pop("kubelet_stats", None)
    for pipeline in local["service"]["pipelines"].values():
        pipeline["receivers"] = [name for name in pipeline["receivers"] if name != "kubelet_stats"]
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(local))
    command = [collector, "validate", "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment("otel-gateway-0"))
    return "" if done.returncode == 0 else done.stderr + done.stdout


@pytest.mark.parametrize("name", CONFIGS)
def test_the_collector_takes_its_configuration(collector: str, name: str, tmp_path: Path) -> None:
    assert validated(collector, CONFIGS[name], tmp_path) == ""


def test_the_collector_takes_numbers_that_came_through_pulumi_and_helm(collector: str, tmp_path: Path) -> None:
    def floats(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: floats(item) for key, item in value.items()}
        if isinstance(value, list):
            return [floats(item) for item in value]
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    assert validated(collector, floats(CONFIGS["gateway"]), tmp_path) == ""


@pytest.mark.parametrize(
    ("spoilt", "where"),
    [
        (("processors", "tail_sampling", "decision_wiat"), "decision_wiat"),
        (("exporters", "otlp_grpc/tempo", "sending_queue", "storge"), "storge"),
        (("connectors", "span_metrics", "exemplar"), "exemplar"),
    ],
)
def test_the_collector_would_refuse_a_misspelt_key(
    collector: str, spoilt: tuple[str, ...], where: str, tmp_path: Path
) -> None:
    config = yaml.safe_load(yaml.safe_dump(CONFIGS["gateway"]))
    at = config
    for key in spoilt[:-1]:
        at = at[key]
    at[spoilt[-1]] = "10s"
    assert where in validated(collector, config, tmp_path)


# --- Tempo -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tempo() -> str:
    return tempo_or_skip()


@pytest.fixture(scope="module")
def tempo_config() -> str:
    return tempo_text(
        {"bucket_name": "obs-traces-123456789012-eu-west-1", "region": "eu-west-1", "role_arn": "arn:aws:iam::1:role/x"}
    )


def test_tempo_takes_its_configuration(tempo: str, tempo_config: str, tmp_path: Path) -> None:
    def verdict(text: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "tempo.yaml"
        file.write_text(text)
        command = [tempo, "-config.verify", "-config.file", str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert verdict(tempo_config).returncode == 0, verdict(tempo_config).stderr
    spoilt = verdict(tempo_config.replace("block_retention: 336h", "block_retntion: 336h"))
    assert spoilt.returncode != 0
    assert "block_retntion" in spoilt.stderr


@pytest.fixture
def running_tempo(tempo: str, tempo_config: str, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """All of Tempo in one process with the cluster's configuration; its HTTP and OTLP ports."""
    http, grpc, otlp = ports(3)
    config = local_tempo(tempo_config, tmp_path, grpc)
    config["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] = f"127.0.0.1:{otlp}"
    config["server"] |= {"http_listen_port": http, "grpc_listen_port": grpc}
    started = Tempos(tempo, tmp_path)
    try:
        started.start("all", config)
        started.wait(http)
        yield http, otlp
    finally:
        started.stop()


def test_a_sampled_trace_is_found_in_tempo_by_id_and_by_its_service(
    collector: str, running_tempo: tuple[int, int], prometheus: FakePrometheus, tmp_path: Path
) -> None:
    http, otlp = running_tempo
    started = Collectors(collector, tmp_path)
    try:
        chosen = sampling({"decision_wait_seconds": 5})
        config = gateway_config(chosen, 1, 0.1, "/", "observability", [prometheus.url])
        gateway = started.start(
            "otel-gateway-0", local_gateway(config, tmp_path / "queue", f"127.0.0.1:{otlp}", prometheus.url)
        )
        trace_id = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
        spans = [
            Span(trace_id, b"12345678", service="shop", duration_ms=100),
            Span(trace_id, b"23456789", b"12345678", service="orders", error=True),
        ]
        send(gateway.otlp_port, spans)
        wait_until(lambda: "orders" in (ask(http, f"/api/traces/{trace_id.hex()}") or ""), "the trace by its id", 90)
        query = urllib.request.quote('{resource.service.name="orders" && status=error}')  # type: ignore[attr-defined]
        end = int(time.time())
        path = f"/api/search?q={query}&start={end - 600}&end={end + 60}"
        wait_until(lambda: bool(json.loads(ask(http, path) or "{}").get("traces")), "the trace by TraceQL", 60)
    finally:
        started.stop()

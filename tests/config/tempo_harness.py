"""Tempo's own configuration, as the chart makes it of our values, on this machine.

Tempo can't be had from a package registry: tests run where `TEMPO` names one of the 2.10 line. Replaced is what a
cluster gives: S3 by a folder, names by addresses, the cache by none.
"""

import os
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.traces import names
from components.traces.tempo_values import tempo_values
from tests.charts.rendering import charts_or_skip, named, render
from tests.config.traces_harness import free_port, wait_until


def tempo_or_skip() -> str:
    """The program, or the reason why there is none."""
    found = os.environ.get("TEMPO") or shutil.which("tempo")
    if not found:
        pytest.skip("no tempo: it can't be built from a Go module; set TEMPO to one of the 2.10 line")
    return found


def tempo_text(args: Any) -> str:
    """What Tempo reads in the cluster: the chart's text with our values."""
    charts_or_skip("tempo-distributed")
    rendered = render("tempo-distributed", names.TEMPO, tempo_values(args))
    data: dict[str, str] = named(rendered, "ConfigMap", "tempo-config")["data"]
    return data["tempo.yaml"]


def local_tempo(text: str, folder: Path, frontend_port: int) -> dict[str, Any]:
    """The configuration with this machine's folders and addresses; ports are each process' own."""
    config: dict[str, Any] = yaml.safe_load(text)
    for part in ("distributor", "compactor"):
        config[part]["ring"] = {"kvstore": {"store": "inmemory"}}
    config["ingester"]["lifecycler"] = {
        "ring": {"kvstore": {"store": "inmemory"}, "replication_factor": 1},
        "address": "127.0.0.1",
        "min_ready_duration": "1s",
    }
    config["ingester"]["trace_idle_period"] = "1s"
    config["querier"]["frontend_worker"]["frontend_address"] = f"127.0.0.1:{frontend_port}"
    config["server"] |= {"http_listen_address": "127.0.0.1", "grpc_listen_address": "127.0.0.1"}
    config["storage"]["trace"] |= {
        "backend": "local",
        "local": {"path": str(folder / "blocks")},
        "wal": {"path": str(folder / "wal")},
    }
    config["memberlist"] = {}
    config["cache"] = {}
    (folder / "overrides.yaml").write_text("overrides: {}\n")
    config["overrides"]["per_tenant_override_config"] = str(folder / "overrides.yaml")
    return config


class Tempos:
    """Processes of Tempo, which end together."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.running: list[tuple[subprocess.Popen[bytes], Path]] = []

    def start(
        self, target: str, config: Mapping[str, Any], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """One process with this part of Tempo."""
        file, log = self.folder / f"{target}.yaml", self.folder / f"{target}.log"
        file.write_text(yaml.safe_dump(dict(config)))
        command = [self.program, f"-target={target}", "-config.file", str(file)]
        with log.open("w") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **(environment or {})})
        self.running.append((process, log))
        return process

    def wait(self, port: int, trusted: ssl.SSLContext | None = None) -> None:
        """Wait until the part that listens on a port is ready."""

        def ready() -> bool:
            for process, log in self.running:
                assert process.poll() is None, log.read_text()[-3000:]
            return ask(port, "/ready", trusted) is not None

        wait_until(ready, f"Tempo in {self.folder}", 90)

    def stop(self) -> None:
        """End all of them."""
        for process, _ in self.running:
            process.kill()
            process.wait()


def ask(port: int, path: str, trusted: ssl.SSLContext | None = None) -> str | None:
    """An answer of Tempo's, or None; over TLS if there is something to trust."""
    scheme = "https" if trusted else "http"
    try:
        with urllib.request.urlopen(f"{scheme}://localhost:{port}{path}", timeout=10, context=trusted) as answer:
            text: str = answer.read().decode()
        return text
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def ports(count: int) -> list[int]:
    """So many free ports."""
    return [free_port() for _ in range(count)]

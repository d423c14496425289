"""The real Fluent Bit runs the pipeline that is generated for it, over sample logs, into a stand-in for Loki.

Needs `fluent-bit` (`FLUENT_BIT`, or on PATH). Only places differ from the real thing: folders, Loki's address, and
pods' metadata, which lie in files instead of the API server.
"""

import gzip
import json
import os
import shutil
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from components.logs.fluent_bit_config import SCRIPT, STATE, events_pipeline, node_pipeline
from components.logs.fluent_bit_values import fluent_bit_values, pipeline_text
from components.security.certificate import FOLDER
from tests.config.logs_harness import free_port

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Line(NamedTuple):
    """A line as Loki was sent it."""

    text: str
    labels: dict[str, str]
    metadata: dict[str, str]
    tenant: str


class StandIn:
    """Takes what is pushed, while it is open."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.paths: set[str] = set()
        self.port = free_port()
        self.tls: ssl.SSLContext | None = None
        self._server: ThreadingHTTPServer | None = None

    def open(self) -> None:
        lines, paths = self.lines, self.paths

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                tenant = self.headers.get("X-Scope-OrgID", "")
                paths.add(self.path)
                for stream in json.loads(body)["streams"]:
                    for value in stream["values"]:
                        lines.append(Line(value[1], stream["stream"], value[2] if len(value) > 2 else {}, tenant))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        if self.tls:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def wait_for(self, count: int, seconds: float = 40) -> list[Line]:
        until = time.monotonic() + seconds
        while len(self.lines) < count and time.monotonic() < until:
            time.sleep(0.2)
        # What shouldn't come gets the time to.
        time.sleep(2.5)
        return list(self.lines)


@pytest.fixture(scope="module")
def fluent_bit() -> str:
    found = os.environ.get("FLUENT_BIT") or shutil.which("fluent-bit")
    if not found:
        pytest.skip("no fluent-bit: set FLUENT_BIT or put it on PATH")
    return found


@pytest.fixture
def loki() -> Iterator[StandIn]:
    made = StandIn()
    yield made
    made.close()


class Node:
    """A node's folders, and the Fluent Bit that reads them."""

    def __init__(self, program: str, home: Path, loki: StandIn, **settings: Any) -> None:
        self.program, self.home, self.port = program, home, free_port()
        for folder in ("containers", "meta", "state/buffer"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        args: Any = {"cluster_name": "prod", **settings}
        (home / "process.lua").write_text(
            fluent_bit_values(args)["luaScripts"]["process.lua"].replace('{{ "{{" }}', "{{")
        )
        text = pipeline_text(node_pipeline(args)).replace(STATE, f"{home}/state").replace(SCRIPT, f"{home}/process.lua")
        pipeline = yaml.safe_load(text.replace("/var/log/containers", f"{home}/containers"))
        pipeline["service"] |= {"http_port": self.port, "scheduler.cap": 3, "scheduler.base": 1}
        kubernetes = next(f for f in pipeline["pipeline"]["filters"] if f["name"] == "kubernetes")
        kubernetes |= {
            "kube_tag_prefix": f"kube.{str(home / 'containers').strip('/').replace('/', '.')}.",
            "kube_meta_preload_cache_dir": str(home / "meta"),
            "kube_url": "http://127.0.0.1:1",
        }
        for output in pipeline["pipeline"]["outputs"]:
            output |= {"host": "localhost" if loki.tls else "127.0.0.1", "port": loki.port}
        self.config = home / "pipeline.yaml"
        self.config.write_text(yaml.safe_dump(pipeline, sort_keys=False).replace(f"{FOLDER}/", f"{home}/tls/"))

    def write(self, *lines: str | tuple[str, str, str], pod: str = "cart-7d9", container: str = "cart") -> None:
        """Add lines, as containerd writes them: text, or text with stream and flag (`P`: a piece of a line)."""
        pieces = [(line, "stdout", "F") if isinstance(line, str) else line for line in lines]
        meta = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": pod,
                "namespace": "shop",
                "labels": {"app.kubernetes.io/name": "cart", "team": "checkout", "pod-template-hash": "7d9"},
                "annotations": {},
            },
            "spec": {"nodeName": "node-1"},
        }
        (self.home / "meta" / f"shop_{pod}.meta").write_text(json.dumps(meta))
        now = datetime.now(UTC)
        with (self.home / "containers" / f"{pod}_shop_{container}-{'a' * 64}.log").open("a") as file:
            for index, (text, stream, flag) in enumerate(pieces):
                stamp = (now + timedelta(milliseconds=index)).strftime("%Y-%m-%dT%H:%M:%S.%f")
                file.write(f"{stamp}000Z {stream} {flag} {text}\n")

    @contextmanager
    def running(self) -> Iterator[None]:
        command = [self.program, "-c", self.config, "--enable-hot-reload"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.communicate(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            text: str = answer.read().decode()
            return text


def sent(program: str, home: Path, loki: StandIn, *lines: Any, expect: int, **settings: Any) -> list[Line]:
    """What Loki gets for these lines."""
    node = Node(program, home, loki, **settings)
    node.write(*lines)
    loki.open()
    with node.running():
        return loki.wait_for(expect)


def texts(lines: list[Line]) -> list[str]:
    return sorted(line.text for line in lines)


def test_both_configurations_are_accepted(fluent_bit: str, tmp_path: Path) -> None:
    for pipeline in (node_pipeline, events_pipeline):
        text = pipeline_text(pipeline({"cluster_name": "prod"}))
        (tmp_path / "process.lua").write_text("function process() end\nfunction event() end\n")
        file = tmp_path / "pipeline.yaml"
        file.write_text(text.replace(SCRIPT, str(tmp_path / "process.lua")).replace(STATE, str(tmp_path)))
        done = subprocess.run([fluent_bit, "-c", file, "--dry-run"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "configuration test is successful" in done.stderr + done.stdout


def test_labels_of_the_whole_cluster_are_on_every_stream(fluent_bit: str, tmp_path: Path, loki: StandIn) -> None:
    labels = {"environment": "prod", "site": "eu-west-1/a:2"}
    (line,) = sent(fluent_bit, tmp_path, loki, "plain", expect=1, external_labels=labels)
    assert line.labels.items() >= {"cluster": "prod", "source": "pods", **labels}.items()


def test_a_line_arrives_as_written_with_few_labels_and_the_rest_beside_it(
    fluent_bit: str, tmp_path: Path, loki: StandIn
) -> None:
    text = json.dumps({"level": "info", "msg": "order placed", "trace_id": TRACE, "span_id": SPAN})
    (line,) = sent(fluent_bit, tmp_path, loki, text, expect=1)
    assert line.text == text, "LogQL's `| json` reads it"
    assert line.labels == {
        "cluster": "prod",
        "source": "pods",
        "namespace": "shop",
        "app": "cart",
        "level": "info",
        "stream": "stdout",
    }
    assert line.metadata == {
        "pod": "cart-7d9",
        "container": "cart",
        "node": "node-1",
        "label_team": "checkout",
        "trace_id": TRACE,
        "span_id": SPAN,
    }
    assert line.tenant == "fake"


def test_stack_traces_and_cut_lines_are_one_entry_each(fluent_bit: str, tmp_path: Path, loki: StandIn) -> None:
    java = [
        'Exception in thread "main" java.lang.IllegalStateException: boom',
        "\tat com.example.Cart.main(Cart.java:1)",
        "Caused by: java.lang.NullPointerException: x",
        "\t... 5 more",
    ]
    python = ["Traceback (most recent call last):", '  File "a.py", line 1, in f', "    g()", "ValueError: bad"]
    chained = [*python, "", "During handling of the above exception, another exception occurred:", "", *python]
    go = ["panic: index out of range", "", "goroutine 1 [running]:", "main.main()", "\t/app/main.go:10 +0x1d"]
    cut = [("a very long li", "stdout", "P"), ("ne in two pieces", "stdout", "F")]
    lines = sent(
        fluent_bit, tmp_path, loki, *java, "after java", *chained, "after python", *go, "exit status 2", *cut, expect=7
    )
    whole = ["\n".join(trace) for trace in (java, chained, go)]
    assert texts(lines) == sorted(
        [*whole, "after java", "after python", "exit status 2", "a very long line in two pieces"]
    )
    levels = {line.text: line.labels["level"] for line in lines}
    assert [levels[trace] for trace in whole] == ["error", "error", "fatal"]


def test_debug_is_dropped_on_the_node_unless_wanted(fluent_bit: str, tmp_path: Path, loki: StandIn) -> None:
    lines = ('{"level":"debug","msg":"a"}', "level=trace b", '{"level":20,"msg":"c"}', "INFO d")
    assert texts(sent(fluent_bit, tmp_path / "drop", loki, *lines, expect=1)) == ["INFO d"]
    loki.close()
    loki.lines.clear()
    kept = sent(fluent_bit, tmp_path / "keep", loki, *lines, expect=4, drop_debug=False)
    assert sorted(line.labels["level"] for line in kept) == ["debug", "debug", "info", "trace"]


def test_errors_take_a_way_of_their_own(fluent_bit: str, tmp_path: Path, loki: StandIn) -> None:
    node = Node(fluent_bit, tmp_path, loki)
    node.write("level=info a", "level=info b", "level=error c", ("E1121 10:00:00.0 d", "stderr", "F"), "level=warn e")
    loki.open()
    with node.running():
        assert len(loki.wait_for(5)) == 5
        metrics = node.get("/api/v2/metrics/prometheus")
        health = json.loads(node.get("/api/v2/health"))
    assert 'fluentbit_output_proc_records_total{name="chatter"} 3' in metrics
    assert 'fluentbit_output_proc_records_total{name="urgent"} 2' in metrics
    assert health["status"] == "ok"
    for name in ("dropped_records_total", "retries_total", "proc_records_total"):
        assert f"fluentbit_output_{name}{{" in metrics, "an alert counts it"


def test_secrets_and_personal_data_stay_on_the_node(fluent_bit: str, tmp_path: Path, loki: StandIn) -> None:
    lines = sent(
        fluent_bit,
        tmp_path,
        loki,
        '{"level":"info","email":"bob@example.com","password":"hunter2"}',
        "Authorization: Bearer abc.def-ghi card 4111 1111 1111 1111",
        "customer K-123456",
        expect=3,
        redaction={"patterns": {"customer": "K%-%d+"}},
    )
    assert texts(lines) == [
        "Authorization: Bearer [REDACTED:bearer-token] card [REDACTED:card-number]",
        "customer [REDACTED:customer]",
        '{"level":"info","email":"[REDACTED:email]","password":"[REDACTED:secret]"}',
    ]


def test_nothing_is_lost_while_loki_is_down_nor_sent_twice_after_a_restart(
    fluent_bit: str, tmp_path: Path, loki: StandIn
) -> None:
    node = Node(fluent_bit, tmp_path, loki)
    first = [f"level=info line {i}" for i in range(500)]
    node.write(*first)
    with node.running():
        time.sleep(5)
        assert list((tmp_path / "state" / "buffer").rglob("*.flb")), "on the disk by now"
    node.write("level=error while nobody reads")
    loki.open()
    with node.running():
        node.write("level=info last")
        arrived = loki.wait_for(502)
    assert texts(arrived) == sorted([*first, "level=error while nobody reads", "level=info last"])
    with node.running():
        assert len(loki.wait_for(503, seconds=3)) == 502, "the position is kept"


def test_the_canary_s_lines_have_a_label_that_nobody_else_has(fluent_bit: str, tmp_path: Path, loki: StandIn) -> None:
    node = Node(fluent_bit, tmp_path, loki)
    node.write("1763718986123456789 ppppp", pod="loki-canary-x", container="canary")
    node.write("1763718986123456789 ppppp")
    loki.open()
    with node.running():
        lines = loki.wait_for(2)
    assert sorted(line.labels.get("canary", "") for line in lines) == ["", "loki-canary-x"]
    assert set(texts(lines)) == {"1763718986123456789 ppppp"}, "it looks for exactly what it wrote"


def test_a_namespace_s_lines_go_to_its_tenant(fluent_bit: str, tmp_path: Path, loki: StandIn) -> None:
    tenants = {"games": {"namespaces": ["shop"]}}
    (line,) = sent(fluent_bit, tmp_path, loki, "level=info x", expect=1, tenant="platform", tenants=tenants)
    assert line.tenant == "games"

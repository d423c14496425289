"""The agent's configuration read by Alloy's own parser, and the alerts by promtool.

Needs `alloysyntax` (`ALLOYSYNTAX`, or on PATH; `python tools/build.py alloy` builds it) and `promtool` (`PROMTOOL`, or
on PATH). Alloy itself can't be built from the Go module proxy, so what its components accept is written down here,
from their reference at the pinned version.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from components.profiles.alerts import profiles_alerts
from components.profiles.alloy_config import alloy_config

ARGS: Any = {"write_url": "http://pyroscope-distributor.observability.svc.cluster.local:4040", "cluster_name": "prod"}
CONFIGS = {
    "one tenant": alloy_config(ARGS),
    "several tenants": alloy_config({**ARGS, "tenant": "it's-(games)*"}),
    "without eBPF": alloy_config({**ARGS, "ebpf_enabled": False, "sample_rate_hz": 100}),
    "odd names": alloy_config({**ARGS, "cluster_name": 'a "b" \\c'}),
    "over TLS": alloy_config({**ARGS, "serve_tls": True, "ca_file": "/etc/tls/ca.crt"}),
    "to the centre": alloy_config(
        {
            **ARGS,
            "write_url": "http://127.0.0.1:4041",
            "tenant": "games",
            "external_labels": {"region": "eu-west-1"},
            "serve_tls": True,
        }
    ),
}


def program(name: str) -> str:
    found = os.environ.get(name.upper()) or shutil.which(name)
    if not found:
        pytest.skip(f"no {name}: set {name.upper()} or put it on PATH")
    return found


def read(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("alloysyntax"), *arguments], input=text, capture_output=True, text=True, check=False, timeout=30
    )


def blocks(text: str) -> list[dict[str, Any]]:
    done = read(text, "-json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


class Known(NamedTuple):
    """What a block takes: attributes with the start of their values' texts, blocks, and what must be there."""

    attributes: dict[str, str]
    blocks: tuple[str, ...] = ()
    needed: frozenset[str] = frozenset()


STRING, NUMBER, BOOL, LIST, OBJECT, TARGETS = '"', r"\d", "true|false", r"\[", r"\{", r"discovery\."
PROFILE = Known({"enabled": BOOL, "path": STRING, "delta": BOOL})
KNOWN = {
    "logging": Known({"level": STRING, "format": STRING}),
    "discovery.kubernetes": Known({"role": STRING}, ("selectors",), frozenset({"role"})),
    "selectors": Known({"role": STRING, "field": STRING, "label": STRING}, (), frozenset({"role"})),
    "discovery.relabel": Known({"targets": TARGETS}, ("rule",), frozenset({"targets"})),
    "rule": Known(
        {
            "action": STRING,
            "source_labels": LIST,
            "separator": STRING,
            "regex": STRING,
            "target_label": STRING,
            "replacement": STRING,
        }
    ),
    "pyroscope.ebpf": Known(
        {"targets": TARGETS, "forward_to": LIST, "sample_rate": NUMBER, "collect_interval": STRING},
        (),
        frozenset({"targets", "forward_to"}),
    ),
    "pyroscope.scrape": Known(
        {"targets": TARGETS, "forward_to": LIST, "job_name": STRING, "scrape_interval": STRING},
        ("profiling_config",),
        frozenset({"targets", "forward_to"}),
    ),
    "profiling_config": Known(
        {}, tuple(f"profile.{kind}" for kind in ("process_cpu", "memory", "goroutine", "mutex", "block"))
    ),
    **{f"profile.{kind}": PROFILE for kind in ("process_cpu", "memory", "goroutine", "mutex", "block")},
    "pyroscope.write": Known({"external_labels": OBJECT}, ("endpoint",)),
    "endpoint": Known(
        {"url": STRING, "headers": OBJECT},
        ("tls_config",),
        frozenset({"url"}),
    ),
    "tls_config": Known({"ca_file": STRING, "min_version": STRING}),
    "http": Known({}, ("tls",)),
    "tls": Known(
        {"cert_file": STRING, "key_file": STRING, "min_version": STRING}, (), frozenset({"cert_file", "key_file"})
    ),
}
"""Alloy's reference, discovery.* and pyroscope.*: of each block what this configuration may use of it."""
EXPORTS = {"discovery.kubernetes": "targets", "discovery.relabel": "output", "pyroscope.write": "receiver"}


def faults(block: dict[str, Any]) -> list[str]:
    name, known = block["name"], KNOWN.get(block["name"])
    if known is None:
        return [f"{name}: no such block"]
    found = [f"{name}: lacks {missing}" for missing in sorted(known.needed - set(block["attributes"]))]
    for attribute, text in block["attributes"].items():
        if attribute not in known.attributes:
            found.append(f"{name}.{attribute}: not known")
        elif not re.match(known.attributes[attribute], text):
            found.append(f"{name}.{attribute}: {text}")
    found += [f"{name}: takes no {inner['name']}" for inner in block["blocks"] if inner["name"] not in known.blocks]
    return found + [fault for inner in block["blocks"] if inner["name"] in KNOWN for fault in faults(inner)]


def references(value: Any) -> set[str]:
    """Everything like `discovery.relabel.pods.output` outside of strings."""
    if isinstance(value, dict):
        return {found for item in value.values() for found in references(item)}
    if isinstance(value, list):
        return {found for item in value for found in references(item)}
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", str(value))
    return set(re.findall(r"\b(?:discovery|pyroscope)\.\w+\.\w+\.\w+", outside))


@pytest.mark.parametrize("name", CONFIGS)
def test_alloy_s_parser_takes_it_and_its_formatter_leaves_it_alone(name: str) -> None:
    done = read(CONFIGS[name])
    assert done.returncode == 0, done.stderr
    assert done.stdout == CONFIGS[name]


@pytest.mark.parametrize(
    "text", ['logging { level = "info"', "logging { level = }", 'logging { level = "a" level = "b" }']
)
def test_it_would_refuse_a_mistake(text: str) -> None:
    assert read(text).returncode != 0


@pytest.mark.parametrize("name", CONFIGS)
def test_every_block_and_attribute_is_one_that_alloy_knows(name: str) -> None:
    assert [fault for block in blocks(CONFIGS[name]) for fault in faults(block)] == []


def test_an_unknown_attribute_would_be_found() -> None:
    text = CONFIGS["one tenant"].replace("sample_rate ", "sample_rat  ").replace("endpoint {", "endpont {")
    found = [fault for block in blocks(text) for fault in faults(block)]
    assert found == ["pyroscope.ebpf.sample_rat: not known", "pyroscope.write: takes no endpont"]


@pytest.mark.parametrize("name", CONFIGS)
def test_every_reference_is_to_something_that_a_component_here_exports(name: str) -> None:
    found = blocks(CONFIGS[name])
    labels = [(block["name"], block["label"]) for block in found]
    assert len(set(labels)) == len(labels), "two components of one name"
    exported = {f"{kind}.{label}.{EXPORTS[kind]}" for kind, label in labels if kind in EXPORTS}
    used = references([[block["attributes"], block["blocks"]] for block in found])
    assert used <= exported
    assert exported == used, "nothing is made for nobody"


def test_promtool_takes_the_alerts(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": profiles_alerts("observability-agents")}))
    command = [program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_alerts_fire_when_they_should(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": profiles_alerts("observability-agents")}))
    cpu = 'container_cpu_usage_seconds_total{namespace="observability-agents",container="alloy",node="n1"}'
    series = {
        'pyroscope_metastore_raft_state{state="Leader",pod="a"}': "1+0x20 0+0x80",
        'pyroscope_segment_writer_upload_duration_seconds_count{status="success"}': "0+60x100",
        'pyroscope_compaction_worker_jobs_completed_total{status="success"}': "0+60x20 1200+0x80",
        'pyroscope_discarded_samples_total{tenant="a",reason="rate_limited"}': "0+0x20 0+60x80",
        cpu: "0+6x100",
        'kube_node_status_capacity{resource="cpu",node="n1"}': "4+0x100",
    }
    fires = {
        "PyroscopeMetastoreWithoutLeader": ("10m", "30m"),
        "PyroscopeCompactionStopped": ("10m", "90m"),
        "PyroscopeProfilesDiscarded": ("10m", "60m"),
        "ProfilesAgentTooExpensive": ("10m", "80m"),
        "PyroscopeUploadsFailing": ("90m", ""),
    }
    tests = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
                        "eval_time": time,
                        "exp_samples": [{"labels": "{}", "value": int(firing)}],
                    }
                    for alert, times in fires.items()
                    for time, firing in zip(times, (False, True), strict=True)
                    if time
                ],
            }
        ],
    }
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests))
    command = [program("promtool"), "test", "rules", str(tmp_path / "tests.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr

"""Fluent Bit's pipelines, as the data that its YAML configuration is.

Lines: files of the node's containers -> whole stack traces -> Kubernetes' names -> level, redaction, labels (Lua)
-> errors apart from the rest -> Loki. Events: the API server -> the same script -> Loki.
"""

from typing import Any

from .. import defaults
from . import names
from .fluent_bit_args import STREAM_LABELS, FluentBitArgs
from .fluent_bit_target import target

STATE = "/var/lib/fluent-bit"
"""On the node's disk: which file was read how far, and what has not reached Loki yet."""
SCRIPT = "/fluent-bit/scripts/process.lua"

OWN_LOGS = f"/var/log/containers/{names.FLUENT_BIT}-*.log"
"""Not collected: while Loki is down each failure would be a line, and each line a failure."""

URGENT = "urgent"
"""Tag of what is an error. It has a buffer of its own, which a flood of chatter can't displace."""

Section = dict[str, Any]

PYTHON_TRACEBACK: Section = {
    "name": "python_traceback",
    "type": "regex",
    "flush_timeout": 1000,
    "rules": [
        {"state": state, "regex": regex, "next_state": then}
        for state, regex, then in (
            ("start_state", r"/^Traceback \(most recent call last\):$/", "frames"),
            ("frames", r"/^[\t ]+/", "frames"),
            ("frames", r"/^[A-Za-z_][\w.]*(: .*)?$/", "chain"),
            ("chain", r"/^$/", "chain"),
            ("chain", r"/^(During handling of the above exception|The above exception was the direct cause)/", "chain"),
            ("chain", r"/^Traceback \(most recent call last\):$/", "frames"),
        )
    ],
}
"""Fluent Bit's own parser for Python sends the exception's line twice, and tears chained exceptions apart."""


def node_pipeline(args: FluentBitArgs) -> Section:
    """The configuration of the DaemonSet."""
    return {
        "service": _service(),
        "multiline_parsers": [PYTHON_TRACEBACK],
        "pipeline": {
            "inputs": [_container_files()],
            "filters": [_stack_traces(), _kubernetes(), _script("kube.*", "process"), _errors_apart()],
            "outputs": [
                _loki(args, "kube.*", "pods", STREAM_LABELS, "chatter"),
                _loki(args, f"{URGENT}.*", "pods", STREAM_LABELS, URGENT),
            ],
        },
    }


def events_pipeline(args: FluentBitArgs) -> Section:
    """The configuration of the one collector of events."""
    return {
        "service": _service(),
        "pipeline": {
            "inputs": [
                {
                    "name": "kubernetes_events",
                    "tag": "events",
                    # What was sent before a restart isn't sent again.
                    "db": f"{STATE}/events.db",
                    "kube_retention_time": "1h",
                    "storage.type": "filesystem",
                }
            ],
            "filters": [_script("events", "event")],
            "outputs": [_loki(args, "events", "kubernetes-events", ("namespace", "level"), "events", buffer_gib=1)],
        },
    }


def _service() -> Section:
    return {
        "flush": 1,
        # Time for what is in memory to reach the disk or Loki, when the pod is stopped.
        "grace": 25,
        "log_level": "warn",
        "http_server": "on",
        "http_listen": "0.0.0.0",
        "http_port": names.FLUENT_BIT_PORT,
        "health_check": "on",
        "storage.path": f"{STATE}/buffer",
        "storage.sync": "normal",
        "storage.checksum": "off",
        "storage.metrics": "on",
        # 2 MB each: what is in memory of the buffer at a time. The rest waits on the disk.
        "storage.max_chunks_up": 64,
        "storage.backlog.mem_limit": "32M",
        "storage.delete_irrecoverable_chunks": "on",
        # Seconds between two attempts, at most: Loki is back for half a minute at most before it hears of it.
        "scheduler.cap": 30,
    }


def _container_files() -> Section:
    return {
        "name": "tail",
        "path": "/var/log/containers/*.log",
        "exclude_path": OWN_LOGS,
        "tag": "kube.*",
        # Puts together what the container runtime has cut into pieces of 16 KiB.
        "multiline.parser": "cri, docker",
        "db": f"{STATE}/tail.db",
        "db.locking": True,
        "db.journal_mode": "WAL",
        # A pod that lived for a second only is read too.
        "read_from_head": True,
        "refresh_interval": 5,
        "rotate_wait": 30,
        "buffer_chunk_size": "64k",
        "buffer_max_size": "1M",
        "skip_long_lines": True,
        "storage.type": "filesystem",
    }


def _stack_traces() -> Section:
    """One entry for each stack trace, not one for each of its lines. First of the filters, as it asks to be."""
    return {
        "name": "multiline",
        "match": "kube.*",
        "multiline.key_content": "log",
        "multiline.parser": f"java, {PYTHON_TRACEBACK['name']}, go",
        "buffer": True,
        "flush_ms": 1000,
        "emitter_name": "stack_traces",
        "emitter_storage.type": "filesystem",
        "emitter_mem_buf_limit": "32M",
    }


def _kubernetes() -> Section:
    """Names and labels of the pod, and the line's own fields if it is JSON, below `parsed`."""
    return {
        "name": "kubernetes",
        "match": "kube.*",
        "kube_tag_prefix": "kube.var.log.containers.",
        "merge_log": True,
        "merge_log_key": "parsed",
        "keep_log": True,
        "labels": True,
        "annotations": False,
        "k8s-logging.parser": False,
        # A pod annotated `fluentbit.io/exclude: "true"` is left out.
        "k8s-logging.exclude": True,
        # Pods with many annotations don't fit the usual 32 KB.
        "buffer_size": "0",
        "kube_meta_cache_ttl": "10m",
    }


def _script(match: str, call: str) -> Section:
    return {"name": "lua", "match": match, "script": SCRIPT, "call": call, "protected_mode": True}


def _errors_apart() -> Section:
    return {
        "name": "rewrite_tag",
        "match": "kube.*",
        "rule": f"$level ^(error|fatal)$ {URGENT}.$TAG false",
        "emitter_name": URGENT,
        "emitter_storage.type": "filesystem",
        "emitter_mem_buf_limit": "32M",
    }


def _loki(
    args: FluentBitArgs, match: str, source: str, keys: tuple[str, ...], alias: str, buffer_gib: int | None = None
) -> Section:
    """A few labels that tell streams apart; everything else goes along as structured metadata."""
    room = buffer_gib or int(args.get("buffer_gib", defaults.LOG_BUFFER_GIB))
    fixed = {"cluster": args["cluster_name"], "source": source, **args.get("external_labels", {})}
    return {
        "name": "loki",
        "alias": alias,
        "match": match,
        **target(args),
        "tenant_id_key": "$tenant",
        "labels": ", ".join(f"{label}={value}" for label, value in fixed.items()),
        "label_keys": ", ".join(f"${key}" for key in keys),
        "structured_metadata_map_keys": "$metadata",
        "remove_keys": ", ".join((*keys, "tenant", "metadata")),
        "line_format": "json",
        # Only the line itself is left by now, and is sent as it was written.
        "drop_single_key": "raw",
        "compress": "gzip",
        "workers": 2,
        # Until Loki takes it, however long that is; how much waits, the bound says.
        "retry_limit": "no_limits",
        "storage.total_limit_size": f"{room}G",
    }

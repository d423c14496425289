"""Values of Fluent Bit's chart, as pure functions: one for every node, one for the cluster's events.

The configuration is a YAML file of our own. The chart's own sections, whose default sends everything to an
Elasticsearch, are emptied and not read.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import yaml

from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, resources, restricted_pod
from . import names
from .fluent_bit_alerts import fluent_bit_rules
from .fluent_bit_args import FluentBitArgs, default_tenant
from .fluent_bit_config import STATE, events_pipeline, node_pipeline
from .fluent_bit_script import script
from .fluent_bit_target import mounted, reloading
from .redaction import redaction_patterns
from .tenants import namespace_tenants

FILE = "pipeline.yaml"
USER = 10001
"""Of the collector of events; the image has no user of its own and runs as whoever it is told to."""

NODE_CONTAINER = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsUser": 0,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Root, because the container runtime gives its files to root alone, but with none of root's capabilities: owning
the files is enough."""


def fluent_bit_values(args: FluentBitArgs) -> dict[str, Any]:
    """Values of the DaemonSet."""
    return {
        **_common(args, node_pipeline(args)),
        **mounted(args, names.FLUENT_BIT),
        "kind": "DaemonSet",
        "fullnameOverride": names.FLUENT_BIT,
        "rbac": {"create": True, "nodeAccess": False, "eventsAccess": False},
        "securityContext": NODE_CONTAINER,
        "resources": resources(args.get("cpu", "50m"), args.get("memory", "256Mi"), _ten_times(args.get("cpu", "50m"))),
        # Where there are pods there are logs, also on tainted nodes.
        "tolerations": [{"operator": "Exists"}],
        "priorityClassName": "system-node-critical",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
        "terminationGracePeriodSeconds": 30,
        "daemonSetVolumes": [
            {"name": "varlog", "hostPath": {"path": "/var/log"}},
            {
                "name": "state",
                "hostPath": {"path": "/var/lib/eks-observability/fluent-bit", "type": "DirectoryOrCreate"},
            },
        ],
        "daemonSetVolumeMounts": [
            {"name": "varlog", "mountPath": "/var/log", "readOnly": True},
            {"name": "state", "mountPath": STATE},
        ],
        "prometheusRule": {"enabled": True, "rules": fluent_bit_rules()},
    }


def events_values(args: FluentBitArgs) -> dict[str, Any]:
    """Values of the collector of events: one replica, for two would report every event twice."""
    read = mounted(args, names.EVENTS)
    return {
        **_common(args, events_pipeline(args)),
        "kind": "Deployment",
        "fullnameOverride": names.EVENTS,
        "replicaCount": 1,
        "updateStrategy": {"type": "Recreate"},
        "rbac": {"create": True, "nodeAccess": False, "eventsAccess": True},
        "podSecurityContext": restricted_pod(USER),
        "securityContext": RESTRICTED_CONTAINER,
        "resources": resources("20m", "128Mi", "200m"),
        "affinity": NOT_ON_SPOT,
        # What a lost pod had not sent yet, the API server still knows: it keeps events for an hour.
        "extraVolumes": [{"name": "state", "emptyDir": {"sizeLimit": "2Gi"}}, *read.get("extraVolumes", [])],
        "extraVolumeMounts": [{"name": "state", "mountPath": STATE}, *read.get("extraVolumeMounts", [])],
    }


def _common(args: FluentBitArgs, pipeline: Mapping[str, Any]) -> dict[str, Any]:
    text, lua = pipeline_text(pipeline), _script(args)
    return {
        **reloading(args, hashlib.sha256(f"{text}{lua}".encode()).hexdigest()),
        "serviceAccount": {"create": True},
        "testFramework": {"enabled": False},
        "service": {"labels": {"app.kubernetes.io/part-of": "eks-observability"}},
        "serviceMonitor": {"enabled": True},
        "dashboards": {"enabled": True},
        "args": ["--workdir=/fluent-bit/etc", f"--config=/fluent-bit/etc/conf/{FILE}"],
        "config": {
            **dict.fromkeys(("service", "inputs", "filters", "outputs", "customParsers"), ""),
            "extraFiles": {FILE: literal(text)},
        },
        "luaScripts": {"process.lua": literal(lua)},
    }


def _script(args: FluentBitArgs) -> str:
    drop = ("trace", "debug") if args.get("drop_debug", True) else ()
    patterns = redaction_patterns(args.get("redaction"))
    tenants = namespace_tenants(args.get("tenants", {}))
    return script(patterns, drop, default_tenant(args), tenants, canary="canary")


def pipeline_text(pipeline: Mapping[str, Any]) -> str:
    """A pipeline as Fluent Bit's YAML."""
    return yaml.safe_dump(dict(pipeline), sort_keys=False, width=1000)


def literal(text: str) -> str:
    """A text that Helm's templates leave as it is."""
    return text.replace("{{", '{{ "{{" }}')


def _ten_times(cpu: str) -> str:
    """A burst after an outage is worked off at once; a quiet node needs next to nothing."""
    return f"{int(cpu[:-1]) * 10}m" if cpu.endswith("m") else f"{round(float(cpu) * 10000)}m"

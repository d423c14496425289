"""The buffer's part in the values of the agent's chart: a container, its volumes, its ConfigMap. Only with a centre."""

import hashlib
from typing import Any

from .. import defaults
from ..foundation.labels import labels
from ..foundation.pods import RESTRICTED_CONTAINER, resources
from ..security.certificate import secret_mount, secret_volume
from ..versions import NGINX_VERSION
from . import names
from .alloy_args import ProfilesAgentArgs
from .buffer_config import CONFIG_FOLDER, FOLDER, SCRIPT, buffer_files
from .tls import CENTRE_CA_FOLDER, CENTRE_CERTIFICATE_FOLDER

BUFFER_URL = f"http://127.0.0.1:{names.BUFFER_PORT}"
"""Where the agent writes to, within its pod."""
USER = 101
"""The user of the image."""
NAME = f"{names.AGENT}-buffer"
GRACE_SECONDS = 60
"""A push under way takes up to 20 seconds, and what is left gets ten more."""


def buffer_controller(args: ProfilesAgentArgs) -> dict[str, Any]:
    """Part of `controller`. The pod's checksum is of Alloy's configuration only, so the buffer's is added."""
    if "centre" not in args:
        return {}
    text = "".join(f"{name}\n{content}" for name, content in sorted(_files(args).items()))
    return {
        "extraContainers": [_container()],
        "podAnnotations": {"checksum/buffer": hashlib.sha256(text.encode()).hexdigest()},
        "terminationGracePeriodSeconds": GRACE_SECONDS,
    }


def buffer_objects(args: ProfilesAgentArgs) -> dict[str, Any]:
    """Objects beside the chart's own."""
    if "centre" not in args:
        return {}
    metadata = {
        "name": NAME,
        "namespace": args.get("namespace", "observability-agents"),
        "labels": labels(NAME, names.AGENT, "buffer"),
    }
    return {"extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": _files(args)}]}


def buffer_volumes(args: ProfilesAgentArgs) -> list[dict[str, Any]]:
    """A pod whose emptyDir grows over its limit is evicted, and all would be lost: the script stops well before."""
    if "centre" not in args:
        return []
    centre = args["centre"]
    return [
        {"name": "buffer", "emptyDir": {"sizeLimit": f"{_mib(args) * 5 // 4 + 64}Mi"}},
        {"name": "buffer-tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        {"name": "buffer-configuration", "configMap": {"name": NAME}},
        secret_volume(centre["certificate_secret_name"], "centre-certificate"),
        secret_volume(centre["ca_secret_name"], "centre-authority"),
    ]


def _mib(args: ProfilesAgentArgs) -> int:
    return int(args.get("buffer_mib", defaults.PROFILES_BUFFER_MIB))


def _files(args: ProfilesAgentArgs) -> dict[str, str]:
    return buffer_files({"url": f"https://{args['centre']['host']}", "buffer_mib": _mib(args)})


def _container() -> dict[str, Any]:
    return {
        "name": "buffer",
        "image": f"docker.io/nginxinc/nginx-unprivileged:{NGINX_VERSION}",
        # Not the image's own entry point, which writes into /etc.
        "command": ["/bin/sh", f"{CONFIG_FOLDER}/{SCRIPT}"],
        "resources": resources("20m", "64Mi", "200m"),
        # Said in full: the pod itself is root's where there is eBPF.
        "securityContext": {**RESTRICTED_CONTAINER, "runAsUser": USER, "runAsGroup": USER},
        "volumeMounts": [
            {"name": "buffer-configuration", "mountPath": CONFIG_FOLDER, "readOnly": True},
            {"name": "buffer", "mountPath": FOLDER},
            {"name": "buffer-tmp", "mountPath": "/tmp"},
            secret_mount("centre-certificate", CENTRE_CERTIFICATE_FOLDER),
            secret_mount("centre-authority", CENTRE_CA_FOLDER),
        ],
    }

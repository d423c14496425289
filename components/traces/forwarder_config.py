"""The forwarders' own configuration: everything from the agents onto a disk, and from there to the centre.

Nothing is chosen here: whether a trace is kept is judged at the centre, where all of it meets.
"""

from typing import Any, NamedTuple

from ..security.centre import OTLP_METRICS_PATH, TRACES_PATH, CentreArgs
from . import names
from .collector import disk_queue, health_check, memory_limiter, otlp_receiver, retry, service
from .gateway_config import file_storage
from .tls import RELOAD, otlp_server

CERTIFICATE_FOLDER, AUTHORITY_FOLDER = "/etc/centre/certificate", "/etc/centre/authority"
"""Where the two Secrets that lead to the centre are mounted."""
MESSAGE_MIB = 4
"""Largest request to the centre, before it is packed."""


class ForwarderQueues(NamedTuple):
    """Room on the volume, in GiB: full files are up to twice as large as what they hold."""

    spans: float
    metrics: float


def forwarder_config(
    tenant: str,
    centre: CentreArgs,
    queues: ForwarderQueues,
    queue_folder: str,
    *,
    metrics: bool,
    encrypted: bool,
) -> dict[str, Any]:
    """The collector's configuration."""
    exporters = {"otlp_http/spans": _centre(centre, tenant, "traces_endpoint", TRACES_PATH, queues.spans)}
    pipelines: dict[str, Any] = {
        "traces": {"receivers": ["otlp"], "processors": ["memory_limiter"], "exporters": ["otlp_http/spans"]}
    }
    processors: dict[str, Any] = {"memory_limiter": memory_limiter()}
    if metrics:
        exporters["otlp_http/metrics"] = _centre(centre, tenant, "metrics_endpoint", OTLP_METRICS_PATH, queues.metrics)
        # Prometheus takes no attribute of a resource for a label, and the centre's has every cluster's metrics.
        say = (
            f'set(datapoint.attributes["{names.CLUSTER_ATTRIBUTE}"], resource.attributes["{names.CLUSTER_ATTRIBUTE}"])'
        )
        processors["transform/cluster"] = {"metric_statements": [say]}
        pipelines["metrics"] = {
            "receivers": ["otlp"],
            "processors": ["memory_limiter", "transform/cluster"],
            "exporters": ["otlp_http/metrics"],
        }
    return {
        "extensions": {"health_check": health_check(), "file_storage": file_storage(queue_folder)},
        "receivers": {"otlp": otlp_receiver(otlp_server() if encrypted else None)},
        "processors": processors,
        "exporters": exporters,
        "service": service(["file_storage"], pipelines),
    }


def _centre(centre: CentreArgs, tenant: str, key: str, path: str, queue_gib: float) -> dict[str, Any]:
    """What the agents handed over is on disk before they hear that it is, and stays until the centre has it.

    Hence no `batch` processor: small requests are put together on their way from the disk.
    """
    return {
        key: f"https://{centre['host']}{path}",
        "tls": {
            "ca_file": f"{AUTHORITY_FOLDER}/ca.crt",
            "cert_file": f"{CERTIFICATE_FOLDER}/tls.crt",
            "key_file": f"{CERTIFICATE_FOLDER}/tls.key",
            "reload_interval": RELOAD,
            "min_version": "1.2",
        },
        # The entrance puts the tenant there that belongs to the certificate; this one is for whoever reads along.
        "headers": {names.TENANT_HEADER: tenant},
        "timeout": "30s",
        "retry_on_failure": retry(0),
        "sending_queue": disk_queue(
            queue_gib, {"min_size": 2**20, "max_size": MESSAGE_MIB * 2**20, "flush_timeout": "1s"}
        ),
    }

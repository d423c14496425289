"""Values of the collector's chart for the forwarders of a cluster without Tempo, as a pure function."""

from math import ceil
from typing import Any

from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, resources, restricted_pod
from ..metrics.sizing import twice
from ..security.certificate import secret_mount, secret_volume
from . import names
from .collector import USER, collector_values
from .collector_rules import forwarder_rules
from .forwarder_config import AUTHORITY_FOLDER, CERTIFICATE_FOLDER, ForwarderQueues, forwarder_config
from .gateway_values import QUEUE_FOLDER, SHUTDOWN_SECONDS, placed, queue_claim
from .sampling import Sampling, sampling
from .sizing import SPANS_PER_CORE
from .tls import mounted
from .traces_agent_args import TracesAgentArgs

OUTAGE_SECONDS = 3600
"""How long the centre may be away before anything is lost."""
WIRE_SPAN_BYTES = 512
"""A span in the queue: those of the measurement in docs/traces.md have 392."""
METRICS_SHARE = 0.2
"""Of the room for spans, as much again for metrics."""
SIZING: dict[str, Any] = {"replicas": 2, "memory": "512Mi"}


def forwarder_sizing(args: TracesAgentArgs) -> dict[str, Any]:
    """Replicas and room: given, or from the expected spans a second."""
    given: dict[str, Any] = {**SIZING, **args.get("sizing", {})}
    given = {key: int(value) if isinstance(value, float) else value for key, value in given.items()}
    chosen = sampling(args.get("sampling"))
    replicas = given["replicas"]
    spans = chosen.spans_per_second / max(replicas - 1, 1)
    computed = {
        "cpu": f"{max(ceil(spans / SPANS_PER_CORE * 4), 1) * 250}m",
        "storage_gib": ceil(2 * sum(hour_gib(chosen, replicas))),
    }
    return {**computed, **given}


def hour_gib(chosen: Sampling, replicas: int) -> ForwarderQueues:
    """What one of the forwarders collects in an hour without the centre."""
    spans = chosen.spans_per_second * WIRE_SPAN_BYTES * OUTAGE_SECONDS / replicas / 2**30
    return ForwarderQueues(spans, spans * METRICS_SHARE)


def forwarder_values(args: TracesAgentArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    sizing = forwarder_sizing(args)
    half, metrics = sizing["storage_gib"] / 2, bool(args.get("metrics_enabled", False))
    spans = half / (1 + METRICS_SHARE) if metrics else half
    encrypted = "certificate_issuer" in args
    config = forwarder_config(
        args["tenant"],
        args["centre"],
        ForwarderQueues(spans, half - spans),
        QUEUE_FOLDER,
        metrics=metrics,
        encrypted=encrypted,
    )
    own = mounted(names.FORWARDER) if encrypted else {"extraVolumes": [], "extraVolumeMounts": []}
    centre, replicas = args["centre"], sizing["replicas"]
    room = resources(sizing["cpu"], sizing["memory"], twice(sizing["cpu"]))
    return {
        **collector_values(names.FORWARDER, "statefulset", config, room, http=not encrypted),
        # Asks nothing of Kubernetes.
        "serviceAccount": {"create": True, "name": names.FORWARDER, "automountServiceAccountToken": False},
        "replicaCount": replicas,
        "podDisruptionBudget": {"enabled": replicas > 1, "maxUnavailable": 1},
        "podSecurityContext": restricted_pod(USER),
        "securityContext": RESTRICTED_CONTAINER,
        "affinity": NOT_ON_SPOT,
        "topologySpreadConstraints": placed(names.FORWARDER, replicas),
        "terminationGracePeriodSeconds": SHUTDOWN_SECONDS,
        # Headless: agents choose a pod, not the network.
        "service": {"enabled": True, "clusterIP": "None"},
        "statefulset": {"volumeClaimTemplates": [queue_claim(args.get("storage_class_name"), sizing["storage_gib"])]},
        "extraVolumes": [
            *own["extraVolumes"],
            secret_volume(centre["certificate_secret_name"], "centre-certificate"),
            secret_volume(centre["ca_secret_name"], "centre-authority"),
        ],
        "extraVolumeMounts": [
            {"name": "queue", "mountPath": QUEUE_FOLDER},
            *own["extraVolumeMounts"],
            secret_mount("centre-certificate", CERTIFICATE_FOLDER),
            secret_mount("centre-authority", AUTHORITY_FOLDER),
        ],
        "prometheusRule": {"enabled": True, "groups": forwarder_rules()},
    }

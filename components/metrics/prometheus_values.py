"""Values of kube-prometheus-stack, as a pure function.

Not here on purpose: Grafana (a release of its own; only the dashboards are made here), the CRDs (a release
before this one, so that they are upgraded), routing and receivers of alerts (alerting/).
"""

import hashlib
from typing import Any, NotRequired, TypedDict

import pulumi

from .. import defaults
from ..foundation.object_store import ObjectStoreArgs, credentials_environment
from ..foundation.pods import NOT_ON_SPOT, resources, spread
from ..validation import Fault
from ..versions import THANOS_VERSION
from . import names, tls
from .sizing import PrometheusSizingArgs, prometheus_sizing, prometheus_sizing_faults, twice
from .stack_values import (
    budget,
    kube_state_metrics_values,
    managed_control_plane,
    node_exporter_values,
    open_selectors,
    operator_values,
    volume,
)
from .store_faults import bucket_access_faults, certificate_issuer_faults


class PrometheusArgs(TypedDict):
    """What Prometheus, Alertmanager and the cluster's exporters need to know."""

    cluster_name: str
    """External label `cluster` on every series and alert; unique among the clusters that share a bucket."""
    object_store_config: str
    """Thanos' object store configuration, whose Secret the sidecar mounts; here for its checksum."""
    role_arn: NotRequired[pulumi.Input[str]]
    """ARN of the role through which the sidecar uploads blocks. Required without `object_store`."""
    object_store: NotRequired[ObjectStoreArgs]
    """Another S3 than AWS', and the Secret with the keys to it. Default: AWS', through the role."""
    certificate_issuer: NotRequired[str]
    """Name of the ClusterIssuer that signs for Prometheus, Alertmanager and the operator; they speak TLS then.
    Default: plain HTTP."""
    namespace: NotRequired[str]
    """Namespace of everything but node-exporter; Pod Security `restricted` suffices. Default observability."""
    agents_namespace: NotRequired[str]
    """Namespace of node-exporter, which needs Pod Security `privileged`. Default observability-agents."""
    storage_class_name: NotRequired[str]
    """Storage class of the volumes. Default gp3."""
    sizing: NotRequired[PrometheusSizingArgs]
    """Replicas and room. Default: 500,000 series."""
    remote_write_receiver: NotRequired[bool]
    """Let others push samples into Prometheus itself, and keep their exemplars (the traces' gateways do).
    Default false."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


def prometheus_faults(args: PrometheusArgs) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cloud."""
    return [
        *bucket_access_faults(args),
        *certificate_issuer_faults(args),
        *prometheus_sizing_faults(args.get("sizing"), "sizing"),
    ]


def prometheus_values(args: PrometheusArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    sizing = prometheus_sizing(args.get("sizing"))
    values = {
        "fullnameOverride": names.PROMETHEUS,
        "crds": {"enabled": False},
        "grafana": {
            "enabled": False,
            "forceDeployDashboards": True,
            "sidecar": {"dashboards": {"annotations": {"grafana_folder": "Metrics"}}},
        },
        **managed_control_plane(),
        # The chart scrapes cAdvisor, the largest source of series, more often than all else.
        "kubelet": {"serviceMonitor": {"cAdvisorInterval": f"{defaults.SCRAPE_INTERVAL_SECONDS}s"}},
        "prometheusOperator": operator_values(args.get("certificate_issuer", "")),
        "prometheus": _prometheus(args, sizing),
        "alertmanager": _alertmanager(args, sizing),
        "kube-state-metrics": kube_state_metrics_values(),
        "prometheus-node-exporter": node_exporter_values(args.get("agents_namespace", "observability-agents")),
    }
    if "certificate_issuer" in args:
        values["extraManifests"] = [tls.http_client_config(_namespace(args))]
    return values


def _prometheus(args: PrometheusArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    return {
        "serviceAccount": {
            "name": names.PROMETHEUS_SERVICE_ACCOUNT,
            **({"annotations": {"eks.amazonaws.com/role-arn": args["role_arn"]}} if "role_arn" in args else {}),
        },
        **_scraped(args, names.PROMETHEUS_CERTIFICATE, "prometheus"),
        "thanosService": {"enabled": True},
        "thanosServiceMonitor": {"enabled": True},
        "podDisruptionBudget": budget(sizing["replicas"]),
        "prometheusSpec": {
            **open_selectors(),
            **_data(args, sizing),
            **_web(args, names.PROMETHEUS_CERTIFICATE, "prometheus", names.PROMETHEUS_PORT),
            **_patched_sidecar(args),
            "replicas": sizing["replicas"],
            "scrapeInterval": f"{defaults.SCRAPE_INTERVAL_SECONDS}s",
            "serviceDiscoveryRole": "EndpointSlice",
            "externalLabels": {"cluster": args["cluster_name"]},
            "replicaExternalLabelName": names.REPLICA_LABEL,
            "enableRemoteWriteReceiver": bool(args.get("remote_write_receiver", False)),
            "enableFeatures": ["exemplar-storage"] if args.get("remote_write_receiver", False) else [],
            "resources": resources(sizing["cpu"], sizing["memory"], twice(sizing["cpu"])),
            "affinity": NOT_ON_SPOT,
            "topologySpreadConstraints": spread({"app.kubernetes.io/name": "prometheus"}, zoned(args)),
            "podMetadata": {"annotations": {"checksum/objstore": _checksum(args["object_store_config"])}},
            "thanos": _sidecar(args),
        },
    }


def _namespace(args: PrometheusArgs) -> str:
    return args.get("namespace", "observability")


def zoned(args: Any) -> bool:
    """Whether every node says in which zone it is, as AWS' do: a strict spread leaves pods out of all others."""
    return "object_store" not in args


def _web(args: PrometheusArgs, secret: str, service: str, port: int) -> dict[str, Any]:
    if "certificate_issuer" not in args:
        return {}
    external = names.url(f"{names.PROMETHEUS}-{service}", _namespace(args), port, tls=True)
    return {"web": tls.web(secret), "externalUrl": external}


def _scraped(args: PrometheusArgs, secret: str, service: str) -> dict[str, Any]:
    """How Prometheus scrapes itself and Alertmanager, with the reloaders beside them."""
    if "certificate_issuer" not in args:
        return {}
    server = names.host(f"{names.PROMETHEUS}-{service}", _namespace(args))
    return {"serviceMonitor": tls.caller(secret, server)}


def _patched_sidecar(args: PrometheusArgs) -> dict[str, Any]:
    """What the operator has no field for: keys to another S3, and how to call Prometheus over TLS."""
    patch: dict[str, Any] = {}
    spec: dict[str, Any] = {}
    if "object_store" in args:
        patch["env"] = credentials_environment(args["object_store"])
    if "certificate_issuer" in args:
        patch["volumeMounts"] = tls.sidecar_mounts()
        spec["volumes"] = tls.sidecar_volumes()
    return {**spec, "containers": [{"name": "thanos-sidecar", **patch}]} if patch else {}


def _data(args: PrometheusArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    """Local data: two-hour blocks that Prometheus never joins, since Thanos does that in the bucket."""
    hours = defaults.PROMETHEUS_LOCAL_HOURS + defaults.PROMETHEUS_UPLOAD_MARGIN_HOURS
    return {
        "retention": f"{hours}h",
        "retentionSize": f"{sizing['storage_gib'] * 4 // 5}GB",
        "disableCompaction": True,
        "storageSpec": volume(args.get("storage_class_name", "gp3"), sizing["storage_gib"]),
    }


def _sidecar(args: PrometheusArgs) -> dict[str, Any]:
    return {
        **(tls.sidecar_tls() if "certificate_issuer" in args else {}),
        "image": f"quay.io/thanos/thanos:{THANOS_VERSION}",
        "version": THANOS_VERSION,
        "objectStorageConfig": {
            "existingSecret": {"name": names.OBJECT_STORE_SECRET, "key": names.OBJECT_STORE_KEY},
        },
        "resources": resources("100m", "512Mi", "500m"),
    }


def _alertmanager(args: PrometheusArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    replicas = sizing["alertmanager_replicas"]
    return {
        "serviceAccount": {"automountServiceAccountToken": False},
        "podDisruptionBudget": budget(replicas),
        **_scraped(args, names.ALERTMANAGER_CERTIFICATE, "alertmanager"),
        "alertmanagerSpec": {
            **_web(args, names.ALERTMANAGER_CERTIFICATE, "alertmanager", names.ALERTMANAGER_PORT),
            **_alerted(args, replicas),
            "replicas": replicas,
            "automountServiceAccountToken": False,
            "resources": resources("50m", "128Mi", "200m"),
            "affinity": NOT_ON_SPOT,
            "topologySpreadConstraints": spread({"app.kubernetes.io/name": "alertmanager"}, zoned(args)),
            "storage": volume(args.get("storage_class_name", "gp3"), 5),
        },
    }


def _alerted(args: PrometheusArgs, replicas: int) -> dict[str, Any]:
    """How Prometheus calls Alertmanager, and Alertmanagers each other; one alone gossips with nobody."""
    if "certificate_issuer" not in args:
        return {}
    server = names.host(f"{names.PROMETHEUS}-alertmanager", _namespace(args))
    gossip = {"clusterTLS": tls.gossip(_namespace(args))} if replicas > 1 else {}
    return {**tls.caller(names.ALERTMANAGER_CERTIFICATE, server), **gossip}


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

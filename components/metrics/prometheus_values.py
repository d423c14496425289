"""Values of kube-prometheus-stack, as a pure function.

Not here on purpose: Grafana (a release of its own; only the dashboards are made here), the CRDs (a release
before this one, so that they are upgraded), routing and receivers of alerts (alerting/).
"""

import hashlib
from typing import Any, NotRequired, TypedDict

import pulumi

from .. import defaults
from ..foundation.pods import NOT_ON_SPOT, resources, spread
from ..versions import THANOS_VERSION
from . import names
from .sizing import PrometheusSizingArgs, prometheus_sizing, twice


class PrometheusArgs(TypedDict):
    """What Prometheus, Alertmanager and the cluster's exporters need to know."""

    cluster_name: str
    """External label `cluster` on every series and alert; unique among the clusters that share a bucket."""
    object_store_config: str
    """Thanos' object store configuration, whose Secret the sidecar mounts; here for its checksum."""
    role_arn: pulumi.Input[str]
    """ARN of the role through which the sidecar uploads blocks."""
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


def prometheus_values(args: PrometheusArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    sizing = prometheus_sizing(args.get("sizing"))
    return {
        "fullnameOverride": names.PROMETHEUS,
        "crds": {"enabled": False},
        "grafana": {"enabled": False, "forceDeployDashboards": True},
        **_managed_control_plane(),
        # The chart scrapes cAdvisor, the largest source of series, more often than all else.
        "kubelet": {"serviceMonitor": {"cAdvisorInterval": f"{defaults.SCRAPE_INTERVAL_SECONDS}s"}},
        "prometheusOperator": _operator(),
        "prometheus": _prometheus(args, sizing),
        "alertmanager": _alertmanager(args, sizing),
        "kube-state-metrics": _kube_state_metrics(),
        "prometheus-node-exporter": _node_exporter(args),
    }


def _managed_control_plane() -> dict[str, Any]:
    """AWS runs these where nobody can scrape them; their targets would be down and their alerts fire for ever.

    kube-proxy runs on the nodes but listens on 127.0.0.1 there.
    """
    rules = ("etcd", "kubeControllerManager", "kubeProxy", "kubeSchedulerAlerting", "kubeSchedulerRecording", "windows")
    off = {part: {"enabled": False} for part in ("kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler")}
    return {**off, "defaultRules": {"rules": dict.fromkeys(rules, False)}}


def _operator() -> dict[str, Any]:
    """The operator and its webhooks.

    The webhooks' certificate is made once by the chart's job, kept in a Secret and left alone by later
    upgrades (the job is a hook, which a real Helm release runs), so cert-manager isn't needed for it. They
    are asked and not obeyed when they don't answer, the chart's default: there is one operator, and while
    it restarts no other release with a rule in it should fail. A rule that slips through, it leaves out.
    """
    small = resources("20m", "64Mi", "200m")
    return {
        "resources": resources("100m", "256Mi", "500m"),
        "kubeletEndpointsEnabled": False,
        "kubeletEndpointSliceEnabled": True,
        "prometheusConfigReloader": {"resources": small},
        "thanosImage": {"tag": THANOS_VERSION},
        "admissionWebhooks": {"patch": {"enabled": True, "resources": small}},
    }


def _prometheus(args: PrometheusArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    return {
        "serviceAccount": {
            "name": names.PROMETHEUS_SERVICE_ACCOUNT,
            "annotations": {"eks.amazonaws.com/role-arn": args["role_arn"]},
        },
        "thanosService": {"enabled": True},
        "thanosServiceMonitor": {"enabled": True},
        "podDisruptionBudget": _budget(sizing["replicas"]),
        "prometheusSpec": {
            **_open_selectors(),
            **_data(args, sizing),
            "replicas": sizing["replicas"],
            "scrapeInterval": f"{defaults.SCRAPE_INTERVAL_SECONDS}s",
            "serviceDiscoveryRole": "EndpointSlice",
            "externalLabels": {"cluster": args["cluster_name"]},
            "replicaExternalLabelName": names.REPLICA_LABEL,
            "enableRemoteWriteReceiver": bool(args.get("remote_write_receiver", False)),
            "enableFeatures": ["exemplar-storage"] if args.get("remote_write_receiver", False) else [],
            "resources": resources(sizing["cpu"], sizing["memory"], twice(sizing["cpu"])),
            "affinity": NOT_ON_SPOT,
            "topologySpreadConstraints": spread({"app.kubernetes.io/name": "prometheus"}, stateful=True),
            "podMetadata": {"annotations": {"checksum/objstore": _checksum(args["object_store_config"])}},
            "thanos": _sidecar(),
        },
    }


def _open_selectors() -> dict[str, Any]:
    """Monitors, probes and rules of every namespace and every release count, not only this release's own."""
    kinds = ("serviceMonitor", "podMonitor", "probe", "rule", "scrapeConfig")
    return {f"{kind}SelectorNilUsesHelmValues": False for kind in kinds}


def _data(args: PrometheusArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    """Local data: two-hour blocks that Prometheus never joins, since Thanos does that in the bucket."""
    hours = defaults.PROMETHEUS_LOCAL_HOURS + defaults.PROMETHEUS_UPLOAD_MARGIN_HOURS
    return {
        "retention": f"{hours}h",
        "retentionSize": f"{sizing['storage_gib'] * 4 // 5}GB",
        "disableCompaction": True,
        "storageSpec": _volume(args, sizing["storage_gib"]),
    }


def _sidecar() -> dict[str, Any]:
    return {
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
        "podDisruptionBudget": _budget(replicas),
        "alertmanagerSpec": {
            "replicas": replicas,
            "automountServiceAccountToken": False,
            "resources": resources("50m", "128Mi", "200m"),
            "affinity": NOT_ON_SPOT,
            "topologySpreadConstraints": spread({"app.kubernetes.io/name": "alertmanager"}, stateful=True),
            "storage": _volume(args, 5),
        },
    }


def _kube_state_metrics() -> dict[str, Any]:
    """One replica: two would send every series twice. It may not read Secrets, not even their names."""
    return {
        "fullnameOverride": names.KUBE_STATE_METRICS,
        "collectorsExclude": ["secrets"],
        "resources": resources("50m", "256Mi", "200m"),
    }


def _node_exporter(args: PrometheusArgs) -> dict[str, Any]:
    """On every node, whatever its taints. It reads the host's files and network, as nobody; the chart
    mounts them read-only.
    """
    return {
        "fullnameOverride": names.NODE_EXPORTER,
        "namespaceOverride": args.get("agents_namespace", "observability-agents"),
        "tolerations": [{"operator": "Exists"}],
        "containerSecurityContext": {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "resources": resources("50m", "64Mi", "250m"),
    }


def _volume(args: PrometheusArgs, gib: int) -> dict[str, Any]:
    return {
        "volumeClaimTemplate": {
            "spec": {
                "storageClassName": args.get("storage_class_name", "gp3"),
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": f"{gib}Gi"}},
            }
        }
    }


def _budget(replicas: int) -> dict[str, Any]:
    """All but one stay up. With a single replica a budget would stop every drain of its node, so there is none."""
    return {"enabled": replicas > 1, "minAvailable": max(replicas - 1, 1)}


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

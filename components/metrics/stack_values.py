"""What kube-prometheus-stack installs in every cluster alike: the operator, its selectors, the cluster's exporters."""

from typing import Any

from ..foundation.pods import resources
from ..versions import THANOS_VERSION
from . import names, tls


def managed_control_plane() -> dict[str, Any]:
    """AWS runs these where nobody can scrape them; their targets would be down and their alerts fire for ever.

    kube-proxy runs on the nodes but listens on 127.0.0.1 there.
    """
    rules = ("etcd", "kubeControllerManager", "kubeProxy", "kubeSchedulerAlerting", "kubeSchedulerRecording", "windows")
    off = {part: {"enabled": False} for part in ("kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler")}
    return {**off, "defaultRules": {"rules": dict.fromkeys(rules, False)}}


def operator_values(issuer: str = "") -> dict[str, Any]:
    """The operator and its webhooks.

    Without an issuer the webhooks' certificate is made once by the chart's job, kept in a Secret and left alone by
    later upgrades (the job is a hook, which a real Helm release runs), so cert-manager isn't needed for it. The
    webhooks are asked and not obeyed when they don't answer, the chart's default: there is one operator, and while
    it restarts no other release with a rule in it should fail. A rule that slips through, it leaves out.
    """
    small = resources("20m", "64Mi", "200m")
    return {
        "resources": resources("100m", "256Mi", "500m"),
        "kubeletEndpointsEnabled": False,
        "kubeletEndpointSliceEnabled": True,
        "prometheusConfigReloader": {"resources": small},
        "thanosImage": {"tag": THANOS_VERSION},
        "admissionWebhooks": (
            tls.webhook_certificate(issuer) if issuer else {"patch": {"enabled": True, "resources": small}}
        ),
    }


def open_selectors() -> dict[str, Any]:
    """Monitors, probes and rules of every namespace and every release count, not only this release's own."""
    kinds = ("serviceMonitor", "podMonitor", "probe", "rule", "scrapeConfig")
    return {f"{kind}SelectorNilUsesHelmValues": False for kind in kinds}


def kube_state_metrics_values() -> dict[str, Any]:
    """One replica: two would send every series twice. It may not read Secrets, not even their names."""
    return {
        "fullnameOverride": names.KUBE_STATE_METRICS,
        "collectorsExclude": ["secrets"],
        "resources": resources("50m", "256Mi", "200m"),
    }


def node_exporter_values(namespace: str) -> dict[str, Any]:
    """On every node, whatever its taints. It reads the host's files and network, as nobody; the chart
    mounts them read-only.
    """
    return {
        "fullnameOverride": names.NODE_EXPORTER,
        "namespaceOverride": namespace,
        "tolerations": [{"operator": "Exists"}],
        "containerSecurityContext": {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "resources": resources("50m", "64Mi", "250m"),
    }


def volume(storage_class: str, gib: int) -> dict[str, Any]:
    """A claim of this size for each pod."""
    return {
        "volumeClaimTemplate": {
            "spec": {
                "storageClassName": storage_class,
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": f"{gib}Gi"}},
            }
        }
    }


def budget(replicas: int) -> dict[str, Any]:
    """All but one stay up. With a single replica a budget would stop every drain of its node, so there is none."""
    return {"enabled": replicas > 1, "minAvailable": max(replicas - 1, 1)}

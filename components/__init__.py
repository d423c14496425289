"""Observability on Amazon EKS as Pulumi components.

    from eks_observability.components import Platform, TieredBucket

Each name is loaded when it is first asked for: importing one bucket doesn't load a Kubernetes SDK.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .foundation.cluster import EksCluster as EksCluster
    from .foundation.cluster_autoscaler import ClusterAutoscaler as ClusterAutoscaler
    from .foundation.encryption_key import EncryptionKey as EncryptionKey
    from .foundation.helm_release import HelmRelease as HelmRelease
    from .foundation.irsa_role import IrsaRole as IrsaRole
    from .foundation.karpenter import Karpenter as Karpenter
    from .foundation.load_balancer_controller import LoadBalancerController as LoadBalancerController
    from .foundation.metrics_server import MetricsServer as MetricsServer
    from .foundation.namespace import Namespace as Namespace
    from .foundation.network import Network as Network
    from .foundation.seaweedfs import SeaweedFs as SeaweedFs
    from .foundation.storage_class import StorageClass as StorageClass
    from .foundation.tiered_bucket import TieredBucket as TieredBucket
    from .grafana.database import GrafanaDatabase as GrafanaDatabase
    from .grafana.grafana import Grafana as Grafana
    from .grafana.managed import ManagedGrafana as ManagedGrafana
    from .logs.logs import Logs as Logs
    from .logs.logs_agent import LogsAgent as LogsAgent
    from .metrics.metrics import Metrics as Metrics
    from .metrics.prometheus_agent import PrometheusAgent as PrometheusAgent
    from .platform import Platform as Platform
    from .profiles.profiles import Profiles as Profiles
    from .profiles.workload_profiles import WorkloadProfiles as WorkloadProfiles
    from .security.cert_manager import CertManager as CertManager
    from .security.entrance import Entrance as Entrance
    from .security.external_secret import ExternalSecret as ExternalSecret
    from .security.external_secrets import ExternalSecrets as ExternalSecrets
    from .traces.traces import Traces as Traces
    from .traces.traces_agent import TracesAgent as TracesAgent
    from .workload.workload_cluster import WorkloadCluster as WorkloadCluster

COMPONENTS = {
    "CertManager": "security.cert_manager",
    "ClusterAutoscaler": "foundation.cluster_autoscaler",
    "EksCluster": "foundation.cluster",
    "EncryptionKey": "foundation.encryption_key",
    "Entrance": "security.entrance",
    "ExternalSecret": "security.external_secret",
    "ExternalSecrets": "security.external_secrets",
    "Grafana": "grafana.grafana",
    "GrafanaDatabase": "grafana.database",
    "HelmRelease": "foundation.helm_release",
    "IrsaRole": "foundation.irsa_role",
    "Karpenter": "foundation.karpenter",
    "LoadBalancerController": "foundation.load_balancer_controller",
    "Logs": "logs.logs",
    "LogsAgent": "logs.logs_agent",
    "ManagedGrafana": "grafana.managed",
    "Metrics": "metrics.metrics",
    "MetricsServer": "foundation.metrics_server",
    "Namespace": "foundation.namespace",
    "Network": "foundation.network",
    "Platform": "platform",
    "Profiles": "profiles.profiles",
    "PrometheusAgent": "metrics.prometheus_agent",
    "SeaweedFs": "foundation.seaweedfs",
    "StorageClass": "foundation.storage_class",
    "TieredBucket": "foundation.tiered_bucket",
    "Traces": "traces.traces",
    "TracesAgent": "traces.traces_agent",
    "WorkloadCluster": "workload.workload_cluster",
    "WorkloadProfiles": "profiles.workload_profiles",
}
"""Every public component, and the module that it is in."""

__all__ = [*COMPONENTS, "COMPONENTS"]


def __getattr__(name: str) -> object:
    """Load a component's module on first use."""
    if name not in COMPONENTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{COMPONENTS[name]}", __name__), name)

"""Observability on Amazon EKS as Pulumi components.

    from eks_observability.components import Platform, TieredBucket

Each name is loaded when it is first asked for: importing one bucket doesn't load a Kubernetes SDK.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .foundation.cluster import EksCluster as EksCluster
    from .foundation.encryption_key import EncryptionKey as EncryptionKey
    from .foundation.helm_release import HelmRelease as HelmRelease
    from .foundation.irsa_role import IrsaRole as IrsaRole
    from .foundation.namespace import Namespace as Namespace
    from .foundation.network import Network as Network
    from .foundation.storage_class import StorageClass as StorageClass
    from .foundation.tiered_bucket import TieredBucket as TieredBucket
    from .logs.logs import Logs as Logs
    from .metrics.metrics import Metrics as Metrics
    from .platform import Platform as Platform
    from .profiles.profiles import Profiles as Profiles
    from .traces.traces import Traces as Traces

COMPONENTS = {
    "EksCluster": "foundation.cluster",
    "EncryptionKey": "foundation.encryption_key",
    "HelmRelease": "foundation.helm_release",
    "IrsaRole": "foundation.irsa_role",
    "Logs": "logs.logs",
    "Metrics": "metrics.metrics",
    "Namespace": "foundation.namespace",
    "Network": "foundation.network",
    "Platform": "platform",
    "Profiles": "profiles.profiles",
    "StorageClass": "foundation.storage_class",
    "TieredBucket": "foundation.tiered_bucket",
    "Traces": "traces.traces",
}
"""Every public component, and the module that it is in."""

__all__ = [*COMPONENTS, "COMPONENTS"]


def __getattr__(name: str) -> object:
    """Load a component's module on first use."""
    if name not in COMPONENTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{COMPONENTS[name]}", __name__), name)

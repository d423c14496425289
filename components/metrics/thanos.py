"""Thanos: queries over all Prometheus replicas and a year of S3, and the care of the blocks there."""

import pulumi
import pulumi_kubernetes as kubernetes

from ..foundation.helm_release import HelmRelease
from ..ordering import child_of, placed_in
from ..security.centre import METRICS_PATH
from ..security.certificate import Certificate
from ..validation import refuse
from . import names
from .caches import ITEM_MIB
from .memcached import Memcached
from .sizing import thanos_sizing
from .thanos_args import ThanosArgs, thanos_faults
from .thanos_values import thanos_values
from .tls import thanos_certificate

__all__ = ["Thanos", "ThanosArgs", "thanos_values"]


class Thanos(pulumi.ComponentResource):
    """Query, query frontend, store gateway, compactor and ruler, their caches, and receive when asked for.

    The CRDs of the Prometheus operator and the object store's Secret must be there first.
    """

    query_frontend_url: str
    """Prometheus API over everything, inside the cluster; what Grafana asks."""
    query_url: str
    """The same without the cache in front."""
    remote_write_url: str
    """Where other clusters' samples are written to, for the entrance; empty without receive."""

    def __init__(self, name: str, args: ThanosArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Thanos", name, thanos_faults(args))
        super().__init__("eks-observability:index:Thanos", name, dict(args), opts)
        namespace = args.get("namespace", "observability")
        child = child_of(self, opts)
        caches = _caches(name, args, namespace, child)
        group = _store_group(name, namespace, placed_in(self, opts))
        issuer = args.get("certificate_issuer", "")
        certified = [Certificate(f"{name}-tls", thanos_certificate(namespace, issuer), child)] if issuer else []
        HelmRelease(
            f"{name}-stack",
            {
                "chart": "thanos",
                "release_name": names.THANOS,
                "namespace": namespace,
                "values": thanos_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts, [*caches, group, *certified]),
        )
        self.query_frontend_url = names.url(f"{names.THANOS}-query-frontend", namespace, names.THANOS_QUERY_PORT)
        self.query_url = names.url(f"{names.THANOS}-query", namespace, names.THANOS_QUERY_PORT)
        receive = names.url(f"{names.THANOS}-receive", namespace, names.REMOTE_WRITE_PORT, tls=bool(issuer))
        self.remote_write_url = f"{receive}{METRICS_PATH}" if args.get("receive_enabled") else ""
        self.register_outputs(
            {
                "query_frontend_url": self.query_frontend_url,
                "query_url": self.query_url,
                "remote_write_url": self.remote_write_url,
            }
        )


def _caches(name: str, args: ThanosArgs, namespace: str, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    sizing = thanos_sizing(args.get("sizing"))
    return [
        Memcached(
            f"{name}-{service.removeprefix(f'{names.THANOS}-')}",
            {
                "service_name": service,
                "namespace": namespace,
                "replicas": sizing["cache_replicas"],
                "memory_mib": sizing["cache_memory_mib"],
                "max_item_mib": item_mib,
            },
            opts,
        )
        for service, item_mib in ITEM_MIB.items()
    ]


def _store_group(name: str, namespace: str, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """All store gateways by address: the chart's own Service hides them behind one."""
    selector = {
        "app.kubernetes.io/name": names.THANOS,
        "app.kubernetes.io/instance": names.THANOS,
        "app.kubernetes.io/component": "storegateway",
    }
    return kubernetes.core.v1.Service(
        f"{name}-store-group",
        metadata={
            "name": names.STORE_GROUP,
            "namespace": namespace,
            "labels": {
                **selector,
                "app.kubernetes.io/component": "store-group",
                "app.kubernetes.io/part-of": "eks-observability",
                "app.kubernetes.io/managed-by": "pulumi",
            },
            # Pulumi waits for a Service to have pods; these come after it, with the release.
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        spec={
            "cluster_ip": "None",
            "selector": selector,
            "ports": [{"name": "grpc", "port": names.THANOS_GRPC_PORT, "target_port": "grpc"}],
        },
        opts=opts,
    )

"""Everything about metrics in one component: bucket, roles, Prometheus, Thanos, exporters, Pushgateway."""

from typing import Any

import pulumi

from .. import naming
from ..foundation.helm_release import HelmRelease, HelmReleaseArgs
from ..foundation.irsa_role import IrsaRole, IrsaRoleArgs
from ..foundation.tiered_bucket import TieredBucket, TieredBucketArgs
from ..ordering import child_of
from ..security.network_policy import NetworkPolicies, NetworkPoliciesArgs
from ..storage import METRICS_ROLES
from ..validation import refuse
from . import names
from .blackbox_exporter import BlackboxExporter, BlackboxExporterArgs
from .flows import metrics_network
from .metrics_args import MetricsArgs, metrics_faults
from .object_store import ObjectStoreSecret, ObjectStoreSecretArgs
from .prometheus import Prometheus, PrometheusArgs
from .pushgateway import Pushgateway
from .retention import metrics_retention, metrics_transitions
from .thanos import Thanos, ThanosArgs

__all__ = ["Metrics", "MetricsArgs", "metrics_faults"]

_EVERYWHERE = ("namespace", "storage_class_name", "charts_source", "object_store", "certificate_issuer")
"""What Prometheus and Thanos both take as it is."""


class Metrics(pulumi.ComponentResource):
    """Metrics of one cluster, kept for a year in tiered S3."""

    query_frontend_url: str
    """Prometheus API over everything, inside the cluster; what Grafana asks."""
    bucket_name: str
    """Physical name of the bucket of blocks."""
    alertmanager_url: str
    """Address of Alertmanager, inside the cluster."""
    prometheus_url: str
    """Address of any one Prometheus replica, inside the cluster."""
    remote_write_url: str
    """Where the entrance passes other clusters' samples on to, inside the cluster; empty without receive."""

    def __init__(self, name: str, args: MetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Metrics", name, metrics_faults(args))
        super().__init__("eks-observability:index:Metrics", name, dict(args), opts)
        child, aside = child_of(self, opts), pulumi.ResourceOptions(parent=self)
        bucket = [TieredBucket(f"{name}-bucket", _bucket(args), child)] if _makes_bucket(args) else []
        roles = {who: IrsaRole(f"{name}-{who}-role", _role(args, who), aside) for who in _roles(args)}
        store = ObjectStoreSecret(f"{name}-object-store", _store(args), child)
        NetworkPolicies(f"{name}-network", _network(args), child)
        crds = [HelmRelease(f"{name}-crds", _crds(args), child)] if args.get("install_crds", True) else []
        prometheus = Prometheus(
            f"{name}-prometheus",
            _prometheus(args, store.config, roles.get("prometheus")),
            child_of(self, opts, [*bucket, *_of(roles, "prometheus"), store, *crds]),
        )
        thanos = Thanos(
            f"{name}-thanos",
            _thanos(args, store.config, roles.get("thanos")),
            child_of(self, opts, [*bucket, *_of(roles, "thanos"), store, prometheus]),
        )
        # Their monitors need the CRDs, and pass the operator's webhook.
        after = child_of(self, opts, [prometheus])
        BlackboxExporter(f"{name}-blackbox-exporter", _blackbox(args), after)
        Pushgateway(f"{name}-pushgateway", _common(args, "namespace", "charts_source", "storage_class_name"), after)
        self.bucket_name = metrics_bucket_name(args)
        self.query_frontend_url, self.remote_write_url = thanos.query_frontend_url, thanos.remote_write_url
        self.prometheus_url, self.alertmanager_url = prometheus.prometheus_url, prometheus.alertmanager_url
        self.register_outputs(
            {
                "query_frontend_url": self.query_frontend_url,
                "bucket_name": self.bucket_name,
                "alertmanager_url": self.alertmanager_url,
                "prometheus_url": self.prometheus_url,
                "remote_write_url": self.remote_write_url,
            }
        )


def metrics_bucket_name(args: MetricsArgs) -> str:
    """Physical name of the bucket of blocks."""
    if "bucket_name" in args:
        return args["bucket_name"]
    if "object_store" in args:
        return f"{args['platform_name']}-metrics"
    return naming.bucket_name(args["platform_name"], args["account_id"], args["region"], "metrics")


def _makes_bucket(args: MetricsArgs) -> bool:
    return "bucket_name" not in args and "object_store" not in args


def _roles(args: MetricsArgs) -> tuple[str, ...]:
    """Those who use the bucket, where that takes a role."""
    return () if "object_store" in args else METRICS_ROLES


def _of(roles: dict[str, IrsaRole], who: str) -> list[IrsaRole]:
    return [roles[who]] if who in roles else []


def _store(args: MetricsArgs) -> ObjectStoreSecretArgs:
    given: ObjectStoreSecretArgs = _common(args, "object_store", "region")
    given["bucket_name"] = metrics_bucket_name(args)
    given["namespace"] = args.get("namespace", "observability")
    return given


def _network(args: MetricsArgs) -> NetworkPoliciesArgs:
    receive = bool(args.get("receive_enabled", False))
    return metrics_network(args.get("namespace", "observability"), receive, args.get("object_store"))


def _blackbox(args: MetricsArgs) -> BlackboxExporterArgs:
    given: BlackboxExporterArgs = _common(args, "namespace", "charts_source")
    if "blackbox_replicas" in args:
        given["replicas"] = args["blackbox_replicas"]
    return given


def _role_name(args: MetricsArgs, who: str) -> str:
    return naming.role_name(args["platform_name"], args["region"], who)


def _bucket(args: MetricsArgs) -> TieredBucketArgs:
    """Blocks. Deleting some is ordinary work for compactor, sidecars, ruler and receive, so their roles may."""
    transitions = metrics_transitions(args.get("retention"))
    return {
        "bucket_name": metrics_bucket_name(args),
        "region": args["region"],
        "kms_key_arn": args["kms_key_arn"],
        "transitions": [{"storage_class": cls, "after_days": days} for cls, days in transitions],
        "expire_after_days": metrics_retention(args.get("retention")).expire_after_days,
        "protect": args.get("protect", True),
        "deletion_principal_arns": args.get("deletion_principal_arns", []),
        "object_deletion_principal_arns": [
            naming.role_arn(args["account_id"], args["region"], _role_name(args, who)) for who in METRICS_ROLES
        ],
    }


def _role(args: MetricsArgs, who: str) -> IrsaRoleArgs:
    thanos = names.thanos_s3_service_accounts(bool(args.get("receive_enabled", False)))
    role: IrsaRoleArgs = {
        "role_name": _role_name(args, who),
        "account_id": args["account_id"],
        "region": args["region"],
        "oidc_provider_arn": args["oidc_provider_arn"],
        "oidc_issuer": args["oidc_issuer"],
        "namespace": args.get("namespace", "observability"),
        "service_accounts": thanos if who == "thanos" else [names.PROMETHEUS_SERVICE_ACCOUNT],
        "bucket_name": metrics_bucket_name(args),
        "kms_key_arn": args["kms_key_arn"],
    }
    if "permissions_boundary_arn" in args:
        role["permissions_boundary_arn"] = args["permissions_boundary_arn"]
    return role


def _crds(args: MetricsArgs) -> HelmReleaseArgs:
    """First of all, and a release of its own: Helm never upgrades the CRDs that a chart brings along."""
    return {
        "chart": names.PROMETHEUS_OPERATOR_CRDS,
        "release_name": names.PROMETHEUS_OPERATOR_CRDS,
        "namespace": args.get("namespace", "observability"),
        "values": {},
        "charts_source": args.get("charts_source", ""),
    }


def _prometheus(args: MetricsArgs, object_store_config: str, role: IrsaRole | None) -> PrometheusArgs:
    given: PrometheusArgs = _common(args, *_EVERYWHERE, "agents_namespace")
    if role:
        given["role_arn"] = role.role_arn
    given["cluster_name"] = args["cluster_name"]
    given["object_store_config"] = object_store_config
    given["remote_write_receiver"] = args.get("remote_write_receiver", False)
    given["sizing"] = args.get("prometheus", {})
    return given


def _thanos(args: MetricsArgs, object_store_config: str, role: IrsaRole | None) -> ThanosArgs:
    given: ThanosArgs = _common(args, *_EVERYWHERE, "retention", "receive_enabled")
    if role:
        given["role_arn"] = role.role_arn
    given["cluster_name"] = args["cluster_name"]
    given["object_store_config"] = object_store_config
    given["sizing"] = args.get("thanos", {})
    return given


def _common(args: MetricsArgs, *keys: str) -> Any:
    """What a part takes under the same name, if it was given."""
    return {key: args[key] for key in keys if key in args}  # type: ignore[literal-required]

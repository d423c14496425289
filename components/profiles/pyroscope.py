"""Pyroscope: takes profiles, keeps them in S3, answers with flame graphs."""

import pulumi

from ..foundation.checks import dns_label_faults
from ..foundation.helm_release import HelmRelease
from ..foundation.object_store import object_store_faults
from ..ordering import child_of
from ..validation import Fault, refuse
from . import names
from .limits import limits_faults, tenant_limits_faults
from .pyroscope_values import PyroscopeArgs, pyroscope_config, pyroscope_values
from .retention import profiles_retention_faults
from .sizing import pyroscope_sizing_faults

__all__ = ["Pyroscope", "PyroscopeArgs", "pyroscope_config", "pyroscope_faults", "pyroscope_values"]


def pyroscope_faults(args: PyroscopeArgs) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cloud."""
    return [
        *profiles_retention_faults(args.get("retention_days")),
        *limits_faults(args.get("limits")),
        *tenant_limits_faults(args.get("tenant_limits"), bool(args.get("multi_tenancy", False))),
        *pyroscope_sizing_faults(args.get("sizing"), "sizing"),
        *object_store_faults("object_store", args.get("object_store")),
        *_credentials_faults(args),
    ]


def _credentials_faults(args: PyroscopeArgs) -> list[Fault]:
    faults: list[Fault] = []
    if "role_arn" not in args and "object_store" not in args:
        faults.append(Fault("role_arn", None, "be given, unless object_store is: nothing else opens the bucket"))
    if "certificate_secret_name" in args:
        faults += dns_label_faults("certificate_secret_name", args["certificate_secret_name"])
    return faults


class Pyroscope(pulumi.ComponentResource):
    """Pyroscope as microservices over S3.

    The role must trust the service account `pyroscope`; it, the Secrets that are named, and the CRDs of the Prometheus
    operator must be there first.
    """

    query_url: str
    """Pyroscope's API, inside the cluster; what Grafana asks."""
    write_url: str
    """Where agents and SDKs push to, inside the cluster."""

    def __init__(self, name: str, args: PyroscopeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Pyroscope", name, pyroscope_faults(args))
        super().__init__("eks-observability:index:Pyroscope", name, dict(args), opts)
        namespace = args.get("namespace", "observability")
        HelmRelease(
            f"{name}-stack",
            {
                "chart": "pyroscope",
                "release_name": names.PYROSCOPE,
                "namespace": namespace,
                "values": pyroscope_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts),
        )
        tls = "certificate_secret_name" in args
        self.query_url = pyroscope_url(names.QUERY_FRONTEND, namespace, tls)
        self.write_url = pyroscope_url(names.DISTRIBUTOR, namespace, tls)
        self.register_outputs({"query_url": self.query_url, "write_url": self.write_url})


def pyroscope_url(part: str, namespace: str, tls: bool = False) -> str:
    """Address of a part inside the cluster."""
    scheme = "https" if tls else "http"
    return f"{scheme}://{names.service(part)}.{namespace}.svc.cluster.local:{names.HTTP_PORT}"

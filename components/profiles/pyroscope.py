"""Pyroscope: takes profiles, keeps them in S3, answers with flame graphs."""

import pulumi

from ..foundation.helm_release import HelmRelease
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
    ]


class Pyroscope(pulumi.ComponentResource):
    """Pyroscope as microservices over S3.

    The role must trust the service account `pyroscope`, and the CRDs of the Prometheus operator must be there first.
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
        self.query_url = pyroscope_url(names.QUERY_FRONTEND, namespace)
        self.write_url = pyroscope_url(names.DISTRIBUTOR, namespace)
        self.register_outputs({"query_url": self.query_url, "write_url": self.write_url})


def pyroscope_url(part: str, namespace: str) -> str:
    """Address of a part inside the cluster."""
    return f"http://{names.service(part)}.{namespace}.svc.cluster.local:{names.HTTP_PORT}"

"""Everything about profiles in one component: role, Pyroscope, the agent on every node, alerts, network policies."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from .. import naming
from ..foundation.irsa_role import IrsaRole, IrsaRoleArgs
from ..ordering import child_of
from ..security.certificate import Certificate
from ..security.network_policy import NetworkPolicies
from ..validation import refuse
from . import names
from .alerts import profiles_alerts
from .flows import agent_network, profiles_network
from .profiles_agent import ProfilesAgent, ProfilesAgentArgs
from .profiles_args import ProfilesArgs, profiles_faults
from .pyroscope import Pyroscope, PyroscopeArgs, pyroscope_url
from .tls import AGENT_SECRET, PYROSCOPE_SECRET, agent_certificate, pyroscope_certificate

__all__ = ["Profiles", "ProfilesArgs", "profiles_faults"]

ROLE = "pyroscope"
"""Purpose in the role's name. Deleting is its compaction workers' ordinary work, so the bucket must let it."""


class Profiles(pulumi.ComponentResource):
    """CPU profiles of every container of a cluster, and what pods offer of their own, kept for a week in S3.

    The CRDs of the Prometheus operator, both namespaces, the storage class and the bucket must be there first; so must
    the Secret of `object_store` and the issuer, where they are given.
    """

    query_url: str
    """Pyroscope's API, inside the cluster; what Grafana asks."""
    write_url: str
    """Where Pyroscope's SDKs push to, inside the cluster."""
    tenant: str
    """Tenant to ask for; empty without multi-tenancy."""

    def __init__(self, name: str, args: ProfilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Profiles", name, profiles_faults(args))
        super().__init__("eks-observability:index:Profiles", name, dict(args), opts)
        child = child_of(self, opts)
        namespace = args.get("namespace", "observability")
        agents_namespace = args.get("agents_namespace", "observability-agents")
        first: list[pulumi.Resource] = [
            NetworkPolicies(f"{name}-network", profiles_network(namespace, args.get("object_store")), child),
            NetworkPolicies(f"{name}-agent-network", agent_network(agents_namespace), child),
        ]
        _alerts(name, args, child)
        first += _certificates(name, args, child)
        given = _pyroscope(args)
        if "object_store" not in args:
            role = IrsaRole(f"{name}-role", _role(args), pulumi.ResourceOptions(parent=self))
            given["role_arn"] = role.role_arn
            first.append(role)
        pyroscope = Pyroscope(f"{name}-pyroscope", given, child_of(self, opts, first))
        # Not before there is somebody to send to: what an agent can't get rid of is lost.
        ProfilesAgent(f"{name}-agent", _agent(args), child_of(self, opts, [pyroscope]))
        self.query_url, self.write_url = pyroscope.query_url, pyroscope.write_url
        self.tenant = args.get("tenant", "")
        self.register_outputs({"query_url": self.query_url, "write_url": self.write_url, "tenant": self.tenant})


def _role(args: ProfilesArgs) -> IrsaRoleArgs:
    role: IrsaRoleArgs = {
        "role_name": naming.role_name(args["platform_name"], args["region"], ROLE),
        "account_id": args["account_id"],
        "region": args["region"],
        "oidc_provider_arn": args["oidc_provider_arn"],
        "oidc_issuer": args["oidc_issuer"],
        "namespace": args.get("namespace", "observability"),
        "service_accounts": [names.PYROSCOPE],
        "bucket_name": args["bucket_name"],
        "kms_key_arn": args["kms_key_arn"],
    }
    if "permissions_boundary_arn" in args:
        role["permissions_boundary_arn"] = args["permissions_boundary_arn"]
    return role


def _certificates(name: str, args: ProfilesArgs, child: pulumi.ResourceOptions) -> list[Certificate]:
    """One for Pyroscope and one for the agent, in the namespace of each; none without an issuer."""
    if "certificate_issuer" not in args:
        return []
    issuer = args["certificate_issuer"]
    wanted = {
        "certificate": pyroscope_certificate(args.get("namespace", "observability"), issuer),
        "agent-certificate": agent_certificate(args.get("agents_namespace", "observability-agents"), issuer),
    }
    return [Certificate(f"{name}-{suffix}", certificate, child) for suffix, certificate in wanted.items()]


def _pyroscope(args: ProfilesArgs) -> PyroscopeArgs:
    same = ("namespace", "storage_class_name", "charts_source", "retention_days", "object_store")
    given: PyroscopeArgs = _common(args, *same, "multi_tenancy", "limits", "tenant_limits")
    given["bucket_name"], given["region"] = args["bucket_name"], args["region"]
    given["sizing"] = args.get("pyroscope", {})
    if "certificate_issuer" in args:
        given["certificate_secret_name"] = PYROSCOPE_SECRET
    return given


def _agent(args: ProfilesArgs) -> ProfilesAgentArgs:
    given: ProfilesAgentArgs = _common(args, "charts_source", "tenant", "ebpf_enabled", "sample_rate_hz")
    tls = "certificate_issuer" in args
    given["write_url"] = pyroscope_url(names.DISTRIBUTOR, args.get("namespace", "observability"), tls)
    given["cluster_name"] = args["cluster_name"]
    given["namespace"] = args.get("agents_namespace", "observability-agents")
    given["sizing"] = args.get("agent", {})
    if tls:
        given["certificate_secret_name"] = AGENT_SECRET
    return given


def _common(args: ProfilesArgs, *keys: str) -> Any:
    """What a part takes under the same name, if it was given."""
    return {key: args[key] for key in keys if key in args}  # type: ignore[literal-required]


def _alerts(name: str, args: ProfilesArgs, child: pulumi.ResourceOptions) -> None:
    agents_namespace = args.get("agents_namespace", "observability-agents")
    kubernetes.apiextensions.CustomResource(
        f"{name}-alerts",
        api_version="monitoring.coreos.com/v1",
        kind="PrometheusRule",
        metadata={
            "name": "profiles",
            "namespace": args.get("namespace", "observability"),
            "labels": {
                "app.kubernetes.io/name": "profiles",
                "app.kubernetes.io/instance": names.PYROSCOPE,
                "app.kubernetes.io/component": "alerts",
                "app.kubernetes.io/part-of": "eks-observability",
                "app.kubernetes.io/managed-by": "pulumi",
            },
        },
        spec={"groups": profiles_alerts(agents_namespace, bool(args.get("ebpf_enabled", True)))},
        opts=child,
    )

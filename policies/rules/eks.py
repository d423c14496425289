"""The cluster itself."""

from collections.abc import Iterator
from typing import Any

from ..facts import UNKNOWN, Resource, dig, items, truth
from ..model import Finding, Rule, unknown
from ..net import open_to_the_world

CLUSTER = "aws:eks/cluster:Cluster"

SECRETS = Rule(
    24,
    "eks-secrets-kms",
    cause="Kubernetes secrets are encrypted with a KMS key of your own",
    why="With it, whoever reads etcd or its backup reads nothing, and every decryption is logged.",
    fix='Set encryptionConfig.provider.keyArn to a KMS key, with resources ["secrets"].',
    severity="high",
    frameworks=("AWS FSBP EKS.3", "CIS EKS 1.5.0 5.3.1"),
)


@SECRETS.resource(CLUSTER)
def secrets(cluster: Resource) -> Iterator[Finding]:
    """A key that isn't known yet is a key."""
    config = cluster.get("encryptionConfig")
    if config is UNKNOWN:
        yield unknown("encryptionConfig")
        return
    kinds = list(items(dig(config, "resources")))
    if dig(config, "provider", "keyArn") in (None, ""):
        yield Finding("no-key", "set encryptionConfig.provider.keyArn to a KMS key")
    elif "secrets" not in kinds:
        if UNKNOWN in kinds:
            yield unknown("encryptionConfig.resources")
        else:
            yield Finding("secrets-left-out", 'set encryptionConfig.resources to ["secrets"]')


ENDPOINT = Rule(
    25,
    "eks-endpoint",
    cause="The API server doesn't answer the whole internet",
    why="An open endpoint is one leaked token or one bug away from the cluster. EKS opens it by default.",
    fix="Set vpcConfig.endpointPublicAccess to false, or vpcConfig.publicAccessCidrs to the ranges that need it.",
    severity="high",
    frameworks=("AWS FSBP EKS.1", "CIS EKS 1.5.0 5.4.1"),
)


@ENDPOINT.resource(CLUSTER)
def endpoint(cluster: Resource) -> Iterator[Finding]:
    """Defaults: public, from 0.0.0.0/0."""
    config = cluster.get("vpcConfig")
    public = truth(dig(config, "endpointPublicAccess"))
    if public is False:
        return
    cidrs = dig(config, "publicAccessCidrs")
    listed = list(items(cidrs))
    if open_to_the_world(listed):
        if public is UNKNOWN:
            yield unknown("vpcConfig.endpointPublicAccess")
        else:
            yield Finding("open", "remove the ranges from vpcConfig.publicAccessCidrs that together mean everybody")
    elif UNKNOWN in (config, cidrs, *listed):
        yield unknown("vpcConfig" if config is UNKNOWN else "vpcConfig.publicAccessCidrs")
    elif not listed:
        if public is UNKNOWN:
            yield unknown("vpcConfig.endpointPublicAccess")
        else:
            yield Finding("open-by-default", "set vpcConfig.publicAccessCidrs, or endpointPublicAccess to false")


LOGS = Rule(
    26,
    "eks-logs",
    cause="The control plane writes all of its logs",
    why="Who did what in the cluster is in the audit log, and nowhere else.",
    fix='Set enabledClusterLogTypes to ["api", "audit", "authenticator", "controllerManager", "scheduler"].',
    severity="medium",
    frameworks=("AWS FSBP EKS.8", "CIS EKS 1.5.0 2.1.1"),
)
_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@LOGS.resource(CLUSTER)
def logs(cluster: Resource) -> Iterator[Finding]:
    """All five types."""
    enabled = list(items(cluster.get("enabledClusterLogTypes")))
    missing = [kind for kind in _LOG_TYPES if kind not in enabled]
    if missing and UNKNOWN in enabled:
        yield unknown("enabledClusterLogTypes")
    elif missing:
        yield Finding("logs-missing", f"add {', '.join(missing)} to enabledClusterLogTypes")


AUTH = Rule(
    27,
    "eks-auth-api",
    cause="Access to the cluster is granted through EKS' API",
    why="The aws-auth ConfigMap grants cluster administration to whoever may write one ConfigMap, and one wrong "
    "indentation locks everybody out.",
    fix='Set accessConfig.authenticationMode to "API" and bootstrapClusterCreatorAdminPermissions to false, and '
    "grant access with access entries.",
    severity="high",
)


@AUTH.resource(CLUSTER)
def auth(cluster: Resource) -> Iterator[Finding]:
    """EKS' own default is CONFIG_MAP, with the creator as administrator.

    The latter is advice only: pulumi-eks fixes it to true (nodejs/eks/cluster/cluster.ts), so that its users could
    not comply.
    """
    mode = cluster.get("accessConfig", "authenticationMode")
    if mode is UNKNOWN:
        yield unknown("accessConfig.authenticationMode")
    elif mode != "API":
        yield Finding("config-map-mode", 'set accessConfig.authenticationMode to "API"')
    creator = truth(cluster.get("accessConfig", "bootstrapClusterCreatorAdminPermissions"))
    fix = "set accessConfig.bootstrapClusterCreatorAdminPermissions to false, and list administrators in access entries"
    if creator in (True, None):
        yield Finding("creator-admin", fix, "advisory")


@AUTH.resource("kubernetes:core/v1:ConfigMap")
def aws_auth(config_map: Resource) -> Iterator[Finding]:
    """The map itself, or a patch of it."""
    if config_map.get("metadata", "name") == "aws-auth" and config_map.namespace in ("kube-system", None):
        yield Finding("aws-auth", "remove the aws-auth ConfigMap, and grant access with access entries")


VERSION = Rule(
    28,
    "eks-version",
    cause="The cluster runs a named Kubernetes version that is supported",
    why="Without a version EKS takes its newest, and another one next month; after its end a version costs six times "
    "as much, and is then upgraded without asking (EKS User Guide, Kubernetes version lifecycle).",
    fix="Set version to one of `supported`.",
    severity="medium",
    frameworks=("AWS FSBP EKS.2",),
    config={
        "supported": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Minor versions in standard support, such as 1.34. Without the list only a version's "
            "presence is judged: support ends by the calendar, which a pack doesn't know.",
        },
        "ending": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Supported versions that are near their end: they are flagged as advice.",
        },
    },
)


@VERSION.resource(CLUSTER)
def version(cluster: Resource, config: dict[str, Any]) -> Iterator[Finding]:
    """The version as it is written, without its patch."""
    value = cluster.get("version")
    supported, ending = list(items(config.get("supported"))), list(items(config.get("ending")))
    if value is UNKNOWN:
        yield unknown("version")
    elif value in (None, ""):
        yield Finding("no-version", "set version")
    elif supported and str(value) not in supported:
        yield Finding("unsupported", f"set version to one of {', '.join(map(str, supported))}")
    elif str(value) in ending:
        yield Finding("ending", "plan the upgrade: this version's support ends soon", "advisory")

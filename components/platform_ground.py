"""What every signal's pods need to be there first: namespaces, volumes, CRDs, certificates, secrets, a store."""

from typing import Any, NamedTuple, cast

import pulumi

from .foundation.helm_release import HelmRelease
from .foundation.namespace import Namespace
from .foundation.seaweedfs import SeaweedFs
from .foundation.seaweedfs_values import SeaweedFsArgs
from .foundation.storage_class import StorageClass
from .platform_args import PlatformArgs
from .platform_cluster import Foothold
from .security.authority_exchange import CENTRE, ca_parameter
from .security.cert_manager import CertManager
from .security.cert_manager_values import CertManagerArgs
from .security.external_secrets import ExternalSecrets, ExternalSecretsArgs
from .signals import (
    AGENTS_NAMESPACE,
    NAMESPACE,
    SIGNALS,
    STORAGE_CLASS,
    bucket_name,
    certificate_issuer,
    charts_source,
    enabled,
    on_aws,
    other_tenants,
    protected,
    storage_class,
)


class Ground(NamedTuple):
    """What others wait for."""

    pods: list[pulumi.Resource]
    """Before a signal's pods: the namespaces, and the last of each chain."""
    secrets: list[pulumi.Resource]
    """Before whoever asks for secrets from outside the cluster."""


def ground(name: str, args: PlatformArgs, key_arn: pulumi.Output[str] | None, foothold: Foothold) -> Ground:
    """All of it."""
    inside = foothold.inside
    places, crds = places_and_crds(name, args, key_arn, charts_source(args), inside)
    pods: list[pulumi.Resource] = [crds]
    if certificate_issuer(args) and "existing_issuer" not in args.get("certificates", {}):
        manager: CertManagerArgs = {"charts_source": charts_source(args)}
        if not on_aws(args):
            manager["replicas"] = 1
        pods = [CertManager(f"{name}-certificates", manager, after(inside, pods))]
    if on_aws(args):
        install = args.get("secrets", {}).get("install", True)
        secrets = [_secrets(name, args, foothold, after(inside, pods))] if install else pods
        return Ground([*places, *pods], [*places, *secrets])
    if "object_store" not in args:
        pods = [_object_store(name, args, after(inside, [*places, *pods]))]
    return Ground([*places, *pods], [*places, *pods])


def places_and_crds(
    name: str,
    args: PlatformArgs,
    key_arn: pulumi.Input[str] | None,
    source: str,
    inside: pulumi.ResourceOptions,
) -> tuple[list[pulumi.Resource], pulumi.Resource]:
    """The namespaces; and the definitions that monitors need, which wait for namespaces and volumes."""
    places: list[pulumi.Resource] = [
        Namespace(f"{name}-backends", {"namespace": NAMESPACE, "pod_security": "restricted"}, inside),
        Namespace(f"{name}-agents", {"namespace": AGENTS_NAMESPACE, "pod_security": "privileged"}, inside),
    ]
    first = list(places)
    if key_arn is not None and storage_class(args) == STORAGE_CLASS:
        first.append(_volumes(name, args, key_arn, inside))
    crds = HelmRelease(
        f"{name}-crds",
        {
            "chart": "prometheus-operator-crds",
            "release_name": "prometheus-operator-crds",
            "namespace": NAMESPACE,
            "values": {},
            "charts_source": source,
        },
        after(inside, first),
    )
    return places, crds


def after(opts: pulumi.ResourceOptions, resources: list[pulumi.Resource]) -> pulumi.ResourceOptions:
    """The same options, and waiting for more."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=resources))


def _volumes(name: str, args: PlatformArgs, key_arn: pulumi.Input[str], inside: pulumi.ResourceOptions) -> StorageClass:
    return StorageClass(
        f"{name}-volumes",
        {
            "storage_class_name": STORAGE_CLASS,
            "kms_key_arn": key_arn,
            # An existing cluster has chosen its default already.
            "default": "existing" not in args.get("cluster", {}),
            "protect": protected(args),
        },
        inside,
    )


def _secrets(name: str, args: PlatformArgs, foothold: Foothold, opts: pulumi.ResourceOptions) -> ExternalSecrets:
    """External Secrets, for this platform's own paths; with an entrance it publishes the authority too."""
    given: dict[str, Any] = {
        "platform_name": args["name"],
        "account_id": args["account_id"],
        "region": args["region"],
        "oidc_provider_arn": foothold.wiring.oidc_provider_arn,
        "oidc_issuer": foothold.wiring.oidc_issuer,
        "kms_key_arn": foothold.wiring.kms_key_arn,
        "namespaces": [NAMESPACE, AGENTS_NAMESPACE],
        "charts_source": charts_source(args),
    }
    if other_tenants(args):
        given["push_parameter_names"] = [ca_parameter(args["name"], CENTRE)]
    if issuer := certificate_issuer(args):
        given["certificate_issuer"] = issuer
    return ExternalSecrets(f"{name}-secrets", cast(ExternalSecretsArgs, given), opts)


def _object_store(name: str, args: PlatformArgs, opts: pulumi.ResourceOptions) -> SeaweedFs:
    """A small S3, where there is no other."""
    store: dict[str, Any] = {
        "namespace": NAMESPACE,
        "bucket_names": [bucket_name(args, signal) for signal in SIGNALS if enabled(args, signal)],
        "storage_class_name": storage_class(args),
        "charts_source": charts_source(args),
        **args.get("seaweedfs", {}),
    }
    return SeaweedFs(f"{name}-seaweedfs", cast(SeaweedFsArgs, store), opts)

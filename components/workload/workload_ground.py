"""What the agents of a workload cluster need to be there first: namespaces, volumes, an authority, its exchange."""

from typing import cast

import pulumi

from ..platform_cluster import Foothold
from ..platform_ground import after, places_and_crds
from ..security.authority_exchange import CA_KEY, CENTRE, REFRESH_MINUTES, PublishedAuthority, ca_parameter
from ..security.cert_manager import CertManager
from ..security.certificate import Certificate
from ..security.external_secret import PARAMETER_STORE, ExternalSecret
from ..security.external_secrets import ExternalSecrets
from ..security.external_secrets_values import ExternalSecretsArgs
from ..signals import AGENTS_NAMESPACE, NAMESPACE
from .agents import CENTRE_CA, CLIENT_CERTIFICATE, issuer, own_host, platform_args
from .workload_args import WorkloadClusterArgs


def workload_ground(
    name: str, args: WorkloadClusterArgs, key_arn: pulumi.Input[str], foothold: Foothold
) -> list[pulumi.Resource]:
    """All of it; what agents wait for."""
    inside, source = foothold.inside, args.get("charts_source", "")
    places, crds = places_and_crds(name, platform_args(args), key_arn, source, inside)
    ready: list[pulumi.Resource] = [crds]
    if "existing_issuer" not in args.get("certificates", {}):
        # Named after the cluster: in the centre's log it tells whose certificate was refused.
        authority = f"{args['cluster_name']} observability"
        wanted = {"authority_name": authority, "charts_source": source}
        ready = [CertManager(f"{name}-certificates", wanted, after(inside, ready))]  # type: ignore[arg-type]
    if args.get("secrets", {}).get("install", True):
        ready = [_secrets(name, args, key_arn, foothold, after(inside, ready))]
    return [*places, *_exchange(name, args, after(inside, [*places, *ready]))]


def _secrets(
    name: str,
    args: WorkloadClusterArgs,
    key_arn: pulumi.Input[str],
    foothold: Foothold,
    opts: pulumi.ResourceOptions,
) -> ExternalSecrets:
    """External Secrets, for the exchange: it reads the centre's authority, and writes this cluster's own alone."""
    centre = args["centre"]["platform_name"]
    wanted = {
        "platform_name": args["cluster_name"],
        "account_id": args["account_id"],
        "region": args["region"],
        "oidc_provider_arn": foothold.wiring.oidc_provider_arn,
        "oidc_issuer": foothold.wiring.oidc_issuer,
        "kms_key_arn": key_arn,
        "namespaces": [NAMESPACE, AGENTS_NAMESPACE],
        "read_parameter_names": [ca_parameter(centre, CENTRE)],
        "push_parameter_names": [ca_parameter(centre, args["cluster_name"])],
        "certificate_issuer": issuer(args),
        "charts_source": args.get("charts_source", ""),
    }
    return ExternalSecrets(f"{name}-secrets", cast(ExternalSecretsArgs, wanted), opts)


def _exchange(name: str, args: WorkloadClusterArgs, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """In each namespace of agents, who this cluster is and who the centre must be; and the authority, published."""
    centre, made = args["centre"]["platform_name"], list[pulumi.Resource]()
    for suffix, namespace in (("backends", NAMESPACE), ("agents", AGENTS_NAMESPACE)):
        certificate = Certificate(
            f"{name}-client-{suffix}",
            {
                "certificate_name": CLIENT_CERTIFICATE,
                "namespace": namespace,
                "issuer_name": issuer(args),
                "dns_names": [own_host(args)],
                # By this the entrance tells agents from everything else that has a certificate here.
                "common_name": args["cluster_name"],
            },
            opts,
        )
        authority = ExternalSecret(
            f"{name}-centre-{suffix}",
            {
                "secret_name": CENTRE_CA,
                "namespace": namespace,
                "store_name": PARAMETER_STORE,
                "keys": {CA_KEY: ca_parameter(centre, CENTRE)},
                "refresh_minutes": REFRESH_MINUTES,
            },
            opts,
        )
        made += [certificate, authority]
    published = PublishedAuthority(
        f"{name}-authority",
        {
            "secret_name": CLIENT_CERTIFICATE,
            "namespace": NAMESPACE,
            "parameter_name": ca_parameter(centre, args["cluster_name"]),
        },
        after(opts, [made[0]]),
    )
    return [*made, published]

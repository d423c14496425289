"""How clusters learn each other's authority: each publishes its `ca.crt` as an SSM parameter, and reads the others'.

Private keys never leave their cluster. A certificate of an authority is public; what matters is who may write it, and
each cluster's External Secrets may write its own parameter only.
"""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ..foundation.checks import dns_label_faults
from ..foundation.labels import labels
from ..ordering import child_of
from ..validation import Fault, refuse
from .external_secret import PARAMETER_STORE

CENTRE = "centre"
"""What the centre is called among the clusters; no workload cluster may have this name."""
CA_KEY = "ca.crt"
REFRESH_MINUTES = 5
"""How long a new cluster waits for the other's authority; reading standard parameters costs nothing."""


def ca_parameter(platform: str, cluster: str) -> str:
    """SSM parameter with a cluster's authority, `centre` for the centre's own; named after the centre's platform."""
    return f"/{platform}/clusters/{cluster}/ca"


def read_by_centre(platform: str, clusters: list[str]) -> list[str]:
    """Parameters that the centre's External Secrets reads."""
    return [ca_parameter(platform, cluster) for cluster in clusters]


class PublishedAuthorityArgs(TypedDict):
    """Whose authority is published, and where."""

    secret_name: str
    """Secret whose `ca.crt` is published: that of any certificate that the authority signed."""
    namespace: str
    """Its namespace; one of those that the store serves."""
    parameter_name: str
    """SSM parameter, made if it isn't there."""
    store_name: NotRequired[str]
    """ClusterSecretStore that may write it. Default parameter-store."""


def published_authority_faults(args: PublishedAuthorityArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = dns_label_faults("secret_name", args["secret_name"]) + dns_label_faults("namespace", args["namespace"])
    if not args["parameter_name"].startswith("/"):
        faults.append(Fault("parameter_name", args["parameter_name"], "begin with a slash"))
    return faults


def push_secret_spec(args: PublishedAuthorityArgs) -> dict[str, Any]:
    """The `spec` of the PushSecret."""
    return {
        "refreshInterval": "60m",
        # The parameter stays when the cluster goes: the centre forgets it when the cluster is taken off its list.
        "deletionPolicy": "None",
        "updatePolicy": "Replace",
        "secretStoreRefs": [{"kind": "ClusterSecretStore", "name": args.get("store_name", PARAMETER_STORE)}],
        "selector": {"secret": {"name": args["secret_name"]}},
        "data": [
            {
                # One key. Without it the whole Secret would be pushed, and the private key is in there.
                "match": {"secretKey": CA_KEY, "remoteRef": {"remoteKey": args["parameter_name"]}},
                "metadata": {
                    "apiVersion": "kubernetes.external-secrets.io/v1alpha1",
                    "kind": "PushSecretMetadata",
                    "spec": {"secretType": "String"},
                },
            }
        ],
    }


class PublishedAuthority(pulumi.ComponentResource):
    """An authority's certificate in an SSM parameter, kept up to date by External Secrets."""

    parameter_name: str
    """Name of the parameter."""

    def __init__(self, name: str, args: PublishedAuthorityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("PublishedAuthority", name, published_authority_faults(args))
        super().__init__("eks-observability:index:PublishedAuthority", name, dict(args), opts)
        self.parameter_name = args["parameter_name"]
        kubernetes.apiextensions.CustomResource(
            f"{name}-push-secret",
            api_version="external-secrets.io/v1alpha1",
            kind="PushSecret",
            metadata={
                "name": f"{args['secret_name']}-authority",
                "namespace": args["namespace"],
                "labels": labels("push-secret", args["secret_name"], "authority"),
            },
            spec=push_secret_spec(args),
            opts=child_of(self, opts),
        )
        self.register_outputs({"parameter_name": self.parameter_name})

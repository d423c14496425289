"""A Kubernetes Secret whose values come from AWS Secrets Manager or Parameter Store, kept in step by External Secrets.

The values never pass through Pulumi: neither its state nor a Helm value holds them.
"""

import re
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ..foundation.checks import dns_label_faults
from ..foundation.labels import labels
from ..ordering import child_of
from ..validation import Fault, refuse

SECRETS_MANAGER, PARAMETER_STORE = "secrets-manager", "parameter-store"
"""Names of the ClusterSecretStores (`external_secrets.py` makes them)."""
REFRESH_MINUTES = 60
"""How long a changed value takes to arrive; each look is a paid call for every key."""


class ExternalSecretArgs(TypedDict):
    """Which values become which keys of which Secret."""

    secret_name: str
    """Name of the Secret, and of the ExternalSecret that makes it."""
    namespace: str
    """Namespace of both; one of those that the store serves."""
    store_name: str
    """ClusterSecretStore: `secrets-manager` or `parameter-store`."""
    keys: dict[str, str]
    """For each key of the Secret, where its value is: the secret's or parameter's full name, beginning with
    `/<platform>/`, and after a `#` the field where the value is a JSON object: `/obs/grafana/oauth#client_secret`."""
    refresh_minutes: NotRequired[int]
    """Minutes between looks at AWS, 1 to 1440. Default 60."""


def external_secret_faults(args: ExternalSecretArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = dns_label_faults("secret_name", args["secret_name"])
    faults += dns_label_faults("namespace", args["namespace"])
    faults += dns_label_faults("store_name", args["store_name"])
    if not args["keys"]:
        faults.append(Fault("keys", {}, "hold at least one key"))
    for key, remote in args["keys"].items():
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,253}", key):
            faults.append(
                Fault("keys", key, "be letters, digits, dots, underscores and hyphens (Secret, API reference)")
            )
        if not re.fullmatch(r"/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+(#[^#\s]+)?", remote):
            faults.append(
                Fault(f"keys.{key}", remote, "be a full name such as /obs/grafana/oauth, with #field if need be")
            )
    if not 1 <= args.get("refresh_minutes", REFRESH_MINUTES) <= 1440:
        faults.append(Fault("refresh_minutes", args["refresh_minutes"], "be 1 to 1440 (minutes)"))
    return faults


def external_secret_spec(args: ExternalSecretArgs) -> dict[str, Any]:
    """The `spec` of the ExternalSecret."""
    return {
        "refreshInterval": f"{int(args.get('refresh_minutes', REFRESH_MINUTES))}m",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": args["store_name"]},
        # Owner: the Secret goes with the ExternalSecret. Retain: it stays when the value in AWS goes, since a
        # value deleted by mistake had better break the next change than every pod.
        "target": {"name": args["secret_name"], "creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "data": [{"secretKey": key, "remoteRef": _remote(remote)} for key, remote in sorted(args["keys"].items())],
    }


def _remote(text: str) -> Mapping[str, str]:
    name, _, field = text.partition("#")
    return {"key": name, "property": field} if field else {"key": name}


class ExternalSecret(pulumi.ComponentResource):
    """A Secret that External Secrets makes from values in AWS, and keeps up to date."""

    secret_name: str
    """Name of the Secret."""

    def __init__(self, name: str, args: ExternalSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("ExternalSecret", name, external_secret_faults(args))
        super().__init__("eks-observability:index:ExternalSecret", name, dict(args), opts)
        self.secret_name = args["secret_name"]
        kubernetes.apiextensions.CustomResource(
            f"{name}-external-secret",
            api_version="external-secrets.io/v1",
            kind="ExternalSecret",
            metadata={
                "name": self.secret_name,
                "namespace": args["namespace"],
                "labels": labels("external-secret", self.secret_name, "external-secret"),
            },
            spec=external_secret_spec(args),
            opts=child_of(self, opts),
        )
        self.register_outputs({"secret_name": self.secret_name})

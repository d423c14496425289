"""Secrets that somebody else made and Grafana needs: where each one is, and as what it reaches the pod.

With a secret store they lie in Secrets Manager and External Secrets brings them; without, they are Kubernetes Secrets.
"""

from typing import TYPE_CHECKING, NamedTuple

from ..security.external_secret import ExternalSecretArgs
from ..validation import Fault
from . import names

if TYPE_CHECKING:
    # Which imports this module for its faults.
    from .grafana_args import GrafanaArgs


class GivenSecret(NamedTuple):
    """One of them."""

    argument: str
    """The argument that names it."""
    name: str
    """What was given: `grafana/oidc`, or with a field `grafana/oidc#client_secret`."""
    copy: str
    """Name of the Kubernetes Secret that External Secrets makes of it."""
    keys: tuple[str, ...]
    """Keys that are read. One is the whole value or the field given; several are fields of a JSON object."""


class Reference(NamedTuple):
    """A key of a Kubernetes Secret."""

    secret: str
    key: str


DATABASE_KEYS = ("host", "dbname", "username", "password")
"""AWS' own fields (Secrets Manager user guide, JSON structure of secrets)."""


def given_secrets(args: "GrafanaArgs") -> dict[str, GivenSecret]:
    """Those that these arguments need, by what they are for."""
    auth = args.get("auth", {})
    wanted: dict[str, GivenSecret] = {}
    if "database" in args:
        name = args["database"]["secret_name"]
        wanted["database"] = GivenSecret("database.secret_name", name, names.DATABASE_SECRET, DATABASE_KEYS)
    if "oidc" in auth:
        name = auth["oidc"]["client_secret_name"]
        wanted["oidc"] = GivenSecret("auth.oidc.client_secret_name", name, names.OIDC_SECRET, ("client-secret",))
    if "ldap" in auth:
        name = auth["ldap"]["bind_secret_name"]
        wanted["ldap"] = GivenSecret("auth.ldap.bind_secret_name", name, names.LDAP_SECRET, ("password",))
    if "saml" in auth:
        name = auth["saml"]["key_pair_secret_name"]
        wanted["saml"] = GivenSecret("auth.saml.key_pair_secret_name", name, names.SAML_SECRET, ("tls.crt", "tls.key"))
    if "license_secret_name" in args:
        name = args["license_secret_name"]
        wanted["license"] = GivenSecret("license_secret_name", name, names.LICENSE_SECRET, ("license.jwt",))
    return wanted


def given_secret_faults(args: "GrafanaArgs") -> list[Fault]:
    """Names that make no sense where these secrets are."""
    faults = []
    for secret in given_secrets(args).values():
        if len(secret.keys) > 1 and "#" in secret.name:
            faults.append(Fault(secret.argument, secret.name, f"name no field: {', '.join(secret.keys)} are all read"))
        if not args.get("secret_store_name") and "/" in secret.name:
            bound = "be the name of a Kubernetes Secret while secret_store_name is not given"
            faults.append(Fault(secret.argument, secret.name, bound))
    return faults


def reference(args: "GrafanaArgs", what: str, key: str = "") -> Reference:
    """The Kubernetes Secret, and the key in it, that holds one of these."""
    secret = given_secrets(args)[what]
    wanted = key or secret.keys[0]
    if args.get("secret_store_name"):
        return Reference(secret.copy, wanted)
    name, _, own_key = secret.name.partition("#")
    return Reference(name, own_key or wanted)


def external_secrets(args: "GrafanaArgs") -> dict[str, ExternalSecretArgs]:
    """What External Secrets brings, by what it is for; nothing without a secret store."""
    store = args.get("secret_store_name")
    if not store:
        return {}
    return {what: _external_secret(args, secret, store) for what, secret in given_secrets(args).items()}


def _external_secret(args: "GrafanaArgs", secret: GivenSecret, store: str) -> ExternalSecretArgs:
    path = names.secret_path(args["platform_name"], secret.name)
    several = len(secret.keys) > 1
    return {
        "secret_name": secret.copy,
        "namespace": args.get("namespace", "observability"),
        "store_name": store,
        "keys": {key: f"{path}#{key}" if several else path for key in secret.keys},
    }

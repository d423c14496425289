"""Passwords that nobody chose: drawn once, kept in Secrets Manager, or without AWS in the cluster alone.

They are secret outputs throughout: in Pulumi's state they are encrypted, in previews and logs they don't show, and
no Helm value holds them.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from ..foundation.checks import dns_label_faults
from ..foundation.labels import labels
from ..ordering import child_of, placed_in
from ..security.external_secret import ExternalSecret
from ..validation import Fault, refuse

LENGTH = 40
"""Letters and digits: 238 bits, and no character that a shell, a URL or a database would read as its own."""
RECOVERY_DAYS = 30
"""The longest that Secrets Manager keeps a deleted secret."""


class GeneratedSecretArgs(TypedDict):
    """A Kubernetes Secret, some of whose values are drawn."""

    secret_name: str
    """Name of the Kubernetes Secret."""
    namespace: str
    """Its namespace."""
    generated: list[str]
    """Keys whose values are drawn; at least one."""
    fixed: NotRequired[dict[str, str]]
    """Keys whose values are no secret, such as a user's name. Default none."""
    store_name: NotRequired[str]
    """ClusterSecretStore over Secrets Manager. Default none: the Kubernetes Secret is made right here."""
    path: NotRequired[str]
    """Full name in Secrets Manager, `/<platform>/...`; needed with `store_name`."""
    description: NotRequired[str]
    """What it is, for whoever reads the list of secrets. Default its name."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Key that encrypts it in Secrets Manager; needed with `store_name`."""
    protect: NotRequired[bool]
    """Keep it for 30 days once deleted; false deletes it at once, so that the name is free again. Default true."""


def generated_secret_faults(args: GeneratedSecretArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = dns_label_faults("secret_name", args["secret_name"])
    faults += dns_label_faults("namespace", args["namespace"])
    if not args["generated"]:
        faults.append(Fault("generated", [], "name at least one key"))
    if twice := sorted(set(args["generated"]) & set(args.get("fixed", {}))):
        faults.append(Fault("generated", twice, "be other keys than those of fixed"))
    if args.get("store_name"):
        faults += [Fault(key, "", "be given with store_name") for key in ("path", "kms_key_arn") if key not in args]
    return faults


def drawn_password(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """A password, secret whatever the provider says of it."""
    made = random.RandomPassword(name, length=LENGTH, special=False, opts=opts)
    return _secret(made.result)


def _secret(value: pulumi.Output[str]) -> pulumi.Output[str]:
    return cast("pulumi.Output[str]", pulumi.Output.secret(cast(str, value)))


def stored_secret(
    name: str,
    path: str,
    description: str,
    kms_key_arn: pulumi.Input[str],
    values: Mapping[str, pulumi.Input[str]],
    protect: bool,
    opts: pulumi.ResourceOptions,
) -> aws.secretsmanager.SecretVersion:
    """Values in Secrets Manager, as fields of one JSON object."""
    secret = aws.secretsmanager.Secret(
        f"{name}-stored",
        name=path,
        description=description,
        kms_key_id=kms_key_arn,
        recovery_window_in_days=RECOVERY_DAYS if protect else 0,
        tags={"Name": path},
        opts=opts,
    )
    return aws.secretsmanager.SecretVersion(
        f"{name}-value",
        secret_id=secret.id,
        secret_string=_secret(pulumi.Output.json_dumps(dict(values), sort_keys=True)),
        opts=opts,
    )


class GeneratedSecret(pulumi.ComponentResource):
    """A Secret with generated values, by way of Secrets Manager where there is one."""

    secret_name: str
    """Name of the Kubernetes Secret."""

    def __init__(self, name: str, args: GeneratedSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("GeneratedSecret", name, generated_secret_faults(args))
        super().__init__("eks-observability:index:GeneratedSecret", name, dict(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        values: dict[str, pulumi.Input[str]] = dict(args.get("fixed", {}))
        for key in args["generated"]:
            values[key] = drawn_password(f"{name}-{key}", child)
        self.gates: list[pulumi.Resource]
        if "store_name" in args:
            self.gates = [_in_secrets_manager(self, name, args, values, opts)]
        else:
            self.gates = [_in_the_cluster(name, args, values, placed_in(self, opts))]
        self.secret_name = args["secret_name"]
        self.register_outputs({"secret_name": self.secret_name})


def _in_secrets_manager(
    parent: GeneratedSecret,
    name: str,
    args: GeneratedSecretArgs,
    values: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions | None,
) -> pulumi.Resource:
    description, protect = args.get("description", args["secret_name"]), bool(args.get("protect", True))
    child = pulumi.ResourceOptions(parent=parent)
    version = stored_secret(name, args["path"], description, args["kms_key_arn"], values, protect, child)
    return ExternalSecret(
        name,
        {
            "secret_name": args["secret_name"],
            "namespace": args["namespace"],
            "store_name": args["store_name"],
            "keys": {key: f"{args['path']}#{key}" for key in values},
        },
        child_of(parent, opts, [version]),
    )


def _in_the_cluster(
    name: str, args: GeneratedSecretArgs, values: Mapping[str, pulumi.Input[str]], child: pulumi.ResourceOptions
) -> pulumi.Resource:
    return kubernetes.core.v1.Secret(
        f"{name}-secret",
        metadata={
            "name": args["secret_name"],
            "namespace": args["namespace"],
            "labels": labels("secret", args["secret_name"], "secret"),
        },
        string_data=pulumi.Output.secret(dict(values)),
        opts=child,
    )

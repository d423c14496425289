"""Secrets that stand where everybody can read them."""

from collections.abc import Iterator
from typing import Any

from ..facts import UNKNOWN, Resource, dig, items
from ..model import Finding, Rule, unknown
from ..pods import WORKLOADS, pod_of
from ..secretish import formed, in_arguments, in_text, literal, name_of_secret

SECRETS = Rule(
    42,
    "no-literal-secrets",
    cause="No secret stands in plain text, and generated ones are long",
    why="Environment variables, ConfigMaps and String parameters are readable for everybody who may list them, and "
    "are copied into logs, state and backups.",
    fix="Keep the value in Secrets Manager or a Secret, and refer to it (secretKeyRef, External Secrets, "
    "SecureString). Let random passwords have 20 characters or more.",
    severity="high",
    frameworks=("CIS EKS 1.5.0 4.4.1", "AWS FSBP SSM.1"),
)
_LENGTH = 20
"""Characters: 119 bits from pulumi-random's alphabet of 62, with room for a smaller one."""


@SECRETS.resource(*WORKLOADS)
def environment(resource: Resource) -> Iterator[Finding]:
    """Variables and arguments of every container."""
    for container in pod_of(resource).containers():
        for number, variable in enumerate(items(dig(container.body, "env"))):
            name, value = dig(variable, "name"), dig(variable, "value")
            if formed(value) or (isinstance(name, str) and name_of_secret(name) and literal(value)):
                message = f"{container.path}.env[{number}]: use valueFrom.secretKeyRef instead of a value"
                yield Finding("literal-env", message)
        for key in ("command", "args"):
            if in_arguments(items(dig(container.body, key))):
                yield Finding("literal-argument", f"{container.path}.{key}: pass the secret by a file or a variable")


@SECRETS.resource("kubernetes:core/v1:ConfigMap")
def config_map(resource: Resource) -> Iterator[Finding]:
    """Keys by name, and the lines of configuration files inside."""
    for key, value in _mapping(resource.get("data")):
        if isinstance(value, str) and ((name_of_secret(key) and literal(value)) or in_text(value)):
            yield Finding("literal-in-configmap", "data: move the secret that one of its entries holds into a Secret")
            return


def _mapping(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()


@SECRETS.resource("kubernetes:core/v1:Secret")
def rendered_secret(resource: Resource) -> Iterator[Finding]:
    """A Secret in a file is plain text. One in a program isn't judged: its values may come from a safe place."""
    if not resource.rendered:
        return
    named = [key for part in ("data", "stringData") for key, value in _mapping(resource.get(part)) if _filled(value)]
    if any(name_of_secret(key) for key in named) or any(
        formed(value) for _, value in _mapping(resource.get("stringData"))
    ):
        yield Finding("literal-secret", "data: refer to a Secret that is made outside of the chart")


def _filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


@SECRETS.resource("aws:ssm/parameter:Parameter")
def parameter(resource: Resource) -> Iterator[Finding]:
    """A String parameter is not encrypted."""
    kind, name = resource.get("type"), resource.get("name")
    held = [resource.get("value"), resource.get("insecureValue")]
    named = any(isinstance(each, str) and name_of_secret(each) for each in (name, resource.name))
    if kind is UNKNOWN:
        if named:
            yield unknown("type")
    elif kind != "SecureString" and (named or any(map(formed, held))):
        yield Finding("plain-parameter", 'set type to "SecureString"')


@SECRETS.resource("aws:lambda/function:Function")
def function(resource: Resource) -> Iterator[Finding]:
    """Variables of functions are readable in the console."""
    for key, value in _mapping(resource.get("environment", "variables")):
        if formed(value) or (name_of_secret(key) and literal(value)):
            yield Finding("literal-env", "environment.variables: read the secret from Secrets Manager at run time")
            return


@SECRETS.resource("random:index/randomPassword:RandomPassword")
def password(resource: Resource) -> Iterator[Finding]:
    """Long enough that nobody tries."""
    length = resource.get("length")
    if length is UNKNOWN:
        yield unknown("length")
    elif isinstance(length, int | float) and length < _LENGTH:
        yield Finding("short-password", f"set length to {_LENGTH} or more")

"""A recording mock: runs a program without an engine and keeps every registration as the engine would see it."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import pulumi
import pytest
from google.protobuf import json_format
from pulumi.runtime import mocks, rpc

ACCOUNT = "123456789012"
REGION = "eu-west-1"

# What only AWS decides: unknown in a preview, a plausible value otherwise.
_DECIDED: dict[str, dict[str, str]] = {
    "aws:kms/key:Key": {
        "arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f0e0d0c",
        "keyId": "0f0e0d0c",
    },
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": "1"},
    "eks:index:Cluster": {
        "kubeconfigJson": '{"apiVersion":"v1"}',
        "oidcIssuer": f"oidc.eks.{REGION}.amazonaws.com/id/ABCDEF",
        "oidcProviderUrl": f"https://oidc.eks.{REGION}.amazonaws.com/id/ABCDEF",
        "clusterSecurityGroupId": "sg-cluster",
    },
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
        "arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.{REGION}.amazonaws.com/id/ABCDEF"
    },
}


class Registration(NamedTuple):
    """One resource as it was registered."""

    type: str
    name: str
    inputs: dict[str, Any]
    """With `None` where a value is not known yet."""
    parent: str
    """Name of the parent, or empty."""
    depends_on: frozenset[str]
    """Names of everything that it waits for, through options and through inputs."""
    request: Any
    """The request itself, for options."""


class Registrations(list[Registration]):
    """Everything that a program registered, in order."""

    def named(self, name: str) -> Registration:
        found = [resource for resource in self if resource.name == name]
        assert len(found) == 1, f"{name}: registered {len(found)} times among {sorted(r.name for r in self)}"
        return found[0]

    def of_type(self, *suffixes: str) -> list[Registration]:
        return [resource for resource in self if resource.type.endswith(suffixes)]

    def waits_for(self, name: str, other: str) -> bool:
        """Whether a resource waits for another, directly or through others or their parents."""
        seen: set[str] = set()
        todo = [name]
        while todo:
            current = todo.pop()
            if current == other:
                return True
            if current in seen:
                continue
            seen.add(current)
            for resource in self:
                if resource.name == current:
                    todo += [*resource.depends_on, resource.parent]
        return False


class _Mocks(mocks.Mocks):
    def __init__(self, preview: bool) -> None:
        self.preview = preview

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        decided: dict[str, Any] = {"arn": f"arn:aws:mock:{REGION}:{ACCOUNT}:{args.name}", **_DECIDED.get(args.typ, {})}
        if self.preview:
            decided = dict.fromkeys(decided, rpc.UNKNOWN)
        identity = "" if self.preview or not args.custom else f"{args.name}-id"
        return identity, {**decided, **args.inputs} if args.custom or args.typ.startswith("eks:") else args.inputs

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"a component asked the cloud for {args.token}")


class _Monitor(mocks.MockMonitor):
    def __init__(self, preview: bool) -> None:
        super().__init__(_Mocks(preview))
        self.registered = Registrations()

    def RegisterResource(self, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            waits = {*request.dependencies}
            for dependency in request.propertyDependencies.values():
                waits |= {*dependency.urns}
            self.registered.append(
                Registration(
                    request.type,
                    request.name,
                    _plain(json_format.MessageToDict(request.object)),
                    "" if "::pulumi:pulumi:Stack::" in request.parent else request.parent.rsplit("::", 1)[-1],
                    frozenset(urn.rsplit("::", 1)[-1] for urn in waits),
                    request,
                )
            )
        return super().RegisterResource(request)


def _plain(value: Any) -> Any:
    """Wire form to plain data: `None` for the unknown, its URN for a reference to a resource."""
    if isinstance(value, dict):
        if rpc._special_sig_key in value:
            return value.get("urn", value.get("value"))
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if value == rpc.UNKNOWN else value


Program = Callable[[], Any]


class Runner:
    """Runs programs; `registered` holds what the last one registered, also when it failed."""

    registered: Registrations

    def __call__(self, program: Program, preview: bool = False) -> Registrations:
        asyncio.set_event_loop(asyncio.new_event_loop())
        monitor = _Monitor(preview)
        self.registered = monitor.registered
        mocks.set_mocks(monitor.mocks, preview=preview, monitor=monitor)
        pulumi.runtime.test(program)()
        return monitor.registered

    def refused(self, program: Program) -> str:
        """The message with which a program's arguments are refused, before anything is registered."""
        with pytest.raises((pulumi.InputPropertiesError, pulumi.InputPropertyError)) as refusal:
            self(program)
        assert not self.registered, f"registered before the refusal: {[r.name for r in self.registered]}"
        return str(refusal.value)

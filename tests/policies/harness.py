"""Runs the pack as the engine does: protocol messages into pulumi_policy's own server class, diagnostics out."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from google.protobuf import struct_pb2
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies import pack

UNKNOWN = UNKNOWN_STRING_VALUE
"""What the engine sends where a value isn't known yet."""


class Verdict(NamedTuple):
    """One diagnostic, as the engine gets it."""

    policy: str
    mandatory: bool
    word: str
    message: str
    urn: str


class It(NamedTuple):
    """A resource of a stack."""

    type: str
    name: str
    props: Mapping[str, Any]
    depends: Mapping[str, list[str]] = MappingProxyType({})
    """Names of resources by property."""


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::proj::{kind}::{name}"


def struct(props: Mapping[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(props)
    return message


class Pack:
    """A server with the pack in it."""

    def __init__(
        self,
        exemptions: Iterable[Mapping[str, Any]] = (),
        config: Mapping[str, Mapping[str, Any]] | None = None,
        levels: Mapping[str, str] | None = None,
    ) -> None:
        self.server = _PolicyAnalyzerServicer("pack", "0.0.1", pack.build(exemptions), EnforcementLevel.MANDATORY)
        request = proto.ConfigureAnalyzerRequest()
        for name, settings in (config or {}).items():
            request.policyConfig[name].enforcementLevel = proto.MANDATORY
            request.policyConfig[name].properties.update(settings)
        for name, level in (levels or {}).items():
            request.policyConfig[name].enforcementLevel = getattr(proto, level.upper())
        self.server.Configure(request, None)

    def one(self, kind: str, props: Mapping[str, Any], name: str = "it") -> list[Verdict]:
        """The verdict on one resource, before it is created."""
        request = proto.AnalyzeRequest(type=kind, urn=urn(kind, name), name=name, properties=struct(props))
        return _verdicts(self.server.Analyze(request, None))

    def all(self, *resources: It) -> list[Verdict]:
        """The verdict on a stack."""
        urns = {each.name: urn(each.type, each.name) for each in resources}
        request = proto.AnalyzeStackRequest()
        for each in resources:
            message = proto.AnalyzerResource(
                type=each.type, urn=urns[each.name], name=each.name, properties=struct(each.props)
            )
            for key, names in each.depends.items():
                message.propertyDependencies[key].urns.extend(urns[name] for name in names)
            request.resources.append(message)
        return _verdicts(self.server.AnalyzeStack(request, None))


def _verdicts(response: proto.AnalyzeResponse) -> list[Verdict]:
    found = []
    for each in response.diagnostics:
        word = re.search(r"\[([a-z0-9-]+)\]$", each.message)
        found.append(
            Verdict(
                each.policyName,
                each.enforcementLevel == proto.MANDATORY,
                word.group(1) if word else "",
                each.message,
                each.urn,
            )
        )
    return found


def words(verdicts: Iterable[Verdict], policy: str, mandatory: bool = True) -> set[str]:
    """The findings of one policy."""
    return {each.word for each in verdicts if each.policy == policy and each.mandatory == mandatory}

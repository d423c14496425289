"""Registers resources with the engine directly, without Pulumi's SDK, whose state belongs to one program."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from ..values import UNKNOWN, reference, to_python, to_struct


@dataclass(frozen=True)
class Made:
    """A registered resource."""

    urn: str
    id: str
    outputs: Mapping[str, Any]

    def get(self, key: str) -> Any:
        """An output; unknown when a preview does not tell."""
        return self.outputs.get(key, UNKNOWN)

    @property
    def reference(self) -> dict[str, Any]:
        """The resource itself, as an output of a component."""
        return reference(self.urn, self.id)


class Monitor:
    """The engine, as a component sees it."""

    def __init__(self, request: Any) -> None:
        self.channel = grpc.insecure_channel(request.monitorEndpoint)
        self.stub = resource_pb2_grpc.ResourceMonitorStub(self.channel)
        self.request = request

    def close(self) -> None:
        """Hang up."""
        self.channel.close()

    def component(self, type_: str, name: str, parent: str, inputs: Mapping[str, Any]) -> str:
        """Register a component and give its URN. The component under construction takes the caller's options."""
        request = self.request
        top = type_ == request.type and name == request.name
        response = self.stub.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=type_,
                name=name,
                parent=parent,
                object=to_struct(inputs),
                protect=request.protect,
                dependencies=request.dependencies if top else [],
                aliases=request.aliases if top else [],
                providers=request.providers,
                acceptSecrets=True,
                acceptResources=True,
                supportsPartialValues=True,
            )
        )
        return str(response.urn)

    def outputs(self, urn: str, outputs: Mapping[str, Any]) -> None:
        """Declare a component finished."""
        self.stub.RegisterResourceOutputs(
            resource_pb2.RegisterResourceOutputsRequest(urn=urn, outputs=to_struct(outputs))
        )

    def resource(
        self,
        type_: str,
        name: str,
        parent: str,
        inputs: Mapping[str, Any],
        *,
        dependencies: Iterable[str] = (),
        provider: str = "",
        ignore_changes: Iterable[str] = (),
        retain: bool = False,
    ) -> Made:
        """Register a resource and wait until it is made."""
        package = type_.partition(":")[0].replace("pulumi", type_.rpartition(":")[2])
        response = self.stub.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=type_,
                name=name,
                parent=parent,
                custom=True,
                object=to_struct({key: value for key, value in inputs.items() if value is not None}),
                protect=self.request.protect,
                dependencies=sorted(set(filter(None, dependencies))),
                provider=provider or self.request.providers.get(package, ""),
                version=metadata.version(f"pulumi-{package}"),
                ignoreChanges=list(ignore_changes),
                retainOnDelete=retain,
                acceptResources=True,
                supportsPartialValues=True,
            )
        )
        return Made(response.urn, response.id or UNKNOWN, to_python(response.object))

    def look_up(self, urn: str) -> Mapping[str, Any]:
        """The outputs of a resource that was passed in by reference."""
        return dict(self._invoke("pulumi:pulumi:getResource", {"urn": urn}).get("state") or {})

    def call(self, token: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a provider's function."""
        return self._invoke(token, args, self.request.providers.get(token.partition(":")[0], ""))

    def _invoke(self, token: str, args: Mapping[str, Any], provider: str = "") -> dict[str, Any]:
        package = token.partition(":")[0]
        version = "" if package == "pulumi" else metadata.version(f"pulumi-{package}")
        response: provider_pb2.InvokeResponse = self.stub.Invoke(
            resource_pb2.ResourceInvokeRequest(
                tok=token, args=to_struct(args), provider=provider, version=version, acceptResources=True
            )
        )
        return to_python(getattr(response, "return"))

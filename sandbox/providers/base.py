"""The gRPC side of every simulated provider."""

import os
import time
from importlib import metadata
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from ..simulation import CloudError, Resource, Simulation
from ..values import to_python, to_struct

_KINDS = {name.lower().replace("_", "-"): number for name, number in provider_pb2.PropertyDiff.Kind.items()}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves a simulation to the engine.

    The engine opens one connection for each provider resource of the program, which is how their
    configurations are told apart: an attached server, unlike a plugin, is shared by all of them.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.configs: dict[str, Any] = {}
        self.faults = set(filter(None, os.environ.get("SANDBOX_FAIL", "").split(",")))
        self.delays = dict(each.split("=") for each in os.environ.get("SANDBOX_SLOW", "").split(",") if each)

    def config(self, context: grpc.ServicerContext) -> Any:
        """The configuration of the provider resource behind this connection."""
        peer = context.peer()
        if peer not in self.configs:
            self.configs[peer] = self.simulation.configure({})
        return self.configs[peer]

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=sdk_version(self.simulation.package))

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Reconfigure in place, as the real providers do for all but a change of account or cluster."""
        changed = to_python(request.olds) != to_python(request.news)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        )

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            self.configs[context.peer()] = self.simulation.configure(to_python(request.args))
        except CloudError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        checked = self.simulation.check(
            self.config(context),
            Resource(request.type, request.name, request.urn),
            to_python(request.news),
            to_python(request.olds),
            request.randomSeed,
        )
        failures = [provider_pb2.CheckFailure(property=f.property, reason=f.reason) for f in checked.failures]
        return provider_pb2.CheckResponse(inputs=to_struct(checked.inputs), failures=failures)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        changes = self.simulation.diff(
            self.config(context),
            Resource(request.type, request.name, request.urn),
            to_python(request.old_inputs),
            to_python(request.news),
        )
        if not changes.paths:
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME,
            diffs=sorted({_root(path) for path in changes.paths}),
            replaces=sorted({_root(path) for path, kind in changes.paths.items() if kind.endswith("-replace")}),
            hasDetailedDiff=True,
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=_KINDS[kind], inputDiff=True)
                for path, kind in changes.paths.items()
            },
            deleteBeforeReplace=changes.delete_first,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = Resource(request.type, request.name, request.urn)
        try:
            self._inject(resource, request.preview)
            id_, outputs = self.simulation.create(
                self.config(context), resource, to_python(request.properties), request.preview
            )
        except CloudError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return provider_pb2.CreateResponse(id=id_, properties=to_struct(outputs))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = Resource(request.type, request.name, request.urn)
        try:
            self._inject(resource, request.preview)
            outputs = self.simulation.update(
                self.config(context),
                resource,
                request.id,
                to_python(request.olds),
                to_python(request.news),
                request.preview,
            )
        except CloudError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        if self.simulation.package == "random":  # nothing but the state knows a drawn value
            return provider_pb2.ReadResponse(id=request.id, inputs=request.inputs, properties=request.properties)
        found = self.simulation.read(self.config(context), request.type or _type(request.urn), request.id)
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, outputs = found
        return provider_pb2.ReadResponse(id=request.id, inputs=to_struct(inputs), properties=to_struct(outputs))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = Resource(request.type or _type(request.urn), request.name, request.urn)
        try:
            self.simulation.delete(self.config(context), resource, request.id)
        except CloudError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            result = self.simulation.invoke(self.config(context), request.tok, to_python(request.args))
        except CloudError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return provider_pb2.InvokeResponse(**{"return": to_struct(result)})

    def _inject(self, resource: Resource, preview: bool) -> None:
        """For tests: fail what `SANDBOX_FAIL` lists (types or names), delay what `SANDBOX_SLOW` does (type=seconds)."""
        if preview:
            return
        time.sleep(float(self.delays.get(resource.type, 0)))
        if self.faults & {resource.type, resource.name}:
            raise CloudError(f"injected fault: {resource.type} {resource.name}")


def sdk_version(package: str) -> str:
    """The version of the installed SDK: the engine warns of a plugin that is older than it."""
    return metadata.version(f"pulumi-{package}")


def _root(path: str) -> str:
    return path.replace("[", ".", 1).partition(".")[0]


def _type(urn: str) -> str:
    """The type at the end of a URN's chain of parents."""
    return urn.split("::")[2].rpartition("$")[2]

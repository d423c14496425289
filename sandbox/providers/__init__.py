"""The providers that the engine attaches to: gRPC on one side, a `Simulation` on the other."""

from pathlib import Path

from pulumi.runtime.proto import provider_pb2_grpc

from ..store import Store
from .aws import Aws
from .base import Provider
from .eks import Eks
from .kubernetes import Kubernetes
from .random import Random


def servicers(store: Store, kubeconfig: Path | None) -> dict[str, provider_pb2_grpc.ResourceProviderServicer]:
    """A servicer for each simulated package; Kubernetes is not simulated when a real cluster is given."""
    made: dict[str, provider_pb2_grpc.ResourceProviderServicer] = {
        "aws": Provider(Aws(store)),
        "eks": Eks(kubeconfig),
        "random": Provider(Random()),
    }
    if kubeconfig is None:
        made["kubernetes"] = Provider(Kubernetes(store))
    return made

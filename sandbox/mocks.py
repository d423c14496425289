"""The simulated cloud for unit tests with Pulumi's mocks: the same rules, without an engine.

    cloud = CloudMocks()
    pulumi.runtime.set_mocks(cloud)

Bad inputs and references to nothing raise, as `up` would; outputs have their real form. Remote components
are recorded but not expanded.
"""

from typing import Any

import pulumi

from .providers.aws import Aws
from .providers.kubernetes import Kubernetes
from .providers.random import Random
from .simulation import Checked, CloudError, Resource, Simulation
from .store import Store
from .values import is_secret


class CloudMocks(pulumi.runtime.Mocks):
    """Answers registrations from the simulated providers and records them."""

    def __init__(self, region: str = "us-east-1", store: Store | None = None) -> None:
        self.store = store or Store()
        self.registered: list[pulumi.runtime.MockResourceArgs] = []
        """Every registration, in order."""
        simulations: list[Simulation] = [Aws(self.store), Kubernetes(self.store), Random()]
        self._simulations = {each.package: each for each in simulations}
        self._configs = {each.package: each.configure({"region": region}) for each in simulations}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Check the inputs and make the resource."""
        self.registered.append(args)
        package = args.typ.partition(":")[0]
        simulation = self._simulations.get(package)
        if simulation is None or not args.custom:
            return f"{args.name}-id", dict(args.inputs)
        resource = Resource(args.typ, args.name, f"urn:pulumi:stack::project::{args.typ}::{args.name}")
        config = self._configs[package]
        checked: Checked = simulation.check(config, resource, args.inputs, {}, b"")
        if checked.failures:
            raise CloudError("; ".join(failure.reason for failure in checked.failures))
        id_, outputs = simulation.create(config, resource, checked.inputs, preview=False)
        # Mocks take plain values only.
        return id_, {key: value["value"] if is_secret(value) else value for key, value in outputs.items()}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Call a function."""
        package = args.token.partition(":")[0]
        simulation = self._simulations.get(package)
        if simulation is None:
            raise CloudError(f"{args.token} is not simulated")
        return dict(simulation.invoke(self._configs[package], args.token, args.args)), []

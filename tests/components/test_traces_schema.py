"""The traces room as every Pulumi language sees it."""

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition

from components.traces.agent import OpenTelemetryAgent
from components.traces.gateway import OpenTelemetryGateway
from components.traces.tempo import Tempo
from components.traces.traces import Traces
from components.traces.traces_agent import TracesAgent

COMPONENTS: list[type[pulumi.ComponentResource]] = [
    OpenTelemetryAgent,
    OpenTelemetryGateway,
    Tempo,
    Traces,
    TracesAgent,
]


@pytest.fixture(scope="module")
def schema() -> dict[str, ComponentDefinition]:
    return Analyzer("eks-observability").analyze(COMPONENTS)["component_definitions"]


def test_every_component_can_be_used_from_every_language(schema: dict[str, ComponentDefinition]) -> None:
    assert set(schema) == {component.__name__ for component in COMPONENTS}


def test_every_argument_and_output_is_documented_and_every_optional_one_states_its_default(
    schema: dict[str, ComponentDefinition],
) -> None:
    for component, definition in schema.items():
        for name, prop in {**definition.inputs, **definition.outputs}.items():
            assert prop.description, f"{component}.{name}"
            if prop.optional and name in definition.inputs:
                assert "efault" in prop.description, f"{component}.{name}"

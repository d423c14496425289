"""Grafana as every Pulumi language sees it."""

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition

from components.grafana.database import GrafanaDatabase
from components.grafana.grafana import Grafana
from components.grafana.managed import ManagedGrafana
from components.grafana.secret import GeneratedSecret

COMPONENTS: list[type[pulumi.ComponentResource]] = [GeneratedSecret, Grafana, GrafanaDatabase, ManagedGrafana]


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
                assert "efault" in prop.description or "eeded" in prop.description, f"{component}.{name}"

"""The components as every Pulumi language sees them."""

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition

from components.foundation.cluster import EksCluster
from components.foundation.encryption_key import EncryptionKey
from components.foundation.helm_release import HelmRelease
from components.foundation.irsa_role import IrsaRole
from components.foundation.namespace import Namespace
from components.foundation.network import Network
from components.foundation.storage_class import StorageClass
from components.foundation.tiered_bucket import TieredBucket

COMPONENTS: list[type[pulumi.ComponentResource]] = [
    EksCluster,
    EncryptionKey,
    HelmRelease,
    IrsaRole,
    Namespace,
    Network,
    StorageClass,
    TieredBucket,
]


@pytest.fixture(scope="module")
def schema() -> dict[str, ComponentDefinition]:
    return Analyzer("eks-observability").analyze(COMPONENTS)["component_definitions"]


def test_every_component_can_be_used_from_every_language(schema: dict[str, ComponentDefinition]) -> None:
    assert set(schema) == {component.__name__ for component in COMPONENTS}


def test_every_argument_and_output_is_documented(schema: dict[str, ComponentDefinition]) -> None:
    bare = [
        f"{component}.{name}"
        for component, definition in schema.items()
        for name, prop in {**definition.inputs, **definition.outputs}.items()
        if not prop.description
    ]
    assert bare == []


def test_every_optional_argument_states_its_default(schema: dict[str, ComponentDefinition]) -> None:
    silent = [
        f"{component}.{name}"
        for component, definition in schema.items()
        for name, prop in definition.inputs.items()
        if prop.optional and "efault" not in (prop.description or "")
    ]
    assert silent == []

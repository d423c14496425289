"""The components as a plugin, as other Pulumi languages get them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from components import COMPONENTS


@pytest.fixture
def host(repository: Path) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """The plugin, started as the engine starts it: the folder as a program, its port on standard output."""
    process = subprocess.Popen(
        [sys.executable, str(repository / "components"), "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    if not port.isdigit():
        process.kill()
        pytest.fail(f"the plugin did not start: {process.communicate()[1]}")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    process.kill()
    process.communicate()


def test_every_component_is_offered_to_other_languages(host: provider_pb2_grpc.ResourceProviderStub) -> None:
    schema = json.loads(host.GetSchema(provider_pb2.GetSchemaRequest(), timeout=30).schema)
    offered = {token.rpartition(":")[2] for token in schema["resources"]}
    assert offered == set(COMPONENTS)
    bucket = schema["resources"]["eks-observability:index:TieredBucket"]
    assert set(bucket["requiredInputs"]) == {"bucketName", "region", "kmsKeyArn", "expireAfterDays"}
    assert bucket["inputProperties"]["expireAfterDays"]["type"] in ("integer", "number")
    assert bucket["inputProperties"]["transitions"]["description"], "docstrings travel with the arguments"

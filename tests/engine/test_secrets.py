"""Where secrets are not: in Helm values, in ConfigMaps, in plain state."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Stack

from .everything import EVERYTHING

SECRET_MARK = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi's state tells a secret from other values."""


@pytest.fixture(scope="module", params=["dev", "prod-with-everything", "local"])
def up(request: pytest.FixtureRequest, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack that is up, and has drawn its passwords."""
    name = request.param.partition("-")[0]
    stack = Stack(repository, name, home=tmp_path_factory.mktemp("sandbox"))
    made = stack.up(set=EVERYTHING if "everything" in request.param else {})
    assert made.exit_code == 0, made.output
    return stack


def test_passwords_are_in_state_as_ciphertext_only(up: Stack) -> None:
    drawn = _drawn(up)
    plain = up.run("export").stdout
    for name, password in drawn.items():
        assert password not in plain, f"{name} is in the exported state as plain text"
    assert plain.count('"ciphertext"') >= len(drawn)


def test_passwords_are_in_no_values_and_no_config_map(up: Stack) -> None:
    drawn = _drawn(up)
    deployment = json.loads(up.run("export", "--show-secrets").stdout)["deployment"]
    for resource in deployment["resources"]:
        if resource["type"] in ("kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:ConfigMap"):
            text = json.dumps([resource.get("inputs"), resource.get("outputs")])
            for name, password in drawn.items():
                assert password not in text, f"{resource['urn']} holds {name}"


def test_secrets_are_only_where_secrets_belong(up: Stack) -> None:
    """A secret that wanders into another resource's input would be encrypted in state, and readable in AWS."""
    keepers = (
        "random:", "aws:secretsmanager/secretVersion:", "aws:rds/instance:", "kubernetes:core/v1:Secret",
        "pulumi:providers:",
    )  # fmt: skip
    for resource in up.export()["resources"]:
        if resource["type"].startswith("eks-observability:") or resource["type"].startswith(keepers):
            continue
        assert not list(_secrets(resource.get("inputs", {}))), f"{resource['urn']} is given a secret"


def _drawn(stack: Stack) -> dict[str, str]:
    """Every password that the stack has drawn."""
    deployment = json.loads(stack.run("export", "--show-secrets").stdout)["deployment"]
    drawn = {
        resource["urn"].rpartition("::")[2]: json.loads(resource["outputs"]["result"]["plaintext"])
        for resource in deployment["resources"]
        if resource["type"] == "random:index/randomPassword:RandomPassword"
    }
    assert drawn, "no password drawn: there is nothing that this test could find"
    assert all(len(password) >= 20 for password in drawn.values())
    return drawn


def _secrets(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if SECRET_MARK in value:
            yield value
        else:
            for inner in value.values():
                yield from _secrets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner)

"""SeaweedFs as resources: what is made, in which order, where the key goes."""

import json
from typing import Any

import pulumi
import pytest

from components.foundation.seaweedfs import SeaweedFs
from components.foundation.seaweedfs_values import SeaweedFsArgs
from tests.components.recorder import Registrations, Runner


def args(**over: Any) -> SeaweedFsArgs:
    base = {"namespace": "observability", "bucket_names": ["local-logs"], "storage_class_name": "standard"}
    return {**base, **over}  # type: ignore[typeddict-item]


def made(run: Runner, **over: Any) -> Registrations:
    return run(lambda: SeaweedFs("s3", args(**over)) and None)


def test_the_key_is_drawn_once_and_reaches_secrets_only(run: Runner) -> None:
    registered = made(run)
    password = registered.named("s3-secret-key").inputs
    assert password["length"] >= 40
    assert password["special"] is False, "clients put it into addresses and files of many grammars"
    secrets = registered.of_type("core/v1:Secret")
    assert {secret.inputs["metadata"]["name"] for secret in secrets} == {
        "object-store-credentials",
        "seaweedfs-identities",
    }
    for secret in secrets:
        assert registered.waits_for(secret.name, "s3-secret-key")
        assert secret.inputs["metadata"]["namespace"] == "observability"
    (release,) = registered.of_type(":Release")
    assert "s3-secret-key" not in json.dumps(release.inputs)


def test_the_secret_has_the_variables_that_every_s3_client_reads(run: Runner) -> None:
    data = made(run).named("s3-object-store-credentials").inputs["stringData"]
    assert set(data) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert data["AWS_ACCESS_KEY_ID"] == "observability"


def test_nothing_starts_before_its_keys_and_before_it_may_talk(run: Runner) -> None:
    registered = made(run)
    for first in ("s3-object-store-credentials", "s3-seaweedfs-identities", "s3-network-seaweedfs"):
        assert registered.waits_for("s3-release-release", first), first


def test_who_waits_for_the_store_waits_for_its_buckets(run: Runner) -> None:
    def program() -> None:
        store = SeaweedFs("s3", args())
        pulumi.ComponentResource("test:index:Room", "room", {}, pulumi.ResourceOptions(depends_on=[store]))

    registered = run(program)
    assert registered.waits_for("room", "s3-release-release"), "the chart's hook makes the buckets before it is done"


def test_what_the_rooms_need_is_known_before_anything_exists(run: Runner) -> None:
    found: list[str] = []

    def program() -> None:
        store = SeaweedFs("s3", args())
        found.extend([store.endpoint, store.credentials_secret_name])

    run(program, preview=True)
    assert found == ["seaweedfs-s3.observability.svc.cluster.local:8333", "object-store-credentials"]


@pytest.mark.parametrize(
    ("over", "message"),
    [({"bucket_names": []}, "name at least one bucket"), ({"storage_gib": 1}, "be a whole number from 5")],
)
def test_bad_arguments_are_refused_before_anything_is_made(run: Runner, over: dict[str, Any], message: str) -> None:
    assert message in run.refused(lambda: SeaweedFs("s3", args(**over)) and None)
    assert not run.registered

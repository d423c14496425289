"""The offline cloud itself: what previews know, what is replaced, refused, remembered and left behind."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engine import find_pulumi
from sandbox.store import Store
from sandbox.testing import Stack

Program = Callable[..., Stack]

NETWORK = """
import pulumi
import pulumi_aws as aws

vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="{cidr}")
key = aws.kms.Key("key", enable_key_rotation=True)
bucket = aws.s3.Bucket("bucket", bucket="{bucket}", tags={{"a": "{tag}"}})
enabled = {{"status": "Enabled"}}
versioning = aws.s3.BucketVersioning("versioning", bucket=bucket.bucket, versioning_configuration=enabled)
pulumi.export("vpc", vpc.id)
pulumi.export("bucket", bucket.bucket)
pulumi.export("arn", bucket.arn)
pulumi.export("key", key.arn)
"""


def network(cidr: str = "10.0.0.0/24", bucket: str = "some-data", tag: str = "1") -> str:
    return NETWORK.format(cidr=cidr, bucket=bucket, tag=tag)


def test_a_stack_lives_from_preview_to_destroy(program: Program) -> None:
    stack = program(network())
    first = stack.preview("--json")
    assert first.exit_code == 0, first.output
    assert first.changes == {"create": 6}
    outputs = json.loads(first.stdout)
    assert outputs["changeSummary"] == {"create": 6}
    assert stack.resources() == []

    made = stack.up()
    assert made.exit_code == 0, made.output
    assert made.changes == {"create": 6}
    outputs = stack.outputs()
    assert outputs["vpc"].startswith("vpc-")
    assert len(outputs["vpc"]) == len("vpc-") + 17
    assert outputs["arn"] == "arn:aws:s3:::some-data"
    assert outputs["key"].startswith("arn:aws:kms:us-east-1:123456789012:key/")

    again = stack.up("--expect-no-changes")
    assert again.exit_code == 0, again.output
    assert again.changes == {"same": 6}
    assert stack.preview("--diff", "--expect-no-changes").exit_code == 0

    deployment = stack.export()
    assert {each["type"] for each in deployment["resources"]} >= {"aws:ec2/vpc:Vpc", "aws:s3/bucket:Bucket"}

    gone = stack.destroy()
    assert gone.exit_code == 0, gone.output
    assert gone.changes == {"delete": 6}
    assert list(Store(stack.place.cloud)) == []
    assert "left in the simulated cloud" not in gone.output


def test_a_preview_knows_inputs_and_not_what_aws_decides(program: Program) -> None:
    shown = program(network()).preview("--diff").output
    outputs = dict(re.findall(r"(\w+) *: (.*)", shown.rpartition("--outputs:--")[2].partition("Resources:")[0]))
    assert outputs == {"arn": "[unknown]", "bucket": '"some-data"', "key": "[unknown]", "vpc": "[unknown]"}


def test_output_is_pulumis_own(program: Program) -> None:
    result = program(network() + "print('hello from the program')\n").preview()
    assert "hello from the program" in result.output
    for noise in ("from $PATH", "grpc", "fork", "Traceback", "asyncio", "debug"):
        assert noise not in result.output, result.output


def test_inputs_that_force_replacement_do(program: Program) -> None:
    program(network()).up()
    stack = program(network(cidr="10.0.1.0/24", bucket="other-data"))
    planned = stack.preview()
    assert {step.name: step.replaces for step in planned.of("replace")} == {
        "subnet": ("cidrBlock",),
        "bucket": ("bucket",),
        "versioning": ("bucket",),
    }
    assert stack.up().exit_code == 0
    assert stack.up().changes == {"same": 6}


def test_what_the_account_holds_already_can_be_named(program: Program) -> None:
    stack = program(
        """
        import pulumi_aws as aws
        vpc = aws.ec2.Vpc.get("theirs", "vpc-0123456789abcdef0")
        aws.ec2.Subnet("ours", vpc_id=vpc.id, cidr_block="10.0.0.0/24")
        """
    )
    assert "does not exist" in stack.up().output
    assert stack.up("--existing", "vpc-0123456789abcdef0").exit_code == 0


def test_a_tag_is_changed_in_place(program: Program) -> None:
    program(network()).up()
    changed = program(network(tag="2")).up()
    assert [step.name for step in changed.of("update")] == ["bucket"]
    assert changed.changes == {"same": 5, "update": 1}


def test_names_are_made_up_as_the_bridge_does_and_kept(program: Program) -> None:
    source = """
    import pulumi, pulumi_aws as aws
    bucket = aws.s3.Bucket("Data")
    pulumi.export("name", bucket.bucket)
    """
    stack = program(source)
    stack.up()
    name = stack.outputs()["name"]
    assert name.startswith("data-")
    assert len(name) == len("data-") + 7
    assert stack.up().changes == {"same": 2}
    assert stack.outputs()["name"] == name


def test_default_tags_reach_every_resource(program: Program) -> None:
    source = """
    import pulumi, pulumi_aws as aws
    provider = aws.Provider("aws", region="eu-west-1", default_tags={"tags": {"team": "o11y"}})
    bucket = aws.s3.Bucket("b", bucket="abc-def", tags={"own": "1"}, opts=pulumi.ResourceOptions(provider=provider))
    group = aws.cloudwatch.LogGroup("g", name="/x", opts=pulumi.ResourceOptions(provider=provider))
    pulumi.export("tags", bucket.tags_all)
    pulumi.export("arn", group.arn)
    """
    stack = program(source)
    assert stack.up().exit_code == 0
    assert stack.outputs() == {
        "arn": "arn:aws:logs:eu-west-1:123456789012:log-group:/x",
        "tags": {"own": "1", "team": "o11y"},
    }
    assert stack.up().changes == {"same": 4}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('aws.ec2.Subnet("x", vpc_id="vpc-0123456789abcdef0", cidr_block="10.0.0.0/24")', "InvalidVpcID.NotFound"),
        ('aws.kms.Key("x", deletion_window_in_days=3)', "to be in the range (7 - 30), got 3"),
        ('k8s.core.v1.ConfigMap("x", metadata={"name": "x", "namespace": "lost"})', 'namespaces "lost" not found'),
        ('eks.Cluster("x", gpu=True, skip_default_node_group=True)', "does not simulate of eks.Cluster: option gpu"),
        ("aws.ec2.get_ami(most_recent=True)", "is not simulated"),
    ],
)
def test_mistakes_are_refused_in_the_providers_words(program: Program, source: str, message: str) -> None:
    header = "import pulumi_aws as aws, pulumi_eks as eks, pulumi_kubernetes as k8s\n"
    result = program(header + source).up()
    assert result.exit_code != 0
    assert message in result.output


def test_an_exception_of_the_program_shows_its_own_frames_only(program: Program) -> None:
    result = program("def deep():\n    raise ValueError('bad setting')\ndeep()\n").preview()
    assert result.exit_code != 0
    assert "ValueError: bad setting" in result.output
    assert "__main__.py" in result.output
    assert "site-packages" not in result.output


def test_what_is_in_use_cannot_be_deleted_and_order_is_by_dependency(program: Program) -> None:
    stack = program(network())
    stack.up()
    cloud = Store(stack.place.cloud)
    (subnet,) = cloud.of_type("aws:ec2/subnet:Subnet")
    extra = subnet._replace(id="subnet-made-by-hand", urn="")
    cloud.put(extra._replace(retained=True))
    refused = stack.destroy()
    assert refused.exit_code != 0
    assert "DependencyViolation" in refused.output
    Store(stack.place.cloud).delete(extra.type, extra.id)
    assert stack.destroy().exit_code == 0


def test_an_injected_fault_is_repaired_by_the_next_run(program: Program) -> None:
    stack = program(network())
    failed = stack.up(env={"SANDBOX_FAIL": "aws:s3/bucketVersioning:BucketVersioning"})
    assert failed.exit_code != 0
    assert "injected fault: aws:s3/bucketVersioning:BucketVersioning versioning" in failed.output
    assert "aws:s3/bucket:Bucket" in {each["type"] for each in stack.resources()}, "what was made before it is kept"
    repaired = stack.up()
    assert repaired.exit_code == 0, repaired.output
    assert "versioning" in {step.name for step in repaired.of("create")}
    assert repaired.step("bucket").op == "same"
    assert stack.up().changes == {"same": 6}


SLOW = """
import os, pulumi_aws as aws
first = aws.ec2.Vpc("first", cidr_block="10.0.0.0/16")
for number in range(6):
    aws.ec2.Subnet(f"subnet{number}", vpc_id=first.id, cidr_block=f"10.0.{number}.0/24")
"""


def _begin(stack: Stack, seconds: int, checkpoints: bool = True) -> subprocess.Popen[str]:
    """An `up` whose subnets take long; returns when the network is there and the first of them is being made."""
    process = subprocess.Popen(
        stack.command("up", checkpoints=checkpoints),
        env=stack.environment({"SANDBOX_SLOW": f"aws:ec2/subnet:Subnet={seconds}"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        # The network's own operation may still be pending when it is there, and be gone a moment later.
        pending = {each["resource"]["type"] for each in stack.place.state().get("pending_operations") or []}
        if len(Store(stack.place.cloud)) and ("aws:ec2/subnet:Subnet" in pending or not checkpoints):
            return process
        time.sleep(0.05)
    raise AssertionError("the run never began to make a subnet")


@pytest.mark.parametrize("checkpoints", [True, False])
def test_a_killed_run_is_repaired_by_the_next(program: Program, checkpoints: bool) -> None:
    stack = program(SLOW)
    process = _begin(stack, 3, checkpoints)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert bool(stack.place.state().get("pending_operations")) == checkpoints
    repaired = stack.up()
    assert repaired.exit_code == 0, repaired.output
    assert "the last run was interrupted" in repaired.output
    assert not stack.place.state().get("pending_operations")
    cloud = Store(stack.place.cloud)
    assert len(cloud.of_type("aws:ec2/subnet:Subnet")) == 6
    assert len(cloud.of_type("aws:ec2/vpc:Vpc")) == 1
    assert stack.up().changes == {"same": 8}


def test_ctrl_c_cancels_and_leaves_a_stack_that_goes_on(program: Program) -> None:
    stack = program(SLOW)
    process = _begin(stack, 1)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode not in (0, None)
    assert "Traceback" not in output
    assert stack.up().exit_code == 0
    assert stack.up().changes == {"same": 8}


def test_refresh_sees_what_happened_behind_pulumis_back(program: Program) -> None:
    stack = program(network())
    stack.up()
    cloud = Store(stack.place.cloud)
    bucket = cloud.get("aws:s3/bucket:Bucket", "some-data")
    assert bucket is not None
    tags = {"a": "changed by hand"}
    cloud.put(bucket._replace(inputs={**bucket.inputs, "tags": tags}, outputs={**bucket.outputs, "tags": tags}))
    cloud.delete("aws:s3/bucketVersioning:BucketVersioning", "some-data")
    refreshed = stack.refresh()
    assert refreshed.exit_code == 0, refreshed.output
    planned = stack.preview()
    assert [step.name for step in planned.of("update")] == ["bucket"]
    assert [step.name for step in planned.of("create")] == ["versioning"]
    assert stack.up().changes == {"create": 1, "same": 4, "update": 1}


def test_destroy_leaves_what_is_retained_and_says_so(program: Program) -> None:
    stack = program(
        """
        import pulumi, pulumi_aws as aws
        aws.s3.Bucket("kept", bucket="kept-data", opts=pulumi.ResourceOptions(retain_on_delete=True))
        aws.s3.Bucket("lost", bucket="lost-data")
        """
    )
    stack.up()
    gone = stack.destroy()
    assert gone.exit_code == 0
    assert (
        "1 left in the simulated cloud, declared retain_on_delete:\n    aws:s3/bucket:Bucket: kept-data" in gone.output
    )
    assert stack.resources() == []
    assert "BucketAlreadyOwnedByYou" in stack.up().output
    assert stack.run("reset").exit_code == 0
    assert stack.up().exit_code == 0


def test_destroy_refuses_what_is_protected_unless_told_to(program: Program) -> None:
    stack = program(
        """
        import pulumi, pulumi_aws as aws
        aws.s3.Bucket("b", bucket="some-data", opts=pulumi.ResourceOptions(protect=True))
        """
    )
    stack.up()
    refused = stack.destroy()
    assert refused.exit_code != 0
    assert "protected" in refused.output
    assert stack.destroy("--unprotect").exit_code == 0
    assert list(Store(stack.place.cloud)) == []


def test_set_overrides_config_on_a_copy(program: Program) -> None:
    source = """
    import pulumi
    config = pulumi.Config()
    pulumi.export("name", config.get("name"))
    pulumi.export("charts", config.get_object("charts"))
    """
    config = "config:\n  tried:name: prod\n  tried:charts:\n    source: upstream\n    other: [1, 2]\n"
    stack = program(source, config)
    stack.up(set={"charts.source": "/some/folder", "charts.other[1]": "7", "name": "dev"})
    assert stack.outputs() == {"charts": {"source": "/some/folder", "other": [1, 7]}, "name": "dev"}
    assert (stack.place.project / "Pulumi.dev.yaml").read_text() == config
    stack.up()
    assert stack.outputs()["name"] == "prod"


PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def named(args, report):
    if args.resource_type == "aws:s3/bucket:Bucket" and not args.props.get("bucket", "").startswith("ok-"):
        report("buckets are called ok-something")

PolicyPack("tried", enforcement_level=EnforcementLevel.MANDATORY, policies=[
    ResourceValidationPolicy(name="bucket-name", description="Names.", validate=named)])
"""


def test_a_policy_violation_fails_the_preview(program: Program) -> None:
    stack = program('import pulumi_aws as aws\naws.s3.Bucket("b", bucket="bad-name")\n')
    pack = stack.place.project / "policies"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.0.1\n")
    (pack / "__main__.py").write_text(PACK)
    result = stack.preview(policies=True)
    assert result.exit_code != 0
    assert [each.policy for each in result.violations] == ["bucket-name"]
    assert "buckets are called ok-something" in result.output
    assert "from $PATH" not in result.output
    assert stack.preview(policies=False).exit_code == 0


def test_usage_mistakes_are_one_sentence(tmp_path: Path, program: Program) -> None:
    stack = program("")
    env = {"HOME": str(tmp_path), "PULUMI_HOME": "", "PULUMI_CLI": find_pulumi()}
    file = tmp_path / "kubeconfig"
    nowhere = stack.preview("--kubeconfig", str(file), env=env)
    assert (nowhere.exit_code, nowhere.output) == (2, f"sandbox: --kubeconfig: there is no file {file}.\n")
    file.write_text("clusters: []")
    no_plugin = stack.preview("--kubeconfig", str(file), env=env)
    assert no_plugin.exit_code == 2
    assert no_plugin.output.startswith("sandbox: --kubeconfig needs Pulumi's real Kubernetes plugin")
    assert no_plugin.output.count("\n") == 1
    secret = "config:\n  tried:password:\n    secure: abc\n"
    (stack.place.project / "Pulumi.dev.yaml").write_text(secret)
    result = stack.preview()
    assert result.exit_code == 2
    assert result.output.strip() == "sandbox: Pulumi.dev.yaml holds secret values, which only their own key can read."

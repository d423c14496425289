"""The quickest ways to break each of our components: every one of them is caught by the pack.

The prod stack is made once on the engine, with all that it can have. Then each security input of each resource is
changed by itself, and the pack judges the changed resource before creation and the changed stack after it.
"""

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from policies import exemptions
from sandbox.engine import environment, find_pulumi
from sandbox.testing import ROOT, Stack
from tests.policies.harness import It, Pack, Verdict

from .everything import EVERYTHING

Props = dict[str, Any]
Change = Callable[[Props], Any]
DELETED = object()

TLS = "aws:SecureTransport"
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


def put(path: str, value: Any) -> Change:
    """A value at a path, in lists at every element; whatever is missing on the way is made."""

    def change(props: Props) -> Any:
        _put(props, path.split("."), value)
        return props

    return change


def _put(holder: Any, path: list[str], value: Any) -> None:
    if isinstance(holder, list):
        for item in holder:
            _put(item, path, value)
    elif len(path) == 1:
        holder.pop(path[0], None)
        if value is not DELETED:
            holder[path[0]] = value
    else:
        _put(holder.setdefault(path[0], {}), path[1:], value)


def delete(_props: Props) -> Any:
    """The resource is left out."""
    return DELETED


def document(key: str, change: Callable[[dict[str, Any]], None], only: str = "") -> Change:
    """A change of every statement of an IAM document; `only` in documents that hold a text."""

    def apply(props: Props) -> Any:
        text = props.get(key)
        if not isinstance(text, str) or only not in text:
            return None
        found = json.loads(text)
        for statement in found["Statement"]:
            change(statement)
        return {**props, key: json.dumps(found)}

    return apply


def added(key: str, **statement: Any) -> Change:
    """One more statement in a document."""

    def apply(props: Props) -> Any:
        found = json.loads(props[key])
        found["Statement"].append({"Effect": "Allow", "Resource": "*", **statement})
        return {**props, key: json.dumps(found)}

    return apply


def without_claim(claim: str) -> Callable[[dict[str, Any]], None]:
    def change(statement: dict[str, Any]) -> None:
        for operator, keys in statement.get("Condition", {}).items():
            statement["Condition"][operator] = {k: v for k, v in keys.items() if not k.endswith(f":{claim}")}

    return change


def loosened(statement: dict[str, Any]) -> None:
    exact = statement.get("Condition", {}).pop("StringEquals", {})
    if exact:
        statement["Condition"]["StringLike"] = {
            key: "system:serviceaccount:*" if key.endswith(":sub") else value for key, value in exact.items()
        }


def without_tls(props: Props) -> Any:
    found = json.loads(props["policy"])
    found["Statement"] = [each for each in found["Statement"] if TLS not in json.dumps(each)]
    return {**props, "policy": json.dumps(found)}


def pods(change: Callable[[dict[str, Any]], Any]) -> Change:
    """A change of the pod that a workload makes."""

    def apply(props: Props) -> Any:
        spec = props["spec"]
        spec = spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec
        change(spec["template"]["spec"])
        return props

    return apply


def every_container(**more: Any) -> Change:
    def change(pod: dict[str, Any]) -> None:
        for container in pod["containers"]:
            container.update(more)

    return pods(change)


def context(**more: Any) -> Change:
    def change(pod: dict[str, Any]) -> None:
        for container in pod["containers"]:
            container["securityContext"] = {**container.get("securityContext", {}), **more}

    return pods(change)


def lifecycle(change: Callable[[dict[str, Any]], Any]) -> Change:
    def apply(props: Props) -> Any:
        for rule in props["rules"]:
            change(rule)
        return props

    return apply


def values(more: dict[str, Any]) -> Change:
    return lambda props: {**props, "values": {**(props.get("values") or {}), **more}}


def default_deny(props: Props) -> Any:
    """Deletion of the policy for all pods; the others aren't demanded by a rule."""
    return DELETED if props["spec"].get("podSelector") == {} else None


def anybody(statement: dict[str, Any]) -> None:
    statement.update(Principal="*", Condition={})


ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
S3, CLUSTER, TEMPLATE = "aws:s3/bucket", "aws:eks/cluster:Cluster", "aws:ec2/launchTemplate:LaunchTemplate"
ADVISORY = ("s3-bucket-key",)
"""Rules whose advice counts as caught; everything else has to stop the deployment."""
MUTATIONS: dict[str, list[Change]] = {
    f"{S3}:Bucket": [put("acl", "public-read")],
    f"{S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": [
        delete,
        put("rules.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256"),
        put("rules.bucketKeyEnabled", False),
    ],
    f"{S3}PublicAccessBlock:BucketPublicAccessBlock": [
        delete,
        *(
            put(switch, value)
            for switch in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
            for value in (False, DELETED)
        ),
    ],
    f"{S3}Versioning:BucketVersioning": [delete, put("versioningConfiguration.status", "Suspended")],
    f"{S3}OwnershipControls:BucketOwnershipControls": [put("rule.objectOwnership", "ObjectWriter")],
    f"{S3}LifecycleConfiguration:BucketLifecycleConfiguration": [
        delete,
        put("rules.status", "Disabled"),
        put("rules.abortIncompleteMultipartUpload", DELETED),
        put("rules.noncurrentVersionExpiration", DELETED),
        lifecycle(lambda rule: rule.update(transitions=[{"days": 45, "storageClass": "DEEP_ARCHIVE"}])),
        lifecycle(
            lambda rule: rule.update(
                transitions=[{"days": 45, "storageClass": "GLACIER_IR"}, {"days": 60, "storageClass": "STANDARD_IA"}]
            )
        ),
    ],
    f"{S3}Policy:BucketPolicy": [
        delete,
        without_tls,
        added("policy", Principal="*", Action="s3:GetObject"),
        added("policy", Principal="*", Action="s3:*", Condition={"StringNotEquals": {"aws:PrincipalAccount": "1"}}),
    ],
    "aws:kms/key:Key": [
        put("enableKeyRotation", False),
        put("enableKeyRotation", DELETED),
        put("deletionWindowInDays", 7),
        put("bypassPolicyLockoutSafetyCheck", True),
        added("policy", Principal="*", Action="kms:Decrypt"),
        added("policy", Principal={"AWS": "*"}, Action="kms:*", Condition={"Bool": {TLS: "true"}}),
        document("policy", lambda statement: statement.update(Principal="*", Condition={})),
    ],
    "aws:iam/role:Role": [
        document("assumeRolePolicy", lambda statement: statement.update(Principal={"AWS": "*"}, Condition={})),
        document("assumeRolePolicy", without_claim("sub"), only=":sub"),
        document("assumeRolePolicy", without_claim("aud"), only=":aud"),
        document("assumeRolePolicy", loosened, only=":sub"),
        document("assumeRolePolicy", lambda statement: statement.pop("Condition", None), only=":sub"),
        put("managedPolicyArns", [ADMIN]),
        put("inlinePolicies", [{"policy": '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'}]),
    ],
    "aws:iam/rolePolicy:RolePolicy": [
        document("policy", lambda statement: statement.update(Action="s3:*", Effect="Allow")),
        document("policy", lambda statement: statement.update(Action=["*"])),
        document("policy", lambda statement: statement.update(Action=["s3:Put*"], Resource="arn:aws:s3:::x/*")),
        document(
            "policy",
            lambda statement: statement.update(Action="s3:GetObject", Resource="*") or statement.pop("Condition", 0),
        ),
        document("policy", lambda statement: statement.update(NotAction=statement.pop("Action"))),
        document("policy", lambda statement: statement.update(NotResource=statement.pop("Resource"))),
        added("policy", Action="iam:PassRole"),
        added("policy", Action="kms:Decrypt", Resource="arn:aws:kms:*:*:key/*"),
    ],
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": [put("policyArn", ADMIN)],
    CLUSTER: [
        put("encryptionConfig", DELETED),
        put("encryptionConfig.resources", []),
        put("vpcConfig", {"endpointPublicAccess": True}),
        put("vpcConfig", {"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]}),
        put("vpcConfig", {"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/1", "128.0.0.0/1"]}),
        put("enabledClusterLogTypes", ["api"]),
        put("enabledClusterLogTypes", DELETED),
        put("accessConfig.authenticationMode", "API_AND_CONFIG_MAP"),
        put("accessConfig", DELETED),
        put("version", DELETED),
    ],
    "aws:eks/nodeGroup:NodeGroup": [put("launchTemplate", DELETED), put("remoteAccess", {"ec2SshKey": "me"})],
    TEMPLATE: [
        put("metadataOptions", DELETED),
        put("metadataOptions.httpTokens", "optional"),
        put("metadataOptions.httpPutResponseHopLimit", 3),
        put("blockDeviceMappings", DELETED),
        put("blockDeviceMappings.ebs.encrypted", "false"),
        put("networkInterfaces", [{"associatePublicIpAddress": "true"}]),
    ],
    "aws:ec2/securityGroup:SecurityGroup": [
        put("ingress", [{"fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}])
    ],
    "aws:rds/instance:Instance": [
        put("storageEncrypted", False),
        put("storageEncrypted", DELETED),
        put("publiclyAccessible", True),
    ],
    "aws:lb/loadBalancer:LoadBalancer": [put("internal", False), put("internal", DELETED)],
    "aws:sqs/queue:Queue": [put("sqsManagedSseEnabled", False)],
    "aws:sqs/queuePolicy:QueuePolicy": [added("policy", Principal="*", Action="sqs:SendMessage")],
    "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass": [
        put("spec.metadataOptions.httpTokens", "optional"),
        put("spec.metadataOptions.httpPutResponseHopLimit", 3),
        put("spec.blockDeviceMappings.ebs.encrypted", False),
        put("spec.blockDeviceMappings.ebs.encrypted", DELETED),
        put("spec.associatePublicIPAddress", True),
    ],
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": [
        put("cidrIpv4", "0.0.0.0/0"),
        put("cidrIpv6", "::/0"),
    ],
    "aws:ec2/flowLog:FlowLog": [delete, put("trafficType", "REJECT")],
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": [delete, put("ingress", [{"protocol": "-1", "self": True}])],
    "aws:cloudwatch/logGroup:LogGroup": [
        put("retentionInDays", DELETED),
        put("retentionInDays", 0),
        put("kmsKeyId", DELETED),
    ],
    "kubernetes:storage.k8s.io/v1:StorageClass": [
        put("parameters.encrypted", "false"),
        put("parameters.encrypted", DELETED),
    ],
    "kubernetes:core/v1:Namespace": [
        put("metadata.labels", {}),
        put("metadata.labels", {"pod-security.kubernetes.io/warn": "restricted"}),
    ],
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": [default_deny],
    "kubernetes:core/v1:Service": [put("spec.type", "LoadBalancer"), put("spec.externalIPs", ["203.0.113.7"])],
    "kubernetes:core/v1:ConfigMap": [put("data.password", "hunter22")],
    "kubernetes:helm.sh/v3:Release": [
        put("version", DELETED),
        put("version", "^1.0.0"),
        put("version", "0.0.1"),
        put("chart", "oci://ghcr.io/somebody-else/charts/thanos"),
        put("repositoryOpts", {"repo": "http://charts.example.com"}),
        values({"securityContext": {"privileged": True}}),
        values({"hostNetwork": True}),
        values({"service": {"type": "LoadBalancer"}}),
        values({"adminPassword": "hunter22"}),
        values({"extra": "tls:\n  insecure_skip_verify: true\n"}),
    ],
    **{
        f"kubernetes:{'batch' if kind.endswith('Job') else 'apps'}/v1:{kind}": [
            context(privileged=True),
            context(allowPrivilegeEscalation=True),
            context(capabilities={}),
            context(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
            context(runAsUser=0),
            context(runAsNonRoot=False),
            context(seccompProfile={"type": "Unconfined"}),
            pods(lambda pod: pod.update(hostNetwork=True)),
            pods(lambda pod: pod.update(hostPID=True)),
            pods(lambda pod: pod.update(volumes=[{"name": "x", "hostPath": {"path": "/"}}])),
            pods(lambda pod: pod["containers"].append({"name": "x", "image": "x:1"})),
            every_container(image="example/app:latest"),
            every_container(env=[{"name": "API_TOKEN", "value": "hunter22"}]),
        ]
        for kind in WORKLOADS
    },
}
WITHOUT = (
    *("pulumi:", "eks-observability:", "eks:index:", "random:"),
    *("aws:ec2/eip:", "aws:ec2/internetGateway:", "aws:ec2/natGateway:", "aws:ec2/route", "aws:ec2/subnet:"),
    *("aws:ec2/vpc", "aws:eks/addon:", "aws:eks/accessEntry:", "aws:eks/accessPolicyAssociation:", "aws:kms/alias:"),
    *("aws:iam/openIdConnectProvider:", "aws:eks/podIdentityAssociation:", "aws:s3/bucketLogging:"),
    *("kubernetes:core/v1:Secret", "kubernetes:core/v1:ServiceAccount", "kubernetes:policy/", "kubernetes:monitoring."),
    *("kubernetes:storage.k8s.io/v1:StorageClassPatch", "kubernetes:rbac.", "kubernetes:autoscaling", "command:"),
    *("aws:cloudwatch/event", "aws:cloudwatch/logS", "aws:kinesis/", "aws:iam/instanceProfile:", "aws:secretsmanager/"),
    *("aws:lb/listener:", "aws:lb/targetGroup:", "aws:rds/parameterGroup:", "aws:rds/subnetGroup:"),
    *("aws:vpc/securityGroupEgressRule:", "kubernetes:elbv2.k8s.aws/", "kubernetes:karpenter.sh/"),
    *("kubernetes:cert-manager.io/", "kubernetes:external-secrets.io/"),
)
"""Types with no input that a rule guards: what they are for, or who may use them, is said by others."""


class Made(NamedTuple):
    """A resource of the stack."""

    it: It
    inputs: Props


class Prod:
    """The exported stack, and the pack that judges it."""

    def __init__(self, stack: Stack) -> None:
        resources = stack.export()["resources"]
        self.stack = stack
        entries = exemptions.load(ROOT / "policies" / "policy-exemptions.eks-observability.yaml")
        self.pack = Pack(entries)
        names = {each["urn"]: each["urn"].rpartition("::")[2] for each in resources}
        self.made = [
            Made(
                It(
                    each["type"],
                    names[each["urn"]],
                    each.get("outputs") or {},
                    {
                        key: [names[urn] for urn in urns]
                        for key, urns in (each.get("propertyDependencies") or {}).items()
                        if urns
                    },
                ),
                each.get("inputs") or {},
            )
            for each in resources
            if not each.get("delete")
        ]

    def before(self, position: int, changed: Props) -> list[Verdict]:
        """On one changed resource, before creation."""
        it = self.made[position].it
        return self.pack.one(it.type, changed, it.name)

    def after(self, changes: dict[int, Any]) -> list[Verdict]:
        """On the stack that holds changed resources."""
        return self.pack.all(
            *(
                made.it._replace(props={**made.it.props, **changes.get(position, {})})
                for position, made in enumerate(self.made)
                if changes.get(position) is not DELETED
            )
        )

    @cached_property
    def usual(self) -> set[tuple[str, str, str]]:
        """What is said of the stack as it is."""
        found = self.after({})
        for position, made in enumerate(self.made):
            found += self.before(position, made.inputs)
        assert not [each for each in found if each.mandatory and each.policy != "exemptions-in-use"], found
        return {(each.policy, each.word, each.urn) for each in found}

    def news(self, found: list[Verdict]) -> set[tuple[str, str, str]]:
        """What stops a deployment, or is advised by a rule that can't say more, and isn't said as a rule."""
        said = {
            (each.policy, each.word, each.urn)
            for each in found
            if (each.mandatory or each.policy in ADVISORY) and each.policy != "exemptions-in-use"
        }
        return said - self.usual


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Prod:
    stack = Stack(ROOT, "prod", home=tmp_path_factory.mktemp("mutations"))
    done = stack.up(policies=True, set=EVERYTHING)
    assert done.exit_code == 0, done.output
    return Prod(stack)


def mutants(prod: Prod) -> Iterator[tuple[int, int, Any]]:
    """Position of the resource, number of the mutation, and the changed inputs."""
    for position, made in enumerate(prod.made):
        for number, change in enumerate(MUTATIONS.get(made.it.type, ())):
            changed = change(copy.deepcopy(made.inputs))
            if changed is not None and changed != made.inputs:
                yield position, number, changed


def test_every_change_for_the_worse_is_caught(prod: Prod) -> None:
    missed, tried = [], 0
    for position, number, changed in mutants(prod):
        tried += 1
        if changed is not DELETED and prod.news(prod.before(position, changed)):
            continue
        if not prod.news(prod.after({position: changed})):
            missed.append(f"{prod.made[position].it.type} {prod.made[position].it.name}: mutation {number}")
    assert not missed, "\n".join(missed)
    assert tried > 300, "the table reaches the stack's resources"


def test_changes_that_harm_nothing_are_left_alone(prod: Prod) -> None:
    changes: dict[int, Any] = {}
    for position, made in enumerate(prod.made):
        harmless: Props = {"description": "another text", "unheardOf": {"a": [1, None, "b"]}}
        if made.it.type.startswith("aws:"):
            harmless["tags"] = {**(made.inputs.get("tags") or {}), "more": "tags"}
        changes[position] = harmless
        assert not prod.news(prod.before(position, {**made.inputs, **harmless})), made.it.name
    assert not prod.news(prod.after(changes))


def test_an_exported_stack_is_judged_without_a_backend(prod: Prod, tmp_path: Path) -> None:
    """As a pipeline does it: `pulumi policy analyze --file`, with the levels of a profile."""
    place = prod.stack.place
    exported = tmp_path / "stack.json"
    exported.write_text(prod.stack.run("export").stdout)
    pack = ROOT / "policies"
    env = {**environment(place, {}), "POLICY_EXEMPTIONS": str(pack / "policy-exemptions.eks-observability.yaml")}

    def analyzed(config: object) -> subprocess.CompletedProcess[str]:
        (tmp_path / "config.json").write_text(json.dumps(config))
        command = [find_pulumi(), "policy", "analyze", "--file", str(exported), "--policy-pack", str(pack)]
        command += ["--policy-pack-config", str(tmp_path / "config.json"), "--color", "never"]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    prod_profile = json.loads((pack / "profile-prod.json").read_text())
    in_order = analyzed(prod_profile)
    assert in_order.returncode == 0, in_order.stdout + in_order.stderr
    broken = json.loads(exported.read_text())
    for each in broken["deployment"]["resources"]:
        if each["type"] == "aws:kms/key:Key":
            each["inputs"]["enableKeyRotation"] = each["outputs"]["enableKeyRotation"] = False
    exported.write_text(json.dumps(broken))
    refused = analyzed(prod_profile)
    assert refused.returncode != 0
    assert "kms-rotation" in refused.stdout + refused.stderr
    misspelt = analyzed({"kms-rotatoin": "advisory"})
    assert misspelt.returncode != 0
    assert "did you mean 'kms-rotation'" in misspelt.stdout + misspelt.stderr


def test_no_type_of_the_stack_is_left_out(prod: Prod) -> None:
    types = {made.it.type for made in prod.made}
    left_out = sorted(kind for kind in types if kind not in MUTATIONS and not kind.startswith(WITHOUT))
    assert not left_out, "add mutations for these types, or list them as having nothing that a rule guards"

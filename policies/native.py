"""CloudFormation's shapes, as the Cloud Control providers have them, in the shapes that rules know.

Names differ in case only between `aws-native` (`sseAlgorithm`) and Cloud Control's JSON (`SSEAlgorithm`), so every
key is looked up without regard to case.
"""

from collections.abc import Callable, Iterator
from typing import Any

from .facts import UNKNOWN, items

BUCKET = "aws:s3/bucket:Bucket"
_Translated = Iterator[tuple[str, dict[str, Any]]]


def get(value: Any, *path: str) -> Any:
    """Value at a path, keys in any case; UNKNOWN and None pass through."""
    for key in path:
        if value is UNKNOWN or value is None:
            return value
        if not isinstance(value, dict):
            return None
        value = next((each for name, each in value.items() if name.lower() == key.lower()), None)
    return value


def _pick(state: dict[str, Any], **names: str) -> dict[str, Any]:
    """Properties under their other names; what is absent stays absent."""
    found = {ours: get(state, *theirs.split(".")) for ours, theirs in names.items()}
    return {key: value for key, value in found.items() if value is not None}


def _bucket(state: dict[str, Any]) -> _Translated:
    yield BUCKET, _pick(state, bucket="bucketName", acl="accessControl")
    if (encryption := get(state, "bucketEncryption")) is not None:
        rules = get(encryption, "serverSideEncryptionConfiguration")
        yield (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            {
                "rules": UNKNOWN
                if rules is UNKNOWN
                else [
                    {
                        "applyServerSideEncryptionByDefault": _pick(
                            {"r": rule},
                            sseAlgorithm="r.serverSideEncryptionByDefault.sseAlgorithm",
                        ),
                        **_pick({"r": rule}, bucketKeyEnabled="r.bucketKeyEnabled"),
                    }
                    for rule in items(rules)
                ]
            },
        )
    if (block := get(state, "publicAccessBlockConfiguration")) is not None:
        switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        values = {switch: get(block, switch) for switch in switches}
        yield "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", values
    if (status := get(state, "versioningConfiguration", "status")) is not None:
        yield "aws:s3/bucketVersioning:BucketVersioning", {"versioningConfiguration": {"status": status}}
    for rule in items(get(state, "ownershipControls", "rules")):
        controls = {"rule": _pick({"r": rule}, objectOwnership="r.objectOwnership")}
        yield "aws:s3/bucketOwnershipControls:BucketOwnershipControls", controls
    if (target := get(state, "loggingConfiguration")) is not None:
        yield "aws:s3/bucketLogging:BucketLogging", _pick({"t": target}, targetBucket="t.destinationBucketName")
    if (lifecycle := get(state, "lifecycleConfiguration", "rules")) is not None:
        yield (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            {"rules": UNKNOWN if lifecycle is UNKNOWN else [_lifecycle(rule) for rule in items(lifecycle)]},
        )


def _lifecycle(rule: Any) -> Any:
    if not isinstance(rule, dict):
        return rule
    limits = {key: get(rule, key) for key in ("prefix", "tagFilters", "objectSizeGreaterThan", "objectSizeLessThan")}
    days = get(rule, "expirationInDays")
    abort = get(rule, "abortIncompleteMultipartUpload", "daysAfterInitiation")
    gone = get(rule, "noncurrentVersionExpiration", "noncurrentDays") or get(rule, "noncurrentVersionExpirationInDays")
    moves = [*items(get(rule, "transitions")), *items(get(rule, "transition"))]
    found: dict[str, Any] = {
        "status": get(rule, "status"),
        "filter": {key: value for key, value in limits.items() if value not in (None, "", [])},
        "transitions": [
            UNKNOWN if move is UNKNOWN else _pick(move, days="transitionInDays", storageClass="storageClass")
            for move in moves
            if isinstance(move, dict) or move is UNKNOWN
        ],
    }
    for key, inner, value in (
        ("expiration", "days", days),
        ("abortIncompleteMultipartUpload", "daysAfterInitiation", abort),
        ("noncurrentVersionExpiration", "noncurrentDays", gone),
    ):
        if value is not None:
            found[key] = {inner: value}
    return found


def _cluster(state: dict[str, Any]) -> _Translated:
    kinds = get(state, "logging", "clusterLogging", "enabledTypes")
    found = _pick(
        state,
        name="name",
        version="version",
        vpcConfig="resourcesVpcConfig",
        encryptionConfig="encryptionConfig",
        accessConfig="accessConfig",
    )
    for key, renamed in _CLUSTER_BLOCKS.items():
        block = found.get(key)
        if isinstance(block, list) and len(block) == 1:
            block = block[0]
        if isinstance(block, dict):
            found[key] = _pick(block, **renamed)
    if isinstance(provider := get(found.get("encryptionConfig"), "provider"), dict):
        found["encryptionConfig"]["provider"] = _pick(provider, keyArn="keyArn")
    found["enabledClusterLogTypes"] = (
        UNKNOWN if kinds is UNKNOWN else [UNKNOWN if kind is UNKNOWN else get(kind, "type") for kind in items(kinds)]
    )
    yield "aws:eks/cluster:Cluster", found


_CLUSTER_BLOCKS = {
    "vpcConfig": {"endpointPublicAccess": "endpointPublicAccess", "publicAccessCidrs": "publicAccessCidrs"},
    "encryptionConfig": {"provider": "provider", "resources": "resources"},
    "accessConfig": {
        "authenticationMode": "authenticationMode",
        "bootstrapClusterCreatorAdminPermissions": "bootstrapClusterCreatorAdminPermissions",
    },
}


def _role(state: dict[str, Any]) -> _Translated:
    found = _pick(
        state,
        assumeRolePolicy="assumeRolePolicyDocument",
        managedPolicyArns="managedPolicyArns",
        permissionsBoundary="permissionsBoundary",
    )
    policies = get(state, "policies")
    found["inlinePolicies"] = (
        UNKNOWN
        if policies is UNKNOWN
        else [UNKNOWN if each is UNKNOWN else {"policy": get(each, "policyDocument")} for each in items(policies)]
    )
    yield "aws:iam/role:Role", found


def _launch_template(state: dict[str, Any]) -> _Translated:
    data = get(state, "launchTemplateData")
    options = get(data, "metadataOptions")
    found: dict[str, Any] = {"metadataOptions": options}
    if isinstance(options, dict):
        keys = ("httpEndpoint", "httpTokens", "httpPutResponseHopLimit")
        found["metadataOptions"] = {key: get(options, key) for key in keys}
    devices = get(data, "blockDeviceMappings")
    found["blockDeviceMappings"] = (
        devices
        if devices is UNKNOWN
        else [
            each if each is UNKNOWN else {"ebs": None if (ebs := get(each, "ebs")) is None else _ebs(ebs)}
            for each in items(devices)
        ]
    )
    found["networkInterfaces"] = [
        {"associatePublicIpAddress": get(each, "associatePublicIpAddress")}
        for each in items(get(data, "networkInterfaces"))
    ]
    yield "aws:ec2/launchTemplate:LaunchTemplate", found


def _ebs(ebs: Any) -> Any:
    return ebs if ebs is UNKNOWN else {"encrypted": get(ebs, "encrypted")}


def _security_group(state: dict[str, Any]) -> _Translated:
    rules = get(state, "securityGroupIngress")
    names = {"cidrIpv4": "cidrIp", "cidrIpv6": "cidrIpv6", "fromPort": "fromPort", "toPort": "toPort"}
    found = (
        UNKNOWN
        if rules is UNKNOWN
        else [_pick(each, **names) if isinstance(each, dict) else UNKNOWN for each in items(rules)]
    )
    yield "aws:ec2/securityGroup:SecurityGroup", {"ingress": found}


def _plainly(token: str, **names: str) -> Callable[[dict[str, Any]], _Translated]:
    def translate(state: dict[str, Any]) -> _Translated:
        yield token, _pick(state, **names)

    return translate


_TABLE: dict[str, Callable[[dict[str, Any]], _Translated]] = {
    "s3:bucket": _bucket,
    "s3:bucketpolicy": _plainly("aws:s3/bucketPolicy:BucketPolicy", bucket="bucket", policy="policyDocument"),
    "kms:key": _plainly(
        "aws:kms/key:Key",
        policy="keyPolicy",
        enableKeyRotation="enableKeyRotation",
        deletionWindowInDays="pendingWindowInDays",
        bypassPolicyLockoutSafetyCheck="bypassPolicyLockoutSafetyCheck",
        customerMasterKeySpec="keySpec",
        keyUsage="keyUsage",
    ),
    "kms:replicakey": _plainly(
        "aws:kms/replicaKey:ReplicaKey", policy="keyPolicy", deletionWindowInDays="pendingWindowInDays"
    ),
    "iam:role": _role,
    "iam:rolepolicy": _plainly("aws:iam/rolePolicy:RolePolicy", policy="policyDocument"),
    "iam:userpolicy": _plainly("aws:iam/userPolicy:UserPolicy", policy="policyDocument"),
    "iam:grouppolicy": _plainly("aws:iam/groupPolicy:GroupPolicy", policy="policyDocument"),
    "iam:policy": _plainly("aws:iam/policy:Policy", policy="policyDocument"),
    "iam:managedpolicy": _plainly("aws:iam/policy:Policy", policy="policyDocument"),
    "iam:user": _plainly("aws:iam/user:User", name="userName"),
    "iam:accesskey": _plainly("aws:iam/accessKey:AccessKey", user="userName"),
    "eks:cluster": _cluster,
    "eks:nodegroup": _plainly(
        "aws:eks/nodeGroup:NodeGroup",
        launchTemplate="launchTemplate",
        remoteAccess="remoteAccess",
    ),
    "ec2:launchtemplate": _launch_template,
    "ec2:securitygroup": _security_group,
    "ec2:securitygroupingress": _plainly(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        cidrIpv4="cidrIp",
        cidrIpv6="cidrIpv6",
        fromPort="fromPort",
        toPort="toPort",
    ),
    "ec2:volume": _plainly("aws:ebs/volume:Volume", encrypted="encrypted"),
    "logs:loggroup": _plainly(
        "aws:cloudwatch/logGroup:LogGroup", retentionInDays="retentionInDays", kmsKeyId="kmsKeyId"
    ),
    "rds:dbinstance": _plainly(
        "aws:rds/instance:Instance",
        storageEncrypted="storageEncrypted",
        publiclyAccessible="publiclyAccessible",
        replicateSourceDb="sourceDbInstanceIdentifier",
        snapshotIdentifier="dbSnapshotIdentifier",
    ),
    "rds:dbcluster": _plainly(
        "aws:rds/cluster:Cluster",
        storageEncrypted="storageEncrypted",
    ),
    "sns:topic": _plainly("aws:sns/topic:Topic", kmsMasterKeyId="kmsMasterKeyId"),
    "sns:topicpolicy": _plainly("aws:sns/topicPolicy:TopicPolicy", policy="policyDocument"),
    "sns:topicinlinepolicy": _plainly("aws:sns/topicPolicy:TopicPolicy", policy="policyDocument"),
    "sqs:queue": _plainly(
        "aws:sqs/queue:Queue", kmsMasterKeyId="kmsMasterKeyId", sqsManagedSseEnabled="sqsManagedSseEnabled"
    ),
    "sqs:queuepolicy": _plainly("aws:sqs/queuePolicy:QueuePolicy", policy="policyDocument"),
    "sqs:queueinlinepolicy": _plainly("aws:sqs/queuePolicy:QueuePolicy", policy="policyDocument"),
    "secretsmanager:resourcepolicy": _plainly("aws:secretsmanager/secretPolicy:SecretPolicy", policy="resourcePolicy"),
}
"""By `service:type` of CloudFormation's name, in lower case."""


def translated(kind: str, state: dict[str, Any]) -> _Translated:
    """What a resource of a CloudFormation type is, in pulumi-aws' types; nothing for types that no rule guards."""
    translate = _TABLE.get(kind)
    if translate is not None:
        yield from translate(state)

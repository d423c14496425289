"""Buckets. Their settings are resources of their own, so what is missing shows only in the whole stack."""

from collections.abc import Iterator

from ..buckets import BUCKET, missing
from ..facts import UNKNOWN, Resource, dig, items, truth
from ..linking import linked
from ..model import Finding, Rule, Stack, unknown

_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_ACCOUNT_BLOCK = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
_VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
_OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
_LOGGING = "aws:s3/bucketLogging:BucketLogging"


SSE = Rule(
    1,
    "s3-sse-kms",
    cause="A bucket encrypts with a KMS key",
    why="With S3's own keys anyone who may read the object may decrypt it; a KMS key is a second lock, with a log.",
    fix='Add a BucketServerSideEncryptionConfiguration with sseAlgorithm "aws:kms" or "aws:kms:dsse" for the bucket. '
    "Targets of access logs are excepted: S3 can't write them with a KMS key.",
    severity="high",
    frameworks=("AWS FSBP S3.17",),
)


@SSE.stack
def sse(stack: Stack) -> Iterator[Finding]:
    """The default encryption of each bucket, except those that receive access logs."""
    targets = _log_targets(stack)
    for bucket in stack.of(BUCKET):
        settings = linked(stack, bucket, _ENCRYPTION)
        if settings is UNKNOWN:
            yield unknown("which bucket an encryption configuration belongs to", bucket.urn)
            continue
        found = [each.get("rules") if each.props else UNKNOWN for each in settings] or [
            bucket.get("serverSideEncryptionConfiguration", "rule")
        ]
        algorithms = [
            dig(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm") for rules in found for rule in items(rules)
        ]
        if any(algorithm in ("aws:kms", "aws:kms:dsse") for algorithm in algorithms if algorithm is not UNKNOWN):
            continue
        names = (bucket.urn, bucket.get("bucket"), bucket.get("id"))
        if not targets.isdisjoint(name for name in names if isinstance(name, str)):
            continue
        if UNKNOWN in algorithms or UNKNOWN in found:
            yield unknown("rules[0].applyServerSideEncryptionByDefault.sseAlgorithm", bucket.urn)
        elif algorithms and algorithms != [None]:
            yield Finding("not-kms", 'set sseAlgorithm to "aws:kms" with a key of your own', urn=bucket.urn)
        else:
            yield Finding(
                "no-encryption",
                'add a BucketServerSideEncryptionConfiguration with sseAlgorithm "aws:kms" for this bucket',
                urn=bucket.urn,
            )


def _log_targets(stack: Stack) -> set[str]:
    """Names and URNs of the buckets that S3 or load balancers write their access logs to."""
    sources = [(each, each.get("targetBucket"), "targetBucket") for each in stack.of(_LOGGING)]
    for each in stack.of("aws:lb/loadBalancer:LoadBalancer"):
        sources.append((each, each.get("accessLogs", "bucket"), "accessLogs"))
    for each in stack.of(BUCKET):
        sources += [(each, dig(log, "targetBucket"), "loggings") for log in items(each.get("loggings"))]
    targets = {each.urn for each in stack.of(BUCKET) if each.get("acl") == "log-delivery-write"}
    for each, target, key in sources:
        targets.update(each.depends.get(key, ()))
        if isinstance(target, str):
            targets.add(target)
    return targets


BUCKET_KEY = Rule(
    2,
    "s3-bucket-key",
    cause="A bucket with a KMS key uses a bucket key",
    why="Without one every object costs a KMS request, and busy buckets run into the account's KMS limits.",
    fix="Set bucketKeyEnabled to true in the encryption rule.",
    severity="low",
    level="advisory",
)


@BUCKET_KEY.resource(_ENCRYPTION)
def bucket_key(resource: Resource) -> Iterator[Finding]:
    """Bucket keys exist for SSE-KMS only, not for DSSE."""
    for number, rule in enumerate(items(resource.get("rules"))):
        if dig(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm") != "aws:kms":
            continue
        enabled = truth(dig(rule, "bucketKeyEnabled"))
        if enabled is UNKNOWN:
            yield unknown(f"rules[{number}].bucketKeyEnabled")
        elif not enabled:
            yield Finding("no-bucket-key", f"set rules[{number}].bucketKeyEnabled to true")


PUBLIC_BLOCK = Rule(
    4,
    "s3-public-access-block",
    cause="A bucket blocks public access, four times",
    why="The block holds when a policy or an ACL is wrong; most leaked buckets had a wrong one and no block.",
    fix="Add a BucketPublicAccessBlock with blockPublicAcls, blockPublicPolicy, ignorePublicAcls and "
    "restrictPublicBuckets all true.",
    severity="high",
    frameworks=("AWS FSBP S3.8", "CIS AWS Foundations 3.0.0 2.1.4"),
)
_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@PUBLIC_BLOCK.resource(_BLOCK, _ACCOUNT_BLOCK)
def public_block(resource: Resource) -> Iterator[Finding]:
    """Each of the four is off unless it is set."""
    for switch in _SWITCHES:
        value = truth(resource.get(switch))
        if value is UNKNOWN:
            yield unknown(switch)
        elif not value:
            yield Finding("not-blocked", f"set {switch} to true")


@PUBLIC_BLOCK.stack
def public_block_missing(stack: Stack) -> Iterator[Finding]:
    """The account's own block covers all of its buckets."""
    if not any(all(block.get(switch) is True for switch in _SWITCHES) for block in stack.of(_ACCOUNT_BLOCK)):
        message = "add a BucketPublicAccessBlock with all four switches true for this bucket"
        yield from missing(stack, _BLOCK, "", "no-block", message)


VERSIONING = Rule(
    6,
    "s3-versioning",
    cause="A bucket keeps versions",
    why="Without versions a wrong delete, or a wrong compactor, is final.",
    fix='Add a BucketVersioning with versioningConfiguration.status "Enabled".',
    severity="medium",
    frameworks=("AWS FSBP S3.14",),
)


@VERSIONING.resource(_VERSIONING)
def versioning(resource: Resource) -> Iterator[Finding]:
    """Suspended is not enabled."""
    status = resource.get("versioningConfiguration", "status")
    if status is UNKNOWN:
        yield unknown("versioningConfiguration.status")
    elif status != "Enabled":
        yield Finding("versioning-off", 'set versioningConfiguration.status to "Enabled"')


@VERSIONING.stack
def versioning_missing(stack: Stack) -> Iterator[Finding]:
    """Buckets are born without versions."""
    inline = {each.urn for each in stack.of(BUCKET) if truth(each.get("versioning", "enabled")) is True}
    for finding in missing(stack, _VERSIONING, "", "no-versioning", "add a BucketVersioning with status Enabled"):
        if finding.urn not in inline:
            yield finding


OWNERSHIP = Rule(
    7,
    "s3-ownership",
    cause="The bucket's owner owns every object",
    why="ACLs are a second way to grant access that no policy shows; BucketOwnerEnforced switches them off.",
    fix='Set rule.objectOwnership to "BucketOwnerEnforced".',
    severity="medium",
    frameworks=("AWS FSBP S3.12",),
)


@OWNERSHIP.resource(_OWNERSHIP)
def ownership(resource: Resource) -> Iterator[Finding]:
    """New buckets are born with BucketOwnerEnforced: only another setting is a fault."""
    setting = resource.get("rule", "objectOwnership")
    if setting is UNKNOWN:
        yield unknown("rule.objectOwnership")
    elif setting != "BucketOwnerEnforced":
        yield Finding("acls-on", 'set rule.objectOwnership to "BucketOwnerEnforced"')


ACCESS_LOGS = Rule(
    10,
    "s3-access-logs",
    cause="A bucket's requests are logged",
    why="Who read or deleted an object stands in access logs, or in CloudTrail's data events; nowhere else.",
    fix="Add a BucketLogging that writes to a bucket for logs, or record data events with CloudTrail and switch this "
    "rule off.",
    severity="low",
    level="advisory",
    frameworks=("AWS FSBP S3.9",),
)


@ACCESS_LOGS.stack
def access_logs(stack: Stack) -> Iterator[Finding]:
    """Each bucket but those that receive logs: one that logs into itself never ends."""
    targets = _log_targets(stack)
    for finding in missing(stack, _LOGGING, "loggings", "no-access-logs", "add a BucketLogging for this bucket"):
        bucket = next(each for each in stack.of(BUCKET) if each.urn == finding.urn)
        names = (bucket.urn, bucket.get("bucket"), bucket.get("id"))
        if targets.isdisjoint(name for name in names if isinstance(name, str)):
            yield finding

"""Logs, messages and databases at rest."""

from collections.abc import Iterator
from typing import Any

from ..documents import BROKEN, anyone, statements
from ..facts import UNKNOWN, Resource, truth
from ..model import Finding, Rule, unknown

LOG_GROUP = Rule(
    34,
    "logs-retention-kms",
    cause="A log group has an end and a key",
    why="Without a retention logs are kept, and paid for, for ever; without a key whoever may read CloudWatch "
    "reads them.",
    fix="Set retentionInDays and kmsKeyId.",
    severity="medium",
    frameworks=("AWS FSBP CloudWatch.16",),
)


@LOG_GROUP.resource("aws:cloudwatch/logGroup:LogGroup")
def log_group(resource: Resource) -> Iterator[Finding]:
    """A retention of 0 means for ever."""
    days = resource.get("retentionInDays")
    if days is UNKNOWN:
        yield unknown("retentionInDays")
    elif not days:
        yield Finding("no-retention", "set retentionInDays")
    if resource.get("kmsKeyId") in (None, ""):
        yield Finding("no-key", "set kmsKeyId to the ARN of a KMS key")


MESSAGES = Rule(
    35,
    "sns-sqs-encrypted",
    cause="Topics and queues are encrypted, and open to nobody by name of everybody",
    why="Alerts carry hosts, queries and links; a topic that everybody may publish to pages people at will.",
    fix="Set kmsMasterKeyId; name principals in the policy, or narrow it by aws:SourceArn or aws:SourceAccount.",
    severity="high",
    frameworks=("AWS FSBP SNS.1", "AWS FSBP SQS.1"),
)


@MESSAGES.resource("aws:sns/topic:Topic")
def topic(resource: Resource) -> Iterator[Finding]:
    """Topics aren't encrypted by default."""
    if resource.get("kmsMasterKeyId") in (None, ""):
        yield Finding("no-key", "set kmsMasterKeyId")
    yield from _policy(resource)


@MESSAGES.resource("aws:sqs/queue:Queue")
def queue(resource: Resource) -> Iterator[Finding]:
    """Queues are encrypted with SQS' own key unless that is switched off."""
    if resource.get("kmsMasterKeyId") in (None, ""):
        managed: Any = truth(resource.get("sqsManagedSseEnabled"))
        if managed is UNKNOWN:
            yield unknown("sqsManagedSseEnabled")
        elif managed is False:
            yield Finding("no-key", "set kmsMasterKeyId, or sqsManagedSseEnabled to true")
    yield from _policy(resource)


@MESSAGES.resource("aws:sns/topicPolicy:TopicPolicy", "aws:sqs/queuePolicy:QueuePolicy")
def message_policy(resource: Resource) -> Iterator[Finding]:
    """The policy as a resource of its own."""
    yield from _policy(resource)


def _policy(resource: Resource) -> Iterator[Finding]:
    found = statements(resource.get("policy"))
    if found is UNKNOWN:
        yield unknown("policy")
    elif found is BROKEN:
        yield Finding("not-json", f"policy {BROKEN}")
    for statement in found if isinstance(found, list) else ():
        public = anyone(statement) if statement.allows else False
        if public is UNKNOWN:
            yield unknown(f"policy, statement {statement.number}: its principal or condition")
        elif public:
            yield Finding("any-principal", f"policy, statement {statement.number}: name the principals")


_DATABASE = "aws:rds/instance:Instance"
DATABASES = Rule(
    46,
    "rds-encrypted-private",
    cause="Databases are encrypted, and have no public address",
    why="RDS encrypts nothing unless told to when the database is made, and can't be told later; a public database is "
    "one guessed password away from everybody.",
    fix="Set storageEncrypted to true, and kmsKeyId to a key of your own; leave publiclyAccessible out, or false.",
    severity="high",
    frameworks=(
        "AWS FSBP RDS.2",
        "AWS FSBP RDS.3",
        "CIS AWS Foundations 3.0.0 2.3.1",
        "CIS AWS Foundations 3.0.0 2.3.3",
    ),
)


@DATABASES.resource(_DATABASE)
def database(resource: Resource) -> Iterator[Finding]:
    """A replica has its source's encryption, a restored one its snapshot's."""
    inherits = [key for key in ("replicateSourceDb", "snapshotIdentifier") if resource.get(key) is not None]
    if inherits and truth(resource.get("storageEncrypted")) is not True:
        yield unknown(inherits[0])
    else:
        yield from _stored(resource)
    yield from _reachable(resource)


@DATABASES.resource("aws:rds/cluster:Cluster")
def database_cluster(resource: Resource) -> Iterator[Finding]:
    """Its members have its encryption, and addresses of their own."""
    yield from _stored(resource)


@DATABASES.resource("aws:rds/clusterInstance:ClusterInstance")
def database_member(resource: Resource) -> Iterator[Finding]:
    """A member of a cluster."""
    yield from _reachable(resource)


def _stored(resource: Resource) -> Iterator[Finding]:
    encrypted = truth(resource.get("storageEncrypted"))
    if encrypted is UNKNOWN:
        yield unknown("storageEncrypted")
    elif not encrypted:
        yield Finding("unencrypted", "set storageEncrypted to true")


def _reachable(resource: Resource) -> Iterator[Finding]:
    public = truth(resource.get("publiclyAccessible"))
    if public is UNKNOWN:
        yield unknown("publiclyAccessible")
    elif public:
        yield Finding("public", "set publiclyAccessible to false")

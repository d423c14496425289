"""Buckets: who may reach them, by policy or by ACL, and how."""

from collections.abc import Callable, Iterator
from typing import Any

from ..actions import glob
from ..buckets import BUCKET, BUCKET_POLICY, missing
from ..documents import BROKEN, Statement, anyone, statements
from ..facts import UNKNOWN, Resource, dig, items
from ..model import Finding, Rule, Stack, unknown

_ACL = "aws:s3/bucketAcl:BucketAcl"

TLS = Rule(
    3,
    "s3-tls-only",
    cause="A bucket answers over TLS only",
    why="A request over plain HTTP shows its data, and its signature, to the network.",
    fix='Add to the bucket policy: Effect Deny, Principal "*", Action "s3:*", Resource the bucket and its objects '
    '(arn and arn/*), Condition {"Bool": {"aws:SecureTransport": "false"}} and no other condition.',
    severity="high",
    frameworks=("AWS FSBP S3.5", "CIS AWS Foundations 3.0.0 2.1.1"),
)


@TLS.resource(BUCKET_POLICY)
def tls(resource: Resource) -> Iterator[Finding]:
    """One bucket has one policy, so it has to be in this one."""
    found = statements(resource.get("policy"))
    if found is UNKNOWN:
        yield unknown("policy")
        return
    if found is BROKEN or found is None:
        yield Finding("not-json", f"policy {BROKEN}")
        return
    denials = [statement for statement in found if _denies_plain_http(statement)]
    patterns = [pattern for statement in denials for pattern in statement.resources]
    bucket = resource.get("bucket")
    gaps = [part for part, covers in _PARTS.items() if not any(covers(pattern, bucket) for pattern in patterns)]
    if not gaps:
        return
    if UNKNOWN in patterns or any(statement.has("effect") and _unknown_inside(statement) for statement in found):
        yield unknown("policy: part of a statement that may deny plain HTTP")
    elif not denials:
        yield Finding(
            "no-tls-deny",
            'add a statement to policy that denies s3:* to "*" when aws:SecureTransport is false, under no other '
            "condition",
        )
    else:
        yield Finding("tls-deny-incomplete", f"add {' and '.join(gaps)} to Resource of the statement that denies HTTP")


@TLS.stack
def tls_missing(stack: Stack) -> Iterator[Finding]:
    """A bucket without a policy answers over HTTP."""
    message = "add a BucketPolicy that denies requests for which aws:SecureTransport is false"
    yield from missing(stack, BUCKET_POLICY, "policy", "no-policy", message)


def _denies_plain_http(statement: Statement) -> bool:
    if not statement.denies or not any(kind in ("*", "AWS") and value == "*" for kind, value in statement.principals):
        return False
    if not any(isinstance(action, str) and action.lower() in ("*", "s3:*") for action in statement.actions):
        return False
    conditions = list(statement.conditions())
    return len(conditions) == 1 and (
        conditions[0][0].lower() in ("bool", "boolifexists")
        and conditions[0][1] == "aws:securetransport"
        and [str(value).lower() for value in conditions[0][2]] == ["false"]
    )


def _unknown_inside(statement: Statement) -> bool:
    return (
        (not statement.allows and not statement.denies)
        or UNKNOWN in statement.actions
        or any(value is UNKNOWN for _, value in statement.principals)
        or any(value is UNKNOWN for _, _, values in statement.conditions() for value in values)
    )


def _covers_bucket(pattern: Any, bucket: Any) -> bool:
    if not isinstance(pattern, str):
        return False
    if isinstance(bucket, str) and bucket:
        return any(glob(pattern, f"arn:{partition}:s3:::{bucket}") for partition in _PARTITIONS)
    return "/" not in pattern and (pattern == "*" or pattern.lower().startswith("arn:"))


def _covers_objects(pattern: Any, bucket: Any) -> bool:
    if not isinstance(pattern, str):
        return False
    if isinstance(bucket, str) and bucket:
        objects = (f"arn:{partition}:s3:::{bucket}/" for partition in _PARTITIONS)
        return pattern.endswith("*") and any(glob(pattern, arn) for arn in objects)
    return pattern == "*" or pattern.endswith("/*")


_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
_PARTS: dict[str, Callable[[Any, Any], bool]] = {
    "the bucket (its ARN)": _covers_bucket,
    "its objects (its ARN and /*)": _covers_objects,
}

PUBLIC_GRANT = Rule(
    5,
    "s3-no-public-grant",
    cause="No bucket policy and no ACL grants to everybody",
    why="Telemetry names hosts, users and queries; a public grant publishes all of it.",
    fix="Name the principals, or narrow the statement by aws:PrincipalOrgID, aws:SourceVpce, aws:SourceArn or "
    "aws:SourceAccount. Remove public ACLs.",
    severity="critical",
    frameworks=("AWS FSBP S3.2", "AWS FSBP S3.3"),
)
_PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
_GROUPS = ("AllUsers", "AuthenticatedUsers")


@PUBLIC_GRANT.resource(BUCKET_POLICY)
def public_policy(resource: Resource) -> Iterator[Finding]:
    """Statements that allow, and whom they really allow."""
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
            yield Finding(
                "public-policy",
                f"policy, statement {statement.number}: name the principals, or narrow it to an organisation, "
                "account or VPC endpoint: it allows everybody",
            )


@PUBLIC_GRANT.resource(BUCKET, _ACL, "aws:s3/bucketObject:BucketObject", "aws:s3/objectCopy:ObjectCopy")
def public_acl(resource: Resource) -> Iterator[Finding]:
    """Canned ACLs and single grants; both have two places."""
    acl = resource.get("acl")
    if acl is UNKNOWN:
        yield unknown("acl")
    elif acl in _PUBLIC_ACLS:
        yield Finding("public-acl", "remove the public acl")
    grants = resource.get("accessControlPolicy", "grants")
    for grant in [*items(grants), *items(resource.get("grants"))]:
        nested = dig(grant, "grantee", "uri")
        uri = dig(grant, "uri") if nested is None else nested
        if uri is UNKNOWN:
            yield unknown("the grantee of a grant")
        elif isinstance(uri, str) and uri.rstrip("/").rpartition("/")[2] in _GROUPS:
            yield Finding("public-acl", "remove the grant to AllUsers or AuthenticatedUsers")

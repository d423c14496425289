"""Keys: rotation, who may use them, and how they go."""

from collections.abc import Iterator

from ..actions import every_service, split
from ..documents import BROKEN, anyone, statements
from ..facts import UNKNOWN, Resource, truth
from ..model import Finding, Rule, unknown

_KEY = "aws:kms/key:Key"
_KINDS = (
    _KEY,
    "aws:kms/externalKey:ExternalKey",
    "aws:kms/replicaKey:ReplicaKey",
    "aws:kms/replicaExternalKey:ReplicaExternalKey",
)

ROTATION = Rule(
    11,
    "kms-rotation",
    cause="A symmetric KMS key rotates its material every year",
    why="A key that never rotates protects everything it ever encrypted with one piece of material.",
    fix="Set enableKeyRotation to true on the key.",
    severity="medium",
    frameworks=("CIS AWS Foundations 3.0.0 3.6", "AWS FSBP KMS.4"),
)


@ROTATION.resource(_KEY)
def rotation(key: Resource) -> Iterator[Finding]:
    """Asymmetric and HMAC keys, and keys in custom stores, can't rotate by themselves."""
    spec = key.get("customerMasterKeySpec")
    if spec is None:
        spec = key.get("keySpec")
    usage = key.get("keyUsage")
    if spec not in (None, UNKNOWN, "SYMMETRIC_DEFAULT") or usage not in (None, UNKNOWN, "ENCRYPT_DECRYPT"):
        return
    if key.get("customKeyStoreId") is not None or key.get("xksKeyId") is not None:
        return
    rotates = truth(key.get("enableKeyRotation"))
    if rotates is True:
        return
    if UNKNOWN in (rotates, spec, usage):
        yield unknown("enableKeyRotation" if rotates is UNKNOWN else "customerMasterKeySpec or keyUsage")
    else:
        yield Finding("rotation-off", "set enableKeyRotation to true")


KEY_POLICY = Rule(
    12,
    "kms-key-policy",
    cause="A key's policy names who may use the key",
    why="A key policy is the key's own lock: a `*` in it hands the data to any AWS account.",
    fix=(
        "Name accounts, roles or services as principals; where a service acts for others, add a condition on "
        "kms:CallerAccount, aws:SourceAccount or aws:PrincipalArn. kms:* belongs to the account's root only."
    ),
    severity="critical",
    frameworks=("AWS FSBP KMS.5",),
)


@KEY_POLICY.resource(*_KINDS, "aws:kms/keyPolicy:KeyPolicy")
def key_policy(key: Resource) -> Iterator[Finding]:
    """AWS' default policy (none given) is right."""
    found = statements(key.get("policy"))
    if found is UNKNOWN:
        yield unknown("policy")
    elif found is BROKEN:
        yield Finding("not-json", f"policy {BROKEN}")
    for statement in found if isinstance(found, list) else ():
        if not statement.allows:
            continue
        public = anyone(statement)
        if public is UNKNOWN:
            yield unknown(f"policy, statement {statement.number}: its principal or condition")
        elif public:
            yield Finding(
                "any-principal",
                f"policy, statement {statement.number}: name the principals, or narrow it by kms:CallerAccount, "
                "aws:PrincipalArn or aws:SourceAccount: everyone may use the key",
            )
        everything = any(
            isinstance(action, str) and (every_service(action) or split(action)[1].strip("*") == "")
            for action in statement.actions
        )
        if (everything or statement.has("notaction")) and any(kind == "Service" for kind, _ in statement.principals):
            yield Finding(
                "all-actions-for-service",
                f"policy, statement {statement.number}: list the actions that the service needs instead of kms:*",
            )


SAFETY = Rule(
    13,
    "kms-safety",
    cause="A key can't be lost by accident",
    why="A deleted key takes every object it encrypted with it; a key that nobody may administer can't be repaired.",
    fix="Leave bypassPolicyLockoutSafetyCheck off, and deletionWindowInDays at 14 or more (30 is the default).",
    severity="high",
    frameworks=("AWS FSBP KMS.3",),
)


@SAFETY.resource(*_KINDS, "aws:kms/keyPolicy:KeyPolicy")
def safety(key: Resource) -> Iterator[Finding]:
    """14 days: two weeks' holiday of the one person who would have noticed."""
    bypass = truth(key.get("bypassPolicyLockoutSafetyCheck"))
    if bypass is UNKNOWN:
        yield unknown("bypassPolicyLockoutSafetyCheck")
    elif bypass:
        yield Finding("lockout-bypass", "remove bypassPolicyLockoutSafetyCheck")
    days = key.get("deletionWindowInDays")
    if days is UNKNOWN:
        yield unknown("deletionWindowInDays")
    elif isinstance(days, int | float) and days < 14:
        yield Finding("short-window", "set deletionWindowInDays to 14 or more")

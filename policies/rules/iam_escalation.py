"""Identities: ways to more rights than were given."""

import re
from collections.abc import Iterator

from ..actions import glob, grants
from ..documents import BROKEN, Statement, anyone, statements
from ..facts import UNKNOWN, Resource, items, truth
from ..identities import IDENTITY_TYPES, ROLE, each_allowed, names_something, reach
from ..model import Finding, Rule, unknown

ESCALATION = Rule(
    17,
    "iam-no-privilege-escalation",
    cause="No identity can give itself more rights",
    why="PassRole on any role, or writing IAM policies, is every right in two calls.",
    fix="Name the roles that may be passed or written (their full ARNs), with iam:PassedToService for PassRole.",
    severity="critical",
)
_ESCALATING = (
    "iam:PassRole",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:AttachUserPolicy",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:PutUserPolicy",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:AddUserToGroup",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:UpdateAssumeRolePolicy",
    "iam:AddRoleToInstanceProfile",
    "iam:CreateServiceSpecificCredential",
    "iam:ResetServiceSpecificCredential",
    "iam:DeactivateMFADevice",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "sts:AssumeRole",
)
"""Each gives more rights than its holder has, alone or with one more call (Rhino Security Labs, 2018; iam:Delete...
and iam:Detach... take away a Deny)."""
_BORROWING = (
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:AddPermission",
    "ssm:SendCommand",
    "ssm:StartSession",
    "ec2:ModifyInstanceAttribute",
    "ec2-instance-connect:SendSSHPublicKey",
    "ecs:ExecuteCommand",
    "codebuild:UpdateProject",
    "glue:UpdateDevEndpoint",
    "cloudformation:UpdateStack",
    "cloudformation:CreateChangeSet",
    "datapipeline:PutPipelineDefinition",
    "sagemaker:CreatePresignedNotebookInstanceUrl",
    "eks:CreateAccessEntry",
    "eks:AssociateAccessPolicy",
    "eks:CreatePodIdentityAssociation",
    "kms:PutKeyPolicy",
    "kms:CreateGrant",
    "s3:PutBucketPolicy",
    "secretsmanager:PutResourcePolicy",
    "sso:AttachManagedPolicyToPermissionSet",
    "sso:PutInlinePolicyToPermissionSet",
    "sso:CreateAccountAssignment",
)
"""Each runs code with another resource's role, or rewrites who may use a resource: harmless on resources that are
named, every right on all of them."""


@ESCALATION.resource(*IDENTITY_TYPES)
def escalation(resource: Resource) -> Iterator[Finding]:
    """Dangerous actions on resources that aren't named to the last character but one."""
    yield from each_allowed(resource, _escalates)


def _escalates(statement: Statement, where: str) -> Iterator[Finding]:
    for table, named, word, what in (
        (_ESCALATING, _names_an_identity, "escalation", "the roles, users or policies"),
        (_BORROWING, _names_a_secret, "borrowed-rights", "the resources"),
    ):
        granted = _granted(statement, table)
        extent = reach(statement, named) if granted else False
        if extent is UNKNOWN:
            yield unknown(f"{where}, a resource of {granted[0]}")
        elif extent:
            yield Finding(word, f"{where}: name {what} for {granted[0]} instead of a pattern")


def _granted(statement: Statement, table: tuple[str, ...]) -> list[str]:
    """The actions of a table that a statement grants; NotAction grants all that it doesn't list."""
    if statement.has("notaction"):
        kept = statement.texts("notaction")
        return [action for action in table if not any(isinstance(each, str) and grants(each, action) for each in kept)]
    return [
        action
        for action in table
        if any(isinstance(pattern, str) and grants(pattern, action) for pattern in statement.actions)
    ]


def _names_an_identity(pattern: str) -> bool:
    """Whether an ARN names identities: `role/*` and `role/?*` do not, `role/app-*` and `role/app/*` do."""
    return names_something(_KIND_OF_IDENTITY.sub(r"\1", pattern))


_KIND_OF_IDENTITY = re.compile(r"^((?:[^:]*:){5})(?:role|user|group|policy|instance-profile|\*)/")
_KIND_OF_SECRET = re.compile(r"^((?:[^:]*:){5})(?:key|alias|secret|parameter|\*)[/:]")


SECRETS_SCOPED = Rule(
    18,
    "iam-kms-secrets-scoped",
    cause="Decrypting and reading secrets is granted on named keys and secrets",
    why="kms:Decrypt on every key undoes each key's separation; reading every secret needs no further step.",
    fix="Name the key, secret or parameter ARNs under Resource.",
    severity="high",
    frameworks=("AWS FSBP KMS.1", "AWS FSBP KMS.2"),
)
_SENSITIVE = (
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "secretsmanager:GetSecretValue",
    "secretsmanager:BatchGetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
)


@SECRETS_SCOPED.resource(*IDENTITY_TYPES)
def secrets_scoped(resource: Resource) -> Iterator[Finding]:
    """`key/*` is every key, `secret:*` every secret."""
    yield from each_allowed(resource, _reads_secrets)


def _reads_secrets(statement: Statement, where: str) -> Iterator[Finding]:
    granted = _granted(statement, _SENSITIVE)
    if not granted:
        return
    extent = reach(statement, _names_a_secret)
    if extent is UNKNOWN:
        yield unknown(f"{where}, a resource of {granted[0]}")
    elif extent:
        yield Finding("unscoped", f"{where}: name the keys, secrets or parameters for {granted[0]}")


def _names_a_secret(pattern: str) -> bool:
    return names_something(_KIND_OF_SECRET.sub(r"\1", pattern))


@SECRETS_SCOPED.resource("aws:secretsmanager/secretPolicy:SecretPolicy", "aws:secretsmanager/secret:Secret")
def secret_policy(resource: Resource) -> Iterator[Finding]:
    """A secret's own policy names who may read it."""
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
    if truth(resource.get("blockPublicPolicy")) is False:
        yield Finding("public-policy-allowed", "set blockPublicPolicy to true")


ADMIN = Rule(
    19,
    "iam-no-admin-managed",
    cause="No administrator policy of AWS is attached",
    why="AdministratorAccess and its like make every other rule about the identity pointless.",
    fix="Attach a policy that lists what the workload does.",
    severity="critical",
    frameworks=("AWS FSBP IAM.1",),
)
_ADMIN = ("AdministratorAccess*", "PowerUserAccess", "IAMFullAccess", "job-function/SystemAdministrator")
_ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)


@ADMIN.resource(
    *_ATTACHMENTS,
    ROLE,
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
)
def admin(resource: Resource) -> Iterator[Finding]:
    """In any partition, with any path."""
    for key in ("policyArn", "managedPolicyArns", "policyArns", "managedPolicyArn"):
        for arn in items(resource.get(key)):
            if arn is UNKNOWN:
                yield unknown(key)
            elif isinstance(arn, str) and any(glob(f"arn:aws*:iam::aws:policy/{name}", arn) for name in _ADMIN):
                yield Finding("admin-policy", f"{key}: attach a policy that lists what is needed")


USERS = Rule(
    20,
    "iam-no-users-keys",
    cause="No IAM user, no access key",
    why="A long-lived key is found in a repository some day; roles have none.",
    fix="Use a role: IRSA or Pod Identity for pods, IAM Identity Center for people, OIDC for CI.",
    severity="high",
    frameworks=("AWS FSBP IAM.2",),
)


@USERS.resource("aws:iam/user:User", "aws:iam/userLoginProfile:UserLoginProfile")
def users(_resource: Resource) -> Iterator[Finding]:
    """A user's existence is the fault."""
    yield Finding("user", "remove the user, and use a role instead")


@USERS.resource("aws:iam/accessKey:AccessKey", "aws:iam/serviceSpecificCredential:ServiceSpecificCredential")
def access_keys(_resource: Resource) -> Iterator[Finding]:
    """Its secret is in the stack's state, too."""
    yield Finding("access-key", "remove the access key, and use a role instead")

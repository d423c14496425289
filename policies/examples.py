"""For each rule a resource that it flags, with the finding's word, and the nearest one that it leaves alone.

The page of rules shows them, and tests run them through pulumi_policy's server, so that the page can't lie.
"""

import json
from typing import Any, NamedTuple


class Example(NamedTuple):
    """Resources as `(type, properties)`; the first is the one that is judged."""

    word: str
    bad: list[tuple[str, dict[str, Any]]]
    good: list[tuple[str, dict[str, Any]]]
    config: dict[str, Any] = {}  # noqa: RUF012  # never changed


def _one(word: str, kind: str, bad: dict[str, Any], good: dict[str, Any], **config: Any) -> Example:
    return Example(word, [(kind, bad)], [(kind, good)], config)


def _statement(**elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **elements}]})


def _beside(word: str, owner: tuple[str, dict[str, Any]], setting: str, bad: Any, good: dict[str, Any]) -> Example:
    """A resource without its setting, or with a wrong one; and with the right one."""
    with_bad = [owner] if bad is None else [owner, (setting, bad)]
    return Example(word, with_bad, [owner, (setting, good)])


_BUCKET = ("aws:s3/bucket:Bucket", {"bucket": "logs"})
_FOUR = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_KEY = "aws:kms/key:Key"
_ROLE = "aws:iam/role:Role"
_ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
_CLUSTER = "aws:eks/cluster:Cluster"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
_ROOT = {"AWS": "arn:aws:iam::123456789012:root"}
_ACCOUNT_KEY = "arn:aws:kms:eu-west-1:123456789012:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def _tls_deny(*resources: str) -> dict[str, Any]:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"bucket": "logs", "policy": json.dumps({"Version": "2012-10-17", "Statement": [deny]})}


def _granted(**elements: Any) -> dict[str, Any]:
    return {"role": "thanos", "policy": _statement(**elements)}


def _trust(**claims: str) -> dict[str, Any]:
    condition = {"StringEquals": {f"{_ISSUER}:{claim}": value for claim, value in claims.items()}}
    provider = f"arn:aws:iam::123456789012:oidc-provider/{_ISSUER}"
    action = "sts:AssumeRoleWithWebIdentity"
    return {
        "assumeRolePolicy": _statement(Principal={"Federated": provider}, Action=action, Condition=condition),
    }


def _transitions(*steps: tuple[int, str]) -> dict[str, Any]:
    moves = [{"days": days, "storageClass": kind} for days, kind in steps]
    return {"bucket": "logs", "rules": [{"id": "age", "status": "Enabled", "transitions": moves}]}


def _deployment(container: dict[str, Any], **pod: Any) -> dict[str, Any]:
    spec = {**pod, "containers": [{"name": "app", "image": "ghcr.io/example/app:1.4.2", **container}]}
    return {
        "metadata": {"name": "app", "namespace": "observability"},
        "spec": {"template": {"metadata": {"labels": {"app": "app"}}, "spec": spec}},
    }


def _release(**more: Any) -> dict[str, Any]:
    return {
        "chart": "oci://ghcr.io/thanos-community/helm-charts/thanos",
        "version": "0.38.0",
        "atomic": True,
        "timeout": 600,
        **more,
    }


def _network_policy(selector: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": "deny", "namespace": "apps"},
        "spec": {"podSelector": selector, "policyTypes": ["Ingress"]},
    }


_LIMITS = {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}
_CONFINED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_POD_CONTEXT = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
_TIDY = {
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    "noncurrentVersionExpiration": {"noncurrentDays": 30},
}


def _sse(**rule: Any) -> dict[str, Any]:
    return {"bucket": "logs", "rules": [rule]}


_SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_KMS = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": _ACCOUNT_KEY}}
_AES = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
_LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
_INTERNAL = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}

EXAMPLES: dict[str, Example] = {
    "s3-sse-kms": _beside("not-kms", _BUCKET, _SSE, _sse(**_AES), _sse(**_KMS)),
    "s3-bucket-key": _one("no-bucket-key", _SSE, _sse(**_KMS), _sse(**_KMS, bucketKeyEnabled=True)),
    "s3-tls-only": _one(
        "tls-deny-incomplete",
        _BUCKET_POLICY,
        _tls_deny("arn:aws:s3:::logs/*"),
        _tls_deny("arn:aws:s3:::logs", "arn:aws:s3:::logs/*"),
    ),
    "s3-public-access-block": _one(
        "not-blocked",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"bucket": "logs", "blockPublicAcls": True, "blockPublicPolicy": True},
        {"bucket": "logs", **dict.fromkeys(_FOUR, True)},
    ),
    "s3-no-public-grant": _one(
        "public-policy",
        _BUCKET_POLICY,
        {
            "bucket": "logs",
            "policy": _statement(
                Principal="*",
                Action="s3:GetObject",
                Resource="arn:aws:s3:::logs/*",
                Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-12345"}},
            ),
        },
        {
            "bucket": "logs",
            "policy": _statement(
                Principal="*",
                Action="s3:GetObject",
                Resource="arn:aws:s3:::logs/*",
                Condition={"StringEquals": {"aws:PrincipalOrgID": "o-12345"}},
            ),
        },
    ),
    "s3-versioning": _one(
        "versioning-off",
        "aws:s3/bucketVersioning:BucketVersioning",
        {"bucket": "logs", "versioningConfiguration": {"status": "Suspended"}},
        {"bucket": "logs", "versioningConfiguration": {"status": "Enabled"}},
    ),
    "s3-ownership": _one(
        "acls-on",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"bucket": "logs", "rule": {"objectOwnership": "BucketOwnerPreferred"}},
        {"bucket": "logs", "rule": {"objectOwnership": "BucketOwnerEnforced"}},
    ),
    "s3-lifecycle-complete": _one(
        "no-abort",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        {"bucket": "logs", "rules": [{"id": "tidy", "status": "Enabled", **_TIDY, "filter": {"prefix": "tmp/"}}]},
        {"bucket": "logs", "rules": [{"id": "tidy", "status": "Enabled", **_TIDY, "filter": {"prefix": ""}}]},
    ),
    "s3-lifecycle-valid": _one(
        "not-queryable",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        _transitions((30, "STANDARD_IA"), (90, "GLACIER")),
        _transitions((30, "STANDARD_IA"), (90, "GLACIER_IR")),
    ),
    "s3-access-logs": _beside(
        "no-access-logs",
        _BUCKET,
        "aws:s3/bucketLogging:BucketLogging",
        {"bucket": "another", "targetBucket": "access-logs"},
        {"bucket": "logs", "targetBucket": "access-logs"},
    ),
    "kms-rotation": _one("rotation-off", _KEY, {"description": "telemetry"}, {"enableKeyRotation": True}),
    "kms-key-policy": _one(
        "any-principal",
        _KEY,
        {
            "enableKeyRotation": True,
            "policy": _statement(
                Principal="*",
                Action="kms:Decrypt",
                Resource="*",
                Condition={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
            ),
        },
        {"enableKeyRotation": True, "policy": _statement(Principal=_ROOT, Action="kms:*", Resource="*")},
    ),
    "kms-safety": _one("short-window", _KEY, {"deletionWindowInDays": 7}, {"deletionWindowInDays": 14}),
    "iam-no-wildcard-action": _one(
        "many-actions",
        _ROLE_POLICY,
        _granted(Action="s3:Put*", Resource="arn:aws:s3:::logs/*"),
        _granted(Action=["s3:PutObject", "kms:GenerateDataKey*"], Resource="arn:aws:s3:::logs/*"),
    ),
    "iam-no-wildcard-resource": _one(
        "all-resources",
        _ROLE_POLICY,
        _granted(Action="s3:GetObject", Resource="*"),
        _granted(Action="ec2:DescribeInstances", Resource="*"),
    ),
    "iam-no-notaction-notresource": _one(
        "not-action",
        _ROLE_POLICY,
        _granted(NotAction="iam:*", Resource="*"),
        {"role": "thanos", "policy": _statement(NotAction="s3:*", Resource="*", Effect="Deny")},
    ),
    "iam-no-privilege-escalation": _one(
        "escalation",
        _ROLE_POLICY,
        _granted(Action="iam:PassRole", Resource="arn:aws:iam::123456789012:role/*"),
        _granted(
            Action="iam:PassRole",
            Resource="arn:aws:iam::123456789012:role/thanos",
            Condition={"StringEquals": {"iam:PassedToService": "eks.amazonaws.com"}},
        ),
    ),
    "iam-kms-secrets-scoped": _one(
        "unscoped",
        _ROLE_POLICY,
        _granted(Action="kms:Decrypt", Resource="arn:aws:kms:eu-west-1:123456789012:key/*"),
        _granted(Action="kms:Decrypt", Resource=_ACCOUNT_KEY),
    ),
    "iam-no-admin-managed": _one(
        "admin-policy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": "ci", "policyArn": "arn:aws-cn:iam::aws:policy/AdministratorAccess"},
        {"role": "node", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
    ),
    "iam-no-users-keys": Example(
        "user", [("aws:iam/user:User", {"name": "ci"})], [("aws:iam/group:Group", {"name": "people"})]
    ),
    "iam-trust-principal": _one(
        "any-principal",
        _ROLE,
        {"assumeRolePolicy": _statement(Principal={"AWS": "*"}, Action="sts:AssumeRole")},
        {"assumeRolePolicy": _statement(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole")},
    ),
    "irsa-trust-exact": _one(
        "no-aud",
        _ROLE,
        _trust(sub="system:serviceaccount:observability:thanos"),
        _trust(sub="system:serviceaccount:observability:thanos", aud="sts.amazonaws.com"),
    ),
    "iam-boundary": _one(
        "no-boundary",
        _ROLE,
        {"name": "thanos"},
        {"name": "thanos", "permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary"},
        required=True,
    ),
    "eks-secrets-kms": _one(
        "no-key",
        _CLUSTER,
        {"name": "prod"},
        {"name": "prod", "encryptionConfig": {"provider": {"keyArn": _ACCOUNT_KEY}, "resources": ["secrets"]}},
    ),
    "eks-endpoint": _one(
        "open",
        _CLUSTER,
        {"vpcConfig": {"publicAccessCidrs": ["0.0.0.0/1", "128.0.0.0/1"]}},
        {"vpcConfig": {"publicAccessCidrs": ["203.0.113.0/24"]}},
    ),
    "eks-logs": _one(
        "logs-missing", _CLUSTER, {"enabledClusterLogTypes": ["api"]}, {"enabledClusterLogTypes": _LOG_TYPES}
    ),
    "eks-auth-api": _one(
        "config-map-mode",
        _CLUSTER,
        {"accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}},
        {"accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}},
    ),
    "eks-version": _one(
        "unsupported", _CLUSTER, {"version": "1.24"}, {"version": "1.35"}, supported=["1.34", "1.35", "1.36"]
    ),
    "node-imdsv2": _one(
        "hop-limit",
        _TEMPLATE,
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 3}},
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2}},
    ),
    "node-private-encrypted": _one(
        "disk-unencrypted",
        _TEMPLATE,
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20}}]},
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20, "encrypted": "true"}}]},
    ),
    "vpc-flow-logs-default-sg": _one(
        "default-group-open",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        {"vpcId": "vpc-1", "ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}]},
        {"vpcId": "vpc-1", "ingress": [], "egress": []},
    ),
    "sg-no-open-ingress": _one(
        "open",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443},
        {"cidrIpv4": "10.0.0.0/16", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443},
    ),
    "ebs-storageclass-encrypted": _one(
        "unencrypted",
        "kubernetes:storage.k8s.io/v1:StorageClass",
        {"provisioner": "ebs.csi.aws.com", "parameters": {"type": "gp3"}},
        {"provisioner": "ebs.csi.aws.com", "parameters": {"type": "gp3", "encrypted": "true"}},
    ),
    "logs-retention-kms": _one(
        "no-retention",
        "aws:cloudwatch/logGroup:LogGroup",
        {"kmsKeyId": _ACCOUNT_KEY},
        {"kmsKeyId": _ACCOUNT_KEY, "retentionInDays": 90},
    ),
    "sns-sqs-encrypted": _one(
        "any-principal",
        "aws:sns/topicPolicy:TopicPolicy",
        {"policy": _statement(Principal="*", Action="sns:Publish", Resource="*")},
        {
            "policy": _statement(
                Principal="*",
                Action="sns:Publish",
                Resource="*",
                Condition={"StringEquals": {"aws:SourceAccount": "123456789012"}},
            )
        },
    ),
    "rbac-least-privilege": _one(
        "secrets",
        _CLUSTER_ROLE,
        {"metadata": {"name": "reader"}, "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]},
        {"metadata": {"name": "reader"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    ),
    "rbac-no-cluster-admin": _one(
        "cluster-admin",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
        {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "User", "name": "me"}]},
        {"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "User", "name": "me"}]},
    ),
    "pod-restricted": _one(
        "capabilities-kept",
        _DEPLOYMENT,
        _deployment({"securityContext": {"allowPrivilegeEscalation": False}}, securityContext=_POD_CONTEXT),
        _deployment({"securityContext": _CONFINED}, securityContext=_POD_CONTEXT),
    ),
    "image-pinned-limits": _one(
        "floating-image",
        _DEPLOYMENT,
        _deployment({"image": "ghcr.io:443/example/app", **_LIMITS}),
        _deployment({"image": "ghcr.io:443/example/app:1.4.2", **_LIMITS}),
    ),
    "namespace-pss-default-deny": Example(
        "no-default-deny",
        [
            (
                "kubernetes:core/v1:Namespace",
                {"metadata": {"name": "apps", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
            ),
            (
                "kubernetes:networking.k8s.io/v1:NetworkPolicy",
                _network_policy({"matchLabels": {"app": "web"}}),
            ),
        ],
        [
            (
                "kubernetes:core/v1:Namespace",
                {"metadata": {"name": "apps", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
            ),
            ("kubernetes:networking.k8s.io/v1:NetworkPolicy", _network_policy({})),
        ],
    ),
    "exposure": _one(
        "public-load-balancer",
        "kubernetes:core/v1:Service",
        {"metadata": {"name": "grafana"}, "spec": {"type": "LoadBalancer"}},
        {"metadata": {"name": "grafana", "annotations": _INTERNAL}, "spec": {"type": "LoadBalancer"}},
    ),
    "no-literal-secrets": _one(
        "literal-env",
        _DEPLOYMENT,
        _deployment({"env": [{"name": "DB_PASSWORD", "value": "written-down"}]}),
        _deployment({"env": [{"name": "DB_PASSWORD_FILE", "value": "/run/secrets/db"}]}),
    ),
    "helm-source-locked": _one(
        "not-exact",
        _RELEASE,
        _release(chart="oci://ghcr.io/example/charts/thing", version="^0.38.0"),
        _release(chart="oci://ghcr.io/example/charts/thing", version="0.38.0"),
        repositories=["oci://ghcr.io/example/charts"],
        charts={"thing": "0.38.0"},
    ),
    "helm-values-safe": _one(
        "literal-secret",
        _RELEASE,
        _release(values={"grafana": {"adminPassword": "written-down"}}),
        _release(values={"grafana": {"admin": {"existingSecret": "grafana", "passwordKey": "admin-password"}}}),
    ),
    "tags-and-packages": _one(
        "tags-missing",
        "aws:s3/bucket:Bucket",
        {"bucket": "logs", "tags": {"team": "platform"}},
        {"bucket": "logs", "tags": {"team": "platform", "environment": "prod"}},
        tags={"environment": "prod"},
    ),
    "rds-encrypted-private": _one(
        "unencrypted",
        "aws:rds/instance:Instance",
        {"instanceClass": "db.t4g.medium", "engine": "postgres"},
        {"instanceClass": "db.t4g.medium", "engine": "postgres", "storageEncrypted": True},
    ),
}

"""Cases of the rules about Kubernetes objects and Helm releases: typed, patches, lists, operators' kinds, values."""

import json
from typing import Any

from tests.policies.cases import CARE, LOCKED, Case
from tests.policies.harness import UNKNOWN

_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
_CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
_BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_SERVICE = "kubernetes:core/v1:Service"
_INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
_NAMESPACE = "kubernetes:core/v1:Namespace"
_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_LB = "service.beta.kubernetes.io/aws-load-balancer"
PSS = "pod-security.kubernetes.io/enforce"

CONFINED: dict[str, Any] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
SAFE: dict[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def container(**more: Any) -> dict[str, Any]:
    limits = {"limits": {"cpu": "1", "memory": "1Gi"}}
    return {"name": "c", "image": "ghcr.io/x/y:1.2.3", "resources": limits, "securityContext": CONFINED, **more}


def pod(*containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"securityContext": SAFE, "containers": list(containers) or [container()], **more}


def workload(spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x", "namespace": "n"}, "spec": {"template": {"metadata": {}, "spec": spec}}}


def _rules(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "r"}, "rules": list(rules)}


def _may(verbs: list[str], resources: list[str], group: str = "", **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs, **more}


_RBAC_GROUP = "rbac.authorization.k8s.io"
RBAC = [
    Case("rbac-least-privilege", word, kind, _rules(rule))
    for word, kind, rule in (
        ("wildcard", _ROLE, _may(["*"], ["pods"])),
        ("wildcard", _ROLE, _may(["get"], ["*"])),
        ("wildcard", _ROLE, _may(["get"], ["*/scale"], "apps")),
        ("wildcard", _CLUSTER_ROLE, {"nonResourceURLs": ["*"], "verbs": ["get"]}),
        ("secrets", _CLUSTER_ROLE, _may(["list"], ["configmaps", "secrets"])),
        ("secrets", _ROLE, _may(["watch"], ["secrets"])),
        ("escalate", _CLUSTER_ROLE, _may(["escalate"], ["clusterroles"], _RBAC_GROUP)),
        ("bind", _CLUSTER_ROLE, _may(["bind"], ["roles"], _RBAC_GROUP)),
        ("impersonate", _CLUSTER_ROLE, _may(["impersonate"], ["groups"])),
        ("exec", _ROLE, _may(["create"], ["pods/exec"])),
        ("exec", _ROLE, _may(["get"], ["pods/attach"])),
        ("token", _ROLE, _may(["create"], ["serviceaccounts/token"])),
        ("node-proxy", _CLUSTER_ROLE, _may(["get"], ["nodes/proxy"])),
        ("approve", _CLUSTER_ROLE, _may(["update"], ["certificatesigningrequests/approval"], "certificates.k8s.io")),
        (
            "webhooks",
            _CLUSTER_ROLE,
            _may(["patch"], ["mutatingwebhookconfigurations"], "admissionregistration.k8s.io"),
        ),
        ("", _ROLE, _may(["get"], ["secrets"], resourceNames=["mine"])),
        ("", _ROLE, _may(["create"], ["secrets"])),
        ("", _CLUSTER_ROLE, _may(["get", "list", "watch"], ["pods", "nodes/metrics", "secrets.example"])),
        ("", _CLUSTER_ROLE, _may(["get"], ["secrets"], "example.com")),
        ("", _ROLE, _may(["get", "list"], ["pods", "pods/log"])),
        ("", _ROLE, _may(["create"], ["serviceaccounts/token"], resourceNames=["me"])),
        ("", _CLUSTER_ROLE, {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}),
    )
] + [
    Case("rbac-least-privilege", "wildcard", f"{_CLUSTER_ROLE}Patch", _rules(_may(["*"], ["pods"]))),
    Case("rbac-least-privilege", "wildcard", f"{_ROLE}List", {"items": [{"rules": []}, _rules(_may(["*"], ["x"]))]}),
    Case("rbac-no-cluster-admin", "cluster-admin", _BINDING, {"roleRef": {"name": "cluster-admin"}}),
    Case("rbac-no-cluster-admin", "cluster-admin", f"{_BINDING}Patch", {"roleRef": {"name": "cluster-admin"}}),
    Case(
        "rbac-no-cluster-admin",
        "cluster-admin",
        _BINDING,
        {"roleRef": {"name": "view"}, "subjects": [{"kind": "Group", "name": "system:masters"}]},
    ),
    Case(
        "rbac-no-cluster-admin",
        "everybody",
        _BINDING,
        {"roleRef": {"name": "view"}, "subjects": [{"kind": "Group", "name": "system:authenticated"}]},
    ),
    Case(
        "rbac-no-cluster-admin",
        "",
        _BINDING,
        {"roleRef": {"name": "cluster-admin-of-one-app"}, "subjects": [{"kind": "ServiceAccount", "name": UNKNOWN}]},
    ),
]
# A list's items carry their own kind.
for _case in RBAC:
    if _case.type.endswith("List"):
        for _item in _case.props["items"]:
            _item.update(apiVersion="rbac.authorization.k8s.io/v1", kind="Role")


def _with(**context: Any) -> dict[str, Any]:
    return workload(pod(container(securityContext={**CONFINED, **context})))


_WORKLOADS: list[tuple[str, str, dict[str, Any]]] = [
    ("", _DEPLOYMENT, workload(pod())),
    ("", "kubernetes:core/v1:Pod", {"metadata": {"name": "p"}, "spec": pod()}),
    ("", "kubernetes:batch/v1:CronJob", {"spec": {"jobTemplate": {"spec": {"template": {"spec": pod()}}}}}),
    ("", _DEPLOYMENT, workload(pod(container(securityContext={**CONFINED, **SAFE}), securityContext={}))),
    ("", _DEPLOYMENT, workload(pod(container(securityContext={**CONFINED, "capabilities": {"drop": ["ALL", "X"]}})))),
    ("", _DEPLOYMENT, _with(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]})),
    ("", _DEPLOYMENT, _with(seccompProfile={"type": "Localhost", "localhostProfile": "x.json"})),
    ("", _DEPLOYMENT, workload(pod(volumes=[{"name": "a", "projected": {}}, {"name": "b", "emptyDir": {}}]))),
    ("", f"{_DEPLOYMENT}Patch", workload({"containers": [{"name": "c", "image": "x:1"}]})),
    ("", f"{_DEPLOYMENT}Patch", {"metadata": {"annotations": {"a": "b"}}}),
    ("privileged", f"{_DEPLOYMENT}Patch", workload({"containers": [{"securityContext": {"privileged": True}}]})),
    ("host-network", _DEPLOYMENT, workload(pod(hostNetwork=True))),
    ("host-pid", "kubernetes:apps/v1:DaemonSet", workload(pod(hostPID=True))),
    ("host-ipc", "kubernetes:apps/v1:StatefulSet", workload(pod(hostIPC=True))),
    ("host-path", _DEPLOYMENT, workload(pod(volumes=[{"name": "a", "hostPath": {"path": "/"}}]))),
    ("volume-type", _DEPLOYMENT, workload(pod(volumes=[{"name": "a", "nfs": {"server": "x"}}]))),
    ("privileged", _DEPLOYMENT, _with(privileged=True)),
    ("privileged", "kubernetes:extensions/v1beta1:DaemonSet", _with(privileged=True)),
    ("privileged", _DEPLOYMENT, workload(pod(initContainers=[container(securityContext={"privileged": True})]))),
    ("privileged", _DEPLOYMENT, workload(pod(ephemeralContainers=[container(securityContext={"privileged": True})]))),
    ("host-port", _DEPLOYMENT, workload(pod(container(ports=[{"containerPort": 1, "hostPort": 1}])))),
    ("capabilities-added", _DEPLOYMENT, _with(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]})),
    ("capabilities-kept", _DEPLOYMENT, _with(capabilities={"drop": ["NET_RAW"]})),
    ("privilege-escalation", _DEPLOYMENT, _with(allowPrivilegeEscalation=None)),
    ("may-be-root", _DEPLOYMENT, workload(pod(securityContext={**SAFE, "runAsNonRoot": False}))),
    ("may-be-root", _DEPLOYMENT, _with(runAsNonRoot=False)),
    ("root", _DEPLOYMENT, _with(runAsUser=0)),
    ("seccomp", _DEPLOYMENT, workload(pod(securityContext={"runAsNonRoot": True}))),
    ("seccomp", _DEPLOYMENT, _with(seccompProfile={"type": "Unconfined"})),
    ("proc-mount", _DEPLOYMENT, _with(procMount="Unmasked")),
    ("sysctl", _DEPLOYMENT, workload(pod(securityContext={**SAFE, "sysctls": [{"name": "kernel.msgmax"}]}))),
    ("selinux", _DEPLOYMENT, _with(seLinuxOptions={"type": "spc_t"})),
    ("apparmor", _DEPLOYMENT, _with(appArmorProfile={"type": "Unconfined"})),
    ("probe-host", _DEPLOYMENT, workload(pod(container(livenessProbe={"httpGet": {"host": "169.254.169.254"}})))),
    ("host-process", _DEPLOYMENT, _with(windowsOptions={"hostProcess": True})),
    (
        "may-be-root",
        "kubernetes:batch/v1:CronJob",
        {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [container()]}}}}}},
    ),
    ("host-network", "kubernetes:monitoring.coreos.com/v1:Prometheus", {"spec": {"hostNetwork": True}}),
    ("privileged", "kubernetes:argoproj.io/v1alpha1:Rollout", _with(privileged=True)),
    ("", "kubernetes:monitoring.coreos.com/v1:Prometheus", {"spec": {"securityContext": {"runAsUser": 1000}}}),
    ("", "kubernetes:core/v1:Service", {"spec": {"privileged": "no"}}),
]
PODS = [Case("pod-restricted", *each) for each in _WORKLOADS] + [
    Case("image-pinned-limits", word, _DEPLOYMENT, workload(pod(container(image=image))))
    for word, image in (
        ("floating-image", "nginx"),
        ("floating-image", "nginx:latest"),
        ("floating-image", "registry.example.com:5000/nginx"),
        ("floating-image", "ghcr.io/x/y:main"),
        ("", "registry.example.com:5000/nginx:1.29"),
        ("", "nginx@sha256:" + "0" * 64),
        ("", "nginx:latest@sha256:" + "0" * 64),
        ("", UNKNOWN),
    )
]
NAMESPACES = [
    Case("namespace-pss-default-deny", word, kind, {"metadata": {"name": "n", "labels": labels}})
    for word, kind, labels in (
        ("no-pod-security", _NAMESPACE, {}),
        ("no-pod-security", _NAMESPACE, {"pod-security.kubernetes.io/warn": "restricted"}),
        ("no-pod-security", _NAMESPACE, {PSS: "strict"}),
        ("privileged", _NAMESPACE, {PSS: "privileged"}),
        ("privileged", f"{_NAMESPACE}Patch", {PSS: "privileged"}),
        ("", f"{_NAMESPACE}Patch", {"team": "x"}),
        ("", _NAMESPACE, {PSS: "baseline"}),
    )
]


def _service(kind: str = "LoadBalancer", annotations: Any = None, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "s", "annotations": annotations or {}}, "spec": {"type": kind, **spec}}


def _ingress(annotations: Any = None, tls: Any = None, host: str = "a.example.com") -> dict[str, Any]:
    return {"metadata": {"annotations": annotations or {}}, "spec": {"rules": [{"host": host}], "tls": tls or []}}


EXPOSURE = [
    Case("exposure", *each)
    for each in (
        ("public-load-balancer", _SERVICE, _service()),
        ("public-load-balancer", _SERVICE, _service(annotations={f"{_LB}-scheme": "internet-facing"})),
        ("public-load-balancer", _SERVICE, _service(annotations={f"{_LB}-internal": "false"})),
        ("public-load-balancer", f"{_SERVICE}Patch", _service()),
        ("external-ips", _SERVICE, _service("ClusterIP", externalIPs=["203.0.113.7"])),
        ("", _SERVICE, _service(annotations={f"{_LB}-scheme": "internal"})),
        ("", _SERVICE, _service(annotations={f"{_LB}-internal": "true"})),
        ("", _SERVICE, _service("ClusterIP")),
        ("no-tls", _INGRESS, _ingress()),
        ("no-tls", _INGRESS, _ingress(tls=[{"hosts": ["b.example.com"], "secretName": "b"}])),
        ("no-tls", "kubernetes:extensions/v1beta1:Ingress", _ingress()),
        ("public-load-balancer", _INGRESS, _ingress({"alb.ingress.kubernetes.io/scheme": "internet-facing"})),
        ("", _INGRESS, _ingress(tls=[{"hosts": ["a.example.com"], "secretName": "a"}])),
        ("", _INGRESS, _ingress(tls=[{"hosts": ["*.example.com"], "secretName": "a"}])),
        ("", _INGRESS, _ingress({"alb.ingress.kubernetes.io/certificate-arn": UNKNOWN})),
        ("no-tls", "kubernetes:gateway.networking.k8s.io/v1:Gateway", {"spec": {"listeners": [{"protocol": "HTTP"}]}}),
        (
            "",
            "kubernetes:gateway.networking.k8s.io/v1:Gateway",
            {"spec": {"listeners": [{"protocol": "HTTP"}, {"protocol": "HTTPS"}]}},
        ),
    )
]


def _env(name: str, **value: Any) -> dict[str, Any]:
    return workload(pod(container(env=[{"name": name, **value}])))


_MAP = "kubernetes:core/v1:ConfigMap"
LITERALS = [
    Case("no-literal-secrets", *each)
    for each in (
        ("literal-env", _DEPLOYMENT, _env("API_KEY", value="s3cr3t-value")),
        ("literal-env", _DEPLOYMENT, _env("DATABASE_URL", value="postgres://me:hunter22@db/x")),
        ("literal-env", _DEPLOYMENT, _env("HOME", value="AKIAABCDEFGHIJKLMNOP")),
        ("literal-env", f"{_DEPLOYMENT}Patch", _env("GF_ADMIN_PASSWORD", value="admin")),
        ("literal-argument", _DEPLOYMENT, workload(pod(container(args=["--db-password=hunter22"])))),
        ("literal-argument", _DEPLOYMENT, workload(pod(container(command=["run", "--token", "hunter22"])))),
        ("", _DEPLOYMENT, _env("API_KEY", valueFrom={"secretKeyRef": {"name": "x", "key": "y"}})),
        ("", _DEPLOYMENT, _env("API_KEY", value="$(FROM_SECRET)")),
        ("", _DEPLOYMENT, _env("TOKEN_TTL", value="3600s")),
        ("", _DEPLOYMENT, _env("PASSWORD_FILE", value="/run/secret")),
        ("", _DEPLOYMENT, _env("API_KEY", value=UNKNOWN)),
        ("", _DEPLOYMENT, workload(pod(container(args=["--token-file=/var/run/t", "--password=$(PW)"])))),
        ("literal-in-configmap", _MAP, {"data": {"password": "hunter22"}}),
        ("literal-in-configmap", _MAP, {"data": {"app.yaml": "db:\n  user: me\n  password: hunter22\n"}}),
        ("literal-in-configmap", _MAP, {"data": {"k": "-----BEGIN RSA PRIVATE KEY-----\nMII"}}),
        ("", _MAP, {"data": {"app.yaml": "db:\n  user: me\n  password: ${DB_PASSWORD}\n"}}),
        ("", _MAP, {"data": {"app.yaml": "basic_auth:\n  password_file: /etc/x\ntoken_ttl: 3600\n"}}),
        ("", "kubernetes:core/v1:Secret", {"stringData": {"password": "hunter22"}}),
        ("plain-parameter", "aws:ssm/parameter:Parameter", {"name": "/app/db-password", "type": "String"}),
        ("", "aws:ssm/parameter:Parameter", {"name": "/app/db-password", "type": "SecureString"}),
        ("", "aws:ssm/parameter:Parameter", {"name": "/app/db-host", "type": "String", "value": "db"}),
        ("short-password", "random:index/randomPassword:RandomPassword", {"length": 19}),
        ("", "random:index/randomPassword:RandomPassword", {"length": 20}),
        ("literal-env", "aws:lambda/function:Function", {"environment": {"variables": {"API_TOKEN": "hunter22"}}}),
    )
]


def _values(values: Any, **more: Any) -> dict[str, Any]:
    return {**LOCKED, **CARE, "values": values, **more}


_ASSET = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17"}
VALUES = [
    Case("helm-values-safe", word, _RELEASE, _values(values))
    for word, values in (
        ("literal-secret", {"a": {"b": [{"password": "hunter22"}]}}),
        ("literal-secret", {"env": [{"name": "API_TOKEN", "value": "hunter22"}]}),
        ("literal-secret", {"config": "auth:\n  client_secret: hunter22\n"}),
        ("literal-secret", {"url": "https://me:hunter22@example.com/x"}),
        ("literal-secret", {"slack": "https://hooks.slack.com/services/T0000/B000/XXXX"}),
        ("literal-secret", {"extraArgs": ["--web.token=hunter22"]}),
        ("privileged", {"containerSecurityContext": {"privileged": True}}),
        (
            "privileged",
            {"extraManifests": ["kind: Pod\nspec:\n  hostPID: false\n  x: {privileged: true}\n"]},
        ),
        ("host-network", {"hostNetwork": "true"}),
        ("host-path", {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]}),
        ("root", {"podSecurityContext": {"runAsUser": 0}}),
        ("root", {"podSecurityContext": {"runAsNonRoot": False}}),
        ("capabilities-added", {"securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}),
        ("privilege-escalation", {"securityContext": {"allowPrivilegeEscalation": True}}),
        ("public-load-balancer", {"service": {"type": "LoadBalancer"}}),
        ("public-load-balancer", {"ingress": {"annotations": {"alb.ingress.kubernetes.io/scheme": "internet-facing"}}}),
        ("tls-off", {"tls": {"enabled": False}}),
        ("tls-unverified", {"remoteWrite": [{"tlsConfig": {"insecureSkipVerify": True}}]}),
        ("tls-off", {"config": "exporters:\n  otlp:\n    tls:\n      insecure: true\n"}),
        ("tls-off", {"ingress": {"enabled": True, "hosts": ["x"]}}),
        ("tls-off", {"database": {"sslmode": "disable"}}),
        ("", {}),
        ("", {"auth": {"existingSecret": "x", "passwordKey": "password"}, "password": UNKNOWN}),
        ("", {"auth": {"secretName": "x", "password": "the-key"}}),
        ("", {"config": "auth:\n  client_secret: ${CLIENT_SECRET}\n  token_file: /run/t\n"}),
        ("", {"ingress": {"enabled": False}, "tls": {"enabled": True}, "insecure": False}),
        ("", {"ingress": {"enabled": True, "hosts": ["x"], "tls": [{"hosts": ["x"], "secretName": "x"}]}}),
        ("", {"service": {"type": "LoadBalancer", "annotations": {f"{_LB}-scheme": "internal"}}}),
        ("", {"securityContext": {"privileged": False, "runAsUser": 1000, "capabilities": {"drop": ["ALL"]}}}),
        ("", {"serviceAccount": {"automountServiceAccountToken": False}, "imagePullSecrets": ["regcred"]}),
    )
] + [
    Case(
        "helm-values-safe", "privileged", _RELEASE, _values({}, valueYamlFiles=[{**_ASSET, "text": "privileged: true"}])
    ),
    Case(
        "helm-values-safe",
        "literal-secret",
        _RELEASE,
        _values({}, valueYamlFiles=[{**_ASSET, "text": "password: hunter22"}]),
    ),
    Case("helm-values-safe", "", _RELEASE, _values({}, valueYamlFiles=[{**_ASSET, "text": "password: ''"}])),
    Case("helm-values-safe", "privileged", "kubernetes:helm.sh/v4:Chart", _values({"privileged": True})),
    Case("helm-values-safe", "privileged", _RELEASE, _values(json.loads('{"a": {"privileged": true}}'))),
]

KUBERNETES = [*RBAC, *PODS, *NAMESPACES, *EXPOSURE, *LITERALS, *VALUES]

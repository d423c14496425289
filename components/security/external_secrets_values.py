"""External Secrets as data: chart values, stores, flows, alerts."""

import re
from typing import Any, NotRequired, TypedDict

import pulumi

from ..foundation.checks import account_faults, dns_label_faults, region_faults
from ..foundation.helm_release import chart_faults
from ..foundation.pods import resources, spread
from ..validation import Fault
from .alerts import Alert
from .external_secret import PARAMETER_STORE, SECRETS_MANAGER
from .network_policy import NetworkPeerArgs, NetworkPoliciesArgs
from .surroundings import api_server_flows, aws_flows, flow, names_flows, surroundings

NAMESPACE = RELEASE = CONTROLLER = "external-secrets"
WEBHOOK, CERT_CONTROLLER = "external-secrets-webhook", "external-secrets-cert-controller"
WEBHOOK_PORT, METRICS_PORT = 10250, 8080
ROLE = "secrets"
"""Purpose of the role, in its name."""
STORES = {SECRETS_MANAGER: "SecretsManager", PARAMETER_STORE: "ParameterStore"}
"""Each store's service, as the provider calls it."""


class ExternalSecretsArgs(TypedDict):
    """Whose secrets are brought into the cluster, and for whom."""

    platform_name: str
    """Name of the platform: the first part of the path of its secrets, and part of the role's name."""
    account_id: str
    """AWS account, twelve digits."""
    region: str
    """AWS region of the secrets."""
    oidc_provider_arn: pulumi.Input[str]
    """ARN of the IAM OIDC provider of the cluster."""
    oidc_issuer: pulumi.Input[str]
    """Issuer of the cluster's tokens, without `https://`."""
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the secrets and the secret parameters."""
    namespaces: list[str]
    """Namespaces whose ExternalSecrets the stores serve; at least one."""
    read_parameter_names: NotRequired[list[str]]
    """Parameters outside of `/<platform>/` that may be read, by their full names. Default none."""
    push_parameter_names: NotRequired[list[str]]
    """Parameters, by their full names, that PushSecrets may write. Default none: then there are no PushSecrets."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer that certifies the webhook. Default none: a controller of its own then signs for it."""
    replicas: NotRequired[int]
    """Pods of the controller and of the webhook, 1 to 5. Default 2."""
    service_monitor: NotRequired[bool]
    """Whether to be scraped and alerted on, which needs the Prometheus operator's CRDs. Default True."""
    charts_source: NotRequired[str]
    """Where charts come from, as for HelmRelease. Default upstream."""
    permissions_boundary_arn: NotRequired[str]
    """Policy that bounds the role, where the account demands one. Default none."""


def external_secrets_faults(args: ExternalSecretsArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = dns_label_faults("platform_name", args["platform_name"])
    faults += account_faults("account_id", args["account_id"]) + region_faults("region", args["region"])
    faults += chart_faults("external-secrets", args.get("charts_source", ""))
    if not args["namespaces"]:
        faults.append(Fault("namespaces", [], "name at least one namespace: a store for nobody is of no use"))
    for index, namespace in enumerate(args["namespaces"]):
        faults += dns_label_faults(f"namespaces[{index}]", namespace)
    faults += _name_faults("read_parameter_names", args.get("read_parameter_names", []))
    faults += _name_faults("push_parameter_names", args.get("push_parameter_names", []))
    if "certificate_issuer" in args:
        faults += dns_label_faults("certificate_issuer", args["certificate_issuer"])
    if not 1 <= args.get("replicas", 2) <= 5:
        faults.append(Fault("replicas", args["replicas"], "be 1 to 5"))
    return faults


def _name_faults(path: str, names: list[str]) -> list[Fault]:
    bound = "be a parameter's full name such as /obs/clusters/games/ca, with no wildcard"
    return [
        Fault(f"{path}[{index}]", name, bound)
        for index, name in enumerate(names)
        if not re.fullmatch(r"(/[A-Za-z0-9_.-]+){2,15}", name)
    ]


def external_secrets_values(args: ExternalSecretsArgs, role_arn: str) -> dict[str, Any]:
    """Helm values: only the kinds that are used are served, and each right goes that isn't needed."""
    monitored = bool(args.get("service_monitor", True))
    pushes = bool(args.get("push_parameter_names"))
    annotations = {"eks.amazonaws.com/role-arn": role_arn}
    return {
        **_part(CONTROLLER, int(args.get("replicas", 2)), resources("50m", "256Mi", "500m"), annotations),
        "installCRDs": True,
        # Without it both pods would work, and write against each other.
        "leaderElect": True,
        "processClusterExternalSecret": False,
        "processClusterPushSecret": False,
        "processClusterGenerator": False,
        "processSecretStore": False,
        "processPushSecret": pushes,
        "crds": {"createClusterExternalSecret": False, "createClusterPushSecret": False},
        "rbac": {
            # The stores use the controller's own role: it need not be able to become any service account.
            "serviceAccountTokenCreate": False,
            "servicebindings": {"create": False},
            # Whoever may edit a namespace of the platform would otherwise read all of the platform's secrets.
            "aggregateToView": False,
            "aggregateToEdit": False,
            "aggregateToAdmin": False,
        },
        "livenessProbe": {"enabled": True},
        "readinessProbe": {"enabled": True},
        "webhook": {**_part(WEBHOOK, int(args.get("replicas", 2)), resources("25m", "96Mi", "250m")), **_tls(args)},
        "certController": _cert_controller(args),
        "serviceMonitor": {"enabled": monitored, "renderMode": "alwaysRender"},
        "priorityClassName": "system-cluster-critical",
    }


def _part(name: str, replicas: int, room: dict[str, Any], annotations: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "replicaCount": replicas,
        "podDisruptionBudget": {"enabled": replicas > 1, "minAvailable": 1},
        "resources": room,
        "serviceAccount": {"create": True, "name": name, "annotations": annotations or {}},
        "topologySpreadConstraints": spread(part_labels(name), stateful=False),
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
    }


def _tls(args: ExternalSecretsArgs) -> dict[str, Any]:
    if "certificate_issuer" not in args:
        return {}
    issuer = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": args["certificate_issuer"]}
    certificate = {
        "create": True,
        "issuerRef": issuer,
        "duration": "2160h0m0s",
        "renewBefore": "720h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
    }
    return {"certManager": {"enabled": True, "addInjectorAnnotations": True, "cert": certificate}}


def _cert_controller(args: ExternalSecretsArgs) -> dict[str, Any]:
    if "certificate_issuer" in args:
        return {"create": False}
    return {"create": True, **_part(CERT_CONTROLLER, 1, resources("25m", "128Mi", "250m"))}


def part_labels(name: str) -> dict[str, str]:
    """What selects the pods of a part."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": RELEASE}


def store_spec(service: str, region: str, namespaces: list[str]) -> dict[str, Any]:
    """The `spec` of a ClusterSecretStore: the controller's own role, and only for the platform's namespaces."""
    return {
        "provider": {"aws": {"service": service, "region": region}},
        "conditions": [{"namespaces": list(namespaces)}],
        # A store's health is looked at this often, in seconds; ExternalSecrets have their own interval.
        "refreshInterval": 300,
    }


def external_secrets_network(own_certificates: bool) -> NetworkPoliciesArgs:
    """Who talks to whom: the controller calls AWS, the API server asks the webhook, Prometheus scrapes."""
    parts = [CONTROLLER, WEBHOOK, *([CERT_CONTROLLER] if own_certificates else [])]
    workloads: dict[str, NetworkPeerArgs] = {
        part: {"namespace": NAMESPACE, "labels": part_labels(part)} for part in parts
    }
    return {
        "namespace": NAMESPACE,
        "instance": "security",
        "peers": {**workloads, **surroundings()},
        "flows": [
            *names_flows(parts),
            *api_server_flows(parts),
            *aws_flows([CONTROLLER]),
            flow("private-network", WEBHOOK, WEBHOOK_PORT),
            *(flow("prometheus-anywhere", part, METRICS_PORT) for part in parts),
        ],
    }


EXTERNAL_SECRETS_ALERTS = (
    Alert(
        "ExternalSecretNotSynced",
        'max by (exported_namespace, name) (externalsecret_status_condition{condition="Ready",status="False"}) == 1',
        15,
        "warning",
        "A Secret is no longer kept in step with AWS",
        "{{ $labels.exported_namespace }}/{{ $labels.name }} keeps its last value; `kubectl describe externalsecret`"
        " tells what AWS answered.",
    ),
    Alert(
        "SecretStoreNotReady",
        'max by (name) (clustersecretstore_status_condition{condition="Ready",status="False"}) == 1',
        10,
        "critical",
        "External Secrets can't use a store",
        "{{ $labels.name }}: no Secret from it is renewed, and none is made. Look at the role and the key.",
    ),
    Alert(
        "ExternalSecretsAbsent",
        f'absent(up{{namespace="{NAMESPACE}", service="{RELEASE}-metrics"}} == 1)',
        15,
        "critical",
        "No Secret is being kept in step with AWS",
        "No External Secrets controller answers Prometheus.",
    ),
)
"""On metrics of External Secrets 2.9; `exported_namespace` is the ExternalSecret's own."""

"""cert-manager and the cluster's own authority as data: chart values, custom resources, flows, alerts."""

from typing import Any, NotRequired, TypedDict

from ..foundation.helm_release import chart_faults
from ..foundation.pods import resources, spread
from ..validation import Fault
from .alerts import Alert
from .certificate import ISSUER
from .network_policy import NetworkPeerArgs, NetworkPoliciesArgs
from .surroundings import api_server_flows, flow, names_flows, surroundings

NAMESPACE = RELEASE = "cert-manager"
WEBHOOK_PORT, METRICS_PORT = 10250, 9402
"""EKS opens nodes to its API server on 10250, the kubelet's own port, whatever else a security group says."""
CONTROLLER, WEBHOOK, CA_INJECTOR, STARTUP_CHECK = "cert-manager", "webhook", "cainjector", "startupapicheck"
"""The parts' names, as in `app.kubernetes.io/name`."""

AUTHORITY = ISSUER
"""Name of the authority's Certificate, and of the Secret with its key, in cert-manager's namespace."""
SELF_SIGNED = "self-signed"
"""Name of the Issuer that signs the authority's own certificate and nothing else."""
AUTHORITY_DURATION_HOURS = 5 * 365 * 24
AUTHORITY_RENEW_BEFORE_HOURS = AUTHORITY_DURATION_HOURS // 3
"""Twenty months of overlap: every certificate signed before a renewal has been replaced ten times by then."""


class CertManagerArgs(TypedDict):
    """What may differ from one cluster to the next."""

    authority_name: NotRequired[str]
    """Common name of the authority; name the cluster in it where there are several. At most 64 characters.
    Default `observability-ca`."""
    replicas: NotRequired[int]
    """Pods of each of the three parts, 1 to 5. Default 2: one works and the other takes over; webhooks
    all answer."""
    service_monitor: NotRequired[bool]
    """Whether to be scraped and alerted on, which needs the Prometheus operator's CRDs. Default True."""
    charts_source: NotRequired[str]
    """Where charts come from, as for HelmRelease. Default upstream."""


def cert_manager_faults(args: CertManagerArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = chart_faults("cert-manager", args.get("charts_source", ""))
    if not 1 <= args.get("replicas", 2) <= 5:
        faults.append(Fault("replicas", args["replicas"], "be 1 to 5"))
    if not 1 <= len(args.get("authority_name", AUTHORITY)) <= 64:
        faults.append(Fault("authority_name", args["authority_name"], "have 1 to 64 characters (RFC 5280)"))
    return faults


def cert_manager_values(args: CertManagerArgs) -> dict[str, Any]:
    """Helm values. Contexts are the chart's own: they satisfy `restricted`, with a read-only root."""
    replicas = int(args.get("replicas", 2))
    monitored = bool(args.get("service_monitor", True))
    return {
        "crds": {"enabled": True, "keep": True},
        "global": {
            "leaderElection": {"namespace": NAMESPACE},
            "priorityClassName": "system-cluster-critical",
            # Whoever may edit a namespace could otherwise have any name certified by the authority.
            "rbac": {"aggregateClusterRoles": False},
        },
        **_part(CONTROLLER, replicas, resources("50m", "256Mi", "500m")),
        "webhook": {
            **_part(WEBHOOK, replicas, resources("25m", "96Mi", "250m")),
            "securePort": WEBHOOK_PORT,
            # The API server itself gives up after this; the chart's 30 s would hold up every create that long.
            "timeoutSeconds": 10,
        },
        # It holds every Secret's metadata of the cluster.
        "cainjector": _part(CA_INJECTOR, replicas, resources("25m", "256Mi", "500m")),
        # A Job that Helm waits for: the release is ready when the webhook answers, so that custom resources can follow.
        "startupapicheck": {"enabled": True, "resources": resources("10m", "64Mi", "100m")},
        # A Certificate deleted, or replaced, by mistake must not take the Secret along that pods have mounted.
        "enableCertificateOwnerRef": False,
        "prometheus": {"enabled": True, "servicemonitor": {"enabled": monitored}},
    }


def _part(name: str, replicas: int, room: dict[str, Any]) -> dict[str, Any]:
    return {
        "replicaCount": replicas,
        # With a single pod a budget would stop every drain of its node.
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1} if replicas > 1 else {"enabled": False},
        "resources": room,
        "topologySpreadConstraints": spread(part_labels(name), stateful=False),
        "serviceAccount": {"create": True, "name": service_account(name)},
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
    }


def part_labels(name: str) -> dict[str, str]:
    """What selects the pods of a part."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": RELEASE}


def service_account(name: str) -> str:
    """Service account of a part."""
    return RELEASE if name == CONTROLLER else f"{RELEASE}-{name}"


def authority_specs(args: CertManagerArgs) -> dict[str, dict[str, Any]]:
    """The `spec` of the custom resources that make the authority, by kind: Issuer, Certificate, ClusterIssuer."""
    return {
        "Issuer": {"selfSigned": {}},
        "Certificate": {
            "isCA": True,
            "commonName": args.get("authority_name", AUTHORITY),
            "secretName": AUTHORITY,
            "duration": f"{AUTHORITY_DURATION_HOURS}h0m0s",
            "renewBefore": f"{AUTHORITY_RENEW_BEFORE_HOURS}h0m0s",
            # Renewed with the same key and name, so that certificates signed before verify against the new one
            # and those signed after against the old one, wherever that is still mounted.
            "privateKey": {"algorithm": "ECDSA", "size": 384, "rotationPolicy": "Never"},
            "usages": ["cert sign", "crl sign"],
            "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": SELF_SIGNED},
        },
        "ClusterIssuer": {"ca": {"secretName": AUTHORITY}},
    }


def cert_manager_network() -> NetworkPoliciesArgs:
    """Who talks to whom: all parts use the API server, it asks the webhook, Prometheus scrapes."""
    workloads: dict[str, NetworkPeerArgs] = {
        part: {"namespace": NAMESPACE, "labels": part_labels(part)}
        for part in (CONTROLLER, WEBHOOK, CA_INJECTOR, STARTUP_CHECK)
    }
    return {
        "namespace": NAMESPACE,
        "instance": "security",
        "peers": {**workloads, **surroundings()},
        "flows": [
            *names_flows(workloads),
            *api_server_flows(workloads),
            flow("private-network", WEBHOOK, WEBHOOK_PORT),
            *(flow("prometheus-anywhere", part, METRICS_PORT) for part in (CONTROLLER, WEBHOOK, CA_INJECTOR)),
        ],
    }


CERT_MANAGER_ALERTS = (
    Alert(
        "CertificateExpiresSoon",
        "min by (exported_namespace, name) (certmanager_certificate_expiration_timestamp_seconds > 0) - time()"
        " < 14 * 86400",
        60,
        "critical",
        "A certificate expires in less than two weeks",
        "{{ $labels.exported_namespace }}/{{ $labels.name }} has {{ $value | humanizeDuration }} left; it should have"
        " been renewed a month before its end. `kubectl describe certificate` tells why it was not.",
    ),
    Alert(
        "CertificateNotReady",
        'max by (exported_namespace, name) (certmanager_certificate_ready_status{condition!="True"}) == 1',
        15,
        "warning",
        "A certificate is not ready",
        "{{ $labels.exported_namespace }}/{{ $labels.name }} is missing, out of date or not yet signed.",
    ),
    Alert(
        "CertManagerAbsent",
        f'absent(up{{namespace="{NAMESPACE}", job="{CONTROLLER}"}} == 1)',
        15,
        "critical",
        "No certificate is being renewed",
        "No cert-manager controller answers Prometheus. Certificates last another month at least.",
    ),
)
"""On metrics of cert-manager 1.21: the namespace of the certificate is `exported_namespace`, since `namespace` is
that of the pod scraped."""

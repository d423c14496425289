"""One workload's certificate: cert-manager makes key and certificate in the cluster, and renews them.

The private key never leaves the cluster, and so never enters Pulumi's state. Every Secret has `tls.crt`, `tls.key`
and `ca.crt`, so that who has a certificate needs nothing else to check others'.
"""

import re
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ..foundation.checks import dns_label_faults
from ..foundation.labels import labels
from ..ordering import issued_by
from ..validation import Fault, refuse

ISSUER = "observability-ca"
"""Name of the ClusterIssuer that signs with the cluster's own authority (`cert_manager.py` makes it)."""
DURATION_HOURS, RENEW_BEFORE_HOURS = 90 * 24, 30 * 24
"""Life of a certificate, and when a new one is made: a month for whoever has to notice that renewal fails."""
FOLDER = "/etc/tls"
"""Where pods mount the Secret, by convention."""
CERTIFICATE_FILE, KEY_FILE, CA_FILE = f"{FOLDER}/tls.crt", f"{FOLDER}/tls.key", f"{FOLDER}/ca.crt"


class CertificateArgs(TypedDict):
    """Who is certified, and by whom."""

    certificate_name: str
    """Name of the Certificate, and of the Secret with `tls.crt`, `tls.key` and `ca.crt`."""
    namespace: str
    """Namespace of both."""
    issuer_name: str
    """Name of the ClusterIssuer."""
    dns_names: list[str]
    """Names that callers call it by, wildcards allowed; at least one."""
    common_name: NotRequired[str]
    """Who it is as a client. At most 64 characters. Default none."""


def issuer_faults(issuer: str | None) -> list[Fault]:
    """A name that no ClusterIssuer can have; nothing without one."""
    if issuer is None or re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", issuer):
        return []
    bound = "be the name of a ClusterIssuer: lower-case letters, digits, hyphens and dots"
    return [Fault("certificate_issuer", issuer, bound)]


def certificate_faults(args: CertificateArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = dns_label_faults("certificate_name", args["certificate_name"])
    faults += dns_label_faults("namespace", args["namespace"])
    if not args["dns_names"]:
        faults.append(Fault("dns_names", [], "name at least one host"))
    if len(args.get("common_name", "")) > 64:
        faults.append(Fault("common_name", args["common_name"], "have at most 64 characters (RFC 5280)"))
    return faults


def service_names(service: str, namespace: str, *, pods: bool = False) -> list[str]:
    """Every name by which a Service is called inside the cluster; with `pods` also its pods' own."""
    spellings = [service, f"{service}.{namespace}", f"{service}.{namespace}.svc"]
    spellings.append(f"{service}.{namespace}.svc.cluster.local")
    return spellings + [f"*.{name}" for name in spellings[1:]] if pods else spellings


def secret_volume(secret_name: str, name: str = "tls") -> dict[str, object]:
    """The volume of a certificate's Secret, as in a pod's spec."""
    return {"name": name, "secret": {"secretName": secret_name, "defaultMode": 0o440}}


def secret_mount(name: str = "tls", folder: str = FOLDER) -> dict[str, object]:
    """Its mount. A folder and not single files: those would keep the first certificate for ever."""
    return {"name": name, "mountPath": folder, "readOnly": True}


class Certificate(pulumi.ComponentResource):
    """A cert-manager Certificate for server and client use, renewed with a new key."""

    secret_name: str
    """Name of the Secret."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Certificate", name, certificate_faults(args))
        super().__init__("eks-observability:index:Certificate", name, dict(args), opts)
        self.secret_name = args["certificate_name"]
        spec = {
            "secretName": self.secret_name,
            "duration": f"{DURATION_HOURS}h0m0s",
            "renewBefore": f"{RENEW_BEFORE_HOURS}h0m0s",
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "usages": ["digital signature", "server auth", "client auth"],
            "dnsNames": args["dns_names"],
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": args["issuer_name"]},
        }
        if args.get("common_name"):
            spec["commonName"] = args["common_name"]
        kubernetes.apiextensions.CustomResource(
            f"{name}-certificate",
            api_version="cert-manager.io/v1",
            kind="Certificate",
            metadata={
                "name": args["certificate_name"],
                "namespace": args["namespace"],
                "labels": labels("certificate", args["certificate_name"], "certificate"),
            },
            spec=spec,
            opts=issued_by(self, opts),
        )
        self.register_outputs({"secret_name": self.secret_name})

"""Certificates of the room: whose they are, which names they bear, and how pods see them.

Every pod reads them from the same folder. Not here: what each program does with them (`loki_tls.py`,
`fluent_bit_target.py`).
"""

from typing import Any

from ..security.certificate import CA_FILE, CertificateArgs, secret_mount, secret_volume, service_names
from . import names

LOKI_SECRET, GATEWAY_SECRET = f"{names.LOKI}-tls", f"{names.GATEWAY}-tls"
"""Certificates of Loki's processes, which share one, and of the gateway; both names are also the Secrets'."""

VOLUME = "tls"
"""Name of the volume in every pod."""


def loki_identity(namespace: str) -> str:
    """The one name that all of Loki's processes prove, and that callers ask for whatever address they dial.

    They find each other in a ring, by the addresses of pods, and no certificate can name those. It is the Service
    behind which all of them stand.
    """
    return names.host(names.MEMBERLIST, namespace)


def loki_certificate(namespace: str, issuer: str) -> CertificateArgs:
    """The certificate of Loki's processes, as servers and as clients of each other."""
    return {
        "certificate_name": LOKI_SECRET,
        "namespace": namespace,
        "issuer_name": issuer,
        "common_name": names.LOKI,
        "dns_names": service_names(names.MEMBERLIST, namespace),
    }


def gateway_certificate(namespace: str, issuer: str) -> CertificateArgs:
    """The gateway's, as a server."""
    return {
        "certificate_name": GATEWAY_SECRET,
        "namespace": namespace,
        "issuer_name": issuer,
        "common_name": names.GATEWAY,
        "dns_names": service_names(names.GATEWAY, namespace),
    }


def fluent_bit_secret(release: str) -> str:
    """Certificate of one of the two Fluent Bits, and its Secret, from which it reads the authority."""
    return f"{release}-tls"


def fluent_bit_certificate(release: str, namespace: str, issuer: str) -> CertificateArgs:
    """Certificate of one of the two Fluent Bits, by its release."""
    return {
        "certificate_name": fluent_bit_secret(release),
        "namespace": namespace,
        "issuer_name": issuer,
        "common_name": release,
        "dns_names": service_names(release, namespace),
    }


def mounted(secret_name: str) -> dict[str, Any]:
    """Values that mount a whole Secret: certificate, key and authority."""
    return {"extraVolumes": [secret_volume(secret_name, VOLUME)], "extraVolumeMounts": [secret_mount(VOLUME)]}


def authority_mounted(secret_name: str) -> dict[str, Any]:
    """Values that mount the authority alone, for who only checks others: the key has no business there."""
    volume: dict[str, Any] = secret_volume(secret_name, VOLUME)
    volume["secret"]["items"] = [{"key": "ca.crt", "path": CA_FILE.rpartition("/")[2]}]
    return {"extraVolumes": [volume], "extraVolumeMounts": [secret_mount(VOLUME)]}

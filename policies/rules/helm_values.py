"""Charts: what their values ask for."""

from collections.abc import Iterator
from typing import Any

from ..facts import UNKNOWN, File, Resource, dig, items, truth
from ..helmvalues import blocks, documents_in, leaves
from ..model import Finding, Rule, unknown
from ..pods import hostile
from ..secretish import formed, in_arguments, literal, name_of_secret
from .exposure import internal

VALUES = Rule(
    44,
    "helm-values-safe",
    cause="Helm values hold no secret, ask for no privilege, open nothing and keep TLS on",
    why="Values lie in the stack's state and in Helm's release history, readable for whoever may read either; and one "
    "switch in them undoes what the chart's own defaults had right.",
    fix="Refer to secrets by name (existingSecret, secretKeyRef); leave privileges, host access and public load "
    "balancers off; leave TLS and its verification on.",
    severity="high",
    frameworks=("Pod Security Standards baseline", "CIS EKS 1.5.0 5.4.2"),
)
_INSECURE = {
    "insecure": True,
    "insecureskipverify": True,
    "tlsskipverify": True,
    "tlsskipverifyinsecure": True,
    "skiptlsverify": True,
    "skipverify": True,
    "tlsinsecure": True,
    "disabletls": True,
    "tlsdisabled": True,
    "sslenabled": False,
    "tlsenabled": False,
    "verifytls": False,
    "tlsverify": False,
    "sslverify": False,
    "verifyssl": False,
    "requiretls": False,
}
"""Names without separators and in lower case, with the value that switches TLS or its verification off."""


@VALUES.resource("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart")
def values(release: Resource) -> Iterator[Finding]:
    """Each set of values, with the texts in it read as what they are."""
    for where, block in blocks(release):
        if block is UNKNOWN:
            yield unknown(where)
        elif isinstance(block, File):
            yield Finding("unreadable", f"{where} can't be read from here: check its content by itself", "advisory")
        else:
            yield from _literals(block, where)
            yield from hostile(block, where)
            for path, document in documents_in(block, where):
                yield from (
                    finding._replace(message=f"{path}, in its text: {finding.message}") for finding in hostile(document)
                )
            yield from _open(block, where)


def _literals(block: Any, where: str) -> Iterator[Finding]:
    for path, key, value, around in leaves(block, where):
        named = dig(around, "name") if key == "value" else None
        name = named if isinstance(named, str) else key
        if formed(value) or (name_of_secret(name) and literal(value) and not _refers(around)):
            message = f"{path}: refer to a Secret by name instead"
            yield Finding("literal-secret", message if name == key or key == "value" else f"{where}: refer to a Secret")
        elif key in ("args", "extraArgs", "command") and in_arguments(items(value)):
            yield Finding("literal-secret", f"{path}: pass the secret by a file or a variable")


def _refers(around: Any) -> bool:
    """Whether a map is a reference, in which `password` or `token` are names of keys in a Secret."""
    return isinstance(around, dict) and any(
        key in around for key in ("existingSecret", "secretName", "secretKeyRef", "existingSecretName", "secretRef")
    )


def _open(block: Any, where: str) -> Iterator[Finding]:
    for path, key, value, around in leaves(block, where):
        plain_name = key.replace("_", "").replace("-", "").lower()
        if key == "type" and value == "LoadBalancer":
            inside = internal(dig(around, "annotations"))
            if inside is UNKNOWN:
                yield unknown(f"{path.rpartition('.')[0]}.annotations")
            elif not inside:
                yield Finding("public-load-balancer", f"{path}: use ClusterIP, or annotate the Service as internal")
        elif key == "alb.ingress.kubernetes.io/scheme" and value == "internet-facing":
            yield Finding("public-load-balancer", f"{path}: set it to internal")
        elif key.lower().endswith("ingress") and isinstance(value, dict) and truth(value.get("enabled")) is True:
            if _without_tls(value):
                yield Finding("tls-off", f"{path}.tls: name the hosts and a secret, or a certificate of ACM")
        elif plain_name in _INSECURE and truth(value) is _INSECURE[plain_name]:
            word = "tls-unverified" if "verify" in plain_name else "tls-off"
            yield Finding(word, f"{path}: set it to {str(not _INSECURE[plain_name]).lower()}")
        elif key.lower() in ("tls", "ssl") and (value is False or truth(dig(value, "enabled")) is False):
            yield Finding("tls-off", f"{path}: leave TLS on")
        elif plain_name == "sslmode" and value in ("disable", "allow", "prefer"):
            yield Finding("tls-off", f"{path}: set it to verify-full, or to require")


def _without_tls(ingress: dict[str, Any]) -> bool:
    tls, annotations = ingress.get("tls"), ingress.get("annotations")
    if tls is UNKNOWN or annotations is UNKNOWN:
        return False
    return tls in (None, [], {}, False) and dig(annotations, "alb.ingress.kubernetes.io/certificate-arn") is None

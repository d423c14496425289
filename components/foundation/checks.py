"""What AWS accepts as names, numbers, addresses and principals, as functions that find faults.

Pure: settings call them without loading any cloud SDK, components before they register a resource.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence

from .. import naming
from ..validation import Fault

LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""The only retentions that CloudWatch Logs knows (PutRetentionPolicy, API reference)."""

SMALLEST_PUBLIC_PREFIX = 16
"""Longest stretch of the internet that may reach a cluster's endpoint: 65,536 addresses. Whoever needs
more does not know who calls, and the world cut into halves is still the world."""

LONGEST_ROLE_PURPOSE = "control-plane"
"""The longest of the words that role names are made of, see `naming.role_name`."""

_PRINCIPAL = re.compile(r"arn:aws(?:-cn|-us-gov)?:iam::\d{12}:(?:root|(?:role|user)/[\w+=,.@/*-]+)")
_UNROUTABLE = tuple(
    ipaddress.IPv4Network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
)


def log_retention_faults(path: str, days: float) -> list[Fault]:
    """A retention that CloudWatch Logs would refuse."""
    if days in LOG_RETENTION_DAYS:
        return []
    return [Fault(path, days, f"be one of {', '.join(map(str, LOG_RETENTION_DAYS))} (days)")]


def account_faults(path: str, account_id: str) -> list[Fault]:
    """An account id that is not twelve digits."""
    if re.fullmatch(r"\d{12}", account_id):
        return []
    return [Fault(path, account_id, "be an AWS account id: twelve digits")]


def region_faults(path: str, region: str) -> list[Fault]:
    """A region that does not look like one."""
    if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        return []
    return [Fault(path, region, "be an AWS region such as eu-west-1")]


def role_name_faults(path: str, name: str) -> list[Fault]:
    """A role name that IAM would refuse: at most 64 characters of a small set (CreateRole, API reference)."""
    if re.fullmatch(r"[\w+=,.@-]{1,64}", name, re.ASCII):
        return []
    return [Fault(path, name, f"be 1 to 64 letters, digits or +=,.@_- (this one has {len(name)})")]


def principal_faults(path: str, arns: Iterable[str]) -> list[Fault]:
    """Principals of a condition that are not IAM roles, users or an account's root; `*` would mean everybody."""
    return [
        Fault(f"{path}[{index}]", arn, "be the ARN of an IAM role, an IAM user or an account's root")
        for index, arn in enumerate(arns)
        if not _PRINCIPAL.fullmatch(arn)
    ]


def admin_faults(path: str, arns: Sequence[str]) -> list[Fault]:
    """Principals that EKS gives no access entry, or that are named twice."""
    faults: list[Fault] = []
    for index, arn in enumerate(arns):
        if not _PRINCIPAL.fullmatch(arn) or "*" in arn or arn.endswith(":root"):
            faults.append(Fault(f"{path}[{index}]", arn, "be the ARN of one IAM role or user"))
        elif arn in arns[:index]:
            faults.append(Fault(f"{path}[{index}]", arn, "appear once only"))
    return faults


def dns_label_faults(path: str, name: str) -> list[Fault]:
    """A Kubernetes namespace or release name that is not a DNS label (RFC 1123)."""
    if re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        return []
    return [Fault(path, name, "be a DNS label: 1 to 63 lower-case letters, digits and inner hyphens")]


def external_label_faults(label: str, taken: Iterable[str]) -> list[Fault]:
    """A name that Prometheus and Loki take for no label's, or that stands for something already."""
    path = f"external_labels.{label}"
    if label in taken:
        return [Fault(path, label, "be another label: this one is set here")]
    if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", label) or label.startswith("__"):
        return [Fault(path, label, "be a label's name: letters, digits and underscores")]
    return []


def public_cidr_faults(path: str, cidrs: Iterable[str]) -> list[Fault]:
    """Ranges from which a cluster's public endpoint may not be reached."""
    faults: list[Fault] = []
    for index, text in enumerate(cidrs):
        where = f"{path}[{index}]"
        try:
            net = ipaddress.IPv4Network(text)
        except ValueError:
            faults.append(Fault(where, text, "be an IPv4 network such as 203.0.113.0/24, with no host bits set"))
            continue
        if net.prefixlen < SMALLEST_PUBLIC_PREFIX:
            faults.append(
                Fault(where, text, f"be /{SMALLEST_PUBLIC_PREFIX} or smaller: the endpoint is not for the world")
            )
        elif any(net.overlaps(private) for private in _UNROUTABLE):
            faults.append(Fault(where, text, "be routable: private callers use the private endpoint"))
    return faults


def cluster_name_faults(path: str, name: str, region: str) -> list[Fault]:
    """A cluster name that EKS would refuse, or that makes role names too long."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}", name):
        return [Fault(path, name, "be letters, digits and hyphens, beginning with a letter or digit")]
    room = 64 - len(naming.role_name("", region, LONGEST_ROLE_PURPOSE))
    if len(name) > room:
        return [
            Fault(path, name, f"have at most {room} characters, or role names exceed 64 (this one has {len(name)})")
        ]
    return []

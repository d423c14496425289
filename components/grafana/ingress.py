"""The way in from outside the cluster: an internal load balancer of AWS, over TLS and nothing else."""

import ipaddress
import json
import re
from typing import Any, NotRequired, TypedDict

import pulumi

from ..security.surroundings import PRIVATE
from ..validation import Fault, known

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.3 and 1.2, with forward secrecy and authenticated encryption only."""


class GrafanaIngressArgs(TypedDict):
    """Where browsers find Grafana. Needs the AWS Load Balancer Controller."""

    host: str
    """Host name, which a record in DNS must lead to the load balancer."""
    certificate_arn: pulumi.Input[str]
    """Certificate of ACM for that host."""
    inbound_cidrs: NotRequired[list[str]]
    """IPv4 networks that may connect; private ones, such as the VPN's. Default all private ones."""
    group_name: NotRequired[str]
    """Share the load balancer of this group. Default one for Grafana alone."""
    class_name: NotRequired[str]
    """Ingress class. Default alb."""


def ingress_faults(ingress: GrafanaIngressArgs, path: str = "ingress") -> list[Fault]:
    """What the load balancer would refuse, and what would let everybody in."""
    faults: list[Fault] = []
    if not re.fullmatch(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", ingress["host"]):
        faults.append(Fault(f"{path}.host", ingress["host"], "be a host name such as grafana.example.com"))
    certificate = ingress.get("certificate_arn")
    if known(certificate) and not re.match(r"arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate/.+", str(certificate or "")):
        bound = "be the ARN of a certificate of ACM: without one passwords would travel in plain text"
        faults.append(Fault(f"{path}.certificate_arn", certificate, bound))
    if ingress.get("inbound_cidrs") == []:
        faults.append(Fault(f"{path}.inbound_cidrs", [], "name a network, or be left out for all private ones"))
    for index, block in enumerate(ingress.get("inbound_cidrs", [])):
        try:
            inside = any(ipaddress.IPv4Network(block).subnet_of(ipaddress.IPv4Network(net)) for net in PRIVATE)
        except ValueError:
            inside = False
        if not inside:
            bound = "be a private IPv4 network such as 10.0.0.0/8: the load balancer is internal"
            faults.append(Fault(f"{path}.inbound_cidrs[{index}]", block, bound))
    if "group_name" in ingress and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", ingress["group_name"]):
        faults.append(Fault(f"{path}.group_name", ingress["group_name"], "be a lower-case name of 1 to 63 characters"))
    return faults


def ingress_values(ingress: GrafanaIngressArgs | None, tls: bool) -> dict[str, Any]:
    """The chart's `ingress`."""
    if ingress is None:
        return {"enabled": False}
    scheme = "HTTPS" if tls else "HTTP"
    annotations: dict[str, Any] = {
        "scheme": "internal",
        "target-type": "ip",
        "listen-ports": json.dumps([{"HTTPS": 443}]),
        "certificate-arn": ingress["certificate_arn"],
        "ssl-policy": TLS_POLICY,
        "inbound-cidrs": ",".join(ingress.get("inbound_cidrs", PRIVATE)),
        "backend-protocol": scheme,
        "healthcheck-protocol": scheme,
        "healthcheck-path": "/api/health",
        "load-balancer-attributes": "routing.http.drop_invalid_header_fields.enabled=true",
        # Metrics share the port with people, and are none of their business.
        "actions.no-metrics": json.dumps(
            {"type": "fixed-response", "fixedResponseConfig": {"contentType": "text/plain", "statusCode": "404"}}
        ),
    }
    if "group_name" in ingress:
        annotations["group.name"] = ingress["group_name"]
    refused = {"service": {"name": "no-metrics", "port": {"name": "use-annotation"}}}
    return {
        "enabled": True,
        "ingressClassName": ingress.get("class_name", "alb"),
        "hosts": [ingress["host"]],
        "extraPaths": [{"path": "/metrics", "pathType": "Exact", "backend": refused}],
        "annotations": {f"alb.ingress.kubernetes.io/{key}": value for key, value in annotations.items()},
    }

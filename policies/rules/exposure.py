"""What is reachable from outside the cluster."""

from collections.abc import Iterator
from typing import Any

from ..facts import UNKNOWN, Resource, dig, items, truth
from ..model import Finding, Rule, unknown
from ..net import open_to_the_world

EXPOSURE = Rule(
    41,
    "exposure",
    cause="Load balancers are internal, and ingress speaks TLS",
    why="A Service of type LoadBalancer is on the internet by default; dashboards and write paths over plain HTTP "
    "show sessions and telemetry to the network.",
    fix='Annotate Services with service.beta.kubernetes.io/aws-load-balancer-scheme "internal"; give each host of an '
    "Ingress a TLS secret or an ACM certificate, and scheme internal; set internal on load balancers of your own.",
    severity="high",
    frameworks=("AWS FSBP ELB.1",),
)
_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
_ALB_SCHEME = "alb.ingress.kubernetes.io/scheme"
_ALB_CERTIFICATE = "alb.ingress.kubernetes.io/certificate-arn"


def internal(annotations: Any) -> Any:
    """Whether annotations keep a Service's load balancer inside; UNKNOWN where they aren't known."""
    if annotations is UNKNOWN:
        return UNKNOWN
    scheme, old = dig(annotations, _SCHEME), dig(annotations, _INTERNAL)
    if scheme is UNKNOWN or (old is UNKNOWN and scheme is None):
        return UNKNOWN
    if scheme is not None:
        return scheme == "internal"
    return old == "0.0.0.0/0" or truth(old) is True


@EXPOSURE.resource("kubernetes:core/v1:Service")
def service(resource: Resource) -> Iterator[Finding]:
    """Internal is what an annotation makes it."""
    kind = resource.get("spec", "type")
    if kind is UNKNOWN:
        yield unknown("spec.type")
    elif kind == "LoadBalancer":
        inside = internal(resource.get("metadata", "annotations"))
        if inside is UNKNOWN:
            yield unknown("metadata.annotations")
        elif not inside:
            yield Finding("public-load-balancer", f'set metadata.annotations["{_SCHEME}"] to "internal"')
        if open_to_the_world(items(resource.get("spec", "loadBalancerSourceRanges"))):
            yield Finding("open-ranges", "name the ranges that need access under spec.loadBalancerSourceRanges")
    elif kind == "NodePort":
        yield Finding("node-port", "use type ClusterIP: a node port is open on every node", "advisory")
    if resource.get("spec", "externalIPs") not in (None, [], UNKNOWN):
        yield Finding("external-ips", "remove spec.externalIPs: they take over other people's addresses")


@EXPOSURE.resource("kubernetes:networking.k8s.io/v1:Ingress")
def ingress(resource: Resource) -> Iterator[Finding]:
    """Every host has to be covered; a certificate of ACM covers all."""
    annotations = resource.get("metadata", "annotations")
    if dig(annotations, _ALB_SCHEME) == "internet-facing":
        yield Finding("public-load-balancer", f'set metadata.annotations["{_ALB_SCHEME}"] to "internal"')
    if resource.partial or dig(annotations, _ALB_CERTIFICATE) not in (None, ""):
        return
    tls = resource.get("spec", "tls")
    entries = list(items(tls))
    if UNKNOWN in entries:
        yield unknown("spec.tls")
        return
    hosts = [host for entry in entries for host in items(dig(entry, "hosts"))]
    rules = [dig(rule, "host") for rule in items(resource.get("spec", "rules"))]
    if UNKNOWN in hosts or annotations is UNKNOWN:
        yield unknown("spec.tls" if UNKNOWN in hosts else "metadata.annotations")
    elif not entries or any(isinstance(host, str) and not _covered(host, hosts) for host in rules if hosts):
        yield Finding("no-tls", "spec.tls: name every host of spec.rules, with a secret")


def _covered(host: str, hosts: list[Any]) -> bool:
    return host in hosts or f"*.{host.partition('.')[2]}" in hosts


@EXPOSURE.resource("kubernetes:gateway.networking.k8s.io/v1:Gateway")
def gateway(resource: Resource) -> Iterator[Finding]:
    """A gateway that only listens to plain HTTP; one that redirects has an HTTPS listener, too."""
    protocols = [dig(listener, "protocol") for listener in items(resource.get("spec", "listeners"))]
    if UNKNOWN in protocols:
        yield unknown("spec.listeners")
    elif "HTTP" in protocols and not {"HTTPS", "TLS"}.intersection(protocols):
        yield Finding("no-tls", "spec.listeners: add one with protocol HTTPS")


@EXPOSURE.resource("aws:lb/loadBalancer:LoadBalancer", "aws:elb/loadBalancer:LoadBalancer")
def load_balancer(resource: Resource) -> Iterator[Finding]:
    """One made beside Kubernetes; AWS' default is the internet. A gateway load balancer has no such address."""
    inside = truth(resource.get("internal"))
    if resource.get("loadBalancerType") == "gateway" or inside is True:
        return
    if inside is UNKNOWN:
        yield unknown("internal")
    else:
        yield Finding("public-load-balancer", "set internal to true")

"""Fluent Bit: reads every container's output on its node, and the cluster's events, and sends both to Loki."""

import pulumi

from ..foundation.helm_release import HelmRelease
from ..ordering import child_of
from ..security.certificate import Certificate
from ..validation import refuse
from . import names
from .fluent_bit_args import FluentBitArgs, fluent_bit_faults, namespaces
from .fluent_bit_values import events_values, fluent_bit_values
from .tls import fluent_bit_certificate

__all__ = ["FluentBit", "FluentBitArgs", "events_values", "fluent_bit_values"]


class FluentBit(pulumi.ComponentResource):
    """A DaemonSet for lines and one Deployment for events. Loki must be there first, or they don't become ready."""

    release_names: list[str]
    """Helm's names for the releases."""

    def __init__(self, name: str, args: FluentBitArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("FluentBit", name, fluent_bit_faults(args))
        super().__init__("eks-observability:index:FluentBit", name, dict(args), opts)
        backends, agents = namespaces(args)
        releases = [("nodes", names.FLUENT_BIT, agents, fluent_bit_values(args))]
        if args.get("events", True):
            releases.append(("events", names.EVENTS, backends, events_values(args)))
        for suffix, release, namespace, values in releases:
            certificates = self._certificate(f"{name}-{suffix}", release, namespace, args, opts)
            HelmRelease(
                f"{name}-{suffix}",
                {
                    "chart": names.FLUENT_BIT,
                    "release_name": release,
                    "namespace": namespace,
                    "values": values,
                    "charts_source": args.get("charts_source", ""),
                },
                child_of(self, opts, certificates),
            )
        self.release_names = [release for _, release, _, _ in releases]
        self.register_outputs({"release_names": self.release_names})

    def _certificate(
        self, name: str, release: str, namespace: str, args: FluentBitArgs, opts: pulumi.ResourceOptions | None
    ) -> list[pulumi.Resource]:
        """Its own, from which it reads the authority. Towards a centre it shows another, which isn't made here."""
        issuer = args.get("certificate_issuer")
        if not issuer or "centre" in args:
            return []
        return [Certificate(f"{name}-tls", fluent_bit_certificate(release, namespace, issuer), child_of(self, opts))]

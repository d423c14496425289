"""Loki: keeps logs in S3 and answers LogQL, in one of two topologies."""

import datetime
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from ..foundation.helm_release import HelmRelease
from ..foundation.labels import labels
from ..ordering import child_of, placed_in
from ..security.certificate import Certificate
from ..validation import refuse
from . import names
from .loki_args import LokiArgs, loki_faults
from .loki_values import cache_labels, loki_values
from .rollout_operator import RolloutOperator
from .rules import rules_data
from .schema import schema_periods
from .tls import gateway_certificate, loki_certificate

__all__ = ["Loki", "LokiArgs", "loki_values"]


class Loki(pulumi.ComponentResource):
    """Loki, its gateway, caches and canary, and what the chart leaves out: rules, budgets, the zones' restarts.

    The CRDs of the Prometheus operator must be there first.
    """

    gateway_url: str
    """Loki's HTTP API inside the cluster: push below `/loki/api/v1/push`, queries below `/loki/api/v1`."""
    otlp_url: str
    """Where an OpenTelemetry collector sends logs."""
    tenant: str
    """Tenant to name in `X-Scope-OrgID` for the platform's own logs."""

    def __init__(self, name: str, args: LokiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Loki", name, loki_faults(args, datetime.datetime.now(datetime.UTC).date()))
        super().__init__("eks-observability:index:Loki", name, dict(args), opts)
        namespace = args.get("namespace", "observability")
        first = child_of(self, opts)
        placed = placed_in(self, opts)
        before = [*self._pinned_schema(name, args, namespace, placed), self._rules(name, args, namespace, placed)]
        before += self._certificates(name, args, namespace, first)
        if args.get("topology", names.DISTRIBUTED) == names.DISTRIBUTED:
            operator: Any = {key: args[key] for key in ("namespace", "charts_source") if key in args}
            before.append(RolloutOperator(f"{name}-rollout-operator", operator, first))
        self._cache_budgets(name, namespace, placed)
        release = HelmRelease(
            f"{name}-stack",
            {
                "chart": names.LOKI,
                "release_name": names.LOKI,
                "namespace": namespace,
                "values": loki_values(args),
                "charts_source": args.get("charts_source", ""),
                # Ingesters that replay a full log take minutes, one zone after the other.
                "timeout_seconds": 1200,
            },
            child_of(self, opts, before),
        )
        self.gates: list[pulumi.Resource] = [release]
        self.gateway_url = names.gateway_url(namespace, bool(args.get("certificate_issuer")))
        self.otlp_url = f"{self.gateway_url}/otlp"
        self.tenant = args.get("tenant", names.TENANT)
        self.register_outputs({"gateway_url": self.gateway_url, "otlp_url": self.otlp_url, "tenant": self.tenant})

    def _certificates(
        self, name: str, args: LokiArgs, namespace: str, opts: pulumi.ResourceOptions
    ) -> list[pulumi.Resource]:
        issuer = args.get("certificate_issuer")
        if not issuer:
            return []
        return [
            Certificate(f"{name}-tls", loki_certificate(namespace, issuer), opts),
            Certificate(f"{name}-gateway-tls", gateway_certificate(namespace, issuer), opts),
        ]

    def _pinned_schema(
        self, name: str, args: LokiArgs, namespace: str, opts: pulumi.ResourceOptions
    ) -> list[pulumi.Resource]:
        """Each period as a protected object: the stack's state knows what was deployed, and so the engine refuses,
        in the preview already, to change or remove a period. Adding one is a new object.
        """
        return [
            kubernetes.core.v1.ConfigMap(
                f"{name}-schema-period-{index}",
                metadata={
                    "name": f"{names.LOKI}-schema-period-{index}",
                    "namespace": namespace,
                    "labels": labels(names.LOKI, names.LOKI, "schema"),
                },
                data={"from": period["from_date"], "version": period["version"]},
                immutable=True,
                opts=pulumi.ResourceOptions.merge(
                    opts,
                    pulumi.ResourceOptions(protect=args.get("protect", True), replace_on_changes=["data"]),
                ),
            )
            for index, period in enumerate(schema_periods(args.get("schema_periods")))
        ]

    def _rules(self, name: str, args: LokiArgs, namespace: str, opts: pulumi.ResourceOptions) -> pulumi.Resource:
        return kubernetes.core.v1.ConfigMap(
            f"{name}-rules",
            metadata={
                "name": names.RULES,
                "namespace": namespace,
                "labels": labels(names.LOKI, names.LOKI, "rules"),
            },
            data=rules_data(args.get("rules")),
            opts=opts,
        )

    def _cache_budgets(self, name: str, namespace: str, opts: pulumi.ResourceOptions) -> None:
        """The chart's own select no pod: they look for a name that its caches don't bear."""
        for kind in ("chunks", "results"):
            kubernetes.policy.v1.PodDisruptionBudget(
                f"{name}-{kind}-cache-budget",
                metadata={
                    "name": f"{names.LOKI}-{kind}-cache-budget",
                    "namespace": namespace,
                    "labels": labels(names.LOKI, names.LOKI, f"memcached-{kind}-cache"),
                },
                spec={"max_unavailable": 1, "selector": {"match_labels": cache_labels(kind)}},
                opts=opts,
            )

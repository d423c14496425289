"""Tempo: traces in S3, found by id and by TraceQL."""

import pulumi

from ..foundation.helm_release import HelmRelease
from ..metrics.memcached import Memcached
from ..ordering import child_of
from ..security.certificate import Certificate
from ..validation import refuse
from . import names
from .sampling import sampling, sampling_faults
from .sizing import traces_sizing, traces_sizing_faults
from .tempo_args import TempoArgs
from .tempo_faults import tempo_faults
from .tempo_values import tempo_values
from .tls import tempo_certificate

__all__ = ["Tempo", "TempoArgs", "tempo_faults", "tempo_values"]

CACHE_ITEM_MIB = 4
"""Largest cached item: the footer of a block's Parquet file, which grows with the block."""


class Tempo(pulumi.ComponentResource):
    """Distributors, ingesters, queriers, query frontends, a compactor, and their cache.

    The CRDs of the Prometheus operator must be there first.
    """

    query_url: str
    """Tempo's API inside the cluster; what Grafana asks."""

    def __init__(self, name: str, args: TempoArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        faults = [*tempo_faults(args), *sampling_faults(args.get("sampling"))]
        chosen = sampling(args.get("sampling"))
        refuse("Tempo", name, faults or traces_sizing_faults(args.get("sizing"), chosen))
        super().__init__("eks-observability:index:Tempo", name, dict(args), opts)
        namespace = args.get("namespace", "observability")
        sizing = traces_sizing(args.get("sizing"), chosen)
        cache = Memcached(
            f"{name}-cache",
            {
                "service_name": names.CACHE,
                "namespace": namespace,
                "replicas": sizing["cache_replicas"],
                "memory_mib": sizing["cache_memory_mib"],
                "max_item_mib": CACHE_ITEM_MIB,
            },
            child_of(self, opts),
        )
        first: list[pulumi.Resource] = [cache]
        if "certificate_issuer" in args:
            wanted = tempo_certificate(namespace, args["certificate_issuer"])
            first.append(Certificate(f"{name}-tls", wanted, child_of(self, opts)))
        release = HelmRelease(
            f"{name}-stack",
            {
                "chart": "tempo-distributed",
                "release_name": names.TEMPO,
                "namespace": namespace,
                "values": tempo_values(args),
                "charts_source": args.get("charts_source", ""),
                # Three ingesters, one after the other, each with its log to replay.
                "timeout_seconds": 900,
            },
            child_of(self, opts, first),
        )
        self.gates: list[pulumi.Resource] = [release]
        self.query_url = names.query_url(namespace, tls="certificate_issuer" in args)
        self.register_outputs({"query_url": self.query_url})

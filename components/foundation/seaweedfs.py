"""SeaweedFS, for clusters without AWS: an S3 with keys, and the buckets that the rooms use."""

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from ..ordering import child_of, placed_in
from ..security.network_policy import NetworkPolicies
from ..validation import refuse
from . import seaweedfs_values as sw
from .helm_release import HelmRelease
from .labels import labels
from .object_store import ACCESS_KEY, SECRET_KEY


class SeaweedFs(pulumi.ComponentResource):
    """A small S3 in the cluster, its buckets, and the keys to them in a Secret."""

    endpoint: str
    """Host and port of the S3, which speaks plain HTTP."""
    credentials_secret_name: str
    """Secret with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`."""

    def __init__(self, name: str, args: sw.SeaweedFsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("SeaweedFs", name, sw.seaweedfs_faults(args))
        super().__init__("eks-observability:index:SeaweedFs", name, dict(args), opts)
        namespace = args["namespace"]
        network = NetworkPolicies(f"{name}-network", sw.seaweedfs_network(namespace), child_of(self, opts))
        # Kept in the stack's state, encrypted, and nowhere in Helm's values.
        key = random.RandomPassword(
            f"{name}-secret-key", length=40, special=False, opts=pulumi.ResourceOptions(parent=self)
        )
        contents: dict[str, dict[str, pulumi.Input[str]]] = {
            sw.CREDENTIALS_SECRET: {ACCESS_KEY: sw.ACCESS_KEY_ID, SECRET_KEY: key.result},
            sw.IDENTITIES_SECRET: {sw.IDENTITIES_KEY: key.result.apply(sw.seaweedfs_identities)},
        }
        secrets = [
            kubernetes.core.v1.Secret(
                f"{name}-{secret}",
                metadata={"name": secret, "namespace": namespace, "labels": labels(sw.RELEASE, secret, "object-store")},
                string_data=data,
                opts=placed_in(self, opts),
            )
            for secret, data in contents.items()
        ]
        release = HelmRelease(
            f"{name}-release",
            {
                "chart": "seaweedfs",
                "release_name": sw.RELEASE,
                "namespace": namespace,
                "values": sw.seaweedfs_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts, [network, *secrets]),
        )
        self.gates: list[pulumi.Resource] = [release]
        self.endpoint = sw.seaweedfs_endpoint(namespace)
        self.credentials_secret_name = sw.CREDENTIALS_SECRET
        self.register_outputs({"endpoint": self.endpoint, "credentials_secret_name": self.credentials_secret_name})

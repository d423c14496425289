"""How Thanos finds its bucket: one small YAML file, shared by the sidecars and every Thanos component.

It holds no credentials. Thanos' S3 client falls back to the web identity token that EKS mounts for the
service account's role (Thanos, storage: credentials), and the bucket's own default encrypts.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from .. import naming
from ..ordering import child_of
from . import names


def object_store_config(bucket_name: str, region: str, endpoint: str = "") -> str:
    """Thanos' object store configuration; `endpoint` is a host without a scheme, by default the region's S3."""
    host = endpoint or naming.s3_endpoint(region)
    return f"type: S3\nconfig:\n  bucket: {bucket_name}\n  endpoint: {host}\n  region: {region}\n"


class ObjectStoreSecretArgs(TypedDict):
    """Where the blocks lie."""

    bucket_name: str
    """Physical name of the bucket."""
    region: str
    """AWS region of the bucket."""
    namespace: pulumi.Input[str]
    """Namespace of the pods that mount it."""
    endpoint: NotRequired[str]
    """Host of another S3, without a scheme. Default: S3 of the region."""


class ObjectStoreSecret(pulumi.ComponentResource):
    """The Secret that Thanos and its sidecars read their object store's address from."""

    secret_name: str
    """Name of the Secret; its key is `objstore.yml`."""
    config: str
    """Its text, for a checksum on the pods: a mounted Secret that changes restarts nothing."""

    def __init__(self, name: str, args: ObjectStoreSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("eks-observability:index:ObjectStoreSecret", name, dict(args), opts)
        self.secret_name = names.OBJECT_STORE_SECRET
        self.config = object_store_config(args["bucket_name"], args["region"], args.get("endpoint", ""))
        kubernetes.core.v1.Secret(
            f"{name}-secret",
            metadata={
                "name": self.secret_name,
                "namespace": args["namespace"],
                "labels": {
                    "app.kubernetes.io/name": names.THANOS,
                    "app.kubernetes.io/instance": names.THANOS,
                    "app.kubernetes.io/component": "object-store",
                    "app.kubernetes.io/part-of": "eks-observability",
                    "app.kubernetes.io/managed-by": "pulumi",
                },
            },
            string_data={names.OBJECT_STORE_KEY: self.config},
            opts=child_of(self, opts),
        )
        self.register_outputs({"secret_name": self.secret_name})

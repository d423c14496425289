"""How Thanos finds its bucket: one small YAML file, shared by the sidecars and every Thanos component.

It holds no credentials. Thanos' S3 client reads AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from its environment
first, and then falls back to the web identity token that EKS mounts for the service account's role (Thanos, storage:
credentials); the bucket's own default encrypts.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from .. import naming
from ..foundation.object_store import ObjectStoreArgs
from ..ordering import placed_in
from . import names


def object_store_config(bucket_name: str, region: str, store: ObjectStoreArgs | None = None) -> str:
    """Thanos' object store configuration: the region's S3, or another one, where buckets are paths and not hosts."""
    host = store["endpoint"] if store else naming.s3_endpoint(region)
    config = f"type: S3\nconfig:\n  bucket: {bucket_name}\n  endpoint: {host}\n  region: {region}\n"
    if not store:
        return config
    insecure = str(bool(store.get("insecure", False))).lower()
    return f"{config}  insecure: {insecure}\n  bucket_lookup_type: path\n"


class ObjectStoreSecretArgs(TypedDict):
    """Where the blocks lie."""

    bucket_name: str
    """Physical name of the bucket."""
    region: str
    """AWS region of the bucket."""
    namespace: pulumi.Input[str]
    """Namespace of the pods that mount it."""
    object_store: NotRequired[ObjectStoreArgs]
    """Another S3. Default: S3 of the region."""


class ObjectStoreSecret(pulumi.ComponentResource):
    """The Secret that Thanos and its sidecars read their object store's address from."""

    secret_name: str
    """Name of the Secret; its key is `objstore.yml`."""
    config: str
    """Its text, for a checksum on the pods: a mounted Secret that changes restarts nothing."""

    def __init__(self, name: str, args: ObjectStoreSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("eks-observability:index:ObjectStoreSecret", name, dict(args), opts)
        self.secret_name = names.OBJECT_STORE_SECRET
        self.config = object_store_config(args["bucket_name"], args["region"], args.get("object_store"))
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
            opts=placed_in(self, opts),
        )
        self.register_outputs({"secret_name": self.secret_name})

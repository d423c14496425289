"""An encrypted S3 bucket whose objects move to colder storage as they age, and are deleted in the end."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .. import defaults, naming
from ..ordering import child_of
from ..validation import Fault, refuse
from .bucket_policy import bucket_policy
from .checks import principal_faults, region_faults
from .iam import to_json
from .lifecycle import bucket_name_faults, days_faults, lifecycle_faults
from .outputs import after


class TransitionArgs(TypedDict):
    """A move to colder storage."""

    storage_class: str
    """`STANDARD_IA`, `INTELLIGENT_TIERING`, `GLACIER_IR`; `GLACIER` or `DEEP_ARCHIVE` only if not queryable."""
    after_days: int
    """Age of the object in days. At least 30 for `STANDARD_IA`, and 30 more for the class after it."""


class TieredBucketArgs(TypedDict):
    """What only the caller can decide about a bucket."""

    bucket_name: str
    """Physical name: 3 to 63 lower-case letters, digits and hyphens."""
    region: str
    """AWS region of the bucket, for its ARN's partition."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key that encrypts every object."""
    expire_after_days: int
    """Age in days at which objects are deleted; later than every transition."""
    transitions: NotRequired[list[TransitionArgs]]
    """Moves to colder storage, in order. Default none: everything stays in S3 Standard."""
    queryable: NotRequired[bool]
    """Whether objects must be readable at once, which Flexible Retrieval and Deep Archive are not. Default True."""
    noncurrent_expire_after_days: NotRequired[int]
    """Days for which a deleted or overwritten object can be brought back. Default 7."""
    abort_multipart_after_days: NotRequired[int]
    """Days after which an unfinished upload is removed. Default 7."""
    access_log_bucket: NotRequired[pulumi.Input[str]]
    """Name of the bucket that receives server access logs. Default none. It must be another bucket, whose
    policy lets logging.s3.amazonaws.com write and which SSE-S3 encrypts: S3 delivers to no other."""
    protect: NotRequired[bool]
    """Whether the bucket can't be deleted: Pulumi refuses and keeps it, its policy denies. Default True."""
    deletion_principal_arns: NotRequired[list[str]]
    """Principals whom a protected bucket's policy lets delete anything, the bucket included. Default none."""
    object_deletion_principal_arns: NotRequired[list[str]]
    """Principals whom a protected bucket's policy lets delete objects, though no versions: the role of the
    backend that compacts them. Default none."""
    force_destroy: NotRequired[bool]
    """Whether destroying the bucket deletes everything in it first, versions included. Only for a bucket that
    is not protected. Default False: S3 refuses to delete a bucket that holds anything."""


def tiered_bucket_faults(args: TieredBucketArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = bucket_name_faults("bucket_name", args["bucket_name"]) + region_faults("region", args["region"])
    faults += lifecycle_faults(args.get("transitions", []), args["expire_after_days"], args.get("queryable", True))
    noncurrent = args.get("noncurrent_expire_after_days", defaults.NONCURRENT_DAYS)
    faults += days_faults("noncurrent_expire_after_days", noncurrent)
    faults += days_faults(
        "abort_multipart_after_days", args.get("abort_multipart_after_days", defaults.ABORT_MULTIPART_DAYS)
    )
    if args.get("access_log_bucket", "") == args["bucket_name"]:
        faults.append(Fault("access_log_bucket", args["bucket_name"], "be another bucket: a log of itself grows"))
    if args.get("force_destroy") and args.get("protect", True):
        faults.append(Fault("force_destroy", True, "be false while protect is on: the two contradict each other"))
    faults += principal_faults("deletion_principal_arns", args.get("deletion_principal_arns", []))
    faults += principal_faults("object_deletion_principal_arns", args.get("object_deletion_principal_arns", []))
    return faults


def lifecycle_rules(args: TieredBucketArgs) -> list[dict[str, Any]]:
    """The bucket's lifecycle: one rule for the data, one for what S3 would otherwise keep and bill unseen."""
    everything = {"prefix": ""}
    data: dict[str, Any] = {
        "id": "data",
        "status": "Enabled",
        "filter": everything,
        "expiration": {"days": int(args["expire_after_days"])},
    }
    transitions = args.get("transitions", [])
    if transitions:
        data["transitions"] = [
            {"storage_class": move["storage_class"], "days": int(move["after_days"])} for move in transitions
        ]
    remains: dict[str, Any] = {
        "id": "remains",
        "status": "Enabled",
        "filter": everything,
        "abort_incomplete_multipart_upload": {
            "days_after_initiation": int(args.get("abort_multipart_after_days", defaults.ABORT_MULTIPART_DAYS))
        },
        "noncurrent_version_expiration": {
            "noncurrent_days": int(args.get("noncurrent_expire_after_days", defaults.NONCURRENT_DAYS))
        },
        "expiration": {"expired_object_delete_marker": True},
    }
    return [data, remains]


class TieredBucket(pulumi.ComponentResource):
    """Encrypted, versioned, private S3 bucket whose objects move to colder storage as they age."""

    bucket_name: pulumi.Output[str]
    """Physical name, for Helm values."""
    bucket_arn: pulumi.Output[str]
    """ARN, known at preview."""

    def __init__(self, name: str, args: TieredBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("TieredBucket", name, tiered_bucket_faults(args))
        super().__init__("eks-observability:index:TieredBucket", name, dict(args), opts)
        protect = args.get("protect", True)
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=args["bucket_name"],
            force_destroy=args.get("force_destroy", False),
            tags={"Name": args["bucket_name"]},
            opts=child_of(self, opts, protect=protect, retain_on_delete=protect),
        )
        # A kept bucket keeps its settings: without them it would be open to what they forbid.
        after_bucket = pulumi.ResourceOptions(parent=self, depends_on=[bucket], retain_on_delete=protect)
        _encrypt(name, bucket, args["kms_key_arn"], after_bucket)
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=after_bucket,
        )
        _lifecycle(name, bucket, args, versioning, protect, self)
        _access(name, bucket, args, protect, self)
        if "access_log_bucket" in args:
            aws.s3.BucketLogging(
                f"{name}-logging",
                bucket=bucket.bucket,
                target_bucket=args["access_log_bucket"],
                target_prefix=f"{args['bucket_name']}/",
                opts=after_bucket,
            )
        self.bucket_name = after(args["bucket_name"], [bucket])
        self.bucket_arn = after(naming.bucket_arn(args["region"], args["bucket_name"]), [bucket])
        self.register_outputs({"bucket_name": self.bucket_name, "bucket_arn": self.bucket_arn})


def _encrypt(name: str, bucket: aws.s3.Bucket, key_arn: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket.bucket,
        rules=[
            {
                "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn},
                # One KMS request an hour and caller instead of one an object: at millions of chunks it is the bill.
                "bucket_key_enabled": True,
            }
        ],
        opts=opts,
    )


def _lifecycle(
    name: str,
    bucket: aws.s3.Bucket,
    args: TieredBucketArgs,
    versioning: pulumi.Resource,
    protect: bool,
    parent: pulumi.Resource,
) -> None:
    rules: Any = lifecycle_rules(args)
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        bucket=bucket.bucket,
        rules=rules,
        # Before versioning, S3 takes rules about noncurrent versions for rules about nothing.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[versioning], retain_on_delete=protect),
    )


def _access(name: str, bucket: aws.s3.Bucket, args: TieredBucketArgs, protect: bool, parent: pulumi.Resource) -> None:
    """Ownership, public access block, policy; one after the other, for S3 answers 409 to changes made at once."""
    ownership = aws.s3.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=bucket.bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[bucket], retain_on_delete=protect),
    )
    block = aws.s3.BucketPublicAccessBlock(
        f"{name}-public-access-block",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[ownership], retain_on_delete=protect),
    )
    aws.s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket.bucket,
        policy=to_json(
            bucket_policy(
                args["region"],
                args["bucket_name"],
                protect,
                args.get("deletion_principal_arns", []),
                args.get("object_deletion_principal_arns", []),
            )
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[block], retain_on_delete=protect),
    )

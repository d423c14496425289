"""EKS' audit log, from CloudWatch to a bucket: subscription filter -> Firehose -> S3.

Nothing of it runs in the cluster, so nobody who breaks into the cluster can stop it or change what is written.
CloudWatch's log group keeps its own copy for as long as it is told to (`control_plane_log_retention_days`).
"""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .. import defaults, naming
from ..foundation.checks import account_faults, region_faults
from ..foundation.iam import Document, document, key_use, service_trust, to_json
from ..foundation.lifecycle import bucket_name_faults
from ..ordering import child_of, waits_for
from ..validation import Fault, refuse

AUDIT_EVENTS = '{ ($.kind = "Event") && ($.apiVersion = "audit.k8s.io/v1") }'
"""Only these of the five control-plane logs that share the group: each line of the audit log is such an object."""

WRITER_ROLE, FEED_ROLE = "audit-writer", "audit-feed"
"""Purposes of the roles: Firehose, which writes to the bucket, and CloudWatch Logs, which feeds Firehose."""


class AuditLogsArgs(TypedDict):
    """Whose audit log goes where."""

    platform_name: str
    """Name of the platform, from which stream and roles are named."""
    cluster_name: str
    """The EKS cluster. Its control plane must write the `audit` log to CloudWatch."""
    account_id: str
    """AWS account, twelve digits."""
    region: str
    """AWS region."""
    bucket_name: str
    """Bucket that receives the log; its lifecycle says for how long it is kept."""
    kms_key_arn: pulumi.Input[str]
    """Key of the bucket, which also encrypts what is on its way. CloudWatch Logs must be allowed to use it."""
    log_group_name: NotRequired[str]
    """Where EKS writes to. Default `/aws/eks/<cluster_name>/cluster`, the only one it knows."""
    permissions_boundary_arn: NotRequired[str]
    """Permissions boundary of the roles. Default none."""


def audit_logs_faults(args: AuditLogsArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    return [
        *bucket_name_faults("bucket_name", args["bucket_name"]),
        *account_faults("account_id", args["account_id"]),
        *region_faults("region", args["region"]),
    ]


def stream_name(args: AuditLogsArgs) -> str:
    """Name of the Firehose stream."""
    return f"{args['platform_name']}-audit"


def stream_arn(args: AuditLogsArgs) -> str:
    """ARN of the Firehose stream."""
    region = args["region"]
    where = f"{naming.partition(region)}:firehose:{region}:{args['account_id']}"
    return f"arn:{where}:deliverystream/{stream_name(args)}"


def error_group_name(args: AuditLogsArgs) -> str:
    """Log group in which Firehose says what it could not deliver."""
    return f"/aws/kinesisfirehose/{stream_name(args)}"


def writer_policy(args: AuditLogsArgs) -> Document:
    """What Firehose needs to write to one bucket, and to say that it couldn't; it never reads or deletes."""
    region = args["region"]
    bucket = naming.bucket_arn(region, args["bucket_name"])
    group = f"arn:{naming.partition(region)}:logs:{region}:{args['account_id']}:log-group:{error_group_name(args)}"
    return document(
        [
            {
                "Sid": "Bucket",
                "Effect": "Allow",
                "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
                "Resource": bucket,
            },
            {
                "Sid": "Objects",
                "Effect": "Allow",
                "Action": ["s3:AbortMultipartUpload", "s3:PutObject"],
                "Resource": f"{bucket}/*",
            },
            {
                "Sid": "Errors",
                "Effect": "Allow",
                "Action": "logs:PutLogEvents",
                "Resource": f"{group}:log-stream:delivery",
            },
        ]
    )


def feed_policy(args: AuditLogsArgs) -> Document:
    """What CloudWatch Logs needs to hand events to one stream."""
    return document(
        [
            {
                "Sid": "Stream",
                "Effect": "Allow",
                "Action": ["firehose:PutRecord", "firehose:PutRecordBatch"],
                "Resource": stream_arn(args),
            }
        ]
    )


def feed_trust(args: AuditLogsArgs) -> Document:
    """Trust in CloudWatch Logs, for log groups of this account only (CloudWatch Logs user guide, subscriptions)."""
    region = args["region"]
    trust = service_trust(f"logs.{region}.{naming.dns_suffix(region)}")
    source = f"arn:{naming.partition(region)}:logs:{region}:{args['account_id']}:*"
    trust["Statement"][0]["Condition"] = {"ArnLike": {"aws:SourceArn": source}}
    return trust


def destination(args: AuditLogsArgs) -> dict[str, Any]:
    """Where and how the stream writes: gzip as CloudWatch sends it, a folder a day.

    Each object is a run of gzip members, which zcat, Athena and every gzip library read as one.
    """
    return {
        "bucket_arn": naming.bucket_arn(args["region"], args["bucket_name"]),
        "role_arn": naming.role_arn(args["account_id"], args["region"], _role_name(args, WRITER_ROLE)),
        "kms_key_arn": args["kms_key_arn"],
        "prefix": f"eks-audit/{args['cluster_name']}/!{{timestamp:yyyy/MM/dd}}/",
        "error_output_prefix": (
            f"eks-audit-errors/{args['cluster_name']}/!{{firehose:error-output-type}}/!{{timestamp:yyyy/MM/dd}}/"
        ),
        "compression_format": "UNCOMPRESSED",
        "file_extension": ".json.gz",
        "buffering_size": defaults.FIREHOSE_BUFFER_MIB,
        "buffering_interval": defaults.FIREHOSE_BUFFER_SECONDS,
        "cloudwatch_logging_options": {
            "enabled": True,
            "log_group_name": error_group_name(args),
            "log_stream_name": "delivery",
        },
    }


class AuditLogs(pulumi.ComponentResource):
    """The audit log of one cluster, in a bucket."""

    stream_arn: str
    """ARN of the Firehose stream, known at preview."""
    prefix: str
    """Beginning of the objects' keys."""

    def __init__(self, name: str, args: AuditLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("AuditLogs", name, audit_logs_faults(args))
        super().__init__("eks-observability:index:AuditLogs", name, dict(args), opts)
        first = child_of(self, opts)
        errors = self._error_log(name, args, first)
        writer = self._role(name, args, WRITER_ROLE, service_trust("firehose.amazonaws.com", args["account_id"]), first)
        rights = [self._policy(name, WRITER_ROLE, writer, to_json(writer_policy(args)))]
        key = pulumi.Output.from_input(args["kms_key_arn"]).apply(lambda arn: to_json(key_use(arn)))
        rights.append(self._policy(name, f"{WRITER_ROLE}-key", writer, key))
        configuration: Any = destination(args)
        stream = aws.kinesis.FirehoseDeliveryStream(
            f"{name}-stream",
            name=stream_name(args),
            destination="extended_s3",
            extended_s3_configuration=configuration,
            server_side_encryption={
                "enabled": True,
                "key_type": "CUSTOMER_MANAGED_CMK",
                "key_arn": args["kms_key_arn"],
            },
            tags={"Name": stream_name(args)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*rights, *errors]),
        )
        feed = self._role(name, args, FEED_ROLE, feed_trust(args), first)
        may_feed = self._policy(name, FEED_ROLE, feed, to_json(feed_policy(args)))
        aws.cloudwatch.LogSubscriptionFilter(
            f"{name}-filter",
            name=stream_name(args),
            log_group=args.get("log_group_name", f"/aws/eks/{args['cluster_name']}/cluster"),
            filter_pattern=AUDIT_EVENTS,
            destination_arn=stream_arn(args),
            role_arn=naming.role_arn(args["account_id"], args["region"], _role_name(args, FEED_ROLE)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*waits_for(first), stream, may_feed]),
        )
        self.stream_arn = stream_arn(args)
        self.prefix = f"eks-audit/{args['cluster_name']}/"
        self.register_outputs({"stream_arn": self.stream_arn, "prefix": self.prefix})

    def _error_log(self, name: str, args: AuditLogsArgs, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        group = aws.cloudwatch.LogGroup(
            f"{name}-errors",
            name=error_group_name(args),
            kms_key_id=args["kms_key_arn"],
            retention_in_days=30,
            opts=opts,
        )
        stream = aws.cloudwatch.LogStream(
            f"{name}-errors-stream",
            name="delivery",
            log_group_name=group.name,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return [group, stream]

    def _role(
        self, name: str, args: AuditLogsArgs, purpose: str, trust: Document, opts: pulumi.ResourceOptions
    ) -> aws.iam.Role:
        return aws.iam.Role(
            f"{name}-{purpose}",
            name=_role_name(args, purpose),
            description=f"Audit log of EKS cluster {args['cluster_name']}",
            assume_role_policy=to_json(trust),
            permissions_boundary=args.get("permissions_boundary_arn"),
            tags={"Name": _role_name(args, purpose)},
            opts=opts,
        )

    def _policy(self, name: str, what: str, role: aws.iam.Role, policy: pulumi.Input[str]) -> pulumi.Resource:
        return aws.iam.RolePolicy(
            f"{name}-{what}-policy",
            name="key" if what.endswith("-key") else "delivery",
            role=role.name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _role_name(args: AuditLogsArgs, purpose: str) -> str:
    return naming.role_name(args["platform_name"], args["region"], purpose)

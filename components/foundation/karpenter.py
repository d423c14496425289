"""Karpenter: nodes of the size that waiting pods need, besides the managed node groups that carry Karpenter itself."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from .. import naming
from ..ordering import child_of, last
from ..validation import refuse
from .controller_role import controller_role
from .helm_release import HelmRelease
from .iam import service_trust, to_json, volume_key_use
from .irsa_role import IrsaRole, IrsaRoleArgs
from .karpenter_access import discovery_access, instance_access, queue_policy
from .karpenter_values import (
    DEFAULT_POOLS,
    EVENTS,
    NODE_CLASS,
    RELEASE,
    KarpenterArgs,
    karpenter_faults,
    karpenter_values,
    node_class_spec,
    pool_spec,
)
from .labels import labels
from .system_pods import NAMESPACE

__all__ = ["Karpenter", "KarpenterArgs"]

ROLE, NODE_ROLE = "karpenter", "karpenter-ec2"
"""Purposes of the roles, in their names: the controller's and the nodes'."""
NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""As for managed node groups (`nodes.py`); the CNI has a role of its own."""


class Karpenter(pulumi.ComponentResource):
    """Karpenter with its CRDs, roles, queue of interruptions, node class and pools."""

    node_role_arn: str
    """ARN of the nodes' role."""
    queue_name: str
    """Name of the SQS queue through which it hears of interruptions."""
    role_arn: str
    """ARN of the controller's role."""

    def __init__(self, name: str, args: KarpenterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Karpenter", name, karpenter_faults(args))
        super().__init__("eks-observability:index:Karpenter", name, dict(args), opts)
        account, region = args["account_id"], args["region"]
        self.node_role_arn = naming.role_arn(account, region, naming.role_name(args["cluster_name"], region, NODE_ROLE))
        self.queue_name = f"{args['cluster_name']}-karpenter"
        queue = self._queue(name, args)
        profile = self._node_role(name, args, opts)
        role = IrsaRole(f"{name}-role", self._role(args), pulumi.ResourceOptions(parent=self))
        self.role_arn = role.role_arn
        source = args.get("charts_source", "")
        crds = HelmRelease(
            f"{name}-crds",
            {
                "chart": "karpenter-crd",
                "release_name": "karpenter-crd",
                "namespace": NAMESPACE,
                "values": {},
                "charts_source": source,
            },
            child_of(self, opts),
        )
        release = HelmRelease(
            f"{name}-controller",
            {
                "chart": "karpenter",
                "release_name": RELEASE,
                "namespace": NAMESPACE,
                "values": karpenter_values(args, role.role_arn, self.queue_name),
                "charts_source": source,
            },
            # On the way down the controller outlives its pools, and its rights and the nodes' outlive the controller.
            child_of(self, opts, [crds, role, *profile, *queue]),
        )
        self._nodes(name, args, opts, release)
        self.register_outputs(
            {"node_role_arn": self.node_role_arn, "queue_name": self.queue_name, "role_arn": self.role_arn}
        )

    def _queue(self, name: str, args: KarpenterArgs) -> list[pulumi.Resource]:
        """The queue, and a rule for each kind of event; names and ARNs are known before anything exists."""
        account, region = args["account_id"], args["region"]
        partition, child = naming.partition(region), pulumi.ResourceOptions(parent=self)
        rules = {event: f"{self.queue_name}-{event}" for event in EVENTS}
        arns = [f"arn:{partition}:events:{region}:{account}:rule/{rule}" for rule in rules.values()]
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=self.queue_name,
            # A warning that is five minutes old is of no use: Spot gives two.
            message_retention_seconds=300,
            sqs_managed_sse_enabled=True,
            tags={"Name": self.queue_name},
            opts=child,
        )
        policy = aws.sqs.QueuePolicy(
            f"{name}-queue-policy",
            queue_url=queue.url,
            policy=to_json(queue_policy(self._queue_arn(args), arns)),
            opts=child,
        )
        made: list[pulumi.Resource] = [queue, policy]
        for event, rule_name in rules.items():
            source, kind = EVENTS[event]
            rule = aws.cloudwatch.EventRule(
                f"{name}-{event}",
                name=rule_name,
                description=f"{kind} for Karpenter of {args['cluster_name']}",
                event_pattern=to_json({"source": [source], "detail-type": [kind]}),
                opts=child,
            )
            target = aws.cloudwatch.EventTarget(
                f"{name}-{event}-target", rule=rule.name, target_id="karpenter", arn=queue.arn, opts=child
            )
            made += [rule, target]
        return made

    def _queue_arn(self, args: KarpenterArgs) -> str:
        return f"arn:{naming.partition(args['region'])}:sqs:{args['region']}:{args['account_id']}:{self.queue_name}"

    def _node_role(self, name: str, args: KarpenterArgs, opts: pulumi.ResourceOptions | None) -> list[pulumi.Resource]:
        """The nodes' role with its instance profile, and its entry to the cluster."""
        region, child = args["region"], pulumi.ResourceOptions(parent=self)
        physical = naming.role_name(args["cluster_name"], region, NODE_ROLE)
        role = aws.iam.Role(
            f"{name}-nodes",
            name=physical,
            description=f"Nodes of {args['cluster_name']} that Karpenter starts",
            assume_role_policy=to_json(service_trust("ec2.amazonaws.com")),
            permissions_boundary=args.get("permissions_boundary_arn"),
            tags={"Name": physical},
            opts=child,
        )
        attachments = [
            aws.iam.RolePolicyAttachment(
                f"{name}-nodes-{policy}",
                role=role.name,
                policy_arn=naming.aws_managed_policy_arn(region, policy),
                opts=child,
            )
            for policy in NODE_POLICIES
        ]
        profile = aws.iam.InstanceProfile(f"{name}-profile", name=physical, role=role.name, opts=child)
        entry = aws.eks.AccessEntry(
            f"{name}-entry",
            cluster_name=args["cluster_name"],
            principal_arn=role.arn,
            type="EC2_LINUX",
            # Its cluster is known by name alone.
            opts=child_of(self, opts),
        )
        return [role, *attachments, profile, entry]

    def _role(self, args: KarpenterArgs) -> IrsaRoleArgs:
        cluster, account, region = args["cluster_name"], args["account_id"], args["region"]
        discovery = discovery_access(cluster, account, region, self.node_role_arn, self._queue_arn(args))
        policies: dict[str, pulumi.Input[str]] = {
            "instances": to_json(instance_access(cluster, account, region)),
            "discovery": to_json(discovery),
            # Whoever starts an instance with an encrypted volume hands EBS the key.
            "volume-key": pulumi.Output.from_input(args["volume_kms_key_arn"]).apply(
                lambda arn: to_json(volume_key_use(arn))
            ),
        }
        return controller_role(args, ROLE, RELEASE, policies)

    def _nodes(
        self, name: str, args: KarpenterArgs, opts: pulumi.ResourceOptions | None, release: pulumi.Resource
    ) -> None:
        """The node class and the pools: what Karpenter may start."""
        profile = naming.role_name(args["cluster_name"], args["region"], NODE_ROLE)
        # Only this list waits for its subnets: what is known of the rest can be judged in a preview.
        subnets = pulumi.Output.from_input(args["private_subnet_ids"]).apply(lambda ids: [{"id": each} for each in ids])
        node_class = kubernetes.apiextensions.CustomResource(
            f"{name}-node-class",
            api_version="karpenter.k8s.aws/v1",
            kind="EC2NodeClass",
            metadata={"name": NODE_CLASS, "labels": labels("node-class", RELEASE, "nodes")},
            spec=node_class_spec(args, profile, subnets),
            opts=pulumi.ResourceOptions(parent=self, depends_on=last([release])),
        )
        hours = int(args.get("expire_after_hours", 720))
        for pool, given in args.get("pools", DEFAULT_POOLS).items():
            kubernetes.apiextensions.CustomResource(
                f"{name}-pool-{pool}",
                api_version="karpenter.sh/v1",
                kind="NodePool",
                metadata={"name": pool, "labels": labels("node-pool", RELEASE, "nodes")},
                spec=pool_spec(pool, given, hours),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[node_class]),
            )

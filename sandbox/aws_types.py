"""What the simulated AWS knows of each resource type, as one table.

Sources: the Terraform schemas behind pulumi-aws 7 (ForceNew, Default, Required), the AWS API reference
(forms of ids and ARNs, error codes). A type that is not listed still works: see `GENERIC`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Valid = tuple[float, float] | frozenset[Any] | re.Pattern[str]
"""A range, a choice, or a pattern that the whole string matches."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource type. Templates name inputs, `id`, `account`, `region`, `partition`, `dns`, or draw
    characters: `{h17}` is 17 hexadecimal digits, `{d8}` decimal ones, `{u21}` base 32, `{uuid}` a UUID;
    `{s16}` and `{S2}` are the same in all templates of a resource. `_derived` in the provider has the rest.
    """

    id: str
    """Template of the id. One without drawn characters is unique: a second resource of that id is refused."""
    arn: str = ""
    """Template of the ARN, without `arn:{partition}:`."""
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    """Of each group, exactly one is given."""
    replace: tuple[str, ...] = ()
    """Inputs, as dotted paths, whose change needs a new resource."""
    name: str = ""
    """The input that is named after the resource when the program does not."""
    name_length: int = 255
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Inputs that the provider fills in, known at preview."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Templates of what AWS decides, unknown when a creation is previewed; an input given wins."""
    only_with: Mapping[str, str] = field(default_factory=dict)
    """Outputs that there are only where an input is true, with that input."""
    counters: tuple[str, ...] = ()
    """Outputs that count the versions of the resource."""
    refs: Mapping[str, str] = field(default_factory=dict)
    """Path of an input (`[]` for each element) to the type that it names; `!` before it: the target can't be
    deleted meanwhile."""
    valid: Mapping[str, Valid] = field(default_factory=dict)
    api: str = ""
    """Service and operation that makes it, for error messages: `S3: CreateBucket`."""
    exists: str = ""
    """The error when one of that id exists: `Code: message`."""
    tags: bool = True
    """Takes `tags`, and shows them with the provider's own as `tagsAll`."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _choice(*values: Any) -> frozenset[Any]:
    return frozenset(values)


NOW = "2026-01-01T00:00:00Z"
"""Creation time of everything, so that runs compare equal."""

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
KEY = "aws:kms/key:Key"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
BUCKET = "aws:s3/bucket:Bucket"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
CLUSTER = "aws:eks/cluster:Cluster"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
DB_INSTANCE = "aws:rds/instance:Instance"
WORKSPACE = "aws:grafana/workspace:Workspace"
SERVICE_ACCOUNT = "aws:grafana/workspaceServiceAccount:WorkspaceServiceAccount"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ENDPOINT_SERVICE = "aws:ec2/vpcEndpointService:VpcEndpointService"
ZONE = "aws:route53/zone:Zone"
CERTIFICATE = "aws:acm/certificate:Certificate"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"

MISSING: dict[str, str] = {
    VPC: "InvalidVpcID.NotFound: The vpc ID '{value}' does not exist",
    SUBNET: "InvalidSubnetID.NotFound: The subnet ID '{value}' does not exist",
    SECURITY_GROUP: "InvalidGroup.NotFound: The security group '{value}' does not exist",
    ROUTE_TABLE: "InvalidRouteTableID.NotFound: The routeTable ID '{value}' does not exist",
    "aws:ec2/internetGateway:InternetGateway": "InvalidInternetGatewayID.NotFound: The internetGateway ID '{value}' "
    "does not exist",
    "aws:ec2/natGateway:NatGateway": "InvalidNatGatewayID.NotFound: The natGateway ID '{value}' does not exist",
    "aws:ec2/eip:Eip": "InvalidAllocationID.NotFound: The allocation ID '{value}' does not exist",
    LAUNCH_TEMPLATE: "InvalidLaunchTemplateId.NotFound: The launch template ID '{value}' does not exist",
    KEY: "NotFoundException: Key '{value}' does not exist",
    LOG_GROUP: "ResourceNotFoundException: The specified log group does not exist: {value}",
    BUCKET: "NoSuchBucket: The specified bucket does not exist: {value}",
    ROLE: "NoSuchEntity: The role with name {value} cannot be found.",
    POLICY: "NoSuchEntity: Policy {value} does not exist or is not attachable.",
    CLUSTER: "ResourceNotFoundException: No cluster found for name: {value}.",
    WORKSPACE: "ResourceNotFoundException: Workspace {value} does not exist.",
    LOAD_BALANCER: "LoadBalancerNotFound: Load balancer '{value}' not found",
    TARGET_GROUP: "TargetGroupNotFound: Target groups '{value}' not found",
    LISTENER: "ListenerNotFound: Listener '{value}' not found",
    ENDPOINT_SERVICE: "InvalidVpcEndpointServiceId.NotFound: The VpcEndpointService Id '{value}' does not exist",
    ZONE: "NoSuchHostedZone: No hosted zone found with ID: {value}",
}
"""What AWS says of a reference to nothing."""


BUCKET_NAME = re.compile(
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!(?:\d+\.){3}\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
)
ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}")
RETENTION = _choice(
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
)
LOG_TYPES = _choice("api", "audit", "authenticator", "controllerManager", "scheduler")


def _bucket_setting(
    required: str, replace: str = "", api: str = "", defaults: Mapping[str, Any] | None = None, **more: Any
) -> Kind:
    """The settings that pulumi-aws 7 keeps in resources of their own, one of each for a bucket."""
    return Kind(
        more.pop("id", "{bucket}"),
        required=_words("bucket " + required),
        replace=_words("bucket expectedBucketOwner " + replace),
        defaults=defaults or {},
        refs={"bucket": BUCKET, **more.pop("refs", {})},
        api=f"S3: {api}",
        tags=False,
        **more,
    )


def _rule(direction: str) -> Kind:
    return Kind(
        "sgr-{h17}",
        "ec2:{region}:{account}:security-group-rule/{id}",
        _words("securityGroupId ipProtocol"),
        one_of=(_words("cidrIpv4 cidrIpv6 prefixListId referencedSecurityGroupId"),),
        replace=("securityGroupId",),
        outputs={"securityGroupRuleId": "{id}"},
        refs={"securityGroupId": SECURITY_GROUP},
        api=f"EC2: AuthorizeSecurityGroup{direction}",
    )


GENERIC = Kind("{h17}", "{service}:{region}:{account}:{resource}/{id}", name="", replace=("name",))
"""Every other type: inputs are echoed, an id and an ARN are made up, only another `name` replaces."""

KINDS: dict[str, Kind] = {
    # --- network
    VPC: Kind(
        "vpc-{h17}",
        "ec2:{region}:{account}:vpc/{id}",
        one_of=(_words("cidrBlock ipv4IpamPoolId"),),
        replace=_words("cidrBlock ipv4IpamPoolId ipv4NetmaskLength"),
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        outputs={
            "defaultNetworkAclId": "acl-{h17}",
            "defaultRouteTableId": "rtb-{h17}",
            "defaultSecurityGroupId": "sg-{h17}",
            "dhcpOptionsId": "dopt-{h17}",
            "enableDnsHostnames": False,
            "enableNetworkAddressUsageMetrics": False,
            "mainRouteTableId": "rtb-{h17}",
            "ownerId": "{account}",
        },
        valid={"instanceTenancy": _choice("default", "dedicated")},
        api="EC2: CreateVpc",
    ),
    SUBNET: Kind(
        "subnet-{h17}",
        "ec2:{region}:{account}:subnet/{id}",
        ("vpcId",),
        replace=_words("vpcId cidrBlock availabilityZone availabilityZoneId ipv6Native outpostArn"),
        defaults={
            "assignIpv6AddressOnCreation": False,
            "enableDns64": False,
            "enableResourceNameDnsARecordOnLaunch": False,
            "enableResourceNameDnsAaaaRecordOnLaunch": False,
            "ipv6Native": False,
            "mapPublicIpOnLaunch": False,
        },
        outputs={
            "availabilityZone": "{region}a",
            "availabilityZoneId": "{h4}-az1",
            "ownerId": "{account}",
            "privateDnsHostnameTypeOnLaunch": "ip-name",
        },
        refs={"vpcId": "!" + VPC},
        api="EC2: CreateSubnet",
    ),
    "aws:ec2/internetGateway:InternetGateway": Kind(
        "igw-{h17}",
        "ec2:{region}:{account}:internet-gateway/{id}",
        outputs={"ownerId": "{account}"},
        refs={"vpcId": "!" + VPC},
        api="EC2: CreateInternetGateway",
    ),
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": Kind(
        "eigw-{h17}", required=("vpcId",), replace=("vpcId",), refs={"vpcId": "!" + VPC}, api="EC2: CreateEgressOnlyIgw"
    ),
    "aws:ec2/eip:Eip": Kind(
        "eipalloc-{h17}",
        "ec2:{region}:{account}:elastic-ip/{id}",
        replace=_words("domain publicIpv4Pool networkBorderGroup"),
        outputs={
            "allocationId": "{id}",
            "domain": "vpc",
            "networkBorderGroup": "{region}",
            "publicIp": "203.0.113.{byte}",
            "publicDns": "ec2-203-0-113-{byte}.{region}.compute.{dns}",
            "publicIpv4Pool": "amazon",
        },
        api="EC2: AllocateAddress",
    ),
    "aws:ec2/natGateway:NatGateway": Kind(
        "nat-{h17}",
        replace=_words("allocationId connectivityType privateIp subnetId"),
        defaults={"connectivityType": "public"},
        outputs={
            "associationId": "eipassoc-{h17}",
            "networkInterfaceId": "eni-{h17}",
            "privateIp": "10.0.0.{byte}",
            "publicIp": "203.0.113.{byte}",
        },
        refs={"subnetId": "!" + SUBNET, "allocationId": "!aws:ec2/eip:Eip"},
        api="EC2: CreateNatGateway",
    ),
    ROUTE_TABLE: Kind(
        "rtb-{h17}",
        "ec2:{region}:{account}:route-table/{id}",
        ("vpcId",),
        replace=("vpcId",),
        outputs={"ownerId": "{account}", "propagatingVgws": [], "routes": []},
        refs={"vpcId": "!" + VPC},
        api="EC2: CreateRouteTable",
    ),
    "aws:ec2/defaultRouteTable:DefaultRouteTable": Kind(
        "{defaultRouteTableId}",
        "ec2:{region}:{account}:route-table/{id}",
        ("defaultRouteTableId",),
        replace=("defaultRouteTableId",),
        outputs={"ownerId": "{account}"},
        api="EC2: DescribeRouteTables",
    ),
    "aws:ec2/route:Route": Kind(
        "r-{routeTableId}{key}",
        required=("routeTableId",),
        one_of=(
            _words("destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId"),
            _words(
                "carrierGatewayId coreNetworkArn egressOnlyGatewayId gatewayId localGatewayId natGatewayId "
                "networkInterfaceId odbNetworkArn transitGatewayId vpcEndpointId vpcPeeringConnectionId"
            ),
        ),
        replace=_words("routeTableId destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId"),
        outputs={"origin": "CreateRoute", "state": "active"},
        refs={
            "routeTableId": ROUTE_TABLE,
            "natGatewayId": "aws:ec2/natGateway:NatGateway",
            "gatewayId": "!aws:ec2/internetGateway:InternetGateway",
        },
        api="EC2: CreateRoute",
        exists="RouteAlreadyExists: The route identified by {destinationCidrBlock} already exists.",
        tags=False,
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Kind(
        "rtbassoc-{h17}",
        required=("routeTableId",),
        one_of=(_words("subnetId gatewayId"),),
        replace=_words("subnetId gatewayId"),
        refs={"routeTableId": "!" + ROUTE_TABLE, "subnetId": SUBNET},
        api="EC2: AssociateRouteTable",
        tags=False,
    ),
    "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation": Kind(
        "rtbassoc-{h17}",
        required=_words("routeTableId vpcId"),
        outputs={"originalRouteTableId": "rtb-{h17}"},
        refs={"routeTableId": "!" + ROUTE_TABLE, "vpcId": VPC},
        api="EC2: ReplaceRouteTableAssociation",
        tags=False,
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Kind(
        "vpce-{h17}",
        "ec2:{region}:{account}:vpc-endpoint/{id}",
        ("vpcId",),
        one_of=(_words("serviceName resourceConfigurationArn serviceNetworkArn"),),
        replace=_words("vpcId serviceName serviceRegion vpcEndpointType"),
        defaults={"vpcEndpointType": "Gateway"},
        outputs={
            "cidrBlocks": [],
            "dnsEntries": [
                {"dnsName": "{id}-{suffix}.{region}.vpce.{dns}", "hostedZoneId": "Z{h13}"},
            ],
            "ipAddressType": "ipv4",
            "networkInterfaceIds": [],
            "ownerId": "{account}",
            "policy": '{{"Statement":[{{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}}]}}',
            "prefixListId": "pl-{h8}",
            "privateDnsEnabled": False,
            "requesterManaged": False,
            "routeTableIds": [],
            "securityGroupIds": [],
            "state": "available",
            "subnetIds": [],
        },
        # Of interfaces, which have subnets; a gateway has routes instead of names.
        only_with={"dnsEntries": "subnetIds"},
        refs={
            "vpcId": "!" + VPC,
            "subnetIds.[]": "!" + SUBNET,
            "routeTableIds.[]": ROUTE_TABLE,
            "securityGroupIds.[]": "!" + SECURITY_GROUP,
        },
        valid={"vpcEndpointType": _choice("Gateway", "Interface", "GatewayLoadBalancer", "Resource", "ServiceNetwork")},
        api="EC2: CreateVpcEndpoint",
    ),
    "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": Kind(
        "a-{vpcEndpointId}{key}",
        required=_words("routeTableId vpcEndpointId"),
        replace=_words("routeTableId vpcEndpointId"),
        refs={"routeTableId": ROUTE_TABLE, "vpcEndpointId": "aws:ec2/vpcEndpoint:VpcEndpoint"},
        api="EC2: ModifyVpcEndpoint",
        tags=False,
    ),
    "aws:ec2/flowLog:FlowLog": Kind(
        "fl-{h17}",
        "ec2:{region}:{account}:vpc-flow-log/{id}",
        one_of=(_words("vpcId subnetId eniId transitGatewayId transitGatewayAttachmentId regionalNatGatewayId"),),
        replace=_words(
            "deliverCrossAccountRole destinationOptions eniId iamRoleArn logDestination logDestinationType logFormat "
            "maxAggregationInterval subnetId trafficType vpcId"
        ),
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
        outputs={"logFormat": "${{version}} ${{account-id}} ${{interface-id}} ${{srcaddr}} ${{dstaddr}} ${{action}}"},
        refs={"vpcId": VPC, "subnetId": SUBNET, "iamRoleArn": ROLE, "logDestination": f"{LOG_GROUP}|{BUCKET}"},
        valid={
            "maxAggregationInterval": _choice(60, 600),
            "trafficType": _choice("ACCEPT", "REJECT", "ALL"),
            "logDestinationType": _choice("cloud-watch-logs", "s3", "kinesis-data-firehose"),
        },
        api="EC2: CreateFlowLogs",
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Kind(
        "sg-{h17}",
        "ec2:{region}:{account}:security-group/{id}",
        replace=("vpcId",),
        defaults={"revokeRulesOnDelete": False},
        outputs={
            "description": "default VPC security group",
            "name": "default",
            "namePrefix": "",
            "ownerId": "{account}",
        },
        refs={"vpcId": VPC},
        api="EC2: DescribeSecurityGroups",
    ),
    SECURITY_GROUP: Kind(
        "sg-{h17}",
        "ec2:{region}:{account}:security-group/{id}",
        name="name",
        replace=_words("description namePrefix vpcId"),
        defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
        outputs={"egress": [], "ingress": [], "namePrefix": "", "ownerId": "{account}"},
        refs={"vpcId": "!" + VPC},
        api="EC2: CreateSecurityGroup",
    ),
    "aws:ec2/securityGroupRule:SecurityGroupRule": Kind(
        "sgrule-{d10}",
        required=_words("fromPort protocol securityGroupId toPort type"),
        one_of=(_words("cidrBlocks|ipv6CidrBlocks|prefixListIds self sourceSecurityGroupId"),),
        replace=_words(
            "cidrBlocks fromPort ipv6CidrBlocks prefixListIds protocol securityGroupId self sourceSecurityGroupId "
            "toPort type"
        ),
        defaults={"self": False},
        outputs={"securityGroupRuleId": "sgr-{h17}"},
        refs={"securityGroupId": SECURITY_GROUP, "sourceSecurityGroupId": SECURITY_GROUP},
        valid={"type": _choice("ingress", "egress")},
        api="EC2: AuthorizeSecurityGroupIngress",
        tags=False,
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule("Ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule("Egress"),
    "aws:ec2/networkAcl:NetworkAcl": Kind(
        "acl-{h17}",
        "ec2:{region}:{account}:network-acl/{id}",
        ("vpcId",),
        replace=("vpcId",),
        outputs={"egress": [], "ingress": [], "ownerId": "{account}", "subnetIds": []},
        refs={"vpcId": "!" + VPC, "subnetIds.[]": SUBNET},
        api="EC2: CreateNetworkAcl",
    ),
    LAUNCH_TEMPLATE: Kind(
        "lt-{h17}",
        "ec2:{region}:{account}:launch-template/{id}",
        name="name",
        name_length=128,
        replace=("namePrefix",),
        outputs={"namePrefix": ""},
        counters=("latestVersion",),
        refs={"vpcSecurityGroupIds.[]": SECURITY_GROUP},
        valid={
            "metadataOptions.httpTokens": _choice("optional", "required"),
            "metadataOptions.httpPutResponseHopLimit": (1, 64),
        },
        api="EC2: CreateLaunchTemplate",
    ),
    "aws:ebs/volume:Volume": Kind(
        "vol-{h17}",
        "ec2:{region}:{account}:volume/{id}",
        ("availabilityZone",),
        replace=_words("availabilityZone encrypted kmsKeyId snapshotId outpostArn"),
        outputs={"createTime": NOW, "encrypted": False, "iops": 3000, "throughput": 125, "type": "gp2"},
        refs={"kmsKeyId": KEY},
        api="EC2: CreateVolume",
    ),
    # --- keys and logs
    KEY: Kind(
        "{uuid}",
        "kms:{region}:{account}:key/{id}",
        replace=_words("customKeyStoreId customerMasterKeySpec keyUsage multiRegion xksKeyId"),
        defaults={
            "bypassPolicyLockoutSafetyCheck": False,
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "isEnabled": True,
            "keyUsage": "ENCRYPT_DECRYPT",
        },
        outputs={
            "description": "",
            "enableKeyRotation": False,
            "keyId": "{id}",
            "multiRegion": False,
            "policy": '{{"Statement":[{{"Action":"kms:*","Effect":"Allow","Principal":{{"AWS":"arn:{partition}:iam::'
            '{account}:root"}},"Resource":"*","Sid":"Enable IAM User Permissions"}}],"Version":"2012-10-17"}}',
            "rotationPeriodInDays": 365,
        },
        valid={"deletionWindowInDays": (7, 30), "rotationPeriodInDays": (90, 2560)},
        api="KMS: CreateKey",
    ),
    "aws:kms/alias:Alias": Kind(
        "{name}",
        "kms:{region}:{account}:{name}",
        ("targetKeyId",),
        name="name",
        replace=("namePrefix",),
        outputs={"namePrefix": "", "targetKeyArn": "arn:{partition}:kms:{region}:{account}:key/{targetKeyId}"},
        refs={"targetKeyId": KEY},
        valid={"name": re.compile(r"alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}")},
        api="KMS: CreateAlias",
        exists="AlreadyExistsException: An alias with the name {name} already exists",
        tags=False,
    ),
    "aws:kms/keyPolicy:KeyPolicy": Kind(
        "{keyId}",
        required=_words("keyId policy"),
        replace=("keyId",),
        refs={"keyId": KEY},
        api="KMS: PutKeyPolicy",
        tags=False,
    ),
    LOG_GROUP: Kind(
        "{name}",
        "logs:{region}:{account}:log-group:{name}",
        name="name",
        name_length=512,
        replace=_words("namePrefix logGroupClass"),
        defaults={"retentionInDays": 0, "skipDestroy": False},
        outputs={"deletionProtectionEnabled": False, "logGroupClass": "STANDARD", "namePrefix": ""},
        refs={"kmsKeyId": KEY},
        valid={"retentionInDays": RETENTION},
        api="CloudWatch Logs: CreateLogGroup",
        exists="ResourceAlreadyExistsException: The specified log group already exists",
    ),
    # --- S3
    BUCKET: Kind(
        "{bucket}",
        "s3:::{bucket}",
        name="bucket",
        name_length=63,
        replace=_words("bucketNamespace bucketPrefix objectLockEnabled"),
        defaults={"forceDestroy": False},
        outputs={
            "bucketDomainName": "{bucket}.s3.{dns}",
            "bucketRegion": "{region}",
            "bucketRegionalDomainName": "{bucket}.s3.{region}.{dns}",
            "hostedZoneId": "Z{u13}",
            "objectLockEnabled": False,
            "requestPayer": "BucketOwner",
        },
        valid={"bucket": BUCKET_NAME},
        api="S3: CreateBucket",
        exists="BucketAlreadyOwnedByYou: Your previous request to create the named bucket succeeded and you already "
        "own it.",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_setting("policy", api="PutBucketPolicy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _bucket_setting(
        "",
        api="PutPublicAccessBlock",
        defaults={
            "blockPublicAcls": False,
            "blockPublicPolicy": False,
            "ignorePublicAcls": False,
            "restrictPublicBuckets": False,
        },
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket_setting(
        "rule",
        api="PutBucketOwnershipControls",
        valid={"rule.objectOwnership": _choice("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced")},
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _bucket_setting(
        "versioningConfiguration",
        api="PutBucketVersioning",
        valid={"versioningConfiguration.status": _choice("Enabled", "Suspended", "Disabled")},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _bucket_setting(
        "rules",
        api="PutBucketEncryption",
        refs={"rules.[].applyServerSideEncryptionByDefault.kmsMasterKeyId": KEY},
        valid={
            "rules.[].applyServerSideEncryptionByDefault.sseAlgorithm": _choice("AES256", "aws:kms", "aws:kms:dsse")
        },
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _bucket_setting(
        "rules",
        api="PutBucketLifecycleConfiguration",
        outputs={"transitionDefaultMinimumObjectSize": "all_storage_classes_128K"},
        valid={
            "rules.[].status": _choice("Enabled", "Disabled"),
            "rules.[].transitions.[].storageClass": _choice(
                "GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"
            ),
        },
    ),
    "aws:s3/bucketLogging:BucketLogging": _bucket_setting(
        "targetBucket targetPrefix", api="PutBucketLogging", refs={"targetBucket": BUCKET}
    ),
    "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration": _bucket_setting(
        "tierings",
        "name",
        "PutBucketIntelligentTieringConfiguration",
        {"status": "Enabled"},
        id="{bucket}:{name}",
        name="name",
        valid={"status": _choice("Enabled", "Disabled")},
    ),
    "aws:s3/bucketNotification:BucketNotification": _bucket_setting("", api="PutBucketNotificationConfiguration"),
    "aws:s3/bucketMetric:BucketMetric": _bucket_setting(
        "", "name", "PutBucketMetricsConfiguration", id="{bucket}:{name}", name="name"
    ),
    "aws:s3/bucketAcl:BucketAcl": _bucket_setting("", api="PutBucketAcl"),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": _bucket_setting("corsRules", api="PutBucketCors"),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": _bucket_setting(
        "", "objectLockEnabled", "PutObjectLockConfiguration", {"objectLockEnabled": "Enabled"}
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": _bucket_setting("role rules", api="PutBucketReplication"),
    "aws:s3/bucketObject:BucketObject": Kind(
        "{bucket}/{key}",
        "s3:::{bucket}/{key}",
        ("bucket",),
        name="key",
        replace=("bucket",),
        defaults={"acl": "private", "forceDestroy": False},
        outputs={
            "contentType": "application/octet-stream",
            "etag": "{h32}",
            "serverSideEncryption": "AES256",
            "storageClass": "STANDARD",
            "versionId": "",
        },
        refs={"bucket": "!" + BUCKET, "kmsKeyId": KEY},
        api="S3: PutObject",
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Kind(
        "{bucket}/{key}",
        "s3:::{bucket}/{key}",
        ("bucket",),
        name="key",
        replace=("bucket",),
        defaults={"forceDestroy": False},
        outputs={"contentType": "application/octet-stream", "etag": "{h32}", "storageClass": "STANDARD"},
        refs={"bucket": "!" + BUCKET, "kmsKeyId": KEY},
        api="S3: PutObject",
    ),
    # --- IAM
    ROLE: Kind(
        "{name}",
        "iam::{account}:role{path}{name}",
        ("assumeRolePolicy",),
        name="name",
        name_length=64,
        replace=_words("namePrefix path"),
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        outputs={
            "createDate": NOW,
            "inlinePolicies": [],
            "managedPolicyArns": [],
            "namePrefix": "",
            "uniqueId": "AROA{u17}",
        },
        valid={"name": ROLE_NAME, "maxSessionDuration": (3600, 43200)},
        api="IAM: CreateRole",
        exists="EntityAlreadyExists: Role with name {name} already exists.",
    ),
    "aws:iam/rolePolicy:RolePolicy": Kind(
        "{role}:{name}",
        required=_words("policy role"),
        name="name",
        name_length=128,
        replace=_words("namePrefix role"),
        outputs={"namePrefix": ""},
        refs={"role": "!" + ROLE},
        api="IAM: PutRolePolicy",
        exists="EntityAlreadyExists: role policy {name} of {role} already exists.",
        tags=False,
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Kind(
        "{role}/{policyArn}",
        required=_words("policyArn role"),
        replace=_words("policyArn role"),
        refs={"role": "!" + ROLE, "policyArn": "!" + POLICY},
        api="IAM: AttachRolePolicy",
        exists="the policy {policyArn} is attached to {role} already",
        tags=False,
    ),
    POLICY: Kind(
        "arn:{partition}:iam::{account}:policy{path}{name}",
        "iam::{account}:policy{path}{name}",
        ("policy",),
        name="name",
        name_length=128,
        replace=_words("description namePrefix path"),
        defaults={"path": "/"},
        outputs={"attachmentCount": 0, "namePrefix": "", "policyId": "ANPA{u17}"},
        api="IAM: CreatePolicy",
        exists="EntityAlreadyExists: A policy called {name} already exists. Duplicate names are not allowed.",
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Kind(
        "arn:{partition}:iam::{account}:oidc-provider/{host}",
        "iam::{account}:oidc-provider/{host}",
        _words("clientIdLists url"),
        replace=("url",),
        outputs={"thumbprintLists": ["{h40}"]},
        api="IAM: CreateOpenIDConnectProvider",
        exists="EntityAlreadyExists: Provider with url {url} already exists.",
    ),
    "aws:iam/instanceProfile:InstanceProfile": Kind(
        "{name}",
        "iam::{account}:instance-profile{path}{name}",
        name="name",
        name_length=128,
        replace=_words("namePrefix path"),
        defaults={"path": "/"},
        outputs={"createDate": NOW, "namePrefix": "", "uniqueId": "AIPA{u17}"},
        refs={"role": "!" + ROLE},
        api="IAM: CreateInstanceProfile",
        exists="EntityAlreadyExists: Instance Profile {name} already exists.",
    ),
    "aws:iam/user:User": Kind(
        "{name}",
        "iam::{account}:user{path}{name}",
        name="name",
        name_length=64,
        defaults={"forceDestroy": False, "path": "/"},
        outputs={"uniqueId": "AIDA{u17}"},
        api="IAM: CreateUser",
        exists="EntityAlreadyExists: User with name {name} already exists.",
    ),
    # --- EKS
    CLUSTER: Kind(
        "{name}",
        "eks:{region}:{account}:cluster/{name}",
        _words("roleArn vpcConfig"),
        name="name",
        name_length=100,
        replace=_words(
            "accessConfig.bootstrapClusterCreatorAdminPermissions bootstrapSelfManagedAddons encryptionConfig "
            "kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr outpostConfig roleArn"
        ),
        defaults={"bootstrapSelfManagedAddons": True},
        outputs={
            "accessConfig": {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True},
            "certificateAuthority": {"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t{u64}"},
            "createdAt": NOW,
            "endpoint": "https://{U32}.gr7.{region}.eks.{dns}",
            "identities": [{"oidcs": [{"issuer": "https://oidc.eks.{region}.{dns}/id/{U32}"}]}],
            "kubernetesNetworkConfig": {"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16", "serviceIpv6Cidr": ""},
            "platformVersion": "eks.1",
            "status": "ACTIVE",
            "upgradePolicy": {"supportType": "EXTENDED"},
            "version": "1.34",
            "vpcConfig": {
                "clusterSecurityGroupId": "sg-{h17}",
                "endpointPrivateAccess": False,
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["0.0.0.0/0"],
                "vpcId": "{vpc}",
            },
        },
        refs={
            "roleArn": "!" + ROLE,
            "vpcConfig.subnetIds.[]": "!" + SUBNET,
            "vpcConfig.securityGroupIds.[]": "!" + SECURITY_GROUP,
            "encryptionConfig.provider.keyArn": KEY,
        },
        valid={
            "name": re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}"),
            "enabledClusterLogTypes.[]": LOG_TYPES,
            "version": re.compile(r"1\.\d\d"),
            "accessConfig.authenticationMode": _choice("API", "CONFIG_MAP", "API_AND_CONFIG_MAP"),
        },
        api="EKS: CreateCluster",
        exists="ResourceInUseException: Cluster already exists with name: {name}",
    ),
    "aws:eks/nodeGroup:NodeGroup": Kind(
        "{clusterName}:{nodeGroupName}",
        "eks:{region}:{account}:nodegroup/{clusterName}/{nodeGroupName}/{h8}",
        _words("clusterName nodeRoleArn scalingConfig subnetIds"),
        name="nodeGroupName",
        name_length=63,
        replace=_words(
            "amiType capacityType clusterName diskSize instanceTypes launchTemplate.id launchTemplate.name "
            "nodeGroupNamePrefix nodeRoleArn remoteAccess subnetIds"
        ),
        outputs={
            "amiType": "AL2023_x86_64_STANDARD",
            "capacityType": "ON_DEMAND",
            "diskSize": 0,
            "instanceTypes": ["t3.medium"],
            "launchTemplate": {"name": "lt-of-{nodeGroupName}"},
            "nodeGroupNamePrefix": "",
            "releaseVersion": "1.34.1-20260101",
            "resources": [
                {"autoscalingGroups": [{"name": "eks-{nodeGroupName}-{uuid}"}], "remoteAccessSecurityGroupId": ""}
            ],
            "status": "ACTIVE",
            "updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 0},
            "version": "1.34",
        },
        refs={
            "clusterName": "!" + CLUSTER,
            "nodeRoleArn": "!" + ROLE,
            "subnetIds.[]": "!" + SUBNET,
            "launchTemplate.id": "!" + LAUNCH_TEMPLATE,
        },
        valid={
            "capacityType": _choice("ON_DEMAND", "SPOT", "CAPACITY_BLOCK"),
            "taints.[].effect": _choice("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"),
        },
        api="EKS: CreateNodegroup",
        exists="ResourceInUseException: NodeGroup already exists with name {nodeGroupName} and cluster name "
        "{clusterName}",
    ),
    "aws:eks/addon:Addon": Kind(
        "{clusterName}:{addonName}",
        "eks:{region}:{account}:addon/{clusterName}/{addonName}/{uuid}",
        _words("addonName clusterName"),
        replace=_words("addonName clusterName namespaceConfig"),
        outputs={
            "addonVersion": "v1.0.0-eksbuild.1",
            "configurationValues": "",
            "createdAt": NOW,
            "modifiedAt": NOW,
        },
        refs={"clusterName": CLUSTER, "serviceAccountRoleArn": "!" + ROLE},
        valid={
            "resolveConflictsOnCreate": _choice("NONE", "OVERWRITE"),
            "resolveConflictsOnUpdate": _choice("NONE", "OVERWRITE", "PRESERVE"),
        },
        api="EKS: CreateAddon",
        exists="ResourceInUseException: Addon already exists.",
    ),
    "aws:eks/accessEntry:AccessEntry": Kind(
        "{clusterName}:{principalArn}",
        required=_words("clusterName principalArn"),
        replace=_words("clusterName principalArn type"),
        defaults={"type": "STANDARD"},
        outputs={
            "accessEntryArn": "arn:{partition}:eks:{region}:{account}:access-entry/{clusterName}/{uuid}",
            "createdAt": NOW,
            "kubernetesGroups": [],
            "modifiedAt": NOW,
            "userName": "{principalArn}",
        },
        refs={"clusterName": CLUSTER},
        api="EKS: CreateAccessEntry",
        exists="ResourceInUseException: The specified access entry resource is already in use on this cluster.",
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Kind(
        "{clusterName}#{principalArn}#{policyArn}",
        required=_words("accessScope clusterName policyArn principalArn"),
        replace=_words("accessScope clusterName policyArn principalArn"),
        outputs={"associatedAt": NOW, "modifiedAt": NOW},
        refs={"clusterName": CLUSTER},
        valid={
            "accessScope.type": _choice("cluster", "namespace"),
            "policyArn": re.compile(r"arn:aws[\w-]*:eks::aws:cluster-access-policy/\w+"),
        },
        api="EKS: AssociateAccessPolicy",
        tags=False,
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Kind(
        "a-{h17}",
        required=_words("clusterName namespace roleArn serviceAccount"),
        replace=_words("clusterName namespace serviceAccount"),
        outputs={
            "associationArn": "arn:{partition}:eks:{region}:{account}:podidentityassociation/{clusterName}/{id}",
            "associationId": "{id}",
            "externalId": "",
        },
        refs={"clusterName": CLUSTER, "roleArn": "!" + ROLE},
        api="EKS: CreatePodIdentityAssociation",
    ),
    # --- the rest that this library is likely to need
    "aws:autoscaling/group:Group": Kind(
        "{name}",
        "autoscaling:{region}:{account}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}",
        _words("maxSize minSize"),
        name="name",
        replace=("namePrefix",),
        outputs={"desiredCapacity": "{minSize}"},
        refs={"vpcZoneIdentifiers.[]": "!" + SUBNET, "launchTemplate.id": "!" + LAUNCH_TEMPLATE},
        api="Auto Scaling: CreateAutoScalingGroup",
        exists="AlreadyExists: AutoScalingGroup by this name already exists",
    ),
    "aws:autoscaling/tag:Tag": Kind(
        "{autoscalingGroupName},{h8}",
        required=_words("autoscalingGroupName tag"),
        replace=_words("autoscalingGroupName tag.key"),
        api="Auto Scaling: CreateOrUpdateTags",
        tags=False,
    ),
    "aws:rds/subnetGroup:SubnetGroup": Kind(
        "{name}",
        "rds:{region}:{account}:subgrp:{name}",
        ("subnetIds",),
        name="name",
        replace=("namePrefix",),
        defaults={"description": "Managed by Pulumi"},
        refs={"subnetIds.[]": "!" + SUBNET},
        valid={"name": re.compile(r"[a-z0-9 ._-]{1,255}")},
        api="RDS: CreateDBSubnetGroup",
        exists="DBSubnetGroupAlreadyExists: The DB subnet group '{name}' already exists.",
    ),
    "aws:rds/parameterGroup:ParameterGroup": Kind(
        "{name}",
        "rds:{region}:{account}:pg:{name}",
        ("family",),
        name="name",
        replace=_words("description family namePrefix"),
        defaults={"description": "Managed by Pulumi", "skipDestroy": False},
        outputs={"namePrefix": ""},
        valid={
            "name": re.compile(r"[a-z](-?[a-z0-9])*"),
            "parameters.[].applyMethod": _choice("immediate", "pending-reboot"),
        },
        api="RDS: CreateDBParameterGroup",
        exists="DBParameterGroupAlreadyExists: Parameter group {name} already exists",
    ),
    DB_INSTANCE: Kind(
        "{identifier}",
        "rds:{region}:{account}:db:{identifier}",
        ("instanceClass",),
        one_of=(_words("engine|replicateSourceDb|snapshotIdentifier|restoreToPointInTime|s3Import"),),
        name="identifier",
        name_length=63,
        replace=_words(
            "availabilityZone backupTarget characterSetName customIamInstanceProfile dbName engine kmsKeyId "
            "masterUserSecretKmsKeyId ncharCharacterSetName restoreToPointInTime snapshotIdentifier storageEncrypted "
            "timezone username"
        ),
        defaults={
            "autoMinorVersionUpgrade": True,
            "copyTagsToSnapshot": False,
            "deleteAutomatedBackups": True,
            "monitoringInterval": 0,
            "publiclyAccessible": False,
            "skipFinalSnapshot": False,
        },
        outputs={
            "address": "{identifier}.{account_hash}.{region}.rds.{dns}",
            "availabilityZone": "{region}a",
            "backupRetentionPeriod": 0,
            "caCertIdentifier": "rds-ca-rsa2048-g1",
            "endpoint": "{identifier}.{account_hash}.{region}.rds.{dns}:{db_port}",
            "engineVersionActual": "{engine_version}",
            "hostedZoneId": "Z{u13}",
            "identifierPrefix": "",
            "masterUserSecrets": [
                {
                    "kmsKeyId": "arn:{partition}:kms:{region}:{account}:key/{uuid}",
                    "secretArn": "arn:{partition}:secretsmanager:{region}:{account}:secret:rds!db-{uuid}-{suffix}",
                    "secretStatus": "active",
                }
            ],
            "multiAz": False,
            "resourceId": "db-{u26}",
            "status": "available",
        },
        only_with={"masterUserSecrets": "manageMasterUserPassword"},
        refs={
            "kmsKeyId": KEY,
            "masterUserSecretKmsKeyId": KEY,
            "dbSubnetGroupName": "!aws:rds/subnetGroup:SubnetGroup",
            "parameterGroupName": "!aws:rds/parameterGroup:ParameterGroup",
            "vpcSecurityGroupIds.[]": "!" + SECURITY_GROUP,
        },
        valid={
            "identifier": re.compile(r"[a-z](-?[a-z0-9])*"),
            "backupRetentionPeriod": (0, 35),
            "monitoringInterval": _choice(0, 1, 5, 10, 15, 30, 60),
        },
        api="RDS: CreateDBInstance",
        exists="DBInstanceAlreadyExists: DB instance already exists",
    ),
    "aws:rds/cluster:Cluster": Kind(
        "{clusterIdentifier}",
        "rds:{region}:{account}:cluster:{clusterIdentifier}",
        ("engine",),
        name="clusterIdentifier",
        name_length=63,
        replace=_words("databaseName engine kmsKeyId masterUsername storageEncrypted"),
        outputs={
            "clusterResourceId": "cluster-{U26}",
            "endpoint": "{clusterIdentifier}.cluster-{h12}.{region}.rds.{dns}",
            "readerEndpoint": "{clusterIdentifier}.cluster-ro-{h12}.{region}.rds.{dns}",
        },
        refs={"kmsKeyId": KEY, "dbSubnetGroupName": "!aws:rds/subnetGroup:SubnetGroup"},
        api="RDS: CreateDBCluster",
        exists="DBClusterAlreadyExistsFault: DB Cluster already exists",
    ),
    "aws:secretsmanager/secret:Secret": Kind(
        "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{suffix}",
        "secretsmanager:{region}:{account}:secret:{name}-{suffix}",
        name="name",
        replace=("namePrefix",),
        defaults={"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30},
        outputs={"namePrefix": "", "replicas": []},
        refs={"kmsKeyId": KEY},
        api="Secrets Manager: CreateSecret",
        exists="ResourceExistsException: The operation failed because the secret {name} already exists.",
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Kind(
        "{secretId}|terraform-{h26}",
        required=("secretId",),
        one_of=(_words("secretBinary secretString secretStringWo"),),
        replace=_words("secretBinary secretId secretString"),
        outputs={"versionId": "terraform-{h26}", "versionStages": ["AWSCURRENT"], "secretArn": "{secretId}"},
        refs={"secretId": "aws:secretsmanager/secret:Secret"},
        api="Secrets Manager: PutSecretValue",
        tags=False,
    ),
    "aws:ssm/parameter:Parameter": Kind(
        "{name}",
        "ssm:{region}:{account}:parameter/{relative_name}",
        ("type",),
        one_of=(_words("value valueWo insecureValue"),),
        name="name",
        replace=("dataType",),
        outputs={"dataType": "text", "tier": "Standard"},
        counters=("version",),
        refs={"keyId": KEY},
        valid={
            "name": re.compile(r"[A-Za-z0-9_.-]{1,1011}|(/[A-Za-z0-9_.-]+){1,15}"),
            "type": _choice("String", "StringList", "SecureString"),
        },
        api="SSM: PutParameter",
        exists="ParameterAlreadyExists: The parameter already exists.",
    ),
    "aws:sqs/queue:Queue": Kind(
        "https://sqs.{region}.{dns}/{account}/{name}",
        "sqs:{region}:{account}:{name}",
        name="name",
        name_length=80,
        replace=_words("fifoQueue namePrefix"),
        defaults={
            "contentBasedDeduplication": False,
            "delaySeconds": 0,
            "fifoQueue": False,
            "maxMessageSize": 262144,
            "messageRetentionSeconds": 345600,
            "receiveWaitTimeSeconds": 0,
            "visibilityTimeoutSeconds": 30,
        },
        outputs={
            "kmsDataKeyReusePeriodSeconds": 300,
            "namePrefix": "",
            "sqsManagedSseEnabled": True,
            "url": "https://sqs.{region}.{dns}/{account}/{name}",
        },
        refs={"kmsMasterKeyId": KEY},
        api="SQS: CreateQueue",
        exists="QueueAlreadyExists: A queue already exists with the same name and a different value for attributes",
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Kind(
        "{queueUrl}",
        required=_words("policy queueUrl"),
        replace=("queueUrl",),
        refs={"queueUrl": "aws:sqs/queue:Queue"},
        api="SQS: SetQueueAttributes",
        tags=False,
    ),
    "aws:sns/topic:Topic": Kind(
        "arn:{partition}:sns:{region}:{account}:{name}",
        "sns:{region}:{account}:{name}",
        name="name",
        name_length=256,
        replace=_words("fifoTopic namePrefix"),
        defaults={"contentBasedDeduplication": False, "fifoTopic": False},
        outputs={"namePrefix": "", "owner": "{account}", "signatureVersion": 1, "tracingConfig": "PassThrough"},
        refs={"kmsMasterKeyId": KEY},
        api="SNS: CreateTopic",
        exists="InvalidParameter: Topic already exists with different attributes",
    ),
    "aws:sns/topicPolicy:TopicPolicy": Kind(
        "{arn}",
        required=_words("arn policy"),
        replace=("arn",),
        outputs={"owner": "{account}"},
        refs={"arn": "aws:sns/topic:Topic"},
        api="SNS: SetTopicAttributes",
        tags=False,
    ),
    "aws:sns/topicSubscription:TopicSubscription": Kind(
        "{topic}:{uuid}",
        required=_words("endpoint protocol topic"),
        replace=_words("endpoint protocol topic"),
        outputs={
            "arn": "{id}",
            "confirmationWasAuthenticated": True,
            "ownerId": "{account}",
            "pendingConfirmation": False,
        },
        refs={"topic": "aws:sns/topic:Topic"},
        api="SNS: Subscribe",
        tags=False,
    ),
    "aws:cloudwatch/eventRule:EventRule": Kind(
        "{name}",
        "events:{region}:{account}:rule/{name}",
        name="name",
        name_length=64,
        one_of=(_words("eventPattern|scheduleExpression"),),
        replace=_words("eventBusName namePrefix"),
        defaults={"eventBusName": "default", "forceDestroy": False},
        outputs={"namePrefix": ""},
        api="EventBridge: PutRule",
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Kind(
        "{rule}-{targetId}",
        required=_words("arn rule"),
        name="targetId",
        name_length=64,
        replace=_words("eventBusName rule"),
        defaults={"eventBusName": "default", "forceDestroy": False},
        refs={"rule": "!aws:cloudwatch/eventRule:EventRule"},
        api="EventBridge: PutTargets",
        tags=False,
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Kind(
        "{name}",
        "cloudwatch:{region}:{account}:alarm:{name}",
        _words("comparisonOperator evaluationPeriods"),
        name="name",
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        api="CloudWatch: PutMetricAlarm",
    ),
    # --- load balancers and private links
    LOAD_BALANCER: Kind(
        "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{balancer_kind}/{name}/{s16}",
        "elasticloadbalancing:{region}:{account}:loadbalancer/{balancer_kind}/{name}/{s16}",
        name="name",
        name_length=32,
        one_of=(_words("subnets|subnetMappings"),),
        replace=_words("internal loadBalancerType namePrefix customerOwnedIpv4Pool"),
        defaults={
            "enableDeletionProtection": False,
            "internal": False,
            "loadBalancerType": "application",
        },
        outputs={
            "arnSuffix": "{balancer_kind}/{name}/{s16}",
            "dnsName": "{name}-{s16}.elb.{region}.{dns}",
            "enableCrossZoneLoadBalancing": False,
            "ipAddressType": "ipv4",
            "namePrefix": "",
            "vpcId": "{vpc}",
            "zoneId": "Z{u13}",
        },
        refs={"subnets.[]": "!" + SUBNET, "securityGroups.[]": "!" + SECURITY_GROUP},
        valid={
            "name": re.compile(r"(?!internal-)[A-Za-z0-9](-?[A-Za-z0-9]){0,31}"),
            "loadBalancerType": _choice("application", "network", "gateway"),
        },
        api="Elastic Load Balancing v2: CreateLoadBalancer",
        exists="DuplicateLoadBalancerName: A load balancer with the same name '{name}' exists",
    ),
    TARGET_GROUP: Kind(
        "arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{s16}",
        "elasticloadbalancing:{region}:{account}:targetgroup/{name}/{s16}",
        name="name",
        name_length=32,
        replace=_words("namePrefix port protocol protocolVersion targetType vpcId ipAddressType"),
        defaults={"proxyProtocolV2": False, "slowStart": 0, "targetType": "instance"},
        outputs={
            "arnSuffix": "targetgroup/{name}/{s16}",
            "deregistrationDelay": 300,
            "ipAddressType": "ipv4",
            "loadBalancerArns": [],
            "namePrefix": "",
        },
        refs={"vpcId": "!" + VPC},
        valid={
            "name": re.compile(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,31}"),
            "protocol": _choice("GENEVE", "HTTP", "HTTPS", "QUIC", "TCP", "TCP_QUIC", "TCP_UDP", "TLS", "UDP"),
            "targetType": _choice("alb", "instance", "ip", "lambda"),
        },
        api="Elastic Load Balancing v2: CreateTargetGroup",
        exists="DuplicateTargetGroupName: A target group with the same name '{name}' exists",
    ),
    LISTENER: Kind(
        "{listener_prefix}/{s16}",
        required=_words("defaultActions loadBalancerArn"),
        replace=("loadBalancerArn",),
        outputs={"arn": "{listener_prefix}/{s16}", "protocol": "HTTP", "sslPolicy": ""},
        refs={
            "loadBalancerArn": LOAD_BALANCER,
            "defaultActions.[].targetGroupArn": "!" + TARGET_GROUP,
        },
        valid={
            "port": (1, 65535),
            "protocol": _choice("GENEVE", "HTTP", "HTTPS", "QUIC", "TCP", "TCP_QUIC", "TCP_UDP", "TLS", "UDP"),
        },
        api="Elastic Load Balancing v2: CreateListener",
    ),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": Kind(
        "{targetGroupArn}-{h26}",
        required=_words("targetGroupArn targetId"),
        replace=_words("availabilityZone port targetGroupArn targetId"),
        refs={"targetGroupArn": TARGET_GROUP},
        api="Elastic Load Balancing v2: RegisterTargets",
        tags=False,
    ),
    "aws:lb/listenerCertificate:ListenerCertificate": Kind(
        "{listenerArn}_{certificateArn}",
        required=_words("certificateArn listenerArn"),
        replace=_words("certificateArn listenerArn"),
        refs={"listenerArn": LISTENER},
        api="Elastic Load Balancing v2: AddListenerCertificates",
        tags=False,
    ),
    ENDPOINT_SERVICE: Kind(
        "vpce-svc-{h17}",
        "ec2:{region}:{account}:vpc-endpoint-service/{id}",
        ("acceptanceRequired",),
        one_of=(_words("networkLoadBalancerArns gatewayLoadBalancerArns"),),
        outputs={
            "allowedPrincipals": [],
            "availabilityZones": ["{region}a", "{region}b", "{region}c"],
            "baseEndpointDnsNames": ["{id}.{region}.vpce.{dns}"],
            "managesVpcEndpoints": False,
            "privateDnsName": "",
            "privateDnsNameConfigurations": [],
            "serviceName": "com.amazonaws.vpce.{region}.{id}",
            "serviceType": "Interface",
            "state": "Available",
            "supportedIpAddressTypes": ["ipv4"],
            "supportedRegions": ["{region}"],
        },
        refs={"networkLoadBalancerArns.[]": "!" + LOAD_BALANCER},
        api="EC2: CreateVpcEndpointServiceConfiguration",
    ),
    "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple": Kind(
        "vpce-svc-perm-{h17}",
        required=_words("principalArn vpcEndpointServiceId"),
        replace=_words("principalArn vpcEndpointServiceId"),
        refs={"vpcEndpointServiceId": ENDPOINT_SERVICE},
        api="EC2: ModifyVpcEndpointServicePermissions",
        tags=False,
    ),
    "aws:ec2/vpcEndpointConnectionAccepter:VpcEndpointConnectionAccepter": Kind(
        "{vpcEndpointServiceId}_{vpcEndpointId}",
        required=_words("vpcEndpointId vpcEndpointServiceId"),
        replace=_words("vpcEndpointId vpcEndpointServiceId"),
        outputs={"vpcEndpointState": "available"},
        refs={"vpcEndpointServiceId": ENDPOINT_SERVICE, "vpcEndpointId": ENDPOINT},
        api="EC2: AcceptVpcEndpointConnections",
        tags=False,
    ),
    # --- names and certificates
    ZONE: Kind(
        "Z{u20}",
        "route53:::hostedzone/{id}",
        name="name",
        replace=("delegationSetId",),
        defaults={"comment": "Managed by Pulumi", "forceDestroy": False},
        outputs={
            "nameServers": [
                f"ns-{n}.awsdns-{n}.{top}" for n, top in ((512, "net"), (1024, "org"), (2048, "co.uk"), (0, "com"))
            ],
            "primaryNameServer": "ns-512.awsdns-512.net",
            "zoneId": "{id}",
        },
        refs={"vpcs.[].vpcId": "!" + VPC},
        api="Route 53: CreateHostedZone",
    ),
    "aws:route53/record:Record": Kind(
        "{zoneId}_{name}_{type}",
        required=_words("name type zoneId"),
        one_of=(_words("records aliases"),),
        replace=_words("name setIdentifier type zoneId"),
        outputs={"allowOverwrite": False, "fqdn": "{name}"},
        valid={
            "type": _choice(
                "A",
                "AAAA",
                "CAA",
                "CNAME",
                "DS",
                "HTTPS",
                "MX",
                "NAPTR",
                "NS",
                "PTR",
                "SOA",
                "SPF",
                "SRV",
                "SSHFP",
                "SVCB",
                "TLSA",
                "TXT",
            )
        },
        api="Route 53: ChangeResourceRecordSets",
        exists="InvalidChangeBatch: [Tried to create resource record set [name='{name}', type='{type}'] but it already "
        "exists]",
        tags=False,
    ),
    CERTIFICATE: Kind(
        "arn:{partition}:acm:{region}:{account}:certificate/{uuid}",
        one_of=(_words("domainName|privateKey|certificateBody"),),
        replace=_words("certificateAuthorityArn domainName keyAlgorithm subjectAlternativeNames validationMethod"),
        outputs={
            "arn": "{id}",
            "domainValidationOptions": [
                {
                    "domainName": "{domainName}",
                    "resourceRecordName": "_{h32}.{domainName}.",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": "_{h32}.acm-validations.aws.",
                }
            ],
            "keyAlgorithm": "RSA_2048",
            "notAfter": "",
            "notBefore": "",
            "pendingRenewal": False,
            "renewalEligibility": "INELIGIBLE",
            "status": "PENDING_VALIDATION",
            "subjectAlternativeNames": ["{domainName}"],
            "type": "AMAZON_ISSUED",
        },
        valid={"validationMethod": _choice("DNS", "EMAIL", "HTTP")},
        api="ACM: RequestCertificate",
    ),
    "aws:acm/certificateValidation:CertificateValidation": Kind(
        "{h26}",
        required=("certificateArn",),
        replace=_words("certificateArn validationRecordFqdns"),
        refs={"certificateArn": CERTIFICATE},
        api="ACM: DescribeCertificate",
        tags=False,
    ),
    WEB_ACL: Kind(
        "{uuid}",
        "wafv2:{region}:{account}:regional/webacl/{name}/{id}",
        _words("defaultAction scope visibilityConfig"),
        name="name",
        name_length=128,
        replace=_words("namePrefix scope"),
        outputs={"applicationIntegrationUrl": "", "capacity": 1, "lockToken": "{uuid}", "namePrefix": ""},
        valid={"scope": _choice("CLOUDFRONT", "REGIONAL")},
        api="WAFV2: CreateWebACL",
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": Kind(
        "{webAclArn},{resourceArn}",
        required=_words("resourceArn webAclArn"),
        replace=_words("resourceArn webAclArn"),
        refs={"webAclArn": "!" + WEB_ACL},
        api="WAFV2: AssociateWebACL",
        tags=False,
    ),
    # --- Amazon Managed Grafana
    WORKSPACE: Kind(
        "g-{h10}",
        "grafana:{region}:{account}:/workspaces/{id}",
        _words("accountAccessType authenticationProviders permissionType"),
        # Its name is no key: two workspaces may bear the same, and a new one is no replacement.
        outputs={
            "configuration": '{{"unifiedAlerting":{{"enabled":false}}}}',
            "endpoint": "{id}.grafana-workspace.{region}.{dns}",
            "grafanaVersion": "10.4",
            "samlConfigurationStatus": "",
        },
        refs={
            "roleArn": "!" + ROLE,
            "vpcConfiguration.subnetIds.[]": "!" + SUBNET,
            "vpcConfiguration.securityGroupIds.[]": "!" + SECURITY_GROUP,
        },
        valid={
            "accountAccessType": _choice("CURRENT_ACCOUNT", "ORGANIZATION"),
            "authenticationProviders.[]": _choice("AWS_SSO", "SAML"),
            "permissionType": _choice("CUSTOMER_MANAGED", "SERVICE_MANAGED"),
            "name": re.compile(r"[a-zA-Z0-9._~-]{1,255}"),
        },
        api="grafana: CreateWorkspace",
    ),
    "aws:grafana/roleAssociation:RoleAssociation": Kind(
        "{workspaceId}/{role}",
        required=_words("role workspaceId"),
        replace=_words("role workspaceId"),
        refs={"workspaceId": WORKSPACE},
        valid={"role": _choice("ADMIN", "EDITOR", "VIEWER")},
        api="grafana: UpdatePermissions",
        tags=False,
    ),
    SERVICE_ACCOUNT: Kind(
        "{workspaceId},{S2}",
        required=_words("grafanaRole workspaceId"),
        name="name",
        name_length=128,
        replace=_words("grafanaRole workspaceId"),
        outputs={"serviceAccountId": "{S2}"},
        refs={"workspaceId": WORKSPACE},
        valid={"grafanaRole": _choice("ADMIN", "EDITOR", "VIEWER")},
        api="grafana: CreateWorkspaceServiceAccount",
        tags=False,
    ),
    "aws:grafana/workspaceServiceAccountToken:WorkspaceServiceAccountToken": Kind(
        "{workspaceId},{serviceAccountId},{S2}",
        required=_words("secondsToLive serviceAccountId workspaceId"),
        name="name",
        name_length=128,
        replace=_words("secondsToLive serviceAccountId workspaceId"),
        outputs={
            "createdAt": NOW,
            "expiresAt": "2026-01-31T00:00:00Z",
            "key": "glsa_{h32}_{h8}",
            "serviceAccountTokenId": "{S2}",
        },
        refs={"workspaceId": WORKSPACE},
        valid={"secondsToLive": (1, 2592000)},
        api="grafana: CreateWorkspaceServiceAccountToken",
        tags=False,
    ),
    "aws:grafana/workspaceSamlConfiguration:WorkspaceSamlConfiguration": Kind(
        "{workspaceId}",
        required=_words("editorRoleValues workspaceId"),
        replace=("workspaceId",),
        one_of=(_words("idpMetadataUrl idpMetadataXml"),),
        outputs={"loginValidityDuration": 0, "status": "CONFIGURED"},
        refs={"workspaceId": WORKSPACE},
        api="grafana: UpdateWorkspaceAuthentication",
        tags=False,
    ),
}

PROTECTION: dict[str, tuple[str, str]] = {
    DB_INSTANCE: (
        "deletionProtection",
        "InvalidParameterCombination: Cannot delete protected DB Instance, please disable deletion protection and try "
        "again.",
    ),
    LOAD_BALANCER: (
        "enableDeletionProtection",
        "OperationNotPermitted: Load balancer '{id}' cannot be deleted because deletion protection is enabled",
    ),
    "aws:eks/cluster:Cluster": (
        "deletionProtection",
        "InvalidRequestException: Cluster {id} has deletion protection enabled, disable it and try again",
    ),
}
"""The input by which AWS itself refuses a deletion, and what it says then."""

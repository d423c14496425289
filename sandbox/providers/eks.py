"""The simulated pulumi-eks: `Cluster` registers the children that the real component does.

Source: nodejs/eks/cluster/cluster.ts of pulumi-eks 4. Options that are not simulated are refused.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from ..simulation import CloudError, Props
from ..values import UNKNOWN, reference_parts, to_python, to_struct, unknown
from .base import sdk_version
from .monitor import Made, Monitor

CLUSTER = "eks:index:Cluster"
_SIMULATED = frozenset(
    [
        "accessEntries",
        "authenticationMode",
        "bootstrapSelfManagedAddons",
        "clusterSecurityGroupTags",
        "clusterTags",
        "corednsAddonOptions",
        "createInstanceRole",
        "createOidcProvider",
        "deletionProtection",
        "enableConfigMapMutable",
        "enabledClusterLogTypes",
        "encryptionConfigKeyArn",
        "endpointPrivateAccess",
        "endpointPublicAccess",
        "ipFamily",
        "kubeProxyAddonOptions",
        "kubernetesServiceIpAddressRange",
        "name",
        "nodeAssociatePublicIpAddress",
        "nodeSecurityGroupTags",
        "privateSubnetIds",
        "providerCredentialOpts",
        "publicAccessCidrs",
        "publicSubnetIds",
        "serviceRole",
        "skipDefaultNodeGroup",
        "skipDefaultSecurityGroups",
        "subnetIds",
        "tags",
        "upgradePolicy",
        "useDefaultVpcCni",
        "version",
        "vpcCniOptions",
        "vpcId",
    ]
)
_CNI_OPTIONS = frozenset({"addonVersion", "configurationValues", "enableNetworkPolicy", "serviceAccountRoleArn"})


class Eks(provider_pb2_grpc.ResourceProviderServicer):
    """A provider of components only."""

    def __init__(self, kubeconfig: Path | None = None) -> None:
        self.kubeconfig = kubeconfig

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=sdk_version("eks"))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    def Construct(self, request: Any, context: grpc.ServicerContext) -> Any:
        monitor = Monitor(request)
        try:
            if request.type != CLUSTER:
                raise CloudError(f"{request.type} is not simulated: add it to sandbox/providers/eks.py.")
            urn, state = _Cluster(monitor, request, self.kubeconfig).construct()
        except CloudError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except grpc.RpcError as error:  # a child failed, and the engine has said why
            context.abort(error.code(), error.details() or "")
        finally:
            monitor.close()
        return provider_pb2.ConstructResponse(urn=urn, state=to_struct(state))


class _Cluster:
    """One cluster under construction."""

    def __init__(self, monitor: Monitor, request: Any, kubeconfig: Path | None) -> None:
        self.monitor = monitor
        self.request = request
        self.name: str = request.name
        self.args = to_python(request.inputs, keep_references=True)
        self.needs = {key: list(value.urns) for key, value in request.inputDependencies.items()}
        self.kubeconfig = kubeconfig
        self.urn = ""

    def construct(self) -> tuple[str, Props]:
        """Register everything, in the order of the real component."""
        self._refuse()
        args = self.args
        self.urn = self.monitor.component(CLUSTER, self.name, self.request.parent, {})
        role_arn, role, role_needs = self._service_role()
        group = None if args.get("skipDefaultSecurityGroups") else self._cluster_security_group()
        cluster = self._cluster(role_arn, group, role_needs)
        self._addon("kube-proxy", args.get("kubeProxyAddonOptions") or {}, cluster, default=True)
        kubeconfig = self._kubeconfig(cluster)
        provider = self._provider(cluster, kubeconfig)
        entries = list(self._access_entries(cluster))
        if not args.get("useDefaultVpcCni"):
            self._vpc_cni(cluster, entries)
        self._addon("coredns", args.get("corednsAddonOptions") or {}, cluster, default=False)
        oidc = self._oidc_provider(cluster) if args.get("createOidcProvider") else None
        nodes = self._node_security_group(cluster, group) if group else None
        state = self._state(cluster, kubeconfig, provider, role, oidc, group, nodes)
        self.monitor.outputs(self.urn, state)
        return self.urn, state

    def _refuse(self) -> None:
        """Say what is not simulated rather than leave it out in silence."""
        args = self.args
        problems = [f"option {key}" for key in sorted(set(args) - _SIMULATED)]
        if not args.get("skipDefaultNodeGroup") or args.get("createInstanceRole"):
            problems.append("the default node group and its role (set skipDefaultNodeGroup, unset createInstanceRole)")
        if args.get("authenticationMode") != "API":
            problems.append("an authenticationMode other than API")
        if not args.get("vpcId"):
            problems.append("the account's default VPC (set vpcId)")
        problems += [f"vpcCniOptions.{key}" for key in sorted(set(args.get("vpcCniOptions") or {}) - _CNI_OPTIONS)]
        if problems:
            raise CloudError(f"{self.name}: the sandbox does not simulate of eks.Cluster: {'; '.join(problems)}.")
        if args.get("publicAccessCidrs") and args.get("endpointPublicAccess") is False:
            raise CloudError("`publicAccessCidrs` can only be set when `endpointPublicAccess` is true")

    def _aws(self, type_: str, name: str, inputs: Mapping[str, Any], **options: Any) -> Made:
        parent = options.pop("parent", self.urn)
        return self.monitor.resource(type_, name, parent, inputs, **options)

    def _urns(self, *keys: str) -> list[str]:
        return [urn for key in keys for urn in self.needs.get(key, [])]

    def _service_role(self) -> tuple[Any, Any, list[str]]:
        """ARN, reference and dependencies of the role that EKS assumes."""
        given = reference_parts(self.args.get("serviceRole"))
        if given:
            urn, _ = given
            return self.monitor.look_up(urn).get("arn", UNKNOWN), self.args["serviceRole"], [urn]
        name = f"{self.name}-eksRole"
        component = self.monitor.component("eks:index:ServiceRole", name, self.urn, {})
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": ["sts:AssumeRole", "sts:TagSession"],
                    "Effect": "Allow",
                    "Principal": {"Service": ["eks.amazonaws.com"]},
                }
            ],
        }
        role = self._aws(
            "aws:iam/role:Role",
            f"{name}-role",
            {
                "description": "Allows EKS to manage clusters on your behalf.",
                "assumeRolePolicy": json.dumps(policy, separators=(",", ":")),
                "tags": self.args.get("tags"),
            },
            parent=component,
        )
        managed = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
        attachment = self._aws(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            f"{name}-{hashlib.sha1(managed.encode()).hexdigest()[:8]}",
            {"policyArn": managed, "role": role.id},
            parent=component,
            dependencies=[role.urn],
        )
        self.monitor.outputs(component, {})
        return role.get("arn"), role.reference, [role.urn, attachment.urn]

    def _tags(self, suffix: str, key: str) -> dict[str, Any]:
        return {"Name": f"{self.name}-{suffix}", **(self.args.get(key) or {}), **(self.args.get("tags") or {})}

    def _cluster_security_group(self) -> Made:
        suffix = "eksClusterSecurityGroup"
        group = self._aws(
            "aws:ec2/securityGroup:SecurityGroup",
            f"{self.name}-{suffix}",
            {
                "vpcId": self.args["vpcId"],
                "revokeRulesOnDelete": True,
                "tags": self._tags(suffix, "clusterSecurityGroupTags"),
            },
            dependencies=self._urns("vpcId"),
        )
        self._rule("eksClusterInternetEgressRule", "Allow internet access.", group, "egress", 0, 0, "-1", everyone=True)
        return group

    def _rule(
        self,
        suffix: str,
        description: str,
        group: Made,
        type_: str,
        first: int,
        last: int,
        protocol: str,
        *,
        source: Made | None = None,
        everyone: bool = False,
    ) -> Made:
        inputs: dict[str, Any] = {
            "description": description,
            "type": type_,
            "fromPort": first,
            "toPort": last,
            "protocol": protocol,
            "securityGroupId": group.id,
        }
        if everyone:
            inputs["cidrBlocks"] = ["0.0.0.0/0"]
        elif source is None or source is group:
            inputs["self"] = True
        else:
            inputs["sourceSecurityGroupId"] = source.id
        needs = [group.urn, *([source.urn] if source else [])]
        return self._aws(
            "aws:ec2/securityGroupRule:SecurityGroupRule", f"{self.name}-{suffix}", inputs, dependencies=needs
        )

    def _cluster(self, role_arn: Any, group: Made | None, role_needs: list[str]) -> Made:
        args = self.args
        subnets = args.get("subnetIds")
        if subnets is None:
            subnets = [*(args.get("publicSubnetIds") or []), *(args.get("privateSubnetIds") or [])]
        key = args.get("encryptionConfigKeyArn")
        network = {"serviceIpv4Cidr": args.get("kubernetesServiceIpAddressRange"), "ipFamily": args.get("ipFamily")}
        network = {name: value for name, value in network.items() if value is not None}
        access = {
            "securityGroupIds": [group.id] if group else None,
            "subnetIds": subnets,
            "endpointPrivateAccess": args.get("endpointPrivateAccess"),
            "endpointPublicAccess": args.get("endpointPublicAccess"),
            "publicAccessCidrs": args.get("publicAccessCidrs"),
        }
        inputs = {
            "name": args.get("name"),
            "roleArn": role_arn,
            "kubernetesNetworkConfig": {"ipFamily": "ipv4", **network} if network else None,
            "bootstrapSelfManagedAddons": args.get("bootstrapSelfManagedAddons", True),
            "vpcConfig": {name: value for name, value in access.items() if value is not None},
            "version": args.get("version"),
            "enabledClusterLogTypes": args.get("enabledClusterLogTypes"),
            "tags": self._tags("eksCluster", "clusterTags"),
            "encryptionConfig": {"provider": {"keyArn": key}, "resources": ["secrets"]} if key else None,
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True},
            "upgradePolicy": args.get("upgradePolicy"),
            "deletionProtection": args.get("deletionProtection"),
        }
        needs = self._urns(
            "subnetIds", "publicSubnetIds", "privateSubnetIds", "encryptionConfigKeyArn", "name", "version"
        )
        return self._aws(
            "aws:eks/cluster:Cluster",
            f"{self.name}-eksCluster",
            inputs,
            dependencies=[*needs, *role_needs, group.urn if group else ""],
            ignore_changes=["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"],
        )

    def _addon(
        self,
        addon: str,
        options: Mapping[str, Any],
        cluster: Made,
        *,
        default: bool,
        name: str = "",
        parent: str = "",
        extra: Mapping[str, Any] | None = None,
        dependencies: list[str] | None = None,
    ) -> None:
        if not options.get("enabled", default or bool(options.get("configurationValues"))):
            return
        version = options.get("version")
        if version is None:
            kubernetes = cluster.get("version")
            query = {"addonName": addon, "kubernetesVersion": kubernetes, "mostRecent": True}
            known = not unknown(kubernetes)
            version = (
                self.monitor.call("aws:eks/getAddonVersion:getAddonVersion", query)["version"] if known else UNKNOWN
            )
        values = options.get("configurationValues")
        self._aws(
            "aws:eks/addon:Addon",
            name or f"{self.name}-{addon}",
            {
                "clusterName": cluster.get("name"),
                "addonName": addon,
                "preserve": True,
                "tags": self.args.get("tags"),
                "resolveConflictsOnCreate": options.get("resolveConflictsOnCreate", "OVERWRITE"),
                "resolveConflictsOnUpdate": options.get("resolveConflictsOnUpdate", "OVERWRITE"),
                "addonVersion": version,
                "configurationValues": json.dumps(values, sort_keys=True) if values else None,
                **(extra or {}),
            },
            parent=parent or self.urn,
            dependencies=[cluster.urn, *(dependencies or [])],
        )

    def _vpc_cni(self, cluster: Made, entries: list[Made]) -> None:
        options = self.args.get("vpcCniOptions") or {}
        name = f"{self.name}-vpc-cni"
        component = self.monitor.component("eks:index:VpcCniAddon", name, self.urn, {})
        values = {"env": {"WARM_ENI_TARGET": "1"}, **(options.get("configurationValues") or {})}
        if "enableNetworkPolicy" in options:
            values["enableNetworkPolicy"] = str(options["enableNetworkPolicy"]).lower()
        self._addon(
            "vpc-cni",
            {"version": options.get("addonVersion"), "configurationValues": values},
            cluster,
            default=True,
            name=name,
            parent=component,
            extra={"serviceAccountRoleArn": options.get("serviceAccountRoleArn")},
            dependencies=[entry.urn for entry in entries] + self._urns("vpcCniOptions"),
        )
        self.monitor.outputs(component, {})

    def _access_entries(self, cluster: Made) -> Iterator[Made]:
        for key, entry in (self.args.get("accessEntries") or {}).items():
            made = self._aws(
                "aws:eks/accessEntry:AccessEntry",
                f"{self.name}-{key}",
                {
                    "clusterName": cluster.get("name"),
                    "principalArn": entry["principalArn"],
                    "userName": entry.get("username"),
                    "kubernetesGroups": entry.get("kubernetesGroups"),
                    "type": entry.get("type"),
                    "tags": entry.get("tags"),
                },
                dependencies=[cluster.urn, *self._urns("accessEntries")],
            )
            yield made
            for policy, association in (entry.get("accessPolicies") or {}).items():
                yield self._aws(
                    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
                    f"{self.name}-{key}-{policy}",
                    {
                        "clusterName": cluster.get("name"),
                        "principalArn": entry["principalArn"],
                        "policyArn": association["policyArn"],
                        "accessScope": association["accessScope"],
                    },
                    dependencies=[cluster.urn, made.urn],
                )

    def _oidc_provider(self, cluster: Made) -> Made:
        issuer = _issuer(cluster)
        return self._aws(
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            f"{self.name}-oidcProvider",
            {
                "clientIdLists": ["sts.amazonaws.com"],
                "url": issuer,
                "thumbprintLists": ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
            },
            dependencies=[cluster.urn],
        )

    def _node_security_group(self, cluster: Made, group: Made) -> tuple[Made, Made]:
        name = cluster.get("name")
        tags: Any = UNKNOWN
        if not unknown(name):
            tags = self._tags("nodeSecurityGroup", "nodeSecurityGroupTags")
            tags[f"kubernetes.io/cluster/{name}"] = "owned"
        nodes = self._aws(
            "aws:ec2/securityGroup:SecurityGroup",
            f"{self.name}-nodeSecurityGroup",
            {"vpcId": self.args["vpcId"], "revokeRulesOnDelete": True, "tags": tags},
            dependencies=[*self._urns("vpcId"), cluster.urn],
        )
        self._rule("eksNodeIngressRule", "Allow nodes to communicate with each other", nodes, "ingress", 0, 0, "-1")
        self._rule(
            "eksNodeClusterIngressRule",
            "Allow worker Kubelets and pods to receive communication from the cluster control plane",
            nodes,
            "ingress",
            1025,
            65535,
            "tcp",
            source=group,
        )
        self._rule(
            "eksExtApiServerClusterIngressRule",
            "Allow pods running extension API servers on port 443 to receive communication from cluster control plane",
            nodes,
            "ingress",
            443,
            443,
            "tcp",
            source=group,
        )
        self._rule("eksNodeInternetEgressRule", "Allow internet access.", nodes, "egress", 0, 0, "-1", everyone=True)
        allow = "Allow pods to communicate with the cluster API Server"
        return nodes, self._rule("eksClusterIngressRule", allow, group, "ingress", 443, 443, "tcp", source=nodes)

    def _kubeconfig(self, cluster: Made) -> Any:
        """The kubeconfig as an object: the real cluster's where one was given."""
        if self.kubeconfig is not None:
            import yaml

            return yaml.safe_load(self.kubeconfig.read_text())
        name, endpoint, arn = cluster.get("name"), cluster.get("endpoint"), cluster.get("arn")
        certificate = cluster.get("certificateAuthority")
        if any(unknown(value) for value in (name, endpoint, arn, certificate)):
            return UNKNOWN
        command = ["--region", arn.split(":")[3], "eks", "get-token", "--cluster-name", name, "--output", "json"]
        options = self.args.get("providerCredentialOpts") or {}
        if options.get("roleArn"):
            command += ["--role", options["roleArn"]]
        if options.get("profileName"):
            command += ["--profile", options["profileName"]]
        info = '{"apiVersion": "client.authentication.k8s.io/v1beta1"}'
        run = {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "aws",
            "args": command,
            "env": [{"name": "KUBERNETES_EXEC_INFO", "value": info}],
        }
        server = {"server": endpoint, "certificate-authority-data": certificate.get("data")}
        return {
            "apiVersion": "v1",
            "clusters": [{"cluster": server, "name": "kubernetes"}],
            "contexts": [{"context": {"cluster": "kubernetes", "user": "aws"}, "name": "aws"}],
            "current-context": "aws",
            "kind": "Config",
            "users": [{"name": "aws", "user": {"exec": run}}],
        }

    def _provider(self, cluster: Made, kubeconfig: Any) -> Made:
        mutable = self.args.get("enableConfigMapMutable")
        return self.monitor.resource(
            "pulumi:providers:kubernetes",
            f"{self.name}-eks-k8s",
            self.urn,
            {
                "kubeconfig": _text(kubeconfig),
                "enableConfigMapMutable": str(mutable).lower() if mutable is not None else None,
            },
            dependencies=[cluster.urn],
        )

    def _state(
        self,
        cluster: Made,
        kubeconfig: Any,
        provider: Made,
        role: Any,
        oidc: Made | None,
        group: Made | None,
        nodes: tuple[Made, Made] | None,
    ) -> dict[str, Any]:
        args = self.args
        issuer = _issuer(cluster)
        made_by_eks = (cluster.get("vpcConfig") or {}) if not unknown(cluster.get("vpcConfig")) else {}
        own_group = made_by_eks.get("clusterSecurityGroupId", UNKNOWN)
        core = {
            "cluster": cluster.reference,
            "clusterIamRole": role,
            "clusterSecurityGroup": group.reference if group else None,
            "encryptionConfig": cluster.outputs.get("encryptionConfig"),
            "endpoint": cluster.get("endpoint"),
            "instanceRoles": [],
            "kubeconfig": kubeconfig,
            "nodeGroupOptions": {},
            "oidcProvider": oidc.reference if oidc else None,
            "provider": provider.reference,
            "publicSubnetIds": args.get("publicSubnetIds"),
            "privateSubnetIds": args.get("privateSubnetIds"),
            "storageClasses": {},
            "subnetIds": args.get("subnetIds")
            or [*(args.get("publicSubnetIds") or []), *(args.get("privateSubnetIds") or [])],
            "tags": args.get("tags"),
            "vpcId": args["vpcId"],
        }
        state = {
            "autoModeNodeRoleName": "",
            "clusterIngressRuleId": nodes[1].get("securityGroupRuleId") if nodes else "",
            "clusterSecurityGroup": group.reference if group else None,
            "clusterSecurityGroupId": group.id if group else own_group,
            "core": {key: value for key, value in core.items() if value is not None},
            "defaultNodeGroupAsgName": "",
            "eksCluster": cluster.reference,
            "eksClusterIngressRule": nodes[1].reference if nodes else None,
            "fargateProfileId": "",
            "fargateProfileStatus": "",
            "instanceRoles": [],
            "kubeconfig": kubeconfig,
            "kubeconfigJson": _text(kubeconfig),
            "nodeSecurityGroup": nodes[0].reference if nodes else None,
            "nodeSecurityGroupId": nodes[0].id if nodes else own_group,
            "oidcIssuer": UNKNOWN if unknown(issuer) else issuer.removeprefix("https://"),
            "oidcProviderArn": oidc.get("arn") if oidc else "",
            "oidcProviderUrl": issuer,
        }
        return {key: value for key, value in state.items() if value is not None}


def _text(kubeconfig: Any) -> str:
    return UNKNOWN if unknown(kubeconfig) else json.dumps(kubeconfig, separators=(",", ":"))


def _issuer(cluster: Made) -> str:
    identities = cluster.get("identities")
    return UNKNOWN if unknown(identities) else str(identities[0]["oidcs"][0]["issuer"])

"""External Secrets: values of AWS Secrets Manager and Parameter Store as Kubernetes Secrets.

Its CRDs are templates of the chart, so that they are upgraded; deleting the release deletes them, and with them
every ExternalSecret. Whoever makes ExternalSecrets lets them depend on this component, so that they go first.
"""

import pulumi
import pulumi_kubernetes as kubernetes

from .. import naming
from ..foundation.helm_release import HelmRelease
from ..foundation.iam import to_json
from ..foundation.irsa_role import IrsaRole, IrsaRoleArgs
from ..foundation.labels import labels
from ..foundation.namespace import Namespace
from ..foundation.outputs import after
from ..ordering import child_of, last
from ..validation import refuse
from .alerts import prometheus_rule
from .external_secret import PARAMETER_STORE, SECRETS_MANAGER
from .external_secrets_values import (
    CONTROLLER,
    EXTERNAL_SECRETS_ALERTS,
    NAMESPACE,
    RELEASE,
    ROLE,
    STORES,
    ExternalSecretsArgs,
    external_secrets_faults,
    external_secrets_network,
    external_secrets_values,
    store_spec,
)
from .network_policy import NetworkPolicies
from .secret_access import parameters_publish, secrets_key_use, secrets_read

__all__ = ["ExternalSecrets", "ExternalSecretsArgs"]


class ExternalSecrets(pulumi.ComponentResource):
    """External Secrets with a role for one platform's path, and a store for each of the two services."""

    secrets_manager_store: pulumi.Output[str]
    """Name of the ClusterSecretStore for Secrets Manager; depending on it is depending on the store."""
    parameter_store: pulumi.Output[str]
    """Name of the ClusterSecretStore for Parameter Store."""
    role_arn: str
    """ARN of the controller's role."""

    def __init__(self, name: str, args: ExternalSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("ExternalSecrets", name, external_secrets_faults(args))
        super().__init__("eks-observability:index:ExternalSecrets", name, dict(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = Namespace(f"{name}-namespace", {"namespace": NAMESPACE, "pod_security": "restricted"}, child)
        own = pulumi.ResourceOptions(parent=self, depends_on=last([namespace]))
        own_certificates = "certificate_issuer" not in args
        network = NetworkPolicies(f"{name}-network", external_secrets_network(own_certificates), own)
        role = IrsaRole(f"{name}-role", _role(args), child)
        self.role_arn = role.role_arn
        release = HelmRelease(
            f"{name}-external-secrets",
            {
                "chart": "external-secrets",
                "release_name": RELEASE,
                "namespace": NAMESPACE,
                "values": external_secrets_values(args, role.role_arn),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts, [network, role]),
        )
        if args.get("service_monitor", True):
            prometheus_rule(
                f"{name}-alerts", NAMESPACE, NAMESPACE, EXTERNAL_SECRETS_ALERTS, child_of(self, opts, [namespace])
            )
        running = pulumi.ResourceOptions(parent=self, depends_on=last([release]))
        stores = {store: self._store(name, store, args, running) for store in STORES}
        self.gates: list[pulumi.Resource] = list(stores.values())
        self.secrets_manager_store = after(SECRETS_MANAGER, [stores[SECRETS_MANAGER]])
        self.parameter_store = after(PARAMETER_STORE, [stores[PARAMETER_STORE]])
        self.register_outputs(
            {
                "secrets_manager_store": self.secrets_manager_store,
                "parameter_store": self.parameter_store,
                "role_arn": self.role_arn,
            }
        )

    def _store(self, name: str, store: str, args: ExternalSecretsArgs, opts: pulumi.ResourceOptions) -> pulumi.Resource:
        return kubernetes.apiextensions.CustomResource(
            f"{name}-{store}",
            api_version="external-secrets.io/v1",
            kind="ClusterSecretStore",
            metadata={"name": store, "labels": labels("secret-store", store, "secret-store")},
            spec=store_spec(STORES[store], args["region"], args["namespaces"]),
            opts=opts,
        )


def _role(args: ExternalSecretsArgs) -> IrsaRoleArgs:
    platform, account, region = args["platform_name"], args["account_id"], args["region"]
    policies: dict[str, pulumi.Input[str]] = {
        "secrets": to_json(secrets_read(platform, account, region, args.get("read_parameter_names", []))),
        # Apart from the others: a key made in the same run is unknown, and they can be judged without it.
        "secrets-key": pulumi.Output.from_input(args["kms_key_arn"]).apply(
            lambda arn: to_json(secrets_key_use(arn, region))
        ),
    }
    if args.get("push_parameter_names"):
        policies["publish"] = to_json(parameters_publish(args["push_parameter_names"], account, region))
    role: IrsaRoleArgs = {
        "role_name": naming.role_name(platform, region, ROLE),
        "account_id": account,
        "region": region,
        "oidc_provider_arn": args["oidc_provider_arn"],
        "oidc_issuer": args["oidc_issuer"],
        "namespace": NAMESPACE,
        "service_accounts": [CONTROLLER],
        "inline_policies": policies,
    }
    if "permissions_boundary_arn" in args:
        role["permissions_boundary_arn"] = args["permissions_boundary_arn"]
    return role

"""The stack: settings in, platform made, addresses out. What it is made of is in `components/`."""

import gc

# The SDKs are a hundred thousand objects that live as long as the program: looking for garbage among them
# again and again is a third of its time, and a few seconds' run leaves none worth the search.
gc.disable()

import pulumi  # noqa: E402

import settings  # noqa: E402
from components.platform import Platform  # noqa: E402

wanted = settings.load_stack()

opts = pulumi.ResourceOptions()
account_id = ""
if wanted.cloud == "aws":
    import pulumi_aws as aws

    cloud = aws.Provider(
        "aws",
        region=wanted.region,
        # A stack that is run with another account's credentials stops here, and not among that account's buckets.
        allowed_account_ids=[wanted.account_id] if wanted.account_id else None,
        default_tags={
            "tags": {
                "platform": wanted.name,
                "stack": pulumi.get_stack(),
                "managed-by": "pulumi",
                **wanted.tags,
            }
        },
    )
    account_id = wanted.account_id or aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=cloud)).account_id
    opts = pulumi.ResourceOptions(providers=[cloud])

platform = Platform("platform", wanted.platform_args(account_id), opts)

pulumi.export("clusterName", platform.cluster_name)
pulumi.export("kubeconfig", platform.kubeconfig)
pulumi.export("bucketNames", platform.bucket_names)
pulumi.export("queryUrls", platform.query_urls)
pulumi.export("grafanaUrl", platform.grafana_url)
pulumi.export("entranceAddress", platform.entrance_address)
pulumi.export("entranceZoneId", platform.entrance_zone_id)
pulumi.export("entranceEndpointService", platform.entrance_endpoint_service)

"""Settings that switch on all that a stack on AWS can have at once."""

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0f0e0d0c-0000-4000-8000-000000000000"

EVERYTHING = {
    "metrics.receiveEnabled": "true",
    "logs.auditLogs": "true",
    "logs.multiTenancy": "true",
    "logs.tenant": "platform",
    "traces.multiTenancy": "true",
    "traces.tenant": "platform",
    "profiles.multiTenancy": "true",
    "profiles.tenant": "platform",
    "grafana.database.instanceClass": "db.t4g.medium",
    "grafana.ingress.host": "grafana.example.com",
    "grafana.ingress.certificateArn": CERTIFICATE,
    "grafana.auth.oidc.clientId": "grafana",
    "grafana.auth.oidc.clientSecretName": "grafana/oidc",
    "grafana.auth.oidc.authUrl": "https://login.example.com/authorize",
    "grafana.auth.oidc.tokenUrl": "https://login.example.com/token",
    "grafana.auth.oidc.apiUrl": "https://login.example.com/userinfo",
    "grafana.auth.oidc.adminGroups[0]": "sre",
    "entrance.clusters.shop.tenant": "shop",
    "entrance.clusters.games.tenant": "games",
    "entrance.allowedCidrBlocks[0]": "10.0.0.0/8",
    "entrance.privateLink.allowedPrincipals[0]": "arn:aws:iam::210987654321:root",
    "clusterServices.autoscaler.kind": "karpenter",
}
"""By configuration key, as `--set` takes them."""

WITHOUT_AWS = {
    **{key: value for key, value in EVERYTHING.items() if key.startswith(("metrics.", "traces.", "profiles."))},
    **{key: value for key, value in EVERYTHING.items() if key.startswith("grafana.auth.")},
    "logs.multiTenancy": "true",
    "logs.tenant": "platform",
    "grafana.rootUrl": "https://grafana.example.com",
    "grafana.auth.oidc.clientSecretName": "grafana-oidc",
    "grafana.database.existingSecretName": "grafana-database",
    "clusterServices.metricsServer": "true",
}
"""The same for a stack without AWS, where secrets are Kubernetes' own and no load balancer is made."""

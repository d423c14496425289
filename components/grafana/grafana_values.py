"""Values of the Grafana chart, as a pure function.

Not here on purpose: datasources and dashboards by a sidecar that reads Secrets, plugins from the internet, alert rules
(Alertmanager's and Thanos' task; Grafana only shows them), network policies (`flows.py`).
"""

from typing import Any

from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, SPOT_TOLERATIONS, resources, restricted_pod, spread
from ..metrics.sizing import twice
from ..security.certificate import CA_FILE, CERTIFICATE_FILE, FOLDER, KEY_FILE
from . import names
from .auth import LDAP_CA_FOLDER, LDAP_PASSWORD, SAML_FOLDER, auth_sections, ldap_toml
from .datasources import datasources, provisioning_file
from .given_secrets import given_secrets, reference
from .grafana_args import GrafanaArgs, has_database, serves_tls
from .ingress import ingress_values
from .sizing import grafana_sizing

USER = 472
"""The user of Grafana's image."""
DASHBOARDS_FOLDER = "/dashboards"
LICENSE_FOLDER = "/etc/grafana/license"
DATABASE_CA_FOLDER = "/etc/grafana/database-ca"
TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"


def grafana_values(args: GrafanaArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    sizing = grafana_sizing(args.get("sizing"), has_database(args))
    tls = serves_tls(args)
    return {
        "fullnameOverride": names.GRAFANA,
        "image": {"repository": "grafana/grafana-enterprise" if args.get("enterprise") else "grafana/grafana"},
        "assertNoLeakedSecrets": True,
        "testFramework": {"enabled": False},
        # The role for ConfigMaps is our own: the chart's would let the sidecar read Secrets.
        "rbac": {"create": True, "namespaced": True, "useExistingRole": names.DASHBOARDS_ROLE},
        "serviceAccount": {"create": True, "name": names.GRAFANA, "automountServiceAccountToken": False},
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "admin": {"existingSecret": names.ADMIN_SECRET},
        **_replicas(args, sizing),
        **_pod(sizing),
        **_probes(tls),
        **_mounts(args, tls),
        "envValueFrom": _secret_variables(args),
        "service": {"port": names.SERVICE_TLS_PORT if tls else names.SERVICE_PORT},
        "serviceMonitor": _monitor(args, tls),
        "ingress": ingress_values(args.get("ingress"), tls),
        "sidecar": _sidecar(args),
        "datasources": {"datasources.yaml": provisioning_file(datasources(args["signals"], tls))},
        "ldap": _ldap(args),
        "grafana.ini": grafana_ini(args),
    }


def grafana_ini(args: GrafanaArgs) -> dict[str, Any]:
    """Grafana's own configuration. Nothing calls home, nobody comes in unasked."""
    secure = address(args).startswith("https://") or serves_tls(args)
    sections: dict[str, Any] = {
        "server": _server(args),
        "analytics": {
            "reporting_enabled": False,
            "check_for_updates": False,
            "check_for_plugin_updates": False,
            "feedback_links_enabled": False,
        },
        "news": {"news_feed_enabled": False},
        "plugins": {"preinstall_disabled": True, "plugin_admin_enabled": False},
        "snapshots": {"external_enabled": False},
        "public_dashboards": {"enabled": False},
        "security": {
            "disable_gravatar": True,
            "cookie_secure": secure,
            "cookie_samesite": "lax",
            "strict_transport_security": secure,
        },
        "users": {"allow_sign_up": False, "allow_org_create": False, "viewers_can_edit": False},
        # Alerts and silences are shown; rules are Prometheus', Thanos' and Loki's, who don't stop when Grafana does.
        # Since no pod evaluates any, pods need not agree on who notifies.
        "unified_alerting": {"enabled": True, "execute_alerts": False},
        "log.console": {"format": "json"},
        **auth_sections(args.get("auth", {})),
    }
    if has_database(args):
        sections["database"] = _database(args)
    if args.get("enterprise"):
        sections["enterprise"] = {"license_path": f"{LICENSE_FOLDER}/{reference(args, 'license').key}"}
    return sections


def address(args: GrafanaArgs) -> str:
    """What browsers call it by; empty if nobody said."""
    if "ingress" in args:
        return f"https://{args['ingress']['host']}/"
    return args.get("root_url", "")


def _server(args: GrafanaArgs) -> dict[str, Any]:
    server: dict[str, Any] = {"http_port": names.PORT}
    if "ingress" in args:
        server["domain"] = args["ingress"]["host"]
    if address(args):
        server["root_url"] = address(args)
    if serves_tls(args):
        server |= {
            "protocol": "https",
            "cert_file": CERTIFICATE_FILE,
            "cert_key": KEY_FILE,
            "min_tls_version": "TLS1.2",
            # Renewed certificates are taken without a restart.
            "certs_watch_interval": "1m",
        }
    return server


def _database(args: GrafanaArgs) -> dict[str, Any]:
    """Host, name, user and password come from the Secret, by variables that override this section."""
    database: dict[str, Any] = {"type": "postgres", "ssl_mode": "require", "max_open_conn": 50}
    if "ca_config_map_name" in args["database"]:
        database |= {"ssl_mode": "verify-full", "ca_cert_path": f"{DATABASE_CA_FOLDER}/ca.crt"}
    return database


def _replicas(args: GrafanaArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    fewest, most = sizing["replicas"], sizing["max_replicas"]
    if not has_database(args):
        return {
            "replicas": 1,
            "persistence": {
                "enabled": True,
                "type": "pvc",
                "storageClassName": args.get("storage_class_name", "gp3"),
                "size": f"{sizing['storage_gib']}Gi",
            },
            # It would run as root to do what `fsGroup` does.
            "initChownData": {"enabled": False},
            # The volume can't be on two nodes: the old pod goes before the new one comes.
            "deploymentStrategy": {"type": "Recreate"},
            "affinity": NOT_ON_SPOT,
        }
    return {
        "replicas": fewest,
        "autoscaling": {"enabled": most > fewest, "minReplicas": fewest, "maxReplicas": most, "targetCPU": "70"},
        # With a single replica a budget would stop every drain of its node.
        "podDisruptionBudget": {"maxUnavailable": 1} if fewest > 1 else {},
        "deploymentStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "topologySpreadConstraints": spread(names.PODS, stateful=False),
        "tolerations": SPOT_TOLERATIONS,
    }


def _pod(sizing: dict[str, Any]) -> dict[str, Any]:
    return {
        "securityContext": restricted_pod(USER),
        "containerSecurityContext": RESTRICTED_CONTAINER,
        "resources": resources(sizing["cpu"], sizing["memory"], twice(sizing["cpu"])),
    }


def _probes(tls: bool) -> dict[str, Any]:
    if not tls:
        return {}
    return {probe: {"httpGet": {"scheme": "HTTPS"}} for probe in ("readinessProbe", "livenessProbe")}


def _mounts(args: GrafanaArgs, tls: bool) -> dict[str, Any]:
    """Everything that is read or written outside of the image, whose files are read-only."""
    wanted = given_secrets(args)
    secrets = []
    if tls:
        secrets.append(_secret_mount("tls", names.TLS_SECRET, FOLDER))
    if "ca_secret_name" in args.get("auth", {}).get("ldap", {}):
        secrets.append(_secret_mount("ldap-ca", args["auth"]["ldap"]["ca_secret_name"], LDAP_CA_FOLDER))
    for what, folder in (("saml", SAML_FOLDER), ("license", LICENSE_FOLDER)):
        if what in wanted:
            secrets.append(_secret_mount(what, reference(args, what).secret, folder))
    authority = args.get("database", {}).get("ca_config_map_name")
    mounts: dict[str, Any] = {
        "extraSecretMounts": secrets,
        "extraEmptyDirMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "log", "mountPath": "/var/log/grafana"}],
        # The token of the service account is the sidecar's alone; Grafana has no business with the API server.
        "extraContainerVolumes": [{"name": "api-server", "projected": {"defaultMode": 0o440, "sources": _token()}}],
    }
    if authority:
        mounts["extraConfigmapMounts"] = [
            {"name": "database-ca", "mountPath": DATABASE_CA_FOLDER, "configMap": authority, "readOnly": True}
        ]
    return mounts


def _secret_mount(name: str, secret: str, folder: str) -> dict[str, Any]:
    return {"name": name, "secretName": secret, "mountPath": folder, "readOnly": True, "defaultMode": 0o440}


def _token() -> list[dict[str, Any]]:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]


def _sidecar(args: GrafanaArgs) -> dict[str, Any]:
    """Puts ConfigMaps with dashboards where Grafana looks twice a minute; so it needs no administrator's password."""
    return {
        "resources": resources("20m", "128Mi", "100m"),
        "securityContext": {**RESTRICTED_CONTAINER, "runAsUser": USER, "runAsGroup": USER},
        "datasources": {"enabled": False},
        "dashboards": {
            "enabled": True,
            "label": names.DASHBOARD_LABEL,
            "labelValue": "1",
            "resource": "configmap",
            "searchNamespace": args.get("namespace", "observability"),
            "folder": DASHBOARDS_FOLDER,
            "folderAnnotation": names.FOLDER_ANNOTATION,
            "skipReload": True,
            "provider": {"name": "platform", "allowUiUpdates": False, "foldersFromFilesStructure": True},
            "extraMounts": [
                {"name": "api-server", "mountPath": TOKEN_FOLDER, "readOnly": True},
                {"name": "tmp", "mountPath": "/tmp"},
            ],
        },
    }


def _secret_variables(args: GrafanaArgs) -> dict[str, Any]:
    """Variables of the container, which override the configuration file."""
    wanted = given_secrets(args)
    variables = {"GF_SECURITY_SECRET_KEY": _key(names.ADMIN_SECRET, names.ENCRYPTION_KEY)}
    if "database" in wanted:
        fields = {"HOST": "host", "NAME": "dbname", "USER": "username", "PASSWORD": "password"}
        for variable, key in fields.items():
            variables[f"GF_DATABASE_{variable}"] = _key(*reference(args, "database", key))
    if "oidc" in wanted:
        variables["GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET"] = _key(*reference(args, "oidc"))
    if "ldap" in wanted:
        variables[LDAP_PASSWORD] = _key(*reference(args, "ldap"))
    return variables


def _key(secret: str, key: str) -> dict[str, Any]:
    return {"secretKeyRef": {"name": secret, "key": key}}


def _monitor(args: GrafanaArgs, tls: bool) -> dict[str, Any]:
    if not tls:
        return {"enabled": True}
    server = names.host(args.get("namespace", "observability"))
    authority = {"secret": {"name": names.TLS_SECRET, "key": CA_FILE.rpartition("/")[2]}}
    return {"enabled": True, "scheme": "https", "tlsConfig": {"ca": authority, "serverName": server}}


def _ldap(args: GrafanaArgs) -> dict[str, Any]:
    ldap = args.get("auth", {}).get("ldap")
    return {"enabled": False} if ldap is None else {"enabled": True, "config": ldap_toml(ldap)}

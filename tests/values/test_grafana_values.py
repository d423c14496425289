"""Grafana as data: values, configuration, sign-in, sizes, who may talk to whom, bad arguments."""

import json
from typing import Any

import pytest
import yaml

from components.grafana import names
from components.grafana.alerts import grafana_alerts
from components.grafana.auth import ldap_toml, role_attribute_path
from components.grafana.dashboard_files import MOST_BYTES, dashboard_config_maps, dashboards, reach
from components.grafana.database_args import grafana_database_faults
from components.grafana.datasources import datasources
from components.grafana.flows import BACKENDS, grafana_network
from components.grafana.given_secrets import external_secrets
from components.grafana.grafana_args import grafana_faults
from components.grafana.grafana_values import grafana_ini, grafana_values
from components.security.network_policy import network_policy_faults, network_policy_specs
from tests.values.chart_keys import require_chart_keys, unknown_keys

SIGNALS: dict[str, Any] = {f"{name}_url": f"http://{name}:80" for name in (
    "thanos", "prometheus", "alertmanager", "loki", "tempo", "pyroscope")}  # fmt: skip
PLAIN: dict[str, Any] = {"platform_name": "obs", "signals": SIGNALS}
OIDC: dict[str, Any] = {
    "client_id": "grafana",
    "client_secret_name": "grafana/oidc#client_secret",
    "auth_url": "https://id.example.com/authorize",
    "token_url": "https://id.example.com/token",
    "api_url": "https://id.example.com/userinfo",
    "admin_groups": ["platform"],
    "editor_groups": ["developers", "sre"],
}
LDAP: dict[str, Any] = {
    "host": "ldap.example.com",
    "bind_dn": "cn=grafana,dc=example,dc=com",
    "bind_secret_name": "grafana/ldap",
    "search_base_dns": ["ou=people,dc=example,dc=com"],
    "admin_group_dns": ["cn=platform,dc=example,dc=com"],
}
SAML: dict[str, Any] = {
    "idp_metadata_url": "https://id.example.com/metadata",
    "key_pair_secret_name": "grafana/saml",
    "admin_groups": ["platform"],
}
INGRESS: dict[str, Any] = {
    "host": "grafana.example.com",
    "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
}
FULL: dict[str, Any] = {
    **PLAIN,
    "secret_store_name": "secrets-manager",
    "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1",
    "certificate_issuer": "observability-ca",
    "database": {"secret_name": "grafana/database", "ca_config_map_name": "rds-ca"},
    "auth": {"oidc": OIDC, "ldap": {**LDAP, "ca_secret_name": "ldap-ca"}},
    "ingress": INGRESS,
}
ENTERPRISE: dict[str, Any] = {
    **FULL, "enterprise": True, "license_secret_name": "grafana/license", "auth": {"saml": SAML},
}  # fmt: skip
EVERY = {"plain": PLAIN, "full": FULL, "enterprise": ENTERPRISE}
FREE = [
    "fullnameOverride",
    "rbac.useExistingRole",
    "ingress.ingressClassName",
    "persistence.storageClassName",
    "readinessProbe.httpGet.scheme",
    "livenessProbe.httpGet.scheme",
    "deploymentStrategy.rollingUpdate",
    "containerSecurityContext",
    "sidecar.securityContext",
    "securityContext",
    "grafana\\.ini",
    "enableServiceLinks",
]
"""Read by its templates without a default, or written out as they are."""


def values(args: dict[str, Any]) -> dict[str, Any]:
    return grafana_values(args)  # type: ignore[arg-type]


def ini(args: dict[str, Any]) -> dict[str, Any]:
    return grafana_ini(args)  # type: ignore[arg-type]


def faults(**changed: Any) -> dict[str, str]:
    given: Any = {**PLAIN, **changed}
    return {fault.path: fault.bound for fault in grafana_faults(given)}


# --- chart -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", EVERY.values(), ids=EVERY)
def test_the_chart_knows_every_key(args: dict[str, Any]) -> None:
    require_chart_keys("grafana")
    assert unknown_keys("grafana", values(args), FREE) == []


@pytest.mark.parametrize("args", EVERY.values(), ids=EVERY)
def test_arguments_as_in_these_tests_have_no_fault(args: dict[str, Any]) -> None:
    assert grafana_faults(args) == []  # type: ignore[arg-type]


# --- replicas --------------------------------------------------------------------------------------


def test_without_a_database_one_pod_has_a_volume_that_two_would_fight_over() -> None:
    made = values(PLAIN)
    assert (made["replicas"], made["deploymentStrategy"]) == (1, {"type": "Recreate"})
    assert made["persistence"]["enabled"] is True
    assert made["initChownData"]["enabled"] is False, "it would run as root"
    assert "autoscaling" not in made


def test_with_a_database_two_pods_or_more_are_spread_and_keep_nothing() -> None:
    made = values(FULL)
    assert made["replicas"] == 2
    assert made["autoscaling"] == {"enabled": True, "minReplicas": 2, "maxReplicas": 5, "targetCPU": "70"}
    assert made["podDisruptionBudget"] == {"maxUnavailable": 1}
    assert len(made["topologySpreadConstraints"]) == 2
    assert "persistence" not in made
    assert ini(FULL)["database"]["ssl_mode"] == "verify-full"
    required = {**FULL, "database": {"secret_name": "grafana/database"}}
    assert ini(required)["database"]["ssl_mode"] == "require", "an unverified answer is still encrypted"


def test_replicas_without_a_database_are_refused() -> None:
    assert "without a database" in faults(sizing={"replicas": 2})["sizing.replicas"]
    assert "at least replicas (3)" in faults(**FULL, sizing={"replicas": 3, "max_replicas": 2})["sizing.max_replicas"]


# --- secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", EVERY.values(), ids=EVERY)
def test_no_secret_is_in_the_values_but_its_name(args: dict[str, Any]) -> None:
    made = values(args)
    assert made["assertNoLeakedSecrets"] is True
    assert made["admin"] == {"existingSecret": "grafana-admin"}
    for section in made["grafana.ini"].values():
        assert not {"password", "client_secret", "secret_key", "admin_password"} & set(section)
    references = made["envValueFrom"].values()
    assert all(set(reference) == {"secretKeyRef"} for reference in references)


def test_the_key_of_the_database_is_not_the_one_that_everybody_knows() -> None:
    reference = values(PLAIN)["envValueFrom"]["GF_SECURITY_SECRET_KEY"]["secretKeyRef"]
    assert reference == {"name": "grafana-admin", "key": "encryption"}


def test_external_secrets_bring_what_others_made_from_below_the_platforms_path() -> None:
    brought: Any = external_secrets(ENTERPRISE | {"auth": FULL["auth"]})  # type: ignore[arg-type]
    assert {what: given["keys"] for what, given in brought.items()} == {
        "database": {key: f"/obs/grafana/database#{key}" for key in ("host", "dbname", "username", "password")},
        "oidc": {"client-secret": "/obs/grafana/oidc#client_secret"},
        "ldap": {"password": "/obs/grafana/ldap"},
        "license": {"license.jwt": "/obs/grafana/license"},
    }


def test_without_a_store_secrets_are_named_in_the_cluster() -> None:
    oidc = {**OIDC, "client_secret_name": "my-oidc#secret"}
    made = values({**PLAIN, "root_url": "http://localhost:3000/", "auth": {"oidc": oidc}})
    variable = made["envValueFrom"]["GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET"]
    assert variable == {"secretKeyRef": {"name": "my-oidc", "key": "secret"}}
    wrong = faults(root_url="http://localhost/", auth={"oidc": OIDC})
    assert "Kubernetes Secret" in wrong["auth.oidc.client_secret_name"]


def test_the_sidecar_reads_config_maps_alone_and_only_it_has_a_token() -> None:
    made = values(FULL)
    assert made["rbac"] == {"create": True, "namespaced": True, "useExistingRole": "grafana-dashboards"}
    assert made["sidecar"]["datasources"] == {"enabled": False}
    dashboards_ = made["sidecar"]["dashboards"]
    assert (dashboards_["resource"], dashboards_["searchNamespace"]) == ("configmap", "observability")
    assert dashboards_["skipReload"] is True, "a reload would need the administrator's password"
    assert made["automountServiceAccountToken"] is made["serviceAccount"]["automountServiceAccountToken"] is False
    assert "/var/run/secrets/kubernetes.io/serviceaccount" in [m["mountPath"] for m in dashboards_["extraMounts"]]


# --- configuration ---------------------------------------------------------------------------------


def test_nobody_comes_in_unasked_and_nothing_calls_home() -> None:
    made = ini(PLAIN)
    assert made["auth.anonymous"]["enabled"] is False
    assert made["users"] == {"allow_sign_up": False, "allow_org_create": False, "viewers_can_edit": False}
    assert not any(made["analytics"].values())
    assert made["security"]["disable_gravatar"] is True
    assert made["plugins"]["preinstall_disabled"] is True
    assert made["snapshots"]["external_enabled"] is made["public_dashboards"]["enabled"] is False


def test_grafana_shows_alerts_and_evaluates_none() -> None:
    assert ini(FULL)["unified_alerting"] == {"enabled": True, "execute_alerts": False}
    assert values(FULL).get("headlessService", False) is False, "pods that evaluate nothing need no gossip"


def test_cookies_are_for_tls_alone_wherever_there_is_tls() -> None:
    assert ini(PLAIN)["security"]["cookie_secure"] is False, "a browser would drop it on plain http"
    for args in (FULL, {**PLAIN, "ingress": INGRESS}, {**PLAIN, "root_url": "https://grafana.example.com/"}):
        security = ini(args)["security"]
        assert security["cookie_secure"] is security["strict_transport_security"] is True


def test_with_an_issuer_grafana_serves_https_and_takes_renewed_certificates() -> None:
    made = values(FULL)
    server = ini(FULL)["server"]
    assert (server["protocol"], server["cert_file"], server["cert_key"]) == (
        "https",
        "/etc/tls/tls.crt",
        "/etc/tls/tls.key",
    )
    assert (server["certs_watch_interval"], server["min_tls_version"]) == ("1m", "TLS1.2")
    assert made["readinessProbe"]["httpGet"]["scheme"] == made["livenessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert made["service"]["port"] == 443
    assert made["serviceMonitor"]["scheme"] == "https"
    assert made["serviceMonitor"]["tlsConfig"] == {
        "ca": {"secret": {"name": "grafana-tls", "key": "ca.crt"}},
        "serverName": "grafana.observability.svc.cluster.local",
    }
    (mount,) = [each for each in made["extraSecretMounts"] if each["name"] == "tls"]
    assert (mount["secretName"], mount["mountPath"]) == ("grafana-tls", "/etc/tls")
    assert "subPath" not in mount, "a single file would keep the first certificate for ever"


def test_the_load_balancer_is_internal_and_speaks_tls_on_both_sides() -> None:
    annotations = {k.rpartition("/")[2]: v for k, v in values(FULL)["ingress"]["annotations"].items()}
    assert (annotations["scheme"], annotations["target-type"]) == ("internal", "ip")
    assert json.loads(annotations["listen-ports"]) == [{"HTTPS": 443}]
    assert annotations["ssl-policy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
    assert annotations["backend-protocol"] == annotations["healthcheck-protocol"] == "HTTPS"
    assert annotations["healthcheck-path"] == "/api/health"
    assert ini(FULL)["server"]["root_url"] == "https://grafana.example.com/"
    plain = values({**PLAIN, "ingress": INGRESS})["ingress"]["annotations"]
    assert plain["alb.ingress.kubernetes.io/backend-protocol"] == "HTTP"


# --- sign-in ---------------------------------------------------------------------------------------


def test_oidc_uses_pkce_and_gives_roles_by_groups() -> None:
    section = ini(FULL)["auth.generic_oauth"]
    assert section["use_pkce"] is section["role_attribute_strict"] is True
    assert section["allow_assign_grafana_admin"] is False
    assert section["role_attribute_path"] == (
        "(contains(not_null(\"groups\"[*], ''), 'platform')) && 'Admin'"
        " || (contains(not_null(\"groups\"[*], ''), 'developers') || contains(not_null(\"groups\"[*], ''), 'sre'))"
        " && 'Editor' || 'Viewer'"
    )


def test_who_is_in_no_group_is_refused_once_viewers_are_named() -> None:
    path = role_attribute_path({**OIDC, "viewer_groups": ["staff"]})  # type: ignore[typeddict-item]
    assert path.endswith("'staff')) && 'Viewer'")
    other = role_attribute_path({**OIDC, "groups_claim": "cognito:groups"})  # type: ignore[typeddict-item]
    assert '"cognito:groups"[*]' in other


def test_ldap_speaks_tls_and_its_password_is_a_variable() -> None:
    import tomllib

    made = tomllib.loads(values(FULL)["ldap"]["config"])
    (server,) = made["servers"]
    assert (server["port"], server["use_ssl"], server["ssl_skip_verify"]) == (636, True, False)
    assert server["bind_password"] == "${GRAFANA_LDAP_BIND_PASSWORD}"
    assert "GRAFANA_LDAP_BIND_PASSWORD" in values(FULL)["envValueFrom"]
    assert server["root_ca_cert"] == "/etc/grafana/ldap-ca/ca.crt"
    groups = [(each["org_role"], each["group_dn"]) for each in server["group_mappings"]]
    assert groups == [("Admin", "cn=platform,dc=example,dc=com"), ("Viewer", "*")]
    start = tomllib.loads(ldap_toml({**LDAP, "start_tls": True, "viewer_group_dns": ["cn=all"]}))  # type: ignore[typeddict-item]
    assert (start["servers"][0]["port"], start["servers"][0]["start_tls"]) == (389, True)
    assert "*" not in [each["group_dn"] for each in start["servers"][0]["group_mappings"]]


def test_saml_runs_on_grafana_enterprise_with_its_license() -> None:
    made = values(ENTERPRISE)
    assert made["image"]["repository"] == "grafana/grafana-enterprise"
    assert ini(ENTERPRISE)["enterprise"]["license_path"] == "/etc/grafana/license/license.jwt"
    assert ini(ENTERPRISE)["auth.saml"]["role_values_admin"] == "platform"
    mounts = {each["mountPath"]: each["secretName"] for each in made["extraSecretMounts"]}
    assert mounts["/etc/grafana/saml"] == "grafana-saml"
    assert mounts["/etc/grafana/license"] == "grafana-license"


@pytest.mark.parametrize(
    ("changed", "path", "bound"),
    [
        ({"auth": {"saml": SAML}, "root_url": "https://g.example.com"}, "auth.saml", "enterprise true"),
        ({"auth": {"oidc": OIDC}}, "auth.oidc", "ingress or root_url"),
        ({"auth": {"login_form": False}}, "auth.login_form", "be true"),
        ({"auth": {"ldap": LDAP, "login_form": False}}, "auth.login_form", "be true"),
        ({"auth": {"ldap": {**LDAP, "port": 389}}}, "auth.ldap.port", "plain text"),
        ({"auth": {"ldap": {**LDAP, "search_base_dns": []}}}, "auth.ldap.search_base_dns", "at least one"),
        ({"auth": {"ldap": {**LDAP, "host": "ldap://x"}}}, "auth.ldap.host", "host name"),
        ({"auth": {"ldap": {**LDAP, "bind_dn": 'cn="x"\nbad'}}}, "auth.ldap", "quotes"),
        ({"auth": {"oidc": {**OIDC, "api_url": "http://i"}}, "root_url": "https://g"}, "auth.oidc.api_url", "https"),
        ({"auth": {"oidc": {**OIDC, "admin_groups": ["a') || 'Admin' || ('"]}}, "root_url": "https://g"},
         "auth.oidc.admin_groups[0]", "letters"),
        ({"auth": {"oidc": {**OIDC, "scopes": ["email"]}}, "root_url": "https://g"}, "auth.oidc.scopes", "openid"),
        ({"ingress": {**INGRESS, "certificate_arn": ""}}, "ingress.certificate_arn", "certificate of ACM"),
        ({"ingress": {**INGRESS, "inbound_cidrs": ["0.0.0.0/0"]}}, "ingress.inbound_cidrs[0]", "private"),
        ({"ingress": {**INGRESS, "host": "grafana"}}, "ingress.host", "grafana.example.com"),
        ({"ingress": INGRESS, "root_url": "https://other/"}, "root_url", "left out"),
        ({"enterprise": True}, "license_secret_name", "with enterprise"),
        ({"license_secret_name": "license"}, "license_secret_name", "only with it"),
        ({"secret_store_name": "secrets-manager"}, "kms_key_arn", "secret_store_name"),
        ({**FULL, "database": {"secret_name": "/obs/db"}}, "database.secret_name", "below"),
        ({"signals": {}}, "signals", "at least one"),
        ({"signals": {"loki_url": "loki:80"}}, "signals.loki_url", "https://"),
        ({"signals": {**SIGNALS, "loki_tenants": ["a b"]}}, "signals.loki_tenants[0]", "letters"),
        ({"signals": {**SIGNALS, "loki_tenants": ["a", "a"]}}, "signals.loki_tenants[1]", "once"),
        ({"signals": {"thanos_url": "http://t", "tempo_tenants": ["a"]}}, "signals.tempo_tenants", "tempo_url"),
        ({"sizing": {"memory": "lots"}}, "sizing.memory", "512Mi"),
        ({"namespace": "No"}, "namespace", "DNS label"),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_with_their_name(changed: dict[str, Any], path: str, bound: str) -> None:
    found = faults(**changed)
    assert path in found, found
    assert bound in found[path]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"subnet_ids": ["subnet-1"]}, "subnet_ids"),
        ({"backup_days": 1}, "backup_days"),
        ({"storage_gib": 200}, "max_storage_gib"),
        ({"instance_class": "large"}, "instance_class"),
        ({"log_retention_days": 8}, "log_retention_days"),
        ({"account_id": "1"}, "account_id"),
    ],
)
def test_a_database_that_rds_would_refuse_is_refused_first(changed: dict[str, Any], path: str) -> None:
    good: Any = {
        "platform_name": "obs", "account_id": "123456789012", "region": "eu-west-1", "kms_key_arn": "k",
        "vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "client_security_group_id": "sg-1",
    }  # fmt: skip
    assert grafana_database_faults(good) == []
    assert [fault.path for fault in grafana_database_faults({**good, **changed})] == [path]


# --- network ---------------------------------------------------------------------------------------


def flows(args: dict[str, Any]) -> set[tuple[str, str, int]]:
    network: Any = grafana_network(args)  # type: ignore[arg-type]
    assert network_policy_faults(network) == []
    return {(each["source"], each["target"], each.get("port", 0)) for each in network["flows"]}


def test_grafana_reaches_the_backends_that_are_on_and_both_ends_open() -> None:
    asked = {(source, target) for source, target, _ in flows(PLAIN) if source == "grafana"}
    assert asked == {("grafana", name) for name, _, _ in BACKENDS.values()} | {
        ("grafana", "dns"), ("grafana", "private-network"),
    }  # fmt: skip
    specs = network_policy_specs(grafana_network(PLAIN))  # type: ignore[arg-type]
    for name, _, port in BACKENDS.values():
        (rule,) = specs[name]["ingress"]
        assert rule["ports"] == [{"port": port, "protocol": "TCP"}]
    fewer = flows({**PLAIN, "signals": {"loki_url": "http://loki"}})
    assert ("grafana", "thanos-query-frontend", 9090) not in fewer


def test_nothing_else_is_open_until_it_is_asked_for() -> None:
    outside = {
        ("grafana", "everywhere", 443),
        ("grafana", "private-network", 5432),
        ("grafana", "private-network", 636),
        ("private-network", "grafana", 3000),
    }
    assert not outside & flows(PLAIN)
    assert outside <= flows(FULL)
    assert ("prometheus-anywhere", "grafana", 3000) in flows(PLAIN)


def test_backends_are_selected_as_their_own_rooms_select_them() -> None:
    from components.metrics.flows import metrics_network

    network: Any = metrics_network("observability", False)
    for peer in ("thanos-query-frontend", "prometheus", "alertmanager"):
        (labels,) = [labels for name, labels, _ in BACKENDS.values() if name == peer]
        assert network["peers"][peer]["labels"] == labels


# --- dashboards, alerts ----------------------------------------------------------------------------


def test_every_dashboard_fits_a_config_map_and_has_a_folder_and_a_uid_of_its_own() -> None:
    every = dashboards()
    assert every
    assert {each.folder for each in every} <= set(names.FOLDERS)
    assert len({each.model["uid"] for each in every}) == len({each.config_map for each in every}) == len(every)
    assert all(len(json.dumps(each.model)) < MOST_BYTES for each in every)


def test_dashboards_ask_datasources_that_exist_by_uid() -> None:
    known = {each["uid"] for each in datasources(SIGNALS, False)}  # type: ignore[arg-type]
    for each in dashboards():
        assert each.uids(), f"{each.name} asks nobody"
        assert each.uids() <= known
        for panel in each.model["panels"]:
            for target in panel.get("targets", []):
                assert target["datasource"]["uid"] in known, panel["title"]


def test_a_dashboard_without_its_datasource_is_left_out() -> None:
    assert "dashboard-platform-overview" in dashboard_config_maps(datasources(SIGNALS, False), {}, "observability")  # type: ignore[arg-type]
    only: Any = datasources({"loki_url": "http://loki"}, False)
    assert "dashboard-platform-overview" not in dashboard_config_maps(only, {}, "observability")


def test_dashboards_are_found_by_the_sidecars_label_in_their_folder() -> None:
    made = dashboard_config_maps(datasources(SIGNALS, False), {}, "observability")  # type: ignore[arg-type]
    metadata = made["dashboard-platform-overview"]["metadata"]
    sidecar = values(PLAIN)["sidecar"]["dashboards"]
    assert metadata["labels"][sidecar["label"]] == sidecar["labelValue"]
    assert metadata["annotations"] == {sidecar["folderAnnotation"]: "Platform"}
    (text,) = made["dashboard-platform-overview"]["data"].values()
    assert "@REACH@" not in text
    assert json.loads(text)["uid"] == "platform-overview"


def test_the_first_page_says_truly_how_far_back_each_datasource_goes() -> None:
    table = reach({"thanos", "prometheus", "loki"}, {"logs": {"days": 45}})
    assert "| loki | 45 days |" in table
    assert "| thanos | 30 days as scraped, 90 days at 5 minutes, 365 days at 1 hour |" in table
    assert "| prometheus | about 6 hours" in table, "local data: two hours, and four to upload them"
    assert "tempo" not in table


def test_somebody_is_told_when_grafana_is_down() -> None:
    rules = [rule for group in grafana_alerts("observability") for rule in group["rules"]]
    assert {rule["alert"] for rule in rules} >= {"GrafanaDown", "GrafanaDatasourceFailing"}
    assert yaml.safe_dump(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert {"summary", "description"} <= set(rule["annotations"])

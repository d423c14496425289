"""How people sign in, as sections of Grafana's configuration; secrets only by name.

Roles follow groups at each sign-in: whoever leaves a group loses the role.
"""

from collections.abc import Mapping
from typing import Any

from .auth_args import GrafanaAuthArgs, GrafanaLdapArgs, GrafanaOidcArgs, GrafanaSamlArgs

LDAP_FILE = "/etc/grafana/ldap.toml"
LDAP_CA_FOLDER = "/etc/grafana/ldap-ca"
SAML_FOLDER = "/etc/grafana/saml"
LDAP_PASSWORD = "GRAFANA_LDAP_BIND_PASSWORD"
"""Variable of the container that `ldap.toml` names."""

Sections = dict[str, dict[str, Any]]


def auth_sections(auth: GrafanaAuthArgs) -> Sections:
    """Sections of `grafana.ini`."""
    sections: Sections = {
        "auth": {
            "disable_login_form": not auth.get("login_form", True),
            # A working week and a bit: nobody stays signed in who left.
            "login_maximum_inactive_lifetime_duration": "1d",
            "login_maximum_lifetime_duration": "7d",
            "oauth_allow_insecure_email_lookup": False,
        },
        "auth.anonymous": {"enabled": False},
    }
    if "oidc" in auth:
        sections["auth.generic_oauth"] = _oidc(auth["oidc"])
        if "logout_url" in auth["oidc"]:
            sections["auth"]["signout_redirect_url"] = auth["oidc"]["logout_url"]
    if "ldap" in auth:
        sections["auth.ldap"] = {"enabled": True, "config_file": LDAP_FILE, "allow_sign_up": True}
    if "saml" in auth:
        sections["auth.saml"] = _saml(auth["saml"])
    return sections


def _oidc(oidc: GrafanaOidcArgs) -> dict[str, Any]:
    """The client's secret comes by a variable of the container, which overrides this section."""
    return {
        "enabled": True,
        "name": oidc.get("name", "SSO"),
        "allow_sign_up": True,
        "client_id": oidc["client_id"],
        "auth_url": oidc["auth_url"],
        "token_url": oidc["token_url"],
        "api_url": oidc["api_url"],
        "scopes": " ".join(oidc.get("scopes", ["openid", "profile", "email"])),
        "use_pkce": True,
        "use_refresh_token": "offline_access" in oidc.get("scopes", []),
        "role_attribute_path": role_attribute_path(oidc),
        # Who gets no role from the line above is refused.
        "role_attribute_strict": True,
        "skip_org_role_sync": False,
        "allow_assign_grafana_admin": False,
    }


def role_attribute_path(oidc: GrafanaOidcArgs) -> str:
    """The role as JMESPath over the claims.

    A claim that is missing, or is one text and no list, is as good as no group: compared with it, `contains` would
    fail, or find a group's name within another's.
    """
    claim = oidc.get("groups_claim", "groups")
    choices = []
    for role, members in (
        ("Admin", oidc.get("admin_groups", [])),
        ("Editor", oidc.get("editor_groups", [])),
        ("Viewer", oidc.get("viewer_groups", [])),
    ):
        if members:
            member = " || ".join(f"contains(not_null(\"{claim}\"[*], ''), '{group}')" for group in members)
            choices.append(f"({member}) && '{role}'")
    return " || ".join([*choices, *([] if oidc.get("viewer_groups") else ["'Viewer'"])])


def _saml(saml: GrafanaSamlArgs) -> dict[str, Any]:
    return {
        "enabled": True,
        "name": "SSO",
        "allow_sign_up": True,
        "allow_idp_initiated": False,
        "certificate_path": f"{SAML_FOLDER}/tls.crt",
        "private_key_path": f"{SAML_FOLDER}/tls.key",
        "signature_algorithm": "rsa-sha256",
        "idp_metadata_url": saml["idp_metadata_url"],
        "assertion_attribute_login": saml.get("login_attribute", "login"),
        "assertion_attribute_email": saml.get("email_attribute", "email"),
        "assertion_attribute_name": saml.get("name_attribute", "displayName"),
        "assertion_attribute_role": saml.get("groups_attribute", "groups"),
        "role_values_admin": ",".join(saml.get("admin_groups", [])),
        "role_values_editor": ",".join(saml.get("editor_groups", [])),
        "skip_org_role_sync": False,
    }


def ldap_toml(ldap: GrafanaLdapArgs) -> str:
    """The directory's own file. TLS and its verification can't be switched off."""
    start_tls = bool(ldap.get("start_tls", False))
    server = {
        "host": ldap["host"],
        "port": ldap_port(ldap),
        "use_ssl": True,
        "start_tls": start_tls,
        "min_tls_version": "TLS1.2",
        "ssl_skip_verify": False,
        **({"root_ca_cert": f"{LDAP_CA_FOLDER}/ca.crt"} if "ca_secret_name" in ldap else {}),
        "bind_dn": ldap["bind_dn"],
        "bind_password": f"${{{LDAP_PASSWORD}}}",
        "search_filter": ldap.get("search_filter", "(sAMAccountName=%s)"),
        "search_base_dns": ldap["search_base_dns"],
        **_group_search(ldap),
    }
    attributes = {
        "username": ldap.get("username_attribute", "sAMAccountName"),
        "email": ldap.get("email_attribute", "mail"),
        "member_of": ldap.get("member_of_attribute", "memberOf"),
        "name": "givenName",
        "surname": "sn",
    }
    lines = ["[[servers]]", *_lines(server), "", "[servers.attributes]", *_lines(attributes)]
    for role, group in _ldap_groups(ldap):
        lines += ["", "[[servers.group_mappings]]", *_lines({"group_dn": group, "org_role": role})]
    return "\n".join(lines) + "\n"


def ldap_port(ldap: GrafanaLdapArgs) -> int:
    """The directory's port."""
    return int(ldap.get("port", 389 if ldap.get("start_tls") else 636))


def _group_search(ldap: GrafanaLdapArgs) -> dict[str, Any]:
    if "group_search_base_dns" not in ldap:
        return {}
    return {
        "group_search_filter": ldap.get("group_search_filter", "(&(objectClass=posixGroup)(memberUid=%s))"),
        "group_search_base_dns": ldap["group_search_base_dns"],
    }


def _ldap_groups(ldap: GrafanaLdapArgs) -> list[tuple[str, str]]:
    """First match wins, so administrators come first; `*` is everybody."""
    return [
        *(("Admin", group) for group in ldap.get("admin_group_dns", [])),
        *(("Editor", group) for group in ldap.get("editor_group_dns", [])),
        *(("Viewer", group) for group in ldap.get("viewer_group_dns", ["*"])),
    ]


def _lines(settings: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in settings.items()]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\") + '"'
    return f"[{', '.join(_toml(item) for item in value)}]"

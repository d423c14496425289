"""Signing in: OpenID Connect, LDAP or SAML, who becomes what by their groups, and what is wrong with that."""

import re
from typing import Any, NotRequired, TypedDict

from ..validation import Fault


class GrafanaOidcArgs(TypedDict):
    """An OpenID Connect provider. Its redirect address is `<address of Grafana>/login/generic_oauth`."""

    client_id: str
    """Client's id at the provider."""
    client_secret_name: str
    """Where the client's secret is: a secret in Secrets Manager, by its name below `/<platform>/`, after a `#` the
    field if it is JSON; without a secret store a Kubernetes Secret in Grafana's namespace, after a `#` its key
    (default `client-secret`)."""
    auth_url: str
    """Authorization endpoint, https."""
    token_url: str
    """Token endpoint, https."""
    api_url: str
    """User info endpoint, https."""
    name: NotRequired[str]
    """What the button says. Default SSO."""
    scopes: NotRequired[list[str]]
    """Scopes; some providers need one more for groups. Default openid, profile and email."""
    groups_claim: NotRequired[str]
    """Claim that lists the groups. Default groups."""
    admin_groups: NotRequired[list[str]]
    """Members become administrators of the organisation. Default nobody."""
    editor_groups: NotRequired[list[str]]
    """Members become editors. Default nobody."""
    viewer_groups: NotRequired[list[str]]
    """Members become viewers, and who is in no group is refused. Default: everybody whom the provider lets in."""
    logout_url: NotRequired[str]
    """Where signing out leads to, https. Default Grafana's own page."""


class GrafanaLdapArgs(TypedDict):
    """A directory, over TLS always."""

    host: str
    """Host name, which its certificate must bear."""
    port: NotRequired[int]
    """Port. Default 636, with `start_tls` 389."""
    start_tls: NotRequired[bool]
    """Begin in plain text and switch to TLS before anything is said, instead of LDAPS. Default false."""
    ca_secret_name: NotRequired[str]
    """Kubernetes Secret in Grafana's namespace with `ca.crt`, the authority of the directory. Default public ones."""
    bind_dn: str
    """Who searches: its distinguished name."""
    bind_secret_name: str
    """Where its password is, as `client_secret_name` of OIDC; key of a Kubernetes Secret by default `password`."""
    search_base_dns: list[str]
    """Where users are searched; at least one."""
    search_filter: NotRequired[str]
    """How users are found; %s is what they typed. Default (sAMAccountName=%s), Active Directory's."""
    group_search_base_dns: NotRequired[list[str]]
    """Where groups are searched, in directories whose users don't know theirs. Default: users' `memberOf`."""
    group_search_filter: NotRequired[str]
    """How groups are found; %s is the user. Default (&(objectClass=posixGroup)(memberUid=%s))."""
    username_attribute: NotRequired[str]
    """Attribute of the login name. Default sAMAccountName."""
    email_attribute: NotRequired[str]
    """Attribute of the address. Default mail."""
    member_of_attribute: NotRequired[str]
    """Attribute that lists groups. Default memberOf."""
    admin_group_dns: NotRequired[list[str]]
    """Distinguished names of groups whose members become administrators. Default nobody."""
    editor_group_dns: NotRequired[list[str]]
    """The same for editors. Default nobody."""
    viewer_group_dns: NotRequired[list[str]]
    """The same for viewers; who is in no group is refused. Default: everybody in the directory."""


class GrafanaSamlArgs(TypedDict):
    """A SAML identity provider; Grafana Enterprise only."""

    idp_metadata_url: str
    """Address of the provider's metadata, https."""
    key_pair_secret_name: str
    """Where the service provider's key pair is: a JSON secret in Secrets Manager with `tls.crt` and `tls.key`, by its
    name below `/<platform>/`; without a secret store a Kubernetes Secret with these keys."""
    groups_attribute: NotRequired[str]
    """Attribute of the assertion that lists groups. Default groups."""
    login_attribute: NotRequired[str]
    """Attribute of the login name. Default login."""
    email_attribute: NotRequired[str]
    """Attribute of the address. Default email."""
    name_attribute: NotRequired[str]
    """Attribute of the full name. Default displayName."""
    admin_groups: NotRequired[list[str]]
    """Members become administrators of the organisation. Default nobody."""
    editor_groups: NotRequired[list[str]]
    """Members become editors; all others whom the provider lets in are viewers. Default nobody."""


class GrafanaAuthArgs(TypedDict):
    """How people sign in, besides the administrator with a password."""

    oidc: NotRequired[GrafanaOidcArgs]
    """OpenID Connect."""
    ldap: NotRequired[GrafanaLdapArgs]
    """LDAP or Active Directory."""
    saml: NotRequired[GrafanaSamlArgs]
    """SAML, with Grafana Enterprise."""
    login_form: NotRequired[bool]
    """Show the form for name and password, which the administrator and LDAP need. Default true."""


_GROUP = re.compile(r"[\w @./:=,+-]{1,256}")
"""Neither quotes nor what the configuration file reads as its own: `#`, `;`, `$`, `%`."""
_SECRET = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*(#[A-Za-z0-9_.-]+)?")
_URL = re.compile(r"https://[^\s\"'`#;$%]+")


def auth_faults(auth: GrafanaAuthArgs, enterprise: bool, has_address: bool, path: str = "auth") -> list[Fault]:
    """Everything wrong with how people are to sign in; `has_address`: browsers know where to come back to."""
    faults: list[Fault] = []
    for kind in ("oidc", "saml"):
        if kind in auth and not has_address:
            bound = "come with ingress or root_url: the provider sends browsers back to that address"
            faults.append(Fault(f"{path}.{kind}", "given", bound))
    if "saml" in auth and "oidc" in auth:
        faults.append(Fault(f"{path}.saml", "given", "be left out, or oidc: people have one way to sign on"))
    if "saml" in auth and not enterprise:
        bound = "come with enterprise true: Grafana without a license knows no SAML; most providers also speak OIDC"
        faults.append(Fault(f"{path}.saml", "given", bound))
    if not auth.get("login_form", True) and ("ldap" in auth or not {"oidc", "saml"} & set(auth)):
        bound = "be true: people type a password, unless there is oidc or saml and no ldap"
        faults.append(Fault(f"{path}.login_form", False, bound))
    if "oidc" in auth:
        faults += _oidc(auth["oidc"], f"{path}.oidc")
    if "ldap" in auth:
        faults += _ldap(auth["ldap"], f"{path}.ldap")
    if "saml" in auth:
        faults += _saml(auth["saml"], f"{path}.saml")
    return faults


def secret_name_faults(path: str, name: str) -> list[Fault]:
    """What doesn't name a secret below the platform's path."""
    if _SECRET.fullmatch(name):
        return []
    return [Fault(path, name, "be a name below /<platform>/ such as grafana/oidc, with #field if it is JSON")]


def url_faults(path: str, url: str) -> list[Fault]:
    """What is no address over TLS."""
    return [] if _URL.fullmatch(url) else [Fault(path, url, "be an https:// address")]


def _oidc(oidc: GrafanaOidcArgs, path: str) -> list[Fault]:
    given: dict[str, Any] = dict(oidc)
    faults = secret_name_faults(f"{path}.client_secret_name", oidc["client_secret_name"])
    for key in ("auth_url", "token_url", "api_url", "logout_url"):
        if key in given:
            faults += url_faults(f"{path}.{key}", given[key])
    if not re.fullmatch(r"[\w.:/-]{1,128}", oidc.get("groups_claim", "groups")):
        faults.append(Fault(f"{path}.groups_claim", given["groups_claim"], "be the name of a claim"))
    for key in ("client_id", "name"):
        if key in given and not _GROUP.fullmatch(given[key]):
            faults.append(Fault(f"{path}.{key}", given[key], "be 1 to 256 letters, digits, spaces or _@./:=,+-"))
    if "scopes" in oidc and "openid" not in oidc["scopes"]:
        faults.append(Fault(f"{path}.scopes", oidc["scopes"], "hold openid"))
    return faults + _group_faults(given, path)


def _group_faults(given: dict[str, Any], path: str) -> list[Fault]:
    return [
        Fault(f"{path}.{key}[{index}]", group, "be 1 to 256 letters, digits, spaces or _@./:=,+-")
        for key in ("admin_groups", "editor_groups", "viewer_groups")
        for index, group in enumerate(given.get(key, []))
        if not _GROUP.fullmatch(group)
    ]


def _ldap(ldap: GrafanaLdapArgs, path: str) -> list[Fault]:
    given: dict[str, Any] = dict(ldap)
    faults = secret_name_faults(f"{path}.bind_secret_name", ldap["bind_secret_name"])
    if not re.fullmatch(r"[A-Za-z0-9.-]+", ldap["host"]):
        faults.append(Fault(f"{path}.host", ldap["host"], "be a host name, without a scheme or port"))
    port = given.get("port", 636)
    if not 1 <= port <= 65535:
        faults.append(Fault(f"{path}.port", port, "be from 1 to 65535"))
    if port == 389 and not ldap.get("start_tls"):
        faults.append(Fault(f"{path}.port", port, "be 636, or start_tls be true: 389 begins in plain text"))
    if not ldap["search_base_dns"]:
        faults.append(Fault(f"{path}.search_base_dns", [], "name at least one place to search"))
    if "%s" not in ldap.get("search_filter", "%s"):
        faults.append(Fault(f"{path}.search_filter", given["search_filter"], "hold %s, where the login name goes"))
    texts = [value for value in given.values() if isinstance(value, str)]
    texts += [text for value in given.values() if isinstance(value, list) for text in value]
    bad = [text for text in texts if re.search(r"[\"\n$]|\{\{", text)]
    return faults + [Fault(path, text, "hold no quotes, line breaks, $ or two opening braces") for text in bad]


def _saml(saml: GrafanaSamlArgs, path: str) -> list[Fault]:
    given: dict[str, Any] = dict(saml)
    faults = secret_name_faults(f"{path}.key_pair_secret_name", saml["key_pair_secret_name"])
    faults += url_faults(f"{path}.idp_metadata_url", saml["idp_metadata_url"])
    for key in ("groups_attribute", "login_attribute", "email_attribute", "name_attribute"):
        if key in given and not _GROUP.fullmatch(given[key]):
            faults.append(Fault(f"{path}.{key}", given[key], "be 1 to 256 letters, digits, spaces or _@./:=,+-"))
    return faults + _group_faults(given, path)

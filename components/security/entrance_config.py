"""Nginx at the entrance, as a pure function: its configuration, and the script that starts it and renews it.

A cluster is known by the host name that it calls (SNI), and must have a certificate of that cluster's own authority,
in that cluster's name. From there on nothing that it says about itself counts: the tenant is set here, and no header
is passed on but those that describe the body.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from . import entrance_names as names
from .centre import LOGS_PATH, METRICS_PATH, OTLP_METRICS_PATH, PROFILES_PATH, TRACES_PATH
from .certificate import CA_FILE, CERTIFICATE_FILE, KEY_FILE
from .entrance_args import EntranceArgs, EntranceUpstreamsArgs, domain, host, upstreams

CONFIG_FOLDER = "/etc/entrance"
CLIENTS_FOLDER = "/etc/clients"
"""A folder for each cluster, with `ca.crt` once it is known."""
SCRIPT = "entrance.sh"
RELOAD_SECONDS = 60
RESOLVER = "kube-dns.kube-system.svc.cluster.local"
"""The cluster's name server; its Service has this name on EKS, kind and k3d alike."""
TENANT_HEADERS = ("X-Scope-OrgID", "THANOS-TENANT")
PASSED_HEADERS = (
    "Content-Type", "Content-Encoding", "User-Agent", "X-Prometheus-Remote-Write-Version",
    "Connect-Protocol-Version", "Connect-Timeout-Ms", "Accept-Encoding",
)  # fmt: skip
"""What describes a body. Not the rest: Thanos, for one, takes a write with THANOS-REPLICA for one that has been
copied already, and keeps no copies of it."""


class Way(NamedTuple):
    """From a path to a backend."""

    path: str
    upstream: str
    body_mib: int
    """The backend's own limit; larger bodies are refused here already."""


WAYS = (
    Way(METRICS_PATH, "metrics", 10),
    Way(LOGS_PATH, "logs", 16),
    Way(TRACES_PATH, "otlp", 16),
    Way(OTLP_METRICS_PATH, "otlp", 16),
    Way(PROFILES_PATH, "profiles", 32),
)


def entrance_files(args: EntranceArgs, resolver: str = RESOLVER) -> dict[str, str]:
    """The files of the ConfigMap."""
    of_domain = domain(args)
    return {
        "nginx.conf": _MAIN.format(resolver=resolver, port=names.PORT, health=names.HEALTH_PORT),
        SCRIPT: _SCRIPT,
        **{
            f"server-{cluster}.conf": _server(cluster, host(cluster, of_domain), each["tenant"], upstreams(args))
            for cluster, each in sorted(args["clusters"].items())
        },
    }


_MAIN = """\
worker_processes 2;
# A connection that began under the configuration before may go on for this long.
worker_shutdown_timeout 60s;
pid /tmp/nginx.pid;
error_log /dev/stderr notice;

events {{
  worker_connections 4096;
}}

http {{
  client_body_temp_path /tmp/client_body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;

  # What went well is counted by the backends.
  map $status $refused {{
    ~^[23] 0;
    default 1;
  }}
  log_format refusals '$time_iso8601 $remote_addr $ssl_server_name "$ssl_client_s_dn" $ssl_client_verify '
                      '$status $request_method $uri $request_length $upstream_addr $upstream_status $request_time';
  access_log /dev/stdout refusals if=$refused;

  server_tokens off;
  client_header_timeout 10s;
  client_body_timeout 30s;
  keepalive_timeout 300s;
  keepalive_requests 10000;
  # Addresses of Services are looked up while running: a backend may come later than this, or be made anew.
  resolver {resolver} valid=10s ipv6=off;
  resolver_timeout 5s;

  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305;
  # No session is resumed: one that began at one cluster's name could go on at another's (CVE-2025-23419).
  ssl_session_cache off;
  ssl_session_tickets off;

  server {{
    listen {health};
    location = /healthz {{
      access_log off;
      return 200;
    }}
    location / {{
      return 404;
    }}
  }}

  # Whoever calls no cluster's name.
  server {{
    listen {port} ssl default_server;
    ssl_reject_handshake on;
    return 421;
  }}

  include /tmp/servers/*.conf;
}}
"""


def _server(cluster: str, name: str, tenant: str, wanted: EntranceUpstreamsArgs) -> str:
    """The server of one cluster. A request whose Host is another cluster's is answered 421 by Nginx itself."""
    lines = [
        "server {",
        f"  listen {names.PORT} ssl;",
        f"  server_name {name};",
        f"  ssl_certificate {CERTIFICATE_FILE};",
        f"  ssl_certificate_key {KEY_FILE};",
        "  ssl_verify_client on;",
        f"  ssl_client_certificate {CLIENTS_FOLDER}/{cluster}/ca.crt;",
        "  ssl_verify_depth 2;",
        "  # The authority signs for everything in its cluster; only the agents' certificate bears the cluster's name.",
        # 503 and not nginx's 400: senders over OTLP throw away what is answered 4xx, and try again after a 503.
        "  error_page 495 496 =503 @later;",
        f'  if ($ssl_client_s_dn !~ "(^|,)CN={cluster}(,|$)") {{',
        "    return 503;",
        "  }",
        "  location @later {",
        "    return 503;",
        "  }",
        *(line for way in WAYS for line in _location(way, tenant, wanted)),
        "  location / {",
        "    return 404;",
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _location(way: Way, tenant: str, wanted: Mapping[str, object]) -> list[str]:
    if way.upstream not in wanted:
        return []
    where = urlsplit(str(wanted[way.upstream]))
    return [
        f"  location = {way.path} {{",
        "    limit_except POST {",
        "      deny all;",
        "    }",
        *(
            f"    {directive};"
            for directive in (
                f"client_max_body_size {way.body_mib}m",
                # Bodies are passed on as they come: there is no disk to keep them on, and senders try again.
                "proxy_request_buffering off",
                "proxy_http_version 1.1",
                "proxy_connect_timeout 5s",
                "proxy_read_timeout 60s",
                "proxy_pass_request_headers off",
                *(f"proxy_set_header {header} $http_{header.lower().replace('-', '_')}" for header in PASSED_HEADERS),
                *(f'proxy_set_header {header} "{tenant}"' for header in TENANT_HEADERS),
                'proxy_set_header Connection ""',
                *(_verified(where) if where.scheme == "https" else ()),
                f'set $backend "{where.hostname}:{_port(where)}"',
                f"proxy_pass {where.scheme}://$backend",
            )
        ),
        "  }",
    ]


def _verified(where: SplitResult) -> tuple[str, ...]:
    """All backends' certificates are of the same authority as the entrance's own."""
    return (
        "proxy_ssl_verify on",
        f"proxy_ssl_trusted_certificate {CA_FILE}",
        f"proxy_ssl_name {where.hostname}",
        "proxy_ssl_server_name on",
        "proxy_ssl_protocols TLSv1.2 TLSv1.3",
        f"proxy_ssl_certificate {CERTIFICATE_FILE}",
        f"proxy_ssl_certificate_key {KEY_FILE}",
    )


def _port(where: SplitResult) -> int:
    return where.port or (443 if where.scheme == "https" else 80)


_SCRIPT = f"""\
#!/bin/sh
# Starts Nginx, and lets it read certificates and configuration again when they have changed.
#
# A cluster's server counts once its authority is known and Nginx accepts it: a cluster that has not published its
# authority yet, or publishes nonsense, keeps nobody else out.
set -eu
configuration="{CONFIG_FOLDER}"
clients="{CLIENTS_FOLDER}"
servers=/tmp/servers
nginx="nginx -c $configuration/nginx.conf"

state() {{
  cat "$configuration"/* /etc/tls/* "$clients"/*/ca.crt 2>/dev/null | sha256sum
}}

arrange() {{
  mkdir -p "$servers"
  rm -f "$servers"/*.conf
  for server in "$configuration"/server-*.conf; do
    cluster=$(basename "$server" .conf)
    cluster=${{cluster#server-}}
    if [ ! -s "$clients/$cluster/ca.crt" ]; then
      echo "entrance: closed to $cluster: its authority is not known yet" >&2
      continue
    fi
    cp "$server" "$servers/"
    if ! $nginx -t -q; then
      echo "entrance: closed to $cluster: see above" >&2
      rm -f "$servers/server-$cluster.conf"
    fi
  done
}}

follow() {{
  seen=$1
  while sleep "${{RELOAD_SECONDS:-{RELOAD_SECONDS}}}"; do
    now=$(state)
    if [ "$now" != "$seen" ]; then
      arrange
      if $nginx -t -q && $nginx -s reload; then
        seen=$now
        echo "entrance: read certificates and configuration again" >&2
      fi
    fi
  done
}}

before=$(state)
arrange
follow "$before" &
exec $nginx -g "daemon off;"
"""

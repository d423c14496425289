"""Where Fluent Bit sends to, and what it shows and checks on the way: this cluster's gateway, or the centre's entrance.

Both of its outputs go to the same place. Without an issuer and without a centre nothing is encrypted.
"""

from typing import Any

from ..foundation.pods import RESTRICTED_CONTAINER, resources
from ..security.centre import ENTRANCE_PORT, LOGS_PATH
from ..security.certificate import CA_FILE, CERTIFICATE_FILE, KEY_FILE, secret_mount
from . import names, tls
from .fluent_bit_args import FluentBitArgs, namespaces

_CHECKED = {
    "tls": True,
    "tls.verify": True,
    # Off unless it is said: any certificate of the authority would do for any host.
    "tls.verify_hostname": True,
    "tls.min_version": "TLSv1.2",
    "tls.ca_file": CA_FILE,
}


def target(args: FluentBitArgs) -> dict[str, Any]:
    """The part of an output that says where to."""
    if "centre" in args:
        return {
            "host": args["centre"]["host"],
            "port": ENTRANCE_PORT,
            "uri": LOGS_PATH,
            **_CHECKED,
            "tls.crt_file": CERTIFICATE_FILE,
            "tls.key_file": KEY_FILE,
        }
    gateway = names.gateway_host(namespaces(args)[0])
    if args.get("certificate_issuer"):
        return {"host": gateway, "port": names.GATEWAY_TLS_SERVICE_PORT, **_CHECKED}
    return {"host": gateway, "port": names.GATEWAY_SERVICE_PORT}


def mounted(args: FluentBitArgs, release: str) -> dict[str, Any]:
    """Values that mount what the output reads; empty where it reads nothing."""
    if "centre" in args:
        centre = args["centre"]
        sources = (
            (centre["certificate_secret_name"], ("tls.crt", "tls.key")),
            (centre["ca_secret_name"], ("ca.crt",)),
        )
        volume = {
            "name": tls.VOLUME,
            "projected": {
                "defaultMode": 0o440,
                "sources": [
                    {"secret": {"name": name, "items": [{"key": key, "path": key} for key in keys]}}
                    for name, keys in sources
                ],
            },
        }
        return {"extraVolumes": [volume], "extraVolumeMounts": [secret_mount(tls.VOLUME)]}
    if args.get("certificate_issuer"):
        return tls.authority_mounted(tls.fluent_bit_secret(release))
    return {}


def reloading(args: FluentBitArgs, configuration: str) -> dict[str, Any]:
    """Values with which new certificates are taken: Fluent Bit reads them when it reads its configuration.

    A sidecar watches the folders and asks for that. The chart then no longer restarts the pods for a new
    configuration, which would leave one that can't work unnoticed by Helm: so its hash is kept among the annotations.
    """
    if "centre" not in args and not args.get("certificate_issuer"):
        return {}
    return {
        "hotReload": {
            "enabled": True,
            "extraWatchVolumes": [tls.VOLUME],
            "securityContext": RESTRICTED_CONTAINER,
            "resources": resources("5m", "32Mi", "50m"),
        },
        "podAnnotations": {"checksum/configuration": configuration},
    }

"""How agents of another cluster reach the centre: one address over mutual TLS, a path for each signal.

The centre's entrance knows a cluster by the host name that it calls, asks it for a certificate of that cluster's own
authority, and sets the tenant itself: a cluster can't write as another one.
"""

import re
from typing import TypedDict

from ..foundation.checks import dns_label_faults
from ..validation import Fault

METRICS_PATH = "/api/v1/receive"
LOGS_PATH = "/loki/api/v1/push"
TRACES_PATH = "/v1/traces"
OTLP_METRICS_PATH = "/v1/metrics"
PROFILES_PATH = "/push.v1.PusherService/Push"
ENTRANCE_PORT = 443


class CentreArgs(TypedDict):
    """The centre, as agents of a workload cluster see it."""

    host: str
    """Host name that is this cluster's own at the centre, `<cluster>.<domain>`; port 443, HTTPS over TLS 1.2 or 1.3."""
    certificate_secret_name: str
    """Secret with `tls.crt` and `tls.key`, the cluster's certificate as a client, in each namespace of agents."""
    ca_secret_name: str
    """Secret with `ca.crt`, the authority that signed the entrance's certificate, in each namespace of agents."""


def centre_faults(centre: CentreArgs) -> list[Fault]:
    """An address that is not a host's name, and Secrets that can't exist."""
    faults = []
    name = r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+"
    if not re.fullmatch(name, centre["host"]):
        bound = "be a host's name such as shop.example.com, without scheme and port"
        faults.append(Fault("centre.host", centre["host"], bound))
    faults += dns_label_faults("centre.certificate_secret_name", centre["certificate_secret_name"])
    return faults + dns_label_faults("centre.ca_secret_name", centre["ca_secret_name"])

"""Names and ports that the parts of this room know each other by.

A name here is an address, the subject of a role's trust or the name of a volume: changing one moves data
or cuts a connection. They are fixed, not derived from a component's name, because charts build others on them.
"""

PYROSCOPE = "pyroscope"
"""Release, full name and service account of Pyroscope: `pyroscope-distributor`, `pyroscope-metastore-0`."""
AGENT = "profiles-agent"
"""Release, full name and service account of the agent. Not `alloy`: other signals may bring an Alloy of their own."""

DISTRIBUTOR = "distributor"
SEGMENT_WRITER = "segment-writer"
METASTORE = "metastore"
COMPACTION_WORKER = "compaction-worker"
QUERY_FRONTEND = "query-frontend"
QUERY_BACKEND = "query-backend"
TENANT_SETTINGS = "tenant-settings"
AD_HOC_PROFILES = "ad-hoc-profiles"
ADMIN = "admin"

HELPERS = (TENANT_SETTINGS, AD_HOC_PROFILES, ADMIN)
"""Neither on the way of a profile in nor out: one small pod of each."""
PARTS = (DISTRIBUTOR, SEGMENT_WRITER, METASTORE, COMPACTION_WORKER, QUERY_FRONTEND, QUERY_BACKEND, *HELPERS)
"""Every part that the chart makes for the second storage, by the name of its key and pods."""

METASTORE_CLIENTS = (METASTORE, SEGMENT_WRITER, COMPACTION_WORKER, QUERY_FRONTEND, ADMIN)
"""Those that ask the metastore, whose leader they look up in Kubernetes' endpoint slices."""

HTTP_PORT = 4040
GRPC_PORT = 9095
RAFT_PORT = 9099
MEMBERLIST_PORT = 7946
AGENT_PORT = 12345
BUFFER_PORT = 4041
"""Of the buffer beside the agent, on the pod's own loopback: nobody else reaches it."""

TENANT_HEADER = "X-Scope-OrgID"


def service(part: str) -> str:
    """Name of a part's Service and workload."""
    return f"{PYROSCOPE}-{part}"


def part_labels(part: str) -> dict[str, str]:
    """Labels that select the pods of a part."""
    return {
        "app.kubernetes.io/name": "pyroscope",
        "app.kubernetes.io/instance": PYROSCOPE,
        "app.kubernetes.io/component": part,
    }


def agent_labels() -> dict[str, str]:
    """Labels that select the pods of the agent."""
    return {"app.kubernetes.io/name": "alloy", "app.kubernetes.io/instance": AGENT}

"""Loki's own configuration, as the chart takes it: below `loki:` in its values.

Both topologies run the same one. Not here: credentials (the role of the service account, or the environment),
certificates (`loki_tls.py`) and addresses of Loki's parts (the chart knows them).
"""

from typing import Any

from .. import defaults
from ..foundation.object_store import ObjectStoreArgs
from . import names
from .loki_args import LokiArgs, loki_namespace
from .loki_tls import loki_tls_config, ruler_tls_config
from .retention import DELETE_DELAY_HOURS
from .schema import schema_config
from .sizing import loki_sizing
from .tenants import limits_config, tenant_overrides

RULES_FOLDER = "/etc/loki/rules"
"""Where the ruler finds a folder of rules for each tenant."""

ALERTMANAGER = "{scheme}://_http-web._tcp.{host}"
"""SRV record over every Alertmanager of the metrics room: each must get every alert, they don't pass them on."""


def loki_config(args: LokiArgs) -> dict[str, Any]:
    """Values below `loki:`."""
    sizing = loki_sizing(args.get("sizing"))
    retention = int(args.get("retention_days", defaults.LOGS_DAYS))
    return {
        **loki_tls_config(args),
        "auth_enabled": bool(args.get("multi_tenancy", False)),
        "schemaConfig": schema_config(args.get("schema_periods")),
        "storage": {
            "type": "s3",
            "s3": {"region": args["region"], **_other_s3(args.get("object_store"))},
            "bucketNames": {"chunks": args["bucket_name"], "ruler": args["bucket_name"]},
        },
        "commonConfig": {"replication_factor": sizing["replication_factor"]},
        "limits_config": limits_config(args.get("limits"), retention),
        "runtimeConfig": tenant_overrides(args.get("tenants", {})),
        "compactor": _compactor(),
        "ingester": _ingester(sizing),
        "querier": {"max_concurrent": 8},
        "rulerConfig": _ruler(args),
        "analytics": {"reporting_enabled": False},
        "enableServiceLinks": False,
    }


def _other_s3(store: ObjectStoreArgs | None) -> dict[str, Any]:
    """Where the bucket is, if not on AWS. Loki looks for keys in the environment, as long as none are written here."""
    if store is None:
        return {}
    return {"endpoint": store["endpoint"], "s3ForcePathStyle": True, "insecure": bool(store.get("insecure", False))}


def _compactor() -> dict[str, Any]:
    """Joins the day's indexes and deletes what is too old; without `retention_enabled` nothing ever goes."""
    return {
        "working_directory": "/var/loki/compactor",
        "retention_enabled": True,
        "retention_delete_delay": f"{DELETE_DELAY_HOURS}h",
        "delete_request_store": "s3",
    }


def _ingester(sizing: dict[str, Any]) -> dict[str, Any]:
    return {
        "chunk_encoding": "snappy",
        # A pod that is gone for good leaves the ring by itself: autoscaling and lost nodes need nobody.
        "autoforget_unhealthy": True,
        "wal": {
            "enabled": True,
            "dir": "/var/loki/wal",
            "replay_memory_ceiling": f"{sizing['wal_replay_memory_mib']}MB",
            # The last chunks reach S3 on the way down: a volume that is lost afterwards holds nothing of value.
            "flush_on_shutdown": True,
        },
    }


def _ruler(args: LokiArgs) -> dict[str, Any]:
    """Rules are read from a ConfigMap and not from the bucket, which would delete them with the old logs."""
    everybody = ALERTMANAGER.format(
        scheme="https" if args.get("certificate_issuer") else "http",
        host=names.host(names.ALERTMANAGER_SERVICE, loki_namespace(args)),
    )
    return {
        **ruler_tls_config(args),
        "storage": {"type": "local", "local": {"directory": RULES_FOLDER}},
        "rule_path": "/var/loki/rules-scratch",
        "alertmanager_url": args.get("alertmanager_url", everybody),
        "enable_alertmanager_discovery": "alertmanager_url" not in args,
        "enable_sharding": True,
        "ring": {"kvstore": {"store": "memberlist"}},
        "wal": {"dir": "/var/loki/ruler-wal"},
    }


def client_headers(args: LokiArgs) -> dict[str, str]:
    """What a client sends to see the platform's own logs. Harmless while multi-tenancy is off."""
    return {names.TENANT_HEADER: args.get("tenant", names.TENANT)}

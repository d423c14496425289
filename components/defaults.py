"""The numbers that hold when nobody says otherwise: production's.

Retention, tiers, replicas and sampling come from the documents that asked for the platform; the rest
names its source beside it. Settings and components both read them here, and nothing else is in this
module: importing it costs nothing.
"""

# --- cluster -----------------------------------------------------------------------------------
KUBERNETES_VERSION = "1.35"
"""Newest minor version whose add-ons are pinned in `versions.py`; standard support until 2027-03-27."""
NETWORK_CIDR = "10.64.0.0/16"
"""Room for three /19 private subnets; outside 10.0/16 and 172.31/16, which most accounts use already."""
CONTROL_PLANE_LOG_RETENTION_DAYS = 90
"""The audit retention: the control plane's audit log is one of the five types."""
FLOW_LOG_RETENTION_DAYS = 90
"""As the audit logs."""
KMS_DELETION_WINDOW_DAYS = 30
"""The longest that AWS offers: an accidental deletion of the key loses every signal at once."""

# --- storage -----------------------------------------------------------------------------------
METRICS_RAW_DAYS = 30
METRICS_5M_DAYS = 90
METRICS_1H_DAYS = 365
LOGS_DAYS = 30
LOGS_STANDARD_DAYS = 7
TRACES_DAYS = 14
PROFILES_DAYS = 7
AUDIT_DAYS = 90
ABORT_MULTIPART_DAYS = 7
"""Unfinished uploads are invisible and billed; no backend's upload takes a day."""
NONCURRENT_DAYS = 7
"""How long a deleted or overwritten object can be brought back: a working week."""

# --- metrics -----------------------------------------------------------------------------------
PROMETHEUS_REPLICAS = 2
PROMETHEUS_LOCAL_HOURS = 2
PROMETHEUS_UPLOAD_MARGIN_HOURS = 4
"""Local blocks outlive their upload by this much. Thanos asks for at least three times the two-hour
block (thanos.io, sidecar), so that an interrupted S3 or sidecar loses nothing: 2 h + 4 h."""
ALERTMANAGER_REPLICAS = 3
THANOS_QUERY_REPLICAS = 2
THANOS_QUERY_FRONTEND_REPLICAS = 2
THANOS_STORE_REPLICAS = 2
THANOS_RECEIVE_REPLICAS = 3
THANOS_RECEIVE_REPLICATION = 3
SCRAPE_INTERVAL_SECONDS = 15

# --- metrics: caches, sizes, retention's bounds ----------------------------------------------------
THANOS_QUERY_MAX_REPLICAS = 6
"""The sizing guide lets Query grow from 2 to 4-6 replicas when its latency rises (004, scaling)."""
THANOS_STORE_MAX_REPLICAS = 6
"""As Query: a burst of long queries is what loads both."""
THANOS_RULER_REPLICAS = 2
MEMCACHED_REPLICAS = 2
"""Losing one halves the hit rate for an hour instead of emptying the cache."""
THANOS_DELETE_DELAY_HOURS = 48
"""Thanos' own default: long enough for every store gateway to drop a block before it is deleted."""
THANOS_CONSISTENCY_DELAY_MINUTES = 30
"""Thanos' own default: blocks younger than this may still be uploading and are left alone."""
METRICS_MIN_RAW_DAYS = 2
"""5-minute blocks are made from raw blocks that span 40 h (Thanos, compact: downsampling), which first
exist about 52 h after their first sample; its oldest part is then 44 h old and must still be there."""
METRICS_MIN_5M_DAYS = 16
"""1-hour blocks are made from 5-minute blocks that span 10 days. The only such size is 14 days, and the
compactor closes a 14-day range when the two days after it are there too. Thanos accepts 10 days and then
deletes two-day blocks before they are ever joined, so that no 1-hour data is made."""
METRICS_EXPIRY_MARGIN_DAYS = 14
"""The bucket deletes this long after the compactor should have: 2 days of delete delay, and time to
notice and repair a compactor that has halted. S3 expiring half a block that is still being read would
break queries; this way the lifecycle rule only sweeps up what no compactor knows about any more."""

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
EXPIRY_MARGIN_DAYS = 14
"""A bucket deletes this long after the backend should have. For Thanos: 2 days of delete delay, and time to
notice and repair a compactor that has halted. S3 expiring half a block that is still being read would
break queries; this way the lifecycle rule only sweeps up what no compactor knows about any more."""

# --- traces --------------------------------------------------------------------------------------
OTEL_GATEWAY_REPLICAS = 3
TEMPO_DISTRIBUTOR_REPLICAS = 3
TEMPO_INGESTER_REPLICAS = 3
TEMPO_REPLICATION_FACTOR = 3
TEMPO_QUERY_FRONTEND_REPLICAS = 2
TEMPO_QUERIER_REPLICAS = 2
TRACES_SAMPLING_PERCENTAGE = 10
TRACES_TARGET_CPU_PERCENTAGE = 70
"""Of the CPU requested, from which more gateways and queriers are started: as Thanos Query."""
TRACES_SLOW_THRESHOLD_MS = 2000
TRACES_CRITICAL_SERVICES = ("payments",)
"""The critical events that the sampling strategy names (004, traces)."""
TRACES_EXPECTED_SPANS_PER_SECOND = 10_000
"""Before sampling. The documents expect 1 TB a month after 10 % sampling (004, retention): 386 kB/s, or about
1,000 kept spans a second of 400 bytes each, hence 10,000 before it."""
TRACES_SPANS_PER_TRACE = 10
"""Spans of an average trace: a request through three or four services, each with a server span, a client span
and a query. Only the size of tables depends on it."""
TRACES_DECISION_WAIT_SECONDS = 30
"""The tail sampler's own default. An SDK holds a finished span for up to 5 s (OpenTelemetry, batch span
processor) and the agent for 1 s: requests of up to 24 s are judged whole."""
TRACES_EXPIRY_MARGIN_DAYS = 7
"""The bucket deletes this long after Tempo's compactor should have: a week to notice and repair one that stands
still. S3 expiring the parts of a block one by one would break queries that still read it."""

# --- logs ------------------------------------------------------------------------------------------
LOKI_REPLICATION = 3
LOKI_GATEWAY_REPLICAS = 2
LOKI_WRITE_REPLICAS = 3
LOKI_READ_REPLICAS = 3
LOKI_BACKEND_REPLICAS = 2
LOKI_MAX_REPLICAS = 10
"""The sizing guide lets write and read grow from 3 to 10 (004, scaling)."""
LOKI_SCHEMA_FROM = "2024-04-01"
"""First day of Loki's first schema period, v13's release. It NEVER moves: Loki looks for old data where this day
says. It lies before every installation, so that it suits all."""
LOGS_EXPIRY_MARGIN_DAYS = 7
"""The bucket deletes this long after Loki's compactor should have: chunks leave two hours after the index forgot
them, and a compactor that stands still over a long weekend is repaired before S3 takes what it still serves."""
LOKI_INGESTION_RATE_MB = 20
LOKI_INGESTION_BURST_MB = 40
"""A second and tenant, over all distributors. The documents expect 100 GB a day, 1.2 MB/s on average (004,
retention): peaks of sixteen times that pass. Loki's own 4 and 6 MB would refuse them."""
LOKI_MAX_STREAMS = 20000
"""Active streams of a tenant. 2,000 pods of 200 applications, six levels and two output streams come to 2,400."""
LOKI_QUERY_PARALLELISM = 64
"""Parts of one query that run at once: 3 queriers do 8 each, 10 do 80. Loki's 128 for TSDB let one query fill all."""
LOG_BUFFER_GIB = 4
"""What Fluent Bit keeps on each node for each of its outputs while Loki is down. At the documents' 100 GB a day over
100 nodes (12 KB/s a node) that is four days, at 200 KB/s almost six hours: more than the 2 h of recovery (004)."""
FIREHOSE_BUFFER_MIB = 64
FIREHOSE_BUFFER_SECONDS = 300
"""Whichever comes first makes an object: five minutes' loss of sight at most, few small objects."""

# --- profiles ----------------------------------------------------------------------------------
PYROSCOPE_DISTRIBUTOR_REPLICAS = 2
PYROSCOPE_SEGMENT_WRITER_REPLICAS = 3
"""What the ingesters are called since Pyroscope's second storage."""
PYROSCOPE_QUERY_FRONTEND_REPLICAS = 2
PYROSCOPE_QUERY_BACKEND_REPLICAS = 2
"""Query backends read S3 by themselves: querier and store gateway in one."""
PYROSCOPE_COMPACTION_WORKER_REPLICAS = 1
PYROSCOPE_METASTORE_REPLICAS = 3
"""New in the second storage, and its only state: three agree when one is lost (Pyroscope, v2 metastore)."""
PYROSCOPE_SEGMENT_SECONDS = 2
"""How long a segment writer collects before it writes to S3, and a push waits. Pyroscope's own half second
means four times the PUT requests; a push must be over within 5 s (`write-path.segment-writer-timeout`)."""
PROFILES_EXPIRY_MARGIN_DAYS = 3
"""The bucket deletes this long after Pyroscope should have: half a day that Pyroscope itself is late, and a
weekend to notice and repair a metastore or compaction worker that stopped deleting."""
PROFILES_SAMPLE_RATE_HZ = 19
"""Alloy's default for eBPF. At 20 samples a second and CPU the profiler's makers measured 1 % of CPU at most
(opentelemetry-ebpf-profiler, README); cost grows with the rate, so 2 % are reached at about 40."""
PROFILES_MAX_SAMPLE_RATE_HZ = 100
"""What the documents that asked for the platform name, and what Go's own profiler does (runtime/pprof)."""
PROFILES_BUFFER_MIB = 1024
"""What waits on each node while the centre is away. 30 containers with a push of 10 to 20 KB every 15 s (eBPF, pprof
is compressed) make 7,200 pushes and 70 to 140 MB an hour: seven hours at least."""
PROFILES_OLDEST_HOURS = 24
"""How late a profile may come. Pyroscope's own hour would refuse what a workload cluster has kept for longer; beyond a
day no query would find it (2.2, pkg/metastore/index: partitions are by arrival, queries look a day around)."""

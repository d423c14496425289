"""The agent's configuration in Alloy's language, as a pure function.

Two ways to a profile: eBPF samples the CPU of every container on the node, and pods that say so by annotation
have their pprof endpoints read: `profiles.grafana.com/<type>.scrape: "true"` and `.port` or `.port_name`,
optionally `.path` and `.scheme`, for the types cpu, memory, goroutine, mutex and block.
"""

from collections.abc import Iterable
from typing import NamedTuple, NotRequired, TypedDict

from .. import defaults
from ..security.certificate import CERTIFICATE_FILE, KEY_FILE
from . import names
from .alloy_language import Block, Expression, Value


class AlloyConfigArgs(TypedDict):
    """What the agent's configuration depends on."""

    write_url: str
    """Where profiles are sent: the distributor's address."""
    cluster_name: str
    """Label `cluster` on every profile."""
    tenant: NotRequired[str]
    """Tenant that the profiles belong to. Default none: Pyroscope without multi-tenancy."""
    ebpf_enabled: NotRequired[bool]
    """Sample every container's CPU. Default true."""
    sample_rate_hz: NotRequired[int]
    """Samples a second and CPU. 1 to 100; default 19."""
    external_labels: NotRequired[dict[str, str]]
    """More labels on every profile. Default none."""
    serve_tls: NotRequired[bool]
    """Serve the agent's own pages over TLS, with the certificate in `/etc/tls`. Default false."""
    ca_file: NotRequired[str]
    """Authority that signed the certificate of who takes the profiles. Default the system's, if the URL is HTTPS."""


class ProfileType(NamedTuple):
    """A type of profile that pods offer over HTTP."""

    name: str
    """In annotations."""
    profile: str
    """In Alloy's `profiling_config`."""
    interval_seconds: int


PROFILE_TYPES = (
    # Read without a gap: each answer covers the seconds until the next request.
    ProfileType("cpu", "process_cpu", 15),
    # The state at one moment, which Go stops the program for; once a minute is enough to see a trend.
    ProfileType("memory", "memory", 60),
    ProfileType("goroutine", "goroutine", 60),
    ProfileType("mutex", "mutex", 60),
    ProfileType("block", "block", 60),
)
"""Each with a scrape of its own, since a pod may offer them on different ports. What Alloy knows beyond these needs
special libraries in the program, and is off by default."""

_META = "__meta_kubernetes_pod_"
_ANNOTATION = f"{_META}annotation_profiles_grafana_com_"
SERVICE_NAME_SOURCES = (
    f"{_ANNOTATION}service_name",
    f"{_META}annotation_resource_opentelemetry_io_service_name",
    f"{_META}label_app_kubernetes_io_name",
    f"{_META}container_name",
)
"""First come, first served. The second and third are what OpenTelemetry's operator and agent name a service by, so
that a trace finds its profile."""


def alloy_config(args: AlloyConfigArgs) -> str:
    """The text of the configuration file."""
    return "\n\n".join("\n".join(block.lines()) for block in alloy_blocks(args)) + "\n"


def alloy_blocks(args: AlloyConfigArgs) -> list[Block]:
    """The configuration, block by block."""
    return [
        Block("logging", "", {"level": "info", "format": "logfmt"}),
        *_http(args),
        _discovery(),
        _pods(),
        *(_ebpf(args) if args.get("ebpf_enabled", True) else ()),
        *(block for kind in PROFILE_TYPES for block in _scrape(kind)),
        _write(args),
    ]


def _discovery() -> Block:
    """Pods of this node only: each agent looks after its own."""
    node = Expression('"spec.nodeName=" + sys.env("K8S_NODE_NAME")')
    return Block(
        "discovery.kubernetes", "pods", {"role": "pod"}, (Block("selectors", "", {"role": "pod", "field": node}),)
    )


def _pods() -> Block:
    """The labels of every profile. Few: each combination is a series of its own, kept for days."""
    return Block(
        "discovery.relabel",
        "pods",
        {"targets": Expression("discovery.kubernetes.pods.targets")},
        (
            _rule("keep", [f"{_META}phase"], regex="Running"),
            _rule("drop", [f"{_META}container_init"], regex="true"),
            _rule("replace", SERVICE_NAME_SOURCES, "service_name", separator=";", regex=";*([^;]+).*"),
            _rule("replace", ["__meta_kubernetes_namespace"], "namespace"),
            _rule("replace", [f"{_META}name"], "pod"),
            _rule("replace", [f"{_META}container_name"], "container"),
            _rule("replace", [f"{_META}node_name"], "node"),
            # By these Grafana shows a function's source.
            _rule("replace", [f"{_ANNOTATION}service_repository"], "service_repository"),
            _rule("replace", [f"{_ANNOTATION}service_git_ref"], "service_git_ref"),
        ),
    )


def _ebpf(args: AlloyConfigArgs) -> tuple[Block, Block]:
    """A pod whose own CPU profile is read is left out: the same seconds would count twice under one name."""
    return (
        Block(
            "discovery.relabel",
            "ebpf",
            {"targets": Expression("discovery.relabel.pods.output")},
            (
                _rule("drop", [f"{_ANNOTATION}cpu_scrape"], regex="true"),
                _rule("keep", [f"{_META}container_id"], regex=".+"),
            ),
        ),
        Block(
            "pyroscope.ebpf",
            "node",
            {
                "targets": Expression("discovery.relabel.ebpf.output"),
                "forward_to": _RECEIVER,
                "sample_rate": int(args.get("sample_rate_hz", defaults.PROFILES_SAMPLE_RATE_HZ)),
                "collect_interval": "15s",
            },
        ),
    )


def _scrape(kind: ProfileType) -> tuple[Block, Block]:
    """Targets of one type, and their reading. The port must be one that a container of the pod declares."""
    annotation = f"{_ANNOTATION}{kind.name}_"
    number, name = f"{_META}container_port_number", f"{_META}container_port_name"
    relabel = Block(
        "discovery.relabel",
        kind.name,
        {"targets": Expression("discovery.relabel.pods.output")},
        (
            _rule("keep", [f"{annotation}scrape"], regex="true"),
            # What this port is called, by number or, if the annotation goes by name, by name.
            _rule("replace", [number], "__tmp_port"),
            _rule("replace", [f"{annotation}port_name", name], "__tmp_port", separator=";", regex="[^;]+;(.*)"),
            # What the annotation asks for.
            _rule("replace", [f"{annotation}port"], "__tmp_wanted"),
            _rule("replace", [f"{annotation}port_name"], "__tmp_wanted", regex="(.+)"),
            _rule("keep", ["__tmp_wanted"], regex=".+"),
            _rule("keepequal", ["__tmp_port"], "__tmp_wanted"),
            _rule("replace", [f"{annotation}scheme"], "__scheme__", regex="(https?)"),
            _rule("replace", [f"{annotation}path"], "__profile_path__", regex="(.+)"),
        ),
    )
    scrape = Block(
        "pyroscope.scrape",
        kind.name,
        {
            "targets": Expression(f"discovery.relabel.{kind.name}.output"),
            "forward_to": _RECEIVER,
            "job_name": f"pprof/{kind.name}",
            "scrape_interval": f"{kind.interval_seconds}s",
        },
        (
            Block(
                "profiling_config",
                "",
                {},
                [Block(f"profile.{each.profile}", "", {"enabled": each == kind}) for each in PROFILE_TYPES],
            ),
        ),
    )
    return relabel, scrape


def _http(args: AlloyConfigArgs) -> tuple[Block, ...]:
    """The agent's own server, which reads its certificate at each handshake."""
    if not args.get("serve_tls"):
        return ()
    files = {"cert_file": CERTIFICATE_FILE, "key_file": KEY_FILE, "min_version": "TLS12"}
    return (Block("http", "", {}, (Block("tls", "", files),)),)


def _write(args: AlloyConfigArgs) -> Block:
    endpoint: dict[str, Value] = {"url": args["write_url"]}
    if args.get("tenant"):
        endpoint["headers"] = {names.TENANT_HEADER: args["tenant"]}
    return Block(
        "pyroscope.write",
        "pyroscope",
        {"external_labels": {"cluster": args["cluster_name"], **args.get("external_labels", {})}},
        (Block("endpoint", "", endpoint, _tls(args)),),
    )


def _tls(args: AlloyConfigArgs) -> tuple[Block, ...]:
    """A file, not a text: the client notices a changed one by itself."""
    if "ca_file" not in args:
        return ()
    return (Block("tls_config", "", {"ca_file": args["ca_file"], "min_version": "TLS12"}),)


_RECEIVER = (Expression("pyroscope.write.pyroscope.receiver"),)


def _rule(action: str, sources: Iterable[str], target: str = "", *, separator: str = "", regex: str = "") -> Block:
    optional = {"separator": separator, "regex": regex, "target_label": target}
    given: dict[str, Value] = {"action": action, "source_labels": tuple(sources)}
    return Block("rule", "", given | {key: value for key, value in optional.items() if value})

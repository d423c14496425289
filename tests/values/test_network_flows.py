"""What all rooms' policies let through together: every declared flow, from end to end, and none of what must not be."""

import pytest

from components.security.network_policy import NetworkFlowArgs, NetworkPoliciesArgs, network_policy_faults
from tests.values.network_policy_evaluator import Address, Call, End, Pod, allowed, enters, isolated, leaves
from tests.values.network_world import CENTRE, INTERNET, METADATA, NODE, OUTSIDER, WORKLOAD, World, everybody

POLICIES, PODS = CENTRE.policies, CENTRE.pods
FLOWS = [flow for declared in CENTRE.declared for flow in declared["flows"]]
WORLDS = {"centre": CENTRE, "workload": WORKLOAD}
ROOMS = sorted({(kind, each["instance"]) for kind, world in WORLDS.items() for each in world.declared})


def test_all_declarations_are_in_order() -> None:
    declared = [*CENTRE.declared, *WORKLOAD.declared]
    assert [fault for each in declared for fault in network_policy_faults(each)] == []


@pytest.mark.parametrize(("kind", "room"), ROOMS)
def test_every_declared_flow_passes_from_every_source_to_every_target(kind: str, room: str) -> None:
    world = WORLDS[kind]
    closed = [
        f"{declared['namespace']}: {flow['source']} -> {flow['target']}:{flow.get('port')} ({source} -> {target})"
        for declared in world.declared
        if declared["instance"] == room
        for flow in declared["flows"]
        for source, target in _pairs(world, declared, flow)
        if not _passes(world, declared, flow, source, target)
    ]
    assert closed == []


def _pairs(world: World, declared: NetworkPoliciesArgs, flow: NetworkFlowArgs) -> list[tuple[End, End]]:
    sources, targets = (world.ends(declared["peers"][flow[end]]) for end in ("source", "target"))  # type: ignore[literal-required]
    assert sources, f"nobody is {flow['source']}, who calls {flow['target']}"
    assert targets, f"nobody is {flow['target']}, whom {flow['source']} calls"
    return [(source, target) for source in sources for target in targets]


def _passes(world: World, declared: NetworkPoliciesArgs, flow: NetworkFlowArgs, source: End, target: End) -> bool:
    call = Call(flow.get("port", 12345), flow.get("protocol", "TCP"))
    # "Everybody" opens one end: that a workload of ours may use it is its own room's to say.
    if everybody(declared, flow["source"]):
        return enters(world.policies, source, target, call)
    if everybody(declared, flow["target"]):
        return leaves(world.policies, source, target, call)
    return allowed(world.policies, source, target, call)


@pytest.mark.parametrize("kind", WORLDS)
def test_every_workload_that_a_room_knows_is_closed_in_both_directions(kind: str) -> None:
    world = WORLDS[kind]
    ours = {declared["namespace"] for declared in world.declared}
    open_ones = [
        (name, direction)
        for name, pod in world.pods.items()
        for direction in ("Ingress", "Egress")
        if pod.namespace in ours and not isolated(world.policies, pod, direction)
    ]
    assert open_ones == []
    stranger = Pod("observability", {"app": "unknown"})
    assert not leaves(world.policies, stranger, INTERNET, Call(443)), "a pod that no room knows calls nobody"
    assert not enters(world.policies, world.pods["prometheus"], stranger, Call(80)), "and is called by nobody"


FORBIDDEN = [
    ("somebody's pod", "prometheus", 9090),
    ("somebody's pod", "alertmanager", 9093),
    ("somebody's pod", "thanos-query", 9090),
    ("somebody's pod", "thanos-query-frontend", 9090),
    ("somebody's pod", "thanos-receive", 10901),
    ("somebody's pod", "loki", 3100),
    ("somebody's pod", "loki", 9095),
    ("somebody's pod", "gateway", 8080),
    ("somebody's pod", "otel-gateway", 4317),
    ("somebody's pod", "tempo-distributor", 4317),
    ("somebody's pod", "tempo-ingester", 9095),
    ("somebody's pod", "tempo-query-frontend", 3200),
    ("somebody's pod", "pyroscope-metastore", 9095),
    ("somebody's pod", "pyroscope-metastore", 9099),
    ("somebody's pod", "pyroscope-query-frontend", 4040),
    ("somebody's pod", "thanos-receive", 10908),
    ("somebody's pod", "seaweedfs", 8333),
    ("fluent-bit", "tempo-distributor", 4317),
    ("fluent-bit", "prometheus", 9090),
    ("fluent-bit", "loki", 3100),
    ("otel-agent", "tempo-distributor", 4317),
    ("otel-gateway", "tempo-ingester", 9095),
    ("agent", "pyroscope-metastore", 9095),
    ("grafana", "pyroscope-metastore", 9095),
    ("grafana", "tempo-ingester", 9095),
    ("grafana", "loki", 3100),
    ("grafana", "alertmanager", 9094),
    ("pushgateway", "prometheus", 9090),
    ("kube-state-metrics", "prometheus", 9090),
    ("entrance", "prometheus", 9090),
    ("entrance", "loki", 3100),
    ("entrance", "grafana", 3000),
    ("entrance", "thanos-receive", 10901),
    ("entrance", "thanos-query-frontend", 9090),
    ("entrance", "pyroscope-metastore", 9095),
    ("thanos-receive", "prometheus", 9090),
]
"""Source, target, port of the pod. What is read or written there is meant for others."""


@pytest.mark.parametrize(("source", "target", "port"), FORBIDDEN)
def test_nobody_gets_where_he_has_no_business(source: str, target: str, port: int) -> None:
    missing = {source, target} - {*PODS, "somebody's pod"}
    assert not missing, f"no room declares {missing}"
    pods = {**PODS, "somebody's pod": OUTSIDER}
    assert not allowed(POLICIES, pods[source], pods[target], Call(port))


@pytest.mark.parametrize(
    ("cache", "users"),
    [
        ("thanos-index-cache", {"thanos-storegateway"}),
        ("thanos-bucket-cache", {"thanos-storegateway"}),
        ("thanos-response-cache", {"thanos-query-frontend"}),
        ("chunks-cache", {"loki"}),
        ("results-cache", {"loki"}),
        ("tempo-cache", {"tempo-ingester", "tempo-querier", "tempo-query-frontend", "tempo-compactor"}),
    ],
)
def test_a_cache_is_its_users_alone(cache: str, users: set[str]) -> None:
    callers = {name for name, pod in PODS.items() if allowed(POLICIES, pod, PODS[cache], Call(11211))}
    # Prometheus may call any port of any pod, and the cache takes only what is declared.
    assert callers - {cache} == users
    assert not leaves(POLICIES, PODS[cache], INTERNET, Call(443))


def test_the_inner_ports_of_backends_are_their_own_parts_alone() -> None:
    inner = {
        "pyroscope-metastore": (9099, "pyroscope-metastore"),
        "pyroscope-segment-writer": (9095, "pyroscope-"),
        "tempo-ingester": (9095, "tempo-"),
        "tempo-querier": (7946, "tempo-"),
        "loki": (9095, "loki"),
        "alertmanager": (9094, "alertmanager"),
    }
    for target, (port, family) in inner.items():
        callers = {name for name, pod in PODS.items() if allowed(POLICIES, pod, PODS[target], Call(port))}
        assert all(caller.startswith(family) for caller in callers), (target, callers)


def test_who_has_no_bucket_and_no_aws_to_call_never_leaves_the_cluster() -> None:
    inside = ("alertmanager", "thanos-query", "thanos-query-frontend", "gateway", "fluent-bit", "otel-agent")
    inside += ("otel-gateway", "tempo-distributor", "agent", "entrance", "pushgateway", "kube-state-metrics")
    for name in inside:
        leaving = [port for port in (22, 53, 80, 443, 8443) if leaves(POLICIES, PODS[name], INTERNET, Call(port))]
        assert not leaving, f"{name} may call the internet on {leaving}"


PROBES_ANYTHING = {"blackbox-exporter"}
"""It tests what is outside, over any port."""


def test_nobody_leaves_over_another_port_than_443() -> None:
    for name, pod in PODS.items():
        if name in PROBES_ANYTHING or pod.namespace == "kube-system":
            continue
        odd = [port for port in (21, 22, 25, 53, 80, 6443, 8080) if leaves(POLICIES, pod, INTERNET, Call(port))]
        assert not odd, f"{name} may leave over {odd}"
        assert not leaves(POLICIES, pod, INTERNET, Call(53, "UDP")), f"{name} may ask foreign name servers"


def test_nobody_reaches_the_credentials_of_the_node() -> None:
    reaching = {
        name
        for name, pod in PODS.items()
        if pod.namespace != "kube-system"
        and any(leaves(POLICIES, pod, METADATA, Call(port)) for port in (80, 443, 8080))
    }
    assert reaching == set()


def test_only_node_metrics_and_the_api_server_are_called_on_nodes() -> None:
    for name, pod in PODS.items():
        if name in PROBES_ANYTHING or pod.namespace == "kube-system":
            continue
        odd = [port for port in (22, 2049, 2379, 10255, 10257, 10259) if leaves(POLICIES, pod, NODE, Call(port))]
        assert not odd, f"{name} may call {odd} of a node"


ASKS_WHO_IT_IS = {("entrance", 8443), ("grafana", 3000)}
"""Behind load balancers, whose addresses are those of the VPC. One asks for a certificate, the other for a sign-on."""
WEBHOOK_PORTS = (9443, 10250)
"""Of the API server, whose address is one of the VPC too; what answers there judges objects and tells nothing."""


def test_from_other_networks_only_what_asks_who_it_is_is_reached() -> None:
    """Other clusters' addresses are private ones, like those of load balancers and of the API server."""
    stranger = Address("10.80.0.7")
    ports = sorted({flow["port"] for flow in FLOWS if "port" in flow})
    reached = {
        (name, port)
        for name, pod in PODS.items()
        if pod.namespace != "kube-system"
        for port in ports
        if port not in WEBHOOK_PORTS and enters(POLICIES, stranger, pod, Call(port))
    }
    assert reached == ASKS_WHO_IT_IS


def test_a_workload_cluster_sends_and_is_not_read() -> None:
    for name, pod in WORKLOAD.pods.items():
        if pod.namespace == "kube-system":
            continue
        odd = [port for port in (22, 80, 4318, 8080, 9090) if leaves(WORKLOAD.policies, pod, INTERNET, Call(port))]
        assert not odd, f"{name} leaves over {odd}"
        assert not leaves(WORKLOAD.policies, pod, METADATA, Call(80)), name
        stranger = Address("10.64.7.7")
        ports = [
            port
            for port in (2020, 3100, 4040, 8888, 9090, 12345)
            if enters(WORKLOAD.policies, stranger, pod, Call(port))
        ]
        assert not ports, f"{name} can be read on {ports} from other networks"


def test_whatever_prometheus_scrapes_at_the_centre_its_agents_scrape_on_a_workload_cluster() -> None:
    agent = WORKLOAD.pods["prometheus"]
    for name, port in (("fluent-bit", 2020), ("otel-agent", 8888), ("otel-forwarder", 8888), ("cert-manager", 9402)):
        assert allowed(WORKLOAD.policies, agent, WORKLOAD.pods[name], Call(port)), name

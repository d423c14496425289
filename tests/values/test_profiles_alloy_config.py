"""What the agent's configuration does: which targets its rules let through, and with which labels."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from components.profiles.alloy_config import PROFILE_TYPES, alloy_blocks, alloy_config
from components.profiles.alloy_language import Block

ARGS: Any = {"write_url": "http://pyroscope-distributor.observability.svc.cluster.local:4040", "cluster_name": "prod"}
Labels = dict[str, str]
META = "__meta_kubernetes_pod_"


def block(name: str, label: str, **over: Any) -> Block:
    (found,) = [b for b in alloy_blocks({**ARGS, **over}) if (b.name, b.label) == (name, label)]
    return found


def relabelled(labels: Labels, rules: Iterable[Block]) -> Labels | None:
    """Prometheus' relabelling, the actions that are used here."""
    labels = dict(labels)
    for rule in rules:
        given: Mapping[str, Any] = rule.attributes
        text = given.get("separator", ";").join(labels.get(name, "") for name in given["source_labels"])
        match = re.fullmatch(given.get("regex", "(.*)"), text, re.DOTALL)
        action, target = given["action"], given.get("target_label", "")
        if (
            (action == "keep" and not match)
            or (action == "drop" and match)
            or (action == "keepequal" and text != labels.get(target, ""))
        ):
            return None
        if action == "replace" and match:
            labels[target] = match[1]
            if not labels[target]:
                del labels[target]
    return labels


def target(**annotations: str) -> Labels:
    """One port of one container of a pod, as Kubernetes' discovery gives it."""
    return {
        "__address__": "10.0.0.9:6060",
        "__meta_kubernetes_namespace": "shop",
        f"{META}name": "cart-7d9f",
        f"{META}phase": "Running",
        f"{META}node_name": "ip-10-0-0-1",
        f"{META}container_name": "cart",
        f"{META}container_init": "false",
        f"{META}container_id": "containerd://abc",
        f"{META}container_port_name": "pprof",
        f"{META}container_port_number": "6060",
        **{f"{META}annotation_profiles_grafana_com_{key}": value for key, value in annotations.items()},
    }


def through(labels: Labels, *stages: str) -> Labels | None:
    current: Labels | None = labels
    for stage in ("pods", *stages):
        if current is None:
            return None
        current = relabelled(current, block("discovery.relabel", stage).blocks)
    return current


def public(labels: Labels | None) -> Labels:
    assert labels is not None
    return {name: value for name, value in labels.items() if not name.startswith("__")}


def test_every_profile_says_where_it_is_from() -> None:
    assert public(through(target())) == {
        "service_name": "cart",
        "namespace": "shop",
        "pod": "cart-7d9f",
        "container": "cart",
        "node": "ip-10-0-0-1",
    }


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({}, "cart"),
        ({f"{META}label_app_kubernetes_io_name": "basket"}, "basket"),
        (
            {
                f"{META}label_app_kubernetes_io_name": "basket",
                f"{META}annotation_resource_opentelemetry_io_service_name": "shop.basket",
            },
            "shop.basket",
        ),
        (
            {
                f"{META}annotation_profiles_grafana_com_service_name": "mine",
                f"{META}annotation_resource_opentelemetry_io_service_name": "shop.basket",
            },
            "mine",
        ),
    ],
)
def test_a_service_is_called_what_its_traces_call_it(labels: Labels, name: str) -> None:
    assert public(through({**target(), **labels}))["service_name"] == name


def test_what_does_not_run_is_left_alone() -> None:
    assert through({**target(), f"{META}phase": "Succeeded"}) is None
    assert through({**target(), f"{META}container_init": "true"}) is None


def test_ebpf_samples_every_container_but_those_whose_own_cpu_profile_is_read() -> None:
    assert through(target(), "ebpf") is not None
    assert through(target(memory_scrape="true", memory_port="6060"), "ebpf") is not None
    assert through(target(cpu_scrape="true", cpu_port="6060"), "ebpf") is None
    ebpf = block("pyroscope.ebpf", "node").attributes
    assert (ebpf["targets"], ebpf["sample_rate"]) == ("discovery.relabel.ebpf.output", 19)


def test_there_is_no_ebpf_when_it_is_off() -> None:
    names = {b.name for b in alloy_blocks({**ARGS, "ebpf_enabled": False})}
    assert "pyroscope.ebpf" not in names
    assert "pyroscope.scrape" in names


@pytest.mark.parametrize("kind", [kind.name for kind in PROFILE_TYPES])
def test_a_pod_is_read_only_when_it_says_so_and_only_on_the_port_it_names(kind: str) -> None:
    def read(**annotations: str) -> Labels | None:
        return through(target(**{f"{kind}_{key}": value for key, value in annotations.items()}), kind)

    assert read() is None
    assert read(scrape="true") is None, "which port?"
    assert read(scrape="false", port="6060") is None
    assert read(scrape="true", port="8080") is None
    assert read(scrape="true", port_name="http") is None
    by_number, by_name = read(scrape="true", port="6060"), read(scrape="true", port_name="pprof")
    assert by_number is not None
    assert by_name is not None
    assert by_number["__address__"] == by_name["__address__"] == "10.0.0.9:6060"
    assert "__profile_path__" not in by_number, "Alloy's own path for the type"
    assert public(by_number) == public(by_name) == public(through(target()))


def test_of_several_ports_only_the_named_one_is_read() -> None:
    other = {f"{META}container_port_name": "http", f"{META}container_port_number": "8080"}
    for annotations in ({"memory_port": "6060"}, {"memory_port_name": "pprof"}):
        given = target(memory_scrape="true", **annotations)
        assert through(given, "memory") is not None
        assert through({**given, **other}, "memory") is None
    nameless = {f"{META}container_port_name": ""}
    assert through({**target(memory_scrape="true", memory_port_name="pprof"), **nameless}, "memory") is None


def test_path_and_scheme_may_be_others() -> None:
    read = through(target(block_scrape="true", block_port="6060", block_path="/p/block", block_scheme="https"), "block")
    assert read is not None
    assert (read["__profile_path__"], read["__scheme__"]) == ("/p/block", "https")


def test_types_do_not_mix() -> None:
    given = target(mutex_scrape="true", mutex_port="6060")
    assert through(given, "mutex") is not None
    assert through(given, "block") is None
    for kind in PROFILE_TYPES:
        scrape = block("pyroscope.scrape", kind.name)
        (config,) = scrape.blocks
        assert [b.name for b in config.blocks if b.attributes["enabled"]] == [f"profile.{kind.profile}"]
        assert scrape.attributes["targets"] == f"discovery.relabel.{kind.name}.output"
    assert {kind.name for kind in PROFILE_TYPES} == {"cpu", "memory", "goroutine", "mutex", "block"}


def test_each_agent_looks_after_its_own_node() -> None:
    (selectors,) = block("discovery.kubernetes", "pods").blocks
    assert selectors.attributes["field"] == '"spec.nodeName=" + sys.env("K8S_NODE_NAME")'


def test_profiles_go_to_the_distributor_with_cluster_and_tenant() -> None:
    write = block("pyroscope.write", "pyroscope", tenant="games")
    (endpoint,) = write.blocks
    assert write.attributes == {"external_labels": {"cluster": "prod"}}
    assert endpoint.attributes == {"url": ARGS["write_url"], "headers": {"X-Scope-OrgID": "games"}}
    (endpoint,) = block("pyroscope.write", "pyroscope").blocks
    assert "headers" not in endpoint.attributes


def test_quotes_are_escaped_and_templates_refused() -> None:
    assert '"cluster" = "a\\"b\\\\"' in alloy_config({**ARGS, "cluster_name": 'a"b\\'})
    with pytest.raises(ValueError, match="can't be written"):
        alloy_config({**ARGS, "cluster_name": "{{ .Values }}"})


# --- TLS ---------------------------------------------------------------------------------------


def endpoint(**over: Any) -> Block:
    (found,) = block("pyroscope.write", "pyroscope", **over).blocks
    return found


def test_without_certificates_nothing_is_said_of_tls() -> None:
    text = alloy_config(ARGS)
    assert "tls" not in text
    assert "max_backoff" not in text, "Alloy's own ten attempts"


def test_pyroscope_is_checked_by_the_room_s_authority_and_shown_no_certificate() -> None:
    (tls,) = endpoint(ca_file="/etc/tls/ca.crt").blocks
    assert tls.name == "tls_config"
    assert tls.attributes == {"ca_file": "/etc/tls/ca.crt", "min_version": "TLS12"}


def test_the_agent_s_own_pages_are_served_over_tls() -> None:
    (tls,) = block("http", "", serve_tls=True).blocks
    assert tls.attributes == {"cert_file": "/etc/tls/tls.crt", "key_file": "/etc/tls/tls.key", "min_version": "TLS12"}


def test_more_labels_stand_beside_the_cluster_s() -> None:
    labels = block("pyroscope.write", "pyroscope", external_labels={"region": "eu-west-1"}).attributes
    assert labels["external_labels"] == {"cluster": "prod", "region": "eu-west-1"}

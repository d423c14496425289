"""The entrance for other clusters as data: what is refused, what its pods are, what leads where."""

from typing import Any

import pytest

from components.security.authority_exchange import ca_parameter, push_secret_spec
from components.security.entrance_alerts import entrance_alerts
from components.security.entrance_args import entrance_faults, upstreams
from components.security.entrance_config import entrance_files
from components.security.entrance_flows import entrance_network
from components.security.entrance_manifests import entrance_manifests
from components.security.network_policy import network_policy_specs
from tests.charts.rendering import Pod, resource_faults, restricted_faults

ARGS: Any = {
    "platform_name": "obs",
    "clusters": {"games": {"tenant": "games"}, "shop": {"tenant": "shop"}},
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b"],
    "allowed_cidr_blocks": ["10.80.0.0/16"],
}
FILES = entrance_files(ARGS)
MANIFESTS = entrance_manifests(ARGS, FILES)
TEMPLATE = MANIFESTS.deployment["spec"]["template"]


def test_the_defaults_are_in_order() -> None:
    assert entrance_faults(ARGS) == []
    assert set(upstreams(ARGS)) == {"metrics", "logs", "otlp", "profiles"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clusters": {}}, "clusters: {} must name at least one cluster"),
        ({"clusters": {"Games": {"tenant": "g"}}}, "clusters: 'Games' must be 1 to 40 lower-case letters"),
        ({"clusters": {"centre": {"tenant": "g"}}}, "clusters: 'centre' must be another name"),
        (
            {"clusters": {"g": {"tenant": 'a"; return 200; #'}}},
            "clusters.g.tenant: 'a\"; return 200; #' must be 1 to 64",
        ),
        ({"domain": "Obs.internal"}, "domain: 'Obs.internal' must be a domain in lower case"),
        ({"domain": "obs.internal; }"}, "domain: 'obs.internal; }' must be a domain in lower case"),
        ({"allowed_cidr_blocks": []}, "allowed_cidr_blocks: [] must name at least one network"),
        ({"allowed_cidr_blocks": ["0.0.0.0/0"]}, "allowed_cidr_blocks[0]: '0.0.0.0/0' must be a private IPv4 network"),
        ({"allowed_cidr_blocks": ["52.0.0.0/16"]}, "allowed_cidr_blocks[0]: '52.0.0.0/16' must be a private"),
        ({"allowed_cidr_blocks": ["10.80.0.1/16"]}, "allowed_cidr_blocks[0]: '10.80.0.1/16' must be a private"),
        ({"subnet_ids": ["subnet-a"]}, "subnet_ids: ['subnet-a'] must be two subnets or more"),
        (
            {"private_link": {"allowed_principals": ["*"]}},
            "private_link.allowed_principals[0]: '*' must be the ARN of an account's root",
        ),
        ({"upstreams": {}}, "upstreams: {} must name at least one signal's address"),
        ({"upstreams": {"loki": "http://x"}}, "upstreams: 'loki' must be one of metrics, logs, otlp, profiles"),
        ({"upstreams": {"logs": "http://x/loki"}}, "upstreams.logs: 'http://x/loki' must be http:// or https://"),
        ({"upstreams": {"logs": "http://x;y"}}, "upstreams.logs: 'http://x;y' must be http:// or https://"),
        ({"upstreams": {"logs": "loki:80"}}, "upstreams.logs: 'loki:80' must be http:// or https://"),
        ({"replicas": 0}, "replicas: 0 must be 1 to 20"),
        ({"replicas": 4, "max_replicas": 3}, "max_replicas: 3 must be at least replicas (4)"),
        ({"platform_name": "a" * 21}, f"platform_name: '{'a' * 21}' must have at most 20 characters"),
    ],
)
def test_what_cannot_work_is_refused(change: Any, message: str) -> None:
    (fault,) = entrance_faults({**ARGS, **change})
    assert str(fault).startswith(message)


def test_shared_address_space_and_callers_through_private_link_alone_are_fine() -> None:
    assert entrance_faults({**ARGS, "allowed_cidr_blocks": ["100.64.0.0/16"]}) == []
    link = {"allowed_principals": ["arn:aws:iam::111122223333:root"]}
    assert entrance_faults({**ARGS, "allowed_cidr_blocks": [], "private_link": link}) == []


def test_each_cluster_has_a_server_with_its_own_authority_and_tenant() -> None:
    games, shop = FILES["server-games.conf"], FILES["server-shop.conf"]
    assert "server_name games.obs.internal;" in games
    assert "ssl_client_certificate /etc/clients/games/ca.crt;" in games
    assert games.count('proxy_set_header X-Scope-OrgID "games";') == games.count("proxy_pass http") == 5
    assert "shop" not in games
    assert "games" not in shop


def test_a_signal_without_an_address_has_no_way_in_and_one_with_tls_is_verified() -> None:
    text = entrance_files({**ARGS, "upstreams": {"logs": "https://loki-gateway.observability.svc.cluster.local"}})[
        "server-games.conf"
    ]
    assert "location = /loki/api/v1/push {" in text
    assert "/api/v1/receive" not in text
    assert 'set $backend "loki-gateway.observability.svc.cluster.local:443";' in text
    assert "proxy_ssl_verify on;" in text
    assert "proxy_ssl_verify" not in FILES["server-games.conf"], "plain upstreams have nothing to verify"


def test_receive_s_address_may_bring_its_path() -> None:
    told = {"metrics": "https://thanos-receive.observability.svc.cluster.local:10908/api/v1/receive"}
    assert entrance_faults({**ARGS, "upstreams": told}) == []
    text = entrance_files({**ARGS, "upstreams": told})["server-games.conf"]
    assert 'set $backend "thanos-receive.observability.svc.cluster.local:10908";' in text


def test_pods_are_restricted_and_bounded_with_a_read_only_root_and_no_token() -> None:
    spec = TEMPLATE["spec"]
    assert restricted_faults(Pod("Deployment/entrance", "observability", {}, spec)) == []
    (nginx,) = spec["containers"]
    assert resource_faults(nginx) == []
    assert nginx["securityContext"]["readOnlyRootFilesystem"] is True
    assert spec["automountServiceAccountToken"] is MANIFESTS.service_account["automountServiceAccountToken"] is False
    writable = [mount["mountPath"] for mount in nginx["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["/tmp"]


def test_an_authority_that_is_not_known_yet_holds_up_no_pod_and_the_own_certificate_does() -> None:
    volumes = {volume["name"]: volume for volume in TEMPLATE["spec"]["volumes"]}
    sources = volumes["clients"]["projected"]["sources"]
    assert [(s["secret"]["name"], s["secret"]["optional"]) for s in sources] == [
        ("entrance-client-ca-games", True),
        ("entrance-client-ca-shop", True),
    ]
    assert [s["secret"]["items"][0]["path"] for s in sources] == ["games/ca.crt", "shop/ca.crt"]
    assert "optional" not in volumes["tls"]["secret"]


def test_every_file_that_is_mounted_as_a_folder_is_one_that_renewals_reach() -> None:
    (nginx,) = TEMPLATE["spec"]["containers"]
    assert not [mount for mount in nginx["volumeMounts"] if "subPath" in mount], "those never change"


def test_three_pods_at_least_scaled_by_cpu_and_no_two_go_at_once() -> None:
    autoscaler = MANIFESTS.autoscaler["spec"]
    assert (autoscaler["minReplicas"], autoscaler["maxReplicas"]) == (3, 9)
    assert "replicas" not in MANIFESTS.deployment["spec"], "the autoscaler's business"
    assert MANIFESTS.disruption_budget["spec"]["maxUnavailable"] == 1
    assert MANIFESTS.deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_a_pod_serves_on_while_the_load_balancer_forgets_it() -> None:
    spec = TEMPLATE["spec"]
    (command,) = [c["lifecycle"]["preStop"]["exec"]["command"] for c in spec["containers"]]
    assert int(command[1]) < spec["terminationGracePeriodSeconds"]


def test_another_cluster_starts_pods_anew_since_its_volume_is_new() -> None:
    more = {**ARGS, "clusters": {**ARGS["clusters"], "third": {"tenant": "t"}}}
    other = entrance_manifests(more, entrance_files(more)).deployment["spec"]["template"]["metadata"]
    assert other["annotations"] != TEMPLATE["metadata"]["annotations"]


def test_only_signals_that_are_on_are_reached_and_the_collector_s_port_is_its_address_s() -> None:
    backends, agents = entrance_network("observability", "observability-agents", upstreams(ARGS))
    specs = {**network_policy_specs(backends), **network_policy_specs(agents)}
    assert set(specs) == {"entrance", "thanos-receive", "gateway", "otel-agent", "pyroscope-distributor"}
    ports = [port["port"] for rule in specs["entrance"]["egress"] for port in rule["ports"]]
    assert sorted(ports) == [53, 53, 4040, 4319, 8080, 10908]
    assert [port["port"] for rule in specs["entrance"]["ingress"] for port in rule["ports"]] == [8443]
    only_logs, _ = entrance_network("observability", "observability-agents", {"logs": "http://loki"})
    assert set(network_policy_specs(only_logs)) == {"entrance", "gateway"}


def test_only_the_authority_is_published_and_never_the_key_beside_it() -> None:
    spec = push_secret_spec(
        {"secret_name": "entrance-tls", "namespace": "observability", "parameter_name": ca_parameter("obs", "centre")}
    )
    (data,) = spec["data"]
    assert data["match"] == {"secretKey": "ca.crt", "remoteRef": {"remoteKey": "/obs/clusters/centre/ca"}}
    assert "dataTo" not in spec
    assert spec["deletionPolicy"] == "None", "its finalizer would outlive the operator"


def test_alerts_count_the_pods_of_the_deployment_that_is_made() -> None:
    (group,) = entrance_alerts("observability")
    name = MANIFESTS.deployment["metadata"]["name"]
    for rule in group["rules"]:
        assert f'namespace="observability",deployment="{name}"' in rule["expr"]

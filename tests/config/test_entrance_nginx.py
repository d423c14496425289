"""The real Nginx at the entrance: who gets in, as whom, and that new certificates are taken without a restart."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from components.security.centre import LOGS_PATH, METRICS_PATH, PROFILES_PATH, TRACES_PATH
from tests.config.nginx_harness import (
    DOMAIN,
    Authority,
    Backend,
    Entrance,
    NameServer,
    Signed,
    call,
    programs_or_skip,
)

GAMES, SHOP = f"games.{DOMAIN}", f"shop.{DOMAIN}"


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    programs_or_skip()


class World(NamedTuple):
    centre: Authority
    games: Authority
    shop: Authority
    as_games: Signed
    as_shop: Signed
    names: NameServer
    plain: Backend
    secure: Backend
    strange: Backend


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("authorities")
    centre, games, shop = (Authority(folder / name, f"{name} authority") for name in ("centre", "games", "shop"))
    loki = centre.sign("loki", "DNS:loki-gateway.observability.svc.cluster.local")
    return World(
        centre,
        games,
        shop,
        games.sign("games"),
        shop.sign("shop"),
        NameServer(),
        Backend(),
        Backend(loki),
        Backend(shop.sign("tempo", "DNS:otel-agent.observability-agents.svc.cluster.local")),
    )


def made(folder: Path, world: World) -> Entrance:
    args: Any = {
        "platform_name": "obs",
        "clusters": {"games": {"tenant": "games-team"}, "shop": {"tenant": "shop-team"}, "late": {"tenant": "late"}},
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-1", "subnet-2"],
        "allowed_cidr_blocks": ["10.0.0.0/8"],
        "upstreams": {
            "metrics": f"http://thanos-receive.observability.svc.cluster.local:{world.plain.server_port}",
            "logs": f"https://loki-gateway.observability.svc.cluster.local:{world.secure.server_port}",
            # Has a certificate of another authority than the centre's.
            "otlp": f"https://otel-agent.observability-agents.svc.cluster.local:{world.strange.server_port}",
        },
    }
    entrance = Entrance(folder, args, world.names.address)
    entrance.certify(world.centre.sign("entrance", f"DNS:*.{DOMAIN}"), world.centre)
    entrance.know("games", world.games.own.certificate.read_text())
    entrance.know("shop", world.shop.own.certificate.read_text())
    return entrance


@pytest.fixture(scope="module")
def entrance(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    with made(tmp_path_factory.mktemp("entrance"), world).running() as running:
        yield running


def test_a_cluster_with_its_own_certificate_gets_through_to_the_backend(entrance: Entrance, world: World) -> None:
    answer = call(entrance.port, GAMES, METRICS_PATH, trust=world.centre, client=world.as_games, body=b"samples")
    assert answer.status == 200, answer.text + entrance.log()
    path, headers, body = world.plain.requests[-1]
    assert (path, body) == (METRICS_PATH, b"samples")
    assert headers["thanos-tenant"] == headers["x-scope-orgid"] == "games-team"
    assert "thanos-receive.observability.svc.cluster.local" in world.names.asked


def test_the_tenant_is_the_cluster_s_whatever_it_says_and_other_headers_stay_outside(
    entrance: Entrance, world: World
) -> None:
    said = {
        "X-Scope-OrgID": "shop-team",
        "THANOS-TENANT": "shop-team",
        "X_Scope_OrgID": "shop-team",
        "THANOS-REPLICA": "1",
        "Authorization": "Basic c2hvcDpzaG9w",
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    call(entrance.port, GAMES, METRICS_PATH, trust=world.centre, client=world.as_games, headers=said)
    _, headers, _ = world.plain.requests[-1]
    assert headers["x-scope-orgid"] == headers["thanos-tenant"] == "games-team"
    assert not {"thanos-replica", "authorization", "x_scope_orgid"} & set(headers)
    assert headers["content-type"] == "application/x-protobuf"
    assert headers["content-encoding"] == "snappy"
    assert headers["x-prometheus-remote-write-version"] == "0.1.0"


def test_a_body_of_unknown_length_arrives_whole(entrance: Entrance, world: World) -> None:
    answer = call(
        entrance.port,
        GAMES,
        METRICS_PATH,
        trust=world.centre,
        client=world.as_games,
        headers={"Transfer-Encoding": "chunked"},
        body=b"4\r\nsamp\r\n3\r\nles\r\n0\r\n\r\n",
    )
    assert answer.status == 200
    assert world.plain.requests[-1][2] == b"samples"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_without_a_certificate_nobody_gets_in(entrance: Entrance, world: World, version: ssl.TLSVersion) -> None:
    before = len(world.plain.requests)
    answer = call(entrance.port, GAMES, METRICS_PATH, trust=world.centre, tls=version)
    assert answer.status == 503
    assert len(world.plain.requests) == before


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_another_cluster_s_certificate_is_refused(entrance: Entrance, world: World, version: ssl.TLSVersion) -> None:
    before = len(world.plain.requests)
    answer = call(entrance.port, GAMES, METRICS_PATH, trust=world.centre, client=world.as_shop, tls=version)
    assert answer.status == 503
    assert len(world.plain.requests) == before


def test_another_certificate_of_the_same_authority_is_refused(entrance: Entrance, world: World) -> None:
    for name in ("web", "games.evil", "notgames"):
        other = world.games.sign(name)
        answer = call(entrance.port, GAMES, METRICS_PATH, trust=world.centre, client=other)
        assert answer.status == 503, f"{name}: only the agents' certificate bears the cluster's name"


def test_another_cluster_s_host_is_misdirected(entrance: Entrance, world: World) -> None:
    before = len(world.plain.requests)
    for host in (SHOP, f"late.{DOMAIN}", "somewhere.else"):
        answer = call(entrance.port, GAMES, METRICS_PATH, trust=world.centre, client=world.as_games, host=host)
        assert answer.status == 421, host
    assert len(world.plain.requests) == before


def test_names_that_are_no_cluster_s_end_in_the_handshake(entrance: Entrance, world: World) -> None:
    for name in (f"nobody.{DOMAIN}", f"late.{DOMAIN}"):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            call(entrance.port, name, METRICS_PATH, trust=world.centre, client=world.as_games)


def test_a_cluster_whose_authority_is_unknown_keeps_nobody_out(entrance: Entrance) -> None:
    assert "closed to late: its authority is not known yet" in entrance.log()


def test_the_entrance_s_certificate_is_for_the_cluster_s_host(entrance: Entrance, world: World) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        call(entrance.port, GAMES, METRICS_PATH, trust=world.games, client=world.as_games)


def test_a_backend_with_a_certificate_of_the_same_authority_is_called_over_tls(
    entrance: Entrance, world: World
) -> None:
    answer = call(entrance.port, SHOP, LOGS_PATH, trust=world.centre, client=world.as_shop)
    assert answer.status == 200, entrance.log()
    path, headers, _ = world.secure.requests[-1]
    assert path == LOGS_PATH
    assert headers["x-scope-orgid"] == "shop-team"


def test_a_backend_that_can_not_prove_who_it_is_gets_nothing(entrance: Entrance, world: World) -> None:
    answer = call(entrance.port, SHOP, TRACES_PATH, trust=world.centre, client=world.as_shop)
    assert answer.status == 502
    assert world.strange.requests == []
    assert "upstream SSL certificate verify error" in entrance.log()


def test_only_the_paths_of_signals_that_are_on_lead_anywhere(entrance: Entrance, world: World) -> None:
    as_games: Any = {"trust": world.centre, "client": world.as_games}
    before = len(world.plain.requests)
    for path in ("/", PROFILES_PATH, f"{METRICS_PATH}/", "/api/v1/query", f"/x/..{METRICS_PATH}/../query"):
        assert call(entrance.port, GAMES, path, **as_games).status == 404, path
    assert call(entrance.port, GAMES, METRICS_PATH, **as_games, method="GET", body=b"").status == 403
    assert len(world.plain.requests) == before


def test_a_body_over_the_backend_s_limit_is_refused_here(entrance: Entrance, world: World) -> None:
    too_much = {"Content-Length": str(10 * 1024 * 1024 + 1)}
    answer = call(
        entrance.port, GAMES, METRICS_PATH, trust=world.centre, client=world.as_games, headers=too_much, body=b"x"
    )
    assert answer.status == 413
    six = b"x" * (6 * 1024 * 1024)
    assert call(entrance.port, GAMES, METRICS_PATH, trust=world.centre, client=world.as_games, body=six).status == 200
    assert world.plain.requests[-1][2] == six


def test_new_authorities_and_certificates_are_taken_without_a_restart(world: World, tmp_path: Path) -> None:
    with made(tmp_path, world).running(1) as running:
        late = Authority(tmp_path / "late", "late authority")
        as_late, name = late.sign("late"), f"late.{DOMAIN}"
        running.know("late", late.own.certificate.read_text())

        def served() -> bool:
            try:
                answer = call(running.port, name, METRICS_PATH, trust=world.centre, client=as_late)
            except (ssl.SSLError, ConnectionError):
                return False
            return answer.status == 200

        running.wait(served, "for the cluster that came later")
        renewed = Authority(tmp_path / "renewed", "another centre")
        running.certify(renewed.sign("entrance", f"DNS:*.{DOMAIN}"), world.centre)

        def renewal_seen() -> bool:
            try:
                return call(running.port, name, METRICS_PATH, trust=renewed, client=as_late).status == 200
            except ssl.SSLError:
                return False

        running.wait(renewal_seen, "for the new certificate")
        assert call(running.port, GAMES, METRICS_PATH, trust=renewed, client=world.as_games).status == 200


def test_an_authority_that_is_nonsense_closes_one_cluster_and_no_other(world: World, tmp_path: Path) -> None:
    entrance = made(tmp_path, world)
    entrance.know("late", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    with entrance.running() as running:
        assert "closed to late" in running.log()
        assert call(running.port, GAMES, METRICS_PATH, trust=world.centre, client=world.as_games).status == 200

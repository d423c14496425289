"""docs/network.md shows the flows that are declared, and nothing else."""

from pathlib import Path

import pytest

from components.security.flow_diagram import flowchart, picture, rewritten
from components.security.network_policy import NetworkPoliciesArgs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "network.md"

ROOM: NetworkPoliciesArgs = {
    "namespace": "home",
    "instance": "room",
    "peers": {
        "a": {"namespace": "home", "labels": {"app": "a"}},
        "b": {"namespace": "home", "labels": {"app": "b"}},
        "c": {"namespace": "away", "labels": {"app": "c"}},
        "prometheus": {"labels": {"app.kubernetes.io/name": "prometheus"}},
        "dns": {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "outside": {"cidr_blocks": ["0.0.0.0/0"]},
    },
    "flows": [
        {"source": "a", "target": "b", "port": 90},
        {"source": "a", "target": "b", "port": 8},
        {"source": "a", "target": "b", "port": 90, "protocol": "UDP"},
        {"source": "c", "target": "b", "port": 7},
        {"source": "a", "target": "outside"},
        {"source": "a", "target": "dns", "port": 53},
        {"source": "prometheus", "target": "a", "port": 99},
    ],
}


def test_the_page_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert rewritten(text) == text, "run: python -m components.security.flow_diagram docs/network.md"


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="the page has no"):
        rewritten("# Network\n")


def test_ports_are_merged_and_name_lookups_and_scraping_are_not_drawn() -> None:
    drawn = picture([ROOM])
    assert set(drawn.arrows) == {("a", "b", "8, 90, 90/UDP"), ("a", "outside", "any port"), ("c", "b", "7")}
    assert drawn.scraped == ("a 99",)
    text = flowchart(drawn, "home")
    assert "n_a -->|8, 90, 90/UDP| n_b" in text
    assert 'n_c["c<br>in away"]' in text
    assert "dns" not in text
    assert "prometheus" not in text


def test_a_group_that_all_talk_to_each_other_becomes_a_sentence() -> None:
    members = ("a", "b", "c")
    gossip = [{"source": one, "target": other, "port": 7946} for one in members for other in members]
    drawn = picture([{**ROOM, "flows": [*gossip, {"source": "a", "target": "b", "port": 1}]}])  # type: ignore[list-item]
    assert drawn.arrows == (("a", "b", "1"),)
    assert drawn.meshes == ("a, b, c call each other on 7946.",)


def test_pods_with_two_names_are_drawn_once() -> None:
    away: NetworkPoliciesArgs = {
        "namespace": "away",
        "instance": "room",
        "peers": {"own-c": ROOM["peers"]["c"], "b": ROOM["peers"]["b"]},
        "flows": [{"source": "own-c", "target": "b", "port": 7}],
    }
    assert [arrow.source for arrow in picture([ROOM, away]).arrows] == ["a", "a", "own-c"]

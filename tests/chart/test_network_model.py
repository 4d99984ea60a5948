"""The model of network policies, by the cases of its definition."""

from typing import Any

import pytest

from .network import Endpoint, reachable, selects

WEB = Endpoint("web", "10.244.0.1", "shop", {"app": "web"}, {"team": "a"}, {"http": 8080})
DB = Endpoint("db", "10.244.0.2", "shop", {"app": "db"}, {"team": "a"})
SPY = Endpoint("spy", "10.244.0.3", "other", {"app": "web"}, {"team": "b"})
HOST = Endpoint("host", "203.0.113.9")
PORTS = frozenset({("TCP", 80), ("TCP", 5432), ("TCP", 8080), ("UDP", 80)})
TCP80 = [{"port": 80}]


def policy(app: str | None = "db", **spec: Any) -> dict[str, Any]:
    """A policy in the namespace `shop`, for the pods of an app or for all."""
    selector = {"matchLabels": {"app": app}} if app else {}
    return {"metadata": {"namespace": "shop"}, "spec": {"podSelector": selector, **spec}}


def numbers(source: Endpoint, target: Endpoint, *policies: dict[str, Any]) -> list[str]:
    """The reachable ports, as texts."""
    found = reachable(policies, source, target, PORTS)
    return sorted(f"{protocol}{port}" for protocol, port in found)


ALL = ["TCP5432", "TCP80", "TCP8080", "UDP80"]


def test_a_pod_without_a_policy_is_open() -> None:
    """A policy for other pods, or in another namespace, changes nothing."""
    assert numbers(WEB, DB) == ALL
    assert numbers(WEB, DB, policy("web", ingress=[])) == ALL
    assert numbers(WEB, SPY, policy(None, ingress=[])) == ALL


def test_a_policy_closes_one_direction() -> None:
    """Without `policyTypes` it is for ingress, and for egress if it has such rules."""
    assert numbers(WEB, DB, policy("db")) == []
    assert numbers(DB, WEB, policy("db")) == ALL
    assert numbers(DB, WEB, policy("db", egress=[])) == []
    assert numbers(WEB, DB, policy("db", policyTypes=["Egress"])) == ALL
    assert numbers(DB, WEB, policy("db", policyTypes=["Egress"])) == []


def test_an_empty_selector_is_for_all_pods_of_the_namespace() -> None:
    """This is the usual way to refuse by default."""
    assert numbers(HOST, WEB, policy(None)) == []


def test_both_ends_must_allow() -> None:
    """Each end has its own policies."""
    into = policy("db", ingress=[{"ports": [{"port": 80}, {"port": 5432}]}])
    out = policy("web", policyTypes=["Egress"], egress=[{"ports": [{"port": 5432}]}])
    assert numbers(WEB, DB, into, out) == ["TCP5432"]


def test_policies_only_add() -> None:
    """One that allows a port beats one that allows nothing."""
    assert numbers(WEB, DB, policy("db"), policy("db", ingress=[{"ports": TCP80}])) == ["TCP80"]


@pytest.mark.parametrize(
    ("peers", "allowed"),
    [
        (None, [WEB, SPY, HOST]),
        ([], [WEB, SPY, HOST]),
        ([{"podSelector": {}}], [WEB]),
        ([{"podSelector": {"matchLabels": {"app": "web"}}}], [WEB]),
        ([{"namespaceSelector": {}}], [WEB, SPY]),
        ([{"namespaceSelector": {"matchLabels": {"team": "b"}}}], [SPY]),
        ([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}], [SPY]),
        (
            [
                {
                    "namespaceSelector": {"matchLabels": {"team": "b"}},
                    "podSelector": {"matchLabels": {"app": "db"}},
                }
            ],
            [],
        ),
        (
            [
                {"namespaceSelector": {"matchLabels": {"team": "b"}}},
                {"podSelector": {"matchLabels": {"app": "web"}}},
            ],
            [WEB, SPY],
        ),
        ([{"ipBlock": {"cidr": "203.0.113.0/24"}}], [HOST]),
        ([{"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.8/29"]}}], []),
        ([{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.244.0.3/32"]}}], [WEB, HOST]),
        ([{"ipBlock": {"cidr": "::/0"}}], []),
    ],
)
def test_peers_are_pods_by_labels_or_addresses(
    peers: list[dict[str, Any]] | None, allowed: list[Endpoint]
) -> None:
    """Two selectors in one item must both match; one of several items is enough."""
    rule = policy("db", ingress=[{"from": peers, "ports": TCP80}])
    assert [each for each in (WEB, SPY, HOST) if numbers(each, DB, rule)] == allowed
    back = policy("db", policyTypes=["Egress"], egress=[{"to": peers, "ports": TCP80}])
    assert [each for each in (WEB, SPY, HOST) if numbers(DB, each, back)] == allowed


@pytest.mark.parametrize(
    ("ports", "allowed"),
    [
        (None, ALL),
        ([], ALL),
        ([{"protocol": "UDP"}], ["UDP80"]),
        ([{"port": 80}], ["TCP80"]),
        ([{"port": 80, "protocol": "UDP"}], ["UDP80"]),
        ([{"port": 80, "endPort": 6000}], ["TCP5432", "TCP80"]),
        ([{"port": "http"}], ["TCP8080"]),
        ([{"port": "none"}], []),
    ],
)
def test_ports_are_numbers_names_and_ranges(
    ports: list[dict[str, Any]] | None, allowed: list[str]
) -> None:
    """The protocol is TCP if none is given. A name is that of the target's container."""
    assert numbers(HOST, WEB, policy("web", ingress=[{"ports": ports}])) == allowed


@pytest.mark.parametrize(
    ("operator", "values", "holds"),
    [
        ("In", ["a", "b"], True),
        ("In", ["b"], False),
        ("NotIn", ["b"], True),
        ("NotIn", ["a"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
    ],
)
def test_expressions_select_labels(operator: str, values: list[str], holds: bool) -> None:
    """A missing label counts as "not in"."""
    expression = {"key": "team", "operator": operator, "values": values}
    assert selects({"matchExpressions": [expression]}, {"team": "a"}) is holds
    missing = operator in {"NotIn", "DoesNotExist"}
    assert selects({"matchExpressions": [expression]}, {}) is missing

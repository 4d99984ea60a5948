"""A model of network policies: which ports of an endpoint another endpoint can reach.

It follows the definition of `networking.k8s.io/v1`. Network plugins differ in one point: whether an
`ipBlock` counts for the address of a pod. Here it does, so that a policy which relies on the
opposite is found.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Object = dict[str, Any]

#: A protocol and a port.
Port = tuple[str, int]


@dataclass(frozen=True)
class Endpoint:
    """A pod, or an address outside the cluster if it has no namespace."""

    name: str
    address: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    named_ports: Mapping[str, int] = field(default_factory=dict)


def reachable(
    policies: Iterable[Object], source: Endpoint, target: Endpoint, ports: frozenset[Port]
) -> frozenset[Port]:
    """Those of the target's ports that the source can reach: both sides must allow it."""
    every = list(policies)
    out = _allowed(every, "Egress", source, target, target, ports)
    return out & _allowed(every, "Ingress", target, source, target, ports)


def _allowed(
    policies: list[Object],
    direction: str,
    pod: Endpoint,
    other: Endpoint,
    target: Endpoint,
    ports: frozenset[Port],
) -> frozenset[Port]:
    """What all policies for one end allow. They only add; an end without a policy allows all."""
    chosen = [each for each in policies if _is_for(each, direction, pod)]
    if not chosen:
        return ports
    key, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    found: frozenset[Port] = frozenset()
    for policy in chosen:
        for rule in policy["spec"].get(key) or []:
            if _matches_any(rule.get(peers), policy["metadata"]["namespace"], other):
                found |= _opened(rule.get("ports"), target, ports)
    return found


def _is_for(policy: Object, direction: str, pod: Endpoint) -> bool:
    spec = policy["spec"]
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    return (
        direction in types
        and pod.namespace == policy["metadata"]["namespace"]
        and selects(spec["podSelector"], pod.labels)
    )


def _matches_any(peers: list[Object] | None, namespace: str, other: Endpoint) -> bool:
    """Whether one of the peers is the other end. No peers are all peers."""
    return not peers or any(_matches(each, namespace, other) for each in peers)


def _matches(peer: Object, namespace: str, other: Endpoint) -> bool:
    if block := peer.get("ipBlock"):
        address = ip_address(other.address)
        outside = any(address in ip_network(each) for each in block.get("except") or [])
        return address in ip_network(block["cidr"]) and not outside
    if not other.namespace:
        return False
    if (spaces := peer.get("namespaceSelector")) is None:
        in_namespace = other.namespace == namespace
    else:
        own = {"kubernetes.io/metadata.name": other.namespace}
        in_namespace = selects(spaces, {**other.namespace_labels, **own})
    return in_namespace and selects(peer.get("podSelector") or {}, other.labels)


def _opened(
    rules: list[Object] | None, target: Endpoint, ports: frozenset[Port]
) -> frozenset[Port]:
    """Those of the ports that a rule names. No ports are all ports."""
    if not rules:
        return ports
    return frozenset(port for port in ports if any(_is_port(each, target, port) for each in rules))


def _is_port(rule: Object, target: Endpoint, port: Port) -> bool:
    protocol, number = port
    if protocol != rule.get("protocol", "TCP"):
        return False
    first = rule.get("port")
    if isinstance(first, str):
        return target.named_ports.get(first) == number
    return first is None or first <= number <= (rule.get("endPort") or first)


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches. An empty one matches all."""
    exact = selector.get("matchLabels") or {}
    return exact.items() <= labels.items() and all(
        _holds(each, labels) for each in selector.get("matchExpressions") or []
    )


def _holds(expression: Object, labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    is_one = value in expression.get("values", [])
    return {
        "Exists": value is not None,
        "DoesNotExist": value is None,
        "In": is_one,
        "NotIn": not is_one,
    }[expression["operator"]]

"""The network policies of each mode, against the table of ways in docs/clusters.md.

The labs' clusters enforce no policies, so `network.py` evaluates them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
import yaml

from .conftest import Rendered
from .helm import CHART, ROOT, Manifests, Object, merged
from .network import Endpoint, Port, reachable
from .values import MODES

DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))

#: Both protocols of every port in a rule, and others that no rule names.
NUMBERS = (
    1,
    22,
    53,
    80,
    443,
    3307,
    4318,
    5353,
    5432,
    5671,
    5672,
    6443,
    8000,
    8080,
    9000,
    15672,
    15692,
)
PORTS = frozenset((protocol, number) for protocol in ("TCP", "UDP") for number in NUMBERS)

#: Pods of others: namespace, labels.
_PODS = {
    "neighbour": ("ns", {"app": "other"}),
    "client": ("ns", {"client": "splitflap"}),
    "dns": ("kube-system", {"k8s-app": "kube-dns"}),
    "prometheus": ("monitoring", {"app": "prometheus"}),
    "gateway": ("gateways", {"app": "envoy"}),
    "broker": ("rabbitmq", {"app.kubernetes.io/name": "rabbit"}),
    "postgres": ("ns", {"cnpg.io/cluster": "splitflap-db"}),
    "collector": ("tracing", {"app": "collector"}),
}

_ADDRESSES = {
    "node-local DNS": "169.254.20.10",
    "a site": "93.184.216.34",
    "a site by IPv6": "2606:2800:220:1::1",
    "metadata": "169.254.169.254",
    "metadata by IPv6": "fd00:ec2::254",
    "the Kubernetes API": "10.96.0.1",
    "10.*": "10.9.0.1",
    "allowed": "10.1.2.3",
    "172.16.*": "172.20.1.1",
    "192.168.*": "192.168.1.1",
    "shared": "100.64.0.1",
    "loopback": "127.0.0.1",
    "link-local": "fe80::1",
    "multicast": "224.0.0.1",
    "by NAT64": "64:ff9b::102:304",
    "a site by mapped IPv6": "::ffff:5db8:d822",
}

OTHERS = [
    *(
        Endpoint(name, f"10.244.9.{number}", namespace, labels)
        for number, (name, (namespace, labels)) in enumerate(_PODS.items(), 1)
    ),
    *(Endpoint(name, address) for name, address in _ADDRESSES.items()),
]

PRIVATE = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]

#: The one of all others that a value leaves, if a mode sets it.
NARROWED = {
    "networkPolicy.ingress.web": {"gateway"},
    "networkPolicy.ingress.api": {"client"},
    "networkPolicy.ingress.metrics": {"prometheus"},
    "networkPolicy.egress.broker": {"broker"},
    "networkPolicy.egress.database": {"postgres"},
    "networkPolicy.egress.dns": {"dns"},
    "networkPolicy.egress.kubernetes": {"the Kubernetes API"},
    "networkPolicy.egress.collector": {"collector"},
}

#: Source, target, protocol and port.
Way = tuple[str, str, Port]


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    sources: str
    targets: str
    ports: str
    condition: str
    value: str

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the ways of this row are there with these values."""
        if not self.condition:
            return True
        set_ = bool(at(values, self.condition.removeprefix("not ")))
        return set_ is not self.condition.startswith("not ")

    def open_ports(self, values: Mapping[str, Any]) -> frozenset[Port]:
        """The ports; those of the value, if it has some."""
        if self.ports == "all":
            return PORTS
        value = at(values, self.value) if self.value else []
        numbers = value["ports"] if isinstance(value, dict) else named_ports(self.ports)
        protocols = ("TCP", "UDP") if "UDP" in self.ports else ("TCP",)
        return frozenset((protocol, number) for protocol in protocols for number in numbers)


def named_ports(cell: str) -> list[int]:
    """The different numbers in a cell."""
    return sorted({int(number) for number in re.findall(r"\d+", cell)})


def at(values: Mapping[str, Any], path: str) -> Any:
    """The value at a path with dots."""
    place: Any = values
    for name in path.split("."):
        place = place[name]
    return place


def table() -> list[Row]:
    """The rows of docs/clusters.md."""
    text = (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8")
    part = text.partition("<!-- ways:")[2].partition("<!-- end of ways -->")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")][2:]
    return [Row(*(cell.strip().replace("`", "") for cell in row)) for row in rows]


TABLE = table()


def within(networks: Iterable[str]) -> set[str]:
    """The addresses and pods of others in some networks."""
    known = [ip_network(each) for each in networks]
    return {o.name for o in OTHERS if any(ip_address(o.address) in each for each in known)}


#: All pods that a release may have.
COMPONENTS = {"web", "api", "outcomes", "scraper", "renderer", "migrate", "test"} | {
    "rabbitmq",
    "postgresql",
}

#: The groups of others whose members no value changes.
GROUPS = {
    "anyone": {each.name for each in OTHERS},
    "pods of the cluster, 169.254.20.10": {*_PODS, "node-local DNS"},
    "private networks": within(PRIVATE),
    "internet": {"a site", "a site by IPv6"},
}


def group(name: str, row: Row, values: Mapping[str, Any]) -> set[str]:
    """The endpoints that a cell names."""
    if (own := set(name.split(", "))) <= COMPONENTS:
        return own
    if row.value and peers(values, row.value) != peers(DEFAULTS, row.value):
        return NARROWED[row.value]
    if name.startswith("networks of"):
        paths = re.findall(r"[\w.]+\.\w+", name)
        return within(network for path in paths for network in at(values, path))
    return GROUPS[name]


def peers(values: Mapping[str, Any], path: str) -> list[Object]:
    """The peers of a value, which has ports too if it is of egress."""
    value: Any = at(values, path)
    found: list[Object] = value["to"] if isinstance(value, dict) else value
    return found


def promised(values: Mapping[str, Any], pods: Iterable[str]) -> set[Way]:
    """The ways of the table for these values, without the pods that the release lacks."""
    there = {*pods} | {each.name for each in OTHERS}
    return {
        (source, target, port)
        for row in TABLE
        if row.holds(values)
        for source in group(row.sources, row, values) & there
        for target in group(row.targets, row, values) & there
        for port in row.open_ports(values)
    }


def endpoints(manifests: Manifests) -> list[Endpoint]:
    """The pods of a release."""
    return [
        Endpoint(
            component,
            f"10.244.0.{number}",
            "ns",
            pod["metadata"]["labels"],
            {},
            {
                port["name"]: port["containerPort"]
                for container in pod["spec"]["containers"]
                for port in container.get("ports", [])
            },
        )
        for number, (component, pod) in enumerate(manifests.pods().items(), 1)
    ]


def allowed(manifests: Manifests, policies: list[Object]) -> Iterator[Way]:
    """The ways that the policies leave open, to or from a pod of the release."""
    own = endpoints(manifests)
    for source in [*own, *OTHERS]:
        for target in [*own, *OTHERS]:
            if source != target and (source in own or target in own):
                for port in reachable(policies, source, target, PORTS):
                    yield source.name, target.name, port


def policies_of(manifests: Manifests) -> list[Object]:
    """The policies of a release."""
    return [each for each in manifests if each["kind"] == "NetworkPolicy"]


@pytest.mark.parametrize("mode", MODES)
def test_exactly_the_ways_of_the_table_are_open(rendered: Rendered, mode: str) -> None:
    """Between all pods of the release, and to and from others."""
    manifests = rendered(mode)
    found = set(allowed(manifests, policies_of(manifests)))
    wanted = promised(merged(DEFAULTS, MODES[mode]), manifests.pods())
    assert sorted(found - wanted) == []
    assert sorted(wanted - found) == []


@pytest.mark.parametrize("mode", ["dev", "closed"])
def test_each_policy_closes_a_way(rendered: Rendered, mode: str) -> None:
    """Without any one of them, more is open than the table says."""
    manifests = rendered(mode)
    every = policies_of(manifests)
    assert {each["metadata"]["labels"]["app.kubernetes.io/component"] for each in every} == {
        *manifests.pods()
    }
    before = set(allowed(manifests, every))
    for policy in every:
        without = [each for each in every if each is not policy]
        assert set(allowed(manifests, without)) > before, policy["metadata"]["name"]


def test_a_namespace_may_deny_all_by_default(rendered: Rendered) -> None:
    """Policies only add, so one that allows nothing takes nothing away."""
    manifests = rendered("closed")
    every = policies_of(manifests)
    deny: Object = {
        "metadata": {"namespace": "ns"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
    outsiders = {each.name for each in OTHERS if each.namespace == "ns"}
    ways = {way for way in allowed(manifests, every) if not outsiders & {*way[:2]}}
    assert ways <= set(allowed(manifests, [*every, deny]))


def test_the_table_has_the_default_ports() -> None:
    """A value of egress has the ports, and the table shows its defaults."""
    for row in TABLE:
        value = at(DEFAULTS, row.value) if row.value else []
        if isinstance(value, dict):
            assert named_ports(row.ports) == sorted(value["ports"])

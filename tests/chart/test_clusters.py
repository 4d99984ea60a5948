"""k8s/examples for gateways: what they name is there, and event streams pass."""

from collections.abc import Iterator
from typing import Any

import pytest

from . import strict
from .helm import Helm, Object, merged
from .network import Endpoint, reachable, selects
from .values import EXAMPLES, OUTSIDE, example

NAMESPACE = "splitflap"

#: Each example with a Gateway, and an address or a pod that its load balancer asks from.
GATEWAYS = {
    "gateway": Endpoint("gateway", "10.244.8.1", "gateways"),
    "gke": Endpoint("front end", "35.191.0.9"),
    "eks": Endpoint("load balancer", "10.0.7.7"),
    "aks": Endpoint("load balancer", "10.225.0.7"),
    "istio": Endpoint("gateway", "10.244.8.1", "gateways"),
}


class Cluster:
    """The objects of a release with an example's values, and of its other files."""

    def __init__(self, helm: Helm, name: str) -> None:
        values = merged(OUTSIDE, example(name))
        self.objects = helm.render(values, "splitflap", NAMESPACE).objects
        self.values = values
        for file in sorted((EXAMPLES / name).glob("*.yaml")):
            if file.name != "values.yaml":
                self.objects += strict.load_all(file.read_text(encoding="utf-8"))

    def of(self, kind: str) -> list[Object]:
        """All objects of a kind."""
        return [each for each in self.objects if each["kind"] == kind]

    def get(self, kind: str, name: str, namespace: str = NAMESPACE) -> Object:
        """The one object of this name."""
        [found] = [
            each
            for each in self.of(kind)
            if each["metadata"]["name"] == name and place(each) == namespace
        ]
        return found

    def pods(self, selector: Object) -> list[Object]:
        """The Deployments whose pods a selector matches."""
        return [
            each
            for each in self.of("Deployment")
            if selects(selector, each["spec"]["template"]["metadata"]["labels"])
        ]

    def behind(self, service: str, port: int) -> Object:
        """The first container behind a Service with this port."""
        spec = self.get("Service", service)["spec"]
        assert port in {each["port"] for each in spec["ports"]}
        [deployment] = self.pods({"matchLabels": spec["selector"]})
        container: Object = deployment["spec"]["template"]["spec"]["containers"][0]
        return container


def place(each: Object) -> str:
    """The namespace of an object; a release's own by default."""
    namespace: str = each["metadata"].get("namespace", NAMESPACE)
    return namespace


def everywhere(value: Any, key: str) -> Iterator[Any]:
    """What stands under a key, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from everywhere(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from everywhere(inner, key)


@pytest.fixture(scope="module")
def clusters(helm: Helm) -> dict[str, Cluster]:
    """Each example, rendered once."""
    return {name: Cluster(helm, name) for name in (*GATEWAYS, "cilium")}


@pytest.fixture(params=GATEWAYS)
def cluster(request: pytest.FixtureRequest, clusters: dict[str, Cluster]) -> Cluster:
    """Each example with a Gateway in turn."""
    return clusters[request.param]


def test_each_route_has_a_listener_that_accepts_it(cluster: Cluster) -> None:
    """By name, host and namespace."""
    routes = cluster.of("HTTPRoute")
    assert routes
    for route in routes:
        for parent in route["spec"]["parentRefs"]:
            gateway = cluster.get("Gateway", parent["name"], parent.get("namespace", NAMESPACE))
            [listener] = [
                each
                for each in gateway["spec"]["listeners"]
                if each["name"] == parent["sectionName"]
            ]
            assert listener.get("hostname") in {None, *route["spec"]["hostnames"]}
            if place(gateway) != NAMESPACE:
                spaces = listener["allowedRoutes"]["namespaces"]
                assert spaces["from"] == "Selector"
                assert selects(spaces["selector"], {"kubernetes.io/metadata.name": NAMESPACE})


def test_each_service_and_object_that_an_example_names_is_there(cluster: Cluster) -> None:
    """Services with their ports, and the configuration of a Gateway."""
    for backends in everywhere(cluster.of("HTTPRoute"), "backendRefs"):
        for each in backends:
            cluster.behind(each["name"], each["port"])
    for key in ("targetRef", "targetReference"):
        for target in everywhere(cluster.objects, key):
            assert target.get("kind", "Service") == "Service"
            assert cluster.get("Service", target["name"], target.get("namespace", NAMESPACE))
    for gateway in cluster.of("Gateway"):
        for each in everywhere(gateway, "parametersRef"):
            assert cluster.get(each["kind"], each["name"], place(gateway))
    for route in everywhere(cluster.of("VirtualService"), "destination"):
        service, _, rest = route["host"].partition(".")
        cluster.behind(service, route["port"]["number"])
        assert rest == f"{NAMESPACE}.svc.cluster.local"


def checks(cluster: Cluster) -> Iterator[tuple[int, str]]:
    """Port and path of the load balancers' questions for the health."""
    for each in everywhere(cluster.objects, "httpHealthCheck"):
        yield each["port"], each["requestPath"]
    for each in everywhere(cluster.objects, "healthCheckConfig"):
        yield int(each["healthCheckPort"]), each["healthCheckPath"]
    for policy in cluster.of("HealthCheckPolicy"):
        if "http" in (default := policy["spec"]["default"]):
            yield default["port"], default["http"]["path"]


def test_a_load_balancer_asks_what_the_readiness_probe_asks(cluster: Cluster) -> None:
    """Nginx answers on its own, so a missing API does not take the page away."""
    container = cluster.behind("splitflap-web", 80)
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    probe = container["readinessProbe"]["httpGet"]
    for port, path in checks(cluster):
        assert (port, path) == (ports[probe["port"]], probe["path"])


@pytest.mark.parametrize("name", GATEWAYS)
def test_the_policies_let_the_load_balancer_in(clusters: dict[str, Cluster], name: str) -> None:
    """To the page, and to the port that it asks for the health. Others stay out."""
    cluster = clusters[name]
    [deployment] = cluster.pods({"matchLabels": {"app.kubernetes.io/component": "web"}})
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    web = Endpoint("web", "10.244.0.1", NAMESPACE, labels)
    needed = frozenset({("TCP", 8080), *(("TCP", port) for port, _ in checks(cluster))})
    policies = cluster.of("NetworkPolicy")
    for each in policies:
        each["metadata"].setdefault("namespace", NAMESPACE)
    assert reachable(policies, GATEWAYS[name], web, needed) == needed
    stranger = Endpoint("stranger", "192.168.7.7")
    assert not reachable(policies, stranger, web, frozenset({("TCP", 8080)}))


def test_nginx_trusts_the_networks_of_the_load_balancer(cluster: Cluster) -> None:
    """Otherwise it takes https for http, and all clients for one address."""
    trusted = cluster.values.get("web", {}).get("trustedProxies", [])
    peers = cluster.values["networkPolicy"]["ingress"]["web"]
    blocks = {each["ipBlock"]["cidr"] for each in peers if "ipBlock" in each}
    assert blocks <= set(trusted)


@pytest.mark.parametrize("name", GATEWAYS)
def test_event_streams_last(clusters: dict[str, Cluster], name: str) -> None:
    """By the route's timeouts, or by the load balancer's own where it does not support them."""
    cluster = clusters[name]
    rules = cluster.get("HTTPRoute", "splitflap-api")["spec"]["rules"]
    if name in {"gke", "eks"}:
        assert "timeouts" not in str(rules)
    else:
        assert rules[0]["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    for seconds in everywhere(cluster.of("GCPBackendPolicy"), "timeoutSec"):
        assert seconds >= 3600
    for attributes in everywhere(cluster.of("LoadBalancerConfiguration"), "loadBalancerAttributes"):
        [idle] = [a["value"] for a in attributes if a["key"] == "idle_timeout.timeout_seconds"]
        assert int(idle) > 30
    for route in everywhere(cluster.of("VirtualService"), "http"):
        assert [each["timeout"] for each in route] == ["0s"]


def test_selectors_of_further_policies_match_pods(clusters: dict[str, Cluster]) -> None:
    """Sidecars reach Istio's control plane, and the API reaches the Kubernetes API."""
    sidecars = clusters["istio"].get("NetworkPolicy", "splitflap-sidecars")["spec"]
    named = [each["metadata"]["name"] for each in clusters["istio"].pods(sidecars["podSelector"])]
    assert sorted(named) == ["splitflap-api", "splitflap-web"]
    [policy] = clusters["cilium"].of("CiliumNetworkPolicy")
    [api] = clusters["cilium"].pods(policy["spec"]["endpointSelector"])
    assert api["metadata"]["name"] == "splitflap-api"

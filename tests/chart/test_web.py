"""The page's nginx."""

from typing import Any

import pytest

from .conftest import Rendered
from .helm import ROOT, Helm, ValuesRefused, merged
from .values import DEV, FULL, MODES

#: The variables that services/web/nginx/start reads.
START = (ROOT / "services" / "web" / "nginx" / "start").read_text(encoding="utf-8")

OFF: dict[str, Any] = {"web": {"enabled": False}}


def environ(helm: Helm, **values: Any) -> dict[str, str]:
    """The variables of nginx."""
    return helm.render(merged(DEV, values)).environ("web", {})


@pytest.mark.parametrize("mode", MODES)
def test_nginx_knows_each_of_its_variables(rendered: Rendered, mode: str) -> None:
    """A variable of another name would change nothing."""
    manifests = rendered(mode)
    if "web" not in manifests.pods():
        pytest.skip("not in this mode")
    names = manifests.environ("web", {}).keys() - {"EXTRA", "HTTPS_PROXY"}
    assert {name for name in names if f"export {name}=" not in START} == set()


def test_nginx_asks_the_service_of_the_api(rendered: Rendered) -> None:
    """The name ends with a dot, so resolvers skip the search domains."""
    manifests = rendered("dev")
    service = manifests.of("Service")["api"]
    host, _, port = manifests.environ("web", {})["WEB_API"].rpartition(":")
    assert host == f"{service['metadata']['name']}.ns.svc.cluster.local."
    assert int(port) == service["spec"]["ports"][0]["port"]


@pytest.mark.parametrize(
    ("limits", "processes"), [({}, "1"), ({"cpu": "1500m"}, "2"), ({"cpu": 3}, "3")]
)
def test_the_cpu_limit_sets_the_processes_of_nginx(
    helm: Helm, limits: dict[str, object], processes: str
) -> None:
    """It is rounded up. Without a limit, a pod has one process, and not one for each CPU."""
    found = environ(helm, web={"resources": {"limits": limits}})
    assert found["WEB_PROCESSES"] == processes


def test_nginx_listens_on_ipv6_addresses(helm: Helm) -> None:
    """They have brackets before a port. nginx takes IPv4 there too, as the services do."""
    found = environ(helm, listenAddress="::")
    assert found["WEB_LISTEN"] == "[::]:8080 ipv6only=off"
    assert found["WEB_HEALTH"] == "[::]:9000 ipv6only=off"


def test_the_networks_of_gateways_reach_nginx(helm: Helm) -> None:
    """By default these are the private networks. An empty list trusts nobody."""
    assert "10.0.0.0/8" in environ(helm)["WEB_TRUSTED_PROXIES"].split(",")
    assert environ(helm, web={"trustedProxies": []})["WEB_TRUSTED_PROXIES"] == ""


def test_a_release_without_the_page_has_nothing_of_it(helm: Helm) -> None:
    """No Deployment, Service, policy, budget, account or autoscaler."""
    for mode in ({}, {"autoscaling": {"mode": "hpa"}}):
        manifests = helm.render(merged(FULL, mode, OFF))
        assert [each["kind"] for each in manifests if "r-flap-web" in str(each)] == []


@pytest.mark.parametrize("mode", ["hpa", "keda"])
def test_nginx_scales_by_cpu(helm: Helm, mode: str) -> None:
    """It has no jobs and no backlog."""
    prometheus = {"keda": {"serverAddress": "http://prometheus:9090"}}
    scaling = {"mode": mode, **prometheus, "web": {"cpuPercent": 90}}
    manifests = helm.render(merged(DEV, {"autoscaling": scaling}))
    if mode == "hpa":
        [metric] = manifests.of("HorizontalPodAutoscaler")["web"]["spec"]["metrics"]
        assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 90}
    else:
        spec = manifests.of("ScaledObject")["web"]["spec"]
        [trigger] = spec["triggers"]
        assert (trigger["type"], trigger["metadata"]) == ("cpu", {"value": "90"})
        assert "fallback" not in spec


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"image": {"registry": ""}}, "set web.image.registry"),
        ({"web": {"trustedProxies": ["gateway"]}}, "/web/trustedProxies/0"),
        ({"web": {"connectionsPerAddress": 0}}, "/web/connectionsPerAddress"),
        ({"autoscaling": {"mode": "hpa", "web": {"minReplicas": 9}}}, "web.minReplicas (9)"),
    ],
)
def test_wrong_values_of_the_page_are_refused(
    helm: Helm, values: dict[str, Any], message: str
) -> None:
    """The message names the value."""
    with pytest.raises(ValuesRefused) as refused:
        helm.render(merged(DEV, values))
    assert message in str(refused.value)

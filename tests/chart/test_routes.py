"""Ingress and HTTPRoute: where they lead, and the timeouts of event streams."""

from typing import Any

import pytest
import yaml

from .conftest import Rendered
from .helm import CHART, Helm, ValuesRefused, merged
from .values import FULL

#: The paths of event streams.
STREAMS = {"/v1/events", "/v1/status/events"}

OFF: dict[str, Any] = {"web": {"enabled": False}}

GATEWAY = "gateway.networking.k8s.io/v1"

#: Kinds that the CRDs of a version serve. Timeouts are in the standard channel since 1.2.
OLD = [f"{GATEWAY}/HTTPRoute", f"{GATEWAY}/GRPCRoute"]
V1_4 = [*OLD, f"{GATEWAY}/BackendTLSPolicy"]


def rules(helm: Helm, timeouts: object, kinds: list[str]) -> list[dict[str, Any]]:
    """The rules of the HTTPRoute on a cluster with these kinds."""
    options = [option for kind in kinds for option in ("--api-versions", kind)]
    values = merged(FULL, {"httpRoute": {"timeouts": timeouts}})
    found: list[dict[str, Any]] = helm.render(values, "r", "ns", *options).of("HTTPRoute")["web"][
        "spec"
    ]["rules"]
    return found


@pytest.mark.parametrize(
    ("timeouts", "kinds", "has_them"),
    [
        (True, [], True),
        (False, V1_4, False),
        ("auto", [], False),
        ("auto", OLD, False),
        ("auto", V1_4, True),
    ],
)
def test_timeouts_need_a_version_that_has_them(
    helm: Helm, timeouts: object, kinds: list[str], has_them: bool
) -> None:
    """An older version drops or refuses the field. A value replaces what the cluster tells."""
    found = rules(helm, timeouts, kinds)
    assert ["timeouts" in each for each in found] == ([True, True] if has_them else [False])
    assert found[-1]["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]


def test_event_streams_have_no_timeout(rendered: Rendered) -> None:
    """They have a rule of their own."""
    events, other = rendered("full").of("HTTPRoute")["web"]["spec"]["rules"]
    assert {each["path"]["value"] for each in events["matches"]} == STREAMS
    assert {each["path"]["type"] for each in events["matches"]} == {"Exact"}
    assert events["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    assert other["timeouts"] == {"request": "60s"}


def test_the_default_is_for_no_controller() -> None:
    """Annotations belong to one controller, and each cluster has another one."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for name in ("ingress", "httpRoute", "service"):
        assert values[name]["annotations"] == {}


@pytest.mark.parametrize(("values", "front"), [({}, "web"), (OFF, "api")])
def test_the_routes_lead_to_the_page_or_else_to_the_api(
    helm: Helm, values: dict[str, Any], front: str
) -> None:
    """Their names stay. `helm test` uses the same Service."""
    manifests = helm.render(merged(FULL, values))
    [rule] = manifests.of("Ingress")[front]["spec"]["rules"]
    service = manifests.of("Service")[front]["metadata"]["name"]
    assert rule["http"]["paths"][0]["backend"]["service"]["name"] == service
    for each in manifests.of("HTTPRoute")[front]["spec"]["rules"]:
        assert each["backendRefs"] == [{"name": service, "port": 80}]
    for kind in ("Ingress", "HTTPRoute"):
        assert manifests.of(kind)[front]["metadata"]["name"] == "r-flap-api"
    assert f"//{service}.ns." in manifests.environ("test", {})["API"]


def test_helm_prints_the_host_of_the_route(helm: Helm) -> None:
    """The scheme is the Gateway's. Names in templates are filled in."""
    route = {"enabled": True, "hostnames": ["{{ .Release.Name }}.example.com"]}
    values = merged(FULL, {"ingress": {"enabled": False}, "httpRoute": route})
    name = helm.render(values).of("HTTPRoute")["web"]["metadata"]["name"]
    try:
        shown = helm.run("install", "r", str(CHART), "-f", helm.write(values), "--dry-run=client")
    except ValuesRefused as error:
        if "cluster unreachable" not in str(error):
            raise
        pytest.skip("Helm 3 prints its notes only with a cluster")
    _, _, notes = shown.partition("NOTES:")
    assert "The page is at the host r.example.com" in notes
    assert f"get httproute {name} " in notes

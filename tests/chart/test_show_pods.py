"""`api.showPods`: one right and one token more, for the API alone."""

import json

import pytest

from .conftest import Rendered
from .helm import Helm, Manifests, Object, merged
from .values import DEV

SHOWN = merged(DEV, {"api": {"showPods": True}, "outcomes": {"enabled": True}})


@pytest.fixture(scope="module")
def shown(helm: Helm) -> Manifests:
    """The objects with showPods."""
    return helm.render(SHOWN)


def volumes(pod: Object) -> list[str]:
    """The names of a pod's volumes with a token."""
    return [
        each["name"]
        for each in pod["spec"].get("volumes", [])
        if "serviceAccountToken" in str(each)
    ]


@pytest.mark.parametrize("mode", ["dev", "outside", "secrets"])
def test_by_default_there_is_no_token_and_no_right(rendered: Rendered, mode: str) -> None:
    """Nor a way to the Kubernetes API."""
    manifests = rendered(mode)
    assert manifests.of("Role") == manifests.of("RoleBinding") == {}
    shown = json.dumps(list(manifests))
    assert "serviceAccountToken" not in shown
    assert "KUBERNETES_DEPLOYMENTS" not in shown
    assert "6443" not in shown


def test_the_right_is_to_read_three_deployments(shown: Manifests) -> None:
    """Each is one of this release."""
    [role] = shown.of("Role").values()
    [rule] = role["rules"]
    assert rule.pop("resourceNames") == [
        shown.of("Deployment")[each]["metadata"]["name"] for each in ("api", "renderer", "scraper")
    ]
    assert rule == {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}
    assert not [each for each in shown if each["kind"].startswith("Cluster")]


def test_the_right_is_the_apis_alone(shown: Manifests) -> None:
    """The migration has the API's account too, but no token."""
    [binding] = shown.of("RoleBinding").values()
    assert binding["roleRef"]["name"] == shown.of("Role")["api"]["metadata"]["name"]
    [subject] = binding["subjects"]
    assert (subject["kind"], subject["namespace"]) == ("ServiceAccount", "ns")
    accounts = {
        component: pod["spec"].get("serviceAccountName") for component, pod in shown.pods().items()
    }
    assert [each for each, name in accounts.items() if name == subject["name"]] == [
        "api",
        "migrate",
    ]


def test_the_token_is_the_apis_alone(shown: Manifests) -> None:
    """It ends after an hour, and its files are where the API reads them."""
    assert {name: found for name, pod in shown.pods().items() if (found := volumes(pod))} == {
        "api": ["kubernetes"]
    }
    pod = shown.pods()["api"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    [volume] = [each for each in pod["volumes"] if each["name"] == "kubernetes"]
    token, ca, namespace = volume["projected"]["sources"]
    assert token["serviceAccountToken"] == {"path": "token", "expirationSeconds": 3600}
    assert ca["configMap"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    assert namespace["downwardAPI"]["items"][0]["path"] == "namespace"
    [mount] = [
        each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "kubernetes"
    ]
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert mount["readOnly"] is True


def test_the_setting_names_the_deployments(shown: Manifests) -> None:
    """Only the pods that serve requests read them."""
    name = shown.environ("api", {})["SPLITFLAP_KUBERNETES_DEPLOYMENTS"]
    deployments = shown.of("Deployment")
    for each in ("api", "renderer", "scraper"):
        assert deployments[each]["metadata"]["name"] == f"{name}-{each}"
    assert "SPLITFLAP_KUBERNETES_DEPLOYMENTS" not in shown.environ("outcomes", {})


def test_the_policy_opens_private_networks_for_the_api_alone(shown: Manifests, helm: Helm) -> None:
    """Or the addresses of the values."""
    policies = shown.of("NetworkPolicy")
    opened = [each for each, policy in policies.items() if "6443" in str(policy["spec"]["egress"])]
    assert opened == ["api"]
    rule = _to_kubernetes(shown)
    assert "0.0.0.0/0" not in str(rule)
    assert {"ipBlock": {"cidr": "10.0.0.0/8"}} in rule["to"]
    own = {"to": [{"ipBlock": {"cidr": "192.0.2.1/32"}}], "ports": [8443]}
    changed = helm.render(merged(SHOWN, {"networkPolicy": {"egress": {"kubernetes": own}}}))
    rule = _to_kubernetes(changed, 8443)
    assert rule == {"to": own["to"], "ports": [{"port": 8443, "protocol": "TCP"}]}
    without = helm.render(merged(SHOWN, {"networkPolicy": {"enabled": False}}))
    assert without.of("NetworkPolicy") == {}


def test_an_existing_account_gets_the_right(helm: Helm) -> None:
    """The chart then makes none."""
    account = {"serviceAccount": {"create": False, "name": "mine"}}
    manifests = helm.render(merged(DEV, {"api": {"showPods": True, **account}}))
    assert manifests.of("RoleBinding")["api"]["subjects"][0]["name"] == "mine"
    assert manifests.pods()["api"]["spec"]["serviceAccountName"] == "mine"
    assert "api" not in manifests.of("ServiceAccount")


def _to_kubernetes(manifests: Manifests, port: int = 6443) -> Object:
    egress = manifests.of("NetworkPolicy")["api"]["spec"]["egress"]
    [rule] = [each for each in egress if port in [found["port"] for found in each["ports"]]]
    found: Object = rule
    return found

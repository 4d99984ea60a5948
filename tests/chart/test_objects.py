"""The objects of every mode."""

import copy
import os
import subprocess
from collections import Counter
from typing import Any

import pytest
import yaml

from tests.servers.process import find_binary

from .conftest import Rendered
from .helm import CHART, KUBERNETES, Helm, Manifests, Object, merged
from .values import DEV, FULL, MODES, OUTSIDE

DIGEST = "sha256:" + "a" * 64

#: Default tag of the images.
APP_VERSION = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]


@pytest.mark.parametrize("mode", MODES)
def test_helm_lint_passes(helm: Helm, mode: str) -> None:
    """The lint runs in its strict form."""
    path = helm.write(MODES[mode])
    helm.run("lint", "--strict", "--kube-version", KUBERNETES, str(CHART), "-f", path)


def test_every_object_has_a_unique_valid_name(manifests: Manifests) -> None:
    """Kind and name together are unique, and names are short enough."""
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests]
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert [name for _, name in names if len(name) > 63] == []


def test_selectors_match_the_pods_by_three_constant_labels(manifests: Manifests) -> None:
    """Kubernetes forbids later changes of a selector."""
    pods = manifests.pods()
    for kind in ("Deployment", "StatefulSet", "PodDisruptionBudget"):
        for component, each in manifests.of(kind).items():
            selector = each["spec"]["selector"]["matchLabels"]
            assert set(selector) == {
                "app.kubernetes.io/name",
                "app.kubernetes.io/instance",
                "app.kubernetes.io/component",
            }
            assert selector.items() <= pods[component]["metadata"]["labels"].items()
    for component, service in manifests.of("Service").items():
        labels = pods[component]["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= labels.items()
        ports = {each.get("name") for each in manifests.container(component)["ports"]}
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= ports


def test_a_new_version_of_the_chart_restarts_no_pod(manifests: Manifests) -> None:
    """The chart's version is missing in the labels of pods."""
    for component, pod in manifests.pods().items():
        if component != "test":
            labels = pod["metadata"]["labels"].values()
            assert not [each for each in labels if APP_VERSION in each]


def test_two_releases_live_in_one_namespace(helm: Helm) -> None:
    """Their objects and selectors are disjoint."""
    one, other = helm.render(DEV, "one"), helm.render(DEV, "other")
    assert not _names(one) & _names(other)
    theirs = [pod["metadata"]["labels"].items() for pod in other.pods().values()]
    for policy in one.of("NetworkPolicy").values():
        selector = policy["spec"]["podSelector"]["matchLabels"]
        assert not any(selector.items() <= labels for labels in theirs)


@pytest.mark.parametrize(
    ("values", "release", "name"),
    [
        ({}, "r", "r-splitflap-api"),
        ({}, "splitflap", "splitflap-api"),
        ({"nameOverride": "flap"}, "r", "r-flap-api"),
        ({"fullnameOverride": "mine"}, "r", "mine-api"),
        ({}, "r" * 30, "r" * 30 + "-splitflap-api"),
        ({}, "my-splitflap", "my-splitflap-api"),
    ],
)
def test_names_can_be_chosen_and_stay_short(
    helm: Helm, values: dict[str, Any], release: str, name: str
) -> None:
    """They are those of version 0.1.0: a changed name would be another database."""
    manifests = helm.render(merged(DEV, values), release)
    assert manifests.of("Deployment")["api"]["metadata"]["name"] == name
    assert max(len(each["metadata"]["name"]) for each in manifests) <= 63


@pytest.mark.parametrize("value", ["", "nameOverride", "fullnameOverride"])
def test_long_names_keep_what_tells_them_apart(helm: Helm, value: str) -> None:
    """They differ in the last character only. A Service's name has at most 63."""
    long = "team-frontend-preview-of-pull-request-number-120"
    one, other = (
        helm.render(merged(DEV, {value: name}) if value else DEV, "r" if value else name)
        for name in (f"{long}1", f"{long}2")
    )
    assert not _names(one) & _names(other)
    assert max(len(each["metadata"]["name"]) for each in [*one, *other]) <= 63
    assert one.of("Deployment").keys() == other.of("Deployment").keys()


@pytest.mark.parametrize(
    ("values", "release", "name"),
    [
        ({}, "r", "splitflap"),
        ({}, "splitflap", "splitflap"),
        ({}, "team-frontend-preview-of-pull-request-number-1201", "splitflap"),
        ({"fullnameOverride": "mine"}, "r", "splitflap"),
        ({"nameOverride": "flap"}, "r", "flap"),
        ({"commonLabels": {"a": "b"}, "api": {"podLabels": {"c": "d"}}}, "r", "splitflap"),
    ],
)
def test_selectors_are_those_of_version_0_1_0(
    helm: Helm, values: dict[str, Any], release: str, name: str
) -> None:
    """Kubernetes refuses a changed selector, so an upgrade would fail."""
    manifests = helm.render(merged(DEV, values), release)
    found = 0
    for kind in ("Deployment", "StatefulSet"):
        for component, each in manifests.of(kind).items():
            found += 1
            assert each["spec"]["selector"] == {
                "matchLabels": {
                    "app.kubernetes.io/name": name,
                    "app.kubernetes.io/instance": release,
                    "app.kubernetes.io/component": component,
                }
            }
            for claim in each["spec"].get("volumeClaimTemplates", []):
                assert claim["metadata"]["labels"] == each["spec"]["selector"]["matchLabels"]
    assert found == 6


@pytest.mark.parametrize(
    ("image", "own", "expected"),
    [
        ({"registry": "r.io"}, {}, f"r.io/splitflap/api:{APP_VERSION}"),
        ({"registry": "r.io", "tag": "1"}, {}, "r.io/splitflap/api:1"),
        ({"registry": "r.io"}, {"registry": "mine:5000", "tag": "2"}, "mine:5000/splitflap/api:2"),
        ({"registry": "r.io"}, {"tag": "2", "digest": DIGEST}, f"r.io/splitflap/api@{DIGEST}"),
        ({"registry": "r.io"}, {"repository": "other/name"}, f"r.io/other/name:{APP_VERSION}"),
    ],
)
def test_the_image_follows_from_registry_tag_and_digest(
    helm: Helm, image: Object, own: Object, expected: str
) -> None:
    """The service's registry precedes the shared one; a digest precedes a tag."""
    manifests = helm.render(merged(OUTSIDE, {"image": image, "api": {"image": own}}))
    assert manifests.container("api")["image"] == expected
    assert manifests.container("migrate")["image"] == expected


def test_a_parent_charts_registry_replaces_all_registries(helm: Helm) -> None:
    """RabbitMQ and PostgreSQL use it too, with the parent's pull secrets."""
    parent = {"imageRegistry": "mirror.example.com", "imagePullSecrets": ["pull"]}
    for pod in helm.render(merged(DEV, {"global": parent})).pods().values():
        assert pod["spec"]["imagePullSecrets"] == [{"name": "pull"}]
        for container in pod["spec"]["containers"]:
            assert container["image"].startswith("mirror.example.com/")


def test_all_pod_values_reach_the_pods(rendered: Rendered) -> None:
    """This holds for every service."""
    manifests = rendered("full")
    for component in ("web", "api", "outcomes", "scraper", "renderer"):
        pod, spec = manifests.pods()[component], manifests.pods()[component]["spec"]
        assert pod["metadata"]["labels"]["team"] == "web"
        assert pod["metadata"]["labels"]["cost"] == "1"
        assert pod["metadata"]["annotations"]["c"] == "d"
        assert spec["nodeSelector"] == {"disk": "ssd"}
        assert spec["tolerations"] == FULL["api"]["tolerations"]
        assert spec["affinity"] == {"nodeAffinity": {}}
        assert spec["priorityClassName"] == "system-cluster-critical"
        assert spec["imagePullSecrets"] == [{"name": "pull"}]
        assert {"name": "more", "emptyDir": {}} in spec["volumes"]
        container = spec["containers"][0]
        assert {"name": "EXTRA", "value": "1"} in container["env"]
        assert container["envFrom"] == FULL["api"]["extraEnvFrom"]
        assert {"name": "more", "mountPath": "/more"} in container["volumeMounts"]
        deployment = manifests.of("Deployment")[component]["metadata"]
        assert deployment["annotations"] == {"a": "b", "owner": "me"}
        assert deployment["labels"]["cost"] == "1"
    extra = [each for each in manifests if each["metadata"]["name"] == "r-x"]
    assert [each["kind"] for each in extra] == ["ConfigMap"]


def test_a_changed_password_restarts_only_its_service(helm: Helm) -> None:
    """The scraper's password restarts the scraper."""
    before = helm.render(OUTSIDE).pods()
    changed = merged(OUTSIDE, {"broker": {"users": {"scraper": {"password": "new"}}}})
    after = helm.render(changed).pods()
    assert {name for name in before if before[name] != after[name]} == {"scraper"}


def test_a_changed_image_creates_another_migration_job(helm: Helm) -> None:
    """Kubernetes forbids changes of a Job, so its name follows from its content."""
    before, after = (
        helm.render(merged(DEV, {"image": {"tag": tag}})).of("Job")["migrate"]["metadata"]["name"]
        for tag in ("1", "2")
    )
    assert before != after
    assert "helm.sh/hook" not in str(helm.render(DEV).of("Job"))


@pytest.mark.skipif(not os.environ.get("KUBECONFIG"), reason="no cluster: KUBECONFIG is not set")
def test_a_cluster_accepts_the_objects(manifests: Manifests, helm: Helm) -> None:
    """A server-side dry run checks them. Objects of unknown kinds are left out."""
    known = kubectl("api-resources", "-o", "name")
    path = helm.folder / "objects.yaml"
    wanted = [each for each in manifests if each["kind"] != "HTTPRoute" or "httproutes" in known]
    for each in copy.deepcopy(wanted):
        each["metadata"].pop("namespace", None)
        path.write_text(yaml.safe_dump(each), encoding="utf-8")
        kubectl("create", "--dry-run=server", "-n", "default", "-f", str(path))


def kubectl(*arguments: str) -> str:
    """Run kubectl; fail the test with its error."""
    binary = find_binary("kubectl")
    done = subprocess.run([binary, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _names(manifests: Manifests) -> set[tuple[str, str]]:
    return {(each["kind"], each["metadata"]["name"]) for each in manifests}

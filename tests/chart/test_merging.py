"""Keys that the chart sets and the user sets too: each is rendered once."""

import pytest
import yaml

from . import strict
from .conftest import Rendered
from .helm import Manifests
from .values import TWICE

#: Labels that selectors, rules and dashboards need.
FIXED = {
    "app.kubernetes.io/name": "splitflap",
    "app.kubernetes.io/instance": "r",
    "app.kubernetes.io/part-of": "splitflap",
}

SERVICES = ("api", "outcomes", "scraper", "renderer")


@pytest.fixture(scope="module")
def twice(rendered: Rendered) -> Manifests:
    """The objects of the mode in which the user sets what the chart sets."""
    return rendered("twice")


def test_the_loader_of_these_tests_refuses_a_key_that_stands_twice() -> None:
    """PyYAML by itself takes the last one."""
    for text in ("a: 1\na: 2", "x: {b: 1, b: 1}", "- {a: 1, 'a': 2}"):
        with pytest.raises(yaml.YAMLError, match="2 times"):
            strict.load_all(text)


def test_no_list_has_an_item_twice(manifests: Manifests) -> None:
    """Server-side apply refuses two variables, volumes or mounts of a name."""
    for each in manifests:
        found = [*strict.duplicates(each)]
        assert not found, (each["kind"], each["metadata"]["name"])


def test_the_charts_labels_win_where_something_selects_by_them(twice: Manifests) -> None:
    """The other labels are the user's, the more special before the common ones."""
    for each in twice:
        labels = each["metadata"]["labels"]
        assert labels.items() >= FIXED.items()
        assert labels["app.kubernetes.io/component"] != "mine"
        assert labels["app.kubernetes.io/version"] == labels["helm.sh/chart"] == "mine"
    for component, pod in twice.pods().items():
        labels = pod["metadata"]["labels"]
        assert labels.items() >= {**FIXED, "app.kubernetes.io/component": component}.items()
        assert labels["cost"] == ("2" if component in {"web", *SERVICES} else "1")


def test_the_users_annotations_win_except_those_that_restart_a_pod(twice: Manifests) -> None:
    """A checksum tells that a password has changed."""
    for component in SERVICES:
        annotations = twice.pods()[component]["metadata"]["annotations"]
        assert len(annotations["checksum/secret"]) == 64
        assert annotations["owner"] == "them"
    assert len(twice.pods()["rabbitmq"]["metadata"]["annotations"]["checksum/config"]) == 64
    assert twice.of("ConfigMap")["dashboards"]["metadata"]["annotations"]["folder"] == "x"


def test_the_users_variables_mounts_and_volumes_replace_those_of_the_chart(
    twice: Manifests,
) -> None:
    """The last one of a name stays."""
    extra = TWICE["api"]
    for component in ("web", *SERVICES):
        pod = twice.pods()[component]["spec"]
        volumes = {each["name"]: each for each in pod["volumes"]}
        assert volumes["tmp"] == extra["extraVolumes"][0]
        mounts = {each["mountPath"]: each for each in pod["containers"][0]["volumeMounts"]}
        assert mounts["/tmp"] == extra["extraVolumeMounts"][0]
    for component in SERVICES:
        assert {"name": "SPLITFLAP_HEALTH_HOST", "value": "127.0.0.1"} in (
            twice.container(component)["env"]
        )
    assert {"name": "WEB_PROCESSES", "value": "9"} in twice.container("web")["env"]
    for component in ("api", "outcomes", "migrate"):
        assert {"name": "PGUSER", "value": "me"} in twice.container(component)["env"]


def test_a_spread_counts_the_pods_of_its_component(twice: Manifests) -> None:
    """What the user selects further stays, as do keys of the user."""
    [spread] = twice.pods()["api"]["spec"]["topologySpreadConstraints"]
    assert spread["matchLabelKeys"] == ["mine"]
    assert spread["labelSelector"] == {
        "matchLabels": {
            "app.kubernetes.io/name": "splitflap",
            "app.kubernetes.io/instance": "r",
            "app.kubernetes.io/component": "api",
            "team": "web",
        },
        "matchExpressions": [{"key": "team", "operator": "Exists"}],
    }


def test_an_alert_keeps_its_severity(twice: Manifests) -> None:
    """Routes of Alertmanager depend on it."""
    groups = twice.of("PrometheusRule")["rules"]["spec"]["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert {rule["labels"]["severity"] for rule in alerts} == {"critical", "warning"}
    assert {rule["labels"]["team"] for rule in alerts} == {"web"}

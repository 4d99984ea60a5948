"""The chart as a dependency: switched off, with anchors, and twice in one parent chart."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .helm import Helm, Manifests, ValuesRefused, merged
from .promtool import Expected, evaluate
from .umbrella import render, umbrella
from .values import DEV, SEEN

#: A release whose name has both aliases in it.
RELEASE = "blog-shop"

VALUES = merged(DEV, SEEN, {"metrics": {"rules": {"kind": "configMap"}}})


#: One alias has more time for its backlog.
SLOW = {"autoscaling": {"drainTarget": 60}}


@pytest.fixture(scope="module")
def both(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A parent chart with two aliases."""
    folder = tmp_path_factory.mktemp("both") / "parent"
    return umbrella(folder, ("blog", "shop"), {"blog": VALUES, "shop": merged(VALUES, SLOW)})


@pytest.fixture(scope="module")
def each(helm: Helm, both: Path) -> dict[str, Manifests]:
    """The objects of each alias."""
    off = {"blog": "shop.enabled=false", "shop": "blog.enabled=false"}
    return {
        alias: render(helm, both, "--set", other, release=RELEASE) for alias, other in off.items()
    }


def test_an_optional_dependency_can_be_off(helm: Helm, tmp_path: Path) -> None:
    """The condition stands among the chart's own values."""
    parent = umbrella(tmp_path / "parent", ("splitflap",), {"splitflap": DEV})
    assert [*render(helm, parent, "--set", "splitflap.enabled=true")]
    assert not [*render(helm, parent, "--set", "splitflap.enabled=false")]


def test_values_of_other_charts_and_anchors_are_accepted(helm: Helm) -> None:
    """`global` is everybody's, and a key with `x-` is the user's."""
    more: dict[str, Any] = {
        "x-anchors": {"any": ["thing"]},
        "global": {"storageClass": "fast", "other": {"a": 1}},
    }
    assert [*helm.render(merged(DEV, more))] == [*helm.render(DEV)]
    with pytest.raises(ValuesRefused, match="additional properties 'y-anchors'"):
        helm.render(merged(DEV, {"y-anchors": {}}))


def test_two_aliases_have_different_objects(each: dict[str, Manifests]) -> None:
    """The same holds for the pods that they select."""
    names = [{(i["kind"], i["metadata"]["name"]) for i in each[alias]} for alias in each]
    assert not names[0] & names[1]
    for one, other in (("blog", "shop"), ("shop", "blog")):
        theirs = [pod["metadata"]["labels"].items() for pod in each[other].pods().values()]
        for selector in selectors(each[one]):
            assert not any(selector.items() <= labels for labels in theirs), selector


def selectors(manifests: Manifests) -> list[dict[str, str]]:
    """All selectors of pods."""
    found: list[dict[str, str]] = []

    def walk(value: Any, key: str) -> None:
        if key == "matchLabels" or (key == "selector" and "matchLabels" not in value):
            found.append(value)
        elif isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, name)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, "")

    for kind in ("Deployment", "StatefulSet", "Service", "NetworkPolicy", "PodMonitor"):
        for one in manifests.of(kind).values():
            walk(one["spec"], "")
    assert len(found) > 20
    return found


def own(alias: str) -> str:
    """The labels of an alias' series."""
    return f'namespace="ns",app_kubernetes_io_name="{alias}",app_kubernetes_io_instance="{RELEASE}"'


def test_autoscalers_ask_for_their_own_series(
    helm: Helm, both: Path, each: dict[str, Manifests]
) -> None:
    """KEDA by a query, Kubernetes' own autoscaler by labels."""
    for alias, manifests in each.items():
        for scaled in manifests.of("ScaledObject").values():
            for trigger in scaled["spec"]["triggers"]:
                assert own(alias) in trigger["metadata"].get("query", own(alias))
    hpa = render(helm, both, "--set", "shop.autoscaling.mode=hpa,blog.enabled=false")
    [metric] = hpa.of("HorizontalPodAutoscaler")["renderer"]["spec"]["metrics"]
    assert metric["external"]["metric"]["selector"]["matchLabels"] == {
        "app_kubernetes_io_name": "shop",
        "app_kubernetes_io_instance": "r",
        "kind": "render",
    }


def test_the_labels_of_the_pods_reach_the_series(each: dict[str, Manifests]) -> None:
    """The rules and the autoscalers ask for them."""
    for manifests in each.values():
        labels = manifests.of("PodMonitor")["metrics"]["spec"]["podTargetLabels"]
        assert {"app.kubernetes.io/name", "app.kubernetes.io/instance"} <= {*labels}


def test_the_demand_of_one_alias_does_not_count_for_the_other(
    each: dict[str, Manifests], tmp_path: Path
) -> None:
    """Both files of rules are in one Prometheus."""
    files, series, expected = [], {}, {}
    for alias, ready, target in (("blog", 80, 30), ("shop", 320, 60)):
        [text] = each[alias].of("ConfigMap")["rules"]["data"].values()
        files.append(tmp_path / f"{alias}.yaml")
        files[-1].write_text(text, encoding="utf-8")
        series[f'splitflap_jobs_published_total{{{own(alias)},kind="render"}}'] = "0x60"
        series[f'splitflap_queue_ready_messages{{{own(alias)},queue="render"}}'] = f"{ready}x60"
        # Ready jobs x 0.05 s / the target / 0.8 slots
        expected[f'{{{own(alias)},kind="render"}}'] = round(ready * 0.05 / target / 0.8, 2)
    wanted = Expected("round(splitflap:demand:replicas, 0.01)", expected)
    assert not evaluate(files, series, 5, wanted, tmp_path)
    groups = [
        group["name"] for file in files for group in yaml.safe_load(file.read_text())["groups"]
    ]
    assert len(groups) == len({*groups})


#: Variables with values of all releases. Each later query is restricted to its alias.
CHOICES = {"namespace", "release"}


def asked(page: str) -> list[str]:
    """The queries of a page: of its panels, its events and its variables."""
    model = json.loads(page)
    panels = [target["expr"] for panel in model["panels"] for target in panel.get("targets", [])]
    events = [each["expr"] for each in model["annotations"]["list"]]
    variables = [
        each["definition"]
        for each in model["templating"]["list"]
        if each["type"] == "query" and each["name"] not in CHOICES
    ]
    return [*panels, *events, *variables]


def test_dashboards_show_their_own_series(each: dict[str, Manifests]) -> None:
    """Two aliases have the same release and namespace. Each selector names its alias."""
    for alias, manifests in each.items():
        mine = f'app_kubernetes_io_name="{alias}"'
        for page in manifests.of("ConfigMap")["dashboards"]["data"].values():
            queries = asked(page)
            assert len(queries) > 10
            for query in queries:
                selectors = re.findall(r"\{[^{}]*\}", query)
                assert selectors, query
                assert all(mine in selector for selector in selectors), query
                # A selector without matchers would have no braces.
                assert not re.search(
                    r"\b(splitflap|rabbitmq|process)[a-z0-9_:]+(?![a-z0-9_:{])", query
                )


def test_dashboards_show_the_broker_of_the_values(helm: Helm) -> None:
    """The matchers of a RabbitMQ elsewhere replace those of the release's own."""
    values = {"metrics": {"rabbitmqSelector": r'namespace="mq",rabbitmq_cluster=~"a\\.b"'}}
    pages = helm.render(merged(DEV, SEEN, values)).of("ConfigMap")["dashboards"]["data"]
    [overview] = [page for name, page in pages.items() if name.endswith("overview.json")]
    queries = [query for query in asked(overview) if "rabbitmq_" in query]
    assert len(queries) > 4
    for query in queries:
        assert r'{namespace="mq",rabbitmq_cluster=~"a\\.b"' in query

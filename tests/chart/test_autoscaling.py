"""The autoscalers of each mode, and the rules as the chart renders them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .helm import Helm, Manifests, ValuesRefused, merged
from .promtool import Expected, evaluate
from .values import DEV

WORKERS = {"renderer": "render", "scraper": "scrape"}

PROMETHEUS = {"autoscaling": {"keda": {"serverAddress": "http://prometheus:9090"}}}


def scaled(helm: Helm, mode: str, **values: Any) -> Manifests:
    """The objects of a mode."""
    return helm.render(merged(DEV, PROMETHEUS, {"autoscaling": {"mode": mode, **values}}))


def test_the_mode_none_takes_replicas_from_the_values(helm: Helm) -> None:
    """It creates no autoscaler."""
    values = {"renderer": {"replicas": 3}, "scraper": {"replicas": 0}}
    manifests = helm.render(merged(DEV, values))
    replicas = {name: each["spec"]["replicas"] for name, each in manifests.of("Deployment").items()}
    assert replicas == {"web": 1, "api": 1, "renderer": 3, "scraper": 0}
    assert not manifests.of("HorizontalPodAutoscaler")
    assert not manifests.of("ScaledObject")


@pytest.mark.parametrize(
    ("mode", "kind", "other"),
    [
        ("hpa", "HorizontalPodAutoscaler", "ScaledObject"),
        ("keda", "ScaledObject", "HorizontalPodAutoscaler"),
    ],
)
def test_each_deployment_has_exactly_one_autoscaler(
    helm: Helm, mode: str, kind: str, other: str
) -> None:
    """The Deployment omits `replicas`, which would conflict with it."""
    manifests = scaled(helm, mode)
    deployments = manifests.of("Deployment")
    autoscalers = manifests.of(kind)
    assert set(autoscalers) == set(deployments) == {"web", "api", "renderer", "scraper"}
    assert not manifests.of(other)
    for component, each in autoscalers.items():
        target = each["spec"]["scaleTargetRef"]["name"]
        assert target == deployments[component]["metadata"]["name"]
        assert "replicas" not in deployments[component]["spec"]


def test_the_outcomes_pods_keep_their_replicas(helm: Helm) -> None:
    """They are outside the autoscaling."""
    manifests = helm.render(
        merged(DEV, {"outcomes": {"enabled": True, "replicas": 2}, "autoscaling": {"mode": "hpa"}})
    )
    assert manifests.of("Deployment")["outcomes"]["spec"]["replicas"] == 2
    assert "outcomes" not in manifests.of("HorizontalPodAutoscaler")


def test_both_modes_scale_up_at_once_and_down_slowly(helm: Helm) -> None:
    """The window of the values applies to both."""
    hpa = scaled(helm, "hpa", scaleDownWindow=120).of("HorizontalPodAutoscaler")
    keda = scaled(helm, "keda", scaleDownWindow=120).of("ScaledObject")
    for component in hpa:
        behavior = hpa[component]["spec"]["behavior"]
        config = keda[component]["spec"]["advanced"]["horizontalPodAutoscalerConfig"]
        assert behavior == config["behavior"]
        assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
        assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 120


def test_workers_follow_their_own_demand(helm: Helm) -> None:
    """The target is one replica per unit of demand, of this release and kind only."""
    keda = scaled(helm, "keda").of("ScaledObject")
    hpa = scaled(helm, "hpa").of("HorizontalPodAutoscaler")
    for worker, kind in WORKERS.items():
        [trigger] = keda[worker]["spec"]["triggers"]
        own = (
            'namespace="ns",app_kubernetes_io_name="splitflap",app_kubernetes_io_instance="r"'
            f',kind="{kind}"'
        )
        assert trigger["metadata"]["query"] == f"splitflap:demand:replicas{{{own}}}"
        assert (trigger["metricType"], trigger["metadata"]["threshold"]) == ("AverageValue", "1")
        [metric] = hpa[worker]["spec"]["metrics"]
        assert metric["external"]["metric"]["name"] == "splitflap_demand_replicas"
        labels = {
            "app_kubernetes_io_name": "splitflap",
            "app_kubernetes_io_instance": "r",
            "kind": kind,
        }
        assert metric["external"]["metric"]["selector"]["matchLabels"] == labels
        assert metric["external"]["target"] == {"type": "AverageValue", "averageValue": "1"}


def test_missing_data_never_scales_in(helm: Helm) -> None:
    """A missing series is an error, and an error keeps the present pods."""
    keda = scaled(helm, "keda").of("ScaledObject")
    for each in keda.values():
        for trigger in each["spec"]["triggers"]:
            assert trigger["metadata"].get("ignoreNullValues", "false") == "false"
    for worker in WORKERS:
        assert keda[worker]["spec"]["fallback"]["behavior"] == "currentReplicasIfHigher"
    with_it = scaled(helm, "keda", keda={"metadata": {"ignoreNullValues": "true"}})
    [trigger] = with_it.of("ScaledObject")["renderer"]["spec"]["triggers"]
    assert trigger["metadata"]["ignoreNullValues"] == "false"


def test_the_api_scales_by_cpu_and_requests(helm: Helm) -> None:
    """Each of the two can be turned off."""
    both = scaled(helm, "hpa").of("HorizontalPodAutoscaler")["api"]["spec"]["metrics"]
    assert [metric["type"] for metric in both] == ["Resource", "Pods"]
    keda = scaled(helm, "keda").of("ScaledObject")["api"]["spec"]["triggers"]
    assert [trigger["type"] for trigger in keda] == ["cpu", "prometheus"]
    cpu = scaled(helm, "hpa", api={"requestsInFlight": 0}).of("HorizontalPodAutoscaler")["api"]
    assert [metric["type"] for metric in cpu["spec"]["metrics"]] == ["Resource"]


def test_workers_scale_to_zero_with_keda_only(helm: Helm) -> None:
    """Kubernetes' own autoscaler cannot start a first pod."""
    sleepy = scaled(helm, "keda", renderer={"minReplicas": 0}).of("ScaledObject")["renderer"]
    assert sleepy["spec"]["minReplicaCount"] == 0
    with pytest.raises(ValuesRefused, match=r"autoscaling\.renderer\.minReplicas is 0"):
        scaled(helm, "hpa", renderer={"minReplicas": 0})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mode": "keda", "keda": {"serverAddress": ""}}, r"set autoscaling\.keda\.serverAddress"),
        ({"mode": "hpa", "api": {"minReplicas": 9}}, r"minReplicas \(9\) is more than maxReplicas"),
        ({"mode": "hpa", "api": {"cpuPercent": 0, "requestsInFlight": 0}}, "has no signal"),
        ({"mode": "keda", "api": {"minReplicas": 0}}, "requests cannot start the API"),
    ],
)
def test_wrong_values_of_autoscaling_are_refused(
    helm: Helm, values: dict[str, Any], message: str
) -> None:
    """The message says what to set."""
    with pytest.raises(ValuesRefused, match=message):
        helm.render(merged(DEV, PROMETHEUS, {"autoscaling": values}))


def rules(helm: Helm, **values: Any) -> dict[str, Any]:
    """The rule groups of a release."""
    manifests = helm.render(merged(DEV, {"metrics": {"rules": {"kind": "configMap"}}}, values))
    [text] = manifests.of("ConfigMap")["rules"]["data"].values()
    groups: dict[str, Any] = yaml.safe_load(text)
    return groups


def every(groups: dict[str, Any], what: str) -> Iterator[dict[str, Any]]:
    """All recording rules, or all alerts."""
    return (rule for group in groups["groups"] for rule in group["rules"] if what in rule)


def test_the_rules_are_restricted_to_their_release(helm: Helm, tmp_path: Path) -> None:
    """Each release has its own constants and series."""
    groups = rules(helm, autoscaling={"drainTarget": 10, "renderer": {"serviceSeconds": 0.1}})
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(groups), encoding="utf-8")
    series = {}
    common = 'namespace="ns",app_kubernetes_io_name="splitflap"'
    for release in ("r", "s"):
        own = f'{common},app_kubernetes_io_instance="{release}"'
        series[f'splitflap_jobs_published_total{{{own},kind="render"}}'] = "0+120x60"
        series[f'splitflap_queue_ready_messages{{{own},queue="render"}}'] = "80x60"
    # (8 x 0.1 + 80 x 0.1 / 10) / (1 x 0.8)
    labels = f'{{{common},app_kubernetes_io_instance="r",kind="render"}}'
    expected = Expected("round(splitflap:demand:replicas, 0.01)", {labels: 2.0})
    assert not evaluate([path], series, 5, expected, tmp_path)


def test_alerts_can_be_labelled_and_omitted(helm: Helm) -> None:
    """The values are `alerts.labels` and `alerts.disabled`."""
    prefix = "https://git.example/splitflap/blob/main/"
    alerts = {"labels": {"team": "web"}, "disabled": ["SplitflapSlowCommits"]}
    found = list(every(rules(helm, alerts={**alerts, "runbookPrefix": prefix}), "alert"))
    assert "SplitflapSlowCommits" not in {alert["alert"] for alert in found}
    assert len(found) > 10
    for alert in found:
        assert alert["labels"]["team"] == "web"
        assert alert["labels"]["severity"]
        assert alert["annotations"]["runbook_url"].startswith(f"{prefix}docs/alerts.md#")
        assert 'namespace=~"' not in alert["expr"]
    assert not list(every(rules(helm, alerts={"enabled": False}), "alert"))


def test_the_operator_gets_the_same_rules(helm: Helm) -> None:
    """They are in a PrometheusRule with the operator's labels."""
    kind = {"kind": "prometheusRule", "labels": {"release": "kps"}}
    manifests = helm.render(merged(DEV, {"metrics": {"rules": kind}}))
    rule = manifests.of("PrometheusRule")["rules"]
    assert rule["metadata"]["labels"]["release"] == "kps"
    assert rule["spec"] == rules(helm)


def test_alarms_of_an_external_broker_use_its_matchers(helm: Helm) -> None:
    """The matchers are the value `metrics.rabbitmqSelector`."""
    groups = rules(helm, metrics={"rabbitmqSelector": 'namespace="mq",rabbitmq_cluster="x"'})
    [alarm] = [each for each in every(groups, "alert") if each["alert"] == "SplitflapBrokerAlarm"]
    assert alarm["expr"].count('{namespace="mq",rabbitmq_cluster="x"}') == 2


def test_pods_are_scraped_once(helm: Helm) -> None:
    """Annotations or a PodMonitor select them. Both together would double every rate."""
    annotated = helm.render(DEV).pods()["renderer"]["metadata"]["annotations"]
    assert annotated["prometheus.io/port"] == "9000"
    manifests = helm.render(merged(DEV, {"metrics": {"podMonitor": {"enabled": True}}}))
    for component in ("api", "renderer", "scraper", "rabbitmq"):
        annotations = manifests.pods()[component]["metadata"].get("annotations", {})
        assert "prometheus.io/scrape" not in annotations
    monitor = manifests.of("PodMonitor")["metrics"]["spec"]
    assert "app.kubernetes.io/instance" in monitor["podTargetLabels"]


def test_a_users_container_is_not_scraped_as_one_of_the_charts(helm: Helm) -> None:
    """It may have a port of the same name. RabbitMQ's second path would be missing there."""
    ports = [{"name": name, "containerPort": 9 + i} for i, name in enumerate(("health", "metrics"))]
    user = {"extraContainers": [{"name": "proxy", "image": "proxy:1", "ports": ports}]}
    more = {"metrics": {"podMonitor": {"enabled": True}}, "outcomes": {"enabled": True}}
    manifests = helm.render(merged(DEV, more, {"pods": user}))
    scraped = [
        (component, container["name"], endpoint["path"])
        for endpoint in manifests.of("PodMonitor")["metrics"]["spec"]["podMetricsEndpoints"]
        for component, pod in manifests.pods().items()
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
        if port["name"] == endpoint["port"] and kept(endpoint["relabelings"], container["name"])
    ]
    services = {(name, name, "/metrics") for name in ("api", "scraper", "renderer", "rabbitmq")}
    others = {("web", "nginx", "/metrics"), ("outcomes", "api", "/metrics")}
    assert {*scraped} == services | others | {("rabbitmq", "rabbitmq", "/metrics/detailed")}
    assert len(scraped) == 7


def kept(rules: list[dict[str, Any]], container: str) -> bool:
    """Whether the rules keep a target of this container."""
    rules = [rule for rule in rules if rule.get("action") == "keep"]
    assert {*rules[0]["sourceLabels"]} == {"__meta_kubernetes_pod_container_name"}
    return all(re.fullmatch(rule["regex"], container) for rule in rules)


def test_the_dashboards_have_the_label_of_grafanas_sidecar(helm: Helm) -> None:
    """Each dashboard is one file of the ConfigMap."""
    values = {"dashboards": {"enabled": True, "annotations": {"grafana_folder": "Splitflap"}}}
    found = helm.render(merged(DEV, values)).of("ConfigMap")["dashboards"]
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["metadata"]["annotations"]["grafana_folder"] == "Splitflap"
    assert len(found["data"]) == 4
    for text in found["data"].values():
        assert yaml.safe_load(text)["panels"]

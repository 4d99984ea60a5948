"""What sets the number of pods, in each mode; and the rules as the chart renders them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .helm import Helm, Manifests, Refused, merged
from .promtool import Expected, evaluate
from .values import DEV

WORKERS = {"renderer": "render", "scraper": "scrape"}

PROMETHEUS = {"autoscaling": {"keda": {"serverAddress": "http://prometheus:9090"}}}


def scaled(helm: Helm, mode: str, **values: Any) -> Manifests:
    """The objects in a mode."""
    return helm.render(merged(DEV, PROMETHEUS, {"autoscaling": {"mode": mode, **values}}))


def test_without_autoscaler_the_values_say_how_many(helm: Helm) -> None:
    """And no autoscaler is there."""
    values = {"renderer": {"replicas": 3}, "scraper": {"replicas": 0}}
    manifests = helm.render(merged(DEV, values))
    replicas = {name: each["spec"]["replicas"] for name, each in manifests.of("Deployment").items()}
    assert replicas == {"api": 1, "renderer": 3, "scraper": 0}
    assert not manifests.of("HorizontalPodAutoscaler")
    assert not manifests.of("ScaledObject")


@pytest.mark.parametrize(
    ("mode", "kind", "other"),
    [
        ("hpa", "HorizontalPodAutoscaler", "ScaledObject"),
        ("keda", "ScaledObject", "HorizontalPodAutoscaler"),
    ],
)
def test_one_autoscaler_for_each_deployment(helm: Helm, mode: str, kind: str, other: str) -> None:
    """Never two for one Deployment; and the Deployment says no number that would fight it."""
    manifests = scaled(helm, mode)
    deployments = manifests.of("Deployment")
    autoscalers = manifests.of(kind)
    assert set(autoscalers) == set(deployments) == {"api", "renderer", "scraper"}
    assert not manifests.of(other)
    for component, each in autoscalers.items():
        target = each["spec"]["scaleTargetRef"]["name"]
        assert target == deployments[component]["metadata"]["name"]
        assert "replicas" not in deployments[component]["spec"]


def test_outcomes_are_not_scaled(helm: Helm) -> None:
    """Parted from the API, they keep their own number."""
    manifests = helm.render(
        merged(DEV, {"outcomes": {"enabled": True, "replicas": 2}, "autoscaling": {"mode": "hpa"}})
    )
    assert manifests.of("Deployment")["outcomes"]["spec"]["replicas"] == 2
    assert "outcomes" not in manifests.of("HorizontalPodAutoscaler")


def test_both_go_up_fast_and_down_slowly(helm: Helm) -> None:
    """By the same behaviour, with the window of the values."""
    hpa = scaled(helm, "hpa", scaleDownWindow=120).of("HorizontalPodAutoscaler")
    keda = scaled(helm, "keda", scaleDownWindow=120).of("ScaledObject")
    for component in hpa:
        behavior = hpa[component]["spec"]["behavior"]
        config = keda[component]["spec"]["advanced"]["horizontalPodAutoscalerConfig"]
        assert behavior == config["behavior"]
        assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
        assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 120


def test_workers_follow_their_own_demand(helm: Helm) -> None:
    """Of this release and kind alone, one replica for each that the work needs."""
    keda = scaled(helm, "keda").of("ScaledObject")
    hpa = scaled(helm, "hpa").of("HorizontalPodAutoscaler")
    for worker, kind in WORKERS.items():
        [trigger] = keda[worker]["spec"]["triggers"]
        own = f'namespace="ns",app_kubernetes_io_instance="r",kind="{kind}"'
        assert trigger["metadata"]["query"] == f"splitflap:demand:replicas{{{own}}}"
        assert (trigger["metricType"], trigger["metadata"]["threshold"]) == ("AverageValue", "1")
        [metric] = hpa[worker]["spec"]["metrics"]
        assert metric["external"]["metric"]["name"] == "splitflap_demand_replicas"
        labels = {"app_kubernetes_io_instance": "r", "kind": kind}
        assert metric["external"]["metric"]["selector"]["matchLabels"] == labels
        assert metric["external"]["target"] == {"type": "AverageValue", "averageValue": "1"}


def test_missing_data_never_scales_in(helm: Helm) -> None:
    """No series is an error, and an error leaves the workers as they are."""
    keda = scaled(helm, "keda").of("ScaledObject")
    for each in keda.values():
        for trigger in each["spec"]["triggers"]:
            assert trigger["metadata"].get("ignoreNullValues", "false") == "false"
    for worker in WORKERS:
        assert keda[worker]["spec"]["fallback"]["behavior"] == "currentReplicasIfHigher"
    with_it = scaled(helm, "keda", keda={"metadata": {"ignoreNullValues": "true"}})
    [trigger] = with_it.of("ScaledObject")["renderer"]["spec"]["triggers"]
    assert trigger["metadata"]["ignoreNullValues"] == "false"


def test_api_is_scaled_by_cpu_and_requests(helm: Helm) -> None:
    """Each can be left out."""
    both = scaled(helm, "hpa").of("HorizontalPodAutoscaler")["api"]["spec"]["metrics"]
    assert [metric["type"] for metric in both] == ["Resource", "Pods"]
    keda = scaled(helm, "keda").of("ScaledObject")["api"]["spec"]["triggers"]
    assert [trigger["type"] for trigger in keda] == ["cpu", "prometheus"]
    cpu = scaled(helm, "hpa", api={"requestsInFlight": 0}).of("HorizontalPodAutoscaler")["api"]
    assert [metric["type"] for metric in cpu["spec"]["metrics"]] == ["Resource"]


def test_workers_may_sleep(helm: Helm) -> None:
    """With KEDA, which wakes them; Kubernetes' own autoscaler does not."""
    sleepy = scaled(helm, "keda", renderer={"minReplicas": 0}).of("ScaledObject")["renderer"]
    assert sleepy["spec"]["minReplicaCount"] == 0
    with pytest.raises(Refused, match=r"autoscaling\.renderer\.minReplicas is 0"):
        scaled(helm, "hpa", renderer={"minReplicas": 0})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mode": "keda", "keda": {"serverAddress": ""}}, r"set autoscaling\.keda\.serverAddress"),
        ({"mode": "hpa", "api": {"minReplicas": 9}}, r"minReplicas \(9\) is more than maxReplicas"),
        ({"mode": "hpa", "api": {"cpuPercent": 0, "requestsInFlight": 0}}, "has no signal"),
        ({"mode": "keda", "api": {"minReplicas": 0}}, "cannot be woken"),
    ],
)
def test_what_cannot_work_is_refused(helm: Helm, values: dict[str, Any], message: str) -> None:
    """With what to set."""
    with pytest.raises(Refused, match=message):
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


def test_rules_are_of_one_release(helm: Helm, tmp_path: Path) -> None:
    """Its constants are its own, and another release's series are not in it."""
    groups = rules(helm, autoscaling={"drainTarget": 10, "renderer": {"serviceSeconds": 0.1}})
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(groups), encoding="utf-8")
    series = {}
    for release in ("r", "s"):
        own = f'namespace="ns",app_kubernetes_io_instance="{release}"'
        series[f'splitflap_jobs_published_total{{{own},kind="render"}}'] = "0+120x60"
        series[f'splitflap_queue_ready_messages{{{own},queue="render"}}'] = "80x60"
    # (8 x 0.1 + 80 x 0.1 / 10) / (1 x 0.8)
    labels = '{namespace="ns",app_kubernetes_io_instance="r",kind="render"}'
    expected = Expected("round(splitflap:demand:replicas, 0.01)", {labels: 2.0})
    assert not evaluate([path], series, 5, expected, tmp_path)


def test_alerts_can_be_labelled_and_left_out(helm: Helm) -> None:
    """For those who route them, and for those who have their own."""
    prefix = "https://git.example/splitflap/blob/main/"
    alerts = {"labels": {"team": "web"}, "disabled": ["SplitflapSlowCommits"]}
    found = list(every(rules(helm, alerts={**alerts, "runbookPrefix": prefix}), "alert"))
    assert "SplitflapSlowCommits" not in {alert["alert"] for alert in found}
    assert len(found) > 10
    for alert in found:
        assert alert["labels"]["team"] == "web"
        assert alert["labels"]["severity"]
        assert alert["annotations"]["runbook_url"].startswith(f"{prefix}docs/operations.md#")
        assert 'namespace=~"' not in alert["expr"]
    assert not list(every(rules(helm, alerts={"enabled": False}), "alert"))


def test_operator_gets_the_same_rules(helm: Helm) -> None:
    """As a PrometheusRule, with the labels by which it is selected."""
    kind = {"kind": "prometheusRule", "labels": {"release": "kps"}}
    manifests = helm.render(merged(DEV, {"metrics": {"rules": kind}}))
    rule = manifests.of("PrometheusRule")["rules"]
    assert rule["metadata"]["labels"]["release"] == "kps"
    assert rule["spec"] == rules(helm)


def test_alarms_of_a_broker_elsewhere(helm: Helm) -> None:
    """By the matchers of its own series."""
    groups = rules(helm, metrics={"rabbitmqSelector": 'namespace="mq",rabbitmq_cluster="x"'})
    [alarm] = [each for each in every(groups, "alert") if each["alert"] == "SplitflapBrokerAlarm"]
    assert alarm["expr"].count('{namespace="mq",rabbitmq_cluster="x"}') == 2


def test_pods_are_scraped_once(helm: Helm) -> None:
    """By annotations or by a PodMonitor: by both, every rate would be twice what it is."""
    annotated = helm.render(DEV).pods()["renderer"]["metadata"]["annotations"]
    assert annotated["prometheus.io/port"] == "9000"
    manifests = helm.render(merged(DEV, {"metrics": {"podMonitor": {"enabled": True}}}))
    for component in ("api", "renderer", "scraper", "rabbitmq"):
        annotations = manifests.pods()[component]["metadata"].get("annotations", {})
        assert "prometheus.io/scrape" not in annotations
    monitor = manifests.of("PodMonitor")["metrics"]["spec"]
    assert "app.kubernetes.io/instance" in monitor["podTargetLabels"]
    ports = {
        port["name"]
        for pod in manifests.pods().values()
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
    }
    assert {endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]} <= ports


def test_dashboards_are_for_grafanas_sidecar(helm: Helm) -> None:
    """Each as a file that it loads."""
    values = {"dashboards": {"enabled": True, "annotations": {"grafana_folder": "Splitflap"}}}
    found = helm.render(merged(DEV, values)).of("ConfigMap")["dashboards"]
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["metadata"]["annotations"]["grafana_folder"] == "Splitflap"
    assert set(found["data"]) == {"api.json", "overview.json", "renderer.json", "scraper.json"}
    for text in found["data"].values():
        assert yaml.safe_load(text)["panels"]

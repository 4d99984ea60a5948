"""k8s/examples for Argo CD and Flux: an autoscaler keeps the number of pods, and hooks run."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest

from . import strict
from .helm import Helm, Manifests, Object, merged
from .network import selects
from .values import EXAMPLES

APPLICATION: Object = strict.load(
    (EXAMPLES / "argo-cd" / "application.yaml").read_text(encoding="utf-8")
)
REPOSITORY, RELEASE = strict.load_all(
    (EXAMPLES / "flux" / "release.yaml").read_text(encoding="utf-8")
)

#: What the values of an example become in each mode.
SCALING: dict[str, Any] = {
    "none": {"mode": "none"},
    "hpa": {"mode": "hpa"},
    "keda": {"mode": "keda", "keda": {"serverAddress": "http://prometheus:9090"}},
}

ARGO = APPLICATION["spec"]["source"]["helm"]
FLUX = RELEASE["spec"]


@pytest.fixture(scope="module")
def modes(helm: Helm) -> dict[str, Manifests]:
    """The release of the Application in each mode, with pods that no autoscaler scales."""
    outcomes = {"outcomes": {"enabled": True}}
    return {
        mode: helm.render(
            merged(ARGO["valuesObject"], outcomes, {"autoscaling": scaling}),
            ARGO["releaseName"],
            APPLICATION["spec"]["destination"]["namespace"],
        )
        for mode, scaling in SCALING.items()
    }


def scaled(manifests: Manifests) -> set[str]:
    """The names of the Deployments that an autoscaler scales."""
    return {
        each["spec"]["scaleTargetRef"]["name"]
        for each in manifests
        if each["kind"] in {"HorizontalPodAutoscaler", "ScaledObject"}
    }


def ignored_by_argo(each: Object) -> Iterator[str]:
    """The paths of an object that Argo CD ignores."""
    group = each["apiVersion"].rpartition("/")[0]
    for rule in APPLICATION["spec"]["ignoreDifferences"]:
        same = (rule.get("group", ""), rule["kind"]) == (group, each["kind"])
        if same and rule.get("name") in {None, each["metadata"]["name"]}:
            yield from rule["jsonPointers"]


def ignored_by_flux(each: Object) -> Iterator[str]:
    """The paths of an object that Flux ignores."""
    for rule in FLUX["driftDetection"]["ignore"]:
        [(key, values)] = re.findall(r"(\S+) in \(([^)]*)\)", rule["target"]["labelSelector"])
        expression = {"key": key, "operator": "In", "values": values.split(", ")}
        selector = {"matchExpressions": [expression]}
        if each["kind"] == rule["target"]["kind"] and selects(selector, each["metadata"]["labels"]):
            yield from rule["paths"]


def synced(desired: Object, live: Object) -> Object:
    """What Argo CD applies with RespectIgnoreDifferences: ignored fields as they are now."""
    assert "RespectIgnoreDifferences=true" in APPLICATION["spec"]["syncPolicy"]["syncOptions"]
    result = copy.deepcopy(desired)
    for path in ignored_by_argo(desired):
        *parents, last = path.strip("/").split("/")
        target, source = result, live
        for name in parents:
            target, source = target[name], source[name]
        if last in source:
            target[last] = source[last]
        else:
            target.pop(last, None)
    return result


@pytest.mark.parametrize("mode", ["hpa", "keda"])
@pytest.mark.parametrize("ignored", [ignored_by_argo, ignored_by_flux])
def test_only_the_replicas_of_scaled_deployments_are_ignored(
    modes: dict[str, Manifests], mode: str, ignored: Any
) -> None:
    """All else stays compared: a drift is mended."""
    found = {(each["kind"], each["metadata"]["name"]): [*ignored(each)] for each in modes[mode]}
    paths = {key: some for key, some in found.items() if some}
    assert paths == {("Deployment", name): ["/spec/replicas"] for name in scaled(modes[mode])}
    assert len(paths) == 4


@pytest.mark.parametrize("then", ["hpa", "keda", "none"])
@pytest.mark.parametrize("now", ["none", "hpa", "keda"])
def test_a_change_of_the_mode_keeps_the_pods(
    modes: dict[str, Manifests], now: str, then: str
) -> None:
    """The manifest drops or sets `replicas`, and Argo CD applies the present number."""
    before, after = (modes[mode].of("Deployment") for mode in (now, then))
    for component, desired in after.items():
        live = copy.deepcopy(before[component])
        if desired["metadata"]["name"] in scaled(modes["hpa"]):
            live["spec"]["replicas"] = 5
        assert synced(desired, live)["spec"]["replicas"] == live["spec"]["replicas"]


def test_a_first_sync_lets_the_autoscaler_choose(modes: dict[str, Manifests]) -> None:
    """Argo CD renders without a cluster, so the field is missing."""
    for mode in ("hpa", "keda"):
        deployments = modes[mode].of("Deployment").values()
        without = {e["metadata"]["name"] for e in deployments if "replicas" not in e["spec"]}
        assert without == scaled(modes[mode])


def test_argo_cd_runs_the_test_and_the_migration(modes: dict[str, Manifests]) -> None:
    """It ignores Helm's tests, so the pod is a hook of its own. The Job is a plain object."""
    manifests = modes["hpa"]
    hook = manifests.pods()["test"]["metadata"]["annotations"]
    assert hook["argocd.argoproj.io/hook"] == "PostSync"
    assert hook["argocd.argoproj.io/hook-delete-policy"] == "BeforeHookCreation"
    hooked = {each["kind"] for each in manifests if "hook" in str(each["metadata"])}
    assert hooked == {"Pod"}
    # A Job that deleted itself would be made again by each sync.
    assert "ttlSecondsAfterFinished" not in manifests.of("Job")["migrate"]["spec"]


def test_flux_releases_the_chart_and_tests_it(helm: Helm) -> None:
    """It waits for the migration longer than that waits for the database."""
    assert FLUX["chartRef"] == {"kind": REPOSITORY["kind"], "name": REPOSITORY["metadata"]["name"]}
    assert REPOSITORY["spec"]["url"].endswith("/splitflap")
    manifests = helm.render(FLUX["values"], FLUX["releaseName"], RELEASE["metadata"]["namespace"])
    wait = int(manifests.container("migrate")["args"][-1])
    assert int(FLUX["timeout"].removesuffix("m")) * 60 > wait
    assert FLUX["test"] == {"enable": True}
    assert manifests.pods()["test"]["metadata"]["annotations"]["helm.sh/hook"] == "test"

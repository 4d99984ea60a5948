"""Another mode of autoscaling hands the pods over: their number stays, and nobody notices."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.faults.clients.load import Load

from .conftest import MakeRelease
from .kube import Kube
from .prometheus import VALUES, Prometheus
from .release import Release
from .world import ClusterWorld

SERVICES = ("api", "renderer", "scraper")

#: Pods of each service, in every mode: more than the 1 that a lost `replicas` would become.
PODS = 2

#: Posts a second.
RATE = 4.0

#: Each of the ways between two modes, where what scales is handed to somebody else.
MODES = ("keda", "hpa", "keda", "none")


def values(release: Release, mode: str) -> dict[str, object]:
    """So many pods, whoever sets their number."""
    bounds = {"minReplicas": PODS, "maxReplicas": PODS}
    return {
        **VALUES,
        "autoscaling.mode": mode,
        "autoscaling.keda.serverAddress": Prometheus.address(release.kube),
        **{f"autoscaling.{name}": bounds for name in SERVICES},
        **{f"{name}.replicas": PODS for name in SERVICES},
    }


@contextmanager
def watched(kube: Kube, file: Path) -> Iterator[list[tuple[str, int]]]:
    """Every number of pods that a Deployment is given while the block runs, known at its end."""
    told = "jsonpath={.metadata.name} {.spec.replicas}{'\\n'}"
    command = ["kubectl", "--namespace", kube.namespace, "get", "deployments", "--watch"]
    seen: list[tuple[str, int]] = []
    with (
        file.open("w", encoding="ascii") as output,
        subprocess.Popen([*command, "--output", told], stdout=output) as process,
    ):
        try:
            yield seen
        finally:
            process.terminate()
    for line in file.read_text(encoding="ascii").splitlines():
        name, _, count = line.partition(" ")
        seen.append((name, int(count)))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_change_of_mode_hands_the_pods_over(
    make_release: MakeRelease, has_keda: bool, tmp_path: Path
) -> None:
    """From mode to mode while clients post, poll and stream: no number below, no request fails."""
    if not has_keda:
        pytest.skip("the cluster has no KEDA")
    release = make_release("modes")
    release.install(values(release, "none"))
    # KEDA's objects are ready once it answers.
    Prometheus(release.kube)
    world = ClusterWorld(release)
    load = Load(world, "modes", "2016", RATE)
    with watched(release.kube, tmp_path / "replicas") as seen:
        load.start()
        for mode in MODES:
            release.upgrade(values(release, mode))
        verdict = check(load.stop())
    counts = {name: {count for each, count in seen if each == name} for name, _ in seen}
    assert all(counts[f"splitflap-{name}"] == {PODS} for name in SERVICES), counts
    assert not verdict.faults
    assert verdict.ok == verdict.acknowledged > 0
    assert not world.failures.seen, world.failures.seen

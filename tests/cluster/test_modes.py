"""A change of the autoscaling mode keeps the pods, unnoticed by clients."""

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

SERVICES = ("web", "api", "renderer", "scraper")

#: Pods of each service in every mode. A lost `replicas` would reset the number to 1.
PODS = 2

#: Posts per second.
RATE = 4.0

#: The changes between two modes.
MODES = ("keda", "hpa", "keda", "none")


def values(release: Release, mode: str) -> dict[str, object]:
    """Values with this number of pods in each mode."""
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
    """All numbers of pods that a Deployment gets during the block, complete at its end."""
    columns = "jsonpath={.metadata.name} {.spec.replicas}{'\\n'}"
    command = ["kubectl", "--namespace", kube.namespace, "get", "deployments", "--watch"]
    seen: list[tuple[str, int]] = []
    with (
        file.open("w", encoding="ascii") as output,
        subprocess.Popen([*command, "--output", columns], stdout=output) as process,
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
def test_a_change_of_mode_keeps_the_pods(
    make_release: MakeRelease, has_keda: bool, tmp_path: Path
) -> None:
    """The number never falls, and no request fails."""
    if not has_keda:
        pytest.skip("the cluster has no KEDA")
    release = make_release("modes")
    release.install(values(release, "none"))
    # The objects become ready when KEDA responds.
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

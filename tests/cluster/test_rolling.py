"""Upgrades and scaling in under load: clients see no failure."""

import pytest

from tests.faults.checker import check
from tests.faults.clients.load import Load

from .release import VOLUMES, Release
from .world import ClusterWorld

#: Posts per second.
RATE = 8.0

SERVICES = ("web", "api", "renderer", "scraper")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_request_fails_while_pods_are_replaced(release: Release) -> None:
    """All pods are replaced twice, then two of three pods of each service end."""
    world = ClusterWorld(release)
    load = Load(world, "rolling", "2016", RATE)
    load.start()
    for number in range(2):
        annotations = {f"{name}.podAnnotations.round": str(number) for name in SERVICES}
        release.upgrade({**VOLUMES, **annotations})
    for count in (3, 1):
        for name in SERVICES:
            release.kube("scale", f"deployment/splitflap-{name}", f"--replicas={count}")
        for name in SERVICES:
            release.kube.wait_ready(name, count)
    verdict = check(load.stop())
    assert not verdict.faults
    assert verdict.ok == verdict.acknowledged > 100
    assert not world.failures.seen, world.failures.seen

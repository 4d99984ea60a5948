"""Deleting any pod under load loses and doubles nothing."""

import pytest

from tests.faults.checker import check
from tests.faults.clients.load import Load

from .release import Release
from .world import ClusterWorld

#: Posts per second.
RATE = 8.0

#: Deleted pods of each kind, one after the other.
ROUNDS = 2

SLOW = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("web", "api", "scraper", "postgresql")
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("component", ["renderer", pytest.param("rabbitmq"), *SLOW])
@pytest.mark.parametrize("grace", ["30", "0"], ids=["asked", "killed"])
def test_a_deleted_pod_loses_no_post(release: Release, component: str, grace: str) -> None:
    """Each pod is deleted twice, with or without grace, and returns. The checker finds no fault."""
    load = Load(ClusterWorld(release), f"delete-{component}-{grace}", grace, RATE)
    load.start()
    for _ in range(ROUNDS):
        pod = release.kube.pods(component)[0]["metadata"]["name"]
        release.kube("delete", "pod", pod, f"--grace-period={grace}", *_force(grace))
        release.kube.wait_ready(component)
    verdict = check(load.stop())
    assert not verdict.faults
    assert verdict.ok == verdict.acknowledged > 0


def _force(grace: str) -> list[str]:
    return ["--force"] if grace == "0" else []

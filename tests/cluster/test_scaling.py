"""KEDA scales each bottleneck independently, under two floods."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import wait_until
from tests.system.rig.stack import ADMIN

from .conftest import MakeRelease
from .kube import ROOT
from .prometheus import VALUES, Prometheus
from .release import Release
from .replicas import WORKERS, Recorder, table, write

#: Largest number of pods of each worker.
MOST = 3

#: Seconds of a slow page, and pages that a scraper fetches at a time. Small, so that a few links
#: per second are a flood.
SLOW_PAGE, FETCHES = 4.0, 4

#: Seconds of a flood, and of the wait for the rest of its work and the end of the pods.
FLOOD, CALM = 75, 300.0

#: The page for the table, relative to the root, set by `make scaling-figures`.
PAGE = os.environ.get("SPLITFLAP_SCALING_PAGE")


def values(release: Release, mode: str) -> dict[str, object]:
    """Values for KEDA, with few pods and short windows."""
    scaling = {"minReplicas": 1, "maxReplicas": MOST}
    return {
        **VALUES,
        "autoscaling.mode": mode,
        "autoscaling.keda.serverAddress": Prometheus.address(release.kube),
        "autoscaling.keda.pollingInterval": 5,
        "autoscaling.scaleDownWindow": 30,
        "autoscaling.scaleDownPercent": 100,
        "autoscaling.renderer": scaling,
        "autoscaling.scraper": {**scaling, "slots": FETCHES, "serviceSeconds": SLOW_PAGE},
        "autoscaling.api": {"minReplicas": 1, "maxReplicas": 1},
        "autoscaling.web": {"minReplicas": 1, "maxReplicas": 1},
        "scraper.settings.concurrency": FETCHES,
    }


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_each_bottleneck_scales_alone(make_release: MakeRelease, has_keda: bool) -> None:
    """Heavy texts add only renderers, slow pages add only scrapers. Both scale down again."""
    if not has_keda:
        pytest.skip("the cluster has no KEDA")
    release = make_release("scaling", slow=SLOW_PAGE)
    # First without KEDA: Prometheus needs the release's rules, and KEDA needs Prometheus.
    release.install(values(release, "none"))
    prometheus = Prometheus(release.kube)
    release.upgrade(values(release, "keda"))
    with Recorder(release.kube, prometheus) as recorder:
        wait_until(lambda: len(recorder.samples) > 2 and _knows(recorder), "a demand", 120)
        for worker, other, mix in (
            ("renderer", "scraper", ["--mix", "heavy", "--rate", "25"]),
            ("scraper", "renderer", ["--mix", "links", "--rate", "1"]),
        ):
            _flood(release, recorder, worker, mix)
            assert recorder.most(worker, f"flood of the {worker}") == MOST, table(recorder.samples)
            assert recorder.most(other, f"flood of the {worker}") == 1, table(recorder.samples)
    # Most of each flood waited in the database, and still counted.
    assert all(recorder.most_held(worker) > 0 for worker in WORKERS), table(recorder.samples)
    text = table(recorder.samples)
    sys.stdout.write(f"{text}\n")
    if PAGE:
        write(text, ROOT / PAGE)


def _flood(release: Release, recorder: Recorder, worker: str, mix: list[str]) -> None:
    """Send a flood, then wait until the worker has scaled down."""
    program = str(Path(sys.executable).parent / "splitflap")
    recorder.phase = f"flood of the {worker}"
    done = subprocess.run(
        [program, "--url", release.url, "--key", ADMIN, "load", *mix,
         "--page-url", release.site.url("slow/{}"), "--duration", str(FLOOD),
         "--concurrency", "16", "--patience", str(CALM), "--json"],
        check=False, capture_output=True, text=True, timeout=FLOOD + CALM + 60,
    )  # fmt: skip
    figures = json.loads(done.stdout)["all"]
    sys.stdout.write(f"{worker}: {figures}\n")
    # The API may refuse posts; all accepted ones are complete.
    assert figures["accepted"] == figures["complete"] > 0
    recorder.phase = f"after the {worker}"
    wait_until(lambda: recorder.now(worker) == 1, lambda: table(recorder.samples), CALM)


def _knows(recorder: Recorder) -> bool:
    return None not in recorder.samples[-1].demand.values()

"""The shared release, and reports of its pods after a failure.

Without KUBECONFIG the tests that need a cluster are skipped; they never use the current context by
accident. `make cluster-test` finds or starts a cluster, and loads the images into it.
"""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack

import pytest

from .kube import run
from .release import IMAGE, VOLUMES, Release, namespace
from .site import ClusterSite

MakeRelease = Callable[..., Release]

_releases: list[Release] = []


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "slow: takes minutes; make test-cluster-fast leaves it out")


@pytest.fixture(scope="session")
def cluster() -> None:
    """A reachable cluster, and its command-line programs."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("no cluster: KUBECONFIG is not set (make cluster-test finds one)")
    missing = [name for name in ("kubectl", "helm") if not shutil.which(name)]
    assert not missing, f"not installed: {', '.join(missing)}"
    run(["kubectl", "get", "--raw", "/readyz"])


@pytest.fixture(scope="session")
def shared_release(cluster: None) -> Iterator[Release]:
    """One release with volumes and the values of values-dev.yaml. Its traces go to its site."""
    with namespace("shared") as kube:
        made = Release(kube, ClusterSite(kube, IMAGE))
        _releases.append(made)
        made.install(
            {
                **VOLUMES,
                "tracing.endpoint": made.site.url("").rstrip("/"),
                "tracing.ratio": 1,
                "networkPolicy.egress.collector.ports": [80, 8080],
            }
        )
        yield made
        _releases.remove(made)


@pytest.fixture
def release(shared_release: Release) -> Release:
    """The shared release, after all of its pods are ready again.

    A worker without its broker is not ready, and becomes ready only at the next probe.
    """
    shared_release.wait_ready()
    return shared_release


@pytest.fixture
def make_release(cluster: None) -> Iterator[MakeRelease]:
    """Makes namespaces for a test's own releases, each with a site. The test installs them."""
    with ExitStack() as exits:
        made: list[Release] = []

        def make(name: str, slow: float = 1.0) -> Release:
            kube = exits.enter_context(namespace(name))
            made.append(Release(kube, ClusterSite(kube, IMAGE, slow)))
            _releases.append(made[-1])
            return made[-1]

        yield make
        for each in made:
            _releases.remove(each)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add pods, events and logs to the report of a failure."""
    report = yield
    if report.failed:
        for each in _releases:
            report.sections += list(each.logs())
    return report


@pytest.fixture(scope="session")
def has_keda(cluster: None) -> bool:
    """Whether KEDA is installed."""
    return "scaledobjects" in run(["kubectl", "api-resources", "--api-group=keda.sh"])

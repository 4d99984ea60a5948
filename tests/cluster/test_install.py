"""The chart with its development values: it works, within its requests, in a strict namespace."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.helm import find_helm
from tests.servers.fixtures import or_skip
from tests.support import wait_until
from tests.system.rig.stack import ADMIN

from .kube import CHART, CommandFailed, helm, run
from .release import NAME, Release

#: MiB that each service may use at rest, which is what it requests; the renderer's for a process.
AT_REST = {"api": 128, "scraper": 128, "renderer": 96}

#: A pod that `restricted` forbids: it says nothing of its user.
ROOT_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "forbidden"},
    "spec": {"containers": [{"name": "a", "image": "a"}]},
}


def test_a_first_post_is_complete_with_its_previews(release: Release) -> None:
    """Through the Service; the scraper fetched a page inside the cluster, which it was allowed."""
    page = release.site.url("page/Departures")
    post = release.client().create_post(f"Hello **world** {page}")
    assert post["state"] == "complete"
    assert "<strong>world</strong>" in post["html"]
    assert [link["preview"]["title"] for link in post["links"]] == ["Departures"]


def test_what_was_not_allowed_is_not_fetched(release: Release) -> None:
    """The setting opens one address, and no other of the cluster."""
    url = "http://kubernetes.default.svc.cluster.local/"
    post = release.client().create_post(url)
    assert post["links"][0]["preview"]["state"] == "failed"


def test_the_namespace_enforces_restricted_pods(release: Release) -> None:
    """So every pod of the chart has passed; one that should not is refused."""
    with pytest.raises(CommandFailed, match="violates PodSecurity"):
        release.kube("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(ROOT_POD))
    assert {component for component in AT_REST if release.kube.ready(component)} == set(AT_REST)


def test_no_pod_has_a_token_or_a_writable_root(release: Release) -> None:
    """Seen from inside: the least that an intruder would find."""
    for component in AT_REST:
        pod = release.kube.pods(component)[0]["metadata"]["name"]
        with pytest.raises(CommandFailed):
            release.kube("exec", pod, "--", "ls", "/var/run/secrets/kubernetes.io/serviceaccount")
        with pytest.raises(CommandFailed, match="Read-only file system"):
            release.kube("exec", pod, "--", "touch", "/opt/intruder")


def test_helm_lint_is_strict() -> None:
    """No warning either, in the defaults and in the development values."""
    or_skip(find_helm)
    for values in ([], ["--values", str(CHART / "values-dev.yaml")]):
        helm("lint", "--strict", str(CHART), *values)


def test_helm_test_passes(release: Release) -> None:
    """The chart's own test, as its users run it."""
    assert "Succeeded" in helm("test", NAME, "--namespace", release.namespace, "--timeout=3m")


@pytest.mark.parametrize(
    ("value", "message"),
    [("autoscaling.mode=sometimes", "mode"), ("api.replica=2", "replica")],
)
def test_a_wrong_value_is_refused_before_anything_changes(
    release: Release, value: str, message: str
) -> None:
    """By the schema, with the value's name; the release stays as it was."""
    before = helm("history", NAME, "--namespace", release.namespace)
    with pytest.raises(CommandFailed, match=message):
        release.helm("upgrade", f"--set={value}")
    assert helm("history", NAME, "--namespace", release.namespace) == before


def test_at_rest_every_service_is_within_its_requests(release: Release) -> None:
    """As the kubelet counts it, and as the chart's requests say."""
    usage: dict[str, list[float]] = {}

    def is_known() -> bool:
        usage.update(_memory(release))
        return set(usage) >= set(AT_REST)

    wait_until(is_known, "figures of metrics-server, which the cluster must have", 90)
    for component, limit in AT_REST.items():
        container = release.kube.pods(component)[0]["spec"]["containers"][0]
        processes = int(container["resources"]["limits"].get("cpu", 1))
        most = limit * processes if component == "renderer" else limit
        sys.stdout.write(f"{component}: {usage[component]} MiB at rest, at most {most}\n")
        assert max(usage[component]) <= most


def _memory(release: Release) -> Iterator[tuple[str, list[float]]]:
    """MiB of each pod, by component."""
    for component in AT_REST:
        names = {pod["metadata"]["name"] for pod in release.kube.pods(component)}
        found = json.loads(
            run(
                [
                    "kubectl",
                    "get",
                    "--raw",
                    f"/apis/metrics.k8s.io/v1beta1/namespaces/{release.namespace}/pods",
                ]
            )
        )
        figures = [
            int(pod["containers"][0]["usage"]["memory"].removesuffix("Ki")) / 1024
            for pod in found["items"]
            if pod["metadata"]["name"] in names
        ]
        if figures:
            yield component, figures


def test_status_shows_the_release(release: Release) -> None:
    """`splitflap status` on a real cluster: each service, and what waits."""
    program = str(Path(sys.executable).parent / "splitflap")
    shown = json.loads(run([program, "status", "-n", release.namespace, "--json"]))
    ready = {service["name"]: service["ready"] for service in shown["services"]}
    assert ready == {"api": 1, "renderer": 1, "scraper": 1}
    assert {job["kind"] for job in shown["jobs"]} == {"render", "scrape"}
    assert shown["events"]
    assert shown["gaps"] == []
    table = run([program, "status", "-n", release.namespace, "--release", NAME])
    assert "renderer  1/1" in table


def test_status_says_what_is_missing(release: Release) -> None:
    """No release there, or none of that name: the namespace is named, and what to do."""
    program = str(Path(sys.executable).parent / "splitflap")
    for options in (["-n", "default"], ["-n", release.namespace, "--release", "other"]):
        with pytest.raises(CommandFailed, match=r"no release.*helm list"):
            run([program, "status", *options])


def test_load_posts_through_the_service(release: Release) -> None:
    """`splitflap load` on the cluster: every kind completes."""
    program = str(Path(sys.executable).parent / "splitflap")
    api = [program, "--url", release.url, "--key", ADMIN]
    mix = ["load", "--mix", "plain=2,heavy=1,links=1", "--count", "12", "--rate", "10"]
    figures = json.loads(run([*api, *mix, "--page-url", release.site.url("page/{}"), "--json"]))
    assert figures["all"]["complete"] == 12

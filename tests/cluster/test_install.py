"""The chart with its development values, in a namespace that enforces `restricted`."""

import itertools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.chart.helm import find_helm
from tests.servers.fixtures import or_skip
from tests.support import wait_until
from tests.system.rig.stack import ADMIN

from .kube import CHART, ROOT, CommandFailed, helm, run
from .release import NAME, Release, reachable

#: Most MiB of each idle service, equal to its request; for the renderer, of one process.
AT_REST = {"web": 32, "api": 128, "scraper": 128, "renderer": 96}

#: A pod without a user, which `restricted` forbids.
ROOT_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "forbidden"},
    "spec": {"containers": [{"name": "a", "image": "a"}]},
}


def test_a_first_post_is_complete_with_its_previews(release: Release) -> None:
    """The scraper fetches an allowed page inside the cluster."""
    page = release.site.url("page/Departures")
    post = release.client().create_post(f"Hello **world** {page}")
    assert post["state"] == "complete"
    assert "<strong>world</strong>" in post["html"]
    assert [link["preview"]["title"] for link in post["links"]] == ["Departures"]


def test_the_spans_of_a_post_reach_the_collector(release: Release) -> None:
    """Each service sends its own. Their names stand in the messages as they are."""
    release.client().create_post(f"Traced {release.site.url('page/Traced')}")
    names = {b"POST /v1/posts", b"process jobs:render", b"process jobs:scrape", b"process results"}

    def missing() -> set[bytes]:
        received = requests.get(f"{reachable(release.kube, 'site')}/received", timeout=10).content
        return {name for name in names if name not in received}

    wait_until(lambda: not missing(), lambda: f"the spans {missing()}", 60)


def test_the_page_is_served_with_its_files(release: Release) -> None:
    """Its policy allows no inline script."""
    page = requests.get(f"{release.url}/", timeout=10)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    [script, *_] = re.findall(r'src="(/static/[^"]+[.]js)"', page.text)
    file = requests.get(release.url + script, timeout=10)
    assert file.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in file.headers["Cache-Control"]


def test_an_event_comes_through_nginx_at_once(release: Release) -> None:
    """The stream is open, so nginx buffers nothing."""
    headers = {"Authorization": f"Bearer {ADMIN}"}
    url = f"{release.url}/v1/events"
    with requests.get(url, headers=headers, stream=True, timeout=30) as stream:
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        assert "event: start" in itertools.islice(lines, 5)
        post = release.client().create_post("For the stream")
        assert next(line for line in lines if post["id"] in line)


def test_other_addresses_of_the_cluster_are_not_fetched(release: Release) -> None:
    """The setting allows one address."""
    url = "http://kubernetes.default.svc.cluster.local/"
    post = release.client().create_post(url)
    assert post["links"][0]["preview"]["state"] == "failed"


def test_the_namespace_enforces_restricted_pods(release: Release) -> None:
    """A pod beyond the profile is refused, so all pods of the chart satisfy it."""
    with pytest.raises(CommandFailed, match="violates PodSecurity"):
        release.kube("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(ROOT_POD))
    assert {component for component in AT_REST if release.kube.ready(component)} == set(AT_REST)


def test_no_pod_has_a_needless_token_or_a_writable_root(release: Release) -> None:
    """The test checks this inside the pods. `api.showPods` needs the API's token."""
    for component in AT_REST:
        pod = release.kube.pods(component)[0]["metadata"]["name"]
        if component != "api":
            with pytest.raises(CommandFailed):
                release.kube("exec", pod, "--", "ls", "/var/run/secrets/kubernetes.io")
        with pytest.raises(CommandFailed, match="Read-only file system"):
            release.kube("exec", pod, "--", "touch", "/opt/intruder")


def test_strict_helm_lint_passes() -> None:
    """It checks the defaults and the development values."""
    or_skip(find_helm)
    for values in ([], ["--values", str(CHART / "values-dev.yaml")]):
        helm("lint", "--strict", str(CHART), *values)


def test_helm_test_passes(release: Release) -> None:
    """`helm test` creates a post."""
    assert "Succeeded" in helm("test", NAME, "--namespace", release.namespace, "--timeout=3m")


@pytest.mark.parametrize(
    ("value", "message"),
    [("autoscaling.mode=sometimes", "mode"), ("api.replica=2", "replica")],
)
def test_a_wrong_value_is_refused_before_anything_changes(
    release: Release, value: str, message: str
) -> None:
    """The schema names the value, and the release stays unchanged."""
    before = helm("history", NAME, "--namespace", release.namespace)
    with pytest.raises(CommandFailed, match=message):
        release.helm("upgrade", f"--set={value}")
    assert helm("history", NAME, "--namespace", release.namespace) == before


def test_idle_services_use_less_than_their_requests(release: Release) -> None:
    """The kubelet's figures against the chart's requests."""
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
    """`splitflap status` lists each service and the waiting work."""
    program = str(Path(sys.executable).parent / "splitflap")
    shown = json.loads(run([program, "status", "-n", release.namespace, "--json"]))
    ready = {service["name"]: service["ready"] for service in shown["services"]}
    assert ready == {"web": 1, "api": 1, "renderer": 1, "scraper": 1}
    assert {job["kind"] for job in shown["jobs"]} == {"render", "scrape"}
    assert shown["events"]
    assert shown["gaps"] == []
    table = run([program, "status", "-n", release.namespace, "--release", NAME])
    assert "renderer  1/1" in table


def test_the_status_has_the_pods_that_kubernetes_wants_and_has(release: Release) -> None:
    """A quota keeps the second renderer away, so one fewer is there than wanted."""
    wait_for_pods(release, {"api": (1, 1), "render": (1, 1), "scrape": (1, 1)})
    kube = release.kube
    kube("create", "quota", "full", "--hard=pods=1")
    try:
        kube("scale", "deployment/splitflap-renderer", "--replicas=2")
        wait_for_pods(release, {"api": (1, 1), "render": (2, 1), "scrape": (1, 1)})
        program = str(Path(sys.executable).parent / "splitflap")
        shown = run([program, "--url", release.url, "--key", ADMIN, "status"])
        assert "api wanted 1, there 1; render wanted 2, there 1; scrape wanted 1, th" in shown
    finally:
        kube("scale", "deployment/splitflap-renderer", "--replicas=1")
        kube("delete", "quota", "full")


def wait_for_pods(release: Release, expected: dict[str, tuple[int, int]]) -> None:
    """Wait until the status has these numbers of wanted and of ready pods."""

    def found() -> dict[str, tuple[int, int] | None]:
        status = release.client().get("/v1/status").json()
        pods = {each["kind"]: each["pods"] for each in status["kinds"]}
        pods["api"] = status["api_pods"]
        return {name: each and (each["wanted"], each["ready"]) for name, each in pods.items()}

    wait_until(lambda: found() == expected, f"the pods {expected}", 60)


@pytest.mark.parametrize(
    ("right", "has"),
    [
        ("get deployments/splitflap-renderer", True),
        ("get deployments/splitflap-web", False),
        ("list deployments", False),
        ("patch deployments/splitflap-renderer", False),
        ("get pods", False),
        ("get secrets", False),
    ],
)
def test_the_api_may_read_its_deployments_and_nothing_else(
    release: Release, right: str, has: bool
) -> None:
    """Kubernetes' own answer for the API's account."""
    account = f"--as=system:serviceaccount:{release.namespace}:splitflap-api"
    question = ["auth", "can-i", *right.split(), account]
    if has:
        assert "yes" in release.kube(*question)
    else:
        with pytest.raises(CommandFailed, match="no"):
            release.kube(*question)


def test_status_names_a_missing_release(release: Release) -> None:
    """The message names the namespace and says what to do."""
    program = str(Path(sys.executable).parent / "splitflap")
    for options in (["-n", "default"], ["-n", release.namespace, "--release", "other"]):
        with pytest.raises(CommandFailed, match=r"no release.*helm list"):
            run([program, "status", *options])


def test_load_posts_through_the_service(release: Release) -> None:
    """`splitflap load` completes every kind of request."""
    program = str(Path(sys.executable).parent / "splitflap")
    api = [program, "--url", release.url, "--key", ADMIN]
    mix = ["load", "--mix", "plain=2,heavy=1,links=1", "--count", "12", "--rate", "10"]
    figures = json.loads(run([*api, *mix, "--page-url", release.site.url("page/{}"), "--json"]))
    assert figures["all"]["complete"] == 12


def test_a_load_is_watched_as_the_page_says(release: Release, tmp_path: Path) -> None:
    """The commands of k8s/README.md, for a shorter time and without an end by Ctrl-C."""
    page = (ROOT / "k8s" / "README.md").read_text(encoding="utf-8")
    [block] = [each for each in re.findall(r"```\n(.*?)```", page, re.DOTALL) if " load --" in each]
    [key] = re.findall(r"SPLITFLAP_KEY=(\S+)", block)
    assert f"bootstrapKey: {key}\n" in (CHART / "values-dev.yaml").read_text(encoding="utf-8")
    shorter = {key: ADMIN, "--rate 20 --duration 120": "--rate 2 --duration 3", " --watch": ""}
    for written, run_as in shorter.items():
        assert written in block
        block = block.replace(written, run_as)
    shown = release.follow(block, tmp_path)
    assert re.search(r"renderer +1/1", shown), shown

"""Work waits for workers: it is refused by its age, published once, and completes in the end."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support import wait_until
from tests.system.conftest import MakeStack
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack

from .test_shares import halted

#: Seconds that renders may wait in these stacks, instead of 30.
LIMIT = 3

#: A few more than the renders that may be older than the limit (RenderJobs.backlog).
POSTS = 60

#: 60 KB, which take 0.1 s of CPU.
LARGE = "Plain text with *emphasis*, `code` and a number 1. " * 1_200

#: Seconds of a busy renderer. Earlier releases published each job again after 20 s.
BUSY = 25

#: How often the scraper is killed.
KILLS = 20

BACKENDS = ["embedded", pytest.param("servers", marks=pytest.mark.servers)]


def metrics(stack: Stack, name: str, **labels: str) -> Iterator[float]:
    """The values of a metric of all APIs, with these labels."""
    for api in stack.apis:
        for line in stack.services[api].health("metrics").text.splitlines():
            series, _, value = line.rpartition(" ")
            if series.startswith(name) and all(f'{k}="{v}"' in series for k, v in labels.items()):
                yield float(value)


def age(stack: Stack) -> float:
    """The age of the oldest render at the broker, in seconds."""
    ages = metrics(stack, "splitflap_oldest_job_seconds", kind="render", state="unfinished")
    # The first count of the jobs comes after the start.
    return max(ages, default=0)


def ready(stack: Stack) -> float:
    """The renders that wait in their queue."""
    return max(metrics(stack, "splitflap_queue_ready_messages", queue="render"))


def held(stack: Stack) -> float:
    """The renders that wait in the database for their account's turn."""
    return max(metrics(stack, "splitflap_jobs_waiting", kind="render", state="held"))


def published(stack: Stack) -> float:
    """The published renders."""
    return sum(metrics(stack, "splitflap_jobs_published_total", kind="render"))


def retried(stack: Stack, **labels: str) -> float:
    """The renders that were scheduled for another publishing."""
    return sum(metrics(stack, "splitflap_jobs_retried_total", kind="render", **labels))


def until_refused(client: Client) -> requests.Response:
    """Send posts until one is not accepted, and return its response."""
    responses: list[requests.Response] = []

    def is_refused() -> bool:
        responses.append(client.submit("more"))
        return responses[-1].status_code != 202

    wait_until(is_refused, "a refusal", interval=0.2)
    return responses[-1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_a_renderer_the_age_rises_and_new_work_is_refused(
    make_stack: MakeStack, backend: str
) -> None:
    """Each post has one message or is held, and completes when a renderer comes."""
    stack = make_stack(backend, workers=("scraper",), MAX_UNFINISHED_AGE=str(LIMIT))
    client = stack.client()
    accepted = [client.submit(f"post {number}") for number in range(POSTS)]
    assert {each.status_code for each in accepted} == {202}
    refusal = until_refused(client)
    assert refusal.status_code == 429
    assert refusal.json()["type"] == "/v1/problems/backlog"
    assert "waiting to be rendered" in refusal.json()["detail"]
    assert refusal.headers["RateLimit-Policy"] == f'"backlog";q={LIMIT};qu="seconds"'
    wait = refusal.headers["Retry-After"]
    assert refusal.headers["RateLimit"] == f'"backlog";r=0;t={wait}'
    wait_until(lambda: age(stack) > 2 * LIMIT, "the age in the metrics")
    posts = client.get("/v1/posts?channel=general&limit=100").json()["items"]
    wait_until(lambda: ready(stack) + held(stack) == len(posts), "the jobs")
    assert published(stack) == ready(stack), "one message for each job that is not held"
    stack.add_worker("renderer")
    stack.start("renderer")
    finals = [client.wait_final(each) for each in accepted]
    assert {final.status_code for final in finals} == {201}
    # On a busy machine, a renderer without CPU returns a text: that is `waited`.
    assert retried(stack) == retried(stack, why="waited")


def test_100_large_texts_of_one_account_fail_no_post_of_another(make_stack: MakeStack) -> None:
    """The renderer is busy for long. Each text has one message, however long it waits."""
    settings = {"PROCESSES": "1", "RENDER_DEADLINE": "30", "MAX_UNFINISHED_AGE": "3600"}
    stack = make_stack("embedded", workers=("renderer",), **settings)
    one = stack.client()
    other = one.clone(one.new_key("other", "read", "write")["key"])
    with halted(stack.services["renderer"]):
        accepted = [one.submit(f"{number}\n\n{LARGE}", "large") for number in range(100)]
        accepted.append(other.submit("small", "small"))
        wait_until(lambda: age(stack) > BUSY, "the age in the metrics")
    assert other.wait_final(accepted.pop()).status_code == 201
    assert {one.wait_final(each).status_code for each in accepted} == {201}
    assert retried(stack) == retried(stack, why="waited")
    assert published(stack) == 101 + retried(stack)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_backlog_of_one_account_refuses_no_post_of_another(
    make_stack: MakeStack, backend: str
) -> None:
    """Without workers, each account may leave work of a certain age."""
    stack = make_stack(backend, workers=(), MAX_UNFINISHED_AGE=str(LIMIT))
    noisy = stack.client()
    quiet = noisy.clone(noisy.new_key("quiet", "read", "write")["key"])
    for number in range(POSTS):
        assert noisy.submit(f"post {number}").status_code == 202
    seen = {noisy.submit("more").headers.get("RateLimit", "")}
    assert until_refused(noisy).status_code == 429
    for number in range(10):
        accepted = quiet.submit(f"quiet {number}")
        assert (accepted.status_code, "RateLimit" in accepted.headers) == (202, False)
        assert noisy.submit("more").status_code == 429
    assert noisy.get("/v1/posts").status_code == 200
    assert all(re.fullmatch('("backlog";r=[0-3])?', each) for each in seen)


@pytest.mark.parametrize("backend", BACKENDS)
def test_twenty_kills_of_a_scraper_fail_no_job_that_it_only_held(
    make_stack: MakeStack, site: Site, backend: str
) -> None:
    """It has one slot. Only the page in the slot has begun, so only its job may use up attempts."""
    stack = make_stack(backend, CONCURRENCY="1", SCRAPE_HOST_RATE="1000", PREVIEW_WAIT="1")
    client = stack.client()
    site.hold()
    names = [f"held/killed-{backend}-{number}" for number in range(6)]
    posts = [client.create_post(site.url(name)) for name in names]
    for _ in range(KILLS):
        stack.kill("scraper")
        stack.start("scraper")
    site.release()
    held = {post["id"]: name for post, name in zip(posts, names, strict=True)}
    began = {name for name in names if site.hits.count(f"/{name}") > 0}
    wait_until(lambda: all(_is_settled(client, post) for post in held), "all previews", 90)
    states = {name: _preview(client, post)["state"] for post, name in held.items()}
    assert {state for name, state in states.items() if name not in began} <= {"ready"}
    assert sum(state == "failed" for state in states.values()) <= len(began)
    assert "ready" in states.values()


def _preview(client: Client, post: str) -> Any:
    [link] = client.get(f"/v1/posts/{post}").json()["links"]
    return link["preview"]


def _is_settled(client: Client, post: str) -> bool:
    return bool(_preview(client, post)["state"] != "pending")

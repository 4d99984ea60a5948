"""The embedded broker keeps each job until it is done: nothing is published twice."""

from pathlib import Path
from typing import Any

from tests.support import message_files, wait_until
from tests.system.conftest import MakeStack
from tests.system.rig.client import Client
from tests.system.rig.metrics import sums
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack

from .test_waiting import held, published

#: Seconds without a worker. Earlier releases published each job again after 20 s.
AWAY = 25.0


def messages(stack: Stack, queue: str) -> list[Path]:
    """The files of a queue, ready or held by a worker."""
    return message_files(Path(stack.backend.broker), queue)


def oldest(client: Client, kind: str) -> float:
    """The age of the oldest published job without an outcome, in seconds."""
    jobs: list[Any] = client.get("/v1/status").json()["jobs"]
    ages = [each["oldest_seconds"] for each in jobs if each["kind"] == kind]
    return max(ages, default=0.0)


def published_again(stack: Stack) -> float:
    """How many times the API has published a job a second time."""
    return sums(stack.services["api"]).get("splitflap_jobs_retried_total", 0.0)


def test_120_posts_without_a_renderer_stay_120_jobs(make_stack: MakeStack) -> None:
    """Each has one message or is held, none is tried, and all complete when a renderer comes."""
    stack = make_stack("embedded", workers=("renderer",))
    client = stack.client()
    stack.kill("renderer")
    accepted = [client.submit(f"post {number}") for number in range(120)]
    wait_until(lambda: oldest(client, "render") > AWAY, "the age of the oldest job")
    files = messages(stack, "render")
    assert len(files) + held(stack) == 120
    assert published(stack) == len(files)
    assert published_again(stack) == 0
    assert {path.suffix for path in files} == {".0"}  # no failed delivery
    stack.start("renderer")
    assert [client.wait_final(each).status_code for each in accepted] == [201] * 120
    assert sums(stack.services["renderer"])["splitflap_jobs_computed_total"] == 120
    assert messages(stack, "render") == []


def test_the_jobs_of_a_killed_worker_are_done_by_the_next_one(
    make_stack: MakeStack, site: Site, channel: str
) -> None:
    """Each is published once, so the worker has them from the broker, and not from the API."""
    stack = make_stack("embedded", workers=("renderer", "scraper"))
    client = stack.client()
    site.hold()
    accepted = [client.submit(site.url(f"held/{channel}-{number}")) for number in range(20)]
    wait_until(lambda: sum(channel in path for path in site.hits) >= 20, "requests for all pages")
    stack.kill("scraper")
    # The API has given them back: each has one failed delivery.
    wait_until(lambda: [p.suffix for p in messages(stack, "scrape")] == [".1"] * 20, "the jobs")
    site.release()
    stack.start("scraper")
    assert [client.wait_final(each).status_code for each in accepted] == [201] * 20
    wait_until(lambda: messages(stack, "scrape") == [], "the end of all jobs")
    assert published_again(stack) == 0
    assert sums(stack.services["scraper"])["splitflap_jobs_computed_total"] == 20

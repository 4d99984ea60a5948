"""SIGKILL of each process: every post with a 202 still completes, exactly once."""

from typing import Any

from tests.support import wait_until
from tests.system.conftest import only
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack
from tests.system.rig.writer import Writer


def check_all_there(client: Client, writer: Writer) -> list[Any]:
    """Check that each accepted post has completed and is in its channel once; return the posts."""
    for text, location in writer.accepted.items():
        final = client.wait_final(location)
        assert final.ok, (text, final.status_code, final.text)
    posts = client.posts(writer.channel)
    assert sorted(post["text"] for post in posts) == sorted(writer.accepted)
    assert {post["state"] for post in posts} == {"complete"}
    return posts


def previews_are_ready(posts: list[Any]) -> bool:
    """Whether each link of these posts has its preview."""
    return {link["preview"]["state"] for post in posts for link in post["links"]} == {"ready"}


def has_published_scrapes(client: Client) -> bool:
    """Whether scrape jobs are marked as published, so that only the broker can bring them back."""
    jobs = client.get("/v1/status").json()["jobs"]
    published = {"kind": "scrape", "state": "unfinished"}
    return any(published.items() <= job.items() for job in jobs)


@only("embedded")
def test_killed_services_lose_no_post_on_the_embedded_back_end(
    stack: Stack, channel: str, site: Site
) -> None:
    """Each service is killed while posts are created. Its jobs return to their queue."""
    client = stack.client()
    site.hold()
    text = "post {} " + site.url(f"held/{channel}-{{}}")
    with Writer(stack.clients(), channel, text) as writer:
        for number, victim in enumerate(("scraper", "api", "renderer"), 1):
            writer.allow(20)
            writer.wait_accepted(20 * number - 12)
            if victim == "scraper":
                wait_until(lambda: has_published_scrapes(client), "published scrape jobs")
            stack.kill(victim)
            stack.start(victim)
        site.release()
    posts = check_all_there(client, writer)
    assert len(posts) == 60
    wait_until(lambda: previews_are_ready(client.posts(channel)), "all previews")


@only("servers")
def test_killed_api_loses_no_post(stack: Stack, channel: str) -> None:
    """The other API ingests the results and retries its jobs."""
    with Writer(stack.clients(), channel) as writer:
        writer.allow(100)
        writer.wait_accepted(40)
        stack.kill("api-2")
        writer.allow(50)
    assert len(check_all_there(stack.client(), writer)) == 150
    stack.start("api-2")


@only("servers")
def test_killed_renderer_loses_no_post(stack: Stack, channel: str) -> None:
    """Its unacked jobs return to the queue, and the next renderer takes them."""
    with Writer(stack.clients(), channel) as writer:
        writer.allow(100)
        writer.wait_accepted(40)
        stack.kill("renderer")
        writer.allow(50)
    stack.start("renderer")
    assert len(check_all_there(stack.client(), writer)) == 150


@only("servers")
def test_killed_scraper_loses_no_preview(stack: Stack, channel: str, site: Site) -> None:
    """The next scraper fetches the pages that were in flight."""
    site.hold()
    text = "post {} " + site.url(f"held/{channel}-{{}}")
    with Writer(stack.clients(), channel, text) as writer:
        writer.allow(20)
    wait_until(lambda: sum(channel in path for path in site.hits) >= 20, "requests for all pages")
    stack.kill("scraper")
    site.release()
    stack.start("scraper")
    check_all_there(stack.client(), writer)
    wait_until(lambda: previews_are_ready(stack.client().posts(channel)), "all previews")

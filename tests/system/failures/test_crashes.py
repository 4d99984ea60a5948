"""kill -9: whoever dies, what was answered with 202 comes to its end, once."""

from typing import Any

from tests.support import wait_until
from tests.system.conftest import only
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack
from tests.system.rig.writer import Writer


def check_all_there(client: Client, writer: Writer) -> list[Any]:
    """Every accepted post came to its end, and stands in its channel once; its posts."""
    for text, location in writer.accepted.items():
        final = client.wait_final(location)
        assert final.ok, (text, final.status_code, final.text)
    posts = client.posts(writer.channel)
    assert sorted(post["text"] for post in posts) == sorted(writer.accepted)
    assert {post["state"] for post in posts} == {"complete"}
    return posts


def are_ready(posts: list[Any]) -> bool:
    """Whether every link of these posts has its preview."""
    return {link["preview"]["state"] for post in posts for link in post["links"]} == {"ready"}


def has_jobs(client: Client) -> bool:
    """Whether the scraper has jobs whose publishing is noted, so that 20 s are waited for it."""
    jobs = client.get("/v1/status").json()["jobs"]
    taken = {"kind": "scrape", "state": "unfinished"}
    return any(taken.items() <= job.items() for job in jobs)


@only("embedded")
def test_embedded_services_may_die(stack: Stack, channel: str, site: Site) -> None:
    """Each is killed while posts are made and a page is awaited; the lost jobs are sent again."""
    client = stack.client()
    site.hold()
    text = "post {} " + site.url(f"held/{channel}-{{}}")
    with Writer(stack.clients(), channel, text) as writer:
        for number, victim in enumerate(("scraper", "api", "renderer"), 1):
            writer.allow(20)
            writer.reach(20 * number - 12)
            if victim == "scraper":
                wait_until(lambda: has_jobs(client), "the scraper to have some for good")
            stack.kill(victim)
            stack.start(victim)
        site.release()
    posts = check_all_there(client, writer)
    assert len(posts) == 60
    wait_until(lambda: are_ready(client.posts(channel)), "all previews")


@only("servers")
def test_one_of_two_apis_may_die(stack: Stack, channel: str) -> None:
    """The other one takes over its results and retries; nothing is lost, nothing is doubled."""
    with Writer(stack.clients(), channel) as writer:
        writer.allow(100)
        writer.reach(40)
        stack.kill("api-2")
        writer.allow(50)
    assert len(check_all_there(stack.client(), writer)) == 150
    stack.start("api-2")


@only("servers")
def test_renderer_may_die(stack: Stack, channel: str) -> None:
    """What it had taken goes back to the queue, and the next one takes it."""
    with Writer(stack.clients(), channel) as writer:
        writer.allow(100)
        writer.reach(40)
        stack.kill("renderer")
        writer.allow(50)
    stack.start("renderer")
    assert len(check_all_there(stack.client(), writer)) == 150


@only("servers")
def test_scraper_may_die(stack: Stack, channel: str, site: Site) -> None:
    """Pages that it was waiting for are fetched again by the next one."""
    site.hold()
    text = "post {} " + site.url(f"held/{channel}-{{}}")
    with Writer(stack.clients(), channel, text) as writer:
        writer.allow(20)
    wait_until(lambda: sum(channel in path for path in site.hits) >= 20, "all pages asked for")
    stack.kill("scraper")
    site.release()
    stack.start("scraper")
    check_all_there(stack.client(), writer)
    wait_until(lambda: are_ready(stack.client().posts(channel)), "all previews")

"""Posts, from the 202 to their end, as a client sees them."""

import re

from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_post_is_accepted_and_comes_to_its_end(client: Client, channel: str, site: Site) -> None:
    """202 with place, Retry-After and progress; then 201 with the post, its HTML and preview."""
    url = site.url(f"page/{channel}")
    accepted = client.submit(f"*Hello* {url}", channel)
    assert accepted.status_code == 202
    running = accepted.json()
    assert accepted.headers["Location"] == f"/v1/tasks/{running['id']}"
    assert int(accepted.headers["Retry-After"]) >= 1
    assert UUID7.fullmatch(running["id"])
    assert TIME.fullmatch(running["created_at"])
    assert running == {
        "id": running["id"],
        "state": "running",
        "created_at": running["created_at"],
        "progress": {"done": 0, "total": 1},
    }
    final = client.wait_final(accepted)
    assert final.status_code == 201
    post = final.json()
    assert final.headers["Location"] == f"/v1/posts/{post['id']}"
    assert final.headers["ETag"].startswith('"1-')
    assert post["state"] == "complete"
    assert post["author"] == "admin"
    assert post["channel"] == channel
    assert "<em>Hello</em>" in post["html"]
    assert [link["url"] for link in post["links"]] == [url]
    assert post["links"][0]["preview"]["state"] == "ready"
    assert post["links"][0]["preview"]["title"] == channel
    shown = client.get(f"/v1/posts/{post['id']}")
    assert shown.status_code == 200
    assert shown.json() == post
    assert shown.headers["ETag"] == final.headers["ETag"]


def test_all_apis_show_the_same(stack: Stack, channel: str) -> None:
    """What one API has accepted, every other one shows."""
    post = stack.client().create_post("everywhere", channel)
    for client in stack.clients():
        assert client.get(f"/v1/posts/{post['id']}").json() == post
        assert client.posts(channel) == [post]

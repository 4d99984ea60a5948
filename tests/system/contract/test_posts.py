"""Posts: creating, listing, reading, editing and deleting them."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support import wait_until
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


#: Changes at the same time.
AT_ONCE = 10


def at_once(stack: Stack, change: Callable[[Client, int], int]) -> list[int]:
    """The statuses of changes that start together, through all APIs in turn."""
    barrier = threading.Barrier(AT_ONCE, timeout=30)

    def send(number: int) -> int:
        mine = stack.client(stack.apis[number % len(stack.apis)])
        mine.get("/v1/posts?limit=1")
        barrier.wait()
        return change(mine, number)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(send, range(AT_ONCE)))


def test_post_is_accepted_and_completes(client: Client, channel: str, site: Site) -> None:
    """202 has Location, Retry-After and progress; 201 has the post with HTML and preview."""
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
        "kind": "task",
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


def test_all_apis_show_the_same_posts(stack: Stack, channel: str) -> None:
    """A post that one API accepted is in the list of each API."""
    post = stack.client().create_post("everywhere", channel)
    for client in stack.clients():
        assert client.get(f"/v1/posts/{post['id']}").json() == post
        assert client.posts(channel) == [post]


def test_pages_of_a_list_have_no_gap_while_posts_are_added(client: Client, channel: str) -> None:
    """Pages list newest first, and each post once, although each read adds one in front."""
    made = [client.submit(f"post {number}", channel) for number in range(25)]
    assert {each.status_code for each in made} == {202}
    seen = []
    after = ""
    while True:
        page = client.get(f"/v1/posts?channel={channel}&limit=4{after}").json()
        seen += [post["text"] for post in page["items"]]
        client.submit("in front", channel)
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == [f"post {number}" for number in reversed(range(25))]


def test_list_of_a_channel_has_only_its_posts(client: Client, channel: str) -> None:
    """The list of all channels has the posts of both."""
    one = client.create_post("here", channel)
    other = client.create_post("there", f"{channel}-other")
    assert [post["id"] for post in client.posts(channel)] == [one["id"]]
    newest = [post["id"] for post in client.get("/v1/posts?limit=2").json()["items"]]
    assert newest == [other["id"], one["id"]]
    assert client.posts(f"{channel}-empty") == []


def test_unchanged_post_is_not_sent_again(client: Client, channel: str) -> None:
    """If-None-Match with its ETag gets 304."""
    path = f"/v1/posts/{client.create_post('same', channel)['id']}"
    first = client.get(path)
    again = client.get(path, if_none_match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_edit_needs_the_current_etag_if_it_names_one(client: Client, channel: str) -> None:
    """A current ETag, `*` or a missing If-Match is accepted; a stale ETag gets 412."""
    post = client.create_post("first", channel)
    path = f"/v1/posts/{post['id']}"
    etag = client.get(path).headers["ETag"]
    final = client.wait_final(client.put(path, {"text": "second"}, if_match=etag))
    assert final.status_code == 200
    assert (final.json()["revision"], final.json()["text"]) == (2, "second")
    assert final.headers["ETag"] == client.get(path).headers["ETag"] != etag
    stale = client.put(path, {"text": "third"}, if_match=etag)
    assert stale.status_code == 412
    assert stale.json()["type"] == "/v1/problems/precondition-failed"
    assert client.get(path).json()["text"] == "second"
    assert client.wait_final(client.put(path, {"text": "third"}, if_match="*")).ok
    assert client.wait_final(client.put(path, {"text": "fourth"})).json()["revision"] == 4


def test_new_preview_makes_an_edit_stale(client: Client, channel: str, site: Site) -> None:
    """If-Match compares the whole ETag, and a preview is part of the post."""
    site.hold()
    accepted = client.submit(f"see {site.url(f'held/{channel}')}", channel)
    path = f"/v1/posts/{client.posts(channel)[0]['id']}"
    wait_until(lambda: client.get(path).json()["state"] == "rendered", "the text rendered")
    etag = client.get(path).headers["ETag"]
    site.release()
    client.wait_final(accepted)
    assert client.put(path, {"text": "edited"}, if_match=etag).status_code == 412
    now = client.get(path)
    assert now.json()["revision"] == 1
    edited = client.put(path, {"text": "edited"}, if_match=now.headers["ETag"])
    assert client.wait_final(edited).json()["text"] == "edited"


def test_one_of_ten_concurrent_edits_is_accepted(
    stack: Stack, client: Client, channel: str
) -> None:
    """Ten edits of one revision through all APIs: one gets 202, nine get 412."""
    post = client.create_post("first", channel)
    path = f"/v1/posts/{post['id']}"
    etag = client.get(path).headers["ETag"]

    def edit(mine: Client, number: int) -> int:
        return mine.put(path, {"text": f"{number}"}, if_match=etag).status_code

    assert sorted(at_once(stack, edit)) == [202, *[412] * 9]
    wait_until(lambda: client.get(path).json()["state"] == "complete", "the edit's end")
    assert client.get(path).json()["revision"] == 2


def test_a_conditional_delete_never_removes_a_newer_text(
    stack: Stack, client: Client, channel: str
) -> None:
    """Five edits and five deletions of one revision at once: one of the ten changes the post."""
    for turn in range(5):
        path = f"/v1/posts/{client.create_post(f'first {turn}', channel)['id']}"
        etag = client.get(path).headers["ETag"]

        def change(mine: Client, number: int, path: str = path, etag: str = etag) -> int:
            if number % 2:
                return mine.delete(path, if_match=etag).status_code
            return mine.put(path, {"text": f"{number}"}, if_match=etag).status_code

        statuses = at_once(stack, change)
        done = [each for each in statuses if each in {202, 204}]
        assert len(done) == 1, statuses
        assert {*statuses} <= {done[0], 412, 404}
        assert client.get(path).status_code == (200 if done == [202] else 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_preconditions_guard_every_change(client: Client, channel: str, method: str) -> None:
    """A wrong tag with the right revision, a weak tag, and `*` in If-None-Match get 412."""
    path = f"/v1/posts/{client.create_post('first', channel)['id']}"
    etag = client.get(path).headers["ETag"]
    for headers in (
        {"If-Match": '"1-00000000"'},
        {"If-Match": f"W/{etag}"},
        {"If-None-Match": "*"},
        {"If-None-Match": f'"other", W/{etag}'},
        {"If-Match": etag, "If-None-Match": etag},
    ):
        refused = client.call(method, path, json={"text": "x"}, headers=headers)
        assert refused.status_code == 412, headers
    assert client.get(path).headers["ETag"] == etag
    fitting = {"If-Match": f'"other", {etag}', "If-None-Match": '"other"'}
    assert client.call(method, path, json={"text": "x"}, headers=fitting).status_code in {202, 204}


def test_deleted_post_is_gone(stack: Stack, client: Client, channel: str) -> None:
    """The deletion gets 204. All later requests for the post get 404 from each API."""
    path = f"/v1/posts/{client.create_post('short-lived', channel)['id']}"
    assert client.delete(path).status_code == 204
    assert {each.get(path).status_code for each in stack.clients()} == {404}
    assert client.delete(path).status_code == 404
    assert client.put(path, {"text": "too late"}).status_code == 404


@pytest.mark.parametrize("flavour", ["markdown", "gfm"])
def test_post_keeps_its_line_breaks(client: Client, channel: str, flavour: str) -> None:
    """A newline is a line break by default; an edit without the field keeps the post's own."""
    body = {"text": "a\nb", "channel": channel, "flavour": flavour}
    post = client.post("/v1/posts", body, prefer="wait=20").json()
    assert (post["breaks"], post["html"].strip()) == (True, '<p dir="auto">a<br>\nb</p>')
    path = f"/v1/posts/{post['id']}"
    off = client.wait_final(client.put(path, {"text": "c\nd", "breaks": False})).json()
    assert (off["breaks"], off["html"].strip()) == (False, '<p dir="auto">c\nd</p>')
    kept = client.wait_final(client.put(path, {"text": "e\nf"})).json()
    assert (kept["breaks"], kept["html"].strip()) == (False, '<p dir="auto">e\nf</p>')


def test_posts_of_the_same_text_have_different_ids(client: Client, channel: str) -> None:
    """Both may be on one page. An edit keeps the ids of its post."""
    body = {"text": "a[^1]\n\n[^1]: b", "channel": channel}
    one, other = (client.post("/v1/posts", body, prefer="wait=20").json() for _ in range(2))
    assert not _ids(one) & _ids(other)
    edited = client.wait_final(client.put(f"/v1/posts/{one['id']}", {"text": body["text"]})).json()
    assert _ids(edited) == _ids(one)


def _ids(post: dict[str, Any]) -> set[str]:
    found = set(re.findall(r' id="([^"]+)"', post["html"]))
    assert found
    return found


def test_post_keeps_its_flavour(client: Client, channel: str) -> None:
    """The flavour of its creation renders it, also after an edit."""
    body = {"text": "a\n- b :tada:", "channel": channel, "flavour": "gfm"}
    post = client.post("/v1/posts", body, prefer="wait=20").json()
    assert post["flavour"] == "gfm"
    assert "<li" in post["html"]
    assert post["excerpt"] == "a b \U0001f389"
    assert (post["mentions"], post["channels"]) == ([], [])
    path = f"/v1/posts/{post['id']}"
    edited = client.wait_final(client.put(path, {"text": "c\n- d"})).json()
    assert (edited["flavour"], "<li" in edited["html"]) == ("gfm", True)

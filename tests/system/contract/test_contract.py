"""The rest of the HTTP contract: lists, edits, renders, previews, waits, keys, the description."""

import threading

import schemathesis

from tests.support import wait_until
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack

#: Seconds for which another replica may take a revoked key, and some more.
REVOKED_WITHIN = 15.0


def test_pages_of_a_list_have_no_gap_while_posts_come(client: Client, channel: str) -> None:
    """Newest first, each once, whatever is added in front meanwhile."""
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


def test_list_of_a_channel_shows_only_that(client: Client, channel: str) -> None:
    """And the list of all shows both."""
    one, other = (
        client.create_post("here", channel),
        client.create_post("there", f"{channel}-other"),
    )
    assert [post["id"] for post in client.posts(channel)] == [one["id"]]
    newest = [post["id"] for post in client.get("/v1/posts?limit=2").json()["items"]]
    assert newest == [other["id"], one["id"]]
    assert client.posts(f"{channel}-empty") == []


def test_edit_of_what_was_read(client: Client, channel: str) -> None:
    """If-Match: a fresh ETag is taken, a stale one refused with 412, `*` and none are taken."""
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


def test_edit_is_not_refused_for_a_preview_that_came(
    client: Client, channel: str, site: Site
) -> None:
    """A preview changes the ETag, but the text that was read is still the present one."""
    site.hold()
    accepted = client.submit(f"see {site.url(f'held/{channel}')}", channel)
    path = f"/v1/posts/{client.posts(channel)[0]['id']}"
    wait_until(lambda: client.get(path).json()["state"] == "rendered", "the text rendered")
    etag = client.get(path).headers["ETag"]
    site.release()
    client.wait_final(accepted)
    assert client.get(path).headers["ETag"] != etag
    edited = client.put(path, {"text": "edited"}, if_match=etag)
    assert client.wait_final(edited).json()["text"] == "edited"


def test_unchanged_post_is_not_sent_again(client: Client, channel: str) -> None:
    """If-None-Match: 304."""
    path = f"/v1/posts/{client.create_post('same', channel)['id']}"
    first = client.get(path)
    again = client.get(path, if_none_match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_deleted_post_is_gone(stack: Stack, client: Client, channel: str) -> None:
    """204, then 404 from every API; once."""
    path = f"/v1/posts/{client.create_post('short-lived', channel)['id']}"
    assert client.delete(path).status_code == 204
    assert {each.get(path).status_code for each in stack.clients()} == {404}
    assert client.delete(path).status_code == 404
    assert client.put(path, {"text": "too late"}).status_code == 404


def test_a_posts_flavour_stays(client: Client, channel: str) -> None:
    """It is read as its request said, shown so, and edited so; a text too dear is refused."""
    body = {"text": "a\n- b :tada:", "channel": channel, "flavour": "gfm"}
    post = client.post("/v1/posts", body, prefer="wait=20").json()
    assert post["flavour"] == "gfm"
    assert "<li>" in post["html"]
    assert post["excerpt"] == "a b \U0001f389"
    assert (post["mentions"], post["channels"]) == ([], [])
    path = f"/v1/posts/{post['id']}"
    edited = client.wait_final(client.put(path, {"text": "c\n- d"})).json()
    assert (edited["flavour"], "<li>" in edited["html"]) == ("gfm", True)
    unknown = client.post("/v1/renders", {"text": "x", "flavour": "rst"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "flavour")
    refused = client.post("/v1/renders", {"text": "[" * 1000}, prefer="wait=20")
    assert (refused.status_code, refused.json()["reason"]) == (422, "refused")
    assert refused.json()["errors"][0]["message"].startswith("line 1, column 201: ")


def test_render_keeps_nothing(client: Client) -> None:
    """200 with safe HTML and the links; `Prefer: wait` gives it at once."""
    text = "**bold** <script>alert(1)</script> https://example.org/a [b](javascript:alert(1))"
    answer = client.post("/v1/renders", {"text": text}, prefer="wait=20")
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert answer.json()["links"] == ["https://example.org/a"]
    assert "<strong>bold</strong>" in answer.json()["html"]
    assert "<script" not in answer.json()["html"]
    assert 'href="javascript' not in answer.json()["html"]


def test_preview_is_fetched_once_while_it_is_fresh(
    client: Client, channel: str, site: Site
) -> None:
    """202 and then 200 at once; `refresh` fetches anew."""
    url = site.url(f"page/{channel}")
    final = client.wait_final(client.post("/v1/previews", {"url": url}))
    assert final.status_code == 200
    preview = final.json()
    assert (preview["state"], preview["title"]) == ("ready", channel)
    assert preview["fetched_at"] < preview["expires_at"]
    fresh = client.post("/v1/previews", {"url": url})
    assert (fresh.status_code, fresh.json()) == (200, preview)
    refreshed = client.post("/v1/previews", {"url": url, "refresh": True})
    assert refreshed.status_code == 202
    assert client.wait_final(refreshed).json()["fetched_at"] > preview["fetched_at"]
    assert site.hits.count(f"/page/{channel}") == 2


def test_failed_preview_says_why_and_fails_no_post(
    client: Client, channel: str, site: Site
) -> None:
    """A page that is not there: state failed with a reason; the post is complete."""
    post = client.create_post(f"see {site.url(f'missing/{channel}')}", channel)
    preview = post["links"][0]["preview"]
    assert post["state"] == "complete"
    assert preview["state"] == "failed"
    assert preview["reason"]
    assert preview["title"] is None


def test_wait_ends_with_202_where_nothing_comes(client: Client, channel: str, site: Site) -> None:
    """After the time asked for; the final response can be had later."""
    site.hold()
    accepted = client.post("/v1/previews", {"url": site.url(f"held/{channel}")}, prefer="wait=1")
    assert accepted.status_code == 202
    site.release()
    assert client.wait_final(accepted).status_code == 200


def test_post_does_not_wait_for_ever_for_a_preview(
    client: Client, channel: str, site: Site
) -> None:
    """Its task ends with the preview pending; the preview still comes to the post."""
    site.hold()
    post = client.create_post(f"see {site.url(f'held/{channel}')}", channel)
    assert post["links"][0]["preview"]["state"] == "pending"
    site.release()
    path = f"/v1/posts/{post['id']}"
    wait_until(
        lambda: client.get(path).json()["links"][0]["preview"]["state"] == "ready", "the preview"
    )


def test_keys_have_scopes_and_can_be_revoked(stack: Stack, client: Client, channel: str) -> None:
    """Each scope allows its own; a revoked key is refused everywhere soon."""
    made = client.new_key(channel, "read")
    reader = stack.clients()[-1].clone(made["key"])
    assert reader.get("/v1/posts").status_code == 200
    assert reader.submit("no", channel).status_code == 403
    assert reader.get("/v1/status").status_code == 403
    writer = client.clone(client.new_key(channel, "write")["key"])
    assert writer.submit("yes", channel).status_code == 202
    assert writer.get("/v1/posts").status_code == 403
    listed = client.get("/v1/keys").json()["items"]
    assert made["id"] in {key["id"] for key in listed}
    assert not any("key" in key for key in listed)
    assert client.delete(f"/v1/keys/{made['id']}").status_code == 204
    wait_until(lambda: reader.get("/v1/posts").status_code == 401, "401", REVOKED_WITHIN)


def test_post_belongs_to_its_author(stack: Stack, client: Client, channel: str) -> None:
    """Others read it, and may not change it; an admin may."""
    author, other = (
        client.clone(client.new_key(f"{channel}-{name}", "read", "write")["key"])
        for name in ("author", "other")
    )
    path = f"/v1/posts/{author.create_post('mine', channel)['id']}"
    assert other.get(path).status_code == 200
    assert other.put(path, {"text": "yours"}).status_code == 403
    assert other.delete(path).status_code == 403
    assert author.wait_final(author.put(path, {"text": "mine still"})).json()["revision"] == 2
    assert client.delete(path).status_code == 204


def test_status_tells_what_waits(client: Client, channel: str, site: Site) -> None:
    """A page that does not come is an unfinished job, and its task runs."""
    site.hold()
    accepted = client.post("/v1/previews", {"url": site.url(f"held/{channel}")})
    status = client.get("/v1/status").json()
    assert status["running_tasks"] >= 1
    assert any(job["kind"] == "scrape" and job["count"] >= 1 for job in status["jobs"])
    assert status["dead"] >= 0
    site.release()
    client.wait_final(accepted)


def test_description_is_valid(stack: Stack) -> None:
    """OpenAPI that schemathesis loads, open to all, with every call of the contract."""
    answer = stack.client(key=None).get("/v1/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    described = answer.json()
    assert described["openapi"].startswith("3.1")
    assert len(list(schemathesis.openapi.from_dict(described).get_all_operations())) >= 15
    assert {"/v1/posts", "/v1/posts/{post_id}", "/v1/renders", "/v1/previews"} <= set(
        described["paths"]
    )
    assert {"/v1/tasks/{task_id}", "/v1/events"} <= set(described["paths"])


def test_edits_at_the_same_time_are_all_or_nothing(
    stack: Stack, client: Client, channel: str
) -> None:
    """Ten edits of one revision through all APIs: one is taken, nine get 412."""
    post = client.create_post("first", channel)
    path = f"/v1/posts/{post['id']}"
    etag = client.get(path).headers["ETag"]
    statuses: list[int] = []

    def edit(number: int) -> None:
        mine = stack.client(stack.apis[number % len(stack.apis)])
        statuses.append(mine.put(path, {"text": f"{number}"}, if_match=etag).status_code)

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(statuses) == [202, *[412] * 9]
    wait_until(lambda: client.get(path).json()["state"] == "complete", "the edit's end")
    assert client.get(path).json()["revision"] == 2

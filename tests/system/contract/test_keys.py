"""Keys, their scopes, and the owners of posts."""

import threading
from contextlib import ExitStack

import pytest

from tests.support import wait_until
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.sse import EventStream
from tests.system.rig.stack import ADMIN, Stack

#: Seconds within which a revoked key has no effect on a loaded machine. The API promises 5 s.
REVOKED_WITHIN = 15.0


def test_key_allows_only_its_scopes(stack: Stack, client: Client, channel: str) -> None:
    """A scope that is missing gets 403. The list of keys has no secrets."""
    made = client.new_key(channel, "read")
    reader = stack.clients()[-1].clone(made["key"])
    assert reader.get("/v1/posts").status_code == 200
    refused = reader.submit("no", channel)
    assert refused.status_code == 403
    challenge = 'Bearer realm="splitflap", error="insufficient_scope", scope="write"'
    assert refused.headers["WWW-Authenticate"] == challenge
    assert reader.get("/v1/status").status_code == 403
    assert reader.get("/v1/status/accounts").status_code == 403
    writer = client.clone(client.new_key(channel, "write")["key"])
    assert writer.submit("yes", channel).status_code == 202
    assert writer.get("/v1/posts").status_code == 403
    listed = client.get("/v1/keys").json()["items"]
    assert made["id"] in {key["id"] for key in listed}
    assert not any("key" in key for key in listed)


def test_revoked_key_is_refused_by_every_api(stack: Stack, client: Client, channel: str) -> None:
    """An API that has just accepted the key refuses it after its cache has expired."""
    made = client.new_key(channel, "read")
    reader = stack.clients()[-1].clone(made["key"])
    assert reader.get("/v1/posts").status_code == 200
    assert client.delete(f"/v1/keys/{made['id']}").status_code == 204
    wait_until(lambda: reader.get("/v1/posts").status_code == 401, "401", REVOKED_WITHIN)
    challenge = reader.get("/v1/posts").headers["WWW-Authenticate"]
    assert challenge == 'Bearer realm="splitflap", error="invalid_token"'
    unknown = stack.client(key=None).get("/v1/posts").headers["WWW-Authenticate"]
    assert unknown == 'Bearer realm="splitflap"'


@pytest.mark.parametrize("with_events", [False, True])
def test_a_revoked_key_ends_its_streams_on_every_api(
    stack: Stack, client: Client, channel: str, with_events: bool
) -> None:
    """Silent streams and busy ones. The stream of another key goes on."""
    made = client.new_key(channel, "read")
    with ExitStack() as opened, EventStream(stack.url(), ADMIN, channel) as other:
        streams = [
            opened.enter_context(EventStream(stack.url(api), made["key"], channel))
            for api in stack.apis
        ]
        assert all(stream.start_id() >= 0 for stream in streams)
        readers = [threading.Thread(target=list, args=(each.all_events(),)) for each in streams]
        for reader in readers:
            reader.start()
        assert client.delete(f"/v1/keys/{made['id']}").status_code == 204

        def ended() -> bool:
            if with_events:
                assert client.submit("an event", channel).status_code == 202
            return not any(reader.is_alive() for reader in readers)

        wait_until(ended, "the streams' end", REVOKED_WITHIN)
        post = client.create_post("after the end", channel)
        assert any(event.data["post"] == post["id"] for event in other.events())


def test_a_revoked_key_ends_its_wait(
    stack: Stack, client: Client, channel: str, site: Site
) -> None:
    """The response is the 202 of the running task, and not the later result."""
    made = client.new_key(channel, "read", "write")
    caller, answers = client.clone(made["key"]), []
    site.hold()
    body = {"url": site.url(f"held/{channel}")}

    def wait() -> None:
        answers.append(caller.post("/v1/previews", body, prefer="wait=30"))

    waiting = threading.Thread(target=wait)
    waiting.start()
    wait_until(lambda: f"/held/{channel}" in site.hits, "the scrape")
    assert client.delete(f"/v1/keys/{made['id']}").status_code == 204
    waiting.join(REVOKED_WITHIN)
    site.release()
    assert [answer.status_code for answer in answers] == [202]
    assert caller.get(answers[0].headers["Location"]).status_code == 401


def test_post_belongs_to_its_author(stack: Stack, client: Client, channel: str) -> None:
    """Other accounts can read it. Only its author and an admin can change it."""
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

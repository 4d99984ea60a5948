"""Keys, their scopes, and the owners of posts."""

from tests.support import wait_until
from tests.system.rig.client import Client
from tests.system.rig.stack import Stack

#: Seconds within which each replica refuses a revoked key; replicas cache keys for less.
REVOKED_WITHIN = 15.0


def test_key_allows_only_its_scopes(stack: Stack, client: Client, channel: str) -> None:
    """A scope that is missing gets 403. The list of keys has no secrets."""
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


def test_revoked_key_is_refused_by_every_api(stack: Stack, client: Client, channel: str) -> None:
    """An API that has just accepted the key refuses it after its cache has expired."""
    made = client.new_key(channel, "read")
    reader = stack.clients()[-1].clone(made["key"])
    assert reader.get("/v1/posts").status_code == 200
    assert client.delete(f"/v1/keys/{made['id']}").status_code == 204
    wait_until(lambda: reader.get("/v1/posts").status_code == 401, "401", REVOKED_WITHIN)


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

"""What each key may do: every cell of the table in docs/keys.md is a request here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from splitflap_api.contract.models import KeyInput, Scope
from splitflap_api.domain.access.keys import Keyring
from splitflap_api.http.services import Services

from .rig import Rig

RIGHTS: Any = yaml.safe_load((Path(__file__).parents[3] / "docs" / "keys.yaml").read_text("utf-8"))
CELLS = [
    pytest.param(key, request, status, id=f"{key}: {request['what']}")
    for request in RIGHTS["requests"]
    for key, status in zip(RIGHTS["keys"], request["statuses"], strict=True)
]

#: Sends a request of the table with a key. Returns the response.
Send = Callable[..., Any]


def created(keyring: Keyring, account: str, scopes: list[Scope], **more: Any) -> str:
    """The secret of a new key."""
    return keyring.create(KeyInput(account, scopes, **more)).key


@pytest.fixture
def send(rig: Rig, client: FlaskClient, services: Services) -> Send:
    """Sends requests, on the three posts of the table."""
    posts = {"ann_general": "general", "ann_team": "team-a", "bob_general": "general"}
    ids: dict[str, dict[str, str]] = {"posts": {}, "tasks": {}}
    for name, channel in posts.items():
        key = created(services.keyring, name.split("_")[0], ["read", "write"])
        state = client.post(
            "/v1/posts",
            json={"text": "x", "channel": channel},
            headers={"Authorization": f"Bearer {key}"},
        ).json
        assert state is not None
        task = rig.row("tasks", id=state["id"])
        ids["tasks"][name], ids["posts"][name] = task["id"], task["subject"]
        rig.rendered(rig.row("jobs"))

    def send(key: str, request: Any) -> Any:
        method, path = request["send"].split(" ")
        headers = {"Authorization": f"Bearer {created(services.keyring, **RIGHTS['keys'][key])}"}
        if "for" in request:
            headers["Splitflap-Account"] = request["for"]
        of = ids["tasks" if "/tasks/" in path else "posts"]
        headers |= request.get("headers", {})
        return client.open(
            path.format(**of), method=method, headers=headers, json=request.get("body")
        )

    return send


@pytest.mark.parametrize(("key", "request_", "status"), CELLS)
def test_a_key_gets_the_status_of_the_table(
    send: Send, key: str, request_: Any, status: int
) -> None:
    """Each key, with each request."""
    response = send(key, request_)
    assert response.status_code == status, response.text


def test_a_limited_key_lists_its_channels_only(send: Send) -> None:
    """Also page by page."""
    listed = send("team", {"send": "GET /v1/posts"}).json["items"]
    assert [each["channel"] for each in listed] == ["team-a"]
    assert len(send("writer", {"send": "GET /v1/posts"}).json["items"]) == 3


def test_acting_makes_the_request_the_account_s(send: Send, rig: Rig) -> None:
    """The post, the task and its job belong to the account; the key is noted."""
    send("app", {"send": "POST /v1/posts", "for": "carl", "body": {"text": "x"}})
    post, task = rig.row("posts", account="carl"), rig.row("tasks", account="carl")
    (app,) = rig.rows("keys", account="app")
    assert {post["key_id"], task["key_id"]} == {app["id"]}
    assert rig.row("jobs")["account"] == "carl"


def test_a_deletion_for_another_account_is_in_the_audit(send: Send, rig: Rig) -> None:
    """With the account, the key and the post. An own deletion is not."""
    send("app", {"send": "DELETE /v1/posts/{ann_team}", "for": "ann"})
    send("writer", {"send": "DELETE /v1/posts/{ann_general}"})
    entry = rig.row("audit")
    (app,) = rig.rows("keys", account="app")
    assert (entry["action"], entry["account"], entry["key_id"]) == (
        "post.deleted",
        "ann",
        app["id"],
    )


def test_an_idempotency_key_shows_no_task_of_other_channels(send: Send) -> None:
    """The account's keys share it, so its task belongs to one that sees more."""
    edit = {
        "send": "PUT /v1/posts/{ann_general}",
        "body": {"text": "y"},
        "headers": {"Idempotency-Key": "k"},
    }
    first = send("writer", edit).json["id"]
    assert send("writer", edit).json["id"] == first
    refused = send("team", edit)
    assert (refused.status_code, refused.json["type"]) == (422, "/v1/problems/key-reused")
    own = edit | {"send": "PUT /v1/posts/{ann_team}", "headers": {"Idempotency-Key": "l"}}
    assert send("team", own).json["id"] == send("team", own).json["id"]

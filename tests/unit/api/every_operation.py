"""A request for every operation of the API, on resources that exist."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask.testing import FlaskClient
from splitflap_api.store.schema import metadata
from uuid_utils import uuid7
from werkzeug.test import TestResponse

from .rig import Rig

#: Bodies of operations that need one.
_BODIES: dict[str, Any] = {
    "create_post": {"text": "x"},
    "create_posts": {"posts": [{"text": "x"}]},
    "edit_post": {"text": "x"},
    "create_render": {"text": "x"},
    "create_preview": {"url": "https://example.org/"},
    "create_key": {"account": "a", "scopes": ["read"]},
    "create_webhook": {"url": "https://app.example/hook"},
    "change_webhook": {"url": "https://app.example/hook"},
    "replay_deliveries": {},
    "create_session": {"key": "a key with every scope"},
}

#: Operations on the session of the request. The client has its cookie.
_OF_SESSION = {"show_session", "end_session"}
_FROM_PAGE = {"Splitflap-Page": "1"}


class Target(NamedTuple):
    """An operation and the path of a resource."""

    method: str
    path: str
    name: str


def targets(rig: Rig, client: FlaskClient) -> list[Target]:
    """Every operation of the document. The database has one post with its task."""
    letter = {"id": str(uuid7()), "queue": "render", "reason": "x", "body": b"{}", "created_at": 1}
    with rig.store.write() as tx:
        tx.execute(metadata.tables["dead_letters"].insert(), [letter])
    session = client.post("/v1/session", json=_BODIES["create_session"], headers=_FROM_PAGE).json
    assert session is not None
    webhook = client.post("/v1/webhooks", json=_BODIES["create_webhook"]).json
    assert webhook is not None
    ids = {
        "post_id": rig.row("posts")["id"],
        "task_id": rig.row("tasks")["id"],
        "key_id": rig.rows("keys")[0]["id"],
        "letter_id": letter["id"],
        "session_id": session["id"],
        "webhook_id": webhook["id"],
        "slug": "conflict",
    }
    document: Any = client.get("/v1/openapi.json").json
    return [
        Target(method.upper(), re.sub(r"{(\w+)}", lambda found: ids[found[1]], path), name)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if (name := operation["operationId"])
    ]


def send(client: FlaskClient, target: Target, headers: Mapping[str, str] = {}) -> TestResponse:
    """Send a request that succeeds without these headers."""
    own = _FROM_PAGE | ({"Authorization": ""} if target.name in _OF_SESSION else {})
    return client.open(
        target.path,
        method=target.method,
        headers={**headers, **own},
        json=_BODIES.get(target.name),
        buffered=False,
    )

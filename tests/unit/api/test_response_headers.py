"""Headers of responses: challenges and caching."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from .every_operation import Target, send
from .rig import Rig

#: Responses with an ETag, which a client may keep.
REVALIDATED = {"show_post": "private, no-cache", "show_openapi": "no-cache"}


def key_of(client: FlaskClient, account: str, *scopes: str) -> dict[str, str]:
    """The credentials of a new key."""
    made: Any = client.post("/v1/keys", json={"account": account, "scopes": list(scopes)}).json
    return {"Authorization": f"Bearer {made['key']}"}


def test_every_response_says_how_to_cache_it(client: FlaskClient, existing: list[Target]) -> None:
    """Lists, keys and tasks are not stored."""
    # Deletions last: they take the resources of the other operations.
    for target in sorted(existing, key=lambda each: each.method == "DELETE"):
        response = send(client, target)
        assert target.method != "GET" or response.status_code in {200, 201}, target
        if target.method != "DELETE":  # no cache keeps its response
            expected = REVALIDATED.get(target.name, "no-store")
            assert (target.name, response.headers["Cache-Control"]) == (target.name, expected)
        response.close()


@pytest.mark.parametrize("path", ["/", "/v1/nothing", "/v1/problems/gone", "/v1/problems/none"])
def test_pages_and_errors_are_not_stored(app: Flask, path: str) -> None:
    """Also without a key."""
    assert app.test_client().get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer ", "bearer\t"])
def test_a_request_without_a_key_gets_no_error_code(app: Flask, header: str | None) -> None:
    """RFC 6750, section 3.1: the client has not tried this kind of authentication."""
    headers = {} if header is None else {"Authorization": header}
    refused = app.test_client().get("/v1/posts", headers=headers)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="splitflap"'


@pytest.mark.parametrize("key", ["sf_wrong", "a b", "x" * 500, "\xe9"])
def test_a_wrong_key_gets_invalid_token(app: Flask, key: str) -> None:
    """So that the client knows to get another key."""
    refused = app.test_client().get("/v1/posts", headers={"Authorization": f"Bearer {key}"})
    assert refused.status_code == 401
    challenge = 'Bearer realm="splitflap", error="invalid_token"'
    assert refused.headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [("POST", "/v1/posts", "write"), ("GET", "/v1/keys", "admin"), ("GET", "/v1/dead", "observe")],
)
def test_a_key_without_the_scope_gets_it_named(
    client: FlaskClient, method: str, path: str, scope: str
) -> None:
    """The body is not read before."""
    refused = client.open(path, method=method, headers=key_of(client, "else", "read"), json={})
    assert refused.status_code == 403
    challenge = f'Bearer realm="splitflap", error="insufficient_scope", scope="{scope}"'
    assert refused.headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_foreign_post_needs_the_scope_admin(
    rig: Rig, client: FlaskClient, post: str, method: str
) -> None:
    """The author or an admin may change it."""
    headers = key_of(client, "else", "read", "write")
    refused = client.open(post, method=method, headers=headers, json={"text": "x"})
    assert refused.status_code == 403
    challenge = 'Bearer realm="splitflap", error="insufficient_scope", scope="admin"'
    assert refused.headers["WWW-Authenticate"] == challenge
    assert rig.row("posts")["text"] == "first"


@pytest.mark.parametrize(
    ("headers", "name", "value"),
    [
        ({"Content-Type": "text/plain"}, "Accept", "application/json"),
        ({"Content-Encoding": "gzip"}, "Accept-Encoding", "identity"),
    ],
)
def test_415_names_the_supported_value(
    client: FlaskClient, headers: dict[str, str], name: str, value: str
) -> None:
    """RFC 9110, section 15.5.16."""
    given = {"Content-Type": "application/json", **headers}
    refused = client.post("/v1/posts", data=b'{"text":"x"}', headers=given)
    assert refused.status_code == 415
    assert refused.headers[name] == value
    assert len({"Accept", "Accept-Encoding"} & set(refused.headers.keys())) == 1


@pytest.mark.parametrize("name", ["create_key", "replay_dead_letter"])
def test_an_idempotency_key_without_effect_is_refused(
    rig: Rig, client: FlaskClient, existing: list[Target], name: str
) -> None:
    """Silence would promise a safe repetition."""
    (target,) = (each for each in existing if each.name == name)
    before = rig.count("keys")
    refused: Any = send(client, target, {"Idempotency-Key": '"k"'})
    assert refused.status_code == 400
    assert refused.json["errors"][0]["field"] == "Idempotency-Key"
    assert rig.count("keys") == before

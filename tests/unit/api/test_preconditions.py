"""Preconditions of requests: checked before every method's action, on every resource."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from splitflap_api.store.schema import metadata
from uuid_utils import uuid7

from .every_operation import Target, send
from .rig import Rig

OTHER = '"1-00000000"'


def etag_of(client: FlaskClient, path: str) -> str:
    """The present ETag."""
    return client.get(path).headers["ETag"]


def rows(rig: Rig) -> Any:
    """The whole database."""
    return {name: rig.rows(name) for name in metadata.tables}


def test_no_operation_ignores_if_match(
    rig: Rig, client: FlaskClient, existing: list[Target]
) -> None:
    """No tag matches: 412, and nothing changes."""
    before = rows(rig)
    for target in existing:
        response = send(client, target, {"If-Match": OTHER})
        assert (response.status_code, target) == (412, target)
        response.close()
    assert rows(rig) == before
    assert len(existing) >= 18


def test_no_operation_ignores_if_none_match(
    rig: Rig, client: FlaskClient, existing: list[Target]
) -> None:
    """Each resource exists, and `*` matches it: 304 for a read, 412 for a change."""
    before = rows(rig)
    for target in existing:
        response = send(client, target, {"If-None-Match": "*"})
        expected = 304 if target.method == "GET" else 412
        assert (response.status_code, target) == (expected, target)
        assert response.data == b"" or expected == 412
        response.close()
    assert rows(rig) == before


def test_no_operation_accepts_a_malformed_precondition(
    rig: Rig, client: FlaskClient, existing: list[Target]
) -> None:
    """400 with the header's name: a change must not happen by a misreading."""
    before = rows(rig)
    for target in existing:
        for name in ("If-Match", "If-None-Match"):
            response: Any = send(client, target, {name: "1-00000000"})
            assert (response.status_code, target) == (400, target)
            assert response.json["errors"][0]["field"] == name
    assert rows(rig) == before


def test_dates_are_ignored(client: FlaskClient, post: str) -> None:
    """No resource has a modification date (RFC 9110, sections 13.1.3 and 13.1.4)."""
    past, future = "Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
    assert client.get(post, headers={"If-Modified-Since": future}).status_code == 200
    assert client.delete(post, headers={"If-Unmodified-Since": past}).status_code == 204


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("if_match", "if_none_match", "may"),
    [
        ("{etag}", None, True),
        ("*", None, True),
        ('"other", {etag}', None, True),
        (OTHER, None, False),
        ("W/{etag}", None, False),
        (None, "*", False),
        (None, "{etag}", False),
        (None, "W/{etag}", False),
        (None, '"other" , W/{etag}', False),
        (None, OTHER, True),
        ("{etag}", OTHER, True),
        ("{etag}", "{etag}", False),
        (OTHER, OTHER, False),
    ],
)
def test_a_post_is_read_and_changed_by_its_present_tag(
    client: FlaskClient,
    post: str,
    method: str,
    if_match: str | None,
    if_none_match: str | None,
    may: bool,
) -> None:
    """A wrong tag with the right revision is another tag."""
    etag = etag_of(client, post)
    assert etag.startswith('"1-')
    given = {"If-Match": if_match, "If-None-Match": if_none_match}
    headers = {name: text.format(etag=etag) for name, text in given.items() if text}
    response = client.open(post, method=method, headers=headers, json={"text": "second"})
    if may:
        assert response.status_code == {"GET": 200, "PUT": 202, "DELETE": 204}[method]
        return
    is_unmodified = method == "GET" and if_match in {None, "{etag}"}
    assert response.status_code == (304 if is_unmodified else 412)
    assert etag_of(client, post) == etag


def test_if_match_is_evaluated_first(client: FlaskClient, post: str) -> None:
    """RFC 9110, section 13.2.2: a read with both headers gets 412, although it has the post."""
    headers = {"If-Match": OTHER, "If-None-Match": etag_of(client, post)}
    assert client.get(post, headers=headers).status_code == 412


def test_304_has_the_headers_of_200_without_content(client: FlaskClient, post: str) -> None:
    """RFC 9110, section 15.4.5."""
    full = client.get(post)
    for method in ("GET", "HEAD"):
        headers = {"If-None-Match": full.headers["ETag"]}
        short = client.open(post, method=method, headers=headers)
        assert (short.status_code, short.data) == (304, b"")
        for name in ("ETag", "Cache-Control"):
            assert short.headers[name] == full.headers[name]
        assert not {"Content-Type", "Content-Length"} & set(short.headers.keys())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/posts/{id}"),
        ("PUT", "/v1/posts/{id}"),
        ("DELETE", "/v1/posts/{id}"),
        ("GET", "/v1/tasks/{id}"),
        ("DELETE", "/v1/tasks/{id}"),
        ("DELETE", "/v1/keys/{id}"),
        ("POST", "/v1/dead/{id}/replay"),
    ],
)
@pytest.mark.parametrize("headers", [{"If-Match": "*"}, {"If-Match": OTHER}])
def test_a_missing_resource_is_404_whatever_the_precondition(
    client: FlaskClient, method: str, path: str, headers: dict[str, str]
) -> None:
    """RFC 9110, section 13.2.1: other refusals come first."""
    target = path.format(id=uuid7())
    response = client.open(target, method=method, headers=headers, json={"text": "x"})
    assert response.status_code == 404


def test_a_foreign_post_is_403_whatever_the_precondition(
    rig: Rig, client: FlaskClient, post: str
) -> None:
    """Its ETag is no way around the check of the author."""
    made: Any = client.post("/v1/keys", json={"account": "else", "scopes": ["read", "write"]}).json
    other = {"Authorization": f"Bearer {made['key']}"}
    for tag in (OTHER, etag_of(client, post)):
        headers = other | {"If-Match": tag}
        assert client.delete(post, headers=headers).status_code == 403
        assert client.put(post, headers=headers, json={"text": "x"}).status_code == 403
    assert rig.row("posts")["text"] == "first"


def test_a_repeated_edit_gets_its_task_although_its_tag_is_old(
    rig: Rig, client: FlaskClient, post: str
) -> None:
    """The first request has changed the ETag; its repetition by key is no second edit."""
    headers = {"If-Match": etag_of(client, post), "Idempotency-Key": "k"}
    first, again = (client.put(post, headers=headers, json={"text": "second"}) for _ in "ab")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.headers["Location"] == again.headers["Location"]
    assert rig.row("posts")["revision"] == 2


def test_a_refused_precondition_leaves_the_key_free(client: FlaskClient, post: str) -> None:
    """A 412 makes no task. The request may come again with another tag."""
    key = {"Idempotency-Key": "k"}
    refused = client.put(post, headers=key | {"If-Match": OTHER}, json={"text": "second"})
    assert refused.status_code == 412
    fitting = key | {"If-Match": etag_of(client, post)}
    assert client.put(post, headers=fitting, json={"text": "second"}).status_code == 202


def test_the_final_response_of_a_task_has_conditional_reads(
    rig: Rig, client: FlaskClient, post: str
) -> None:
    """Its ETag is that of the post at that time, and its response never changes."""
    place = f"/v1/tasks/{rig.row('tasks')['id']}"
    etag = etag_of(client, place)
    client.put(post, json={"text": "second"})
    assert client.get(place, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(place, headers={"If-Match": OTHER}).status_code == 412
    assert client.delete(place, headers={"If-Match": OTHER}).status_code == 412
    assert client.delete(place, headers={"If-Match": etag}).status_code == 204
    assert client.get(place, headers={"If-None-Match": etag}).status_code == 410


def test_an_error_as_a_final_response_ignores_preconditions(rig: Rig, client: FlaskClient) -> None:
    """RFC 9110, section 13.2.1: they count for successful responses only."""
    client.post("/v1/posts", json={"text": "first"})
    rig.delete_post(rig.row("posts")["id"], "admin")
    place = f"/v1/tasks/{rig.row('tasks')['id']}"
    for headers in ({"If-Match": OTHER}, {"If-None-Match": "*"}):
        assert client.get(place, headers=headers).status_code == 409

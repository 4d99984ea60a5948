"""The client reads the responses of older and newer releases of the API."""

import inspect

import msgspec
import pytest
import requests
from splitflap_api.contract import models
from splitflap_api.contract.webhooks import models as hooks
from splitflap_client import Problem
from splitflap_client.models import Post, PostInput, WebhookInput
from splitflap_client.posts import Filters, Options, PostFields
from splitflap_client.problems import NotRendered
from splitflap_client.transport import problem_of
from splitflap_client.webhooks import WebhookFields

POST = {
    "kind": "post",
    "id": "1",
    "channel": "general",
    "author": "ann",
    "text": "a",
    "state": "complete",
    "revision": 1,
    "links": [],
    "created_at": "2026-01-02T03:04:05.678Z",
    "updated_at": "2026-01-02T03:04:05.678Z",
    "flavour": "gfm",
    "breaks": True,
    "mentions": [],
    "channels": [],
}


def test_fields_that_may_be_null_may_be_absent() -> None:
    """An older API has no `parent` and no `key_id`."""
    post = msgspec.convert(POST, Post)
    assert (post.parent, post.key_id, post.html) == (None, None, None)


def test_new_fields_and_values_are_accepted() -> None:
    """A newer API may have another flavour."""
    post = msgspec.convert({**POST, "flavour": "asciidoc", "votes": 3}, Post)
    flavour: str = post.flavour
    assert flavour == "asciidoc"


def test_the_body_of_a_request_has_what_was_given() -> None:
    """A default of the API stays its own."""
    assert msgspec.json.encode(PostInput(text="a", breaks=False)) == b'{"text":"a","breaks":false}'


def test_create_takes_each_field_of_a_post() -> None:
    """A new field of the API needs a keyword."""
    fields = set(inspect.signature(models.PostInput).parameters) - {"text"}
    assert PostFields.__optional_keys__ - Options.__optional_keys__ == fields


def test_a_webhook_takes_each_field() -> None:
    """What is left out is not sent."""
    fields = set(inspect.signature(hooks.WebhookInput).parameters) - {"url"}
    assert WebhookFields.__optional_keys__ == fields
    assert msgspec.json.encode(WebhookInput(url="u", always=False)) == b'{"url":"u","always":false}'


def test_list_takes_each_filter() -> None:
    """Pages are the client's own business."""
    fields = set(inspect.signature(models.PostQuery).parameters) - {"after", "limit"}
    assert Filters.__optional_keys__ == fields


def answer(status: int, body: bytes) -> requests.Response:
    """A response of an API or a proxy."""
    made = requests.Response()
    made.status_code, made.reason, made.url = status, "Bad Gateway", "http://a/v1/posts"
    made._content = body
    return made


def test_a_problem_has_a_class_of_its_type() -> None:
    """A new type is a Problem."""
    body = {"type": "/v1/problems/not-rendered", "title": "T", "status": 422, "detail": "D"}
    problem = problem_of(answer(422, msgspec.json.encode({**body, "reason": "refused"})))
    assert isinstance(problem, NotRendered)
    assert (problem.status, problem.reason, str(problem)) == (422, "refused", "T (422): D")
    new = problem_of(answer(422, msgspec.json.encode({**body, "type": "/v1/problems/new"})))
    assert type(new) is Problem


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"\xff"])
def test_a_page_of_a_proxy_is_a_problem(body: bytes) -> None:
    """Its type is that of RFC 9457 for a status alone."""
    problem = problem_of(answer(502, body))
    assert (problem.status, problem.type, problem.title) == (502, "about:blank", "Bad Gateway")

"""Whether a newline is a line break: the request chooses, the post keeps it, the job has it."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from splitflap_api.contract.models import PostInput
from splitflap_api.domain.changes import Changes
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.jobs.dead_letters import replay_job
from splitflap_api.domain.posts.commands import CreatePost
from splitflap_api.http.app import make_app
from splitflap_api.http.services import Services
from splitflap_core.outcomes import Failed

from .rig import Rig, outcome_of


def asked_of_the_renderer(job: dict[str, Any]) -> bool:
    """Whether the job asks for line breaks. A message without the field does not."""
    return bool(msgspec.json.decode(job["payload"]).get("breaks", False))


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/renders"])
@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize("fields", [{}, {"breaks": None}, {"breaks": True}, {"breaks": False}])
def test_the_setting_holds_for_texts_sent_without_the_field(
    path: str,
    default: bool,
    fields: dict[str, Any],
    rig: Rig,
    services: Services,
    client: FlaskClient,
) -> None:
    """The field of a request wins."""
    settings = msgspec.structs.replace(services.settings, breaks=default)
    other = make_app(replace(services, settings=settings)).test_client()
    other.environ_base = client.environ_base
    assert other.post(path, json={"text": "a\nb", **fields}).status_code == 202
    chosen = fields.get("breaks")
    assert asked_of_the_renderer(rig.row("jobs")) == (default if chosen is None else chosen)


def test_newlines_are_line_breaks_unless_the_operator_says_otherwise(services: Services) -> None:
    """So it is in the comments of GitHub, and in chat."""
    assert services.settings.breaks is True


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("fields", [{}, {"breaks": None}, {"breaks": True}, {"breaks": False}])
def test_an_edit_keeps_the_line_breaks_unless_it_names_them(
    first: bool, fields: dict[str, Any], rig: Rig, client: FlaskClient
) -> None:
    """The post, its representation and the job agree."""
    client.post("/v1/posts", json={"text": "a\nb", "breaks": first})
    path = f"/v1/posts/{rig.row('posts')['id']}"
    assert client.get(path).get_json()["breaks"] is first
    assert client.put(path, json={"text": "c\nd", **fields}).status_code == 202
    chosen = fields.get("breaks")
    wanted = first if chosen is None else chosen
    assert client.get(path).get_json()["breaks"] is wanted
    assert asked_of_the_renderer(rig.row("jobs")) == wanted


def test_the_final_response_of_a_post_has_its_line_breaks(rig: Rig, client: FlaskClient) -> None:
    """Lists of posts have them too."""
    task = client.post("/v1/posts", json={"text": "a\nb"}).headers["Location"]
    rig.rendered(rig.row("jobs"))
    assert client.get(task).get_json()["breaks"] is True
    assert client.get("/v1/posts").get_json()["items"][0]["breaks"] is True


def test_a_replayed_dead_letter_keeps_its_line_breaks(rig: Rig) -> None:
    """Its body contains the field."""
    rig.accept(CreatePost(PostInput("a\nb"), "gfm", breaks=True))
    rig.apply(outcome_of(rig.row("jobs"), Failed("broken", "x")))
    changes = Changes(0, Router())
    with rig.store.write() as tx:
        replay_job(tx, changes, rig.row("dead_letters"))
    assert asked_of_the_renderer(changes.jobs[0])


def test_a_key_with_other_line_breaks_is_refused(client: FlaskClient) -> None:
    """The fingerprint of a request includes the field."""
    headers = {"Idempotency-Key": "once"}
    sent = [
        client.post("/v1/posts", json={"text": "a\nb", **fields}, headers=headers).status_code
        for fields in ({"breaks": True}, {"breaks": True}, {"breaks": False}, {})
    ]
    assert sent == [202, 202, 422, 422]

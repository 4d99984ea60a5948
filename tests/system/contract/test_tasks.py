"""The Location of a 202 serves the final response of the original request, as often as asked."""

import pytest

from tests.support import wait_until
from tests.system.conftest import MakeStack
from tests.system.rig.client import Client
from tests.system.rig.raw_http import request
from tests.system.rig.site import Site
from tests.system.rig.stack import ADMIN, Stack

UNKNOWN = "/v1/tasks/01890a5d-ac96-774b-bcce-b302099a8057"


def test_final_response_is_the_same_from_every_api(
    stack: Stack, client: Client, channel: str, site: Site
) -> None:
    """Status, headers and body are equal byte for byte, for each kind of request."""
    post = client.create_post("first", channel)
    requests = {
        201: client.submit("second", channel),
        200: client.put(f"/v1/posts/{post['id']}", {"text": "edited"}),
        "render": client.post("/v1/renders", {"text": "**bold**"}),
        "preview": client.post("/v1/previews", {"url": site.url(f"page/same-{channel}")}),
    }
    for kind, accepted in requests.items():
        final = client.wait_final(accepted)
        assert final.status_code == (201 if kind == 201 else 200), (kind, final.text)
        location = accepted.headers["Location"]
        seen = {
            request(stack.url(api), "GET", location, ADMIN).stable
            for api in stack.apis
            for _ in "ab"
        }
        assert len(seen) == 1, (kind, seen)
        assert seen.pop().body == final.content


def test_final_response_does_not_change_with_the_post(client: Client, channel: str) -> None:
    """After an edit, the task of the first revision still shows that revision."""
    accepted = client.submit("before", channel)
    final = client.wait_final(accepted)
    client.wait_final(client.put(f"/v1/posts/{final.json()['id']}", {"text": "after"}))
    again = client.get(accepted.headers["Location"])
    assert (again.status_code, again.content) == (201, final.content)
    assert again.headers["ETag"] == final.headers["ETag"]


def test_final_response_survives_a_restart(stack: Stack, client: Client, channel: str) -> None:
    """A new process reads it from the database."""
    accepted = client.submit("kept", channel)
    client.wait_final(accepted)
    location = accepted.headers["Location"]
    before = request(stack.url(), "GET", location, ADMIN).stable
    stack.services["api"].terminate()
    assert stack.services["api"].wait() == 0
    stack.start("api")
    assert request(stack.url(), "GET", location, ADMIN).stable == before


def test_unknown_and_foreign_tasks_are_not_found(stack: Stack, client: Client) -> None:
    """404 for an unknown id, for an invalid id, and for the task of another account."""
    other_account = stack.client(key=client.new_key("other", "read", "write")["key"])
    location = client.submit("mine").headers["Location"]
    for path in (UNKNOWN, "/v1/tasks/none", location):
        for response in (other_account.get(path), other_account.get(path, prefer="wait=1")):
            assert response.status_code == 404
            assert response.headers["Content-Type"] == "application/problem+json"
        assert other_account.delete(path).status_code == 404
    assert client.wait_final(location).status_code == 201


def test_cancelled_task_is_gone(stack: Stack, client: Client, channel: str, site: Site) -> None:
    """The cancellation gets 204. Later requests for the task get 410 from each API."""
    site.hold()
    accepted = client.post("/v1/previews", {"url": site.url(f"held/{channel}")})
    location = accepted.headers["Location"]
    assert client.get(location).status_code == 202
    assert client.delete(location).status_code == 204
    site.release()
    for each in stack.clients():
        assert each.get(location).status_code == 410
        assert each.get(location, prefer="wait=1").status_code == 410
    assert client.delete(location).status_code == 410


@pytest.mark.parametrize(
    "backend", ["embedded", pytest.param("servers", marks=pytest.mark.servers)]
)
def test_task_past_its_retention_is_gone(make_stack: MakeStack, backend: str) -> None:
    """It gets 410 after SPLITFLAP_TASK_RETENTION, even before its row is deleted."""
    stack = make_stack(backend, apis=1, workers=("renderer",), TASK_RETENTION="1.5")
    client = stack.client()
    accepted = client.submit("short-lived")
    final = client.wait_final(accepted)
    assert final.status_code == 201
    location = accepted.headers["Location"]
    wait_until(lambda: client.get(location).status_code == 410, "410", 15)
    assert client.get(location, prefer="wait=1").status_code == 410
    assert client.delete(location).status_code == 410
    assert client.get(final.headers["Location"]).status_code == 200

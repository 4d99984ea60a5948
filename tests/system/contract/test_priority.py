"""Low requests complete as others do, and admins see which accounts wait."""

import pytest

from tests.system.rig.client import Client


@pytest.mark.parametrize("priority", ["u=5", "u=5, i", "u=0", "u=99", "low;", '"'])
def test_a_post_completes_whatever_its_priority(
    client: Client, channel: str, priority: str
) -> None:
    """A low one yields only while other jobs wait. A malformed priority is ignored."""
    accepted = client.submit("hello", channel, priority=priority)
    assert client.wait_final(accepted).json()["state"] == "complete"


def test_renders_and_previews_may_be_low(client: Client, channel: str) -> None:
    """The header belongs to every operation that makes work."""
    render = client.post("/v1/renders", {"text": "x"}, priority="u=5")
    assert client.wait_final(render).status_code == 200
    preview = client.post("/v1/previews", {"url": f"http://127.0.0.1:9/{channel}"}, priority="u=7")
    assert client.wait_final(preview).status_code == 200


def test_the_status_has_the_accounts_that_wait(client: Client) -> None:
    """Their number by kind, and the ten that have waited longest."""
    assert isinstance(client.get("/v1/status").json()["waiting_accounts"], list)
    response = client.get("/v1/status/accounts")
    assert response.status_code == 200
    assert len(response.json()["items"]) <= 10

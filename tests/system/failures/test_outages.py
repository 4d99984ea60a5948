"""Outages of the broker and the database: services recover without a restart."""

import time

import pytest

from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq
from tests.support import wait_until
from tests.system.conftest import only
from tests.system.failures.test_crashes import check_all_there
from tests.system.rig.sse import EventStream
from tests.system.rig.stack import ADMIN, Stack
from tests.system.rig.writer import Writer

#: Seconds for accepting one post during an outage of the broker. A bound on liveness.
ACCEPT_WITHIN = 10.0

#: Seconds from a post's 202 to its event on the other API, without a broker. A bound on liveness:
#: the feed polls once a second.
EVENT_WITHIN = 10.0

#: Seconds without a confirm until the API sheds requests for a slow broker
#: (splitflap_api/overload/backlog.py, UNCONFIRMED_LIMIT).
SLOW_BROKER_AFTER = 3.0


@only("servers")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_posts_are_accepted_without_a_broker(
    stack: Stack, channel: str, rabbitmq_server: RabbitMq, end: str
) -> None:
    """Each post gets 202, and completes after the broker has started again."""
    with Writer(stack.clients(), channel) as writer:
        writer.allow(60)
        writer.wait_accepted(20)
        getattr(rabbitmq_server, end)()
        writer.allow(40)
        writer.wait_accepted(100)
        running = stack.client().submit("during the outage", channel)
        assert running.status_code == 202
        assert stack.services["api"].health("readyz").ok
        rabbitmq_server.start()
    assert set(writer.statuses) <= {201, 202}
    assert writer.slowest < ACCEPT_WITHIN
    writer.accepted["during the outage"] = running.headers["Location"]
    check_all_there(stack.client(), writer)


@only("servers")
def test_a_stream_goes_on_without_the_broker(
    stack: Stack, channel: str, rabbitmq_server: RabbitMq
) -> None:
    """The broker carries the wake-ups. During its outage, an API polls for the other's events."""
    client = stack.client("api")
    with EventStream(stack.url("api-2"), ADMIN, channel) as stream:
        events = stream.events()
        rabbitmq_server.stop()
        running = client.submit("during the outage", channel)
        accepted_at = time.monotonic()
        accepted = next(events)
        assert time.monotonic() - accepted_at < EVENT_WITHIN
        rabbitmq_server.start()
        final = client.wait_final(running)
        later = [next(events), next(events)]
    assert final.status_code == 201, final.text
    assert [event.event for event in (accepted, *later)] == ["accepted", "rendered", "done"]
    assert {event.data["post"] for event in (accepted, *later)} == {final.json()["id"]}


@only("servers")
def test_posts_are_accepted_during_a_broker_alarm(
    stack: Stack, channel: str, rabbitmq_server: RabbitMq
) -> None:
    """A broker in an alarm confirms nothing. The API does not count it as a slow broker."""
    with Writer(stack.clients(), channel) as writer:
        writer.allow(40)
        writer.wait_accepted(20)
        rabbitmq_server.set_memory_alarm(True)
        try:
            writer.wait_accepted(40)
            time.sleep(SLOW_BROKER_AFTER + 1)
            writer.allow(20)
            writer.wait_accepted(60)
        finally:
            rabbitmq_server.set_memory_alarm(False)
    assert set(writer.statuses) <= {201, 202}
    assert writer.slowest < ACCEPT_WITHIN
    check_all_there(stack.client(), writer)


@only("servers")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_requests_without_a_database_get_503(
    stack: Stack, channel: str, postgres_server: Postgres, end: str
) -> None:
    """Each response is 503 with Retry-After. All services are ready after the database starts."""
    client = stack.client()
    with Writer(stack.clients(), channel) as writer:
        writer.allow(100)
        writer.wait_accepted(30)
        getattr(postgres_server, end)()
        for response in (
            client.submit("lost", channel),
            client.get("/v1/posts"),
            client.get("/v1/tasks/01890a5d-ac96-774b-bcce-b302099a8057"),
            client.delete("/v1/posts/01890a5d-ac96-774b-bcce-b302099a8057"),
        ):
            assert response.status_code == 503, response.text
            assert int(response.headers["Retry-After"]) >= 1
            assert response.headers["Content-Type"] == "application/problem+json"
        assert stack.services["api"].health("healthz").ok
        postgres_server.start()
        writer.allow(20)
    check_all_there(client, writer)
    wait_until(lambda: all(each.health("readyz").ok for each in stack.services.values()), "ready")

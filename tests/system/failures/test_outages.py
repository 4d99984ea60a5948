"""Broker and database go away and come back; no service is restarted for it."""

import time

import pytest
from splitflap_api.overload.backlog import UNCONFIRMED_LIMIT

from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq
from tests.support import wait_until
from tests.system.conftest import only
from tests.system.failures.test_crashes import check_all_there
from tests.system.rig.stack import Stack
from tests.system.rig.writer import Writer

#: Seconds within which a post is accepted although the broker is away. Liveness, not speed.
SOON = 10.0


@only("servers")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_posts_are_taken_without_a_broker(
    stack: Stack, channel: str, rabbitmq_server: RabbitMq, end: str
) -> None:
    """202 for every post, none refused; they are done once the broker is back."""
    with Writer(stack.clients(), channel) as writer:
        writer.allow(60)
        writer.reach(20)
        getattr(rabbitmq_server, end)()
        writer.allow(40)
        writer.reach(100)
        running = stack.client().submit("while it is away", channel)
        assert running.status_code == 202
        assert stack.services["api"].health("readyz").ok
        rabbitmq_server.start()
    assert set(writer.statuses) <= {201, 202}
    assert writer.slowest < SOON
    writer.accepted["while it is away"] = running.headers["Location"]
    check_all_there(stack.client(), writer)


@only("servers")
def test_posts_are_taken_while_the_broker_takes_nothing(
    stack: Stack, channel: str, rabbitmq_server: RabbitMq
) -> None:
    """In an alarm it says nothing of what it was sent before: longer than a slow broker may."""
    with Writer(stack.clients(), channel) as writer:
        writer.allow(40)
        writer.reach(20)
        rabbitmq_server.set_memory_alarm(True)
        try:
            writer.reach(40)
            time.sleep(UNCONFIRMED_LIMIT + 1)
            writer.allow(20)
            writer.reach(60)
        finally:
            rabbitmq_server.set_memory_alarm(False)
    assert set(writer.statuses) <= {201, 202}
    assert writer.slowest < SOON
    check_all_there(stack.client(), writer)


@only("servers")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_without_a_database_nothing_is_promised(
    stack: Stack, channel: str, postgres_server: Postgres, end: str
) -> None:
    """503 with Retry-After, never a 500 or a false 202; all is well once it is back."""
    client = stack.client()
    with Writer(stack.clients(), channel) as writer:
        writer.allow(100)
        writer.reach(30)
        getattr(postgres_server, end)()
        for answer in (
            client.submit("lost", channel),
            client.get("/v1/posts"),
            client.get("/v1/tasks/01890a5d-ac96-774b-bcce-b302099a8057"),
            client.delete("/v1/posts/01890a5d-ac96-774b-bcce-b302099a8057"),
        ):
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert stack.services["api"].health("healthz").ok
        postgres_server.start()
        writer.allow(20)
    check_all_there(client, writer)
    wait_until(lambda: all(each.health("readyz").ok for each in stack.services.values()), "ready")

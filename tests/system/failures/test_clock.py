"""The database's clock jumps by two hours: no accepted post fails, and none waits two hours."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.servers import faketime
from tests.servers.fixtures import or_skip
from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq
from tests.support import wait_until
from tests.system.rig.backends import MakeBackend
from tests.system.rig.client import Client
from tests.system.rig.stack import Stack, StackBackend, running
from tests.system.rig.writer import Writer

from .test_crashes import check_all_there

HOUR = 3_600

#: The clock, one jump after another.
JUMPS = {"+2h": 2 * HOUR, "+0": 0, "-2h": -2 * HOUR}

#: Posts before and after each jump. A backlog of so few sheds no work, whatever their age.
POSTS = 10

#: Sets the clock of a stack's database.
SetClock = Callable[[str], None]


@contextmanager
def embedded(
    make_backend: MakeBackend, folder: Path, **options: Any
) -> Iterator[tuple[Stack, SetClock]]:
    """A stack on SQLite, which has the clock of the API's process: a jump is a new process."""
    or_skip(faketime.library)
    with running(make_backend("embedded"), folder, **options) as stack:
        api = stack.services["api"]

        def set_clock(offset: str) -> None:
            api.kill()
            api.environ = {**api.environ, **faketime.shifted("" if offset == "+0" else offset)}
            stack.start("api")

        yield stack, set_clock


@contextmanager
def on_servers(
    rabbitmq: RabbitMq, folder: Path, **options: Any
) -> Iterator[tuple[Stack, SetClock]]:
    """A stack on a PostgreSQL of its own, whose clock jumps while it runs."""
    with or_skip(Postgres) as postgres:
        or_skip(postgres.fake_clock)
        broker = rabbitmq.add_vhost(f"clock-{postgres.port}")
        urls = {
            "SPLITFLAP_DATABASE_URL": postgres.create_database("clock"),
            "SPLITFLAP_BROKER_URL": broker,
        }
        with running(StackBackend("servers", urls, broker), folder, **options) as stack:
            yield stack, postgres.set_clock


@pytest.fixture(params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def clocked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Stack, SetClock]]:
    """A stack without a renderer, and its clock."""
    options: dict[str, Any] = {"apis": 1, "workers": ("scraper",)}
    with ExitStack() as exits:
        if request.param == "embedded":
            make_backend = request.getfixturevalue("make_backend")
            made = exits.enter_context(embedded(make_backend, tmp_path, **options))
        else:
            rabbitmq = request.getfixturevalue("rabbitmq_server")
            made = exits.enter_context(on_servers(rabbitmq, tmp_path, **options))
        yield made


def accept(client: Client, text: str, channel: str) -> requests.Response:
    """Send a post until it is accepted: jobs without a mark look as old as a jump, for a second."""
    answers: list[requests.Response] = []

    def is_accepted() -> bool:
        answers.append(client.submit(text, channel))
        assert answers[-1].status_code in {202, 429, 503}, answers[-1].text
        return answers[-1].status_code == 202

    wait_until(is_accepted, "a 202", interval=0.2)
    return answers[-1]


def seconds_ahead(client: Client) -> float:
    """How far the clock of a new post is ahead of this machine's."""
    post = accept(client, "what time is it?", "clock").json()
    return (datetime.fromisoformat(post["created_at"]) - datetime.now(UTC)).total_seconds()


def jump(stack: Stack, set_clock: SetClock, offset: str) -> None:
    """Set the clock, and wait until the API knows it."""
    set_clock(offset)
    client = stack.client()
    wait_until(lambda: abs(seconds_ahead(client) - JUMPS[offset]) < HOUR, f"the jump to {offset}")


def test_jumps_of_two_hours_fail_none_of_ten_posts_in_flight(
    clocked: tuple[Stack, SetClock],
) -> None:
    """Posts from before and after each jump wait for a renderer, and complete when it comes."""
    stack, set_clock = clocked
    client = stack.client()
    accepted = [client.submit("before", "in-flight") for _ in range(POSTS)]
    for offset in JUMPS:
        jump(stack, set_clock, offset)
        accepted += [accept(client, f"at {offset}", "in-flight") for _ in range(POSTS)]
    stack.add_worker("renderer")
    stack.start("renderer")
    finals = [client.wait_final(each) for each in accepted]
    assert [final.status_code for final in finals] == [201] * len(accepted)
    assert {post["state"] for post in client.posts("in-flight")} == {"complete"}


def test_posts_complete_while_the_clock_jumps(clocked: tuple[Stack, SetClock]) -> None:
    """All services run. The renderer is killed between two jumps."""
    stack, set_clock = clocked
    stack.add_worker("renderer")
    stack.start("renderer")
    with Writer(stack.clients(), "jumping") as writer:
        for offset in JUMPS:
            writer.allow(20)
            jump(stack, set_clock, offset)
            stack.kill("renderer")
            writer.allow(20)
            stack.start("renderer")
    assert len(check_all_there(stack.client(), writer)) == 40 * len(JUMPS)


@pytest.mark.servers
def test_posts_without_a_broker_complete_after_a_jump_back(
    rabbitmq_server: RabbitMq, tmp_path: Path
) -> None:
    """Their jobs were due soon, by the clock before. They are not two hours late."""
    with on_servers(rabbitmq_server, tmp_path, apis=1) as (stack, set_clock):
        jump(stack, set_clock, "+2h")
        client = stack.client()
        rabbitmq_server.stop()
        try:
            accepted = [client.submit("unpublished", "outage") for _ in range(POSTS)]
            jump(stack, set_clock, "+0")
        finally:
            rabbitmq_server.start()
        assert [client.wait_final(each).status_code for each in accepted] == [201] * POSTS

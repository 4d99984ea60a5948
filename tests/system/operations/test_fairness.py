"""Accounts take turns: a flood of one account delays itself, and no post of another one."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from tests.system.conftest import MakeStack
from tests.system.failures.test_shares import halted
from tests.system.rig.client import Client
from tests.system.rig.sse import EventStream
from tests.system.rig.stack import ADMIN, Stack

#: Takes a tenth of a second of CPU and more.
SLOW = "*a **a " * 700 + "b** b* " * 700

#: Slow texts in the flood: several times what the one renderer may have at the broker.
FLOOD = 100

#: Slow texts that teach the API what a job of this account takes.
FIRST = 5

#: Small accounts, and the place in the flood before which each of them has had its turn.
SMALL, SECOND_HUNDRED = 1_000, 200

#: One renderer process. Nothing is refused or ended for its age, however slow the machine is.
SETTINGS = {"PROCESSES": "1", "RENDER_DEADLINE": "30", "MAX_UNFINISHED_AGE": "3600"}

THREADS = 8

BACKENDS = ["embedded", pytest.param("servers", marks=pytest.mark.servers)]


def account(stack: Stack, name: str) -> Client:
    """A client with a key of an account of its own."""
    client = stack.client()
    return client.clone(client.new_key(name, "read", "write")["key"])


def submit(client: Client, text: str, channel: str) -> None:
    """Send a post, which must be accepted."""
    response = client.submit(text, channel)
    assert response.status_code == 202, response.text


def done_channels(stream: EventStream) -> Iterator[str]:
    """The channel of each post that is done, in this order."""
    return (frame.data["channel"] for frame in stream.events() if frame.event == "done")


def flood(noisy: Client, count: int) -> None:
    """Send slow texts of one account."""
    for number in range(count):
        submit(noisy, f"{number} {SLOW}", "flood")


def warm_up(noisy: Client) -> None:
    """Let the API learn what the texts of the flood take."""
    for _ in range(FIRST):
        noisy.create_post(SLOW, "first")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_post_is_done_before_the_flood_that_came_first(
    make_stack: MakeStack, backend: str
) -> None:
    """The flood waits at the renderer when the post comes. Less than half of it is done first."""
    stack = make_stack(backend, apis=1, workers=("renderer",), **SETTINGS)
    noisy, other = account(stack, "noisy"), account(stack, "other")
    warm_up(noisy)
    with EventStream(stack.url(), ADMIN) as stream:
        with halted(stack.services["renderer"]):
            flood(noisy, FLOOD)
            submit(other, "small", "small")
        done = [each for each in islice(done_channels(stream), FLOOD + 1) if each != "first"]
    assert done.index("small") < FLOOD / 2


@pytest.mark.timeout(300)
@pytest.mark.parametrize("backend", BACKENDS)
def test_each_of_a_thousand_accounts_has_its_turn_before_the_second_hundred_of_a_flood(
    make_stack: MakeStack, backend: str
) -> None:
    """Each small account posts once, after the whole flood."""
    stack = make_stack(backend, apis=1, workers=("renderer",), **SETTINGS)
    noisy = account(stack, "noisy")
    warm_up(noisy)
    small = small_accounts(stack)
    with EventStream(stack.url(), ADMIN) as stream:
        with halted(stack.services["renderer"]):
            flood(noisy, SECOND_HUNDRED)
            post_from_each(small)
        done = list(up_to_a_count(done_channels(stream), {"flood": SECOND_HUNDRED, "small": SMALL}))
    assert done.count("small") == SMALL


def small_accounts(stack: Stack) -> Sequence[Client]:
    """A client for each small account."""
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(lambda n: account(stack, f"small-{n}"), range(SMALL)))


def post_from_each(clients: Sequence[Client]) -> None:
    """Send one small post of each account."""
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda client: submit(client, "small", "small"), clients))


def up_to_a_count(channels: Iterator[str], ends: dict[str, int]) -> Iterator[str]:
    """Pass channels on until one of them has its last count."""
    seen = dict.fromkeys(ends, 0)
    for channel in channels:
        yield channel
        seen[channel] = seen.get(channel, 0) + 1
        if seen[channel] == ends.get(channel):
            return

"""One row of the table: clients post, a nemesis acts, all is healed, and the books are closed."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import requests

from tests.servers.process import ServerFailed
from tests.support import WaitTimeout, wait_until
from tests.system.rig.client import Client

from .attempts import Attempt
from .checker import History, Verdict, check
from .deployment import Deployment
from .followers import Followers, answer_of
from .nemeses.base import Nemesis
from .posters import Posters
from .streams import Watchers
from .world import Tally, World

#: Posts a second, of all clients together. Little, so that two cores are shared with the servers
#: and processes that start anew all the time.
RATE = 16.0

#: Posts that must have been done before the nemesis begins.
WARM = 10

#: Seconds until nothing runs any more, once everything is healed: longer than all five attempts
#: of a job that was taken by a process which then died.
REST = 150.0

#: Seconds between rounds of a nemesis.
BETWEEN = (0.1, 0.8)


@dataclass
class Row:
    """What is printed of one nemesis."""

    name: str
    seed: str
    books: Verdict
    tally: Tally
    seconds: float
    statuses: dict[str, int] = field(default_factory=dict)
    skipped: str = ""


def skipped(name: str, why: str) -> Row:
    """The row of a nemesis that cannot run here."""
    return Row(name, "", Verdict(), Tally(), 0.0, skipped=why)


class Load:
    """Clients of all kinds on one channel."""

    def __init__(self, world: Deployment, channel: str, seed: str, rate: float = RATE) -> None:
        self.world = world
        self.channel = channel
        self._watchers = Watchers(world, channel, seed)
        self._followers = Followers(world, channel, seed)
        self.posters = Posters(world, channel, seed, rate, self._followers.follow)

    def start(self) -> None:
        """Begin, and return when the first posts are done."""
        self._followers.start()
        self.posters.start()
        wait_until(lambda: self._finals() >= WARM, "the first posts", 60)

    def stop(self) -> History:
        """Stop posting, wait until all has come to rest, and gather what there is."""
        self.posters.stop()
        self._followers.stop()
        clients = [self.world.client(api) for api in self.world.apis]
        _rest(clients[0])
        for attempt in self.posters.attempts:
            _ask_again(attempt, clients)
        posts = clients[-1].posts(self.channel)
        streams, events = self._watchers.close()
        wrong = [*self.posters.wrong, *self._followers.wrong]
        return History(self.posters.attempts, posts, events, streams, wrong)

    def _finals(self) -> int:
        return sum(1 for attempt in self.posters.attempts if attempt.finals)


def run(
    world: World,
    seed: str,
    nemeses: Sequence[tuple[type[Nemesis], int]],
    name: str = "",
    pace: float = 1.0,
) -> Row:
    """One row: the rounds of each nemesis, one after the other, on one load."""
    began = time.monotonic()
    name = name or nemeses[0][0].name
    world.tally = Tally()
    channel = f"{re.sub('[^a-z]+', '-', name)}-{time.time_ns() % 1_000_000}"
    load = Load(world, channel, f"{seed}/{name}")
    load.start()
    failures = []
    for kind, rounds in nemeses:
        dice = Random(f"{seed}/{name}/{kind.name}")
        failures += _act(kind(world, load, dice, pace), rounds)
        world.all_well()
    books = check(load.stop())
    books.wrong += failures
    for returned, what, seconds in world.tally.resumed:
        if seconds >= RESUME_LIMIT:
            books.lost.append(f"no work {seconds:.0f} s after the return of a {returned}: {what}")
    return Row(
        name, seed, books, world.tally, time.monotonic() - began, dict(load.posters.statuses)
    )


#: Seconds without work after a return that count as a fault: liveness, not speed.
RESUME_LIMIT = 60.0


def _act(nemesis: Nemesis, rounds: int) -> list[str]:
    """All rounds; where something did not come back or end as it should, what."""
    try:
        with nemesis:
            for _ in range(rounds):
                nemesis.round()
                time.sleep(nemesis.dice.uniform(*BETWEEN))
    except (AssertionError, ServerFailed) as failure:
        return [f"{nemesis.name}: {failure}"]
    return []


def _rest(client: Client) -> None:
    """Wait until no task runs and no job waits; if they never end, the books will say so."""

    def at_rest() -> bool:
        try:
            status: Any = client.call("GET", "/v1/status", timeout=10).json()
        except (requests.RequestException, ValueError):
            return False
        return not status.get("running_tasks", 1) and not status.get("jobs", [1])

    try:
        wait_until(at_rest, "rest", REST)
    except WaitTimeout:
        return


def _ask_again(attempt: Attempt, clients: Sequence[Client]) -> None:
    """The final responses once more, from every API: they must be those that were seen before."""
    for client in clients:
        for location, note in (
            (attempt.location, attempt.note_final),
            (attempt.edit_location, attempt.note_edit_final),
        ):
            if location is not None:
                response = client.call("GET", location, timeout=20)
                if response.status_code != 202:
                    note(answer_of(response))

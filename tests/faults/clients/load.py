"""All clients of a run on one channel, and the history that they record."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import requests

from tests.faults.checker import History
from tests.support import WaitTimeout, wait_until
from tests.system.rig.client import Client

from .attempts import Attempt, finals_of
from .deployment import Deployment
from .followers import Followers, raw
from .neighbour import Neighbour
from .posters import Posters
from .streams import Watchers
from .webhooks import Webhooks

#: Posts a second of all clients together. Low, because servers and restarts share two cores.
RATE = 16.0

#: Posts that must have completed before `start` returns, and seconds for that.
WARM_UP_POSTS, WARM_UP_TIMEOUT = 10, 60.0

#: Seconds until all work has ended after the repair. Longer than all five attempts of a job
#: whose workers died.
REST_TIMEOUT = 150.0


class Load:
    """Posters, followers and watchers on one channel; a noisy neighbour and a webhook if wanted."""

    def __init__(
        self,
        deployment: Deployment,
        channel: str,
        seed: str,
        rate: float = RATE,
        *,
        neighbour: bool = False,
        webhooks: bool = False,
    ) -> None:
        self.channel = channel
        self.neighbour = Neighbour(deployment, channel, seed) if neighbour else None
        self._deployment = deployment
        self._watchers = Watchers(deployment, channel, seed)
        self._webhooks = Webhooks(deployment, seed) if webhooks else None
        self._followers = Followers(deployment, channel, seed)
        self.posters = Posters(deployment, channel, seed, rate, self._followers.follow)

    def start(self) -> None:
        """Start all clients, and wait until the first posts are complete."""
        if self._webhooks:
            self._webhooks.start()
        self._followers.start()
        self.posters.start()
        wait_until(lambda: self._finals() >= WARM_UP_POSTS, "the first posts", WARM_UP_TIMEOUT)
        if self.neighbour:
            self.neighbour.start()

    @contextmanager
    def only_light(self) -> Iterator[None]:
        """Post no heavy text while the block runs. Earlier ones of the neighbour have ended."""
        self.posters.heavy = False
        if self.neighbour:
            self.neighbour.pause()
        try:
            yield
        finally:
            self.posters.heavy = True
            if self.neighbour:
                self.neighbour.resume()

    def stop(self) -> History:
        """Stop posting, wait until all work has ended, and collect the history."""
        self.posters.stop()
        self._followers.stop()
        clients = [self._deployment.client(api) for api in self._deployment.apis]
        neighbours = self.neighbour.stop() if self.neighbour else []
        _wait_for_rest(clients[0])
        for attempt in self.posters.attempts:
            _read_finals_again(attempt, clients)
        floods = self.neighbour.attempts if self.neighbour else []
        for attempt in floods:
            _read_finals_again(attempt, neighbours)
        posts = clients[-1].posts(self.channel)
        streams, events = self._watchers.stop()
        ended = dict(finals_of(self.posters.attempts))
        webhooks = self._webhooks.stop(ended) if self._webhooks else None
        attempts = [*self.posters.attempts, *floods]
        return History(attempts, posts, events, streams, self._wrong(), webhooks)

    def _wrong(self) -> list[str]:
        wrong = [*self.posters.wrong, *self._followers.wrong]
        if self.neighbour:
            wrong += [*self.neighbour.wrong, *self.posters.refused_for_backlog]
        return wrong

    def _finals(self) -> int:
        return sum(1 for attempt in self.posters.attempts if attempt.finals)


def _wait_for_rest(client: Client) -> None:
    """Wait until no task runs and no job waits. After a timeout the checker finds the rest."""

    def at_rest() -> bool:
        try:
            status: Any = client.call("GET", "/v1/status", timeout=10).json()
        except (requests.RequestException, ValueError):
            return False
        return not status.get("running_tasks", 1) and not status.get("jobs", [1])

    try:
        wait_until(at_rest, "rest", REST_TIMEOUT)
    except WaitTimeout:
        return


def _read_finals_again(attempt: Attempt, clients: Sequence[Client]) -> None:
    """Read the final responses from every API. They must equal the earlier ones."""
    for client in clients:
        for location, note in (
            (attempt.location, attempt.note_final),
            (attempt.edit_location, attempt.note_edit_final),
        ):
            if location is not None:
                response = client.call("GET", location, timeout=20)
                if response.status_code != 202:
                    note(raw(response))

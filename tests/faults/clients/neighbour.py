"""A noisy neighbour: another account, which keeps a backlog of heavy texts beside the clients."""

import itertools
import threading
from random import Random

from tests.support import wait_until
from tests.system.rig.client import Client

from .attempts import HEAVY, Attempt
from .deployment import Deployment, Pages
from .followers import Followers
from .posters import RETRY_TIMEOUT, Poster

#: Its unfinished posts at most: more work than the workers hold, and ten seconds of a CPU, so that
#: the rest after a run ends in time.
BACKLOG = 100

#: Posts a second at most.
RATE = 40.0

THREADS = 2

#: Seconds until its posts have ended after `pause`.
PAUSE_TIMEOUT = 150.0


class AsAccount:
    """A deployment whose clients have a key of another account."""

    def __init__(self, deployment: Deployment, account: str) -> None:
        self._deployment = deployment
        admin = deployment.client(deployment.apis[0])
        self._key: str = admin.new_key(account, "read", "write")["key"]

    @property
    def apis(self) -> list[str]:
        """The names of the APIs."""
        return self._deployment.apis

    @property
    def site(self) -> Pages:
        """The pages."""
        return self._deployment.site

    def url(self, api: str) -> str:
        """The URL of an API."""
        return self._deployment.url(api)

    def client(self, api: str) -> Client:
        """A client of one API. Use one client per thread."""
        return self._deployment.client(api).clone(self._key)


class Neighbour:
    """Posts heavy texts while fewer than BACKLOG of them are unfinished.

    The checker compares its posts as those of all clients. Only its posts may be refused because
    work waits too long.
    """

    def __init__(self, deployment: Deployment, channel: str, seed: str) -> None:
        self.attempts: list[Attempt] = []
        self._deployment = AsAccount(deployment, "neighbour")
        self._channel = channel
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._open: list[Attempt] = []
        self._paused = False
        self._stopping = threading.Event()
        self._followers = Followers(self._deployment, channel, f"{seed}/neighbour")
        rngs = [Random(f"{seed}/neighbour-{n}") for n in range(THREADS)]
        self._posters = [
            Poster(self._deployment, channel, rng, self._followers.follow) for rng in rngs
        ]
        self._threads = [
            threading.Thread(target=self._run, args=pair, daemon=True)
            for pair in zip(self._posters, rngs, strict=True)
        ]

    @property
    def wrong(self) -> list[str]:
        """Responses that are faults in any case."""
        return [*(each for one in self._posters for each in one.wrong), *self._followers.wrong]

    def start(self) -> None:
        """Start to flood."""
        self._followers.start()
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """Begin no more posts until `resume`, and wait until all have ended."""
        self._paused = True
        wait_until(lambda: not self._unfinished(), "the end of the flood", PAUSE_TIMEOUT)

    def resume(self) -> None:
        """Flood again."""
        self._paused = False

    def stop(self) -> list[Client]:
        """Begin no more posts. Return a client for each API that may read its tasks."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(RETRY_TIMEOUT + 10)
        self._followers.stop()
        return [self._deployment.client(api) for api in self._deployment.apis]

    def _run(self, poster: Poster, rng: Random) -> None:
        while not self._stopping.wait(rng.expovariate(RATE / THREADS)):
            if not self._paused and self._unfinished() < BACKLOG:
                attempt = self._next()
                poster.post(attempt)
                if not attempt.acknowledged:
                    self._give_up(attempt)

    def _next(self) -> Attempt:
        token = f"{self._channel}-flood-{next(self._numbers)}"
        attempt = Attempt(token, f"post {token} **by** a neighbour\n\n{HEAVY}", f"key-{token}")
        with self._lock:
            self.attempts.append(attempt)
            self._open.append(attempt)
        return attempt

    def _give_up(self, attempt: Attempt) -> None:
        with self._lock:
            self._open.remove(attempt)

    def _unfinished(self) -> int:
        """The number of its posts that are sent, or accepted and not done."""
        with self._lock:
            self._open = [each for each in self._open if not each.finals]
            return sum(1 for each in self._open if each.location or not each.acknowledged)

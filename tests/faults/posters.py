"""Clients that post without end, through all APIs, and repeat where their key lets them."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from random import Random

import requests

from tests.system.rig.client import Client

from .attempts import Attempt, new_attempt
from .deployment import Deployment

#: Seconds to connect, and for an answer. Below what a stopped process keeps silent.
TIMEOUT = (2.0, 6.0)

#: Seconds until a client that may repeat gives up.
PATIENCE = 90.0

#: Seconds between its tries.
PAUSE = (0.05, 0.4)

THREADS = 8

#: Answers that a client may get while something is broken: it is told to come again.
AGAIN = {503}


class Poster:
    """One client; its attempts are handed to `accepted` when they are acknowledged."""

    def __init__(
        self, world: Deployment, channel: str, dice: Random, accepted: Callable[[Attempt], None]
    ) -> None:
        self.statuses: Counter[str] = Counter()
        #: Answers that no client should ever see.
        self.wrong: list[str] = []
        self._channel = channel
        self._dice = dice
        self._accepted = accepted
        self._clients = [world.client(api) for api in world.apis]

    def post(self, attempt: Attempt) -> None:
        """Try until it is acknowledged; without a key only once, as a repeat could be a second."""
        give_up_at = time.monotonic() + PATIENCE
        while not self._try(attempt):
            if attempt.key is None or time.monotonic() > give_up_at:
                return
            time.sleep(self._dice.uniform(*PAUSE))
        self._accepted(attempt)
        if attempt.key and self._dice.random() < 0.1:
            # As a client does whose answer was lost: it must come to the same post.
            self._try(attempt)

    def _try(self, attempt: Attempt) -> bool:
        client = self._dice.choice(self._clients)
        answer = self._submit(client, attempt)
        if answer is None:
            return False
        self.statuses[str(answer.status_code)] += 1
        location = answer.headers.get("Location", "")
        if answer.status_code == 202 and location:
            if attempt.location not in {None, location}:
                self.wrong.append(f"{attempt.token}: {attempt.location}, then {location}")
            attempt.location = attempt.location or location
            attempt.acknowledged = True
        elif answer.status_code == 201 or (attempt.key and answer.status_code in {409, 422}):
            # A repeat may find the task done, and gets its final response.
            attempt.acknowledged = True
        elif answer.status_code not in AGAIN or "Retry-After" not in answer.headers:
            self.wrong.append(f"{attempt.token}: {answer.status_code} {answer.text[:200]}")
        return attempt.acknowledged

    def _submit(self, client: Client, attempt: Attempt) -> requests.Response | None:
        headers = {"Idempotency-Key": attempt.key} if attempt.key else {}
        body = {"text": attempt.text, "channel": self._channel}
        try:
            return client.call("POST", "/v1/posts", json=body, headers=headers, timeout=TIMEOUT)
        except requests.RequestException as error:
            self.statuses[type(error).__name__] += 1
            return None


class Posters:
    """Several of them in threads, together at a rate (posts a second), until `stop`."""

    def __init__(
        self,
        world: Deployment,
        channel: str,
        seed: str,
        rate: float,
        accepted: Callable[[Attempt], None],
    ) -> None:
        self.attempts: list[Attempt] = []
        self.heavy = True
        self._world = world
        self._channel = channel
        self._each = THREADS / rate
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()
        dices = [Random(f"{seed}/poster-{n}") for n in range(THREADS)]
        self._posters = [Poster(world, channel, dice, accepted) for dice in dices]
        self._threads = [
            threading.Thread(target=self._run, args=pair, daemon=True)
            for pair in zip(self._posters, dices, strict=True)
        ]

    @property
    def wrong(self) -> list[str]:
        """Answers that no client should ever see."""
        return [each for poster in self._posters for each in poster.wrong]

    @property
    def statuses(self) -> Counter[str]:
        """How often each status, or error, was seen."""
        return sum((poster.statuses for poster in self._posters), Counter())

    def start(self) -> None:
        """Post from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no more; wait for those that are repeated."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE + 10)

    def add(self, attempt: Attempt) -> None:
        """Post one more, in the present thread."""
        self.attempts.append(attempt)
        self._posters[0].post(attempt)

    def _run(self, poster: Poster, dice: Random) -> None:
        while not self._stopping.wait(dice.expovariate(1 / self._each)):
            token = f"{self._channel}-{next(self._numbers)}"
            attempt = new_attempt(token, dice, self._world.site, heavy=self.heavy)
            self.attempts.append(attempt)
            poster.post(attempt)

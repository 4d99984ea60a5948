"""Clients that create posts at a rate, through all APIs, and repeat them if they have a key."""

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

#: Seconds for the connection, and for the response. Shorter than a long pause of a process.
REQUEST_TIMEOUT = (2.0, 6.0)

#: Seconds until a client with a key gives up.
RETRY_TIMEOUT = 90.0

#: Seconds between two of its tries.
RETRY_PAUSE = (0.05, 0.4)

THREADS = 8

#: The share of acknowledged posts with a key that are repeated once more.
REPEAT_SHARE = 0.1

#: Statuses that a fault may cause; each needs a Retry-After.
RETRY_STATUSES = {429, 503}

#: The problem of an account whose own work waits too long, and the detail of the one that all have.
BACKLOG_PROBLEM, BACKLOG_DETAIL = "/backlog", "still waiting to be"


def is_for_backlog(response: requests.Response) -> bool:
    """Whether a request was refused because work waits too long."""
    if response.status_code not in RETRY_STATUSES:
        return False
    problem = response.json()
    kind, detail = problem.get("type", ""), problem.get("detail", "")
    return kind.endswith(BACKLOG_PROBLEM) or BACKLOG_DETAIL in detail


class Poster:
    """One client. It gives acknowledged attempts to `on_accepted`."""

    def __init__(
        self,
        deployment: Deployment,
        channel: str,
        rng: Random,
        on_accepted: Callable[[Attempt], None],
    ) -> None:
        #: How often each status, or each kind of error, was seen.
        self.statuses: Counter[str] = Counter()
        #: Responses that are faults in any case.
        self.wrong: list[str] = []
        #: Refusals because work waits too long.
        self.refused_for_backlog: list[str] = []
        self._channel = channel
        self._rng = rng
        self._on_accepted = on_accepted
        self._clients = [deployment.client(api) for api in deployment.apis]

    def post(self, attempt: Attempt) -> None:
        """Try until the post is acknowledged.

        Without a key there is one try only: a repeat could create a second post.
        """
        give_up_at = time.monotonic() + RETRY_TIMEOUT
        while not self._try(attempt):
            if attempt.key is None or time.monotonic() > give_up_at:
                return
            time.sleep(self._rng.uniform(*RETRY_PAUSE))
        self._on_accepted(attempt)
        if attempt.key and self._rng.random() < REPEAT_SHARE:
            # A client repeats a request after a lost response. It must get the same post.
            self._try(attempt)

    def _try(self, attempt: Attempt) -> bool:
        """Send the post once. Return whether it is acknowledged."""
        client = self._rng.choice(self._clients)
        response = self._submit(client, attempt)
        if response is None:
            return False
        self.statuses[str(response.status_code)] += 1
        location = response.headers.get("Location", "")
        if response.status_code == 202 and location:
            if attempt.location not in {None, location}:
                self.wrong.append(f"{attempt.token}: {attempt.location}, then {location}")
            attempt.location = attempt.location or location
            attempt.acknowledged = True
        elif response.status_code == 201 or (attempt.key and response.status_code in {409, 422}):
            # A repeat of a finished task gets its final response.
            attempt.acknowledged = True
        elif response.status_code not in RETRY_STATUSES or "Retry-After" not in response.headers:
            self.wrong.append(f"{attempt.token}: {response.status_code} {response.text[:200]}")
        elif is_for_backlog(response):
            self.refused_for_backlog.append(f"{attempt.token}: refused, {response.text[:200]}")
        return attempt.acknowledged

    def _submit(self, client: Client, attempt: Attempt) -> requests.Response | None:
        headers = {"Idempotency-Key": attempt.key} if attempt.key else {}
        body = {"text": attempt.text, "channel": self._channel}
        try:
            return client.call(
                "POST", "/v1/posts", json=body, headers=headers, timeout=REQUEST_TIMEOUT
            )
        except requests.RequestException as error:
            self.statuses[type(error).__name__] += 1
            return None


class Posters:
    """Posters in threads. Together they create `rate` posts a second, until `stop`."""

    def __init__(
        self,
        deployment: Deployment,
        channel: str,
        seed: str,
        rate: float,
        on_accepted: Callable[[Attempt], None],
    ) -> None:
        self.attempts: list[Attempt] = []
        #: Whether some texts are heavy.
        self.heavy = True
        #: Whether work waits too long by a fault, so that refusals for it are right.
        self.own_backlog = False
        self._deployment = deployment
        self._channel = channel
        self._mean_interval = THREADS / rate
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()
        rngs = [Random(f"{seed}/poster-{n}") for n in range(THREADS)]
        self._posters = [Poster(deployment, channel, rng, on_accepted) for rng in rngs]
        self._threads = [
            threading.Thread(target=self._run, args=pair, daemon=True)
            for pair in zip(self._posters, rngs, strict=True)
        ]

    @property
    def wrong(self) -> list[str]:
        """Responses that are faults in any case."""
        return [each for poster in self._posters for each in poster.wrong]

    @property
    def refused_for_backlog(self) -> list[str]:
        """Refusals because work waits too long: faults, unless it is the clients' own work."""
        if self.own_backlog:
            return []
        return [each for poster in self._posters for each in poster.refused_for_backlog]

    @property
    def refusals(self) -> int:
        """The number of requests that were refused for now."""
        return sum(self.statuses[str(status)] for status in RETRY_STATUSES)

    @property
    def statuses(self) -> Counter[str]:
        """How often each status, or each kind of error, was seen."""
        return sum((poster.statuses for poster in self._posters), Counter())

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no more posts, and wait for those in progress."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(RETRY_TIMEOUT + 10)

    def add(self, attempt: Attempt) -> None:
        """Create one more post, in the present thread."""
        self.attempts.append(attempt)
        self._posters[0].post(attempt)

    def _run(self, poster: Poster, rng: Random) -> None:
        while not self._stopping.wait(rng.expovariate(1 / self._mean_interval)):
            token = f"{self._channel}-{next(self._numbers)}"
            attempt = new_attempt(token, rng, self._deployment.site, heavy=self.heavy)
            self.attempts.append(attempt)
            poster.post(attempt)

"""Creates many posts from several threads. Each post is repeated until it has its 202."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import requests

from tests.support import wait_until

from .client import Client

THREADS = 4

#: Seconds between two attempts for one post.
PAUSE = 0.1

#: Seconds within which a post must have been accepted.
ACCEPT_TIMEOUT = 60.0


class Writer:
    """Creates the posts 0, 1, ... of one channel, through all APIs in turn.

    `allow` says how many. Each post has its Idempotency-Key, so a repeat after a lost response is
    the same post. The end of the context waits until all allowed posts are accepted, and fails if
    a response was unexpected.
    """

    def __init__(self, clients: Sequence[Client], channel: str, text: str = "post {}") -> None:
        self.channel = channel
        #: Location by text, for each accepted post.
        self.accepted: dict[str, str] = {}
        self.statuses: Counter[int] = Counter()
        #: Seconds of the slowest response.
        self.slowest = 0.0
        #: Unexpected responses: neither accepted, nor 429 or 503 with Retry-After.
        self.unexpected: list[str] = []
        self._clients = clients
        self._text = text
        self._allowed: queue.Queue[int | None] = queue.Queue()
        self._count = 0
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(THREADS)]

    def allow(self, count: int) -> None:
        """Allow so many more posts. Returns at once."""
        for number in range(self._count, self._count + count):
            self._allowed.put(number)
        self._count += count

    def wait_accepted(self, count: int) -> None:
        """Wait until so many posts were accepted."""
        wait_until(
            lambda: len(self.accepted) >= count,
            lambda: (
                f"{count} posts: {len(self.accepted)} accepted, {self.statuses}, "
                f"{self.unexpected[:3]}"
            ),
        )

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        for _ in self._threads:
            self._allowed.put(None)
        for thread in self._threads:
            thread.join(ACCEPT_TIMEOUT + 10)
        if kind is None:
            self.wait_accepted(self._count)
            assert not self.unexpected, self.unexpected[:5]

    def _run(self, offset: int) -> None:
        clients = [client.clone() for client in self._clients]
        while (number := self._allowed.get()) is not None:
            self._accept(number, clients[(offset + number) % len(clients) :] + clients)

    def _accept(self, number: int, clients: list[Client]) -> None:
        end = time.monotonic() + ACCEPT_TIMEOUT
        while time.monotonic() < end:
            for client in clients:
                if self._submit(number, client):
                    return
            time.sleep(PAUSE)

    def _submit(self, number: int, client: Client) -> bool:
        """Send one post once. Return whether it is accepted."""
        text = self._text.replace("{}", str(number))
        began = time.monotonic()
        try:
            response = client.submit(text, self.channel, idempotency_key=f"{self.channel}-{number}")
        except requests.RequestException:
            return False
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses[response.status_code] += 1
        if response.ok:
            # A repeat of a finished post gets 201 with the Location of the post itself.
            self.accepted[text] = response.headers["Location"]
            return True
        if response.status_code not in {429, 503} or "Retry-After" not in response.headers:
            self.unexpected.append(
                f"{response.status_code} {dict(response.headers)} {response.text}"
            )
        return False

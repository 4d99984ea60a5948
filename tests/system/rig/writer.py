"""Many posts from several threads, each repeated until it has its 202, as a good client does."""

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

#: Seconds between tries of one post, and until it must have been accepted.
PAUSE = 0.1
PATIENCE = 60.0


class Writer:
    """Makes the posts 0, 1, ... of one channel, through all APIs in turn, as many as allowed.

    Each has its Idempotency-Key, so a repeat after a lost answer is the same post. Use as a
    context; its end waits until all that were allowed are accepted.
    """

    def __init__(self, clients: Sequence[Client], channel: str, text: str = "post {}") -> None:
        self.channel = channel
        #: Location by text, for each 202.
        self.accepted: dict[str, str] = {}
        self.statuses: Counter[int] = Counter()
        #: Seconds that the slowest answer took.
        self.slowest = 0.0
        #: Answers that no client should ever see.
        self.wrong: list[str] = []
        self._clients = clients
        self._text = text
        self._allowed: queue.Queue[int | None] = queue.Queue()
        self._count = 0
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(THREADS)]

    def allow(self, count: int) -> None:
        """Let so many more posts begin."""
        for number in range(self._count, self._count + count):
            self._allowed.put(number)
        self._count += count

    def reach(self, count: int) -> None:
        """Wait until so many were accepted."""
        wait_until(
            lambda: len(self.accepted) >= count,
            lambda: f"{count} posts: {len(self.accepted)}, {self.statuses}, {self.wrong[:3]}",
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
            thread.join(PATIENCE + 10)
        if kind is None:
            self.reach(self._count)
            assert not self.wrong, self.wrong[:5]

    def _run(self, turn: int) -> None:
        clients = [client.clone() for client in self._clients]
        while (number := self._allowed.get()) is not None:
            self._accept(number, clients[(turn + number) % len(clients) :] + clients)

    def _accept(self, number: int, clients: list[Client]) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for client in clients:
                if self._try(number, client):
                    return
            time.sleep(PAUSE)

    def _try(self, number: int, client: Client) -> bool:
        text = self._text.replace("{}", str(number))
        began = time.monotonic()
        try:
            answer = client.submit(text, self.channel, idempotency_key=f"{self.channel}-{number}")
        except requests.RequestException:
            return False
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses[answer.status_code] += 1
        if answer.ok:
            # A repeat may find the post done: then it is 201 with the post's own place.
            self.accepted[text] = answer.headers["Location"]
            return True
        if answer.status_code != 503 or "Retry-After" not in answer.headers:
            self.wrong.append(f"{answer.status_code} {dict(answer.headers)} {answer.text}")
        return False

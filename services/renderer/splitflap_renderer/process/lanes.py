"""What waits to be rendered: texts in their order, and apart from them those that proved slow.

A text first gets a share of its deadline, which is more than people's texts take. One that needs
more is put aside and begins again later, with all of it: when no other waits, or when it is the
slow ones' turn. They get half of one process's time at most while others wait, and of several
processes one is never theirs. So a flood of texts that use up their deadlines does not stand
before everybody else's.
"""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from splitflap_core.contracts import RenderRequest
from splitflap_core.worker import Finish

#: The share of its deadline that a text gets at first. 64 KB of prose take a tenth of a second.
QUICK_SHARE = 1 / 8

#: Seconds for which no other may wait before a slow text has a process beside its turn: between two
#: trips the next texts are on their way from the broker.
PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Text:
    """A text to render, and whom to tell what became of it; slow once it needed too long."""

    request: RenderRequest
    finish: Finish
    slow: bool = False


class Lanes:
    """Two queues. One thread takes, any thread may add."""

    def __init__(self, slots: int, texts_per_batch: int, deadline: float, most_slow: int) -> None:
        """`most_slow` texts may be put aside, until `limit_slow` says otherwise."""
        self._texts_per_batch = texts_per_batch
        self._deadline = deadline
        self._most_on_slow = max(1, slots - 1)
        self._most_slow = most_slow
        self._empty_since = 0.0
        self._queue: deque[Text] = deque()
        self._slow: deque[Text] = deque()
        self._turn = 0.0

    def __len__(self) -> int:
        return len(self._queue) + len(self._slow)

    def add(self, text: Text) -> None:
        """At the end."""
        self._queue.append(text)

    def put_back(self, texts: Iterable[Text]) -> None:
        """To the front, those that proved slow to theirs."""
        for text in reversed(list(texts)):
            (self._slow if text.slow else self._queue).appendleft(text)

    def postpone(self, text: Text) -> bool:
        """Put aside a text that proved slow; False where too many are."""
        if len(self._slow) >= self._most_slow:
            return False
        if not self._slow:
            self._turn = time.monotonic() + self._deadline
        self._slow.append(replace(text, slow=True))
        return True

    def limit_slow(self, most: int) -> list[Text]:
        """Let so many slow texts be put aside; those beyond, who came last, are taken out."""
        self._most_slow = most
        return [self._slow.pop() for _ in range(len(self._slow) - most)]

    def slow_ended(self, took: float) -> None:
        """A slow text has been done with, after so many seconds: others have their turn as long."""
        self._turn = time.monotonic() + took

    def next_batch(self, idle: int, on_slow: int) -> list[Text]:
        """The texts for one of `idle` processes, while `on_slow` others have slow ones."""
        if self._slow and self._is_their_turn() and on_slow < self._most_on_slow:
            return [self._slow.popleft()]
        share = min(-(-len(self._queue) // idle), self._texts_per_batch)
        texts = [self._queue.popleft() for _ in range(share)]
        if texts and not self._queue:
            self._empty_since = time.monotonic()
        return texts

    def _is_their_turn(self) -> bool:
        now = time.monotonic()
        return now >= self._turn or (not self._queue and now >= self._empty_since + PAUSE)

    def take_all(self) -> list[Text]:
        """Everything that waits."""
        taken = [*self._queue, *self._slow]
        self._queue.clear()
        self._slow.clear()
        return taken

    def allowance(self, texts: list[Text]) -> float:
        """CPU seconds that each text of a trip may take."""
        return self._deadline if texts[0].slow else self._deadline * QUICK_SHARE

"""The waiting texts: an express lane, a quick lane, and a slow lane for texts that proved slow.

Express texts come first. One process renders nothing else, so an express text waits for no other.
The quick lane has all other texts, until one proves slow.

A text first gets an eighth of its deadline as CPU time, which is more than texts by people take. A
text that needs more moves to the slow lane and starts again later, with the full deadline.

A slow text starts when the quick lane has been empty for 0.05 s, or when the slow lane is due. A
slow text of t seconds makes the slow lane due again t seconds after its end. So slow texts get at
most half of the time of one process while quick texts wait. The express process gets no slow text.
If there are several others, one of these gets none either. A flood of slow texts therefore never
blocks the quick ones.

The lanes remember slow texts by their jobs. Such a text that returns takes no time from the quick
lane again.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from splitflap_core.contracts import Job, RenderRequest
from splitflap_core.worker import Begin, Finish

#: The part of its deadline that a text gets at first. 64 KB of prose take 0.1 s.
QUICK_PART = 1 / 8

#: Seconds for which the quick lane must be empty before a slow text may start early. Between two
#: batches, the next texts are on their way from the broker.
QUIET_BEFORE_SLOW = 0.05

#: Express texts that a renderer holds, waiting or being rendered. They are two seconds of work for
#: the express process, if each takes just less than a slow text.
EXPRESS_PREFETCH = 8

#: How many of them may be slow texts. Without the limit these would be all of them.
SLOW_EXPRESS_LIMIT = EXPRESS_PREFETCH // 4

#: Slow texts remembered.
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Text:
    """A text to render and the callback for its outcome. `slow` marks a second, longer run.

    An `express` text comes from the express queue, and keeps that mark in the slow lane.

    A text with `begin` may kill its process, and this service with it: it gets a batch of its own,
    and the pool calls `begin` first.
    """

    job: Job
    request: RenderRequest
    finish: Finish
    begin: Begin | None = None
    express: bool = False
    slow: bool = False


class Lanes:
    """The three lanes. Any thread may add; one thread takes."""

    def __init__(self, slots: int, texts_per_batch: int, deadline: float, slow_limit: int) -> None:
        """`deadline` is in CPU seconds. `slow_limit` bounds the slow lane until `limit_slow`."""
        self._express: deque[Text] = deque()
        #: Express texts that are slow, waiting or being rendered.
        self._slow_express = 0
        self._texts_per_batch = texts_per_batch
        self._deadline = deadline
        self._max_slow_processes = max(1, slots - 1)
        self._slow_limit = slow_limit
        self._quick: deque[Text] = deque()
        self._slow: deque[Text] = deque()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._quick_empty_since = 0.0
        self._slow_due_at = 0.0

    def __len__(self) -> int:
        return len(self._express) + len(self._quick) + len(self._slow)

    def add(self, text: Text) -> bool:
        """Add a text at the end of its lane; False if it is a slow text and the lane is full."""
        if text.job.id in self._known:
            return self.postpone(text)
        self._lane_of(text).append(text)
        return True

    def put_back(self, texts: Iterable[Text]) -> None:
        """Return texts to the front of their lanes, in their order."""
        for text in reversed(list(texts)):
            self._lane_of(text).appendleft(text)

    def postpone(self, text: Text) -> bool:
        """Move a text to the slow lane; False if the slow lane is full."""
        self._remember(text.job.id)
        full = text.express and self._slow_express >= SLOW_EXPRESS_LIMIT
        if full or len(self._slow) >= self._slow_limit:
            return False
        self._slow_express += text.express
        if not self._slow:
            self._slow_due_at = time.monotonic() + self._deadline
        self._slow.append(replace(text, slow=True))
        return True

    def limit_slow(self, limit: int) -> list[Text]:
        """Set the bound of the slow lane. Removes and returns the newest texts beyond it."""
        self._slow_limit = limit
        removed = [self._slow.pop() for _ in range(len(self._slow) - limit)]
        self._slow_express -= sum(text.express for text in removed)
        return removed

    def slow_ended(self, text: Text, took: float) -> None:
        """Note the end of a slow text. Quick texts come first for the same time, `took` seconds."""
        self._slow_express -= text.express
        self._slow_due_at = time.monotonic() + took

    def next_express(self, idle: int) -> list[Text]:
        """Take the express texts for one of `idle` processes."""
        return self._take_part(self._express, idle)

    def next_batch(self, idle: int, on_slow: int) -> list[Text]:
        """Take the texts for one of `idle` processes, while `on_slow` processes run slow texts."""
        if self._slow and self._may_start_slow() and on_slow < self._max_slow_processes:
            return [self._slow.popleft()]
        texts = self._take_part(self._quick, idle)
        if texts and not self._quick:
            self._quick_empty_since = time.monotonic()
        return texts

    def take_all(self) -> list[Text]:
        """Take every waiting text, the slow ones last."""
        lanes = (self._express, self._quick, self._slow)
        taken = [text for lane in lanes for text in lane]
        for lane in lanes:
            lane.clear()
        return taken

    def allowance(self, texts: list[Text]) -> float:
        """CPU seconds for each text of a batch."""
        return self._deadline if texts[0].slow else self._deadline * QUICK_PART

    def _lane_of(self, text: Text) -> deque[Text]:
        if text.slow:
            return self._slow
        return self._express if text.express else self._quick

    def _take_part(self, lane: deque[Text], idle: int) -> list[Text]:
        """Take the part of a lane for one of `idle` processes."""
        part = min(-(-len(lane) // idle), self._texts_per_batch)
        texts: list[Text] = []
        while len(texts) < part and not (texts and lane[0].begin):
            texts.append(lane.popleft())
            if texts[-1].begin:
                break
        return texts

    def _remember(self, job_id: str) -> None:
        self._known[job_id] = None
        self._known.move_to_end(job_id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _may_start_slow(self) -> bool:
        now = time.monotonic()
        quiet = not self._quick and now >= self._quick_empty_since + QUIET_BEFORE_SLOW
        return now >= self._slow_due_at or quiet

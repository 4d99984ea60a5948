"""Gives texts to rendering processes and decides the outcome of each text.

    lanes -> batch -> process -> an answer for each text -> outcome

Each process that ends early affects only the first text of its batch:

- The text has used its allowance of CPU time: it moves to the slow lane, or fails there.
- Its process has died, or has got too little CPU: the text is retried later.

The other texts of the batch go back to the front of their lane, for another process.
All methods run in the pool's thread.
"""

import logging
import random
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, Protocol

import msgspec
from splitflap_core.outcomes import Done, Failed, Outcome, RetryLater
from splitflap_core.telemetry import Metrics

from splitflap_renderer.process.child_handle import ChildGone, ChildHandle
from splitflap_renderer.process.child_main import TextAnswer, TimedAnswer
from splitflap_renderer.process.child_set import ChildEvents, ChildSet
from splitflap_renderer.process.lanes import Lanes, Text
from splitflap_renderer.process.prefetch import PrefetchController
from splitflap_renderer.settings import RendererSettings

logger = logging.getLogger(__name__)

#: Seconds until the retry of a text whose process died or starved; another replica may take it.
#: After each further death the delay is three times as long. The machine may lack memory, which
#: passes.
RETRY_AFTER = 1.0
RETRY_FACTOR = 3

#: Seconds until the retry of a text for which the slow lane is full. Random, to spread a flood.
SLOW_LANE_FULL_RETRY = (10.0, 60.0)

#: Seconds between reads of the pipes while texts are in flight; the end of a batch is read at once.
#: Answers are published and acked together: parent and broker then use about 0.4 ms of CPU a text.
#: They use 0.7 ms with 0.01 s and half as many texts in a batch (docs/adr/0013).
READ_INTERVAL = 0.05

#: Longest sleep of the pool's thread in seconds. It is the interval of the thread's heartbeat too.
HEARTBEAT_INTERVAL = 1.0


class Idle(NamedTuple):
    """Whether a process is idle that takes normal texts, and one that takes express texts."""

    normal: bool = True
    express: bool = True


class PrefetchListener(Protocol):
    """The worker. It holds as many texts as the pool's prefetch."""

    def set_prefetch(self, count: int) -> None:
        """Hold at most `count` texts from now on."""


class Dispatcher(ChildEvents):
    """Moves texts between lanes and processes."""

    def __init__(
        self,
        settings: RendererSettings,
        lanes: Lanes,
        prefetch: PrefetchController,
        children: ChildSet,
        metrics: Metrics,
    ) -> None:
        self._deadline = settings.render_deadline
        self._child_texts = settings.child_texts
        self._lanes = lanes
        self._prefetch = prefetch
        self._children = children
        self._replaced = metrics.counter("splitflap_renderer_children_replaced_total")
        for why in ("deadline", "crashed", "worn"):
            self._replaced.labels(why)
        self._draining = False
        self.prefetch_listener: PrefetchListener | None = None

    def hand_out(self) -> Idle:
        """Share the waiting texts among the idle processes. Return which of them stay idle.

        The express process comes first, so the others stay free for normal texts.
        """
        idle = [child for child in self._children if child.idle]
        idle.sort(key=lambda child: not child.express)
        for position, child in enumerate(idle):
            texts = self._next_texts(child, len(idle) - position)
            if texts:
                self._send(child, texts)
        left = [child for child in idle if child.idle]
        return Idle(normal=any(not child.express for child in left), express=bool(left))

    def wait_and_read(self, longest: float = HEARTBEAT_INTERVAL) -> None:
        """Sleep until there is something to do, then settle all answers."""
        in_flight = len(self._lanes) or self.is_rendering()
        interval = READ_INTERVAL if in_flight else HEARTBEAT_INTERVAL
        checks = [
            seconds for child in self._children if (seconds := child.seconds_to_check()) is not None
        ]
        self._children.wait(min([longest, interval, *checks]), self)

    def end_overdue(self) -> None:
        """End the texts and the starts that have used all of their time."""
        for child in self._children:
            if not child.idle and child.overdue() and not child.pipe.poll():
                self._end_text(child)

    def is_rendering(self) -> bool:
        """Whether a process has a text."""
        return any(child.batch for child in self._children)

    def drain(self) -> None:
        """Give back the texts that no process has begun. Start no more processes."""
        self._draining = True
        for child in self._children:
            _requeue(child.take_rest())
        _requeue(self._lanes.take_all())

    def end_all(self) -> None:
        """Kill the processes and give back their texts."""
        for child in self._children:
            _requeue(child.batch)
            self._children.end(child)
        _requeue(self._lanes.take_all())

    def on_answer(self, child: ChildHandle, answered: TimedAnswer) -> None:
        answer = answered.answer
        self._finish_text(child, _outcome(answer), answered)
        worn = not child.batch and child.answered >= self._child_texts
        if answer.leaving or worn or self._draining:
            self._retire(child, "crashed" if answer.leaving else "worn", answer.detail)

    def on_gone(self, child: ChildHandle, detail: str) -> None:
        attempt = child.batch[0].job.attempt if child.batch else 1
        after = RETRY_AFTER * RETRY_FACTOR ** (attempt - 1)
        self._end_early(child, "crashed", detail, RetryLater(after, "crashed"))

    def _next_texts(self, child: ChildHandle, idle: int) -> list[Text]:
        """The texts for one of `idle` processes."""
        texts = self._lanes.next_express(idle)
        if texts or child.express:
            return texts
        on_slow = sum(each.on_slow_text for each in self._children)
        return self._lanes.next_batch(idle, on_slow)

    def _send(self, child: ChildHandle, texts: list[Text]) -> None:
        try:
            child.send(texts, self._lanes.allowance(texts))
        except ChildGone as error:
            self._lanes.put_back(texts)
            self._replace(child, "crashed", str(error))
            return
        if begin := texts[0].begin:
            # The text may begin again in the slow lane, as the same attempt.
            child.batch[0] = replace(texts[0], begin=None)
            begin()

    def _end_text(self, child: ChildHandle) -> None:
        """End an overdue text: it goes on in the slow lane, is retried later, or fails."""
        detail = f"the text was not rendered within {self._deadline:g} s"
        if not child.batch or child.starved:
            outcome: Outcome = RetryLater(RETRY_AFTER, "deadline", "waited")
        elif child.on_slow_text:
            outcome = Failed("deadline", detail)
        elif self._lanes.postpone(child.batch[0]):
            text, took = child.end_text()
            if not text.express:
                self._observe(took)
            self._retire(child, "deadline", "its text is slow")
            return
        else:
            outcome = slow_lane_full()
        self._end_early(child, "deadline", detail, outcome)

    def _end_early(self, child: ChildHandle, why: str, detail: str, outcome: Outcome) -> None:
        """Replace a process. Its present text gets the outcome; the rest of the batch waits again.

        The present text may have caused the end; the rest has not.
        """
        if not child.ready:
            self._children.start_failed(detail)
        if child.batch:
            self._finish_text(child, outcome)
        self._retire(child, why, detail)

    def _finish_text(
        self, child: ChildHandle, outcome: Outcome, answered: TimedAnswer | None = None
    ) -> None:
        text, took = child.end_text(answered)
        if text.slow:
            self._lanes.slow_ended(text, took)
        elif not text.express:
            self._observe(took)
        text.finish(outcome, took)

    def _observe(self, took: float) -> None:
        """Adapt the prefetch and the size of the slow lane to the time of a text."""
        if self._prefetch.observe(took):
            for text in self._lanes.limit_slow(self._prefetch.slow_limit):
                text.finish(slow_lane_full(), 0.0)
            if self.prefetch_listener:
                self.prefetch_listener.set_prefetch(self._prefetch.count)

    def _retire(self, child: ChildHandle, why: str, detail: str) -> None:
        """End a process, and return the rest of its batch to the lanes."""
        rest = list(child.batch)
        child.batch.clear()
        self._lanes.put_back(rest)
        self._replace(child, why, detail)

    def _replace(self, child: ChildHandle, why: str, detail: str) -> None:
        """End a process. The pool's next iteration starts another."""
        self._children.end(child)
        if not self._draining:
            reason = f"{why}: {detail}" if detail else why
            logger.info("renderer pool: replacing process %d (%s)", child.pid, reason)
            self._replaced.labels(why).inc()


def slow_lane_full() -> RetryLater:
    """The outcome of a slow text for which the slow lane has no room."""
    after = random.uniform(*SLOW_LANE_FULL_RETRY)  # noqa: S311 - jitter
    return RetryLater(after, "deadline", "waited")


def _requeue(texts: Iterable[Text]) -> None:
    for text in texts:
        text.finish(None, 0.0)


def _outcome(answer: TextAnswer) -> Outcome:
    if answer.result is None:
        return Failed(answer.reason, answer.detail)
    return Done(msgspec.Raw(answer.result))

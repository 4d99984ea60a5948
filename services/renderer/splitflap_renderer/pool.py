"""A pool of rendering processes, run by one thread.

    submit -> queue -> trip of a few texts -> child -> an answer for each -> finish

A text that uses up its deadline of CPU time is the only one to fail: the process is replaced, and
the texts behind it go back to the front of the queue. So it is with a text whose process died, or
got so little CPU that the clock ran out first; but that one is tried again later, as it may be no
fault of its own.

The order of a stop: what no child has begun is given back; what runs is finished, until the
timeout; then every child is killed, and what still ran is given back too.
"""

import logging
import math
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

import msgspec
from splitflap_core.contracts import Job, RenderRequest
from splitflap_core.outcomes import Done, Failed, Outcome, RetryLater, SlowDown
from splitflap_core.telemetry import Metrics
from splitflap_core.worker import Finish, Pool

from splitflap_renderer.child import Answer, Answered
from splitflap_renderer.children import REAP_TIMEOUT, Child, ChildGone, Text
from splitflap_renderer.cpus import usable_cpus
from splitflap_renderer.settings import RendererSettings

logger = logging.getLogger(__name__)

#: Seconds until the next try when a process could not be started, or died before it was ready.
START_AGAIN_AFTER = 1.0

#: Seconds until a text whose process died, or starved, is tried again, perhaps by another replica.
TRY_AGAIN_AFTER = 1.0

#: Longest sleep of the thread (seconds), which is also how often it shows that it lives.
BEAT = 1.0

#: Seconds between looks for answers while a trip is under way; its end is seen at once. What has
#: gathered is published and acked together. Parent and broker use 0.7 ms of CPU a text when each
#: is looked for, 0.4 ms so (two processes, 2 KB a text, 3 ms to render one).
GATHER = 0.05

#: Seconds without a beat after which the thread counts as stuck.
STUCK_AFTER = 30.0


class ProcessPool(Pool[RenderRequest]):
    """Renders texts in processes. What waits is bounded by the prefetch of its worker.

    A text fails with the reason `refused` (by its checks), `deadline`, or `broken` (the renderer
    cannot make HTML of it). One that has `crashed` (its process died) is to be tried again, and
    fails with its last attempt.
    """

    def __init__(self, settings: RendererSettings, metrics: Metrics) -> None:
        self._settings = settings
        self._slots = settings.processes or usable_cpus()
        self._replaced = metrics.counter("splitflap_renderer_children_replaced_total")
        for why in ("deadline", "crashed", "worn"):
            self._replaced.labels(why)
        self._lock = threading.Lock()
        self._queue: deque[Text] = deque()
        #: Whether a process has nothing to do; who brings a text then wakes the thread.
        self._hungry = True
        self._children: list[Child] = []
        self._start_after = 0.0
        self._start_fails = False
        self._stop_by: float | None = None
        self._finishing = False
        self._beat = time.monotonic()
        self._waker, self._woken = socket.socketpair()
        for end in (self._waker, self._woken):
            end.setblocking(False)
        self._bells = selectors.DefaultSelector()
        self._bells.register(self._woken, selectors.EVENT_READ)
        self._pipes = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, name="pool", daemon=True)

    @property
    def slots(self) -> int:
        return self._slots

    @property
    def pids(self) -> list[int]:
        """The processes' ids, for whoever watches them."""
        return [child.pid for child in self._children]

    def start(self) -> None:
        self._start_missing()
        self._thread.start()

    def submit(self, job: Job, request: RenderRequest, finish: Finish) -> None:  # noqa: ARG002
        with self._lock:
            if self._stop_by is not None:
                raise SlowDown(START_AGAIN_AFTER, "the renderer is stopping")
            if self._start_fails and not any(child.ready for child in list(self._children)):
                raise SlowDown(START_AGAIN_AFTER, "no rendering process could be started")
            self._queue.append(Text(request, finish))
            hungry, self._hungry = self._hungry, False
        if hungry:
            self._wake()

    def stop(self, timeout: float) -> None:
        with self._lock:
            self._stop_by = time.monotonic() + timeout
        if not self._thread.is_alive():
            return
        self._wake()
        self._thread.join(timeout + REAP_TIMEOUT * (self._slots + 1))

    def alive(self) -> str | None:
        if not self._thread.is_alive():
            return "the pool's thread has ended"
        silent = time.monotonic() - self._beat
        return f"the pool's thread is stuck for {silent:.0f} s" if silent > STUCK_AFTER else None

    # -- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._stop_by is None:
            self._beat = time.monotonic()
            self._start_missing()
            self._hand_out()
            self._wait_and_read()
            self._end_overdue()
        self._finish_running(self._stop_by)
        self._end_all()

    def _finish_running(self, stop_by: float) -> None:
        self._finishing = True
        for child in self._children:
            self._give_back(list(child.trip)[1:])
        self._give_back(self._take(len(self._queue)))
        while any(child.trip for child in self._children) and time.monotonic() < stop_by:
            self._beat = time.monotonic()
            self._wait_and_read(stop_by - time.monotonic())
            self._end_overdue()

    def _end_all(self) -> None:
        for child in list(self._children):
            self._give_back(list(child.trip)[:1])
            self._end(child)

    def _start_missing(self) -> None:
        while len(self._children) < self._slots and time.monotonic() >= self._start_after:
            try:
                child = Child(
                    self._settings.render_deadline,
                    self._settings.render_memory_mib,
                    self._settings.options,
                )
            except (OSError, EOFError) as error:
                self._start_failed(f"{type(error).__name__}: {error}")
            else:
                self._children.append(child)
                self._bells.register(child.bell, selectors.EVENT_READ, child)
                self._pipes.register(child.pipe, selectors.EVENT_READ, child)

    def _start_failed(self, detail: str) -> None:
        logger.error("a process could not be started: %s", detail)
        self._start_fails = True
        self._start_after = time.monotonic() + START_AGAIN_AFTER

    def _hand_out(self) -> None:
        """Share what waits among the idle, at most texts_per_trip each."""
        # Before the queue is looked at, so that nothing is put into it unseen.
        self._hungry = True
        idle = [child for child in self._children if child.idle]
        for position, child in enumerate(idle):
            share = math.ceil(len(self._queue) / (len(idle) - position))
            texts = self._take(min(share, self._settings.texts_per_trip))
            if texts:
                self._send(child, texts)
        self._hungry = any(child.idle for child in self._children)

    def _send(self, child: Child, texts: list[Text]) -> None:
        try:
            child.send(texts)
        except ChildGone as error:
            self._put_back(texts)
            self._replace(child, "crashed", str(error))

    def _wait_and_read(self, most: float = BEAT) -> None:
        """Sleep until a bell rings, `submit` or `stop` wakes, or it is time to look."""
        left = [seconds for child in self._children if (seconds := child.left()) is not None]
        look = GATHER if any(child.trip for child in self._children) else BEAT
        for key, _ in self._bells.select(max(0.0, min([most, look, *left]))):
            if key.data:
                key.data.quiet()
            else:
                self._drain_wakes()
        while ready := self._pipes.select(0):
            for key, _ in ready:
                self._read(key.data)

    def _read(self, child: Child) -> None:
        """Take one message."""
        try:
            answered = child.receive()
        except ChildGone as error:
            self._blame(child, "crashed", str(error), RetryLater(TRY_AGAIN_AFTER, "crashed"))
        else:
            if answered is None:
                self._start_fails = False
            else:
                self._settle(child, answered)

    def _settle(self, child: Child, answered: Answered) -> None:
        """Finish the text that was answered, and perhaps its process."""
        answer = answered.answer
        text, took = child.next_text(answered)
        text.finish(_outcome(answer), took)
        worn = not child.trip and child.answered >= self._settings.child_texts
        if answer.leaving or worn or self._finishing:
            self._retire(child, "crashed" if answer.leaving else "worn", answer.detail)

    def _end_overdue(self) -> None:
        for child in list(self._children):
            if not child.idle and child.overdue() and not child.pipe.poll():
                self._end_text(child)

    def _end_text(self, child: Child) -> None:
        """A text that has used its CPU time fails; one that was given too little is tried again."""
        deadline = self._settings.render_deadline
        detail = f"not rendered within {deadline:g} s"
        starved = child.used() < deadline
        outcome = RetryLater(TRY_AGAIN_AFTER, "deadline") if starved else Failed("deadline", detail)
        self._blame(child, "deadline", detail, outcome)

    def _blame(self, child: Child, why: str, detail: str, outcome: Outcome) -> None:
        """The child's present text may have ended it: answer that one, spare those behind it."""
        if not child.ready:
            self._start_failed(detail)
        if child.trip:
            text, took = child.next_text()
            text.finish(outcome, took)
        self._retire(child, why, detail)

    def _retire(self, child: Child, why: str, detail: str = "") -> None:
        """End a child; while stopping, what it had not begun has been given back already."""
        rest = [] if self._finishing else list(child.trip)
        child.trip.clear()
        self._put_back(rest)
        self._replace(child, why, detail)

    def _replace(self, child: Child, why: str, detail: str = "") -> None:
        """End a child; the loop starts another."""
        self._end(child)
        if not self._finishing:
            logger.info("replacing the process %d: %s %s", child.pid, why, detail)
            self._replaced.labels(why).inc()

    def _end(self, child: Child) -> None:
        self._bells.unregister(child.bell)
        self._pipes.unregister(child.pipe)
        self._children.remove(child)
        child.kill()

    # -- the queue -------------------------------------------------------------------------------

    def _take(self, most: int) -> list[Text]:
        with self._lock:
            return [self._queue.popleft() for _ in range(min(most, len(self._queue)))]

    def _put_back(self, texts: list[Text]) -> None:
        with self._lock:
            self._queue.extendleft(reversed(texts))

    def _give_back(self, texts: Iterable[Text]) -> None:
        for text in texts:
            text.finish(None, 0.0)

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # it is full, and wakes as it is
            self._waker.send(b"\0")

    def _drain_wakes(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(65536)


def _outcome(answer: Answer) -> Outcome:
    if answer.result is None:
        return Failed(answer.reason, answer.detail)
    return Done(msgspec.Raw(answer.result))

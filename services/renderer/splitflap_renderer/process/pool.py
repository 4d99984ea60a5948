"""A pool of rendering processes, run by one thread.

    submit -> lanes -> trip of a few texts -> child -> an answer for each -> finish

A text that uses up its deadline of CPU time is the only one to fail: the process is replaced, and
the texts behind it go back to the front of the queue. So it is with a text whose process died, or
got so little CPU that the clock ran out first; but that one is tried again later, as it may be no
fault of its own.

The order of a stop: what no child has begun is given back; what runs is finished, until the
timeout; then every child is killed, and what still ran is given back too.
"""

import logging
import random
import selectors
import threading
import time
from collections.abc import Callable, Iterable

import msgspec
from splitflap_core.broker.waker import Waker
from splitflap_core.contracts import Job, RenderRequest
from splitflap_core.outcomes import Done, Failed, Outcome, RetryLater, SlowDown
from splitflap_core.telemetry import Metrics
from splitflap_core.worker import Finish, Pool

from splitflap_renderer.process.child_handle import REAP_TIMEOUT, ChildGone, ChildHandle
from splitflap_renderer.process.child_main import Answer, Answered
from splitflap_renderer.process.container import memory_mib, usable_cpus
from splitflap_renderer.process.lanes import Lanes, Text
from splitflap_renderer.process.prefetch import PrefetchController
from splitflap_renderer.settings import RendererSettings

logger = logging.getLogger(__name__)

#: Seconds until the next try when a process could not be started, or died before it was ready.
START_AGAIN_AFTER = 1.0

#: Seconds until a text whose process died, or starved, is tried again, perhaps by another replica.
TRY_AGAIN_AFTER = 1.0

#: Seconds until a slow text is tried again that there was no room for: random, to part a flood.
NO_ROOM_AFTER = (10.0, 60.0)

#: Longest sleep of the thread (seconds), which is also how often it shows that it lives.
BEAT = 1.0

#: Seconds between looks for answers while a trip is under way; its end is seen at once. What has
#: gathered is published and acked together: parent and broker use about 0.4 ms of CPU a text so,
#: 0.7 ms with looks every 10 ms and half as many texts a trip (docs/adr/0013).
GATHER = 0.05

#: Texts that are held at most, in full trips of every process: one that is being rendered and one
#: that waits, so that no process idles while the next is fetched.
BATCHES_PER_PROCESS = 2

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
        self._memory_mib = memory_mib(settings.render_memory_mib, self._slots)
        if self._memory_mib < settings.render_memory_mib:
            logger.warning("the container's memory gives each process %d MiB", self._memory_mib)
        self._replaced = metrics.counter("splitflap_renderer_children_replaced_total")
        for why in ("deadline", "crashed", "worn"):
            self._replaced.labels(why)
        self._lock = threading.Lock()
        trip, deadline = settings.texts_per_batch, settings.render_deadline
        self._prefetch = PrefetchController(self._slots, self._slots * trip * BATCHES_PER_PROCESS)
        self._lanes = Lanes(self._slots, trip, deadline, self._prefetch.slow)
        #: Called with how many texts are to be held from now on.
        self.on_prefetch: Callable[[int], None] = lambda _count: None
        #: Whether a process has nothing to do; who brings a text then wakes the thread.
        self._hungry = True
        self._children: list[ChildHandle] = []
        self._start_after = 0.0
        self._start_fails = False
        self._stop_by: float | None = None
        self._finishing = False
        self._beat = time.monotonic()
        self._waker = Waker()
        self._signals = selectors.DefaultSelector()
        self._signals.register(self._waker, selectors.EVENT_READ)
        self._pipes = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, name="pool", daemon=True)

    @property
    def slots(self) -> int:
        return self._slots

    @property
    def prefetch(self) -> int:
        """How many texts are to be held now."""
        return self._prefetch.count

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
            self._lanes.add(Text(request, finish))
            hungry, self._hungry = self._hungry, False
        if hungry:
            self._waker.wake()

    def stop(self, timeout: float) -> None:
        with self._lock:
            self._stop_by = time.monotonic() + timeout
        if not self._thread.is_alive():
            return
        self._waker.wake()
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
        self._wait_and_read(0.0)
        self._finishing = True
        for child in self._children:
            self._give_back(list(child.batch)[1:])
        self._give_back(self._lanes.take_all())
        while any(child.batch for child in self._children) and time.monotonic() < stop_by:
            self._beat = time.monotonic()
            self._wait_and_read(stop_by - time.monotonic())
            self._end_overdue()

    def _end_all(self) -> None:
        for child in list(self._children):
            self._give_back(list(child.batch)[:1])
            self._end(child)
        self._give_back(self._lanes.take_all())

    def _start_missing(self) -> None:
        while len(self._children) < self._slots and time.monotonic() >= self._start_after:
            try:
                child = ChildHandle(
                    self._settings.render_deadline,
                    self._memory_mib,
                    self._settings.options,
                )
            except (OSError, EOFError) as error:
                self._start_failed(f"{type(error).__name__}: {error}")
            else:
                self._children.append(child)
                self._signals.register(child.done_signal, selectors.EVENT_READ, child)
                self._pipes.register(child.pipe, selectors.EVENT_READ, child)

    def _start_failed(self, detail: str) -> None:
        logger.error("a process could not be started: %s", detail)
        self._start_fails = True
        self._start_after = time.monotonic() + START_AGAIN_AFTER

    def _hand_out(self) -> None:
        """Share what waits among the idle."""
        # Before the queue is looked at, so that nothing is put into it unseen.
        self._hungry = True
        idle = [child for child in self._children if child.idle]
        for position, child in enumerate(idle):
            texts = self._lanes.next_batch(len(idle) - position, sum(map(_is_slow, self._children)))
            if texts:
                self._send(child, texts)
        self._hungry = any(child.idle for child in self._children)

    def _send(self, child: ChildHandle, texts: list[Text]) -> None:
        try:
            child.send(texts, self._lanes.allowance(texts))
        except ChildGone as error:
            self._lanes.put_back(texts)
            self._replace(child, "crashed", str(error))

    def _wait_and_read(self, most: float = BEAT) -> None:
        """Sleep until a done_signal rings, `submit` or `stop` wakes, or it is time to look."""
        left = [seconds for child in self._children if (seconds := child.left()) is not None]
        waiting = len(self._lanes) or any(child.batch for child in self._children)
        look = GATHER if waiting else BEAT
        for key, _ in self._signals.select(max(0.0, min([most, look, *left]))):
            if key.data:
                key.data.quiet()
            else:
                self._waker.clear()
        while ready := self._pipes.select(0):
            for key, _ in ready:
                self._read(key.data)

    def _read(self, child: ChildHandle) -> None:
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

    def _settle(self, child: ChildHandle, answered: Answered) -> None:
        """Finish the text that was answered, and perhaps its process."""
        answer = answered.answer
        self._finish_first(child, _outcome(answer), answered)
        worn = not child.batch and child.answered >= self._settings.child_texts
        if answer.leaving or worn or self._finishing:
            self._retire(child, "crashed" if answer.leaving else "worn", answer.detail)

    def _end_overdue(self) -> None:
        for child in list(self._children):
            if not child.idle and child.overdue() and not child.pipe.poll():
                self._end_text(child)

    def _end_text(self, child: ChildHandle) -> None:
        """A text has had its time: it goes on in the slow lane, or fails there.

        One that starved, or finds no room in that lane, is tried again.
        """
        detail = f"not rendered within {self._settings.render_deadline:g} s"
        if not child.batch or child.starved:
            outcome: Outcome = RetryLater(TRY_AGAIN_AFTER, "deadline")
        elif child.batch[0].slow:
            outcome = Failed("deadline", detail)
        elif self._lanes.postpone(child.batch[0]):
            _, took = child.next_text()
            self._observe(took)
            self._retire(child, "deadline", "its text is slow")
            return
        else:
            outcome = _no_room()
        self._blame(child, "deadline", detail, outcome)

    def _blame(self, child: ChildHandle, why: str, detail: str, outcome: Outcome) -> None:
        """The child's present text may have ended it: answer that one, spare those behind it."""
        if not child.ready:
            self._start_failed(detail)
        if child.batch:
            self._finish_first(child, outcome)
        self._retire(child, why, detail)

    def _finish_first(
        self, child: ChildHandle, outcome: Outcome, answered: Answered | None = None
    ) -> None:
        text, took = child.next_text(answered)
        if text.slow:
            self._lanes.slow_ended(took)
        else:
            self._observe(took)
        text.finish(outcome, took)

    def _observe(self, took: float) -> None:
        """Hold as many texts as suits how long they take."""
        if self._prefetch.took(took):
            for text in self._lanes.limit_slow(self._prefetch.slow):
                text.finish(_no_room(), 0.0)
            self.on_prefetch(self._prefetch.count)

    def _retire(self, child: ChildHandle, why: str, detail: str = "") -> None:
        """End a child; while stopping, what it had not begun has been given back already."""
        rest = [] if self._finishing else list(child.batch)
        child.batch.clear()
        self._lanes.put_back(rest)
        self._replace(child, why, detail)

    def _replace(self, child: ChildHandle, why: str, detail: str = "") -> None:
        """End a child; the loop starts another."""
        self._end(child)
        if not self._finishing:
            logger.info("replacing the process %d: %s %s", child.pid, why, detail)
            self._replaced.labels(why).inc()

    def _end(self, child: ChildHandle) -> None:
        self._signals.unregister(child.done_signal)
        self._pipes.unregister(child.pipe)
        self._children.remove(child)
        child.kill()

    def _give_back(self, texts: Iterable[Text]) -> None:
        for text in texts:
            text.finish(None, 0.0)


def _no_room() -> RetryLater:
    return RetryLater(random.uniform(*NO_ROOM_AFTER), "deadline")  # noqa: S311 - jitter


def _is_slow(child: ChildHandle) -> bool:
    return bool(child.batch) and child.batch[0].slow


def _outcome(answer: Answer) -> Outcome:
    if answer.result is None:
        return Failed(answer.reason, answer.detail)
    return Done(msgspec.Raw(answer.result))

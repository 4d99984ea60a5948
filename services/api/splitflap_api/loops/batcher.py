"""Concurrent calls that share one run: group commit of writes, and reads of many rows at once."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.loops.waiters import ThreadWaiters, Waiter, Waiters
from splitflap_api.store.engine import is_conflict, is_outage

logger = logging.getLogger(__name__)

Q = TypeVar("Q")
R = TypeVar("R")

#: Calls of one run at most: larger batches gain nothing and delay their first members.
MAX_BATCH = 128

#: Characters of the calls of one run, as the batcher's `size_of` counts them. A run writes them as
#: JSON, in 5 to 20 ms.
MAX_SIZE = 1_048_576

#: Seconds for which the next batch gathers after a shared one: a commit's fixed cost is above the
#: cost of ten calls.
GATHER = 0.01

#: Tries of a call after conflicts with other transactions.
MAX_TRIES = 3

#: Longest wait of a caller, in seconds. Above the database's own limits (store/engine.py): a longer
#: run means a database that has stopped answering.
MAX_WAIT = 20.0

#: Seconds between two searches for such calls.
EXPIRE_EVERY = 1.0


class Unanswered(Exception):
    """A call without an answer."""


class Stopped(Unanswered):
    """The batcher takes no more calls."""


class TookTooLong(Unanswered):
    """The answer did not come in time. The work may have been done."""


class _Call(Generic[Q, R]):
    __slots__ = ("asked_at", "error", "question", "result", "settled", "tries", "waiter")

    def __init__(self, question: Q, waiter: Waiter) -> None:
        self.question = question
        self.waiter = waiter
        self.asked_at = time.monotonic()
        self.settled = False
        self.result: R | None = None
        self.error: BaseException | None = None
        self.tries = 0

    def settle(self, answer: R | BaseException) -> bool:
        """Store the answer, unless the call has one. Return whether it was stored."""
        if self.settled:
            return False
        self.settled = True
        if isinstance(answer, BaseException):
            self.error = answer
        else:
            self.result = answer
        return True


class Batcher(Generic[Q, R]):
    """One thread gathers the waiting calls and answers them together.

    When a batch fails, the batcher tries each member alone, so that only the failing member gets
    the error. In an outage of the database all members fail at once.

    An idle batcher with `inline_when_idle` runs a call in the caller's thread, which saves two
    switches of threads. Use it for reads only, since two runs may overlap.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[Sequence[Q]], Sequence[R | BaseException]],
        waiters: Waiters | None = None,
        *,
        size_of: Callable[[Q], int] = lambda _question: 0,
        gather: float = GATHER,
        inline_when_idle: bool = False,
    ) -> None:
        """`run` answers each question in order, with a result or with this question's error.

        The questions of one run have at most MAX_SIZE together by `size_of`, or there is only one.
        """
        self.name = name
        self._size_of = size_of
        self._gather = gather
        self._run = run
        self._waiters: Waiters = waiters or ThreadWaiters()
        #: Calls to be run, in order; and all calls, some of them settled, for `expire`.
        self._waiting: deque[_Call[Q, R]] = deque()
        self._unsettled: deque[_Call[Q, R]] = deque()
        self._entering = threading.Lock()
        self._inline_when_idle = inline_when_idle
        self._running_inline = threading.Lock()
        self._loop = Loop(name, Duty("answer", self._answer_waiting), pause=None, last_run=True)

    def start(self) -> None:
        """Answer calls from now on."""
        self._loop.start()

    def stop(self, timeout: float) -> None:
        """Answer the waiting calls, then take no more."""
        end = time.monotonic() + timeout
        with self._entering:
            self._loop.request_stop()
        self._loop.stop(timeout)
        if self._running_inline.acquire(timeout=max(0.0, end - time.monotonic())):
            self._running_inline.release()

    def complaint(self) -> str | None:
        """A health check: reports a stuck run."""
        return self._loop.complaint()

    @property
    def waiting(self) -> int:
        """How many calls wait for a run."""
        return len(self._waiting)

    def __call__(self, question: Q) -> R:
        """Wait for the answer. Raises the run's error for this question.

        Raises:
            Stopped: the batcher takes no more calls.
            TookTooLong: no answer came within MAX_WAIT.
        """
        if self._inline_when_idle and self._running_inline.acquire(blocking=False):
            try:
                return self._run_inline(question)
            finally:
                self._running_inline.release()
        return self._share(question)

    def expire(self) -> None:
        """Answer calls older than MAX_WAIT with TookTooLong.

        One pass over all calls costs less than a timer for each.
        """
        while self._unsettled and self._unsettled[0].settled:
            self._unsettled.popleft()
        latest = time.monotonic() - MAX_WAIT
        late = [call for call in list(self._unsettled) if call.asked_at < latest]
        self._settle((call, TookTooLong()) for call in late)

    def _run_inline(self, question: Q) -> R:
        if self._loop.stopping:
            raise Stopped
        try:
            with self._waiters.limit(MAX_WAIT):
                answer = self._run([question])[0]
        except TimeoutError:
            raise TookTooLong from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _share(self, question: Q) -> R:
        call: _Call[Q, R] = _Call(question, self._waiters.new_waiter())
        with self._entering:
            if self._loop.stopping:
                raise Stopped
            self._unsettled.append(call)
            self._waiting.append(call)
            self._loop.wake()
        call.waiter.wait()
        if call.error is not None:
            raise call.error
        return call.result  # type: ignore[return-value]  # None only where R allows it

    def _answer_waiting(self) -> None:
        while self._waiting:
            self._loop.note_progress()
            batch, is_full = self._next_batch()
            self._answer(batch)
            if len(batch) > 1 and not is_full:
                time.sleep(self._gather)

    def _next_batch(self) -> tuple[list[_Call[Q, R]], bool]:
        """The calls of the next run, and whether a limit ended them."""
        batch = [self._waiting.popleft()]
        left = MAX_SIZE - self._size_of(batch[0].question)
        while self._waiting and len(batch) < MAX_BATCH:
            left -= self._size_of(self._waiting[0].question)
            if left < 0:
                return batch, True
            batch.append(self._waiting.popleft())
        return batch, len(batch) == MAX_BATCH

    def _answer(self, batch: list[_Call[Q, R]]) -> None:
        try:
            answers = self._run([call.question for call in batch])
        except Exception as error:  # noqa: BLE001 - handed to the callers
            self._failed(batch, error)
            return
        self._settle(zip(batch, answers, strict=True))

    def _failed(self, batch: list[_Call[Q, R]], error: Exception) -> None:
        if is_outage(error) or not _may_try_again(batch, error):
            self._settle((call, error) for call in batch)
            return
        logger.warning(
            "%s: a batch of %d failed (%r); trying each alone", self.name, len(batch), error
        )
        for call in batch:
            call.tries += 1
            self._answer([call])

    def _settle(self, answers: Iterable[tuple[_Call[Q, R], R | BaseException]]) -> None:
        self._waiters.wake_all([call.waiter for call, answer in answers if call.settle(answer)])


def expiry_of(*batchers: Batcher[Any, Any]) -> Loop:
    """A loop that expires the old calls of these batchers.

    It has a thread of its own, because a batcher's thread may be stuck in a run.
    """
    duties = [Duty(each.name, each.expire) for each in batchers]
    return Loop("call-expiry", *duties, pause=lambda: EXPIRE_EVERY)


def _may_try_again(batch: list[_Call[Q, R]], error: Exception) -> bool:
    return len(batch) > 1 or (is_conflict(error) and batch[0].tries < MAX_TRIES)

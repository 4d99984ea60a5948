"""Concurrent calls that share one run: group commit of writes, and reads of many rows at once."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, Protocol, TypeVar

from splitflap_api.store.engine import is_conflict, is_outage

logger = logging.getLogger(__name__)

Q = TypeVar("Q")
R = TypeVar("R")

#: Calls that share one run at most: larger batches gain nothing and make the first ones wait.
MAX_BATCH = 128

#: Seconds for which the next batch gathers after one that was shared: what a commit costs whatever
#: its size is more than that of ten calls.
GATHER = 0.01

#: Tries of a call that other transactions get in the way of.
MAX_TRIES = 3

#: Seconds that a caller waits at most. Above the database's own bounds (engine.py): what takes
#: longer has been lost by a database that does not even say no.
MAX_WAIT = 20.0

#: Seconds between looks for those who have waited so long.
WATCH_EVERY = 1.0


class Unanswered(Exception):
    """A call that got no answer."""


class Stopped(Unanswered):
    """The batcher takes no more calls."""


class TookTooLong(Unanswered):
    """The answer did not come in time; whether the work was done is not known."""


class Waiter(Protocol):
    """Where one caller waits, without a limit of its own."""

    def wait(self) -> None:
        """Return once `wake` is called, or has been."""

    def wake(self) -> None:
        """Let the caller continue. Called once."""


class Waiters(Protocol):
    """Makes waiters, and wakes many of them at a time."""

    def new_waiter(self) -> Waiter: ...

    def wake_all(self, waiters: Iterable[Waiter]) -> None: ...

    def limit(self, seconds: float) -> AbstractContextManager[object]:
        """A context that raises TimeoutError in the caller after so long, where that can be."""


class ThreadWaiter:
    """A place for a thread."""

    def __init__(self) -> None:
        # Held until the caller may go: a bare lock costs a fifth of an event.
        self._lock = threading.Lock()
        self._lock.acquire()

    def wait(self) -> None:
        self._lock.acquire()

    def wake(self) -> None:
        self._lock.release()


class ThreadWaiters:
    """For callers that are threads."""

    def new_waiter(self) -> Waiter:
        return ThreadWaiter()

    def wake_all(self, waiters: Iterable[Waiter]) -> None:
        for waiter in waiters:
            waiter.wake()

    def limit(self, seconds: float) -> AbstractContextManager[object]:  # noqa: ARG002
        # Nothing can be raised in a thread that waits for the database.
        return nullcontext()


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
        """Whether this is the first answer."""
        if self.settled:
            return False
        self.settled = True
        if isinstance(answer, BaseException):
            self.error = answer
        else:
            self.result = answer
        return True


class Batcher(Generic[Q, R]):
    """One thread gathers the calls that wait and answers them together.

    When a batch fails, its members are tried alone, so that only the guilty one gets the error;
    unless the database is out, which is nobody's fault and would only be asked again.

    With `inline_when_idle` one caller at a time runs for himself instead, which saves him the
    turns to that thread and back. For runs that change nothing: two may be under way then.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[Sequence[Q]], Sequence[R | BaseException]],
        waiters: Waiters | None = None,
        *,
        gather: float = GATHER,
        inline_when_idle: bool = False,
    ) -> None:
        """`run` answers each question in order, with a result or the error of this one alone."""
        self._gather = gather
        self._run = run
        self._waiters: Waiters = waiters or ThreadWaiters()
        self._waiting: deque[_Call[Q, R]] = deque()
        self._some = threading.Event()
        self._asked: deque[_Call[Q, R]] = deque()
        self._entering = threading.Lock()
        self._alone_first = inline_when_idle
        self._alone = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._watch = threading.Thread(target=self._watch_loop, name=f"{name}-watch", daemon=True)

    def start(self) -> None:
        """Answer calls from now on."""
        self._thread.start()
        self._watch.start()

    def stop(self, timeout: float) -> None:
        """Answer what waits, then take no more calls."""
        with self._entering:
            self._stopping.set()
            self._some.set()
        end = time.monotonic() + timeout
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if self._alone.acquire(timeout=max(0.0, end - time.monotonic())):
            self._alone.release()

    def __call__(self, question: Q) -> R:
        """Wait for the answer; raises what the run raised for this question.

        Raises:
            Stopped, TookTooLong: as their names say.
        """
        if self._alone_first and self._alone.acquire(blocking=False):
            try:
                return self._ask_alone(question)
            finally:
                self._alone.release()
        return self._share(question)

    def _ask_alone(self, question: Q) -> R:
        if self._stopping.is_set():
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
            if self._stopping.is_set():
                raise Stopped
            self._asked.append(call)
            self._waiting.append(call)
            if not self._some.is_set():
                self._some.set()
        call.waiter.wait()
        if call.error is not None:
            raise call.error
        return call.result  # type: ignore[return-value]  # None only where R allows it

    def _loop(self) -> None:
        while self._waiting or not self._stopping.is_set():
            self._some.wait()
            self._some.clear()
            while size := min(len(self._waiting), MAX_BATCH):
                self._answer([self._waiting.popleft() for _ in range(size)])
                if 1 < size < MAX_BATCH:
                    time.sleep(self._gather)

    def _watch_loop(self) -> None:
        """Let go who has waited too long: one look at all costs less than a timer for each."""
        while self._asked or not self._stopping.is_set():
            time.sleep(WATCH_EVERY)
            while self._asked and self._asked[0].settled:
                self._asked.popleft()
            latest = time.monotonic() - MAX_WAIT
            late = [call for call in self._asked if call.asked_at < latest]
            self._settle((call, TookTooLong()) for call in late)

    def _answer(self, batch: list[_Call[Q, R]]) -> None:
        try:
            answers = self._run([call.question for call in batch])
        except Exception as error:  # noqa: BLE001 - handed to those who asked
            self._failed(batch, error)
            return
        self._settle(zip(batch, answers, strict=True))

    def _failed(self, batch: list[_Call[Q, R]], error: Exception) -> None:
        if is_outage(error) or not _may_try_again(batch, error):
            self._settle((call, error) for call in batch)
            return
        logger.warning("a batch of %d failed; trying each alone: %r", len(batch), error)
        for call in batch:
            call.tries += 1
            self._answer([call])

    def _settle(self, answers: Iterable[tuple[_Call[Q, R], R | BaseException]]) -> None:
        self._waiters.wake_all([call.waiter for call, answer in answers if call.settle(answer)])


def _may_try_again(batch: list[_Call[Q, R]], error: Exception) -> bool:
    return len(batch) > 1 or (is_conflict(error) and batch[0].tries < MAX_TRIES)

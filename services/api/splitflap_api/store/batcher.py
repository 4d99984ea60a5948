"""Concurrent calls that share one run: group commit of writes, and reads of many rows at once."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from splitflap_api.store.engine import is_conflict, is_outage

logger = logging.getLogger(__name__)

Q = TypeVar("Q")
R = TypeVar("R")

#: Calls that share one run at most: larger batches gain nothing and make the first ones wait.
MAX_BATCH = 128

#: Tries of a call that other transactions get in the way of.
MAX_TRIES = 3

#: Seconds that a caller waits at most. Above the database's own bounds (engine.py): what takes
#: longer has been lost by a database that does not even say no.
MAX_WAIT = 20.0


class Unanswered(Exception):
    """A call that got no answer."""


class Stopped(Unanswered):
    """The batcher takes no more calls."""


class TookTooLong(Unanswered):
    """The answer did not come in time; whether the work was done is not known."""


class _Call(Generic[Q, R]):
    __slots__ = ("answered", "error", "question", "result", "tries")

    def __init__(self, question: Q) -> None:
        self.question = question
        # Held until the answer is there: a bare lock costs a fifth of an event.
        self.answered = threading.Lock()
        self.answered.acquire()
        self.result: R | None = None
        self.error: BaseException | None = None
        self.tries = 0


class Batcher(Generic[Q, R]):
    """One thread gathers the calls that wait and answers them together.

    When a batch fails, its members are tried alone, so that only the guilty one gets the error;
    unless the database is out, which is nobody's fault and would only be asked again.
    """

    def __init__(
        self, name: str, run: Callable[[Sequence[Q]], Sequence[R | BaseException]]
    ) -> None:
        """`run` answers each question in order, with a result or the error of this one alone."""
        self._run = run
        self._waiting: queue.SimpleQueue[_Call[Q, R] | None] = queue.SimpleQueue()
        self._entering = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Answer calls from now on."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Answer what waits, then take no more calls."""
        with self._entering:
            self._stopping = True
            self._waiting.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def __call__(self, question: Q) -> R:
        """Wait for the answer; raises what the run raised for this question.

        Raises:
            Stopped, TookTooLong: as their names say.
        """
        call: _Call[Q, R] = _Call(question)
        with self._entering:
            if self._stopping:
                raise Stopped
            self._waiting.put(call)
        if not call.answered.acquire(timeout=MAX_WAIT):
            raise TookTooLong
        if call.error is not None:
            raise call.error
        return call.result  # type: ignore[return-value]  # None only where R allows it

    def _loop(self) -> None:
        while call := self._waiting.get():
            batch = [call]
            while len(batch) < MAX_BATCH and not self._waiting.empty():
                if (call := self._waiting.get()) is None:
                    self._answer(batch)
                    return
                batch.append(call)
            self._answer(batch)

    def _answer(self, batch: list[_Call[Q, R]]) -> None:
        try:
            answers = self._run([call.question for call in batch])
        except Exception as error:  # noqa: BLE001 - handed to those who asked
            self._failed(batch, error)
            return
        for call, answer in zip(batch, answers, strict=True):
            _settle(call, answer)

    def _failed(self, batch: list[_Call[Q, R]], error: Exception) -> None:
        if is_outage(error) or not _may_try_again(batch, error):
            for call in batch:
                _settle(call, error)
            return
        logger.warning("a batch of %d failed; trying each alone: %r", len(batch), error)
        for call in batch:
            call.tries += 1
            self._answer([call])


def _may_try_again(batch: list[_Call[Q, R]], error: Exception) -> bool:
    return len(batch) > 1 or (is_conflict(error) and batch[0].tries < MAX_TRIES)


def _settle(call: _Call[Q, R], answer: R | BaseException) -> None:
    if isinstance(answer, BaseException):
        call.error = answer
    else:
        call.result = answer
    call.answered.release()

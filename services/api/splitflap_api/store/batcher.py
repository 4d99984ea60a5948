"""Concurrent calls that share one run: group commit of writes, and reads of many rows at once."""

import logging
import threading
from collections import deque
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
    __slots__ = ("done", "error", "question", "result", "tries")

    def __init__(self, question: Q) -> None:
        self.question = question
        self.done = threading.Event()
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
        self._waiting: deque[_Call[Q, R]] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Answer calls from now on."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Answer what waits, then take no more calls."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def __call__(self, question: Q) -> R:
        """Wait for the answer; raises what the run raised for this question.

        Raises:
            Stopped, TookTooLong: as their names say.
        """
        call: _Call[Q, R] = _Call(question)
        with self._wake:
            if self._stopping:
                raise Stopped
            self._waiting.append(call)
            self._wake.notify()
        if not call.done.wait(MAX_WAIT):
            raise TookTooLong
        if call.error is not None:
            raise call.error
        return call.result  # type: ignore[return-value]  # None only where R allows it

    def _loop(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._stopping:
                    self._wake.wait()
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
            if not batch:
                return
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
    call.done.set()

"""The rendering processes of a pool: starts the missing ones, waits for answers, ends processes."""

import logging
import selectors
import time
from collections.abc import Iterator
from typing import Protocol

from splitflap_core.broker.waker import Waker

from splitflap_renderer.options import Options
from splitflap_renderer.process.child_handle import ChildGone, ChildHandle
from splitflap_renderer.process.child_main import TimedAnswer

logger = logging.getLogger(__name__)

#: Seconds until the next start after a process failed to start, or died before it was ready.
START_BACKOFF = 1.0


class ChildEvents(Protocol):
    """Receives the events of the processes, in the thread that calls `wait`."""

    def on_answer(self, child: ChildHandle, answered: TimedAnswer) -> None:
        """The process has answered the first text of its batch."""

    def on_gone(self, child: ChildHandle, detail: str) -> None:
        """The process has ended. `detail` has its exit status or signal."""


class ChildSet:
    """Up to `slots` processes, and one for express texts only.

    Only `can_render` and `wake` may be used by several threads.
    """

    def __init__(self, slots: int, deadline: float, memory_mib: int, options: Options) -> None:
        """`deadline` is the CPU time of a text, in seconds."""
        self._slots = slots
        self._deadline = deadline
        self._memory_mib = memory_mib
        self._options = options
        self._children: list[ChildHandle] = []
        self._start_failing = False
        self._start_at = 0.0
        self._waker = Waker()
        self._signals = selectors.DefaultSelector()
        self._signals.register(self._waker, selectors.EVENT_READ)
        self._pipes = selectors.DefaultSelector()

    def __iter__(self) -> Iterator[ChildHandle]:
        """A snapshot: the loop's body may end processes."""
        return iter(list(self._children))

    @property
    def can_render(self) -> bool:
        """False while starts fail and no process is ready."""
        return not self._start_failing or any(child.ready for child in self)

    def start_missing(self) -> None:
        """Start processes until all are there, unless the last start failed just now."""
        while len(self._children) <= self._slots and time.monotonic() >= self._start_at:
            express = sum(not child.express for child in self._children) == self._slots
            try:
                child = ChildHandle(
                    self._deadline, self._memory_mib, self._options, express=express
                )
            except (OSError, EOFError) as error:
                self.start_failed(f"{type(error).__name__}: {error}")
            else:
                self._children.append(child)
                self._signals.register(child.done_signal, selectors.EVENT_READ, child)
                self._pipes.register(child.pipe, selectors.EVENT_READ, child)

    def start_failed(self, detail: str) -> None:
        """Pause the starts for START_BACKOFF seconds."""
        logger.error(
            "renderer pool: a process failed to start (%s); retrying in %g s", detail, START_BACKOFF
        )
        self._start_failing = True
        self._start_at = time.monotonic() + START_BACKOFF

    def wake(self) -> None:
        """End the present `wait`, or the next one. For any thread."""
        self._waker.wake()

    def wait(self, seconds: float, events: ChildEvents) -> None:
        """Sleep until a done signal, `wake` or the timeout; then report all answers to `events`."""
        for key, _ in self._signals.select(max(0.0, seconds)):
            if key.data:
                key.data.clear_done_signal()
            else:
                self._waker.clear()
        while ready := self._pipes.select(0):
            for key, _ in ready:
                self._receive(key.data, events)

    def end(self, child: ChildHandle) -> None:
        """Kill a process and forget it."""
        self._signals.unregister(child.done_signal)
        self._pipes.unregister(child.pipe)
        self._children.remove(child)
        child.kill()

    def _receive(self, child: ChildHandle, events: ChildEvents) -> None:
        try:
            answered = child.receive()
        except ChildGone as error:
            events.on_gone(child, str(error))
            return
        if answered is None:
            self._start_failing = False
        else:
            events.on_answer(child, answered)

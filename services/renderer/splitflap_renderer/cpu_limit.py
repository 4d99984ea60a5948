"""A limit of CPU time for one call, in the main thread of a process."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

#: Shortest limit in seconds. The kernel would read 0 as no limit.
LEAST = 0.001

#: Seconds of CPU time until the limit acts again: the call may have caught the exception, or an
#: import was not to be cut short.
AGAIN = 0.05

_IMPORTING = "<frozen importlib"


class _TooSlow(BaseException):
    """Not an Exception, which the call may catch."""


def within(seconds: float, call: Callable[[], T]) -> T | None:
    """The result of a call, or None once it has used this CPU time.

    A signal handler raises an exception in the call. The regular expressions of CPython check for
    signals too, so one that backtracks without an end is cut short. An import is not: half a module
    would stay in memory. The handler remains installed, because the default action of a late signal
    would end the process.

    Raises:
        ValueError: this is not the main thread.
    """
    running = True

    def stop(_signal: int, frame: FrameType | None) -> None:
        if running and not _imports(frame):
            raise _TooSlow

    signal.signal(signal.SIGPROF, stop)
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, max(LEAST, seconds), AGAIN)
            return call()
        finally:
            # A signal up to here is caught below. The next one comes after AGAIN seconds.
            running = False
    except _TooSlow:
        return None
    finally:
        running = False
        signal.setitimer(signal.ITIMER_PROF, 0)


def _imports(frame: FrameType | None) -> bool:
    """Whether a frame belongs to an import."""
    while frame:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            return True
        frame = frame.f_back
    return False

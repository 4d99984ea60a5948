"""One rendering process, as its parent sees it."""

import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from types import ModuleType

import msgspec
from splitflap_core.contracts import RenderRequest
from splitflap_core.worker import Finish

from splitflap_renderer import child
from splitflap_renderer.child import Answer, decode_answer, encode_texts
from splitflap_renderer.options import Options

#: Seconds that a new process may take until it is ready. The first waits for the fork server,
#: whose imports and parsers take 0.6 s of CPU; the others take a hundredth.
START_DEADLINE = 30.0

#: Seconds to wait for the exit status of a process that was killed.
REAP_TIMEOUT = 1.0

# A fork of a process that has the imports and nothing else takes milliseconds, shares its memory,
# and inherits neither threads nor connections of the parent.
_context = get_context("forkserver")
_context.set_forkserver_preload(["splitflap_renderer.warm"])


class ChildGone(Exception):
    """The process has closed its end of the pipe: it has died or is about to."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text to render, and whom to tell what became of it."""

    request: RenderRequest
    finish: Finish


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the program's main module: a child would import it anew, with the broker's library.

    That takes longer than all else of its start, and memory.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class Child:
    """A process and the texts that it holds: the first is being rendered, the others wait."""

    def __init__(self, deadline: float, memory_mib: int, options: Options) -> None:
        """Start it.

        Raises:
            OSError, EOFError: the system has no process, memory or file descriptor left.
        """
        self.pipe, theirs = _context.Pipe()
        self._process = _context.Process(
            target=child.run, args=(theirs, memory_mib, options), name="renderer-child", daemon=True
        )
        try:
            with _no_main():
                self._process.start()
        except BaseException:
            self.pipe.close()
            raise
        finally:
            # As long as this end is open here, the death of the process would go unseen.
            theirs.close()
        self.trip: deque[Text] = deque()
        self.ready = False
        self.answered = 0
        self._deadline = deadline
        self._since = time.monotonic()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid or 0

    @property
    def idle(self) -> bool:
        """Whether it can be sent texts."""
        return self.ready and not self.trip

    def send(self, texts: list[Text]) -> None:
        """Hand it texts; only while it is idle, so that it reads and this does not block.

        Raises:
            ChildGone: it has begun none of them.
        """
        try:
            self.pipe.send_bytes(encode_texts([text.request for text in texts]))
        except OSError as error:
            raise ChildGone(self.why_gone()) from error
        self.trip.extend(texts)
        self._since = time.monotonic()

    def receive(self) -> Answer | None:
        """The answer to the first text of the trip; None when it said that it is ready.

        Raises:
            ChildGone: there will be no more answers.
        """
        try:
            message = self.pipe.recv_bytes()
            if not self.ready:
                self.ready = True
                return None
            answer: Answer = decode_answer(message)
        except (EOFError, OSError, msgspec.MsgspecError) as error:
            raise ChildGone(self.why_gone()) from error
        self.answered += 1
        return answer

    def next_text(self) -> tuple[Text, float]:
        """Take the answered text from the trip, with the seconds it took; the next one begins."""
        now = time.monotonic()
        took, self._since = now - self._since, now
        return self.trip.popleft(), took

    def held(self) -> float:
        """Seconds since it began the first text of its trip, or since it was started."""
        return time.monotonic() - self._since

    def left(self) -> float | None:
        """Seconds until its deadline; None while it has nothing to do."""
        if self.idle:
            return None
        return (self._deadline if self.ready else START_DEADLINE) - self.held()

    def kill(self) -> None:
        """End it, whatever it does, and wait a moment for its end."""
        self.pipe.close()
        self._process.kill()
        self._process.join(REAP_TIMEOUT)

    def why_gone(self) -> str:
        """How it ended: its exit status or the signal's name."""
        self._process.join(REAP_TIMEOUT)
        code = self._process.exitcode
        if code is None:
            return "the process closed its pipe"
        if code >= 0:
            return f"the process ended with status {code}"
        try:
            return f"the process was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"the process was ended by signal {-code}"

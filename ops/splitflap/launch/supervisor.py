"""The supervisor: runs services until a stop signal, in one thread with one selector.

A service that dies is started again: at once, then after growing delays. If a second start would
fail alike, all services end: after the status of wrong settings or damaged data, and if a program
is missing at its first start.

Order of a stop:

1. The API gets SIGTERM. It refuses new requests and finishes the running ones with the workers.
2. The workers get SIGTERM together. They finish their jobs and publish the outcomes. The broker
   keeps these outcomes for the API's next start.

A service that is still running at the end of its step is killed.
"""

import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Self

from splitflap_core.runtime import EX_CONFIG, EX_DATAERR

from splitflap.launch.process import CannotStart, Process, ServiceProcess, in_words
from splitflap.output import PrefixPrinter

#: Longest wait of one iteration, in seconds.
ITERATION = 1.0

#: Signals that stop the launcher.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: Seconds after the first stop signal in which Ctrl-C counts as the same request: `make`, `timeout`
#: and process groups deliver one request several times.
SAME_REQUEST = 0.5


#: Statuses after which a second start would fail alike, in words.
FINAL = {EX_CONFIG: "has wrong settings", EX_DATAERR: "found its data damaged"}


class ServiceEnded(Exception):
    """A service cannot run, and no further start helps. `status` is the launcher's exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class StopSignals:
    """Records stop signals while entered; a signal makes `fileno` readable.

    An ignored SIGHUP stays ignored, as nohup needs. After exit, the process ignores all stop
    signals, so it must end soon.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        #: The first stop signal.
        self.stop: signal.Signals | None = None
        #: Whether all services must be killed at once, after a second Ctrl-C.
        self.kill_now = False
        self._clock = clock
        self._since = 0.0
        self._reader, self._writer = socket.socketpair()

    def __enter__(self) -> Self:
        for end in (self._reader, self._writer):
            end.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in STOP_SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.note)
        return self

    def __exit__(self, *_: object) -> None:
        # All services have stopped, so a further signal must not change the exit status.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    def fileno(self) -> int:
        """The socket that a signal makes readable, for a selector."""
        return self._reader.fileno()

    def drain(self) -> None:
        """Read the wake-up bytes, so the socket is unreadable until the next signal."""
        with suppress(BlockingIOError):
            self._reader.recv(4096)

    def note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's signature
        """Record a stop signal. A Ctrl-C later than SAME_REQUEST sets `kill_now`."""
        if self.stop is None:
            self.stop = signal.Signals(number)
            self._since = self._clock()
        elif number == signal.SIGINT and self._clock() - self._since > SAME_REQUEST:
            self.kill_now = True


class Supervisor:
    """Starts services, prints their output, restarts and stops them."""

    def __init__(
        self, services: list[ServiceProcess], printer: PrefixPrinter, signals: StopSignals
    ) -> None:
        self.services = services
        self._printer = printer
        self._signals = signals
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(signals, selectors.EVENT_READ)

    def run_once(self, timeout: float = ITERATION) -> None:
        """Start due services, then wait for output, an end or a signal.

        Args:
            timeout: longest wait, in seconds.

        Raises:
            ServiceEnded: the caller must call `stop`.
        """
        self._start_due()
        for key, _ in self._selector.select(timeout if self._stopping else self._wait(timeout)):
            if isinstance(key.data, ServiceProcess):
                self._print_output(key.data)
            else:
                self._signals.drain()
        for service in self.services:
            self._check_end(service)

    def stop(self, first: str, grace: float) -> bool:
        """Stop the service `first`, then the others; each step has `grace` seconds.

        Returns:
            Whether every service ended before the end of its step.
        """
        self._stopping = True
        steps = (
            [service for service in self.services if service.name == first],
            [service for service in self.services if service.name != first],
        )
        return all([self._stop_together(step, grace) for step in steps])  # noqa: C419 - every step

    # -- stopping --------------------------------------------------------------------------------

    def _stop_together(self, services: list[ServiceProcess], grace: float) -> bool:
        stop_by = time.monotonic() + grace
        for _, process in _running(services):
            process.terminate()
        while _running(services) and not self._signals.kill_now and time.monotonic() < stop_by:
            self.run_once(min(ITERATION, max(0.0, stop_by - time.monotonic())))
        late = _running(services)
        for service, _ in late:
            self._printer.say(f"{service.name} has not stopped yet: killed")
        for _, process in late:
            process.kill()
        for service, process in late:
            self._close(service, process)
        return not late

    # -- running ---------------------------------------------------------------------------------

    def _wait(self, timeout: float) -> float:
        """Seconds until the next start, at most `timeout`."""
        due = [service.due_in() for service in self.services if service.process is None]
        return min([timeout, *due])

    def _start_due(self) -> None:
        if self._stopping:
            return
        for service in self.services:
            if service.process is None and service.due_in() == 0.0:
                self._start(service)

    def _start(self, service: ServiceProcess) -> None:
        try:
            process = service.start()
        except CannotStart as error:
            if error.program_is_missing and service.last_end is None:
                raise ServiceEnded(f"{service.name} {error}", 1) from error
            self._schedule_restart(service, str(error))
        else:
            self._selector.register(process, selectors.EVENT_READ, service)

    def _print_output(self, service: ServiceProcess) -> None:
        process = service.process
        if process is not None:
            self._printer.show(service.name, process.lines())
            if process.output_ended:
                self._selector.unregister(process)

    def _check_end(self, service: ServiceProcess) -> None:
        process = service.process
        status = process.status() if process else None
        if process is None or status is None:
            return
        self._close(service, process)
        if self._stopping:
            service.ended(in_words(status))
        elif status in FINAL:
            raise ServiceEnded(f"{service.name} {FINAL[status]}, see its message above", status)
        else:
            self._schedule_restart(service, in_words(status))

    def _schedule_restart(self, service: ServiceProcess, how: str) -> None:
        delay = service.ended(how)
        when = f"in {delay:g} s" if delay else "at once"
        self._printer.say(f"{service.name} {how}; starting it again {when}")

    def _close(self, service: ServiceProcess, process: Process) -> None:
        with suppress(KeyError):  # unregistered already if the output ended first
            self._selector.unregister(process)
        self._printer.show(service.name, process.close())
        service.process = None


def _running(services: list[ServiceProcess]) -> list[tuple[ServiceProcess, Process]]:
    return [(service, service.process) for service in services if service.process is not None]

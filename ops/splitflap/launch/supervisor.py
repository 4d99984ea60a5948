"""Runs services until they are told to stop: one thread, which waits for all of them at once.

A service that dies is started again, at once the first time and then ever later; one that says
that its settings are wrong is not, for it would say the same again.

The order of a stop: first the API, which takes no more requests and answers those that it has,
for which the workers must still be there; then the workers together, which finish what they have
begun and hand in its outcomes. Those wait in the broker for the API's next start.
"""

import selectors
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from splitflap_core.runtime import EX_CONFIG

from splitflap.launch.backoff import Backoff
from splitflap.launch.process import CannotStart, Process, said
from splitflap.launch.signals import Signals
from splitflap.launch.terminal import Terminal

#: Longest wait of one turn, in seconds.
TURN = 1.0


class WrongSettings(Exception):
    """A service ended because of its settings, and has said which."""


class Service:
    """One line of the Procfile, and its process while it has one."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.name = name
        self.process: Process | None = None
        #: How its last process ended, in words.
        self.last_end: str | None = None
        self._command = command
        self._environment = environment
        self._backoff = Backoff()
        self._started_at = 0.0
        self._due = 0.0

    def due_in(self) -> float:
        """Seconds until it should be started."""
        return max(0.0, self._due - time.monotonic())

    def start(self) -> None:
        """Start it.

        Raises:
            CannotStart: says why.
        """
        self._started_at = time.monotonic()
        self.process = Process(self._command, self._environment)

    def ended(self, how: str) -> float:
        """Note that it has no process any more; the seconds until it should be started again."""
        self.process = None
        self.last_end = how
        now = time.monotonic()
        delay = self._backoff.delay(now - self._started_at)
        self._due = now + delay
        return delay


class Supervisor:
    """Services, their output, and what is done when they end."""

    def __init__(self, services: list[Service], terminal: Terminal, signals: Signals) -> None:
        self.services = services
        self._terminal = terminal
        self._signals = signals
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(signals, selectors.EVENT_READ)

    def turn(self, most: float = TURN) -> None:
        """Start what is due, then wait for output, an end or a signal, `most` seconds at most.

        Raises:
            WrongSettings: a service said so; call `stop`.
        """
        self._start_due()
        waits = [service.due_in() for service in self.services if service.process is None]
        for key, _ in self._selector.select(most if self._stopping else min([most, *waits])):
            if isinstance(key.data, Service):
                self._pass_on(key.data)
            else:
                self._signals.drain()
        for service in self.services:
            self._look_after(service)

    def stop(self, first: str, grace: float) -> bool:
        """Stop all, the service `first` before the others, with `grace` seconds for each step.

        Returns:
            Whether all ended by themselves.
        """
        self._stopping = True
        steps = (
            [service for service in self.services if service.name == first],
            [service for service in self.services if service.name != first],
        )
        return all([self._stop_together(step, grace) for step in steps])  # noqa: C419 - every step

    # -- stopping --------------------------------------------------------------------------------

    def _stop_together(self, services: list[Service], grace: float) -> bool:
        stop_by = time.monotonic() + grace
        self._each(services, Process.terminate)
        while _running(services) and not self._signals.hurry and time.monotonic() < stop_by:
            self.turn(min(TURN, max(0.0, stop_by - time.monotonic())))
        late = _running(services)
        for service in late:
            self._terminal.say(f"{service.name} has not stopped yet: killed")
        self._each(late, Process.kill)
        for service in late:
            self._close(service)
        return not late

    def _each(self, services: Iterable[Service], action: Callable[[Process], None]) -> None:
        for service in services:
            if service.process is not None:
                action(service.process)

    # -- running ---------------------------------------------------------------------------------

    def _start_due(self) -> None:
        if self._stopping:
            return
        for service in self.services:
            if service.process is None and service.due_in() == 0.0:
                self._start(service)

    def _start(self, service: Service) -> None:
        try:
            service.start()
        except CannotStart as error:
            self._after_end(service, f"cannot be started: {error}")
        else:
            self._selector.register(service.process, selectors.EVENT_READ, service)  # type: ignore[arg-type]  # it was started

    def _pass_on(self, service: Service) -> None:
        process = service.process
        if process is not None:
            self._terminal.show(service.name, process.lines())
            if process.silent:
                self._selector.unregister(process)

    def _look_after(self, service: Service) -> None:
        status = service.process.ended() if service.process else None
        if status is None:
            return
        self._close(service)
        if self._stopping:
            service.ended(said(status))
        elif status == EX_CONFIG:
            raise WrongSettings(service.name)
        else:
            self._after_end(service, said(status))

    def _after_end(self, service: Service, how: str) -> None:
        delay = service.ended(how)
        when = f"in {delay:g} s" if delay else "at once"
        self._terminal.say(f"{service.name} {how}; starting it again {when}")

    def _close(self, service: Service) -> None:
        process = service.process
        if process is None:
            return
        with suppress(KeyError):  # it had closed its output before
            self._selector.unregister(process)
        self._terminal.show(service.name, process.close())
        service.process = None


def _running(services: list[Service]) -> list[Service]:
    return [service for service in services if service.process is not None]

"""SIGKILL of each process once, under a load of posts with a link each."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from benchmarks.talk.experiment import Row
from benchmarks.talk.site import Site
from tests.servers.server import Server
from tests.support import descendants
from tests.system.rig.processes import SpawnedService

from .phases import counts
from .sizes import KILLS_PATIENCE
from .system import Sent, System, wait

#: Posts a second, each with a page of half a second: ten are worked on at a time.
RATE = 20.0

#: Seconds for a system to recover from a kill, before the next one comes anyway.
RECOVERY = 4.0

#: Seconds of the load around each kill.
SECONDS = 1.0

#: Seconds after the last post in which one may be done a second time.
AFTER = 0.5


def kill_each(system: System, site: Site, only: Sequence[str] = ()) -> list[Row]:
    """Kill one process after the other, and start it again at once, as a supervisor does.

    Each kill comes during a load. The next one waits until the system has recovered. At the end,
    wait until every accepted post is done, or KILLS_PATIENCE ends. `only` names the processes to
    kill; empty: all.
    """
    site.reset()
    loads = {}
    for name, kill in _victims(system).items():
        if not only or name in only:
            loads[name] = _under_load(system, kill)
            _recover(system, loads[name])
    accepted = {number for each in loads.values() for number in each.due()}
    wait(lambda: accepted <= set(system.books.done()), KILLS_PATIENCE)
    # A post that is done twice may be so a little later.
    time.sleep(AFTER)
    done, fetched = system.books.done(), site.fetched()
    rows = []
    for name, sent in loads.items():
        again = sum(1 for number in sent.due() if fetched.get(number, 0) > 1)
        figures = {**counts(system, sent, done), "again": again}
        rows.append(Row({"system": system.name, "load": "kills", "killed": name}, figures))
    return rows


def _under_load(system: System, kill: Callable[[], None]) -> Sent:
    """One kill under a load, once its first post is done: others are then worked on.

    It returns when the process is started again.
    """
    with system.sending(["link"] * int(RATE * SECONDS), RATE) as sent:
        wait(lambda: max(system.books.done(), default=0) >= sent.first, RECOVERY)
        kill()
    return sent


def _recover(system: System, sent: Sent) -> None:
    """Wait until these posts are done and the web process answers. Start again what has ended."""

    def recovered() -> bool:
        for service in system.services.values():
            if not service.is_running:
                service.start()
        return set(sent.due()) <= set(system.books.done()) and system.accepts()

    wait(recovered, RECOVERY)


def _victims(system: System) -> dict[str, Callable[[], None]]:
    victims: dict[str, Callable[[], None]] = {}
    for name, service in system.services.items():
        victims[name] = lambda service=service: _kill_service(service)  # type: ignore[misc]
    forks = system.services[system.forks]
    victims[f"children of the {system.forks}"] = lambda: _kill_leaves(forks.pid)
    for name, server in system.servers.items():
        victims[name] = lambda server=server: _kill_server(server)  # type: ignore[misc]
    return victims


def _kill_service(service: SpawnedService) -> None:
    service.kill()
    service.start()


def _kill_server(server: Server) -> None:
    server.kill()
    server.start()


def _kill_leaves(pid: int) -> None:
    """Kill the processes that have no children: those that do the work."""
    for each in descendants(pid):
        if not descendants(each):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)

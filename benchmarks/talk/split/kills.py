"""SIGKILL of each process once, under a load of posts with a link each."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from benchmarks.talk.experiment import Row
from benchmarks.talk.site import Site
from tests.servers.server import Server
from tests.support import descendants
from tests.system.rig.processes import SpawnedService

from .phases import counts
from .system import Sent, System

#: Posts a second, each with a page of half a second: ten are worked on at a time.
RATE = 20.0

#: Seconds after the last post in which one may be done a second time.
AFTER = 1.0


def kill_each(system: System, site: Site, seconds: float, patience: float) -> list[Row]:
    """Kill one process after the other, and start it again at once, as a supervisor does.

    Each kill comes in the middle of a load of some seconds. At the end, wait until every accepted
    post is done, or patience ends.
    """
    site.reset()
    before = system.books.count()
    victims = _victims(system)
    loads = {name: _under_load(system, kill, seconds) for name, kill in victims.items()}
    system.wait_done(before, sum(len(each.due()) for each in loads.values()), patience)
    # A post that is done twice may be so a little later.
    time.sleep(AFTER)
    done, fetched = system.books.done(), site.fetched()
    rows = []
    for name, sent in loads.items():
        again = sum(1 for number in sent.due() if fetched.get(number, 0) > 1)
        figures = {**counts(system, sent, done), "again": again}
        rows.append(Row({"system": system.name, "load": "kills", "killed": name}, figures))
    return rows


def _under_load(system: System, kill: Callable[[], None], seconds: float) -> Sent:
    """One kill under a load. It returns when the process is started again."""
    with system.sending(["link"] * int(RATE * seconds), RATE) as sent:
        time.sleep(seconds / 2)
        kill()
    return sent


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

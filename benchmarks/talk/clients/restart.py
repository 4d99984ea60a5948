"""Kill a server as a power failure would, and start it again on its port."""

import requests

from benchmarks.talk.servers import Running
from tests.support import wait_until

#: Seconds until it must answer again.
START_TIMEOUT = 30.0


def restart(running: Running) -> None:
    """Kill all processes of a server, start it, and wait until it answers."""
    running.service.kill()
    running.service.start()
    wait_until(lambda: _answers(running), f"{running.server.name} to answer again", START_TIMEOUT)


def _answers(running: Running) -> bool:
    try:
        return requests.get(f"{running.url}/ping", timeout=5).ok
    except requests.RequestException:
        return False

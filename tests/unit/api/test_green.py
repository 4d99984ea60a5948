"""Names under green threads: the system's resolver is asked, and holds up nobody."""

import subprocess
import sys

#: In a process of its own: the patch is for good.
SCRIPT = """
from splitflap_api.server import green
green.patch()
import socket, eventlet.patcher
time = eventlet.patcher.original("time")
asked = []

def slow(host, *args, **kwargs):
    asked.append(host)
    time.sleep(0.5)
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 5432))]

eventlet.patcher.original("socket").getaddrinfo = slow
beats = []

def beat():
    while True:
        beats.append(1)
        green.sleep(0.01)

green.spawn(beat)
found = socket.getaddrinfo("database.namespace", 5432)
assert asked == ["database.namespace"], asked
assert found[0][4] == ("192.0.2.1", 5432), found
assert len(beats) > 5, len(beats)
"""


def test_names_are_resolved_by_the_system_beside_the_hub() -> None:
    """Its own resolver would not find a name by a search domain, as clusters have them."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=False, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr

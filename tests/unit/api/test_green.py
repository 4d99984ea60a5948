"""Names under green threads: the system's resolver resolves them, without blocking the hub."""

import subprocess
import sys

#: Runs in a process of its own, because the patch lasts for the life of a process.
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


def test_the_system_resolves_names_beside_the_hub() -> None:
    """The resolver of eventlet ignores search domains, and clusters need them."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=False, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr

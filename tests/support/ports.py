"""Free ports on the loopback interface."""

import itertools
import os
import socket
from contextlib import ExitStack, suppress

#: The kernel picks ephemeral ports from 32,768 up (Linux). All ports here are below that: another
#: one may become the local end of a connection before its server starts.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000

#: The number of this process among those of one run, see pytest-xdist: their ids are neighbours.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

#: Single ports. Test processes begin at different ones, and none gives a port twice in a row.
_SINGLE_PORTS = range(10_000, 20_000)
_singles = itertools.count(os.getpid() * 100 + _WORKER * 5_000)


def free_port() -> int:
    """A free port of the loopback interface."""
    for number in itertools.islice(_singles, len(_SINGLE_PORTS)):
        port = _SINGLE_PORTS[number % len(_SINGLE_PORTS)]
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


def free_ports(count: int) -> list[int]:
    """As many consecutive free ports. Test processes begin their search at different ports."""
    start = _FIRST_PORT + (os.getpid() + _WORKER * 2_500) % 5_000
    for first in range(start, _LAST_PORT, count):
        row = range(first, first + count)
        with ExitStack() as held, suppress(OSError):
            for port in row:
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return list(row)
    raise AssertionError(f"no {count} consecutive ports are free")

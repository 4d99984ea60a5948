"""Free ports on the loopback interface."""

import os
import socket
from contextlib import ExitStack, suppress

#: The kernel picks ephemeral ports from 32,768 up (Linux); rows of ports are taken below that.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000


def free_port() -> int:
    """A port that the kernel has just picked as free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def free_ports(count: int) -> list[int]:
    """As many consecutive free ports. Test processes begin their search at different ports."""
    start = _FIRST_PORT + os.getpid() % 5_000
    for first in range(start, _LAST_PORT, count):
        row = range(first, first + count)
        with ExitStack() as held, suppress(OSError):
            for port in row:
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return list(row)
    raise AssertionError(f"no {count} consecutive ports are free")

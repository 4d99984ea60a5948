"""The API under gunicorn with short timeouts: `python impatient_server.py IDLE WRITE [ANSWER]`.

The arguments are seconds. ANSWER is for an answer of the database. A loop without progress counts
as stuck after three times as long.

It runs in a process of its own, because its worker patches the standard library. Its sockets have
small send buffers, so that a client which reads nothing blocks a response of a few bytes more.
"""

import socket
import sys
from typing import TYPE_CHECKING

from splitflap_api.__main__ import new_service
from splitflap_api.server import client_socket, connection, worker
from splitflap_api.server.application import ApiApplication
from splitflap_api.settings import ApiSettings
from splitflap_core.runtime import boot

if TYPE_CHECKING:  # imported after the worker's patch
    from splitflap_api.loops.waiters import Waiters
    from splitflap_api.service import ApiService

#: Bytes that the kernel keeps of a response.
SEND_BUFFER = 16_384


class SmallBuffers(connection.Connection):
    """A connection with a small send buffer."""

    def serve(self) -> None:
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        super().serve()


def impatient_service(settings: ApiSettings, waiters: "Waiters") -> "ApiService":
    """The service, with a short time for its database."""
    # Imported after the worker's patch.
    from splitflap_api.loops import loop
    from splitflap_api.overload import backlog
    from splitflap_api.store import postgresql

    if seconds := sys.argv[3:]:
        postgresql.ANSWER_TIMEOUT = backlog.SILENT_AFTER = float(seconds[0])
        loop.STUCK_AFTER = 3 * float(seconds[0])
    return new_service(settings, waiters)


# The worker makes its connections with this name.
worker.Connection = SmallBuffers  # type: ignore[attr-defined]  # an import of that module
client_socket.IDLE_TIMEOUT, client_socket.WRITE_TIMEOUT = map(float, sys.argv[1:3])
connection.NO_ACKNOWLEDGEMENT = client_socket.IDLE_TIMEOUT
ApiApplication(boot("api", ApiSettings), impatient_service).run()

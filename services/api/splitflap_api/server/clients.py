"""The open client connections of a worker, with their requests for the client gate."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from splitflap_api.overload.client_gate import ClientGate
from splitflap_api.overload.connection_limits import ConnectionLimits, HeldConnection
from splitflap_api.overload.raw_credential import probable_credential
from splitflap_api.overload.slots import STRANGERS
from splitflap_api.server.client_socket import ClientSocket

if TYPE_CHECKING:  # prometheus_client must be imported after the patch
    from splitflap_api.overload.admission import Admission, Disconnectable
    from splitflap_api.overload.unread_refusals import UnreadRefusals

logger = logging.getLogger(__name__)

#: The start of a read.
GET = b"GET "

#: Bytes of a head in which the gate looks for the key. A browser sends its cookies last.
HEAD_PEEK = 4_096

#: Seconds for a client to read its response while every slot is taken.
SLOW_READER = 2.0


class OpenClients:
    """Implements ClientRequests (overload/client_gate.py) by the open connections."""

    def __init__(
        self,
        gate: ClientGate,
        admission: "Admission",
        refusals: "UnreadRefusals",
        limits: ConnectionLimits,
    ) -> None:
        self._gate = gate
        self._admission = admission
        self._refusals = refusals
        self._limits = limits
        self._by_fileno: dict[int, ClientSocket] = {}

    @contextmanager
    def opened(self, client: ClientSocket, address: str) -> Iterator[HeldConnection]:
        """Serve the client through the gate, within the block. The block closes its socket."""
        # A closed socket has no descriptor.
        fileno: int = client.fileno()
        self._by_fileno[fileno] = client
        self._gate.add_client(fileno)
        held = self._limits.open(address, partial(hang_up, client, socket.SHUT_RD), client.has_left)
        try:
            yield held
        finally:
            held.leave()
            self._gate.remove_client(fileno)
            del self._by_fileno[fileno]

    def free_slots_for_any(self) -> int:
        return self._admission.free_slots_for_any()

    def free_slots_for(self, account: str) -> int:
        return self._admission.free_slots_for(account)

    def reserve_per_account(self) -> int:
        return self._admission.reserve_per_account

    def account(self, fileno: int) -> str:
        client = self._by_fileno.get(fileno)
        credential = probable_credential(client.next_bytes(HEAD_PEEK)) if client else None
        known = self._admission.known(*credential) if credential else None
        return known.account if known else STRANGERS

    def is_read(self, fileno: int) -> bool:
        client = self._by_fileno.get(fileno)
        return client is not None and client.next_bytes(len(GET)) == GET

    def refuse(self, fileno: int, *, overloaded: bool) -> bool:
        client = self._by_fileno.get(fileno)
        try:
            refusal = self._refusals.now(overloaded=overloaded)
            return bool(refusal and client and client.refuse(refusal))
        except Exception:
            # An exception in the hub would end the process.
            logger.exception("unread refusal failed; the application gets the request")
            return False

    def hang_up_slow_readers(self) -> None:
        """If every slot is taken, disconnect clients that take too long for their response."""
        if self.free_slots_for_any() <= 0:
            for client in self._admission.slow_readers(SLOW_READER):
                hang_up(client, socket.SHUT_RDWR)

    def hang_up_idle(self) -> None:
        """Disconnect the clients without a request."""
        for client in list(self._by_fileno.values()):
            if client.idle:
                hang_up(client, socket.SHUT_RD)


def hang_up(client: "Disconnectable", how: int) -> None:
    """Shut the socket down. Its waiting green thread wakes to the end of the connection."""
    try:
        client.shutdown(how)
    except OSError:  # the client has closed already
        return

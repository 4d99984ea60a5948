"""Parts shared by all kinds of test.

Two modules have more: peer.py a peer on the broker, event_stream.py a parser of Server-Sent Events.
"""

from tests.support.messages import message_files
from tests.support.ports import free_port, free_ports
from tests.support.processes import descendants, gone
from tests.support.waiting import WaitTimeout, wait_until

__all__ = [
    "WaitTimeout",
    "descendants",
    "free_port",
    "free_ports",
    "gone",
    "message_files",
    "wait_until",
]

"""Parts shared by all kinds of test. peer.py has one more: a peer on the broker."""

from tests.support.ports import free_port, free_ports
from tests.support.processes import descendants, gone
from tests.support.waiting import WaitTimeout, wait_until

__all__ = ["WaitTimeout", "descendants", "free_port", "free_ports", "gone", "wait_until"]

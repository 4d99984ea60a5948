"""What every kind of test shares: one way to wait, and one way to find a free port."""

from tests.support.ports import free_port, free_ports
from tests.support.waiting import WaitTimeout, wait_until

__all__ = ["WaitTimeout", "free_port", "free_ports", "wait_until"]

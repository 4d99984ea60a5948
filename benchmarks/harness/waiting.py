"""Waiting for a condition, with few checks."""

from collections.abc import Callable

from tests import support

#: Seconds between two checks: few checks disturb a measurement little.
CHECK_INTERVAL = 0.2


def wait_until(condition: Callable[[], bool], what: str, timeout: float) -> None:
    """Wait until a condition holds.

    Raises:
        WaitTimeout: it does not hold after `timeout` seconds.
    """
    support.wait_until(condition, what, timeout, interval=CHECK_INTERVAL)

"""Waiting for a condition instead of for a fixed time."""

import time
from collections.abc import Callable

#: The longest wait, in seconds, if a test names no other.
WAIT_TIMEOUT = 60.0

#: Seconds between two checks of a condition.
POLL_INTERVAL = 0.02


class WaitTimeout(AssertionError):
    """A condition was not true in time. The message names the condition."""


def wait_until(
    condition: Callable[[], object],
    what: str | Callable[[], str] = "the condition",
    timeout: float = WAIT_TIMEOUT,
    *,
    interval: float = POLL_INTERVAL,
) -> None:
    """Return as soon as the condition holds.

    Args:
        condition: called every `interval` seconds.
        what: names the condition in the message; a callable is called after the timeout.
        timeout: seconds.
        interval: seconds.

    Raises:
        WaitTimeout: the condition does not hold after `timeout` seconds.
    """
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            name = what if isinstance(what, str) else what()
            raise WaitTimeout(f"still waiting after {timeout:g} s for {name}")
        time.sleep(interval)

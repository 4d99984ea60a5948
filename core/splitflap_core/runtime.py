"""What every service's `__main__` does the same way: settings, logs, and waiting for the stop."""

import logging
import signal
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

from splitflap_core import logs
from splitflap_core.settings import BadSettings, CommonSettings, load, masked

S = TypeVar("S", bound=CommonSettings)

#: Exit status of a service whose settings are wrong (EX_CONFIG of sysexits.h).
EX_CONFIG = 78


def boot(service: str, kind: type[S]) -> S:
    """Settings from the environment and JSON logs; a wrong setting ends the process."""
    try:
        settings = load(kind)
    except BadSettings as error:
        sys.stderr.write(f"splitflap {service}: wrong settings\n{error}\n")
        raise SystemExit(EX_CONFIG) from error
    logs.configure(service, settings.log_level)
    logging.getLogger(service).info("starting", extra={"settings": masked(settings)})
    return settings


def until_signalled(poll: Callable[[], bool] = lambda: True) -> None:
    """Wait for SIGTERM or SIGINT, or for `poll` (asked twice a second) to say False."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set() and poll():
        # A bounded wait lets signal handlers run on every platform, and under green threads.
        stop.wait(0.5)

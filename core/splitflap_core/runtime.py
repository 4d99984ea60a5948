"""The common steps of each service's `__main__`: settings, logs, ports, and the wait for a stop."""

import errno
import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TypeVar

from splitflap_core import logs
from splitflap_core.data_folder import PRIVATE_UMASK, make_private
from splitflap_core.settings import PREFIX, BadSettings, CommonSettings, load, masked
from splitflap_core.tracing.settings import PREFIX as OTEL
from splitflap_core.tracing.settings import TraceSettings
from splitflap_core.wording.setting_errors import unknown_settings

S = TypeVar("S", bound=CommonSettings)

#: Exit status after wrong settings (EX_CONFIG of sysexits.h).
EX_CONFIG = 78

#: Exit status if stored data is damaged (EX_DATAERR of sysexits.h).
EX_DATAERR = 65

#: Exit status after a failure to listen (EX_UNAVAILABLE of sysexits.h).
EX_UNAVAILABLE = 69


def no_arguments(service: str) -> None:
    """End the process with a usage message if it was given arguments."""
    if len(sys.argv) > 1:
        sys.stderr.write(
            f"usage: {Path(sys.argv[0]).name} (the {service} takes no arguments; set {PREFIX} "
            "environment variables, see docs/configuration.md)\n"
        )
        raise SystemExit(0 if sys.argv[1] in {"-h", "--help"} else os.EX_USAGE)


def boot(service: str, kind: type[S]) -> S:
    """Load the settings, configure the logs, and make the data folder private.

    A wrong setting ends the process. So does SIGTERM, until its own handler is in place: the kernel
    keeps a signal without a handler from the first process of a container (pid_namespaces(7)).
    """
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    os.umask(PRIVATE_UMASK)
    try:
        settings = load(kind)
        traces = load(TraceSettings, prefix=OTEL)
        logs.configure(service, settings.log_level)
        if settings.uses_data_dir:
            _make_data_folder(settings)
    except BadSettings as error:
        raise wrong_settings(service, error) from error
    logger = logging.getLogger(service)
    extra = {"traces": masked(traces)} if traces.url else {}
    logger.info("starting", extra={"settings": masked(settings), **extra})
    for unknown in unknown_settings(os.environ, PREFIX):
        logger.warning("settings: %s", unknown)
    return settings


def _make_data_folder(settings: CommonSettings) -> None:
    """Raises BadSettings if the folder cannot be made or read."""
    try:
        make_private(Path(settings.data_dir))
    except OSError as error:
        raise unusable_folder(error) from error


def unusable_folder(error: Exception) -> BadSettings:
    """The folder of the setting DATA_DIR cannot be used, for this reason."""
    return BadSettings(f"{PREFIX}DATA_DIR: cannot use the folder: {error}")


def wrong_settings(service: str, error: BadSettings) -> SystemExit:
    """Print wrong settings. The caller raises the return value."""
    sys.stderr.write(f"splitflap {service}: wrong settings\n{error}\n")
    return SystemExit(EX_CONFIG)


class StopSignal:
    """SIGTERM or SIGINT. A service creates it before its threads start.

    A signal during the start is kept, and stops the started service in order.
    """

    def __init__(self) -> None:
        self._received = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._received.set())

    def wait(self) -> None:
        """Wait for a signal."""
        # A bounded wait lets signal handlers run on each platform, and under green threads.
        while not self._received.wait(0.5):
            pass


def cannot_listen(service: str, name: str, host: str, port: int, error: OSError) -> SystemExit:
    """Print one line about a port that cannot be taken. The caller raises the return value."""
    where = f"{host}:{port} ({PREFIX}{name})"
    sys.stderr.write(f"splitflap {service}: cannot listen on {where}: {error}\n")
    return SystemExit(EX_UNAVAILABLE)


def claim_port(service: str, name: str, host: str, port: int, timeout: float = 5.0) -> None:
    """End the process with one line if the port is taken.

    The children of a killed process may hold a port for a moment, so this waits for the port,
    `timeout` seconds at most.
    """
    give_up_at = time.monotonic() + timeout
    while True:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            socket.create_server((host, port), family=family).close()
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= give_up_at:
                raise cannot_listen(service, name, host, port, error) from error
            time.sleep(0.1)
        else:
            return

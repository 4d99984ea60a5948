"""Ports: that they are free before anything starts."""

import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass

#: Seconds between two looks at a port that is taken.
ASK_EVERY = 0.1


class PortTaken(Exception):
    """A port that is needed cannot be listened on; the message names it and its setting."""


@dataclass(frozen=True)
class Need:
    """A port, whose it is, and the setting that moves it."""

    host: str
    port: int
    whose: str
    setting: str


def check_free(needs: list[Need], patience: float = 0.0) -> None:
    """All of them at once, so that two needs for the same port are seen too.

    Raises:
        PortTaken: the first that cannot be had, after `patience` seconds.
    """
    give_up_at = time.monotonic() + patience
    while True:
        try:
            _listen_to_all(needs)
        except PortTaken:
            if time.monotonic() >= give_up_at:
                raise
            time.sleep(ASK_EVERY)
        else:
            return


def _listen_to_all(needs: list[Need]) -> None:
    with ExitStack() as held:
        for need in needs:
            try:
                held.enter_context(_listen(need))
            except (OSError, OverflowError) as error:
                raise PortTaken(
                    f"cannot listen on {need.host} port {need.port} ({need.whose}): "
                    f"{error.strerror if isinstance(error, OSError) else error}; "
                    f"set {need.setting} to another"
                ) from error


def _listen(need: Need) -> socket.socket:
    family = socket.AF_INET6 if ":" in need.host else socket.AF_INET
    # Ports of connections that have just ended may be reused: the services do so as well.
    return socket.create_server((need.host, need.port), family=family)

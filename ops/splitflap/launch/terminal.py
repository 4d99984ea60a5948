"""What the launcher shows: its own words, and the lines of its services."""

import sys
from contextlib import suppress
from datetime import datetime
from itertools import cycle
from typing import TextIO

from honcho.colour import get_colours  # type: ignore[import-untyped]  # honcho has no types
from honcho.printer import Message, Printer  # type: ignore[import-untyped]  # as above

#: What the launcher calls itself in front of its lines.
OWN_NAME = "splitflap"


class Terminal:
    """Standard error, with each service's name in front on a terminal, and else as it comes.

    A reader that has gone (a closed terminal, a pipe's end) is nobody's concern here: services
    still have to be run and stopped in order.
    """

    def __init__(self, names: list[str], stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._prefixed = self._stream.isatty()
        width = max(map(len, [OWN_NAME, *names]))
        self._printer = Printer(self._stream, width=width, prefix=self._prefixed)
        self._colours = dict(zip(names, cycle(get_colours()), strict=False))

    def show(self, name: str, lines: list[bytes]) -> None:
        """What a service has written."""
        for line in lines:
            self._print(name, line or b" ")

    def say(self, text: str) -> None:
        """The launcher's own words."""
        for line in text.splitlines():
            self._print(OWN_NAME, (line if self._prefixed else f"{OWN_NAME}: {line}").encode())

    def _print(self, name: str, line: bytes) -> None:
        now = datetime.now().astimezone()
        with suppress(OSError, ValueError):
            self._printer.write(Message("line", line, now, name, self._colours.get(name)))


def announce(text: str) -> None:
    """Words on standard output, for whom started the launcher."""
    with suppress(OSError, ValueError):
        sys.stdout.write(text)
        sys.stdout.flush()

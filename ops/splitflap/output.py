"""Output of the commands: text that cannot control the terminal, JSON, tables, prefixed lines."""

import json
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import cycle
from typing import Any, TextIO

import click

#: Control characters, C1 included: text from outside could control a terminal with them.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

#: Name of the launcher in front of its own lines.
OWN_NAME = "splitflap"

#: ANSI colours of the services' names: cyan, yellow, green, magenta, red, blue.
COLOURS = (36, 33, 32, 35, 31, 34)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def printable(text: str) -> str:
    """The text on one line, with its control characters escaped."""
    return CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def print_json(value: Any) -> None:
    """Print indented JSON. Escapes C1 control characters, as `json.dumps` leaves them in."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    lines = (CONTROL.sub(_json_escape, line) for line in text.split("\n"))
    click.echo("\n".join(lines).encode("utf-8", "backslashreplace"))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns, each as wide as its longest cell; `none` if there are no rows."""
    if not rows:
        click.echo("none")
        return
    table = [[printable(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def duration(seconds: float) -> str:
    """Seconds in the largest unit that fits: `1.5 min`."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


class PrefixPrinter:
    """Prints lines of several programs to one stream.

    On a terminal, the time and the program's name stand in front of each line, in colour. In a
    file or a pipe, lines stay as they came, so JSON stays JSON. Errors of the stream are ignored:
    the launcher must stop its services in order even after its terminal has closed.
    """

    def __init__(self, names: Sequence[str], stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._prefixed = self._stream.isatty()
        self._width = max(map(len, [OWN_NAME, *names]))
        self._colours = dict(zip(names, cycle(COLOURS), strict=False))

    def show(self, name: str, lines: Sequence[bytes]) -> None:
        """Print lines that the program `name` wrote."""
        for line in lines:
            self._print(name, line.decode("utf-8", "replace"))

    def say(self, text: str) -> None:
        """Print the launcher's own lines."""
        for line in text.splitlines():
            self._print(OWN_NAME, line if self._prefixed else f"{OWN_NAME}: {line}")

    def _print(self, name: str, line: str) -> None:
        with suppress(OSError, ValueError):
            print(self._prefix(name) + line, file=self._stream, flush=True)

    def _prefix(self, name: str) -> str:
        if not self._prefixed:
            return ""
        prefix = f"{datetime.now().astimezone():%H:%M:%S} {name:<{self._width}} | "
        colour = self._colours.get(name)
        return prefix if colour is None else f"\x1b[{colour}m{prefix}\x1b[0m"


def _json_escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"

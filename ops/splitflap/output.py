"""Output of the commands: text that cannot control the terminal, JSON, tables, prefixed lines."""

import json
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import cycle
from typing import Any, TextIO

import click

#: Seconds between two updates of the progress line on a terminal.
REFRESH = 0.5

#: Seconds between two lines of progress elsewhere.
LINE_EVERY = 10.0

#: Name of the launcher in front of its own lines.
OWN_NAME = "splitflap"

#: The largest number of a character with the escape `\\x..`.
MAX_BYTE = 0xFF

#: ANSI colours of the services' names: cyan, yellow, green, magenta, red, blue.
COLOURS = (36, 33, 32, 35, 31, 34)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def printable(text: str) -> str:
    """The text on one line, with each character escaped that could mislead a reader.

    Control characters move the cursor, bidirectional ones reorder a line, and the invisible ones
    make two names look alike.
    """
    return _escaped(text, _short_escape)


def echo(text: str = "", *, err: bool = False) -> None:
    """Print lines to standard output or standard error; every command prints through it."""
    click.echo("\n".join(map(printable, text.split("\n"))).encode(), err=err)


class Progress:
    """A line on standard error, shown anew: often on a terminal, now and then elsewhere."""

    def __init__(self, line: Callable[[], str]) -> None:
        self._line = line
        self._is_terminal = sys.stderr.isatty()
        self._began = time.monotonic()
        self._due = self._began + (0 if self._is_terminal else LINE_EVERY)

    def show(self, *, last: bool = False) -> None:
        """Show the line, if it is due. The last one is due on a terminal."""
        now = time.monotonic()
        if now < self._due and not (last and self._is_terminal):
            return
        self._due = now + (REFRESH if self._is_terminal else LINE_EVERY)
        line = f"{now - self._began:6.0f} s  {self._line()}"
        if self._is_terminal:
            click.echo(f"\r{printable(line)}  ", nl=last, err=True)
        else:
            echo(line, err=True)


def print_json(value: Any) -> None:
    """Print indented JSON, with JSON's own escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    lines = (_escaped(line, _json_escape) for line in text.split("\n"))
    click.echo("\n".join(lines).encode())


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns, each as wide as its longest cell; `none` if there are no rows."""
    if not rows:
        echo("none")
        return
    table = [[printable(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        echo("  ".join(cells).rstrip())


def duration(seconds: float) -> str:
    """Seconds in the largest unit that fits: `1.5 min`."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


class PrefixPrinter:
    """Prints lines of several programs to one stream.

    On a terminal, the time and the program's name stand in front of each line, in colour. In a
    file or a pipe they are left out. A line may quote text from outside: it gets JSON's escapes, so
    a line of JSON stays one. Errors of the stream are ignored:
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
            safe = "\t".join(_escaped(part, _json_escape) for part in line.split("\t"))
            print(self._prefix(name) + safe, file=self._stream, flush=True)

    def _prefix(self, name: str) -> str:
        if not self._prefixed:
            return ""
        prefix = f"{datetime.now().astimezone():%H:%M:%S} {name:<{self._width}} | "
        colour = self._colours.get(name)
        return prefix if colour is None else f"\x1b[{colour}m{prefix}\x1b[0m"


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(escape(each) if _misleads(each) else each for each in text)


def _misleads(character: str) -> bool:
    """Whether it is a control, format, private or unassigned character, or ends a line."""
    return not character.isprintable() and unicodedata.category(character) != "Zs"


def _short_escape(character: str) -> str:
    """Python's escape, the shortest."""
    return ascii(character)[1:-1] if ord(character) > MAX_BYTE else f"\\x{ord(character):02x}"


def _json_escape(character: str) -> str:
    """JSON's escape, in two halves above U+FFFF."""
    return json.dumps(character)[1:-1]

"""What the commands print."""

import json
import re
from collections.abc import Sequence
from typing import Any

import click

#: Control characters, C1 included: what texts from outside could steer a terminal with.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def printable(text: str) -> str:
    """A text on one line, with its control characters spelt out."""
    return CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def print_json(value: Any) -> None:
    """JSON for people and programs. What JSON leaves as it is of C1 is escaped as well."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    lines = (CONTROL.sub(_escaped, line) for line in text.split("\n"))
    click.echo("\n".join(lines).encode("utf-8", "backslashreplace"))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as what is in them; without rows, a word that there are none."""
    if not rows:
        click.echo("none")
        return
    table = [[printable(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
